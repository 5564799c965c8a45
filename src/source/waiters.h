/*
 * source/waiters: facts that wait for the answer to one and the same question.
 *
 * A source asks equal questions once; each fact that was handed to it meanwhile waits in the
 * question's list, and source_data is its place there.
 */
#ifndef SOURCE_WAITERS_H
#define SOURCE_WAITERS_H

#include "base/list.h"
#include "fact/fact.h"

/* The fact waits now. */
void waiters_add(struct list *waiters, struct fact *f);
/* It does not wait any more, or has not been waiting: source.cancel(). */
void waiters_cancel(struct fact *f);
/* None waits any more. */
void waiters_drop(struct list *waiters);
/* All that wait are in *to instead, which is initialised: whoever is told may free the question, or
 * ask again. */
void waiters_move(struct list *waiters, struct list *to);
/* Tell them all, each with a reference of its own, and give the caller's back. */
void waiters_tell(
	struct list *waiters, struct answer *a, void (*answered)(struct fact *f, struct answer *a));

#endif
