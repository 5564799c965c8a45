/*
 * store/record: a record as bytes and back, and what a change makes of it.
 *
 * A blob names its version and length and carries a checksum over everything that matters, its
 * table and key included: whatever a disk, another program or an index that leads astray hands
 * out is either the record that was asked for or damaged.  A blob is read as hostile input; what
 * can be read prints back to the same bytes.
 *
 *	version	1	octet
 *	length	4	of the whole blob
 *	sum	4	CRC-32C of table (1), length of the key (2), key, and what follows
 *	kind	1
 *	made, touched, expires	8 each, seconds of the store's time (age.h); expires 0: none
 *	half-life	4
 *	score	8
 *	numbers	1	how many, and 8 for each
 *	words	1	how many; each a length (1) and its bytes
 *	value	4	length, and its bytes
 *
 * Integers are big-endian, signed ones in two's complement.  No I/O.
 *
 * Between processes, where no disk can spoil it, a record is what stands behind the sum, with its
 * ages as times before a fixed one.  A change is
 *
 *	op, table, kind	1 each
 *	keep		8
 *	half-life	4
 *	score		8
 *	numbers		1	STORE_NUMBERS for ADD, else 0, and 8 for each
 *	words		1	how many; each a length (1) and its bytes
 *	key		2	length, and its bytes
 *	value		4	length, and its bytes
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/buf.h"
#include "base/cursor.h"
#include "store/store.h"

#define RECORD_VERSION 1

/* A record as it rests: with times instead of ages. */
struct rested {
	struct store_record r; /* ages and the decayed score are unset */
	int64_t made, touched, expires;
	uint32_t half_life_s;
	int64_t score; /* as of touched */
};

/* Encode; cut where out is smaller than STORE_BLOB_MAX and the record does not fit. */
void rested_print(const struct rested *r, struct buf *out);
/* Decode the blob of this table and key; everything in *out is borrowed from blob and key.  False:
 * damaged, or of a version that is not known. */
NODISCARD bool rested_parse(
	struct str blob, enum store_table table, struct str key, struct rested *out);
/* Fill in ages and score as of now. */
void rested_age(struct rested *r, int64_t now);
/* It is to be treated as if it were not there any more. */
bool rested_is_over(const struct rested *r, int64_t now);

/* What a change makes of a record.  r: what is there, or NULL; *out borrows from both.  Not for
 * STORE_DEL. */
void rested_apply(
	const struct rested *r, const struct store_op *op, int64_t now, struct rested *out);
/* The record meets what the query says about table, words and ages (rested_age() comes first). */
bool record_matches(const struct store_record *r, const struct store_query *q);

/* A record as it was read, ages and decayed score included; cut where it does not fit. */
void store_record_print(const struct store_record *r, struct buf *out);
/* Everything in *out is borrowed from bytes and key.  False: this is none. */
NODISCARD bool store_record_parse(
	struct str bytes, enum store_table table, struct str key, struct store_record *out);
/* A valid change; cut where it does not fit. */
void store_op_print(const struct store_op *op, struct buf *out);
/* A valid change, borrowed from bytes.  False: this is none. */
NODISCARD bool store_op_parse(struct str bytes, struct store_op *out);

/* A change on the heap, with all that it points to; heap_free() frees it.  *size: bytes. */
struct store_op *store_op_copy(const struct store_op *op, size_t *size);

/* The blob in out with the length and sum that it should have, whatever it says now; at least 9
 * bytes.  For printing, and for tests. */
void record_seal(char *out, struct str blob, enum store_table table, struct str key);

uint32_t crc32c(uint32_t sum, struct str s);

#endif
