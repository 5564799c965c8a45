/* daemon/callout_cache: see callout_cache.h. */
#include "base/arena.h"
#include "base/hash.h"
#include "base/list.h"
#include "daemon/callout_cache.h"

#define BUCKETS 1024

struct entry {
	struct list link; /* the longest unused first */
	struct entry *next;
	uint64_t hash, until_ms;
	struct str key, text;
	char room[];
};

struct callout_cache {
	struct entry *bucket[BUCKETS];
	struct list used;
	size_t n;
};

struct callout_cache *
callout_cache_new(void)
{
	struct callout_cache *c = heap_calloc(1, sizeof(*c));

	list_init(&c->used);
	return c;
}

static struct entry **
find(struct callout_cache *c, struct str key, uint64_t hash)
{
	struct entry **e = &c->bucket[hash % BUCKETS];

	while (*e && !((*e)->hash == hash && str_eq((*e)->key, key)))
		e = &(*e)->next;
	return e;
}

static void
drop(struct callout_cache *c, struct entry **place)
{
	struct entry *e = *place;

	*place = e->next;
	list_remove(&e->link);
	heap_free(e);
	c->n--;
}

static void
drop_first(struct callout_cache *c)
{
	struct entry *e = LIST_ELEMENT(c->used.next, struct entry, link);

	drop(c, find(c, e->key, e->hash));
}

struct str
callout_cache_get(struct callout_cache *c, struct str key, uint64_t now_ms, uint64_t *left_ms)
{
	struct entry **place = find(c, key, hash_str(key)), *e = *place;

	if (e && e->until_ms <= now_ms) {
		drop(c, place);
		e = NULL;
	}
	if (!e)
		return (struct str){NULL, 0};
	list_remove(&e->link);
	list_add_last(&c->used, &e->link);
	*left_ms = e->until_ms - now_ms;
	return e->text;
}

void
callout_cache_put(
	struct callout_cache *c, struct str key, struct str text, uint64_t now_ms, uint64_t keep_ms)
{
	uint64_t hash = hash_str(key);
	struct entry **place = find(c, key, hash);
	struct entry *e = heap_calloc(1, sizeof(*e) + key.n + text.n);

	if (*place)
		drop(c, place);
	if (c->n == CALLOUT_CACHE_MAX)
		drop_first(c);
	e->hash = hash;
	e->until_ms = now_ms + keep_ms;
	memcpy(e->room, key.p, key.n);
	memcpy(e->room + key.n, text.p, text.n);
	e->key = str_from(e->room, key.n);
	e->text = str_from(e->room + key.n, text.n);
	e->next = c->bucket[hash % BUCKETS];
	c->bucket[hash % BUCKETS] = e;
	list_add_last(&c->used, &e->link);
	c->n++;
}

void
callout_cache_clear(struct callout_cache *c)
{
	while (c->n)
		drop_first(c);
}

void
callout_cache_free(struct callout_cache *c)
{
	if (!c)
		return;
	callout_cache_clear(c);
	heap_free(c);
}
