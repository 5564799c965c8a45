/*
 * buf: the bounded writer.
 *
 * Writes into memory of the caller and never past its end.  What does not fit is dropped and
 * remembered (buf_is_cut()), so code prints straight down and asks once.  Nothing is terminated;
 * buf_str() is what was written.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/must.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, max;
	bool cut;
};

/* Borrows room[0..max). */
#define BUF(room) ((struct buf){.p = (room), .max = sizeof(room)})
struct buf buf_on(void *room, size_t max);

void buf_put(struct buf *b, struct str s);
void buf_putc(struct buf *b, char c);
static inline void
buf_puts(struct buf *b, const char *z)
{
	buf_put(b, str_of(z));
}
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Decimal. */
void buf_putu(struct buf *b, uint64_t v);
/* Big-endian integers of wire formats. */
void buf_put16(struct buf *b, uint16_t v);
void buf_put32(struct buf *b, uint32_t v);

/* A peer's bytes made harmless: bytes outside 0x20..0x7e and the backslash become \DDD (decimal),
 * and what is longer than max bytes of input is cut with "..." in its place.  No quoting. */
void buf_put_escaped(struct buf *b, struct str s, size_t max);
/* Printable text, of which at most max bytes are written.  What is longer is cut behind a word,
 * with
 * "..." in the place of the rest; where it is one long word, inside of it, but not inside of what
 * begins with a backslash or a percent sign (an escape).  Nothing where not even "..." fits. */
void buf_put_excerpt(struct buf *b, struct str s, size_t max);

struct str buf_str(const struct buf *b);
bool buf_is_cut(const struct buf *b);
void buf_reset(struct buf *b);

#endif
