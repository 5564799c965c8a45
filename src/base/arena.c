/* arena: see arena.h. */
#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define REDZONE	       16
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#define REDZONE	       0
#endif

#define ALIGN	  alignof(max_align_t)
#define CHUNK_MAX ((size_t)64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* room after the head */
	alignas(max_align_t) char room[];
};

void
arena_init(struct arena *a, size_t first, size_t limit)
{
	*a = (struct arena){.limit = limit, .first = first};
}

static void
use_chunk(struct arena *a, struct arena_chunk *c)
{
	POISON(c->room, c->size);
	a->at = c->room;
	a->end = c->room + c->size;
}

static void
free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;
		UNPOISON(c->room, c->size);
		heap_free(c);
		c = next;
	}
}

void
arena_done(struct arena *a)
{
	free_chunks(a->chunks);
	arena_init(a, a->first, a->limit);
}

void
arena_reset(struct arena *a)
{
	a->used = 0;
	if (!a->chunks)
		return;
	free_chunks(a->chunks->next);
	a->chunks->next = NULL;
	use_chunk(a, a->chunks);
}

static void
add_chunk(struct arena *a, size_t need)
{
	size_t size = a->first;
	if (a->chunks)
		size = a->chunks->size >= CHUNK_MAX / 2 ? CHUNK_MAX : a->chunks->size * 2;
	if (size < need)
		size = need;
	struct arena_chunk *c = heap_alloc(sizeof(*c) + size);
	c->next = a->chunks;
	c->size = size;
	a->chunks = c;
	use_chunk(a, c);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	must(n <= ARENA_MAX_ALLOC);
	size_t need = (n + ALIGN - 1) / ALIGN * ALIGN + REDZONE;
	if (!a->at || (size_t)(a->end - a->at) < need)
		add_chunk(a, need);
	void *p = a->at;
	a->at += need;
	a->used += need;
	UNPOISON(p, n);
	return p;
}

void *
arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		n = SIZE_MAX;
	void *p = arena_alloc(a, n);
	memset(p, 0, n);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

struct str
arena_lower(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = chr_lower(s.p[i]);
	return (struct str){p, s.n};
}

const char *
arena_z(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct str
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}

bool
arena_is_over(const struct arena *a)
{
	return a->used > a->limit;
}

static void *
heap_must(void *p)
{
	if (!p) {
		fputs("mxward: out of memory\n", stderr);
		_Exit(EX_OSERR);
	}
	return p;
}

void *
heap_alloc(size_t n)
{
	return heap_must(malloc(n ? n : 1));
}

void *
heap_calloc(size_t count, size_t size)
{
	return heap_must(calloc(count ? count : 1, size ? size : 1));
}

void *
heap_realloc(void *p, size_t n)
{
	return heap_must(realloc(p, n ? n : 1));
}

void
heap_free(void *p)
{
	free(p);
}
