/*
 * net/loop: the event loop, its timers and posted calls.
 *
 * A thin cover over libevent's event_base: with stream.c, udp.c the only files that see it.  One
 * loop per process, no threads.  All times are milliseconds.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer; /* opaque */
struct watch; /* a watched descriptor, opaque */

/* NULL when the system refuses. */
struct loop *loop_new(void);
void loop_free(struct loop *l);
/* Until loop_stop(), or until nothing is left to wait for (no timer set, nothing watched). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* from inside a call of the loop */
/* Run once: wait for at most one batch of events, handle it. */
void loop_once(struct loop *l);

/* One-shot timers.  The call comes from the loop, never early; timer_set() replaces a time set
 * before; everything, also timer_free(), is allowed inside the call. */
struct timer *timer_new(struct loop *l, void (*call)(void *ctx), void *ctx);
void timer_set(struct timer *t, uint64_t in_ms);
void timer_clear(struct timer *t);
void timer_free(struct timer *t); /* NULL is fine */

enum watch_on { WATCH_READ = 1, WATCH_WRITE = 2 };
/* Call while fd is readable and/or writable (level-triggered, persistent).  Does not own fd. */
struct watch *watch_new(
	struct loop *l, int fd, unsigned on, void (*call)(void *ctx, unsigned on), void *ctx);
void watch_set(struct watch *w, unsigned on); /* 0 pauses */
void watch_free(struct watch *w);	      /* NULL is fine; allowed inside its own call */

/* Unix signals as events; watch_free() ends it. */
struct watch *loop_on_signal(struct loop *l, int signo, void (*call)(void *ctx), void *ctx);

#endif
