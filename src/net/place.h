/*
 * net/place: where a service is, as settings write it, and as the system wants it.
 *
 * Names are not resolved: that would block, and the resolver that it asked would be nobody's
 * choice.
 */
#ifndef NET_PLACE_H
#define NET_PLACE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/errbuf.h"
#include "base/str.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct place {
	union address a;
	socklen_t size;
};

/* "inet:HOST:PORT", "inet6:[ADDR]:PORT", "inet:PORT" (loopback), "unix:/PATH"; HOST is an address
 * or localhost.  False with e filled where it is written otherwise. */
bool place_parse(struct str spec, struct place *out, struct errbuf *e) NODISCARD;

#endif
