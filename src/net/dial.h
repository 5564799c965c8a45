/*
 * net/dial: ask a service at a unix socket one thing and take its whole answer.
 *
 * For commands, never for the daemon: it waits.  One deadline holds over connecting, asking and
 * answering, so a peer that is stuck, or says its answer byte by byte, costs no more than that.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/buf.h"

enum dial_end {
	DIAL_ANSWER,  /* the peer has said something and closed */
	DIAL_NOBODY,  /* nobody serves there; errno says what the system found */
	DIAL_DENIED,  /* we may not connect */
	DIAL_TIMEOUT, /* the deadline came first */
	DIAL_CLOSED,  /* the peer closed without a word, or the connection broke */
	DIAL_TOO_MUCH /* more than answer has room for */
};

/* path: of the socket, at most 107 bytes (longer ones nobody can serve: DIAL_NOBODY).  What was
 * said is put behind what answer holds; it is whole with DIAL_ANSWER only. */
enum dial_end dial_ask(
	const char *path, struct str request, uint64_t timeout_ms, struct buf *answer) NODISCARD;

#endif
