/*
 * store: what outlives a message: cases, exemptions, mailbox switches, history, counters.
 *
 * A record has a key, a value that only its owner understands, a few counters, and words by which
 * it can be searched.  All tables have this one shape, and this is the only way to them.
 *
 * Three backs: memory (tests), SQLite, and Redis (redis.h), which is asked over a network.  So
 * writes are queued and never waited for, answers come later, and only from store_work().
 *
 *	store_write()	queue a change: microseconds, no I/O.  A full queue drops it and counts.
 *	store_image()	look up in what is small and needed for each message: memory, no I/O.
 *	store_get()	ask for any other record; the answer comes from store_work().
 *	store_work()	the only call that touches the disk: writes what is due in one
 *			transaction, answers, loads images anew, forgets what is old.
 *	store_find()	search, at once.  For commands in their own process.
 *
 * store_work() can take as long as the disk takes, so it does not belong into the loop that answers
 * mail servers; docs/decisions/0006-store.md says where it does.
 *
 * A back that fails loses nothing that is queued: it is tried again with growing pauses, while the
 * images go on telling what they knew.  A reader can always be told STORE_FAIL, which must never
 * count as STORE_NONE.
 *
 * Time: only ages, see age.h.  Steps of the wall clock make nothing old.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/errbuf.h"
#include "base/str.h"

/* The numbers stand in files: never change one. */
enum store_table {
	STORE_CASE = 0,	   /* decisions by their id */
	STORE_EXEMPT = 1,  /* who is spared which checks */
	STORE_MAILBOX = 2, /* switches of mailboxes and domains */
	STORE_HISTORY = 3, /* clients, senders, domains: how they behaved */
	STORE_COUNTER = 4, /* sums that outlive a restart */
	STORE_SEEN = 5,	   /* when something was first seen */
	STORE_CALLOUT = 6, /* what the mail servers of senders said */
};
#define STORE_TABLES 7

struct store_table_info {
	const char *name;
	const char *what;
	bool hot;  /* has an image in memory */
	int evict; /* order of forgetting when the store is too large; 0: never */
	int kinds; /* of records, for retention: 1 or 2 */
	const char *kind[2];
};
extern const struct store_table_info store_tables[STORE_TABLES];

#define STORE_KEY_MAX	512
#define STORE_WORD_MAX	255
#define STORE_WORDS_MAX 24
#define STORE_VALUE_MAX ((size_t)256 << 10)
#define STORE_NUMBERS	6
#define STORE_KINDS	2
/* Longer than any record encoded. */
#define STORE_BLOB_MAX (STORE_VALUE_MAX + 8192)

enum store_status {
	STORE_OK,
	STORE_NONE, /* there is no such record: known for certain */
	STORE_FAIL, /* it cannot be said: trouble, or the record was damaged */
	STORE_BUSY, /* somebody else is writing: soon */
};

/* --- writing --- */

enum store_op_kind {
	STORE_PUT = 0, /* make or replace value, kind and words; numbers and age of before stay */
	STORE_ADD = 1, /* add to numbers and score; makes the record where there is none */
	STORE_DEL = 2,
};

/* Changes of any number of writers add up to the same, whatever order they come in. */
struct store_op {
	enum store_op_kind op;
	enum store_table table;
	struct str key;	  /* 1..STORE_KEY_MAX bytes */
	struct str value; /* PUT */
	uint8_t kind;	  /* PUT: below the table's kinds */
	int64_t keep_s;	  /* PUT, ADD: forget it so long after this; 0: by retention only */
	size_t n_words;	  /* PUT */
	struct str word[STORE_WORDS_MAX]; /* each 1..STORE_WORD_MAX bytes */
	int64_t add[STORE_NUMBERS];	  /* ADD */
	int64_t score;			  /* ADD: thousandths, added to what is left of the score */
	uint32_t half_life_s;		  /* ADD: of the score from now on; 0: it does not decay */
};

/* --- reading --- */

struct store_record {
	enum store_table table;
	uint8_t kind;
	struct str key, value;
	int64_t age_s;	/* since it was made */
	int64_t idle_s; /* since it was changed last */
	int64_t left_s; /* until it will be forgotten; 0: not by a date of its own */
	int64_t number[STORE_NUMBERS];
	int64_t score; /* as decayed until now */
	size_t n_words;
	struct str word[STORE_WORDS_MAX];
};

/* r is NULL but for STORE_OK, and lives until the call returns. */
typedef void store_answer_fn(void *ctx, enum store_status status, const struct store_record *r);

struct store_range {
	struct str from, to; /* inclusive, by bytes; the same twice: this word */
};
#define STORE_QUERY_WORDS 6

struct store_query {
	enum store_table table;
	int64_t since_s, until_s; /* changed at most, at least so long ago; 0: no limit */
	size_t n_words;		  /* all of them must be met by some word of the record */
	struct store_range word[STORE_QUERY_WORDS];
	size_t max; /* newest first; 0: all */
};

/* False ends the search. */
typedef bool store_each_fn(void *ctx, const struct store_record *r);

/* A table in memory, sorted by key. */
struct store_image {
	uint64_t generation;	  /* a number that grows with each load */
	enum store_status status; /* STORE_FAIL: never loaded */
	bool cut;		  /* more than STORE_IMAGE_MAX records: the rest is missing */
	size_t n;
	const struct store_record *const *record; /* ages as at loading */
};
#define STORE_IMAGE_MAX	      100000
#define STORE_IMAGE_BYTES_MAX ((size_t)64 << 20)

/* --- the store --- */

struct store; /* opaque */

enum store_say { STORE_SAY_INFO, STORE_SAY_WARN, STORE_SAY_ERROR };

/* Clocks of somebody else, for tests. */
struct store_clock {
	int64_t (*wall)(void); /* seconds */
	uint64_t (*ms)(void);  /* monotonic */
};

/* What is forgotten, and when. */
struct store_keep {
	int64_t s[STORE_TABLES][STORE_KINDS]; /* unchanged for so long; 0: for ever */
	int64_t max_size;		      /* bytes of the whole store; 0: no limit */
};

struct store_options {
	size_t queue_max;	/* changes; 0: 16384 */
	size_t queue_bytes_max; /* 0: 16 MiB */
	int busy_ms;		/* wait so long for another writer; 0: 50 */
	bool read_only;		/* nothing is made, repaired or put aside */
	bool no_images;		/* hot tables are not loaded */
	struct store_keep keep;
	const struct store_clock *clock; /* NULL: the system's */
	/* What an administrator should read.  May be NULL. */
	void (*say)(void *ctx, enum store_say level, const char *text);
	/* Told how many changes have come to rest, in the order of store_write().  May be NULL. */
	void (*written)(void *ctx, size_t n);
	void *ctx;
};

struct store *store_open_memory(const struct store_options *o);
/* Make or open a file.  A damaged one is put aside as PATH.corrupt-TIME and a new one begun; a file
 * that was never a store is left alone.  NULL with e filled where there can be none. */
struct store *store_open_sqlite(const char *path, const struct store_options *o, struct errbuf *e);
/* Writes what it can, once, and frees everything; questions that are open are not answered. */
void store_close(struct store *s);

/* Lengths and numbers are in their limits.  What a stranger can make longer is to be asked first.
 */
bool store_op_is_valid(const struct store_op *op);
/* Copies a valid change.  False: the queue is full, the change is dropped and counted. */
bool store_write(struct store *s, const struct store_op *op);
/* False: too many are open, there will be no answer. */
NODISCARD bool store_get(struct store *s, enum store_table table, struct str key,
	store_answer_fn *answer, void *ctx);
/* No answer with this ctx comes any more. */
void store_forget(struct store *s, const void *ctx);
/* Do what is due; returns the milliseconds after which it wants to be called again. */
uint64_t store_work(struct store *s);
/* The same milliseconds as of now: what was written or asked since may be due earlier. */
uint64_t store_due(const struct store *s);
/* False from the first trouble on until something succeeds again. */
bool store_is_usable(const struct store *s);
/* Write all that is queued now.  STORE_OK: it is on the disk, also should the power fail. */
enum store_status store_sync(struct store *s);
/* Never NULL; borrowed until the next store_work().  Only for tables that are hot. */
const struct store_image *store_image(const struct store *s, enum store_table table);
/* NULL where there is none. */
const struct store_record *store_image_find(const struct store_image *image, struct str key);

/* Each record found; STORE_OK also when none was.  Damaged ones are left out. */
enum store_status store_find(
	struct store *s, const struct store_query *q, store_each_fn *each, void *ctx);
/* Why the last call that said STORE_FAIL did so; also for whoever opens one that is there only
 * later. */
const char *store_why(const struct store *s);
void store_set_keep(struct store *s, const struct store_keep *keep);

struct store_stats {
	struct store_table_stats {
		uint64_t records, bytes;
		int64_t oldest_s,
			newest_s; /* since the last change; of no meaning without records */
	} table[STORE_TABLES];
	uint64_t size;	  /* of the file, what is not moved into it yet included */
	uint64_t free;	  /* bytes of it that wait to be used again */
	int64_t behind_s; /* the store's time is so far behind the wall clock; negative: ahead */
};
enum store_status store_stats(struct store *s, struct store_stats *out);

/* What this store did since it was opened. */
struct store_counters {
	uint64_t written, dropped, failed; /* changes written, dropped; transactions that failed */
	uint64_t forgotten, damaged;	   /* records */
	uint64_t put_aside;		   /* files */
	size_t queued;
};
void store_counters(const struct store *s, struct store_counters *out);

/* Look at everything; each fault is told.  STORE_FAIL: there were faults. */
enum store_status store_check(
	struct store *s, void (*fault)(void *ctx, const char *text), void *ctx, uint64_t *records);
/* A copy as of one moment, also while others write.  path must not exist; it appears complete or
 * not at all. */
NODISCARD bool store_backup(struct store *s, const char *path, struct errbuf *e);

#endif
