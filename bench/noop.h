/*
 * noop: the frame of the servers that do nothing: the floors under every comparison.
 *
 * One process, epoll, one read and at most one write for each wake-up of a connection.  What such
 * a server costs is what the protocol, the kernel and the client cost.
 */
#ifndef BENCH_NOOP_H
#define BENCH_NOOP_H

#include "base/buf.h"
#include "base/str.h"

/* All that is remembered of a connection between two reads. */
struct noop_conn {
	int fd;
	uint32_t have, agreed; /* the protocol's, as head is */
	char head[20];
};

/* Bytes have come: write the answers to out, which leaves in one piece; false closes
 * after that. */
typedef bool noop_input(struct noop_conn *c, struct str bytes, struct buf *out);

/* Serves the endpoint in argv[1] until the program is killed. */
int noop_main(int argc, char **argv, noop_input *input);

#endif
