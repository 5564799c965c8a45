/* Unit tests of the answers of lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lists/codes.h"

static struct ip
address(const char *text)
{
	struct ip ip;

	must(ip_parse(str_of(text), &ip));
	return ip;
}

static struct list_code
code(const char *pattern)
{
	struct list_code c = {.error = true, .points = 1};
	struct errbuf e = {0};

	if (!list_code_parse(str_of(pattern), &c, &e))
		fail_msg("%s: %s", pattern, e.text);
	assert_false(c.error || c.points);
	return c;
}

static void
test_matches(void **state)
{
	static const struct {
		const char *pattern, *yes[4], *no[4];
	} cases[] = {
		{"127.0.0.2", {"127.0.0.2"}, {"127.0.0.3", "127.0.1.2", "128.0.0.2", "::2"}},
		{"127.0.0.1", {"127.0.0.1"}, {"127.0.0.2"}},
		{"127.0.0.4-127.0.0.7", {"127.0.0.4", "127.0.0.7"}, {"127.0.0.3", "127.0.0.8"}},
		{"127.0.0.250-127.0.1.3", {"127.0.0.255", "127.0.1.0"}, {"127.0.1.4"}},
		{"127.0.1.0/24", {"127.0.1.0", "127.0.1.255"}, {"127.0.0.255", "127.0.2.0"}},
		{"127.0.0.8/30", {"127.0.0.8", "127.0.0.11"}, {"127.0.0.7", "127.0.0.12"}},
		{"127.0.0.0/8", {"127.255.0.9"}, {"126.255.255.255", "128.0.0.0"}},
		{"127.0.0.9/32", {"127.0.0.9"}, {"127.0.0.8"}},
		{"127.0.*.3", {"127.0.2.3", "127.0.255.3"}, {"127.0.2.2", "127.1.2.3"}},
		{"127.0.0.*", {"127.0.0.0", "127.0.0.255"}, {"127.0.1.0"}},
		{"127.0.0.&4", {"127.0.0.4", "127.0.0.68", "127.0.0.255"},
			{"127.0.0.8", "127.0.1.4", "127.0.0.3"}},
		{"127.0.0.&6", {"127.0.0.2", "127.0.0.12", "127.0.0.6"}, {"127.0.0.9"}},
		{"127.0.*.&8", {"127.0.7.8", "127.0.0.12"}, {"127.0.7.7", "127.1.0.8"}},
		/* what covers 127.0.0.1 without naming it does not mean it */
		{"127.0.0.0/24", {"127.0.0.2"}, {"127.0.0.1"}},
		{"127.0.0.1-127.0.0.9", {"127.0.0.2"}, {"127.0.0.1"}},
		{"127.0.0.&1", {"127.0.0.3"}, {"127.0.0.1", "127.0.0.2"}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_code c = code(cases[i].pattern);
		for (size_t k = 0; k < 4 && cases[i].yes[k]; k++) {
			struct ip ip = address(cases[i].yes[k]);
			if (!list_code_has(&c, &ip))
				fail_msg("%s: not %s", cases[i].pattern, cases[i].yes[k]);
		}
		for (size_t k = 0; k < 4 && cases[i].no[k]; k++) {
			struct ip ip = address(cases[i].no[k]);
			if (list_code_has(&c, &ip))
				fail_msg("%s: matches %s", cases[i].pattern, cases[i].no[k]);
		}
	}
}

static void
test_bad_patterns(void **state)
{
	static const struct {
		const char *pattern, *word;
	} cases[] = {
		{"", "\"\" is no answer"},
		{"listed", "\"listed\""},
		{"127.0.0", "\"127.0.0\""},
		{"127.0.0.2.3", "\"127.0.0.2.3\""},
		{"127.0.0.256", "\"127.0.0.256\""},
		{"127.0.0.02", "\"127.0.0.02\""},
		{"127.0.0.", "\"127.0.0.\""},
		{"127.0.0.2 ", "\"127.0.0.2 \""},
		{"*.0.0.2", "\"*.0.0.2\""},
		{"127.0.0.&0", "\"127.0.0.&0\""},
		{"127.0.0.&256", "\"127.0.0.&256\""},
		{"127.0.&4.2", "\"127.0.&4.2\""},
		{"127.0.0.7-127.0.0.4", "127.0.0.7-127.0.0.4"},
		{"127.0.0.4-7", "127.0.0.4-7"},
		{"127.0.0.4-127.0.*.7", "127.0.*.7"},
		{"127.0.0.&4-127.0.0.9", "&4-"},
		{"127.0.0.1/24", "127.0.0.1/24"},
		{"127.0.0.0/0", "/0"},
		{"127.0.0.0/33", "/33"},
		{"127.0.*.0/24", "127.0.*.0/24"},
		{"127.0.0.0/", "127.0.0.0/"},
		{"\033[2J", "\\027[2J"},
		{"10.0.0.2", "not inside 127.0.0.0/8"},
		{"126.0.0.0/7", "not inside 127.0.0.0/8"},
		{"126.0.0.2-127.0.0.2", "not inside 127.0.0.0/8"},
		{"127.0.0.2-128.0.0.2", "not inside 127.0.0.0/8"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_code c = {.from = 17};
		struct errbuf e = {0};
		if (list_code_parse(str_of(cases[i].pattern), &c, &e))
			fail_msg("%s is read", cases[i].pattern);
		assert_int_equal(c.from, 17);
		if (!str_contains(str_of(e.text), str_of(cases[i].word)))
			fail_msg("%s: %s", cases[i].pattern, e.text);
	}
}

static void
test_print(void **state)
{
	static const struct {
		const char *pattern, *shown;
	} cases[] = {
		{"127.0.0.2", "127.0.0.2"},
		{"127.0.0.4-127.0.0.7", "127.0.0.4-127.0.0.7"},
		{"127.0.0.8/30", "127.0.0.8-127.0.0.11"},
		{"127.0.1.0/24", "127.0.1.0/24"},
		{"127.0.0.0-127.0.0.255", "127.0.0.0/24"},
		{"127.0.0.9/32", "127.0.0.9"},
		{"127.*.*.*", "127.*.*.*"},
		{"127.0.*.&4", "127.0.*.&4"},
		{"127.0.*.&255", "127.0.*.&255"},
		{"127.0.0.&255", "127.0.0.1-127.0.0.255"},
		{"127.100.200.100-127.100.200.201", "127.100.200.100-127.100.200.201"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[LIST_CODE_TEXT_MAX];
		struct buf b = BUF(room);
		struct list_code c = code(cases[i].pattern);
		list_code_print(&c, &b);
		assert_false(buf_is_cut(&b));
		if (!str_eq(buf_str(&b), str_of(cases[i].shown)))
			fail_msg("%s: %.*s", cases[i].pattern, STR_ARG(buf_str(&b)));
	}
}

static void
test_meaning(void **state)
{
	struct list_code rows[] = {code("127.255.255.254"), code("127.0.0.64"), code("127.0.0.&64"),
		code("127.0.0.1")};
	struct list_codes all = {3, rows}, with_one = {4, rows};
	static const struct {
		const char *answer;
		enum list_meaning meaning;
		int row;
	} cases[] = {
		{"127.255.255.254", LIST_ERROR, 0},
		{"127.255.255.1", LIST_ERROR, -1},
		{"127.0.0.64", LIST_LISTED, 1}, /* the first row wins */
		{"127.0.0.66", LIST_LISTED, 2},
		{"127.0.0.2", LIST_NOT_DECLARED, -1},
		{"127.0.0.1", LIST_ERROR, -1},
		{"192.0.2.64", LIST_ERROR, -1}, /* a domain for sale */
		{"0.0.0.0", LIST_ERROR, -1},
		{"::1", LIST_ERROR, -1},
	};
	const struct list_code *row;

	rows[0].error = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = address(cases[i].answer);
		if (list_codes_read(&all, &ip, &row) != cases[i].meaning)
			fail_msg("%s", cases[i].answer);
		assert_ptr_equal(row, cases[i].row < 0 ? NULL : &rows[cases[i].row]);
	}
	struct ip one = address("127.0.0.1");
	assert_int_equal(list_codes_read(&with_one, &one, &row), LIST_LISTED);
	assert_ptr_equal(row, &rows[3]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
