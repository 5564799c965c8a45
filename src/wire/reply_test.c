/* Unit tests of the SMTP reply inside policy answers and milter replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/reply.h"

static void
test_codes(void **state)
{
	static const struct {
		unsigned code;
		char sep;
		const char *enhanced, *want;
	} rows[] = {
		{550, ' ', "5.7.25", "550 5.7.25"},
		{550, '-', "5.7.25", "550-5.7.25"},
		{451, ' ', "4.7.25", "451 4.7.25"},
		{599, ' ', "5.123.456", "599 5.123.456"},
		{400, ' ', "4.0.0", "400 4.0.0"},
		/* Another class than the code's would make the whole reply malformed. */
		{451, ' ', "5.7.25", "451 4.7.1"},
		{550, ' ', "4.7.25", "550 5.7.1"},
		{550, ' ', "", "550 5.7.1"},
		{550, ' ', "5.7", "550 5.7.1"},
		{550, ' ', "5.7.", "550 5.7.1"},
		{550, ' ', "5..25", "550 5.7.1"},
		{550, ' ', "5.7.25.1", "550 5.7.1"},
		{550, ' ', "5.7.25.", "550 5.7.1"},
		{550, ' ', "5.7.1234", "550 5.7.1"},
		{550, ' ', "5.7.0001", "550 5.7.1"},
		{550, ' ', "5.7.2\n", "550 5.7.1"},
		{550, ' ', "55.7.2", "550 5.7.1"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[64];
		struct buf b = BUF(room);
		reply_put_codes(&b, rows[i].code, rows[i].sep, str_of(rows[i].enhanced));
		if (!str_eq(buf_str(&b), str_of(rows[i].want)))
			fail_msg("%s: got %.*s", rows[i].enhanced, STR_ARG(buf_str(&b)));
		assert_true(b.n <= REPLY_CODES_MAX);
	}
}

static void
test_text(void **state)
{
	static const struct {
		struct str text;
		size_t max;
		const char *plain, *format;
	} rows[] = {
		{STR_INIT("refused"), 100, "refused", "refused"},
		{STR_INIT("a\r\nb\0c\x7f\xc3\xa9\t"), 100, "a??b?c????", "a??b?c????"},
		{STR_INIT("100% sure %s"), 100, "100% sure %s", "100%% sure %%s"},
		{STR_INIT("12345"), 3, "123", "123"},
		/* A doubled sign that does not fit is left out whole. */
		{STR_INIT("ab%d"), 3, "ab%", "ab"},
		{STR_INIT("ab%d"), 4, "ab%d", "ab%%"},
		{STR_INIT(""), 10, "", ""},
		{STR_INIT("x"), 0, "", ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[128];
		struct buf b = BUF(room);
		reply_put_text(&b, rows[i].text, rows[i].max);
		if (!str_eq(buf_str(&b), str_of(rows[i].plain)))
			fail_msg("row %zu: plain %.*s", i, STR_ARG(buf_str(&b)));
		buf_reset(&b);
		reply_put_format(&b, rows[i].text, rows[i].max);
		if (!str_eq(buf_str(&b), str_of(rows[i].format)))
			fail_msg("row %zu: format %.*s", i, STR_ARG(buf_str(&b)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
