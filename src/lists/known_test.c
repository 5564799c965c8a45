/* Unit tests of the table of known lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lists/known.h"

/* What the build made of a pattern is what settings would make of it. */
static void
check_code(const struct known_list *list, const struct list_code *c)
{
	char room[LIST_CODE_TEXT_MAX];
	struct buf b = BUF(room);
	struct list_code again;
	struct errbuf e = {0};
	struct ip one = {.len = 4, .b = {127, 0, 0, 1}};

	list_code_print(c, &b);
	if (!list_code_parse(buf_str(&b), &again, &e))
		fail_msg("%s: %s", list->zone, e.text);
	if (again.from != c->from || again.to != c->to || again.mask != c->mask)
		fail_msg("%s: %.*s", list->zone, STR_ARG(buf_str(&b)));
	if (!c->text.n)
		fail_msg("%s: %.*s says nothing", list->zone, STR_ARG(buf_str(&b)));
	if (c->error)
		return;
	if ((list_code_has(c, &one) && c->points) || c->to >= 0x7fffff00)
		fail_msg("%s: %.*s cannot be a listing", list->zone, STR_ARG(buf_str(&b)));
	/* No list may refuse mail alone, but for networks that spammers run themselves. */
	int32_t most = str_has_prefix(c->text, STR("DROP")) ? 800 : 600;
	if (!c->weighs || (list->allow ? c->points > 0 : c->points < 0) || c->points > most)
		fail_msg("%s: %.*s has %d points", list->zone, STR_ARG(buf_str(&b)), c->points);
}

static void
test_table(void **state)
{
	size_t n;
	const struct known_list *all = known_lists(&n);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct known_list *k = &all[i];
		if (i && strcmp(all[i - 1].zone, k->zone) >= 0)
			fail_msg("%s: not sorted, or twice", k->zone);
		if (!k->title || !k->owner || (k->state != LIST_LIVE && !k->note))
			fail_msg("%s: something is missing", k->zone);
		if (k->state == LIST_DEAD ? k->codes.n > 0 : !k->lookup || !k->terms)
			fail_msg("%s: no look-up page or terms, or codes of a dead list", k->zone);
		if (k->state != LIST_DEAD && k->kind == LIST_OF_ADDRESSES && !k->ipv4 && !k->ipv6)
			fail_msg("%s: no family", k->zone);
		for (size_t c = 0; c < k->codes.n; c++)
			check_code(k, &k->codes.code[c]);
		assert_ptr_equal(known_list_find(str_of(k->zone)), k);
	}
}

static void
test_find(void **state)
{
	static const struct {
		const char *name, *zone; /* NULL: not found */
	} cases[] = {
		{"zen.spamhaus.org", "zen.spamhaus.org"},
		{"ZEN.Spamhaus.org.", "zen.spamhaus.org"},
		{"spamhaus.org", NULL},
		{"xzen.spamhaus.org", NULL},
		{"2.zen.spamhaus.org", NULL}, /* no key there */
		{"zen.spamhaus.org..", NULL},
		{"", NULL},
		{".", NULL},
		/* with and without a key */
		{"zen.dq.spamhaus.net", "zen.dq.spamhaus.net"},
		{"abc123.zen.dq.spamhaus.net", "zen.dq.spamhaus.net"},
		{"ABC123.ZEN.dq.spamhaus.net.", "zen.dq.spamhaus.net"},
		{"a.b.zen.dq.spamhaus.net", NULL},
		{".zen.dq.spamhaus.net", NULL},
		{"k.combined.mail.abusix.zone", "combined.mail.abusix.zone"},
		/* all that is below */
		{"sorbs.net", "sorbs.net"},
		{"dul.dnsbl.sorbs.net", "sorbs.net"},
		{"notsorbs.net", NULL},
		{"relays.ordb.org", "ordb.org"},
		{"bl.spamcannibal.org", "bl.spamcannibal.org"},
		{"www.spamcannibal.org", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct known_list *k = known_list_find(str_of(cases[i].name));
		if (!k != !cases[i].zone || (k && strcmp(k->zone, cases[i].zone) != 0))
			fail_msg("%s: %s", cases[i].name, k ? k->zone : "not found");
	}
}

static const struct list_code *
answer(const char *zone, const char *address, enum list_meaning *meaning)
{
	const struct known_list *k = known_list_find(str_of(zone));
	const struct list_code *row;
	struct ip ip;

	assert_non_null(k);
	must(ip_parse(str_of(address), &ip));
	*meaning = list_codes_read(&k->codes, &ip, &row);
	return row;
}

/* What an answer of a well-known list means. */
static void
test_answers(void **state)
{
	static const struct {
		const char *zone, *answer;
		enum list_meaning meaning;
		int32_t points;
	} cases[] = {
		{"zen.spamhaus.org", "127.0.0.2", LIST_LISTED, 600},
		{"zen.spamhaus.org", "127.0.0.9", LIST_LISTED, 800},
		{"zen.spamhaus.org", "127.0.0.5", LIST_LISTED, 600},
		{"zen.spamhaus.org", "127.0.0.11", LIST_LISTED, 400},
		{"zen.spamhaus.org", "127.0.0.20", LIST_NOT_DECLARED, 0},
		{"zen.spamhaus.org", "127.255.255.254", LIST_ERROR, 0},
		{"xbl.spamhaus.org", "127.0.0.2", LIST_NOT_DECLARED, 0},
		{"xbl.spamhaus.org", "127.255.255.254", LIST_ERROR, 0},
		{"k.zen.dq.spamhaus.net", "127.0.0.9", LIST_LISTED, 800},
		{"k.zen.dq.spamhaus.net", "127.255.255.250", LIST_ERROR, 0},
		{"dbl.spamhaus.org", "127.0.1.2", LIST_LISTED, 500},
		{"dbl.spamhaus.org", "127.0.1.104", LIST_LISTED, 200},
		{"dbl.spamhaus.org", "127.0.1.255", LIST_ERROR, 0},
		/* the worst of several bits counts */
		{"multi.surbl.org", "127.0.0.72", LIST_LISTED, 400},
		{"multi.surbl.org", "127.0.0.64", LIST_LISTED, 300},
		{"multi.surbl.org", "127.0.0.1", LIST_ERROR, 0},
		{"multi.uribl.com", "127.0.0.14", LIST_LISTED, 400},
		{"multi.uribl.com", "127.0.0.1", LIST_ERROR, 0},
		{"list.dnswl.org", "127.0.5.3", LIST_LISTED, -500},
		{"list.dnswl.org", "127.0.20.0", LIST_LISTED, 0},
		{"list.dnswl.org", "127.0.0.255", LIST_ERROR, 0},
		{"list.dnswl.org", "127.0.10.3", LIST_LISTED, 0},
		{"sorbs.net", "127.0.0.2", LIST_NOT_DECLARED, 0},
		{"bl.blocklist.de", "127.0.0.9", LIST_LISTED, 200},
		{"bl.blocklist.de", "127.0.0.14", LIST_LISTED, 100},
		{"bl.blocklist.de", "127.0.0.1", LIST_ERROR, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum list_meaning meaning;
		const struct list_code *row = answer(cases[i].zone, cases[i].answer, &meaning);
		if (meaning != cases[i].meaning || (row ? row->points : 0) != cases[i].points)
			fail_msg("%s says %s: %d, %d", cases[i].zone, cases[i].answer, (int)meaning,
				row ? row->points : 0);
	}
}

/* Test entries are what the list can be asked for. */
static void
test_probes(void **state)
{
	size_t n;
	const struct known_list *all = known_lists(&n);

	for (size_t i = 0; i < n; i++) {
		const char *probe[2] = {all[i].test_listed, all[i].test_unlisted};
		for (int p = 0; p < 2; p++) {
			struct ip ip;
			bool address = probe[p] && ip_parse(str_of(probe[p]), &ip);
			if (probe[p] && address != (all[i].kind == LIST_OF_ADDRESSES))
				fail_msg("%s: %s cannot be asked for", all[i].zone, probe[p]);
		}
		if (probe[0] && probe[1])
			assert_string_not_equal(probe[0], probe[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
