/* Unit tests of helo_syntax: what the text of a HELO argument is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "checks/helo_syntax.h"

static void
test_kinds(void **state)
{
	static const struct {
		const char *helo;
		enum helo_kind kind;
	} cases[] = {
		{"mail.example.org", HELO_NAME},
		{"MAIL.Example.ORG", HELO_NAME},
		{"3com.example", HELO_NAME},
		{"xn--bcher-kva.example", HELO_NAME},
		{"a.b", HELO_NAME},
		{"docker_mail.example.org", HELO_UNDERSCORE},
		{"_", HELO_ONE_LABEL},
		{"mailserver", HELO_ONE_LABEL},
		{"localhost", HELO_ONE_LABEL},
		{"203.0.113.5", HELO_BARE_IP},
		{"2001:db8::5", HELO_BARE_IP},
		{"::ffff:203.0.113.5", HELO_BARE_IP},
		{"[203.0.113.5]", HELO_LITERAL},
		{"[IPv6:2001:db8::5]", HELO_LITERAL},
		{"[ipv6:2001:DB8::5]", HELO_LITERAL},
		{"[IPV6:::1]", HELO_LITERAL},
		{"", HELO_MALFORMED},
		{".", HELO_MALFORMED},
		{"..", HELO_MALFORMED},
		{"example.org.", HELO_MALFORMED},
		{".example.org", HELO_MALFORMED},
		{"-x.example.org", HELO_MALFORMED},
		{"x-.example.org", HELO_MALFORMED},
		{"cabinet-maitre-.example", HELO_MALFORMED},
		{"mail example.org", HELO_MALFORMED},
		{"mail.example.org\t", HELO_MALFORMED},
		{"b\xc3\xbc"
		 "cher.example",
			HELO_MALFORMED},
		{"1.2.3", HELO_MALFORMED},
		{"203.0.113.256", HELO_MALFORMED},
		{"12345", HELO_MALFORMED},
		{"[203.0.113.5", HELO_MALFORMED},
		{"[]", HELO_MALFORMED},
		{"[203.0.113.5] ", HELO_MALFORMED},
		{"[mail.example.org]", HELO_MALFORMED},
		{"[IPv6:203.0.113.5]", HELO_MALFORMED},
		{"[2001:db8::5]", HELO_MALFORMED},
		{"[IPv6:]", HELO_MALFORMED},
		{"[", HELO_MALFORMED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct helo_form form;
		helo_parse(str_of(cases[i].helo), &form);
		if (form.kind != cases[i].kind)
			fail_msg("\"%s\": %d, not %d", cases[i].helo, form.kind, cases[i].kind);
		if (form.kind == HELO_MALFORMED)
			assert_non_null(form.wrong);
	}
}

static void
test_lengths(void **state)
{
	char name[300];
	struct helo_form form;

	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	helo_parse(str_from(name, 253), &form);
	assert_int_equal(form.kind, HELO_NAME);
	helo_parse(str_from(name, 254), &form);
	assert_int_equal(form.kind, HELO_MALFORMED);
	memset(name, 'a', 64);
	name[64] = '.';
	helo_parse(str_from(name, 80), &form);
	assert_int_equal(form.kind, HELO_MALFORMED);
	helo_parse(str_from("mail.example\0.org", 17), &form);
	assert_int_equal(form.kind, HELO_MALFORMED);
}

static void
test_mapped_literal_is_ipv4(void **state)
{
	struct helo_form form;
	struct ip ip;

	helo_parse(STR("[IPv6:::ffff:203.0.113.5]"), &form);
	assert_true(ip_parse(STR("203.0.113.5"), &ip));
	assert_int_equal(form.kind, HELO_LITERAL);
	assert_true(ip_eq(&form.ip, &ip));
}

static void
test_private(void **state)
{
	static const struct {
		const char *helo;
		bool private;
	} cases[] = {
		{"localhost", true},
		{"LocalHost", true},
		{"localhost.localdomain", true},
		{"mail.lan", true},
		{"pc.home.arpa", true},
		{"x.corp", true},
		{"mylan", false},
		{"mail.plan", false},
		{"local", false},
		{"home.example", false},
		{"mail.example.com", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if ((helo_is_private(str_of(cases[i].helo)) != NULL) != cases[i].private)
			fail_msg("%s", cases[i].helo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_mapped_literal_is_ipv4),
		cmocka_unit_test(test_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
