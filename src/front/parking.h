/*
 * front/parking: visits that wait for the next command.
 *
 * A visit keeps its facts at hand for what the client says next, but it is large compared with a
 * connection (some 12 KiB against a few hundred bytes), and ten thousand clients may sit idle.  So
 * each front has one parking that holds the visits nobody works on, at most so many: beyond that
 * the one parked longest ends.  Its connection begins a new one when it is wanted again; what had
 * been asked lies in the answer cache by then.
 */
#ifndef FRONT_PARKING_H
#define FRONT_PARKING_H

#include "base/list.h"
#include "front/gate.h"

#define PARKING_MAX 256

struct parking {
	struct list visits; /* parked longest first */
	size_t n;
};

/* A connection's visit, parked or in use. */
struct place {
	struct list link;
	struct visit *visit; /* NULL: none, or it was ended while parked */
};

void parking_init(struct parking *p);
void place_init(struct place *at);

/* Nobody works on the visit for now; parking again makes it the last to go. */
void parking_put(struct parking *p, struct place *at);
/* Somebody does: it is not ended behind his back. */
void parking_take(struct parking *p, struct place *at);
/* End the visit, if there is one. */
void parking_end(struct parking *p, struct place *at);

#endif
