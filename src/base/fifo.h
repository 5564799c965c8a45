/*
 * fifo: bytes that wait to be used, in the order they came.
 *
 * They lie in one piece, and each is moved once on average however long the queue becomes.  One
 * that runs empty gives back what is more than a little memory.
 */
#ifndef BASE_FIFO_H
#define BASE_FIFO_H

#include "base/buf.h"

struct fifo {
	char *p;
	size_t at, n, max; /* of n bytes those before `at` are used */
};

/* All that waits, borrowed until the next call. */
struct str fifo_bytes(const struct fifo *f);
static inline size_t
fifo_size(const struct fifo *f)
{
	return f->n - f->at;
}
/* Room behind them for at least so many more; what is written there counts from fifo_added() on. */
char *fifo_room(struct fifo *f, size_t more);
void fifo_added(struct fifo *f, size_t n);
void fifo_put(struct fifo *f, struct str bytes);
/* The first n are used. */
void fifo_use(struct fifo *f, size_t n);
void fifo_done(struct fifo *f); /* free it; it is empty */

#endif
