/*
 * net/stream: see stream.h.
 *
 * Plain read and write events, not libevent's bufferevents: those cost two evbuffers and about a
 * kilobyte per idle connection, and change the kernel's interest list with each answer.
 *
 * Interest is dropped late: a paused stream stays in the kernel's list and leaves it only when
 * bytes come all the same.  A client that waits for its answer (every MTA does) never makes us
 * touch the list.
 *
 * What cannot happen now (end, delivery of kept bytes) is left to the loop by activating the read
 * event with WAKE; libevent runs it in the same round, without a system call.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"

#include "net/loop_private.h"
#include "net/stream.h"

#define WAKE	  EV_TIMEOUT /* no stream event has a timeout of libevent's own */
#define NEVER	  UINT64_MAX
#define KEPT_ROOM ((size_t)2048) /* least room to read into behind kept bytes */
/* Deadlines are looked through no more often than this; so late may one strike. */
#define TICK_MS 100

struct bytes {
	char *p;
	size_t n, max;
};

struct stream {
	struct stream *next, *prev;
	struct loop *loop;
	const struct stream_limits *limits;
	const struct stream_handler *handler;
	void *ctx;
	struct event in, out;
	struct bytes kept;   /* received, not yet used */
	struct bytes unsent; /* `out` is in the loop as long as it holds any */
	uint64_t began;	     /* when the unfinished message, or the unsent output, began */
	uint64_t due;	     /* deadline, NEVER while paused */
	const char *why;     /* set: on its way out */
	int fd;
	bool gone;     /* with why: do not wait for output */
	bool paused;   /* by the handler */
	bool held;     /* likewise: see stream_hold() */
	bool reading;  /* `in` is in the loop */
	bool in_input; /* the handler's input() is running ... */
	bool again;    /* ... and has resumed the stream meanwhile */
};

/* Kept bytes. */

static void
bytes_clear(struct bytes *b)
{
	heap_free(b->p);
	*b = (struct bytes){0};
}

static void
bytes_add(struct bytes *b, struct str s)
{
	if (b->max - b->n < s.n) {
		b->max = b->n + s.n;
		b->p = heap_realloc(b->p, b->max);
	}
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

static void
bytes_drop(struct bytes *b, size_t used)
{
	b->n -= used;
	if (b->n == 0)
		bytes_clear(b);
	else if (used > 0)
		memmove(b->p, b->p + used, b->n);
}

/* Deadlines. */

static void
tick_arm(struct loop *l, uint64_t at, uint64_t now)
{
	uint64_t in = at > now + TICK_MS ? at - now : TICK_MS;
	struct timeval tv = {
		.tv_sec = (time_t)(in / 1000), .tv_usec = (suseconds_t)(in % 1000 * 1000)};

	if (at == NEVER || (l->tick_at > 0 && l->tick_at <= at))
		return;
	l->tick_at = now + in;
	must(event_add(&l->tick, &tv) == 0);
}

static void
wake(struct stream *s)
{
	event_active(&s->in, WAKE, 0);
}

/* The end has come, without waiting for output; the first reason stands. */
static void
fail(struct stream *s, const char *why)
{
	if (!s->why)
		s->why = why;
	s->gone = true;
	wake(s);
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t now = clock_ms(), next = NEVER;

	l->tick_at = 0;
	for (struct stream *s = l->streams; s; s = s->next) {
		if (s->due <= now) {
			s->due = NEVER;
			fail(s, s->unsent.n > 0 || s->kept.n > 0 ? "stuck" : "idle");
		} else if (s->due < next) {
			next = s->due;
		}
	}
	tick_arm(l, next, now);
}

static bool
is_ready(const struct stream *s)
{
	return !s->paused && s->unsent.n == 0 && !s->why;
}

static bool
is_quiet(const struct stream *s)
{
	return is_ready(s) && s->kept.n == 0 && !s->held;
}

/* After each change: what is waited for now, and how long. */
static void
settle(struct stream *s)
{
	uint64_t now = clock_ms();

	if (s->gone)
		return;
	if (s->unsent.n > 0 || (s->kept.n > 0 && !s->paused))
		s->due = s->began + s->limits->unfinished_ms;
	else
		s->due = s->paused ? NEVER : now + s->limits->idle_ms;
	tick_arm(s->loop, s->due, now);
	if (is_ready(s) && !s->reading) {
		must(event_add(&s->in, NULL) == 0);
		s->reading = true;
	}
	if (s->loop->finishing && is_quiet(s))
		stream_close(s);
}

static void
stop_reading(struct stream *s)
{
	if (s->reading)
		must(event_del(&s->in) == 0);
	s->reading = false;
}

/* The end. */

static void
finish(struct stream *s)
{
	const struct stream_handler *handler = s->handler;
	const char *why = s->why;
	struct loop *l = s->loop;
	void *ctx = s->ctx;

	must(event_del(&s->in) == 0);
	must(event_del(&s->out) == 0);
	close(s->fd);
	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else
		l->streams = s->next;
	bytes_clear(&s->kept);
	bytes_clear(&s->unsent);
	heap_free(s);
	if (--l->n_streams == 0) {
		must(event_del(&l->tick) == 0);
		l->tick_at = 0;
		if (l->finishing)
			event_active(&l->finished, EV_TIMEOUT, 0);
	}
	handler->closed(ctx, why);
}

/* Input. */

/* Show bytes to the handler; how many were used. */
static size_t
deliver(struct stream *s, struct str bytes)
{
	size_t used = 0;

	do {
		struct str rest = str_skip(bytes, used);
		size_t n;

		s->again = false;
		s->in_input = true;
		n = s->handler->input(s->ctx, rest);
		s->in_input = false;
		must(n <= rest.n);
		used += n;
		/* A handler that was answered at once has paused and resumed: nobody else will
		 * show it the messages behind. */
	} while (s->again && used < bytes.n && is_ready(s));
	return used;
}

static void
input_done(struct stream *s, size_t used)
{
	/* The rest is one unfinished message only if the handler could go on. */
	if (is_ready(s) && s->kept.n > s->limits->input_max)
		fail(s, "too much");
	if (s->kept.n > 0 && s->unsent.n == 0 && (used > 0 || s->began == 0))
		s->began = clock_ms();
	if (s->kept.n == 0 && s->unsent.n == 0)
		s->began = 0;
}

static void
deliver_kept(struct stream *s)
{
	size_t used = deliver(s, str_from(s->kept.p, s->kept.n));

	bytes_drop(&s->kept, used);
	input_done(s, used);
}

static void
deliver_new(struct stream *s, struct str bytes)
{
	size_t used = deliver(s, bytes);

	if (used < bytes.n)
		bytes_add(&s->kept, str_skip(bytes, used));
	input_done(s, used);
}

/* Room behind the kept bytes: what is read lies in one piece with them. */
static void
kept_grow(struct stream *s)
{
	struct bytes *k = &s->kept;

	if (k->max - k->n >= KEPT_ROOM)
		return;
	k->max = k->n + (k->n > KEPT_ROOM ? k->n : KEPT_ROOM);
	k->p = heap_realloc(k->p, k->max);
}

static void
receive(struct stream *s)
{
	struct bytes *k = &s->kept;
	ssize_t n;

	if (k->n > 0) {
		kept_grow(s);
		n = recv(s->fd, k->p + k->n, k->max - k->n, MSG_DONTWAIT);
	} else {
		n = recv(s->fd, s->loop->scratch, LOOP_SCRATCH, MSG_DONTWAIT);
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			fail(s, "error");
	} else if (n == 0) {
		fail(s, "eof");
	} else if (k->n > 0) {
		k->n += (size_t)n;
		deliver_kept(s);
	} else {
		deliver_new(s, str_from(s->loop->scratch, (size_t)n));
	}
}

static void
on_in(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	if (s->why && (s->gone || s->unsent.n == 0)) {
		finish(s);
		return;
	}
	if (!is_ready(s))
		stop_reading(s);
	else if ((what & WAKE) && s->kept.n > 0)
		deliver_kept(s);
	else if (what & EV_READ)
		receive(s);
	settle(s);
}

/* Output. */

/* Give the socket what it takes.  Returns how much, 0 also where the stream has failed. */
static size_t
give(struct stream *s, struct str bytes)
{
	ssize_t n = send(s->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		fail(s, "error");
	return 0;
}

static void
on_out(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	if (s->gone)
		return; /* its end is on its way */
	bytes_drop(&s->unsent, give(s, str_from(s->unsent.p, s->unsent.n)));
	if (s->unsent.n > 0)
		return;
	must(event_del(&s->out) == 0);
	s->began = s->kept.n > 0 ? clock_ms() : 0;
	if (s->why || s->kept.n > 0)
		wake(s);
	settle(s);
}

void
stream_write(struct stream *s, struct str bytes)
{
	size_t sent = 0;

	if (s->why || bytes.n == 0)
		return;
	if (s->unsent.n == 0)
		sent = give(s, bytes);
	if (sent == bytes.n || s->gone)
		return;
	bytes = str_skip(bytes, sent);
	if (bytes.n > s->limits->output_max || s->unsent.n > s->limits->output_max - bytes.n) {
		fail(s, "too much");
		return;
	}
	if (s->unsent.n == 0) {
		must(event_add(&s->out, NULL) == 0);
		s->began = clock_ms();
	}
	bytes_add(&s->unsent, bytes);
	settle(s);
}

/* Life. */

void
stream_pause(struct stream *s)
{
	s->paused = true;
	s->again = false;
	if (s->unsent.n == 0)
		s->due = NEVER;
}

void
stream_resume(struct stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	s->again = true;
	if (s->unsent.n == 0)
		s->began = 0; /* the peer is not to blame for the time of the pause */
	if (s->in_input || s->why)
		return;
	if (s->kept.n > 0)
		wake(s);
	else
		settle(s);
}

void
stream_hold(struct stream *s, bool held)
{
	s->held = held; /* settle() looks at it after input() */
}

void
stream_close(struct stream *s)
{
	if (s->why)
		return;
	s->why = "closed";
	if (s->unsent.n == 0)
		wake(s);
}

struct stream *
stream_new(struct loop *l, int fd, const struct stream_limits *limits,
	const struct stream_handler *handler, void *ctx)
{
	struct stream *s = heap_calloc(1, sizeof(*s));
	int on = 1;

	s->loop = l;
	s->fd = fd;
	s->limits = limits;
	s->handler = handler;
	s->ctx = ctx;
	/* Fails for a unix socket, which has no delay to switch off. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	must(event_assign(&s->in, l->base, fd, EV_READ | EV_PERSIST, on_in, s) == 0);
	must(event_assign(&s->out, l->base, fd, EV_WRITE | EV_PERSIST, on_out, s) == 0);
	if (!event_initialized(&l->tick))
		must(event_assign(&l->tick, l->base, -1, 0, tick, l) == 0);
	s->next = l->streams;
	if (s->next)
		s->next->prev = s;
	l->streams = s;
	l->n_streams++;
	settle(s);
	return s;
}

/* All streams of a loop. */

static void
finished(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	l->finishing(l->finishing_ctx);
}

void
streams_finish(struct loop *l, void (*done)(void *ctx), void *ctx)
{
	if (l->finishing)
		return;
	l->finishing = done;
	l->finishing_ctx = ctx;
	must(event_assign(&l->finished, l->base, -1, 0, finished, l) == 0);
	if (l->n_streams == 0)
		event_active(&l->finished, EV_TIMEOUT, 0);
	for (struct stream *s = l->streams; s; s = s->next)
		if (is_quiet(s))
			stream_close(s);
}

bool
streams_shed(struct loop *l, uint64_t min_idle_ms)
{
	struct stream *oldest = NULL;
	uint64_t now = clock_ms(), longest = 0;

	for (struct stream *s = l->streams; s; s = s->next) {
		uint64_t idle;

		if (!is_quiet(s))
			continue;
		idle = now + s->limits->idle_ms - s->due;
		if (idle >= min_idle_ms && (!oldest || idle > longest)) {
			oldest = s;
			longest = idle;
		}
	}
	if (oldest)
		fail(oldest, "idle");
	return oldest != NULL;
}

size_t
streams_count(const struct loop *l)
{
	return l->n_streams;
}

void
streams_drop(struct loop *l)
{
	for (struct stream *s = l->streams, *next; s; s = next) {
		next = s->next;
		must(event_del(&s->in) == 0);
		must(event_del(&s->out) == 0);
		close(s->fd);
		bytes_clear(&s->kept);
		bytes_clear(&s->unsent);
		heap_free(s);
	}
	l->streams = NULL;
}
