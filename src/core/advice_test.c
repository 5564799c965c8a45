/* Unit tests of advice: the record that is missing, and none where a stranger would choose it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/advice.h"

static const struct finding_code ptr = {.id = "p", .record = "{reverse}. IN PTR {host}."},
				 address = {.id = "a", .record = "{name}. IN {A} {client}"},
				 spf = {.id = "s", .record = "{domain}. IN TXT \"{policy}\""},
				 none = {.id = "n"};

struct known {
	const char *ip, *helo, *facts;
};

/* "RECORD|MORE|made up" of a finding with this evidence; empty: none. */
static void
check(const struct known *k, const struct finding_code *code, const char *key, struct str value,
	const char *want)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};
	struct advice advice;
	struct finding f = {.code = code};
	struct str got = STR("");

	arena_init(&a, 4096, (size_t)1 << 20);
	struct str line =
		arena_printf(&a, "{\"client\":{\"ip\":\"%s\"},\"helo\":\"%s\",\"facts\":[%s]}",
			k->ip, k->helo, k->facts);
	if (!record_parse(&a, line, &r, &e))
		fail_msg("%s", e.text);
	finding_note(&f, "client", str_of(k->ip));
	if (key)
		finding_note(&f, key, value);
	if (advice_make(&a, &f, &r, &advice))
		got = arena_printf(&a, "%.*s|%.*s|%s", STR_ARG(advice.record), STR_ARG(advice.more),
			advice.made_up ? "made up" : "");
	if (!str_eq(got, str_of(want)))
		fail_msg("got  %.*s\nwant %s", STR_ARG(got), want);
	record_done(&r);
	arena_done(&a);
}

#define V4 "192.0.2.1"
#define V6 "2001:db8::1"
#define Q(name, type) \
	"{\"q\":\"dns\",\"name\":\"" name "\",\"type\":\"" type "\",\"status\":\"ok\",\"rr\":["

static void
test_reverse_name(void **state)
{
	static const struct {
		struct known k;
		const char *want;
	} cases[] = {
		{{V4, "mail.firm.example", ""},
			"1.2.0.192.in-addr.arpa. IN PTR mail.firm.example.|"
			"mail.firm.example. IN A 192.0.2.1|"},
		{{V4, "mail.firm.example", Q("mail.firm.example", "A") "\"192.0.2.1\"]}"},
			"1.2.0.192.in-addr.arpa. IN PTR mail.firm.example.||"},
		{{V6, "mail.firm.example", ""},
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. "
			"IN "
			"PTR mail.firm.example.|mail.firm.example. IN AAAA 2001:db8::1|"},
	};
	static const char *const no_hosts[] = {"", "localhost", "box", "box.local", "192.0.2.1",
		"[192.0.2.1]", "a_b.example", "exchange.office.lan", "x y.example"};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i].k, &ptr, NULL, STR(""), cases[i].want);
	for (size_t i = 0; i < COUNT(no_hosts); i++)
		check(&(struct known){V4, no_hosts[i], ""}, &ptr, NULL, STR(""),
			"1.2.0.192.in-addr.arpa. IN PTR mail.example.com.|"
			"mail.example.com. IN A 192.0.2.1|made up");
}

static void
test_policy(void **state)
{
	const struct known none_yet = {V4, "x.example", ""};
	const struct known has = {V6, "x.example",
		Q("firm.example", "TXT") "\"other\",\"V=spf1  include:a.example ~all\"]}"};
	const struct known quoted = {
		V4, "x.example", Q("firm.example", "TXT") "\"v=spf1 exists:\\\"x -all\"]}"};

	check(&none_yet, &spf, "domain", STR("firm.example"),
		"firm.example. IN TXT \"v=spf1 ip4:192.0.2.1 mx -all\"||");
	check(&has, &spf, "domain", STR("firm.example"),
		"firm.example. IN TXT \"v=spf1 ip6:2001:db8::1 include:a.example ~all\"||");
	check(&quoted, &spf, "domain", STR("firm.example"), "");
}

/* Names that strangers chose end up in somebody's zone only where they are names. */
static void
test_strangers_names(void **state)
{
	const struct known k = {V4, "x.example", ""};

	check(&k, &address, "name", STR("mail.firm.example"),
		"mail.firm.example. IN A 192.0.2.1||");
	check(&k, &address, "name", STR("a.example. IN A 198.51.100.1\nb.example"), "");
	check(&k, &address, "name", STR("a b.example"), "");
	check(&k, &address, "name", STR("\x1b[2J.example"), "");
	check(&k, &address, "name", STR(""), "");
	check(&k, &address, NULL, STR(""), "");
	check(&k, &none, NULL, STR(""), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reverse_name),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_strangers_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
