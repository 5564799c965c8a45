/*
 * front/memo: finished transactions, to be used again while what they know still holds.
 *
 * The same client with the same HELO and sender leads to the same questions, answers and findings
 * as long as no answer has expired; only the verdict depends on more (recipient, case, state of the
 * daemon) and is always made anew.  So a transaction in which every check is done and no question
 * failed is kept, facts and all, until the first of its answers expires or the canary of DNS lists
 * changes.  Memory is bounded; what was used longest ago goes.  Times are clock_ms() of the caller.
 */
#ifndef FRONT_MEMO_H
#define FRONT_MEMO_H

#include "base/list.h"
#include "core/run.h"

struct memo;

/* A transaction with memory of its own, counted.  txn is NULL until its owner begins it. */
struct kept {
	unsigned refs;
	struct arena arena;
	struct transaction *txn;
	/* the memo's */
	struct list link;
	struct kept *next;
	uint64_t hash, expires_ms;
	size_t weight; /* bytes */
	bool stored;
};

/* bytes: memory for transactions, about; 0 keeps none. */
struct memo *memo_new(size_t bytes);
void memo_free(struct memo *m); /* NULL is fine */
/* Forget all: other settings are in force. */
void memo_clear(struct memo *m, size_t bytes);

/* An empty one with one reference. */
struct kept *memo_fresh(struct memo *m);
/* Give a reference back; the last one ends the transaction. */
void memo_release(struct memo *m, struct kept *k);

/* Who is asked about. */
struct memo_key {
	struct ip client;
	struct str helo, from;
	uint64_t skip;	    /* checks that are not made */
	uint64_t suspended; /* lists that are not asked */
};
/* With a reference for the caller, or NULL. */
struct kept *memo_get(struct memo *m, const struct memo_key *key, uint64_t now_ms);
/* Keep it where that is right; until_ms: at the longest. */
void memo_put(struct memo *m, struct kept *k, const struct memo_key *key, uint64_t until_ms,
	uint64_t now_ms);

#endif
