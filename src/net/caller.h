/*
 * net/caller: a connection for somebody who may wait, but not for long.
 *
 * For processes of their own that work with a service: never in a loop that answers mail servers.
 * Each call has a deadline (of clock_us()) that holds over all that it does, so a peer that is
 * stuck, or says its answer byte by byte, costs no more than that.
 */
#ifndef NET_CALLER_H
#define NET_CALLER_H

#include "base/errbuf.h"
#include "base/str.h"

enum caller_end {
	CALLER_OK,
	CALLER_TIMEOUT, /* the deadline came first */
	CALLER_CLOSED,	/* the peer closed, or the connection broke; errno 0: closed in order */
};

/* Is the place written as caller_open() wants it: "inet:ADDRESS:PORT", "inet6:[ADDRESS]:PORT" or
 * "unix:/PATH"? */
bool caller_valid(struct str spec, struct errbuf *e) NODISCARD;
/* Connect; the descriptor is the caller's, and close-on-exec.  -1 with errno, ETIMEDOUT where the
 * deadline came first. */
int caller_open(struct str spec, uint64_t until_us) NODISCARD;
/* All of it. */
enum caller_end caller_say(int fd, struct str what, uint64_t until_us) NODISCARD;
/* What is there, at least one byte and at most max. */
enum caller_end caller_hear(int fd, char *room, size_t max, size_t *n, uint64_t until_us) NODISCARD;
/* Something is there to be read, or the peer has closed: nobody was asked anything, so it is a
 * farewell. */
bool caller_is_gone(int fd);
void caller_close(int fd);

#endif
