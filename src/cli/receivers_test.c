/* Unit tests of cli/receivers: the files that are built in, what is wrong in others, what is met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/receivers.h"

static struct arena a;

static void
test_builtin(void **state)
{
	struct receivers r;
	struct errbuf e = {0};
	char text[1024];
	size_t seen[RECEIVERS_MAX][AUDIENCE_COUNT] = {{0}};

	if (!receivers_builtin(&a, &r, &e)) {
		errbuf_print(&e, text, sizeof(text));
		fail_msg("%s", text);
	}
	assert_int_equal(r.n, 3);
	for (size_t i = 0; i < r.n_demands; i++)
		for (size_t k = 0; k < AUDIENCE_COUNT; k++)
			seen[r.demand[i].receiver][k] += r.demand[i].of[k];
	/* Each asks something of everybody, and more of bulk senders. */
	for (size_t i = 0; i < r.n; i++) {
		assert_true(r.receiver[i].bulk.n > 0);
		assert_true(seen[i][AUDIENCE_SMALL] > 0);
		assert_true(seen[i][AUDIENCE_BULK] > seen[i][AUDIENCE_SMALL]);
	}
}

#define WHOLE                                                                               \
	"receiver x\n\ttitle X\n\ndemand d\n\tfor small\n\tall ptr\n\tanswer 550 no name\n" \
	"\tsource https://x.example/\n\tsince 2024-02\n"

static const struct {
	const char *text, *error;
} wrong[] = {
	{"\ttitle X\n", "f:1: a line before the first block"},
	{"what x\n", "f:1: a block begins with \"receiver NAME\" or \"demand NAME\""},
	{"receiver\n", "f:1: a block begins with \"receiver NAME\" or \"demand NAME\""},
	{"receiver x y\n", "f:1: a block begins with \"receiver NAME\" or \"demand NAME\""},
	{"# only\nreceiver x\n", "f:2: the receiver has no title"},
	{"receiver x\n\ttitle X\n\tphone 5\n", "f:3: a receiver has no \"phone\""},
	{"receiver x\n\ttitle\n", "f:2: \"title\" says nothing"},
	{"demand d\n", "f:1: a demand before the first receiver"},
	{WHOLE "receiver x\n", "f:10: there is a receiver \"x\" already"},
	{WHOLE "demand d\n", "f:10: there is a demand \"d\" already"},
	{WHOLE "demand e\n", "f:10: the demand does not say for whom it is (\"for\")"},
	{WHOLE "demand e\n\tfor bulk\n", "f:10: the demand has no items (\"all\" or \"any\")"},
	{WHOLE "demand e\n\tfor bulk\n\tall ptr\n", "f:10: the demand lacks \"answer\""},
	{WHOLE "\tfor everybody\n", "f:10: a demand is for \"small\" or \"bulk\" senders"},
	{WHOLE "\tany spf\n", "f:10: the demand has items already"},
	{WHOLE "demand e\n\tall ptrr\n", "f:11: there is no item \"ptrr\": did you mean \"ptr\"?"},
	{WHOLE "demand e\n\tall xyzzyxyzzy\n", "f:11: there is no item \"xyzzyxyzzy\""},
	{WHOLE "demand e\n\tall ptr ptr ptr ptr ptr ptr ptr\n", "f:11: more than 6 items"},
	{WHOLE "\tonly ipv4\n", "f:10: \"only\" can be followed by \"ipv6\""},
	{WHOLE "\tanswer go away\n", "f:10: an answer begins with its code, then words follow"},
	{WHOLE "\tanswer 250 fine\n", "f:10: an answer begins with its code, then words follow"},
	{WHOLE "\tanswer 550\n", "f:10: an answer begins with its code, then words follow"},
	{WHOLE "\tsource http://x.example/\n", "f:10: a source is a page (https://...)"},
	{WHOLE "\tsince May\n", "f:10: \"since\" is a date: 2024-02-01"},
	{WHOLE "\tseen 2024-1\n", "f:10: \"seen\" is a date: 2024-02-01"},
	{WHOLE "\tcolour red\n", "f:10: a demand has no \"colour\""},
};

static void
test_wrong(void **state)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct receivers r = {0};
		struct errbuf e = {0};
		char text[1024];
		if (receivers_read(&a, "f", str_of(wrong[i].text), &r, &e))
			fail_msg("taken: %s", wrong[i].text);
		errbuf_print(&e, text, sizeof(text));
		assert_string_equal(text, wrong[i].error);
	}
}

static struct self_report *
report_with(size_t n, const struct self_item *items)
{
	struct self_report *r = arena_new(&a, struct self_report);

	r->n_addresses = 1;
	r->domain.spf.known = r->domain.dmarc.known = SELF_OK;
	for (size_t i = 0; i < n; i++)
		r->item[r->n_items++] = items[i];
	return r;
}

static enum demand_met
judge(const char *lines, size_t n, const struct self_item *items)
{
	struct receivers r = {0};
	struct errbuf e = {0};
	struct str text = arena_printf(&a,
		"receiver x\n\ttitle X\ndemand d\n\tfor small\n\tanswer no code is told: x\n"
		"\tsource https://x/\n\tseen 2024\n%s",
		lines);

	if (!receivers_read(&a, "f", text, &r, &e))
		fail_msg("%s", e.text);
	return demand_judge(&r.demand[0], report_with(n, items));
}

static void
test_met(void **state)
{
	const struct self_item pass = {.id = SELF_PTR, .state = SELF_PASS},
			       fail = {.id = SELF_PTR, .state = SELF_FAIL},
			       fail6 = {.id = SELF_PTR, .state = SELF_FAIL, .ipv6 = true},
			       warn = {.id = SELF_PTR, .state = SELF_WARN},
			       unsure = {.id = SELF_PTR, .state = SELF_UNSURE},
			       spf = {.id = SELF_SPF, .state = SELF_PASS},
			       no_spf = {.id = SELF_SPF, .state = SELF_FAIL},
			       dkim = {.id = SELF_DKIM, .state = SELF_HAND};

	assert_int_equal(judge("\tall ptr\n", 1, &pass), DEMAND_MET);
	assert_int_equal(judge("\tall ptr\n", 1, &warn), DEMAND_MET);
	assert_int_equal(judge("\tall ptr\n", 1, &unsure), DEMAND_UNKNOWN);
	/* One of several addresses is enough to be refused. */
	assert_int_equal(judge("\tall ptr\n", 2, (struct self_item[]){pass, fail}), DEMAND_NOT_MET);
	assert_int_equal(
		judge("\tall ptr\n", 2, (struct self_item[]){unsure, fail}), DEMAND_NOT_MET);
	assert_int_equal(judge("\tall ptr\n\tonly ipv6\n", 1, &fail), DEMAND_MET);
	assert_int_equal(judge("\tall ptr\n\tonly ipv6\n", 1, &fail6), DEMAND_NOT_MET);
	assert_int_equal(judge("\tany spf dkim\n", 2, (struct self_item[]){spf, dkim}), DEMAND_MET);
	assert_int_equal(
		judge("\tany spf dkim\n", 2, (struct self_item[]){no_spf, dkim}), DEMAND_HAND);
	assert_int_equal(
		judge("\tany spf ptr\n", 2, (struct self_item[]){no_spf, fail}), DEMAND_NOT_MET);
	/* What nobody can see from here. */
	assert_int_equal(judge("\tall tls\n", 1, &pass), DEMAND_HAND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_wrong), cmocka_unit_test(test_met)};

	arena_init(&a, 65536, SIZE_MAX);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&a);
	return failed;
}
