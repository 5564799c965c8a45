/* Unit tests of record: what is read, and what each fault says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/record.h"

static const char good[] =
	"{\"v\":1,\"id\":\"x\",\"time\":1764000000,\"client\":{\"ip\":\"192.0.2.1\",\"port\":25},"
	"\"helo\":\"mx.example\",\"from\":\"a@example\",\"rcpt\":[\"b@example.org\",\"c@example."
	"org\"],"
	"\"unknown\":\"none\",\"canary\":\"fedcba9876543210\",\"suspended\":[\"bl.example\"],"
	"\"later\":{\"more\":[1]},\"facts\":["
	"{\"q\":\"dns\",\"name\":\"Example.\",\"type\":\"TXT\",\"status\":\"ok\",\"ttl\":300,"
	"\"rr\":[\"v=spf1 \\\\\\\\ \\\\001 -all\"]},"
	"{\"q\":\"dns\",\"name\":\"mx.example\",\"type\":\"A\",\"status\":\"ok\",\"alias\":\"h."
	"example\","
	"\"rr\":[\"192.0.2.1\",\"192.0.2.2\"]},"
	"{\"q\":\"dns\",\"name\":\"mx.example\",\"type\":\"AAAA\",\"status\":\"nxdomain\"},"
	"{\"q\":\"dns\",\"name\":\"mx.example\",\"type\":\"MX\",\"status\":\"fail\"}]}";

static const struct dns_answer *
ask(struct record *r, const char *name, enum dns_type type)
{
	static struct answer *last;

	answer_unref(last);
	last = NULL;
	if (name)
		last = r->source.lookup(
			&r->source, str_of(name), type, question_hash(str_of(name), type));
	return last ? &last->dns : NULL;
}

static void
test_good(void **state)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 1024, 1 << 20);
	assert_true(record_parse(&a, str_of(good), &r, &e));
	assert_true(str_eq(r.id, STR("x")));
	assert_int_equal(r.time, 1764000000);
	assert_int_equal(r.client.len, 4);
	assert_true(str_eq(r.helo, STR("mx.example")));
	assert_true(str_eq(r.from, STR("a@example")));
	assert_int_equal(r.rcpt.n, 2);
	assert_true(r.canary == 0xfedcba9876543210);
	assert_int_equal(r.suspended.n, 1);
	assert_true(str_eq(r.suspended.word[0], STR("bl.example")));
	const struct dns_answer *txt = ask(&r, "example", DNS_TXT);
	assert_int_equal(txt->status, DNS_OK);
	assert_true(str_eq(txt->rr[0].text, STR("v=spf1 \\ \001 -all")));
	const struct dns_answer *addr = ask(&r, "mx.example", DNS_A);
	assert_int_equal(addr->n, 2);
	assert_true(str_eq(addr->alias, STR("h.example")));
	assert_true(ask(&r, "mx.example", DNS_AAAA)->nxdomain);
	assert_int_equal(ask(&r, "mx.example", DNS_MX)->status, DNS_FAIL);
	assert_int_equal(ask(&r, "other.example", DNS_A)->status, DNS_NONE); /* unknown: none */
	ask(NULL, NULL, DNS_A);
	record_done(&r);
	arena_done(&a);
}

static void
test_history(void **state)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 1024, 1 << 20);
	assert_true(record_parse(&a,
		STR("{\"client\":{\"ip\":\"192.0.2.1\"},\"facts\":["
		    "{\"q\":\"history\",\"what\":\"client\",\"name\":\"192.0.2.1\","
		    "\"status\":\"ok\",\"n\":[12,3,1,4,2,-7],\"score\":-9500,\"age\":86400,"
		    "\"idle\":60},"
		    "{\"q\":\"history\",\"what\":\"domain\",\"name\":\"192.0.2.1\","
		    "\"status\":\"none\"},"
		    "{\"q\":\"history\",\"what\":\"sender\",\"name\":\"a@example.org\","
		    "\"status\":\"fail\"}]}"),
		&r, &e));
	struct history_source *s = record_history(&r);
	assert_non_null(s);
	static const struct {
		enum history_kind what;
		const char *name;
		enum history_status status;
	} cases[] = {
		{HISTORY_CLIENT, "192.0.2.1", HISTORY_OK},
		{HISTORY_DOMAIN, "192.0.2.1", HISTORY_NONE},
		{HISTORY_SENDER, "a@example.org", HISTORY_FAIL},
		{HISTORY_CLIENT, "192.0.2.2", HISTORY_UNKNOWN}, /* not recorded is not none */
		{HISTORY_REFUSALS, "192.0.2.1", HISTORY_UNKNOWN},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str name = str_of(cases[i].name);
		struct answer *got =
			s->lookup(s, name, cases[i].what, history_hash(name, cases[i].what));
		assert_int_equal(got->history.status, cases[i].status);
		answer_unref(got);
	}
	struct answer *got = s->lookup(s, STR("192.0.2.1"), HISTORY_CLIENT,
		history_hash(STR("192.0.2.1"), HISTORY_CLIENT));
	assert_int_equal(got->history.n[HISTORY_ACCEPTED], 12);
	assert_int_equal(got->history.n[HISTORY_SPAM], 2);
	assert_int_equal(got->history.n[HISTORY_HAM], 0); /* cannot be negative */
	assert_int_equal(got->history.score, -9500);
	assert_int_equal(got->history.age_s, 86400);
	assert_int_equal(got->history.idle_s, 60);
	answer_unref(got);
	record_done(&r);
	/* One without any says nothing about anybody. */
	assert_true(record_parse(&a, str_of(good), &r, &e));
	assert_null(record_history(&r));
	record_done(&r);
	arena_done(&a);
}

static void
test_unknown_fails_by_default(void **state)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 1024, 1 << 20);
	assert_true(record_parse(&a, STR("{\"client\":{\"ip\":\"2001:db8::1\"}}"), &r, &e));
	assert_int_equal(ask(&r, "x.example", DNS_A)->status, DNS_FAIL);
	ask(NULL, NULL, DNS_A);
	record_done(&r);
	arena_done(&a);
}

static void
test_headers(void **state)
{
#define HEADERS(rest) "{\"client\":{\"ip\":\"192.0.2.1\"}" rest "}"
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 1024, 1 << 20);
	assert_true(record_parse(&a, STR(HEADERS("")), &r, &e));
	assert_null(r.headers);
	record_done(&r);
	assert_true(record_parse(&a,
		STR(HEADERS(",\"headers\":\"From: a@b.example\\r\\nTo: c\",\"smtputf8\":true")), &r,
		&e));
	assert_int_equal(r.head.headers->fields, 2);
	assert_true(str_eq(r.headers->known[HEADER_FROM].value, STR("a@b.example")));
	assert_true(r.head.smtputf8);
	record_done(&r);
	/* A section that is no text; and one that is empty is a message without any field. */
	assert_true(record_parse(&a, STR(HEADERS(",\"headers_hex\":\"413afc\"")), &r, &e));
	assert_int_equal(r.headers->fault[HEADER_8BIT].count, 1);
	assert_false(r.head.smtputf8);
	record_done(&r);
	assert_true(record_parse(&a, STR(HEADERS(",\"headers\":\"\"")), &r, &e));
	assert_int_equal(r.headers->fields, 0);
	record_done(&r);
	assert_false(record_parse(&a, STR(HEADERS(",\"headers\":[]")), &r, &e));
	assert_non_null(strstr(e.text, "\"headers\" is not a text"));
	arena_done(&a);
}

static void
test_session(void **state)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 1024, 1 << 20);
	assert_true(record_parse(&a,
		STR("{\"client\":{\"ip\":\"192.0.2.1\"},\"session\":[1,2,3,4,5,6],"
		    "\"helo_before\":\"?\",\"helo_before_hex\":\"ff\",\"recipients\":7}"),
		&r, &e));
	assert_true(r.session.known);
	assert_int_equal(r.session.n[SESSION_MAILS], 1);
	assert_int_equal(r.session.n[SESSION_RCPTS], 6);
	assert_true(str_eq(r.session.helo_before, STR("\xff")));
	assert_int_equal(r.n_rcpts, 7);
	record_done(&r);
	/* Nobody told of it. */
	assert_true(record_parse(&a, STR("{\"client\":{\"ip\":\"192.0.2.1\"}}"), &r, &e));
	assert_false(r.session.known);
	assert_int_equal(r.n_rcpts, 0);
	record_done(&r);
	arena_done(&a);
}

static void
test_faults(void **state)
{
#define CLIENT	   "\"client\":{\"ip\":\"192.0.2.1\"}"
#define FACT(rest) "{" CLIENT ",\"facts\":[{\"q\":\"dns\",\"name\":\"a.example\"" rest "}]}"
#define HISTORY(what, name, status, rest)                                                        \
	"{" CLIENT ",\"facts\":[{\"q\":\"history\",\"what\":\"" what "\",\"name\":\"" name "\"," \
	"\"status\":\"" status "\"" rest "}]}"
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "no JSON"},
		{"[]", "JSON object"},
		{"{\"v\":1", "no JSON"},
		{"{}", "\"client\" is missing"},
		{"{\"v\":2," CLIENT "}", "\"v\""},
		{"{\"client\":{}}", "\"ip\" is missing"},
		{"{\"client\":{\"ip\":\"1.2.3\"}}", "1.2.3"},
		{"{\"client\":{\"ip\":7}}", "\"ip\" is not a text"},
		{"{\"client\":{\"ip\":\"192.0.2.1\",\"port\":65536}}", "\"port\""},
		{"{" CLIENT ",\"helo\":[]}", "\"helo\""},
		{"{" CLIENT ",\"rcpt\":\"a@b\"}", "\"rcpt\" is not a list"},
		{"{" CLIENT ",\"rcpt\":[1]}", "item 1 of \"rcpt\" is not a text"},
		{"{" CLIENT ",\"suspended\":[1]}", "item 1 of \"suspended\" is not a text"},
		{"{" CLIENT ",\"canary\":\"12g\"}", "\"canary\" is no hexadecimal number"},
		{"{" CLIENT ",\"canary\":\"0123456789abcdef0\"}", "more than 16 digits"},
		{"{" CLIENT ",\"unknown\":\"maybe\"}", "\"unknown\""},
		{"{" CLIENT ",\"facts\":{}}", "\"facts\" is not a list"},
		{"{" CLIENT ",\"facts\":[{}]}", "\"q\" is missing"},
		{"{" CLIENT ",\"facts\":[{\"q\":\"smtp\",\"name\":\"a\",\"type\":\"A\"}]}",
			"kind of fact"},
		{FACT(",\"type\":\"XX\",\"status\":\"none\""), "record type"},
		{FACT(",\"type\":\"A\",\"status\":\"perhaps\""), "status"},
		{FACT(",\"type\":\"A\",\"status\":\"ok\""), "without records"},
		{FACT(",\"type\":\"A\",\"status\":\"none\",\"rr\":[\"192.0.2.1\"]"),
			"with records"},
		{FACT(",\"type\":\"A\",\"status\":\"ok\",\"rr\":[\"a.example\"]"), "no A record"},
		{FACT(",\"type\":\"A\",\"status\":\"ok\",\"rr\":\"192.0.2.1\""),
			"\"rr\" is not a list"},
		{FACT(",\"type\":\"A\",\"status\":\"ok\",\"ttl\":-1,\"rr\":[\"192.0.2.1\"]"),
			"\"ttl\""},
		{"{" CLIENT ",\"facts\":[{\"q\":\"dns\",\"name\":\"a..b\",\"type\":\"A\","
		 "\"status\":\"none\"}]}",
			"no domain name"},
		{"{" CLIENT "," CLIENT "}", "no JSON"},
		{"{" CLIENT ",\"session\":3}", "\"session\" is not a list of 6"},
		{"{" CLIENT ",\"session\":[1,2,3,4,5]}", "\"session\" is not a list of 6"},
		{"{" CLIENT ",\"session\":[1,2,3,-4,5,6]}", "number 4 in \"session\""},
		{"{" CLIENT ",\"recipients\":-1}", "\"recipients\""},
		{"{" CLIENT ",\"helo_before\":1}", "\"helo_before\" is not a text"},
		{HISTORY("ip", "a", "none", ""), "\"ip\""},
		{HISTORY("client", "", "none", ""), "1 to 320 bytes"},
		{HISTORY("client", "a", "nxdomain", ""), "none of ok, none, fail"},
		{HISTORY("client", "a", "ok", ""), "\"n\" is not a list of 6"},
		{HISTORY("client", "a", "ok", ",\"n\":[1,2,3,4,5]"), "\"n\" is not a list of 6"},
		{HISTORY("client", "a", "ok", ",\"n\":[1,2,3,4,5,\"6\"]"), "number 6 in \"n\""},
		{HISTORY("client", "a", "ok", ",\"n\":[1,2,3,4,5,6],\"score\":1e9"), "\"score\""},
		{HISTORY("client", "a", "ok", ",\"n\":[1,2,3,4,5,6],\"idle\":-1"), "\"idle\""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a;
		struct record r;
		struct errbuf e = {0};
		arena_init(&a, 1024, 1 << 20);
		if (record_parse(&a, str_of(cases[i].line), &r, &e))
			fail_msg("%s was read", cases[i].line);
		if (!strstr(e.text, cases[i].says))
			fail_msg(
				"%s: \"%s\" does not say %s", cases[i].line, e.text, cases[i].says);
		arena_done(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_unknown_fails_by_default),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
