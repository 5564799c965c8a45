/*
 * net/listen: listening sockets and the accepting of connections.
 *
 * Descriptors are bounded: when streams have taken all but a reserve (for questions, logs, files),
 * or the system has none, the connection idle longest makes room, and where all are busy the
 * listener rests for a second instead of spinning; clients wait in the backlog meanwhile.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "base/errbuf.h"
#include "base/str.h"

#include "net/loop.h"

/* Open a listening socket, non-blocking and close-on-exec.  spec: "inet:HOST:PORT",
 * "inet6:[ADDR]:PORT", "inet:PORT" (loopback), "unix:/PATH" (a stale socket is replaced;
 * unix_mode: its permissions).  Names are not resolved: HOST is an address or localhost.  IPv6
 * sockets take IPv6 only.  Returns the descriptor, the caller's, or -1 with e. */
int listen_open(struct str spec, unsigned unix_mode, struct errbuf *e) NODISCARD;

/* Is it written as listen_open() wants it?  Opens nothing. */
bool listen_valid(struct str spec, struct errbuf *e) NODISCARD;

struct listener;
/* Accept from a listening descriptor, which may be shared with other processes and is not owned.
 * accepted() owns each fd (non-blocking, close-on-exec). */
struct listener *listener_new(
	struct loop *l, int fd, void (*accepted)(void *ctx, int fd), void *ctx);
/* Say when descriptors run out: at most once in ten seconds; why is the system's reason. */
void listener_on_full(struct listener *n, void (*full)(void *ctx, const char *why));
/* Let its connections have the descriptors that are kept from the others: for an administrator, who
 * comes when they are short.  Whoever accepts sees to it that they are few. */
void listener_use_reserve(struct listener *n);
void listener_free(struct listener *n); /* NULL is fine */

#endif
