/* Unit tests of the lists' health: suspension, growing back-off, return, with a clock of our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/lists_health.h"

struct news {
	unsigned n;
	size_t list;
	enum list_trouble now;
};

static void
note(void *ctx, size_t i, enum list_trouble now)
{
	struct news *news = ctx;

	*news = (struct news){news->n + 1, i, now};
}

static void
test_each_report_suspends(void **state)
{
	static const struct {
		struct list_reports r;
		enum list_trouble want;
	} cases[] = {
		{{.failed = 2}, LIST_SILENT},
		{{.refused = 2}, LIST_REFUSES},
		{{.wild = 2}, LIST_WILD},
		{{.broken = 2}, LIST_BROKEN},
		{{.failed = 2, .wild = 2}, LIST_WILD},
	};

	for (size_t k = 0; k < COUNT(cases); k++) {
		struct lists_health h;
		struct news news = {0};
		lists_health_init(&h, 3);
		assert_int_equal(h.suspended, 0);
		lists_health_learn(&h, &cases[k].r, 1000, note, &news);
		assert_int_equal(h.suspended, 2);
		assert_int_equal(news.n, 1);
		assert_int_equal(news.list, 1);
		assert_int_equal(news.now, cases[k].want);
		/* The same once more is no news, and puts the next test off no further. */
		uint64_t next = h.list[1].next_ms;
		lists_health_learn(&h, &cases[k].r, 2000, note, &news);
		assert_int_equal(news.n, 1);
		assert_int_equal(h.list[1].next_ms, next);
	}
}

static void
test_back_off_grows_and_ends(void **state)
{
	struct lists_health h;
	struct news news = {0};
	uint64_t now = 1000, waits[14];
	size_t i;

	lists_health_init(&h, 1);
	assert_true(lists_health_due(&h, now, &i)); /* the first test is due at once */
	assert_false(lists_health_due(&h, now, &i));
	lists_health_tested(&h, 0, LIST_SILENT, now, 60000, note, &news);
	for (size_t k = 0; k < COUNT(waits); k++) {
		waits[k] = lists_health_next(&h) - now;
		now = lists_health_next(&h);
		assert_false(lists_health_due(&h, now - 1, &i));
		assert_true(lists_health_due(&h, now, &i));
		lists_health_tested(&h, 0, LIST_SILENT, now, 60000, note, &news);
		assert_int_equal(h.suspended, 1);
	}
	assert_int_equal(news.n, 1);
	assert_int_equal(waits[0], LISTS_FIRST_RETRY_MS);
	for (size_t k = 1; k < COUNT(waits); k++)
		assert_true(waits[k] == 2 * waits[k - 1] || waits[k] == LISTS_LAST_RETRY_MS);
	assert_int_equal(waits[COUNT(waits) - 1], LISTS_LAST_RETRY_MS);

	/* It may change what ails it, and comes back at once when it is fine. */
	now = lists_health_next(&h);
	assert_true(lists_health_due(&h, now, &i));
	lists_health_tested(&h, 0, LIST_WILD, now, 60000, note, &news);
	assert_int_equal(news.now, LIST_WILD);
	now = lists_health_next(&h);
	assert_true(lists_health_due(&h, now, &i));
	lists_health_tested(&h, 0, LIST_FINE, now, 60000, note, &news);
	assert_int_equal(news.n, 3);
	assert_int_equal(news.now, LIST_FINE);
	assert_int_equal(h.suspended, 0);
	assert_int_equal(lists_health_next(&h), now + 60000);
	/* The next time the back-off begins anew. */
	lists_health_learn(&h, &(struct list_reports){.failed = 1}, now, note, &news);
	assert_int_equal(lists_health_next(&h), now + LISTS_FIRST_RETRY_MS);
}

/* Without a resolver nothing is learnt: no pause grows, nobody is suspended or believed. */
static void
test_unknown(void **state)
{
	struct lists_health h;
	struct news news = {0};
	uint64_t now = 1000;
	size_t i;

	lists_health_init(&h, 2);
	lists_health_learn(&h, &(struct list_reports){.failed = 1}, now, note, &news);
	for (size_t k = 0; k < 20; k++) {
		now += LISTS_FIRST_RETRY_MS;
		while (lists_health_due(&h, now, &i))
			lists_health_tested(&h, i, LIST_UNKNOWN, now, 60000, note, &news);
		assert_int_equal(h.suspended, 1);
		assert_int_equal(lists_health_next(&h), now + LISTS_FIRST_RETRY_MS);
	}
	assert_int_equal(news.n, 1);
	assert_int_equal(h.list[1].tested_ms, 0);
}

static void
test_never_tested_again(void **state)
{
	struct lists_health h;
	struct news news = {0};
	size_t i;

	lists_health_init(&h, 1);
	assert_true(lists_health_due(&h, 5, &i));
	lists_health_tested(&h, 0, LIST_FINE, 5, 0, note, &news);
	assert_true(lists_health_next(&h) == UINT64_MAX);
	assert_int_equal(news.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_report_suspends),
		cmocka_unit_test(test_back_off_grows_and_ends),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_never_tested_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
