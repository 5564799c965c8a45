/*
 * source/history: answers on histories from the store, with a small memory of its own before it.
 *
 * What the store said is good for half a minute; what this process adds meanwhile is added to it
 * here too, so that one who comes again at once is known by what he just did.  Additions of other
 * processes are seen half a minute later at most.  Equal questions are asked once.  Trouble of the
 * store is HISTORY_FAIL, kept for a moment only, and never the same as none.
 *
 * A registration that the store does not have may be on its way: the answer is HISTORY_UNKNOWN,
 * kept for a moment, and whoever can find it out is told that it is wanted (see
 * store/registration.h).
 *
 * The store's client sees to it that nobody waits long (store/client.h).  Memory is bounded: what
 * was used longest ago goes.
 */
#ifndef SOURCE_HISTORY_H
#define SOURCE_HISTORY_H

#include "fact/fact.h"
#include "net/loop.h"
#include "store/client.h"

struct source_history;

struct source_history_options {
	struct loop *loop;
	struct store_client *store;
	size_t bytes;	  /* about; 0: 8 MiB */
	uint64_t keep_ms; /* 0: 30 s */
	uint64_t fail_ms; /* 0: 1 s */
	/* An answer to a fact given to start(): from the loop, exactly once, with a reference. */
	void (*answered)(struct fact *f, struct answer *a);
	/* The store does not know when this domain was registered.  NULL: nobody can find out. */
	void (*wanted)(void *ctx, struct str domain);
	void *ctx; /* of wanted */
};

struct source_history *source_history_new(const struct source_history_options *o);
/* All facts must have been answered or cancelled, and the store must still be there.  NULL is fine.
 */
void source_history_free(struct source_history *s);
struct history_source *source_history_source(struct source_history *s);

/* So much is written to the store by this process: numbers and score of *more are added to what is
 * known.  True: *before_out is what was known before; false: it was not, or cannot be told. */
bool source_history_add(struct source_history *s, enum history_kind what, struct str name,
	const struct history *more, struct history *before_out);

struct source_history_stats {
	uint64_t hits, asked, failed, evicted;
	size_t entries, bytes;
};
struct source_history_stats source_history_stats(const struct source_history *s);

/* Where the store has it: the table, and the key, of at most HISTORY_NAME_MAX + 2 bytes. */
enum store_table history_key(enum history_kind what, struct str name, struct buf *out);

#endif
