/*
 * net/channel: a connection between two processes of one daemon.
 *
 * Beside a stream (stream.h), which is a mail server's: a channel is none of those that a stop
 * waits for or that make room for others, it has no deadlines, and it takes what comes in slices,
 * so that a peer that says much at once holds nobody up.
 *
 * Calls of a handler come from the loop only, never from inside a function below.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "base/str.h"

#include "net/loop.h"

struct channel;

struct channel_handler {
	/* Bytes have come: the rest kept so far and what is new, in one piece, borrowed for the
	 * call.  Returns how many were used; the others are shown again with more. */
	size_t (*input)(void *ctx, struct str bytes);
	/* All that had to wait was sent.  May be NULL. */
	void (*sent)(void *ctx);
	/* The peer has gone ("eof"), or something broke ("error", "too much"): called once, last,
	 * the channel is no more. */
	void (*closed)(void *ctx, const char *why);
};

struct channel_limits {
	size_t slice;	   /* bytes read in one turn of the loop */
	size_t input_max;  /* of one unfinished message; more closes the channel */
	size_t output_max; /* unsent bytes; more closes the channel */
};

/* Takes over fd, a connected socket.  Borrows limits and handler. */
struct channel *channel_new(struct loop *l, int fd, const struct channel_limits *limits,
	const struct channel_handler *handler, void *ctx);
/* Send, as far as the socket takes it at once; the rest follows.  False: the channel is about to
 * end, and nothing of it was sent. */
bool channel_write(struct channel *c, struct str bytes);
size_t channel_unsent(const struct channel *c);
/* Wait until all is sent, but not longer than this.  False: some is not. */
bool channel_flush(struct channel *c, uint64_t wait_ms);
/* Close at once, without a call of closed(): what is unsent is lost.  Allowed in every call of the
 * handler; NULL is fine. */
void channel_free(struct channel *c);

#endif
