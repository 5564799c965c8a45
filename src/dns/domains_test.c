/* Unit tests of dns/domains: what is in a list and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/domains.h"

static void
test_find(void **state)
{
	static const struct {
		const char *name, *entry;
	} cases[] = {
		{"cheap.example", "cheap.example"},
		{"a.cheap.example", "cheap.example"},
		{"a.b.c.cheap.example", "cheap.example"},
		{"notcheap.example", ""},
		{"example", ""},
		{"", ""},
		{".", ""},
		{"sub.dear.example", "sub.dear.example"},
		{"x.sub.dear.example", "sub.dear.example"},
		{"dear.example", ""},
		{"zz.test", "zz.test"},
	};
	struct str text = STR("# nobody believes these\nCheap.Example.\n\n"
			      "  sub.dear.example  # only this one\nzz.test");
	struct arena a;
	struct domains d;
	struct errbuf e = {0};

	arena_init(&a, 4096, 1 << 20);
	assert_true(domains_parse(&a, "list", text, &d, &e));
	assert_int_equal(d.n, 3);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!str_eq(domains_find(&d, str_of(cases[i].name)), str_of(cases[i].entry)))
			fail_msg("%s", cases[i].name);
	assert_true(domains_parse(&a, "list", STR(""), &d, &e));
	assert_int_equal(domains_find(&d, STR("x.example")).n, 0);
	arena_done(&a);
}

static void
test_error(void **state)
{
	struct arena a;
	struct domains d;
	struct errbuf e = {0};

	arena_init(&a, 4096, 1 << 20);
	assert_false(domains_parse(&a, "list", STR("a.example\nb..example\n..\n"), &d, &e));
	assert_int_equal(e.line, 2);
	assert_string_equal(e.file, "list");
	assert_string_equal(e.text, "\"b..example\" is no domain");

	static char newlines[DOMAINS_LINES_MAX];
	memset(newlines, '\n', sizeof(newlines));
	assert_false(domains_parse(&a, "list", str_from(newlines, sizeof(newlines)), &d, &e));
	arena_done(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
