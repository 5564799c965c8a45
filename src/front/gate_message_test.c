/* Unit tests of the end of a message: who is judged by its header, and what is told of it.  Made-up
 * checks find what the sender and the Subject name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/hash.h"
#include "front/gate.h"
#include "mail/header.h"

#define CODE(name, ...)                                                                 \
	{                                                                               \
		.id = name, .label = name, .text = name, .fix = "mend it", .code = 550, \
		.enhanced = "5.7.1", ##__VA_ARGS__                                      \
	}

static const struct finding_code sender_codes[] = {CODE("bad"), CODE("mark")};
static const struct action sender_actions[] = {{ACTION_REJECT, 0}, {ACTION_TAG, 0}};
static const struct finding_code head_codes[] = {CODE("head"), CODE("late", .late = true),
	CODE("temp", .temporary = true), CODE("tagged"), CODE("fine", .good = true)};
static const struct action head_actions[] = {{ACTION_REJECT, 0}, {ACTION_SCORE, 800},
	{ACTION_DEFER, 0}, {ACTION_TAG, 0}, {ACTION_OFF, 0}};

static void
find(struct findings *out, struct str text, const struct finding_code *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_contains(text, str_of(codes[i].id)))
			(void)found(out, &codes[i]);
}

static enum check_status
run_sender(struct ask *q, struct findings *out)
{
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);

	if (!sender)
		return CHECK_WAIT;
	find(out, *sender, sender_codes, COUNT(sender_codes));
	return CHECK_DONE;
}

static unsigned heads; /* headers that were looked at */

static enum check_status
run_head(struct ask *q, struct findings *out)
{
	const struct message_head *head = ask_head(q);

	if (!head)
		return CHECK_WAIT;
	if (!head->headers)
		return CHECK_DONE;
	struct str subject = head->headers->known[HEADER_SUBJECT].value;
	if (str_contains(subject, STR("ask")) && !ask_dns(q, DNS_A, STR("example")))
		return CHECK_WAIT;
	heads++;
	find(out, subject, head_codes, COUNT(head_codes));
	if (head->smtputf8)
		(void)found(out, &head_codes[0]);
	return CHECK_DONE;
}

static const struct check check_sender_made_up = {
	.name = "s", .codes = sender_codes, .n_codes = COUNT(sender_codes), .run = run_sender};
static const struct check check_head_made_up = {
	.name = "h", .codes = head_codes, .n_codes = COUNT(head_codes), .run = run_head};
static const struct check *const checks[] = {&check_sender_made_up, &check_head_made_up};
static const void *const no_settings[] = {NULL, NULL};

static void
released(struct generation *g)
{
}

static void
no_alarm(void *ctx, const struct health_alarm *a)
{
}

/* A server that never answers. */
static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	return NULL;
}

static void
start(struct source *s, struct fact *f)
{
}

static struct source silence = {.lookup = lookup, .start = start, .cancel = start};

struct bed {
	struct generation generation;
	struct loop *loop;
	struct gate *gate;
	_Alignas(64) char recall[64 << 10];
	char told[4000]; /* what was to be remembered, a line each */
	size_t n_told;
	char decided[2000]; /* likewise, of the ends of messages */
	size_t n_decided;
	char got[200]; /* the last verdict */
	bool has_got;
};

static void note(char *room, size_t size, size_t *n, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
note(char *room, size_t size, size_t *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int more = vsnprintf(room + *n, size - *n, fmt, ap);
	va_end(ap);
	assert_true(more >= 0 && (size_t)more < size - *n);
	*n += (size_t)more;
}

/* "BEFORE ID-OK rcpt verdict[ at end], ..." */
static void
remember(void *ctx, const struct visit_case *c)
{
	struct bed *b = ctx;

	for (size_t i = 0; i < c->n; i++)
		note(b->told, sizeof(b->told), &b->n_told, "%s%.*s %s%s%s", i ? ", " : "",
			STR_ARG(c->rcpt[i].rcpt), verdict_name(c->rcpt[i].verdict->kind),
			c->rcpt[i].at_end ? " at end" : "", c->before >> i & 1 ? " again" : "");
	if (c->queue_id.n)
		note(b->told, sizeof(b->told), &b->n_told, " queue %.*s", STR_ARG(c->queue_id));
	note(b->told, sizeof(b->told), &b->n_told, "\n");
}

static void
decided(void *ctx, const struct decision *d)
{
	struct bed *b = ctx;

	if (d->n_rcpts)
		note(b->decided, sizeof(b->decided), &b->n_decided, "%zu %.*s %s fresh=%x\n",
			d->n_rcpts, STR_ARG(d->rcpt), verdict_name(d->verdict->kind),
			(unsigned)d->fresh);
	else
		assert_true(!d->result || d->fresh & 1);
}

static void
bed_init(struct bed *b)
{
	static const struct str more_names[] = {STR_INIT("two.example")};

	memset(b, 0, sizeof(*b));
	b->generation = (struct generation){.refs = 1,
		.checks = {COUNT(checks), checks, no_settings},
		.site = {.hostname = STR("mx.example"), .hostnames = {1, more_names}},
		.policy = {.reject_at = 800,
			.first_defers = true,
			.actions = {{sender_actions, head_actions},
				{sender_actions, head_actions}}},
		.source = &silence,
		.budget_ms = 30,
		.again_ms = 4 * 3600 * 1000,
		.watch_findings = true,
		.release = released};
	b->loop = loop_new();
	assert_true(recall_size(1024) <= sizeof(b->recall));
	b->gate = gate_new(&(struct gate_options){.loop = b->loop,
				   .recall = recall_on(b->recall, 1024),
				   .remember = remember,
				   .decided = decided,
				   .alarm = no_alarm,
				   .ctx = b},
		&b->generation);
	heads = 0;
}

static void
bed_done(struct bed *b)
{
	gate_free(b->gate);
	loop_free(b->loop);
	assert_int_equal(b->generation.refs, 1);
}

static void
keep(void *ctx, const struct verdict *v)
{
	struct bed *b = ctx;
	size_t n = 0;

	b->has_got = true;
	if (v->code)
		note(b->got, sizeof(b->got), &n, "%u %.*s %.*s", v->code, STR_ARG(v->enhanced),
			STR_ARG(v->line[0]));
	else
		note(b->got, sizeof(b->got), &n, "%s", verdict_name(v->kind));
}

static struct visit *
begin(struct bed *b, const char *sender, bool authenticated)
{
	struct visit_client c = {.way = "test", .authenticated = authenticated, .head_later = true};

	assert_true(ip_parse(STR("192.0.2.1"), &c.ip));
	struct visit *v = visit_new(b->gate, &c);
	visit_env(v, ENV_HELO, STR("mx.example"));
	visit_env(v, ENV_MAIL_FROM, str_of(sender));
	return v;
}

/* Recipients, a word each. */
static void
rcpts(struct bed *b, struct visit *v, const char *words)
{
	struct str rest = str_of(words), rcpt;

	while (str_word(&rest, &rcpt))
		visit_judge(v, rcpt, STR(""), keep, b);
}

static const char *
end(struct bed *b, struct visit *v, const char *subject)
{
	b->has_got = false;
	visit_header(v, STR("Subject"), str_of(subject));
	visit_head_end(v, false);
	visit_judge_message(v, STR(""), keep, b);
	while (!b->has_got)
		loop_once(b->loop);
	return b->got;
}

static const char *
message(struct bed *b, const char *sender, const char *words, const char *subject)
{
	struct visit *v = begin(b, sender, false);

	rcpts(b, v, words);
	(void)end(b, v, subject);
	visit_end(v);
	return b->got;
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* So long that what is decided is told. */
static void
be_silent(struct bed *b)
{
	struct timer *t = timer_new(b->loop, stop, b->loop);

	timer_set(t, 1200);
	loop_run(b->loop);
	timer_free(t);
}

static void
clear(struct bed *b)
{
	b->n_told = b->n_decided = 0;
	b->told[0] = b->decided[0] = '\0';
}

static void
test_the_header_refuses(void **state)
{
	struct bed b;

	bed_init(&b);
	assert_string_equal(
		message(&b, "good@x", "ann@x bob@x", "head"), "550 5.7.1 head: mend it");
	assert_string_equal(b.told, "ann@x reject at end, bob@x reject at end\n");
	assert_string_equal(b.decided, "2 ann@x reject fresh=2\n");
	clear(&b);
	/* What it finds and what the client is known for count together. */
	assert_string_equal(message(&b, "mark@x", "ann@x", "tagged"), "tag");
	assert_string_equal(b.told, "ann@x tag at end\n");
	bed_done(&b);
}

static void
test_a_header_without_fault_changes_nothing(void **state)
{
	struct bed b;

	bed_init(&b);
	assert_string_equal(message(&b, "good@x", "ann@x", "hello"), "accept");
	assert_string_equal(message(&b, "mark@x", "ann@x", "hello"), "tag");
	assert_string_equal(b.told, "ann@x accept\nann@x tag\n");
	assert_string_equal(b.decided, "");
	assert_int_equal(heads, 2);
	bed_done(&b);
}

/* One reply for all: nobody is refused for what another would not be. */
static void
test_the_mildest_goes_to_all(void **state)
{
	struct bed b;

	bed_init(&b);
	assert_string_equal(message(&b, "good@x", "ann@x postmaster@x bob@x", "head"), "accept");
	assert_string_equal(
		b.told, "ann@x accept at end, postmaster@x accept at end, bob@x accept at end\n");
	bed_done(&b);
}

/* Who was refused before has nothing to do with the end, and is not waited for. */
static void
test_who_was_refused_before(void **state)
{
	struct bed b;

	bed_init(&b);
	struct visit *v = begin(&b, "bad@x", false);
	rcpts(&b, v, "postmaster@x ann@x bob@x");
	be_silent(&b);
	assert_string_equal(b.told, "ann@x reject, bob@x reject\n");
	clear(&b);
	assert_string_equal(end(&b, v, "tagged"), "accept");
	visit_end(v);
	assert_string_equal(
		b.told, "postmaster@x accept at end, ann@x reject again, bob@x reject again\n");
	assert_string_equal(b.decided, "1 postmaster@x accept fresh=2\n");
	clear(&b);
	assert_string_equal(message(&b, "bad@x", "ann@x", "head"), "accept"); /* for nobody */
	assert_string_equal(b.told, "ann@x reject\n");
	bed_done(&b);
}

/* A case is not written as accepted while its end may still refuse it. */
static void
test_who_was_accepted_waits(void **state)
{
	struct bed b;

	bed_init(&b);
	struct visit *v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	be_silent(&b);
	assert_string_equal(b.told, "");
	assert_string_equal(end(&b, v, "head"), "550 5.7.1 head: mend it");
	visit_end(v);
	assert_string_equal(b.told, "ann@x reject at end\n");
	clear(&b);
	/* The client went without sending a message. */
	v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	visit_header(v, STR("Subject"), STR("head"));
	visit_end(v);
	assert_string_equal(b.told, "ann@x accept\n");
	bed_done(&b);
}

/* More recipients than a case can have: each case has its own, all have the end's verdict, and the
 * reply has the id of the first. */
static void
test_several_cases(void **state)
{
	struct bed b;
	char want[1000] = "";
	size_t n = 0;

	bed_init(&b);
	struct visit *v = begin(&b, "good@x", false);
	b.generation.policy.help_url = STR("https://x.example/%c");
	char first[CASE_ID_MAX];
	snprintf(first, sizeof(first), "%.*s", STR_ARG(visit_case_id(v)));
	for (unsigned i = 1; i <= 25; i++) {
		char rcpt[16];
		snprintf(rcpt, sizeof(rcpt), "r%u@x", i);
		rcpts(&b, v, rcpt);
		note(want, sizeof(want), &n, "%s%s reject at end%s", i % 10 == 1 ? "" : ", ", rcpt,
			i % 10 && i < 25 ? "" : " queue 4F5C\n");
	}
	assert_string_equal(b.told, "");
	visit_header(v, STR("Subject"), STR("head"));
	visit_head_end(v, false);
	visit_judge_message(v, STR("4F5C"), keep, &b);
	assert_string_equal(b.decided, "25 r1@x reject fresh=2\n");
	assert_true(!str_eq(visit_case_id(v), str_of(first)));
	visit_end(v);
	assert_string_equal(b.told, want);
	bed_done(&b);
}

/* The memory of tries is the same as for recipients. */
static void
test_tries(void **state)
{
	struct bed b;

	bed_init(&b);
	assert_string_equal(
		message(&b, "good@x", "ann@x bob@x", "late"), "451 4.7.1 late: mend it");
	assert_string_equal(
		message(&b, "good@x", "ann@x bob@x", "late"), "550 5.7.1 late: mend it");
	assert_string_equal(
		message(&b, "good@x", "ann@x tim@x", "late"), "451 4.7.1 late: mend it");
	assert_string_equal(
		message(&b, "good@y", "ann@x", "temp"), "451 4.7.1 temp: please try again later");
	assert_string_equal(message(&b, "good@y", "ann@x", "temp"), "accept");
	bed_done(&b);
}

/* A question that the header gives rise to is waited for no longer than any other. */
static void
test_time_is_over(void **state)
{
	struct bed b;

	bed_init(&b);
	struct visit *v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	assert_string_equal(b.got, "accept");
	assert_string_equal(end(&b, v, "ask, head"), "550 5.7.1 head: mend it");
	visit_end(v);
	/* The mail server goes meanwhile. */
	v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	visit_header(v, STR("Subject"), STR("ask"));
	visit_head_end(v, false);
	b.has_got = false;
	visit_judge_message(v, STR(""), keep, &b);
	visit_end(v);
	assert_false(b.has_got);
	bed_done(&b);
}

static void
test_who_is_never_checked(void **state)
{
	struct bed b;

	bed_init(&b);
	struct visit *v = begin(&b, "good@x", true);
	rcpts(&b, v, "ann@x");
	assert_string_equal(end(&b, v, "head"), "accept");
	visit_end(v);
	/* The check is not made. */
	b.generation.off = 2;
	assert_string_equal(message(&b, "good@x", "ann@x", "head"), "accept");
	b.generation.off = 0;
	/* The header does not come after all. */
	v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	visit_head(v, &(struct message_head){.headers = NULL});
	visit_judge_message(v, STR(""), keep, &b);
	assert_string_equal(b.got, "accept");
	visit_end(v);
	assert_int_equal(heads, 0);
	assert_string_equal(b.decided, "");
	bed_done(&b);
}

static void
test_what_the_client_announced(void **state)
{
	struct bed b;

	bed_init(&b);
	struct visit *v = begin(&b, "good@x", false);
	rcpts(&b, v, "ann@x");
	visit_head_end(v, true);
	visit_judge_message(v, STR(""), keep, &b);
	assert_string_equal(b.got, "550 5.7.1 head: mend it");
	visit_end(v);
	bed_done(&b);
}

/* A finding of the header that suddenly refuses everybody is seen like any other. */
static void
test_health_learns_from_the_end(void **state)
{
	struct bed b;

	bed_init(&b);
	(void)message(&b, "good@x", "ann@x", "head");
	const struct health *h = gate_health(b.gate);
	assert_int_equal(h->code[1][0].seen, 1);
	assert_int_equal(h->code[1][0].in_a_row, 1);
	assert_int_equal(h->code[0][0].seen, 1);
	bed_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_header_refuses),
		cmocka_unit_test(test_a_header_without_fault_changes_nothing),
		cmocka_unit_test(test_the_mildest_goes_to_all),
		cmocka_unit_test(test_who_was_refused_before),
		cmocka_unit_test(test_who_was_accepted_waits),
		cmocka_unit_test(test_several_cases),
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_time_is_over),
		cmocka_unit_test(test_who_is_never_checked),
		cmocka_unit_test(test_what_the_client_announced),
		cmocka_unit_test(test_health_learns_from_the_end),
	};

	hash_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
