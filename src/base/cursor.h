/*
 * cursor: the bounded reader with a sticky error.
 *
 * Untrusted bytes are touched only through it.  A read past the end returns zero or an empty
 * string and sets the error; code parses straight down and asks cursor_ok() once before it uses
 * anything that it read.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/str.h"

struct cursor {
	const unsigned char *p;
	size_t n;  /* whole length */
	size_t at; /* next byte */
	bool failed;
};

struct cursor cursor_on(struct str s);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c); /* big-endian */
uint32_t cursor_u32(struct cursor *c);
/* The next n bytes, borrowed. */
struct str cursor_bytes(struct cursor *c, size_t n);
/* The bytes up to the next NUL, which is skipped; no NUL is an error. */
struct str cursor_z(struct cursor *c);
/* All that is left. */
struct str cursor_rest(struct cursor *c);
/* Go to an absolute place; past the end is an error. */
void cursor_seek(struct cursor *c, size_t at);

size_t cursor_left(const struct cursor *c);
bool cursor_ok(const struct cursor *c);
void cursor_fail(struct cursor *c);

#endif
