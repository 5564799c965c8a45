/*
 * store/client_ask: a client's questions to the process that answers them.
 *
 * Each is answered from the loop, once: by the process, or by STORE_FAIL when its time is over, and
 * at once where nobody is there.  A breaker spares mail the waiting: after several in a row without
 * an answer nothing is asked for 1 s to 30 s, then one question tries.
 */
#ifndef STORE_CLIENT_ASK_H
#define STORE_CLIENT_ASK_H

#include "base/fifo.h"
#include "base/list.h"
#include "store/client_line.h"

struct asker {
	struct line line;
	uint64_t get_ms;
	struct list asked;  /* in the order of their time */
	struct list failed; /* to be told so by the loop */
	size_t n_open;
	uint32_t last_id;
	struct timer *due, *send;
	struct fifo out; /* asked in this turn of the loop: they leave together */
	unsigned misses;
	uint64_t rest_ms, rest_until; /* rest_ms 0: the breaker is closed */
	uint32_t probe;		      /* the question that tries; 0: none */
	uint64_t n_asked, n_failed;
	const struct store_client_options *o;
};

/* Borrows o. */
void asker_init(
	struct asker *a, struct loop *l, const char *name, const struct store_client_options *o);
/* Questions that are open are not answered. */
void asker_done(struct asker *a);
/* As store_client_get() and store_client_forget(). */
bool asker_get(struct asker *a, enum store_table table, struct str key, store_answer_fn *answer,
	void *ctx);
void asker_forget(struct asker *a, const void *ctx);

#endif
