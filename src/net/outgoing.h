/*
 * net/outgoing: a connection to a server somewhere, on the loop, with TLS where it is wanted.
 *
 * For few connections to strangers: each has its own buffers and no deadline; whoever opens one
 * has a timer and ends it.  TLS is opportunistic (RFC 7435): it hides what is said from whoever
 * listens and proves nothing, so certificates are not looked at.
 *
 * Calls of a handler come from the loop only, never from inside a function below.
 */
#ifndef NET_OUTGOING_H
#define NET_OUTGOING_H

#include "base/ip.h"

#include "net/loop.h"

struct outgoing;

struct outgoing_handler {
	void (*connected)(void *ctx);
	/* Bytes have come: the rest kept so far and what is new, in one piece, borrowed for the
	 * call.  Returns how many were used; the others are shown again with more. */
	size_t (*input)(void *ctx, struct str bytes);
	/* TLS stands. */
	void (*secured)(void *ctx);
	/* It could not be opened, the peer has gone, or something broke: called once, last, the
	 * connection is no more.  why: a literal for people ("connection refused", "no TLS after
	 * all", ...). */
	void (*closed)(void *ctx, const char *why);
};

struct outgoing_options {
	struct loop *loop;
	struct ip to;
	uint16_t port;
	struct ip from;	  /* our address; len 0: whichever the system takes */
	size_t bytes_max; /* that are read from the peer in all, those of TLS included */
	const struct outgoing_handler *handler; /* borrowed */
	void *ctx;
};

/* Never NULL: what cannot be opened is closed() from the loop. */
struct outgoing *outgoing_new(const struct outgoing_options *o);
/* What the socket does not take at once follows. */
void outgoing_write(struct outgoing *o, struct str bytes);
/* Shake hands from the next byte on; what was not used of the input before is dropped.  name: of
 * the server, for SNI; empty: none. */
void outgoing_secure(struct outgoing *o, struct str name);
/* Close at once, without a call of closed(); what is unsent gets one try.  Allowed in every call of
 * the handler; NULL is fine. */
void outgoing_free(struct outgoing *o);

#endif
