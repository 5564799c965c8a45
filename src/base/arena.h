/*
 * arena: memory that is freed together.
 *
 * One arena per connection, per transaction, per reload, and one scratch arena emptied before each
 * run of a check.  Nothing inside is freed singly; freeing the arena is the whole cancel code.
 *
 * Limit: arena_alloc() never returns NULL, so that code of checks reads straight down.  An arena
 * that has handed out more than its limit says so by arena_is_over(), which its owner tests at
 * fixed points (after each run of a check, after each fact) and answers with a temporary failure
 * of this one transaction.  The overdraft between two such points is bounded because every single
 * request is bounded (ARENA_MAX_ALLOC, a must()) and every run is.  When the system has no memory
 * left the process logs and exits; its parent starts it anew.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/must.h"
#include "base/str.h"

/* No single allocation of an arena may be larger: a bigger one is a bug. */
#define ARENA_MAX_ALLOC ((size_t)4 << 20)

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *at, *end;		    /* free room of the newest chunk */
	size_t used;		    /* bytes handed out */
	size_t limit;
	size_t first; /* size of the first chunk */
};

/* No memory is taken before the first allocation.  first: size of the first chunk in bytes (later
 * ones double up to 64 KiB); limit: bytes after which arena_is_over(). */
void arena_init(struct arena *a, size_t first, size_t limit);
/* Free everything; the arena is as after arena_init(). */
void arena_done(struct arena *a);
/* Forget everything, keep one chunk for the next user (poisoned under ASan). */
void arena_reset(struct arena *a);

/* n bytes aligned for any type, not cleared.  Never NULL. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
/* count elements of size bytes, cleared; the product saturates into the must(). */
void *arena_calloc(struct arena *a, size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));
#define arena_new(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))

struct str arena_str(struct arena *a, struct str s);
/* As arena_str() with ASCII letters lowered. */
struct str arena_lower(struct arena *a, struct str s);
/* A NUL-terminated copy for the border to libc; bytes after an embedded NUL are lost there. */
const char *arena_z(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

bool arena_is_over(const struct arena *a);

/* For heap users of the upper layers: memory or exit(71) with a line on standard error. */
void *heap_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *heap_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *heap_realloc(void *p, size_t n) __attribute__((returns_nonnull));
void heap_free(void *p);

#endif
