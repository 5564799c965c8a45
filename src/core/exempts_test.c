/* Unit tests of exemptions: how an entry reads, who is in which, and what counts as proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/exempt_value.h"
#include "core/exempts.h"
#include "dns/name.h"

static struct arena arena;

static const struct exemption *
entry(const char *what, uint64_t checks, uint64_t until_ms)
{
	struct exemption *x = arena_new(&arena, struct exemption);
	struct errbuf e = {0};

	if (!exemption_parse(&arena, str_of(what), x, &e))
		fail_msg("%s", e.text);
	x->checks = checks;
	x->until_ms = until_ms;
	exemption_describe(&arena, x);
	return x;
}

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *what; /* NULL: refused */
		bool wide;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", false},
		{"192.0.2.1/32", "192.0.2.1", false},
		{"192.0.2.7/24", "192.0.2.0/24", false},
		{"192.0.0.0/16", "192.0.0.0/16", false},
		{"192.0.0.0/15", "192.0.0.0/15", true},
		{"0.0.0.0/0", "0.0.0.0/0", true},
		{"2001:DB8::/32", "2001:db8::/32", false},
		{"2001:db8::/31", "2001:db8::/31", true},
		{"2001:db8:0:0::1", "2001:db8::1", false},
		{"::ffff:192.0.2.1", "192.0.2.1", false},
		{"Example.ORG", "example.org", false},
		{"mail.example.org.", "mail.example.org", false},
		{"192.0.2.0/33", NULL, false},
		{"org", NULL, false},
		{"", NULL, false},
		{".", NULL, false},
		{"*.example.org", NULL, false},
		{"user@example.org", NULL, false},
		{"exa mple.org", NULL, false},
		{"_x.example.org", NULL, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct exemption x;
		struct errbuf e = {0};
		bool ok = exemption_parse(&arena, str_of(cases[i].text), &x, &e);
		if (ok != (cases[i].what != NULL) || ok != !e.count)
			fail_msg("%s: %s", cases[i].text, e.text);
		if (ok &&
			(!str_eq(x.what, str_of(cases[i].what)) ||
				exemption_is_wide(&x) != cases[i].wide))
			fail_msg("%s: \"%.*s\"", cases[i].text, STR_ARG(x.what));
	}
}

static struct exempted
by_ip(const struct exempt_tables *t, const char *client, uint64_t now_ms)
{
	struct exempted out = {.skip = 0};
	struct ip ip;

	assert_true(ip_parse(str_of(client), &ip));
	exempts_by_ip(t, &ip, now_ms, &out);
	return out;
}

static struct exempted
by_name(const struct exempt_tables *t, const char *reverse, const char *sender)
{
	struct exempted out = {.skip = 0};

	exempts_by_name(t, str_of(reverse), str_of(sender), 1000, &out);
	return out;
}

/* "a b" of the entries that applied. */
static void
assert_by(struct exempted got, uint64_t skip, const char *want)
{
	char room[512];
	struct buf b = BUF(room);

	for (size_t i = 0; i < got.n; i++) {
		buf_puts(&b, i ? " " : "");
		buf_put(&b, got.by[i]->what);
	}
	if (!str_eq(buf_str(&b), str_of(want)) || got.skip != skip)
		fail_msg("got %llx by \"%.*s\", want %llx by \"%s\"", (unsigned long long)got.skip,
			STR_ARG(buf_str(&b)), (unsigned long long)skip, want);
}

static void
test_addresses(void **state)
{
	struct exempts *settings = exempts_new(&arena, 4), *stored = exempts_new(&arena, 4);
	const struct exempt_tables t = {{settings, stored}}, one = {{NULL, stored}}, none = {{0}};

	exempts_add(settings, entry("192.0.0.0/16", 1, 0));
	exempts_add(settings, entry("192.0.2.0/24", 2, 0));
	exempts_add(settings, entry("192.0.2.0/24", 4, 0)); /* the same line again adds up */
	exempts_add(stored, entry("192.0.2.1", 1 | 8, 0));
	exempts_add(stored, entry("192.0.2.128/25", 16, 1000));
	exempts_add(stored, entry("2001:db8::/32", 1, 0));
	exempts_add(stored, entry("::/0", 2, 0));
	/* The /16 spares nothing more than the address does: it is not named. */
	assert_by(by_ip(&t, "192.0.2.1", 0), 15, "192.0.2.1 192.0.2.0/24 192.0.2.0/24");
	assert_by(by_ip(&t, "192.0.2.2", 0), 7, "192.0.2.0/24 192.0.2.0/24 192.0.0.0/16");
	assert_by(by_ip(&t, "192.0.3.2", 0), 1, "192.0.0.0/16");
	assert_by(by_ip(&t, "192.1.3.2", 0), 0, "");
	/* An entry that ends counts until then. */
	assert_by(by_ip(&one, "192.0.2.200", 999), 16, "192.0.2.128/25");
	assert_by(by_ip(&one, "192.0.2.200", 1000), 0, "");
	assert_by(by_ip(&t, "2001:db8::1", 0), 3, "2001:db8::/32 ::/0");
	assert_by(by_ip(&t, "2001:db9::1", 0), 2, "::/0");
	assert_by(by_ip(&none, "192.0.2.1", 0), 0, "");
}

static void
test_names(void **state)
{
	struct exempts *settings = exempts_new(&arena, 3), *stored = exempts_new(&arena, 3);
	const struct exempt_tables t = {{settings, stored}};
	const struct exempt_tables nets = {{exempts_new(&arena, 0), NULL}};

	exempts_add(settings, entry("example.org", 1, 0));
	exempts_add(settings, entry("mail.example.org", 2, 0));
	exempts_add(stored, entry("example.net", 4, 0));
	exempts_add(stored, entry("old.example.net", 8, 1000));
	assert_by(by_name(&t, "mail.example.org", ""), 3, "mail.example.org example.org");
	assert_by(by_name(&t, "a.b.mail.example.org", ""), 3, "mail.example.org example.org");
	assert_by(by_name(&t, "xmail.example.org", ""), 1, "example.org");
	assert_by(by_name(&t, "xexample.org", ""), 0, "");
	assert_by(by_name(&t, "org", ""), 0, "");
	assert_by(by_name(&t, "", ""), 0, "");
	assert_by(by_name(&t, "", "example.net"), 4, "example.net");
	assert_by(by_name(&t, "a.old.example.net", ""), 4, "example.net");
	assert_by(by_name(&t, "mx.example.org", "example.net"), 5, "example.org example.net");
	assert_by(by_name(&t, "example.org", "example.org"), 1, "example.org");
	assert_true(exempts_have_domains(&t));
	assert_false(exempts_have_domains(&nets));
}

/* Against a walk through all of them. */
static void
test_many(void **state)
{
	enum { N = 3000 };
	struct exempts *x = exempts_new(&arena, 2 * N);
	const struct exempt_tables t = {{NULL, x}};
	unsigned hits = 0;

	srand(4);
	for (unsigned i = 0; i < N; i++) {
		char text[80];
		snprintf(text, sizeof(text), "10.%d.%d.%d/%d", rand() % 3, rand() % 8, rand() % 256,
			8 + rand() % 25);
		exempts_add(x, entry(text, (uint64_t)1 << rand() % 60, 0));
		snprintf(
			text, sizeof(text), "h%d.d%d.e%d.test", rand() % 5, rand() % 5, rand() % 9);
		exempts_add(x, entry(text + (rand() % 2 ? 3 : 0), (uint64_t)1 << rand() % 60, 0));
	}
	assert_int_equal(exempts_count(x), 2 * N);
	for (unsigned i = 0; i < 3000; i++) {
		char text[80], name[80];
		uint64_t want = 0, want_name = 0;
		struct ip ip;
		snprintf(text, sizeof(text), "10.%d.%d.%d", rand() % 3, rand() % 8, rand() % 256);
		snprintf(name, sizeof(name), "x.h%d.d%d.e%d.test", rand() % 5, rand() % 5,
			rand() % 10);
		assert_true(ip_parse(str_of(text), &ip));
		for (size_t k = 0; k < exempts_count(x); k++) {
			const struct exemption *e = exempts_get(x, k);
			if (!e->by_domain && ip_net_has(&e->net, &ip))
				want |= e->checks;
			if (e->by_domain && dns_name_is_under(str_of(name), e->what))
				want_name |= e->checks;
		}
		assert_true(by_ip(&t, text, 0).skip == want);
		assert_true(by_name(&t, name, "").skip == want_name);
		assert_true(by_name(&t, "", name).skip == want_name);
		hits += want != 0;
	}
	assert_true(hits > 100);
}

static const struct check check_a = {.name = "rdns"}, check_b = {.name = "helo"};
static const struct check *const checks[] = {&check_a, &check_b};
static const struct check_set set = {2, checks, NULL};

static void
test_value(void **state)
{
	static const struct {
		const char *json;
		uint64_t checks; /* 0: cannot be read */
		const char *reason;
	} cases[] = {
		{"{\"checks\":[\"rdns\"]}", 1, ""},
		{"{\"checks\":[\"helo\",\"rdns\"],\"reason\":\"because\",\"new\":{}}", 3,
			"because"},
		{"{\"checks\":[\"unheard of\",\"helo\"],\"reason\":null}", 2, ""},
		{"{\"checks\":[\"unheard of\"]}", 0, NULL},
		{"{\"checks\":[]}", 0, NULL},
		{"{\"checks\":\"rdns\"}", 0, NULL},
		{"{\"checks\":[1]}", 0, NULL},
		{"{\"checks\":[\"rdns\"],\"reason\":7}", 0, NULL},
		{"{\"checks\":[\"rdns\"],\"checks\":[\"helo\"]}", 0, NULL},
		{"{\"reason\":\"x\"}", 0, NULL},
		{"[\"rdns\"]", 0, NULL},
		{"{\"checks\":[\"rdns\"]", 0, NULL},
		{"", 0, NULL},
		{"null", 0, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct exempt_value v;
		bool ok = exempt_value_parse(&arena, str_of(cases[i].json), &set, &v);
		if (ok != (cases[i].checks != 0))
			fail_msg("%s", cases[i].json);
		if (ok &&
			(v.checks != cases[i].checks || !str_eq(v.reason, str_of(cases[i].reason))))
			fail_msg("%s", cases[i].json);
	}
}

static void
test_value_prints_back(void **state)
{
	static char much[EXEMPT_TEXT_MAX + 1];
	const struct exempt_value v = {
		2, STR("a \"reason\"\n\303\244"), STR("me"), STR("7Q2K"), STR("")};
	struct exempt_value got, bad = v;
	char room[EXEMPT_VALUE_MAX];
	struct buf b = BUF(room);

	assert_true(exempt_value_print(&v, &set, &b));
	assert_true(exempt_value_parse(&arena, buf_str(&b), &set, &got));
	assert_true(got.checks == 2 && str_eq(got.reason, v.reason) && str_eq(got.owner, v.owner));
	assert_true(str_eq(got.case_id, v.case_id) && got.by.n == 0);
	size_t before = b.n;
	bad.reason = STR("\377 is no letter");
	assert_false(exempt_value_print(&bad, &set, &b));
	memset(much, 'x', sizeof(much));
	bad.reason = str_from(much, sizeof(much));
	assert_false(exempt_value_print(&bad, &set, &b));
	assert_int_equal(b.n, before);
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_value_prints_back),
	};

	arena_init(&arena, 65536, (size_t)64 << 20);
	return cmocka_run_group_tests(tests, NULL, teardown);
}
