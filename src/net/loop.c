/*
 * net/loop: see loop.h.
 *
 * Events live inside our own structures (event_assign), one allocation each.  Each call is the
 * last thing its event does, so that it may free its own timer or watch.
 */
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/arena.h"
#include "base/must.h"

#include "net/loop.h"
#include "net/loop_private.h"

struct timer {
	struct event ev;
	void (*call)(void *ctx);
	void *ctx;
};

struct watch {
	struct event ev;
	struct loop *loop;
	int fd;
	unsigned on;
	void (*call)(void *ctx, unsigned on);
	void (*on_signal)(void *ctx);
	void *ctx;
};

struct loop *
loop_new(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base = NULL;
	struct loop *l;

	if (c) {
		/* One thread: no locks.  No environment variable picks the kernel's interface. */
		event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
		base = event_base_new_with_config(c);
		event_config_free(c);
	}
	if (!base)
		return NULL;
	l = heap_calloc(1, sizeof(*l));
	l->base = base;
	l->scratch = heap_alloc(LOOP_SCRATCH);
	return l;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	streams_drop(l);
	event_base_free(l->base);
	heap_free(l->scratch);
	heap_free(l);
}

void
loop_run(struct loop *l)
{
	must(event_base_loop(l->base, 0) >= 0);
}

void
loop_once(struct loop *l)
{
	must(event_base_loop(l->base, EVLOOP_ONCE) >= 0);
}

void
loop_stop(struct loop *l)
{
	must(event_base_loopbreak(l->base) == 0);
}

static void
timer_struck(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	t->call(t->ctx);
}

struct timer *
timer_new(struct loop *l, void (*call)(void *ctx), void *ctx)
{
	struct timer *t = heap_calloc(1, sizeof(*t));

	t->call = call;
	t->ctx = ctx;
	must(event_assign(&t->ev, l->base, -1, 0, timer_struck, t) == 0);
	return t;
}

void
timer_set(struct timer *t, uint64_t in_ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(in_ms / 1000), .tv_usec = (suseconds_t)(in_ms % 1000 * 1000)};

	must(event_add(&t->ev, &tv) == 0);
}

void
timer_clear(struct timer *t)
{
	must(event_del(&t->ev) == 0);
}

void
timer_free(struct timer *t)
{
	if (!t)
		return;
	timer_clear(t);
	heap_free(t);
}

static void
watch_struck(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	unsigned on = (what & EV_READ ? WATCH_READ : 0u) | (what & EV_WRITE ? WATCH_WRITE : 0u);

	if (w->on_signal)
		w->on_signal(w->ctx);
	else
		w->call(w->ctx, on);
}

struct watch *
watch_new(struct loop *l, int fd, unsigned on, void (*call)(void *ctx, unsigned on), void *ctx)
{
	struct watch *w = heap_calloc(1, sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->call = call;
	w->ctx = ctx;
	must(event_assign(&w->ev, l->base, fd, EV_PERSIST, watch_struck, w) == 0);
	watch_set(w, on);
	return w;
}

void
watch_set(struct watch *w, unsigned on)
{
	short what = EV_PERSIST;

	must(!w->on_signal);
	if (on == w->on)
		return;
	if (on & WATCH_READ)
		what |= EV_READ;
	if (on & WATCH_WRITE)
		what |= EV_WRITE;
	must(event_del(&w->ev) == 0);
	must(event_assign(&w->ev, w->loop->base, w->fd, what, watch_struck, w) == 0);
	if (on)
		must(event_add(&w->ev, NULL) == 0);
	w->on = on;
}

struct watch *
loop_on_signal(struct loop *l, int signo, void (*call)(void *ctx), void *ctx)
{
	struct watch *w = heap_calloc(1, sizeof(*w));

	w->loop = l;
	w->fd = signo;
	w->on_signal = call;
	w->ctx = ctx;
	must(event_assign(&w->ev, l->base, signo, EV_SIGNAL | EV_PERSIST, watch_struck, w) == 0);
	must(event_add(&w->ev, NULL) == 0);
	return w;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	must(event_del(&w->ev) == 0);
	heap_free(w);
}
