/* Unit tests of the store in Redis, of what takes clocks that the test turns: one time for several
 * hosts.  Other things that only this back has are tested from outside, in tests/store/redis.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "store/test_redis.h"

#define HOUR  3600
#define DAY   86400
#define BEGAN 1764000000
#define SLACK 300 /* seconds by which turning is not exact */

/* Two hosts: their wall clocks, and the monotonic one, which is the same for both as it only
 * counts.
 */
static int64_t wall_a, wall_b;
static uint64_t ms;

static int64_t
now_a(void)
{
	return wall_a;
}

static int64_t
now_b(void)
{
	return wall_b;
}

static uint64_t
now_ms(void)
{
	return ms;
}

static const struct store_clock clock_a = {now_a, now_ms}, clock_b = {now_b, now_ms};
static struct store *a, *b;
static char prefix[32];

static struct store *
opened(const struct store_clock *clock)
{
	struct errbuf e = {0};
	const struct store_redis where = {
		.at = str_of(server_at), .prefix = str_of(prefix), .timeout_ms = 5000};
	const struct store_options o = {
		.clock = clock, .keep.s[STORE_HISTORY] = {36 * (int64_t)DAY}};
	struct store *s = store_open_redis(&where, &o, &e);

	assert_non_null(s);
	return s;
}

static int
setup(void **state)
{
	static int n;

	snprintf(prefix, sizeof(prefix), "time%d:", ++n);
	wall_a = wall_b = BEGAN;
	ms = 1000;
	a = opened(&clock_a);
	b = opened(&clock_b);
	return 0;
}

static int
teardown(void **state)
{
	store_close(a);
	store_close(b);
	return 0;
}

static void
add(struct store *s, const char *key)
{
	assert_true(store_write(s,
		&(struct store_op){
			.op = STORE_ADD, .table = STORE_HISTORY, .key = str_of(key), .add = {1}}));
	assert_int_equal(store_sync(s), STORE_OK);
}

/* Both live on, and write now and then. */
static void
pass(int64_t seconds)
{
	for (; seconds > 0; seconds -= HOUR) {
		int64_t step = seconds < HOUR ? seconds : HOUR;
		wall_a += step;
		wall_b += step;
		ms += (uint64_t)step * 1000;
		store_work(a);
		store_work(b);
		add(a, "a");
		add(b, "b");
	}
}

struct seen {
	bool there;
	int64_t idle_s, age_s;
};

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct seen *seen = ctx;

	assert_int_not_equal(status, STORE_FAIL);
	*seen = (struct seen){r != NULL, r ? r->idle_s : 0, r ? r->age_s : 0};
}

static struct seen
look_in(struct store *s, enum store_table table, const char *key)
{
	struct seen seen = {0};

	assert_true(store_get(s, table, str_of(key), on_answer, &seen));
	store_work(s);
	return seen;
}

static struct seen
look(struct store *s, const char *key)
{
	return look_in(s, STORE_HISTORY, key);
}

static void
expect_idle(const char *key, int64_t want)
{
	for (int i = 0; i < 2; i++) {
		struct seen seen = look(i ? a : b, key);
		assert_true(seen.there);
		if (seen.idle_s < want - SLACK || seen.idle_s > want + SLACK)
			fail_msg("idle for %lld s, not %lld", (long long)seen.idle_s,
				(long long)want);
	}
}

static void
test_one_time(void **state)
{
	add(a, "known");
	pass(10 * DAY);
	expect_idle("known", 10 * DAY);
	/* Each other's as well. */
	add(b, "other");
	pass(DAY);
	expect_idle("other", DAY);
	expect_idle("known", 11 * DAY);
}

/* Whoever is wrong, and however: the other one is right, and the time runs as it did. */
static void
test_one_wrong_clock(void **state)
{
	static const int64_t steps[] = {-HOUR, HOUR, 41 * DAY, -41 * DAY, -3652 * (int64_t)DAY};
	int64_t passed = 0;

	add(a, "known");
	for (size_t i = 0; i < COUNT(steps); i++) {
		int64_t *wall = i % 2 ? &wall_a : &wall_b;
		*wall += steps[i];
		pass(3 * DAY);
		passed += 3 * DAY;
		expect_idle("known", passed);
		*wall -= steps[i];
		pass(DAY);
		passed += DAY;
		expect_idle("known", passed);
	}
}

/* One that restarts all the time, with a clock of its own. */
static void
test_restarts(void **state)
{
	add(a, "known");
	wall_b += 41 * DAY;
	for (int i = 0; i < 48; i++) {
		store_close(b);
		b = opened(&clock_b);
		pass(HOUR);
	}
	expect_idle("known", 2 * DAY);
	for (int i = 0; i < 48; i++) {
		store_close(a);
		store_close(b);
		a = opened(&clock_a);
		b = opened(&clock_b);
		pass(HOUR);
	}
	expect_idle("known", 4 * DAY);
}

/* When all agree that it is late, it is caught up, but by nobody's clock at once. */
static void
test_all_were_off(void **state)
{
	add(a, "known");
	store_close(a);
	store_close(b);
	wall_a += 20 * DAY;
	wall_b += 20 * DAY;
	ms += 1000;
	a = opened(&clock_a);
	b = opened(&clock_b);
	expect_idle("known", 0);
	pass(5 * DAY);
	expect_idle("known", 10 * DAY - 3 * HOUR); /* before those who were there had no say */
	add(a, "new");
	pass(16 * DAY);
	expect_idle("new", 31 * DAY + 3 * HOUR);
	pass(4 * DAY);
	expect_idle("new", 35 * DAY + 3 * HOUR);
}

/* With steps of both, nobody who is known is forgotten; and time does pass. */
static void
test_retention(void **state)
{
	add(a, "known");
	wall_a += 41 * DAY;
	wall_b -= 41 * DAY;
	pass(30 * DAY);
	assert_true(look(a, "known").there);
	pass(7 * DAY);
	assert_false(look(a, "known").there);
	assert_false(look(b, "known").there);
	assert_true(look(b, "a").there);
}

/* The key that all go by is read as carefully as a record. */
static void
test_damaged_time(void **state)
{
	static const char *const wrong[] = {"0", "253402300800 00000000", "1764003600 12345678",
		"-1", "x", "9223372036854775807", ""};
	char key[64];

	snprintf(key, sizeof(key), "%stime", prefix);
	add(a, "known");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const struct str words[] = {STR("SET"), str_of(key), str_of(wrong[i])};
		server_says_to(3, words);
		store_work(b);
		store_work(a);
		expect_idle("known", (int64_t)i * HOUR);
		pass(HOUR);
	}
}

/* Clocks of hosts that are gone, or that nobody has. */
static void
test_damaged_walls(void **state)
{
	static const char *const wrong[] = {"9223372036854775807 1764000000", "-1 -1", "1", "x y",
		"-99999999999999 1764000000", "0 1763990000"};
	char key[64];

	snprintf(key, sizeof(key), "%swalls", prefix);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const struct str words[] = {
			STR("HSET"), str_of(key), str_of(wrong[i]), str_of(wrong[i])};
		server_says_to(4, words);
	}
	add(a, "known");
	/* All who are left say that it is late. */
	wall_a += 2 * DAY;
	wall_b += 2 * DAY;
	pass(DAY);
	expect_idle("known", 2 * DAY);
}

/* What is written again to a server that was emptied ends when it would have ended. */
static void
test_emptied(void **state)
{
	static const char key[] = "192.0.2.1";

	assert_true(store_write(a,
		&(struct store_op){.op = STORE_PUT,
			.table = STORE_EXEMPT,
			.key = str_of(key),
			.value = STR("{}"),
			.keep_s = 30 * (int64_t)DAY}));
	assert_int_equal(store_sync(a), STORE_OK);
	pass(20 * DAY);
	server_says("FLUSHALL");
	pass(9 * DAY);
	assert_true(look_in(a, STORE_EXEMPT, key).there);
	assert_true(look_in(b, STORE_EXEMPT, key).there);
	pass(2 * DAY);
	assert_false(look_in(a, STORE_EXEMPT, key).there);
	assert_false(look_in(b, STORE_EXEMPT, key).there);
}

/* Writers leave nothing behind, and those that were killed not for ever. */
static void
test_writers_are_forgotten(void **state)
{
	char command[96];
	struct store *c = opened(&clock_a);

	add(c, "c");
	add(a, "a");
	snprintf(command, sizeof(command), "KEYS %swriter:*", prefix);
	size_t two = strlen(server_says(command));
	store_close(c);
	assert_int_equal(2 * strlen(server_says(command)) + 1, two);
	snprintf(command, sizeof(command), "ZADD %swriters %d 0123456789abcdef", prefix, BEGAN);
	server_says(command);
	snprintf(command, sizeof(command), "SET %swriter:0123456789abcdef 5", prefix);
	server_says(command);
	pass(DAY / 2);
	snprintf(command, sizeof(command), "EXISTS %swriter:0123456789abcdef", prefix);
	assert_string_equal(server_says(command), "1");
	pass(DAY);
	assert_string_equal(server_says(command), "0");
	snprintf(command, sizeof(command), "ZCARD %swriters", prefix);
	assert_string_equal(server_says(command), "2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_wrong_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_were_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retention, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_walls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_emptied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writers_are_forgotten, setup, teardown),
	};

	if (!server_exists()) {
		print_message("redis-server is not installed\n");
		return 77;
	}
	server_start("");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_done();
	return failed;
}
