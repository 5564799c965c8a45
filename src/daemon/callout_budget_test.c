/* Unit tests of the budget: no minute has more, whatever is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "daemon/callout_budget.h"

static struct callout_budget budget;

static struct ip
server(unsigned i)
{
	return (struct ip){.len = 4, .b = {192, 0, (uint8_t)(i >> 8), (uint8_t)i}};
}

static bool
begin(unsigned i, uint64_t now_ms)
{
	struct ip ip = server(i);

	return !callout_budget_begin(&budget, &ip, now_ms);
}

static void
end(unsigned i)
{
	struct ip ip = server(i);

	callout_budget_end(&budget, &ip);
}

static void
test_one_at_a_time(void **state)
{
	callout_budget_init(&budget, 60, 6);
	assert_true(begin(1, 1000));
	assert_false(begin(1, 1000));
	assert_true(begin(2, 1000));
	end(1);
	assert_true(begin(1, 1000));
	/* However long it takes. */
	assert_false(begin(1, 1000 + 10 * CALLOUT_MINUTE_MS));
}

static void
test_per_server(void **state)
{
	callout_budget_init(&budget, 60, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_true(begin(1, 1000 * i));
		end(1);
	}
	assert_false(begin(1, 59999));
	assert_true(begin(2, 59999));
	end(2);
	assert_true(begin(1, 60000)); /* the first is a minute ago */
	end(1);
	assert_false(begin(1, 60000));
}

static void
test_spent(void **state)
{
	callout_budget_init(&budget, 2, 2);
	assert_true(begin(1, 0));
	assert_null(callout_budget_spent(&budget, 0));
	assert_true(begin(2, 10000));
	assert_non_null(callout_budget_spent(&budget, 10000));
	end(1);
	assert_non_null(callout_budget_spent(&budget, CALLOUT_MINUTE_MS - 1));
	assert_null(callout_budget_spent(&budget, CALLOUT_MINUTE_MS));
	/* One that takes longer than a minute counts as long as it takes. */
	assert_true(begin(3, CALLOUT_MINUTE_MS));
	assert_non_null(callout_budget_spent(&budget, CALLOUT_MINUTE_MS + 20000));
}

/* A thousand a second for three minutes, of thousands of servers: never more than 60 begun within
 * any minute, 6 of one server, and no fewer than 60 in each. */
static void
test_flood(void **state)
{
	static uint64_t at[4096];
	static unsigned who[4096];
	unsigned n = 0;

	callout_budget_init(&budget, 60, 6);
	for (uint64_t now = 0; now < 3 * CALLOUT_MINUTE_MS; now++) {
		unsigned i = (unsigned)(now * 7919) % 3000;
		if (now % 3 == 0)
			i = 1;
		if (!begin(i, now))
			continue;
		end(i);
		at[n] = now;
		who[n++] = i;
	}
	assert_int_equal(n, 180);
	for (unsigned k = 0; k < n; k++) {
		unsigned all = 0, same = 0;
		for (unsigned m = k; m < n && at[m] < at[k] + CALLOUT_MINUTE_MS; m++) {
			all++;
			same += who[m] == who[k];
		}
		assert_true(all <= 60 && same <= 6);
	}
}

/* Whoever makes callouts dies: its sessions are over, what it had begun still counts. */
static void
test_resume(void **state)
{
	callout_budget_init(&budget, 3, 2);
	assert_true(begin(1, 0));
	assert_true(begin(2, 10));
	assert_false(begin(2, 20));
	callout_budget_resume(&budget);
	callout_budget_set(&budget, 3, 2);
	assert_true(begin(2, 30));
	assert_false(begin(3, 40));
	callout_budget_resume(&budget);
	assert_false(begin(2, 59999));
	assert_true(begin(3, 60000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_per_server),
		cmocka_unit_test(test_spent),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_resume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
