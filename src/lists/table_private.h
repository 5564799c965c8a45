/*
 * lists/table, inside: how a table lies in memory.
 *
 * Prefixes are records in one block, sorted by address and length, each with a link to the next
 * wider one that has it inside.  Names are records in the text block, found by a hash table whose
 * tags, a byte each, are looked at first: most names of strangers are not there, and that is seen
 * in one line of the cache.  Everything else is a place in the text block, which begins with a byte
 * that is no record, so that 0 means none.
 */
#ifndef LISTS_TABLE_PRIVATE_H
#define LISTS_TABLE_PRIVATE_H

#include "base/cursor.h"
#include "base/must.h"

#include "lists/table.h"

/* A note is the place of a record in the text block: u32 place of the reply or 0, comment.  The
 * highest bit says that the entry is an exception. */
#define NOTE_EXCEPT 0x80000000u
#define NOTE_PLACE  0x7fffffffu
#define TEXT_MAX    ((size_t)1 << 31)

#define NO_PREFIX UINT32_MAX

/* Record: address (width bytes), length (1), while reading the line in the file (4, big-endian) and
 * afterwards the number of the wider prefix (4), note (4).
 *
 * Above them stand fences: the address of each FENCE-th record, of each FENCE-th of those, and so
 * on.  A search goes down through them and touches a few lines of the cache at each, where halving
 * the whole would miss it twenty times. */
#define FENCE	   16
#define FENCES_MAX 8 /* FENCE^8 is more than there can be */

struct prefixes {
	size_t n, room;
	size_t width; /* of an address: 4 or 16 */
	bool unsorted;
	uint8_t *at;
	size_t levels;
	struct fence {
		size_t n;
		uint8_t *at; /* addresses */
	} fence[FENCES_MAX];
};

/* Name record: note (4), mark (1), length (1), text.  The mark is '@' for a sender. */
#define NAME_HEAD 6

struct names {
	size_t n, slots;
	uint8_t *tag;	 /* 0: free; each slot's few bits of the hash */
	uint32_t *place; /* in the text block */
};

struct table {
	unsigned refs;
	struct prefixes net[2]; /* IPv4, IPv6 */
	struct names names;
	char *text;
	size_t n_text;
};

static inline size_t
prefix_size(const struct prefixes *p)
{
	return p->width + 9;
}

static inline uint8_t *
prefix_at(const struct prefixes *p, size_t i)
{
	return p->at + i * prefix_size(p);
}

static inline uint32_t
get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void
set32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* The text of a name record. */
static inline struct str
name_text(const char *text, uint32_t place)
{
	return str_from(text + place + NAME_HEAD, (uint8_t)text[place + 5]);
}

static inline char
name_mark(const char *text, uint32_t place)
{
	return text[place + 4];
}

/* Where a name's search begins, and its tag. */
struct name_hash {
	size_t slot;
	uint8_t tag;
};
struct name_hash name_hash(const struct names *n, struct str name);

#endif
