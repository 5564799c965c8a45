/* Texts in one spelling, with the way back to what was written; codes, addresses, names in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "explain/text.h"

static struct arena arena;

static int
setup(void **state)
{
	arena_init(&arena, 65536, SIZE_MAX);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

static void
check_str(struct str got, const char *wanted)
{
	if (!str_eq(got, str_of(wanted)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), wanted);
}

static void
test_fold(void **state)
{
	static const struct {
		const char *raw, *whole, *plain;
	} cases[] = {
		{"550 5.7.1 No\r\n  PTR", "no ptr", "no ptr"},
		{"550-5.7.25 One\n550-5.7.25 Two\n550 5.7.25 three", "one two three",
			"one two three"},
		{"Empf\xc3\xa4nger unbekannt", "empfanger unbekannt", "empfanger unbekannt"},
		{"Empf\xe4nger", "empfanger", "empfanger"}, /* Latin-1 */
		{"can\xe2\x80\x99t", "can't", "can't"},
		{"<spam.virus@quota.example>: x", "<@quota.example>: x", "<@>: x"},
		{"see HTTP://A.example/Spam?x=1.", "see http://a.example/spam?x=1.", "see <url>."},
		{"4.4.1 down", "down", "down"},
		{"we sent 550 messages", "we sent messages", "we sent messages"},
		{"\xe6\x97\xa5\xe6\x9c\xac x", "\xe6\x97\xa5\xe6\x9c\xac x",
			"\xe6\x97\xa5\xe6\x9c\xac x"},
		{"", "", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct explain_text t;
		explain_text_fold(&arena, str_of(cases[i].raw), &t);
		check_str(str_trim(t.whole), cases[i].whole);
		check_str(str_trim(t.plain), cases[i].plain);
	}
}

static void
test_source(void **state)
{
	struct explain_text t;

	explain_text_fold(&arena, STR("550 5.7.1 Kein\r\n PTR f\xc3\xbcr <a@B.example>"), &t);
	check_str(t.plain, "kein ptr fur <@>");
	check_str(explain_text_source(&t, t.plain_at, 0, 8), "Kein\r\n PTR");
	check_str(explain_text_source(&t, t.plain_at, 9, 12), "f\xc3\xbcr");
	explain_text_blank(&t, true, 0, 4);
	check_str(t.plain, "     ptr fur <@>");
	check_str(t.whole, "kein ptr fur <@b.example>");
}

static void
test_codes(void **state)
{
	static const struct {
		const char *text;
		unsigned code;
		const char *enhanced;
	} cases[] = {
		{"550 5.7.25 x", 550, "5.7.25"},
		{"550-5.7.1 x", 550, "5.7.1"},
		{"host a[192.0.2.1] said: 451 4.7.1 x", 451, "4.7.1"},
		{"550 sorry (#5.1.1)", 550, "5.1.1"},
		{"5.1.1 <a@b.example>... unknown", 0, "5.1.1"},
		{"550 4.7.1 the classes differ", 550, ""},
		{"from 192.5.5.5 there were 550 mails", 0, ""},
		{"version 5.7.1.2", 0, ""},
		{"250 2.0.0 fine", 0, "2.0.0"},
		{"999 5.1", 0, ""},
		{"", 0, ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct explain_codes c = explain_codes_find(str_of(cases[i].text));
		assert_int_equal(c.code, cases[i].code);
		check_str(c.enhanced, cases[i].enhanced);
	}
}

static void
test_tokens(void **state)
{
	struct str rest =
		STR("[192.0.2.1]:25 face 2001:db8::7, IPv6:2001:db8::8] 1.2.3 <joe@a.example>;"
		    " x=ann@b.example. see https://www.c.example/p?ip=192.0.2.9 (d.example)");
	struct str all = rest, s;
	struct ip ip;
	char room[IP_TEXT_MAX];

	assert_true(explain_ip_next(&rest, &ip));
	assert_string_equal(ip_text(&ip, room), "192.0.2.1");
	assert_true(explain_ip_next(&rest, &ip));
	assert_string_equal(ip_text(&ip, room), "2001:db8::7");
	assert_true(explain_ip_next(&rest, &ip));
	assert_string_equal(ip_text(&ip, room), "2001:db8::8");
	assert_true(explain_ip_next(&rest, &ip));
	assert_string_equal(ip_text(&ip, room), "192.0.2.9");
	assert_false(explain_ip_next(&rest, &ip));
	rest = all;
	assert_true(explain_address_next(&rest, &s));
	check_str(s, "joe@a.example");
	assert_true(explain_address_next(&rest, &s));
	check_str(s, "x=ann@b.example");
	assert_false(explain_address_next(&rest, &s));
	check_str(explain_url_find(all), "https://www.c.example/p?ip=192.0.2.9");
	rest = all;
	assert_true(explain_host_next(&rest, &s));
	check_str(s, "a.example");
	assert_int_equal(explain_find_nocase(all, STR("ipv6:")), 33);
	assert_int_equal(explain_find_nocase(STR("abc"), STR("abcd")), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
