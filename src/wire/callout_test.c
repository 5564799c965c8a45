/* Unit tests of the frames of callouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/callout.h"

static void
test_there_and_back(void **state)
{
	static const struct callout_frame frames[] = {
		{.id = 7, .body = STR_INIT("ann@example.com")},
		{.is_answer = true, .id = 0xffffffff, .hold_s = 300, .body = STR_INIT("1 ok\n")},
		{.id = 0},
	};

	for (size_t i = 0; i < COUNT(frames); i++) {
		char room[CALLOUT_FRAME_MAX];
		struct buf b = BUF(room);
		struct callout_frame f;
		size_t used = 0;
		callout_frame_put(&frames[i], &b);
		for (size_t n = 0; n < b.n; n++)
			assert_int_equal(callout_frame_read(str_from(b.p, n), &f, &used),
				CALLOUT_FRAME_MORE);
		buf_puts(&b, "next");
		assert_int_equal(callout_frame_read(buf_str(&b), &f, &used), CALLOUT_FRAME_OK);
		assert_int_equal(used, b.n - 4);
		assert_int_equal(f.is_answer, frames[i].is_answer);
		assert_int_equal(f.id, frames[i].id);
		assert_int_equal(f.hold_s, frames[i].hold_s);
		assert_true(str_eq(f.body, frames[i].body));
	}
}

static void
test_bad(void **state)
{
	static const struct str bad[] = {STR_INIT("\0\0"), STR_INIT("\0\1\1"),
		STR_INIT("\0\5\3\0\0\0\1"), STR_INIT("\0\6\2\0\0\0\1\0"), STR_INIT("\xff\xff")};
	struct callout_frame f;
	size_t used;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(callout_frame_read(bad[i], &f, &used), CALLOUT_FRAME_BAD);
}

static void
test_too_long_is_not_written(void **state)
{
	static char body[CALLOUT_FRAME_MAX], room[2 * CALLOUT_FRAME_MAX];
	struct buf b = BUF(room);

	callout_frame_put(&(struct callout_frame){.body = str_from(body, sizeof(body))}, &b);
	assert_int_equal(b.n, 0);
	b = buf_on(room, 10);
	callout_frame_put(&(struct callout_frame){.body = str_from(body, 4)}, &b);
	assert_int_equal(b.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_long_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
