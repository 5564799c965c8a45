/*
 * wire/store: what a worker and the process that owns the store say to each other.
 *
 *	length	4	of what follows
 *	type	1
 *	body
 *
 *	worker to keeper
 *	CHANGE	blob		a change (store/record.h)
 *	ASK	id 4, table 1, key
 *	WATCH			it wants images
 *
 *	keeper to worker
 *	STATE	usable 1, and numbers of 8 each: the first frame, and whenever it changes
 *	DONE	written 4, dropped 4: so many changes more have come to rest, or never will
 *	ANSWER	id 4, status 1, blob of the record, empty where there is none
 *	BEGIN	table 1, cut 1, generation 8, count 4: a table's image follows
 *	RECORD	table 1, length of the key 2, key, blob: one of it, sorted by key
 *	END	table 1, generation 8: it is whole
 *
 * Between BEGIN and END other frames may stand, but RECORDs of that table only; a second BEGIN
 * takes back the first.  Integers are big-endian.  Both sides are of one program and one user, and
 * still neither believes the other: what is too long, of no known type, or has a rest is FRAME_BAD.
 * What tables, states and blobs mean is not decided here.  No I/O.
 */
#ifndef WIRE_STORE_H
#define WIRE_STORE_H

#include "base/buf.h"
#include "base/str.h"

/* Of a whole frame. */
#define STORE_FRAME_MAX	 ((size_t)288 << 10)
#define STORE_FRAME_HEAD 5

enum store_frame_type {
	STORE_FRAME_CHANGE = 1,
	STORE_FRAME_ASK = 2,
	STORE_FRAME_WATCH = 3,
	STORE_FRAME_STATE = 16,
	STORE_FRAME_DONE = 17,
	STORE_FRAME_ANSWER = 18,
	STORE_FRAME_BEGIN = 19,
	STORE_FRAME_RECORD = 20,
	STORE_FRAME_END = 21,
};

/* How the keeper is; what it did counts since it was started. */
struct store_frame_state {
	bool usable; /* changes can be written */
	uint64_t pid;
	uint64_t size;	  /* of the file, its log included */
	uint64_t queued;  /* changes that wait for the disk, of all workers */
	uint64_t written; /* changes */
	uint64_t dropped; /* changes, for want of room */
	uint64_t failed;  /* transactions */
	uint64_t damaged; /* records */
	uint64_t forgotten;
	uint64_t put_aside; /* files */
};

/* Only what belongs to the type has a meaning, the rest is zero. */
struct store_frame {
	enum store_frame_type type;
	uint8_t table, status;
	bool cut;
	uint32_t id, count;
	uint32_t written, dropped;
	uint64_t generation;
	struct str key, blob;
	struct store_frame_state state;
};

enum store_frame_read {
	FRAME_MORE, /* come again with these bytes and more behind them */
	FRAME_OK,
	FRAME_BAD,
};

/* Read the frame that bytes begin with; *used: its length.  *out borrows from bytes. */
enum store_frame_read store_frame_read(struct str bytes, struct store_frame *out, size_t *used);
/* Cut where out has less than STORE_FRAME_MAX left and the frame does not fit. */
void store_frame_print(const struct store_frame *f, struct buf *out);
/* The length of a frame that was printed. */
size_t store_frame_size(struct str bytes);
/* A frame in two steps, where its last part, the blob, is printed straight into out: begin, print,
 * end with what begin returned. */
size_t store_frame_begin(const struct store_frame *f, struct buf *out);
void store_frame_end(struct buf *out, size_t at);

#endif
