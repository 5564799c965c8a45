/*
 * store, inside: what a back provides, and what store.c has for it.
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "base/list.h"
#include "store/age.h"
#include "store/record.h"
#include "store/store.h"

/* Told a record; false ends. */
typedef bool rested_each_fn(void *ctx, struct rested *r);

struct wish {
	enum store_table table;
	struct str key;
};

/* Calls that take as long as they take.  STORE_FAIL: s->trouble says why. */
struct store_back {
	/* All of the changes or none, in one transaction, with the store's time now.  safely: on
	 * the disk when it returns.  n may be 0. */
	enum store_status (*apply)(
		struct store *s, const struct store_op *const *ops, size_t n, bool safely);
	/* *out is valid until the next call of the back. */
	enum store_status (*read)(
		struct store *s, enum store_table table, struct str key, struct rested *out);
	/* All of this will be read next: whoever has a way to go fetches it in one.  May be NULL.
	 */
	void (*foresee)(struct store *s, const struct wish *wish, size_t n);
	/* In the order of the query; over ones may be among them. */
	enum store_status (*find)(
		struct store *s, const struct store_query *q, rested_each_fn *each, void *ctx);
	/* A hot table may have changed since this was asked last, whoever did it. */
	bool (*hot_changed)(struct store *s);
	/* Forget at most max records that are over, past their keep, or too much; *n: how many. */
	enum store_status (*sweep)(struct store *s, size_t max, size_t *n);
	enum store_status (*stats)(struct store *s, struct store_stats *out);
	enum store_status (*check)(struct store *s, void (*fault)(void *ctx, const char *text),
		void *ctx, uint64_t *records);
	bool (*backup)(struct store *s, const char *path, struct errbuf *e);
	/* The wall clock that the store's time goes by.  NULL: the system's. */
	int64_t (*wall)(struct store *s);
	void (*close)(struct store *s);
};

struct image {
	struct store_image shown;
	struct store_record **list; /* the same as shown.record */
	int64_t loaded;		    /* the store's time then */
	struct arena arena;
};

struct store {
	const struct store_back *back;
	void *own; /* the back's */
	struct store_options o;
	struct age age;

	struct list queue; /* of struct queued */
	size_t queue_bytes;
	uint64_t oldest_ms; /* when the first change was queued */
	uint64_t unsafe_ms; /* when the first change was written that is not safe; 0: all are */
	uint64_t retry_ms;  /* not before this, after trouble */
	uint64_t pause_ms, pause_max_ms;
	size_t batch_max, batch_bytes; /* changes that apply() is given at once, at most */
	uint64_t sweep_ms, hot_ms;     /* next time */
	bool hot_stale;		       /* an image is older than its table */

	struct list asked; /* of struct asked */
	size_t n_asked;

	struct image image[STORE_TABLES];
	struct store_counters count;
	char trouble[256];
};

struct store *store_new(const struct store_back *back, const struct store_options *o);
uint64_t store_ms(const struct store *s);
int64_t store_wall(const struct store *s);
/* After trouble, before it is tried again. */
bool store_is_pausing(const struct store *s);
/* As store_write(), for what the back itself wants: nobody is told when it has been written. */
bool store_write_own(struct store *s, const struct store_op *op);
/* The store's time now. */
int64_t store_now(struct store *s);
void store_say(struct store *s, enum store_say level, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Note why; always STORE_FAIL. */
enum store_status store_trouble(struct store *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
