/*
 * front/front_private: what the fronts have in common, for them alone.
 *
 * Each protocol has a struct that begins with a struct conn, and a struct protocol that says how
 * its bytes become messages.
 */
#ifndef FRONT_FRONT_PRIVATE_H
#define FRONT_FRONT_PRIVATE_H

#include "base/arena.h"
#include "base/list.h"
#include "front/front.h"
#include "front/parking.h"
#include "net/stream.h"

struct conn {
	struct arena arena; /* holds this very struct */
	struct list link;
	struct front *front;
	struct stream *stream;
	struct place place; /* of the visit */
	bool pending;	    /* a verdict is: nothing more is read */
};

enum conn_step {
	CONN_MORE,  /* the message is not complete yet */
	CONN_NEXT,  /* it was acted upon, *used_out is its length */
	CONN_CLOSE, /* and that was all */
};

struct protocol {
	size_t conn_size; /* of the struct that begins with struct conn; it is cleared */
	size_t message_max;
	size_t output_max;
	enum conn_step (*step)(struct conn *c, struct str bytes, size_t *used_out);
};

struct front {
	struct arena arena; /* holds this very struct */
	struct loop *loop;
	struct gate *gate;
	const struct protocol *protocol;
	struct stream_limits limits;
	struct list conns;
	struct parking parking;
};

/* Borrows all but the limits. */
struct front *front_new(struct loop *l, struct gate *g, const struct front_limits *limits,
	const struct protocol *protocol);

/* The answer to a recipient: written, and the next message may come. */
void conn_answer(struct conn *c, struct str answer);

#endif
