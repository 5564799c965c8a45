/*
 * net/stream: a served connection, byte stream in and out.
 *
 * Made for ten thousand idle connections at a few hundred bytes each: reading goes into one buffer
 * shared by the loop; only an unfinished message is kept per connection, and only as long.
 * Writing goes straight to the socket; what it does not take is kept (bounded) and sent later,
 * meanwhile nothing more is read (a peer that does not read its answers cannot make us store
 * them).  TCP_NODELAY is set.  A request costs one wait, one read, one write; deadlines cost a
 * store each, as one lazy timer of the loop looks through them.
 *
 * input() and closed() are called from the loop only, never from inside a function below, so a
 * handler's own state changes nowhere under its feet.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/str.h"

#include "net/loop.h"

struct stream;

struct stream_handler {
	/* Bytes have come: the unfinished rest kept so far and what is new, in one piece, borrowed
	 * for the call.  Use every complete message, unless the stream becomes paused, and return
	 * how many bytes were used; the rest is kept and shown again, as a rule with more.  Not
	 * called while the stream is paused, nor after stream_close(), which may be called here. */
	size_t (*input)(void *ctx, struct str bytes);
	/* The peer has gone, a limit or timer struck, or stream_close() was called: called exactly
	 * once, last, the stream is no more; why is a literal ("eof", "error", "too much",
	 * "stuck", "idle", "closed"). */
	void (*closed)(void *ctx, const char *why);
};

struct stream_limits {
	size_t input_max;	/* bytes of one unfinished message; more closes the connection */
	size_t output_max;	/* unsent bytes kept; more closes the connection */
	uint64_t unfinished_ms; /* from the first byte of a message to its last, else "stuck";
				 * also from the first unsent byte until all is sent */
	uint64_t idle_ms;	/* between messages, else "idle"; not while paused */
};

/* Takes over fd, a connected socket.  Borrows limits and handler while the stream lives. */
struct stream *stream_new(struct loop *l, int fd, const struct stream_limits *limits,
	const struct stream_handler *handler, void *ctx);
/* Queue and try to send at once: give one whole stage of an answer per call, so that it leaves in
 * one write.  Without effect once the stream is closed by either side. */
void stream_write(struct stream *s, struct str bytes);
/* Stop and resume calls of input() (while a verdict is pending); bytes stay in the socket, and so
 * does the news that the peer has gone: a peer that only ended its sending gets its answer.
 * Whoever pauses has a deadline of his own, and writes his answer before he resumes. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/* More belongs to what has come so far, though the stream is between messages (a milter's mail
 * transaction): streams_finish() waits for it, streams_shed() spares it.  For use in input(). */
void stream_hold(struct stream *s, bool held);
/* Close after what is queued was sent (or at once where the peer does not take it). */
void stream_close(struct stream *s);

/* Graceful stop: close every stream of this loop as soon as it is between messages; done is
 * called from the loop when none is left. */
void streams_finish(struct loop *l, void (*done)(void *ctx), void *ctx);
/* Close the stream that has been idle longest, if that is at least min_idle_ms.  False: none. */
bool streams_shed(struct loop *l, uint64_t min_idle_ms);
size_t streams_count(const struct loop *l);

#endif
