/*
 * errbuf: what the administrator did wrong, in a form he can act on.
 *
 * Filled by whoever reads settings, zones, word lists or records; printed by whoever talks to the
 * administrator.  The first error of a reader stands; later ones are counted, not kept.
 */
#ifndef BASE_ERRBUF_H
#define BASE_ERRBUF_H

#include "base/must.h"
#include "base/str.h"

struct errbuf {
	char file[256];
	unsigned line;	/* 0: none */
	char text[512]; /* one sentence, peer bytes escaped by its writer */
	unsigned count; /* errors met, 0: all is well */
};

/* Set the place for the errors that follow; file may be NULL. */
void errbuf_at(struct errbuf *e, const char *file, unsigned line);
/* Note an error; the first one wins.  Always false, so that a reader can `return err(...)`. */
bool err(struct errbuf *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "file:line: text" without line end.  size bytes at most, always terminated. */
void errbuf_print(const struct errbuf *e, char *out, size_t size);
/* The candidate nearest to word (at most a third of its letters differ), or NULL: for "did you
 * mean".  names: n NUL-terminated strings. */
const char *nearest_name(struct str word, const char *const *names, size_t n);

#endif
