/*
 * store/client_line: a client's connection to a process that has the store, which is made again
 * whenever it is gone.
 *
 * Frames come one by one; what is no frame, or makes no sense to whoever is told of it, ends the
 * connection and is said once in a minute.  Dialled again after 100 ms, doubling to 1 s while
 * nothing comes of it.  The name is one that the daemon's parent listens at: connecting succeeds
 * whether anybody is there or not, so it counts from the first STATE on.
 */
#ifndef STORE_CLIENT_LINE_H
#define STORE_CLIENT_LINE_H

#include "net/channel.h"
#include "net/local.h"
#include "store/client.h"
#include "wire/store.h"

struct line_handler {
	/* False: it makes no sense. */
	bool (*frame)(void *ctx, const struct store_frame *f);
	/* All that had to wait was sent; may be NULL. */
	void (*sent)(void *ctx);
	/* It was connected, and is no more; from the loop. */
	void (*gone)(void *ctx);
	void (*say)(void *ctx, enum store_say level, const char *text);
};

struct line {
	struct loop *loop;
	char name[LOCAL_NAME_MAX];
	const struct line_handler *handler;
	void *ctx;
	struct channel *channel; /* NULL: none */
	bool heard;		 /* it has told its state */
	struct store_frame_state state;
	struct timer *dial;
	uint64_t pause_ms; /* the last one before dialling */
	uint64_t said_ms;
	bool said;
};

/* Borrows the handler. */
void line_init(struct line *l, struct loop *loop, const char *name,
	const struct line_handler *handler, void *ctx);
/* No call of the handler comes. */
void line_done(struct line *l);
/* Once both are initialised; the first word comes from the loop. */
void line_dial(struct line *l);
/* False: there is no connection, or it is about to end. */
bool line_write(struct line *l, struct str bytes);

#endif
