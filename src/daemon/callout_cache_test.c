/* Unit tests of the memory of callouts: for how long, which goes first, and what takes its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "daemon/callout_cache.h"

static struct callout_cache *cache;

static int
setup(void **state)
{
	cache = callout_cache_new();
	return 0;
}

static int
teardown(void **state)
{
	callout_cache_free(cache);
	return 0;
}

static void
expect(const char *key, uint64_t now_ms, const char *text, uint64_t left_ms)
{
	uint64_t left = 0;
	struct str got = callout_cache_get(cache, str_of(key), now_ms, &left);

	if (!text) {
		assert_null(got.p);
		return;
	}
	assert_non_null(got.p);
	assert_true(str_eq(got, str_of(text)));
	assert_int_equal(left, left_ms);
}

static void
test_time(void **state)
{
	char key[] = "a:ann@example.com", text[] = "no";

	callout_cache_put(cache, str_of(key), str_of(text), 1000, 500);
	key[2] = text[0] = 'x'; /* both are copied */
	expect("a:ann@example.com", 1000, "no", 500);
	expect("a:ann@example.com", 1499, "no", 1);
	expect("a:ann@example.com", 1500, NULL, 0);
	expect("a:ann@example.com", 1000, NULL, 0); /* gone for good */
	expect("a:bob@example.com", 1000, NULL, 0);
}

static void
test_replaced(void **state)
{
	callout_cache_put(cache, STR("d:example.com"), STR("old"), 0, 100);
	callout_cache_put(cache, STR("d:example.com"), STR(""), 50, 100);
	expect("d:example.com", 120, "", 30);
	callout_cache_clear(cache);
	expect("d:example.com", 120, NULL, 0);
}

static void
test_bounded(void **state)
{
	char key[32];

	for (unsigned i = 0; i < CALLOUT_CACHE_MAX; i++) {
		snprintf(key, sizeof(key), "a:%u@example.com", i);
		callout_cache_put(cache, str_of(key), str_of(key), 0, 1000);
	}
	expect("a:0@example.com", 1, "a:0@example.com", 999); /* in use again */
	callout_cache_put(cache, STR("a:new@example.com"), STR("new"), 0, 1000);
	expect("a:0@example.com", 1, "a:0@example.com", 999);
	expect("a:1@example.com", 1, NULL, 0);
	expect("a:2@example.com", 1, "a:2@example.com", 999);
	expect("a:new@example.com", 1, "new", 999);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
