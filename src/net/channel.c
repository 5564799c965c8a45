/* net/channel: see channel.h. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fifo.h"
#include "base/must.h"

#include "net/channel.h"

struct channel {
	struct watch *watch;
	struct timer *end; /* of one that failed outside of the loop's calls */
	const struct channel_limits *limits;
	const struct channel_handler *handler;
	void *ctx;
	int fd;
	struct fifo in, out;
	const char *why; /* it ends */
	bool deaf;	 /* the peer takes nothing any more; what it has said is still to be read */
	bool in_call, freed;
};

/* --- life --- */

static void
destroy(struct channel *c)
{
	watch_free(c->watch);
	timer_free(c->end);
	close(c->fd);
	fifo_done(&c->in);
	fifo_done(&c->out);
	heap_free(c);
}

static void
set_watch(struct channel *c)
{
	watch_set(c->watch, fifo_size(&c->out) > 0 ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

/* The first reason stands.  The loop does the rest: nobody is called from inside of a call. */
static void
fail(struct channel *c, const char *why)
{
	if (!c->why)
		c->why = why;
	fifo_use(&c->out, fifo_size(&c->out));
	timer_set(c->end, 0);
}

static void
finish(struct channel *c)
{
	const struct channel_handler *handler = c->handler;
	const char *why = c->why;
	void *ctx = c->ctx;

	destroy(c);
	handler->closed(ctx, why);
}

static void
on_end(void *ctx)
{
	finish(ctx);
}

/* --- in and out --- */

/* What the socket takes of them now. */
static size_t
send_bytes(struct channel *c, struct str bytes)
{
	size_t sent = 0;

	while (sent < bytes.n) {
		ssize_t n =
			send(c->fd, bytes.p + sent, bytes.n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno != EINTR) {
			c->deaf = errno != EAGAIN && errno != EWOULDBLOCK;
			break;
		}
	}
	return sent;
}

static void
send_some(struct channel *c)
{
	fifo_use(&c->out, send_bytes(c, fifo_bytes(&c->out)));
	if (c->deaf)
		fifo_use(&c->out, fifo_size(&c->out));
}

static void
receive(struct channel *c)
{
	char *room = fifo_room(&c->in, c->limits->slice);
	ssize_t n = recv(c->fd, room, c->limits->slice, MSG_DONTWAIT);

	if (n == 0) {
		fail(c, "eof");
		return;
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			fail(c, "error");
		return;
	}
	fifo_added(&c->in, (size_t)n);
	c->in_call = true;
	size_t used = c->handler->input(c->ctx, fifo_bytes(&c->in));
	c->in_call = false;
	must(used <= fifo_size(&c->in));
	fifo_use(&c->in, used);
	if (fifo_size(&c->in) > c->limits->input_max)
		fail(c, "too much");
}

static void
on_ready(void *ctx, unsigned on)
{
	struct channel *c = ctx;
	bool had_output = fifo_size(&c->out) > 0;

	if (!c->why && (on & WATCH_WRITE))
		send_some(c);
	if (!c->why && (on & WATCH_READ))
		receive(c);
	if (!c->freed && !c->why && had_output && fifo_size(&c->out) == 0 && c->handler->sent) {
		c->in_call = true;
		c->handler->sent(c->ctx);
		c->in_call = false;
	}
	if (c->freed)
		destroy(c);
	else if (c->why)
		finish(c);
	else
		set_watch(c);
}

bool
channel_write(struct channel *c, struct str bytes)
{
	size_t waits = fifo_size(&c->out), sent;

	if (c->why || c->deaf || c->freed)
		return false;
	if (bytes.n > c->limits->output_max || waits > c->limits->output_max - bytes.n) {
		fail(c, "too much");
		return false;
	}
	sent = waits ? 0 : send_bytes(c, bytes);
	if (c->deaf)
		return sent > 0;
	fifo_put(&c->out, str_skip(bytes, sent));
	if (!c->in_call)
		set_watch(c);
	return true;
}

size_t
channel_unsent(const struct channel *c)
{
	return fifo_size(&c->out);
}

bool
channel_flush(struct channel *c, uint64_t wait_ms)
{
	uint64_t until = clock_ms() + wait_ms;

	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = POLLOUT};
		uint64_t now = clock_ms();

		send_some(c);
		if (c->why || c->deaf || fifo_size(&c->out) == 0 || now >= until)
			return !c->why && !c->deaf && fifo_size(&c->out) == 0;
		(void)poll(&p, 1, (int)(until - now));
	}
}

void
channel_free(struct channel *c)
{
	if (!c)
		return;
	if (c->in_call)
		c->freed = true;
	else
		destroy(c);
}

struct channel *
channel_new(struct loop *l, int fd, const struct channel_limits *limits,
	const struct channel_handler *handler, void *ctx)
{
	struct channel *c = heap_calloc(1, sizeof(*c));

	c->fd = fd;
	c->limits = limits;
	c->handler = handler;
	c->ctx = ctx;
	c->end = timer_new(l, on_end, c);
	c->watch = watch_new(l, fd, WATCH_READ, on_ready, c);
	return c;
}
