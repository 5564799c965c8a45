/*
 * net/local: sockets between the processes of one daemon.
 *
 * They have names in the abstract namespace of unix sockets: nothing is left behind in a file
 * system, and no directory has to be writable.  A name has nothing that a stranger could guess, and
 * each side asks the kernel who the other is: the same user or root, nobody else.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "base/errbuf.h"

#define LOCAL_NAME_MAX 64

/* A name that nobody else has: "mxward-WHAT-PID-" and 128 random bits. */
void local_name(const char *what, char out[LOCAL_NAME_MAX]);
/* A listening descriptor, non-blocking and close-on-exec, the caller's; -1 with e. */
int local_listen(const char *name, struct errbuf *e) NODISCARD;
/* Connect, without waiting.  The descriptor is non-blocking and close-on-exec; -1 where nobody
 * listens, somebody else does, or too many wait already: errno says which. */
int local_dial(const char *name) NODISCARD;
/* Whoever connected, or listened, is the user that we are, or root. */
bool local_is_ours(int fd) NODISCARD;

#endif
