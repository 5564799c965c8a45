/*
 * net/stream: a served connection, byte stream in and out.
 *
 * Made for ten thousand idle connections at a few hundred bytes each: reading goes into one buffer
 * shared by the loop; only an unfinished message is kept per connection, and only as long.
 * Writing goes straight to the socket; what it does not take is kept (bounded) and sent later,
 * meanwhile nothing more is read (a peer that does not read its answers cannot make us store
 * them).  TCP_NODELAY is set.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/errbuf.h"
#include "base/str.h"
#include "net/loop.h"

struct stream;

struct stream_handler {
	/* Bytes have come: the unfinished rest kept so far and what is new, in one piece.  Returns
	 * how many were used; the rest is kept and shown again with more.  Not called while the
	 * stream is paused.  May call stream_close(), after which nothing is touched any more. */
	size_t (*input)(void *ctx, struct str bytes);
	/* The peer has gone, a limit or timer struck, or stream_close() was called: called exactly
	 * once, last; why is a literal ("eof", "error", "too much", "stuck", "idle", "closed"). */
	void (*closed)(void *ctx, const char *why);
};

struct stream_limits {
	size_t input_max;	/* unfinished bytes kept; more closes the connection */
	size_t output_max;	/* unsent bytes kept; more closes the connection */
	uint64_t unfinished_ms; /* from the first byte of a message to its last, else "stuck" */
	uint64_t idle_ms;	/* between messages, else "idle" */
};

/* Takes over fd (made non-blocking). */
struct stream *stream_new(struct loop *l, int fd, const struct stream_limits *limits,
	const struct stream_handler *handler, void *ctx);
/* Queue and try to send at once: give one whole stage of an answer per call, so that it leaves in
 * one write. */
void stream_write(struct stream *s, struct str bytes);
/* Stop and resume calls of input() (while a verdict is pending); bytes stay in the socket. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/* Close after what is queued was sent (or at once where the peer does not take it). */
void stream_close(struct stream *s);

/* Listening sockets.  spec: "inet:HOST:PORT", "inet6:[ADDR]:PORT", "inet:PORT" (loopback),
 * "unix:/PATH" (stale socket replaced, mode given); host names are not resolved: addresses only
 * (and localhost).  Returns the descriptor or -1 with err. */
int listen_open(struct str spec, unsigned unix_mode, struct errbuf *e);

struct listener;
/* Accept from a (shared) listening descriptor; not owned.  When descriptors run out the listener
 * rests for a second instead of spinning. */
struct listener *listener_new(
	struct loop *l, int fd, void (*accepted)(void *ctx, int fd), void *ctx);
void listener_free(struct listener *l);

#endif
