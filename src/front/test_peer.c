/* test_peer: see test_peer.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/must.h"
#include "front/fake_gate.h"
#include "front/test_peer.h"

static struct loop *loop;
static struct front *front;
static struct timer *timer;

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

struct front *
front_test_begin(
	struct front *(*make)(struct loop *l, struct gate *g, const struct front_limits *limits))
{
	fake_gate_reset();
	loop = loop_new();
	must(loop != NULL);
	timer = timer_new(loop, stop, loop);
	front = make(loop, NULL, &FRONT_LIMITS_DEFAULT);
	return front;
}

void
front_test_done(void)
{
	front_free(front);
	timer_free(timer);
	loop_free(loop);
	assert_int_equal(fake_gate_open(), 0);
}

struct loop *
front_test_loop(void)
{
	return loop;
}

void
front_test_settle(void)
{
	/* A socket pair has no delay: what was written can be read.  A few rounds of the loop are
	 * as many as any chain of calls needs (input, answer, resumed input, end). */
	for (int i = 0; i < 8; i++) {
		timer_set(timer, 0);
		loop_run(loop);
	}
}

void
peer_connect(struct peer *p, struct front *f)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p->fd = pair[0];
	p->got = BUF(p->room);
	p->closed = false;
	front_accept(f, pair[1]);
}

void
peer_done(struct peer *p)
{
	close(p->fd);
	front_test_settle();
}

void
peer_say(struct peer *p, struct str bytes)
{
	assert_int_equal(send(p->fd, bytes.p, bytes.n, MSG_NOSIGNAL), bytes.n);
}

struct str
peer_hear(struct peer *p)
{
	front_test_settle();
	buf_reset(&p->got);
	for (;;) {
		ssize_t n = recv(p->fd, p->got.p + p->got.n, p->got.max - p->got.n, MSG_DONTWAIT);
		if (n <= 0) {
			p->closed = n == 0;
			return buf_str(&p->got);
		}
		p->got.n += (size_t)n;
	}
}

void
assert_notes(const char *want)
{
	struct str got = fake_gate_notes();

	if (!str_eq(got, str_of(want)))
		fail_msg("the gate saw:\n%.*sinstead of:\n%s", STR_ARG(got), want);
}
