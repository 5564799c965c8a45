/*
 * store/redis_reply: what a Redis says, as values, and what of it is ours.
 *
 * hiredis' reader takes the bytes apart; the values are made here, so that nothing the server says
 * takes more memory than a limit: it is as hostile as a disk.  A value is of one of few types, and
 * whoever wants one of them asks for it by name.  No I/O.
 */
#ifndef STORE_REDIS_REPLY_H
#define STORE_REDIS_REPLY_H

#include "store/record.h"

#define REDIS_BYTES_MAX ((size_t)24 << 20) /* of the answers to one round */
#define REDIS_ITEMS_MAX ((size_t)400000)   /* of the same */
#define REDIS_DEPTH_MAX 3		   /* lists in lists */

enum redis_type {
	REDIS_NIL,
	REDIS_STATUS,
	REDIS_ERROR,
	REDIS_NUMBER,
	REDIS_TEXT,
	REDIS_LIST,
};

struct redis_value {
	enum redis_type type;
	struct str text; /* STATUS, ERROR, TEXT */
	int64_t number;
	size_t n; /* LIST; no item is NULL */
	struct redis_value **item;
};

struct redis_reader; /* opaque */

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *r);
/* A new round: values of before are gone.  A connection is only used again when all was read. */
void redis_reader_begin(struct redis_reader *r);
/* A new connection: what was half read is forgotten too. */
void redis_reader_reset(struct redis_reader *r);

enum redis_read {
	REDIS_READ_VALUE,
	REDIS_READ_MORE, /* nothing whole is there yet */
	REDIS_READ_BAD,	 /* what came is no answer, or larger than any that we ask for */
};
/* More bytes.  False: too many. */
NODISCARD bool redis_reader_feed(struct redis_reader *r, struct str bytes);
/* The next answer; it lives until redis_reader_begin(). */
enum redis_read redis_reader_next(struct redis_reader *r, const struct redis_value **out);
/* Some bytes have come that were not handed out as answers. */
bool redis_reader_has_more(const struct redis_reader *r);
/* After REDIS_READ_BAD: what is wrong, as the end of "it said ...". */
const char *redis_reader_why(const struct redis_reader *r);

/* --- what is ours --- */

/* A number, also written as text in decimal. */
NODISCARD bool redis_number(const struct redis_value *v, int64_t *out);
/* A list with that many items. */
bool redis_is_list(const struct redis_value *v, size_t n);
/* The record with this key.  STORE_NONE: there is none; STORE_FAIL: damaged.  Borrows from v. */
enum store_status redis_record(
	const struct redis_value *v, enum store_table table, struct str key, struct rested *out);

/* A word as it is filed: "word NUL key", where bytes 0 and 1 of the word are written as 1 1 and
 * 1 2, so that the order by bytes is that of words and nothing in a word can be taken for the end
 * of it. */
#define REDIS_WORD_MAX (2 * STORE_WORD_MAX + 1 + STORE_KEY_MAX)
void redis_word_print(struct str word, struct str key, struct buf *out);
/* The word alone: where a search begins; and what is behind all of its entries: where it ends. */
void redis_word_from(struct str word, struct buf *out);
void redis_word_to(struct str word, struct buf *out);
/* The key of an entry.  False: it is none of ours. */
NODISCARD bool redis_word_key(struct str filed, struct str *key);

/* A time with its checksum. */
#define REDIS_TIME_MAX 40
void redis_time_print(int64_t t, struct buf *out);
NODISCARD bool redis_time_parse(struct str text, int64_t *t);

/* By how much somebody's wall clock was ahead of the store's time, and when that was: "-3 1764". */
void redis_wall_print(int64_t ahead, int64_t at, struct buf *out);
NODISCARD bool redis_wall_parse(struct str text, int64_t *ahead, int64_t *at);

#endif
