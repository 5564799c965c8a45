/* Unit tests of mail/quote: strangers' bytes stay where they are put. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/quote.h"

static void
test_put(void **state)
{
	char room[40];
	struct buf b = BUF(room);

	quote_put_string(&b, STR("a\"b\\c\r\n\0d\xfc and more"), 9);
	assert_true(str_eq(buf_str(&b), STR("\"a\\\"b\\\\c???d\"")));
	buf_reset(&b);
	quote_put_clean(&b, STR("(a)\t"), 10, "()");
	assert_true(str_eq(buf_str(&b), STR("\\(a\\)?")));
}

static void
test_is_domain(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{"a", true},
		{"a.b-c.example", true},
		{"_x.example", true},
		{"", false},
		{".", false},
		{"a.", false},
		{".a", false},
		{"a..b", false},
		{"a b", false},
		{"a/b", false},
		{"a;b", false},
		{"b\xfc.example", false},
	};
	char long_name[256];

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(quote_is_domain(str_of(cases[i].text)), cases[i].want);
	memset(long_name, 'a', sizeof(long_name));
	assert_true(quote_is_domain(str_from(long_name, 255)));
	assert_false(quote_is_domain(str_from(long_name, 256)));
	assert_false(quote_is_domain((struct str){NULL, 0}));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_is_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
