/*
 * front/front: a way in, whichever protocol it speaks.
 *
 * A front serves the connections of one protocol: front_policy_new(), front_milter_new() make one,
 * the rest is the same for all.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "front/gate.h"
#include "net/loop.h"

struct front;

struct front_limits {
	uint64_t unfinished_ms; /* from the first byte of a request or frame to its last */
	uint64_t idle_ms;	/* between them: a mail server may well be silent for an hour */
};
#define FRONT_LIMITS_DEFAULT \
	((struct front_limits){.unfinished_ms = 30 * 1000, .idle_ms = 60 * 60 * 1000})

/* Serve a connected socket, which is taken over.  front is a struct front; made to be given to
 * listener_new(). */
void front_accept(void *front, int fd);
/* Forget all connections and end their visits; NULL is fine.  The loop must not run any more
 * afterwards; loop_free() closes the descriptors.  To stop gently there is streams_finish(), which
 * lets pending verdicts, and a milter's messages that are under way, come to their end. */
void front_free(struct front *f);

#endif
