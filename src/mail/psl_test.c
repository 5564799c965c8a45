/* Unit tests of the registrable domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/psl.h"

static void
test_domains(void **state)
{
	static const struct {
		const char *name, *registrable, *delegated;
	} cases[] = {
		{"mx.example.com", "example.com", "example.com"},
		{"example.com", "example.com", "example.com"},
		{"a.b.c.example.co.uk", "example.co.uk", "example.co.uk"},
		{"example.co.uk", "example.co.uk", "example.co.uk"},
		{"co.uk", "", ""},
		{"com", "", ""},
		{"", "", ""},
		{".", "", ""},
		{"a..example.com", "", ""},
		{"example.com.", "", ""},
		/* wildcard suffixes, and the exception of one */
		{"mx.a.b.ck", "a.b.ck", "a.b.ck"},
		{"mx.www.ck", "www.ck", "www.ck"},
		{"mx.a.city.kawasaki.jp", "city.kawasaki.jp", "city.kawasaki.jp"},
		/* suffixes of the list's private section count for organisations only */
		{"mx.blog.blogspot.com", "blog.blogspot.com", "blogspot.com"},
		/* top-level domains the list does not know are suffixes of one label */
		{"mx.host.example", "host.example", "host.example"},
		{"a.b.c.test", "c.test", "c.test"},
		{"192.0.2.1", "", ""},
		{"xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str name = str_of(cases[i].name);
		struct str r = psl_registrable(name), d = psl_delegated(name);
		if (!str_eq(r, str_of(cases[i].registrable)))
			fail_msg("%s: registrable \"%.*s\"", cases[i].name, STR_ARG(r));
		if (!str_eq(d, str_of(cases[i].delegated)))
			fail_msg("%s: delegated \"%.*s\"", cases[i].name, STR_ARG(d));
	}
}

static void
test_bad_bytes(void **state)
{
	static const char nul[] = "a\0b.example.com";
	char longest[256];

	assert_int_equal(psl_registrable(str_from(nul, sizeof(nul) - 1)).n, 0);
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	assert_int_equal(psl_registrable(str_from(longest, 255)).n, 3);
	assert_int_equal(psl_delegated(str_from(longest, 255)).n, 3);
	longest[255] = 'a';
	assert_int_equal(psl_registrable(str_from(longest, 256)).n, 0);
	assert_int_equal(psl_delegated(str_from(longest, 256)).n, 0);
	/* the name is a slice: what stands behind it must not be read */
	assert_true(str_eq(psl_registrable(str_from("a.b.commerce", 7)), STR("b.com")));
}

static void
test_same_org(void **state)
{
	assert_true(psl_same_org(STR("mx.example.org"), STR("example.org")));
	assert_true(psl_same_org(STR("mx.example.org"), STR("smtp.mail.example.org")));
	assert_true(psl_same_org(STR("localhost"), STR("localhost")));
	assert_false(psl_same_org(STR("a.co.uk"), STR("b.co.uk")));
	assert_false(psl_same_org(STR("com"), STR("net")));
	assert_false(psl_same_org(STR("a.blogspot.com"), STR("b.blogspot.com")));
	assert_false(psl_same_org(STR(""), STR("example.org")));
}

static void
test_top_level(void **state)
{
	static const char *const known[] = {
		"com", "mx.example.de", "a.example", "a.b.test", "x.xn--p1ai", "4.3.in-addr.arpa"};
	static const char *const unknown[] = {"", "localhost", "mx.local", "mx.lan", "a.invalid",
		"a.internal", "a.localdomain", "192.0.2.1", "a.co.", "mx.nosuchtld", "a.-"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!psl_tld_is_known(str_of(known[i])))
			fail_msg("%s should be possible", known[i]);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (psl_tld_is_known(str_of(unknown[i])))
			fail_msg("%s should be impossible", unknown[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_same_org),
		cmocka_unit_test(test_top_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
