/* Unit tests of the loop: order of timers, re-arming, descriptors, signals, freeing inside calls.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"

#include "net/loop.h"

static struct loop *loop;

static int
setup(void **state)
{
	loop = loop_new();
	return loop ? 0 : -1;
}

static int
teardown(void **state)
{
	loop_free(loop);
	return 0;
}

static char order_room[64];
static struct buf order;

struct alarm {
	struct timer *t;
	char name;
	unsigned again; /* how often to re-arm */
	bool free_inside;
};

static void
struck(void *ctx)
{
	struct alarm *a = ctx;

	buf_putc(&order, a->name);
	if (a->again > 0) {
		a->again--;
		timer_set(a->t, 1);
	} else if (a->free_inside) {
		timer_free(a->t);
		a->t = NULL;
	}
}

static void
test_timers_strike_in_order(void **state)
{
	struct alarm a[] = {
		{.name = 'c'}, {.name = 'a', .free_inside = true}, {.name = 'b'}, {.name = 'x'}};
	static const uint64_t ms[] = {60, 0, 30, 45};
	uint64_t begin = clock_us();

	order = BUF(order_room);
	for (size_t i = 0; i < COUNT(a); i++) {
		a[i].t = timer_new(loop, struck, &a[i]);
		timer_set(a[i].t, ms[i]);
	}
	timer_clear(a[3].t);
	loop_run(loop); /* ends by itself: nothing is left to wait for */
	assert_int_equal(order.n, 3);
	assert_memory_equal(order.p, "abc", 3);
	assert_true(clock_us() - begin >= 50000);
	for (size_t i = 0; i < COUNT(a); i++)
		timer_free(a[i].t);
}

static void
test_timer_rearms_itself(void **state)
{
	struct alarm a = {.name = 'r', .again = 4, .free_inside = true};

	order = BUF(order_room);
	a.t = timer_new(loop, struck, &a);
	timer_set(a.t, 10000);
	timer_set(a.t, 1); /* replaces the earlier time */
	loop_run(loop);
	assert_int_equal(order.n, 5);
	assert_null(a.t);
}

struct seen {
	struct watch *w;
	int fd;
	unsigned on, calls;
	bool free_inside;
};

static void
ready(void *ctx, unsigned on)
{
	struct seen *s = ctx;
	char c;

	s->on |= on;
	s->calls++;
	if (on & WATCH_READ)
		assert_int_equal(read(s->fd, &c, 1), 1);
	if (s->free_inside) {
		watch_free(s->w);
		s->w = NULL;
	}
}

static void
test_watch_changes_its_mind(void **state)
{
	int pair[2];
	struct seen s = {0};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s.fd = pair[0];
	s.w = watch_new(loop, pair[0], WATCH_READ, ready, &s);
	assert_int_equal(write(pair[1], "ab", 2), 2);
	loop_once(loop);
	loop_once(loop); /* level-triggered: the second byte calls again */
	assert_int_equal(s.calls, 2);
	assert_int_equal(s.on, WATCH_READ);

	watch_set(s.w, 0);
	assert_int_equal(write(pair[1], "c", 1), 1);
	loop_run(loop); /* a paused watch is nothing to wait for */
	assert_int_equal(s.calls, 2);

	s.on = 0;
	s.free_inside = true;
	watch_set(s.w, WATCH_READ | WATCH_WRITE);
	loop_run(loop);
	assert_int_equal(s.calls, 3);
	assert_int_equal(s.on, WATCH_READ | WATCH_WRITE);
	assert_null(s.w);
	close(pair[0]);
	close(pair[1]);
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

static void
test_signal_stops_the_loop(void **state)
{
	struct watch *w = loop_on_signal(loop, SIGUSR1, stop, loop);
	struct alarm late = {.name = 'l'};

	order = BUF(order_room);
	late.t = timer_new(loop, struck, &late);
	timer_set(late.t, 10000);
	raise(SIGUSR1);
	loop_run(loop);
	assert_int_equal(order.n, 0);
	timer_free(late.t);
	watch_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timers_strike_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_rearms_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watch_changes_its_mind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_stops_the_loop, setup, teardown),
	};

	return cmocka_run_group_tests_name("net/loop", tests, NULL, NULL);
}
