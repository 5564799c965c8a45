/*
 * net/loop_private: what the files of net/ share of a loop.
 *
 * Nobody outside this directory includes it: it shows libevent.
 */
#ifndef NET_LOOP_PRIVATE_H
#define NET_LOOP_PRIVATE_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/loop.h"

/* One read takes at most this much, of whichever stream is readable. */
#define LOOP_SCRATCH ((size_t)64 << 10)

struct stream;

struct loop {
	struct event_base *base;
	char *scratch;		/* LOOP_SCRATCH bytes, of whoever reads just now */
	struct stream *streams; /* all of this loop, doubly linked: stream.c */
	size_t n_streams;
	struct event tick;	      /* looks through the deadlines of streams */
	uint64_t tick_at;	      /* when it strikes, 0: not armed */
	void (*finishing)(void *ctx); /* set: streams_finish() is under way */
	void *finishing_ctx;
	struct event finished; /* calls it */
};

/* Forget the streams of a loop that ends, without a call of closed(). */
void streams_drop(struct loop *l);

#endif
