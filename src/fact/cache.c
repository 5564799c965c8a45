/* fact/cache: see cache.h.  A chained hash table whose entries are also in a list by last use;
 * the table doubles as it fills and never shrinks. */
#include "base/list.h"
#include "fact/cache.h"

#define FIRST_BUCKETS 1024

struct entry {
	struct list used; /* most recent last */
	struct entry *next;
	uint64_t hash;
	struct answer *answer;	  /* positive or negative */
	uint64_t failed_until_ms; /* asking anew failed: until then the failure is the answer */
	const char *failed_reason;
	bool failed_ours;
	size_t bytes;
	uint16_t type;
	uint16_t name_n;
	char name[];
};

struct cache {
	struct entry **bucket;
	size_t n_buckets; /* a power of two */
	struct list used;
	size_t max_bytes;
	uint64_t stale_ms;
	struct cache_stats stats;
};

struct cache *
cache_new(size_t bytes, uint64_t stale_ms)
{
	struct cache *c = heap_calloc(1, sizeof(*c));

	c->max_bytes = bytes;
	c->stale_ms = stale_ms;
	c->n_buckets = FIRST_BUCKETS;
	c->bucket = heap_calloc(c->n_buckets, sizeof(struct entry *));
	list_init(&c->used);
	return c;
}

static struct entry **
find(struct cache *c, struct str name, enum dns_type type, uint64_t hash)
{
	struct entry **e = &c->bucket[hash & (c->n_buckets - 1)];

	while (*e &&
		!((*e)->hash == hash && (*e)->type == type &&
			str_eq(str_from((*e)->name, (*e)->name_n), name)))
		e = &(*e)->next;
	return e;
}

static void
drop(struct cache *c, struct entry **place)
{
	struct entry *e = *place;

	*place = e->next;
	list_remove(&e->used);
	c->stats.bytes -= e->bytes;
	c->stats.entries--;
	answer_unref(e->answer);
	heap_free(e);
}

static void
evict(struct cache *c)
{
	while (c->stats.bytes > c->max_bytes && !list_is_empty(&c->used)) {
		struct entry *oldest = LIST_ELEMENT(c->used.next, struct entry, used);
		struct str name = str_from(oldest->name, oldest->name_n);
		drop(c, find(c, name, (enum dns_type)oldest->type, oldest->hash));
		c->stats.evicted++;
	}
}

void
cache_free(struct cache *c)
{
	if (!c)
		return;
	c->max_bytes = 0;
	evict(c);
	heap_free(c->bucket);
	heap_free(c);
}

static void
grow(struct cache *c)
{
	size_t n = c->n_buckets * 2;
	struct entry **bucket = heap_calloc(n, sizeof(struct entry *));

	for (size_t i = 0; i < c->n_buckets; i++) {
		for (struct entry *e = c->bucket[i], *next; e; e = next) {
			next = e->next;
			e->next = bucket[e->hash & (n - 1)];
			bucket[e->hash & (n - 1)] = e;
		}
	}
	heap_free(c->bucket);
	c->bucket = bucket;
	c->n_buckets = n;
}

static bool
is_positive(const struct answer *a)
{
	return a && a->dns.status == DNS_OK;
}

/* Is there still a use for this entry? */
static bool
is_dead(const struct cache *c, const struct entry *e, uint64_t now_ms)
{
	uint64_t keep = is_positive(e->answer) ? c->stale_ms : 0;

	return now_ms >= e->failed_until_ms &&
		(!e->answer || now_ms >= e->answer->expires_ms + keep);
}

struct answer *
cache_get(struct cache *c, struct str name, enum dns_type type, uint64_t hash, uint64_t now_ms)
{
	struct entry **place = find(c, name, type, hash), *e = *place;

	c->stats.misses++;
	if (!e)
		return NULL;
	if (is_dead(c, e, now_ms)) {
		drop(c, place);
		return NULL;
	}
	bool fresh = e->answer && now_ms < e->answer->expires_ms;
	if (!fresh && now_ms >= e->failed_until_ms)
		return NULL;
	c->stats.misses--;
	c->stats.hits++;
	list_remove(&e->used);
	list_add_last(&c->used, &e->used);
	if (fresh)
		return answer_ref(e->answer);
	struct answer *stale = cache_get_stale(c, name, type, hash, now_ms);
	if (stale)
		return stale;
	return e->failed_ours ? answer_fail_ours(e->failed_reason) : answer_fail(e->failed_reason);
}

struct answer *
cache_get_stale(
	struct cache *c, struct str name, enum dns_type type, uint64_t hash, uint64_t now_ms)
{
	struct entry *e = *find(c, name, type, hash);

	if (!e || !is_positive(e->answer) || now_ms >= e->answer->expires_ms + c->stale_ms)
		return NULL;
	/* A copy: the original is DNS_OK for those who got it in time. */
	const struct dns_answer *from = &e->answer->dns;
	struct answer *a = answer_new();
	struct dns_rr *rr = arena_calloc(&a->arena, from->n, sizeof(*rr));
	for (size_t i = 0; i < from->n; i++) {
		rr[i] = from->rr[i];
		rr[i].text = arena_str(&a->arena, from->rr[i].text);
	}
	a->dns = *from;
	a->dns.status = DNS_STALE;
	a->dns.ours = e->failed_ours;
	a->dns.rr = rr;
	a->dns.alias = arena_str(&a->arena, from->alias);
	return a;
}

static struct entry *
entry_for(struct cache *c, struct str name, enum dns_type type, uint64_t hash)
{
	struct entry **place = find(c, name, type, hash);

	if (*place) {
		c->stats.bytes -= (*place)->bytes;
		list_remove(&(*place)->used);
		return *place;
	}
	if (c->stats.entries >= c->n_buckets) {
		grow(c);
		place = find(c, name, type, hash);
	}
	struct entry *e = heap_calloc(1, sizeof(*e) + name.n);
	list_init(&e->used);
	e->hash = hash;
	e->type = (uint16_t)type;
	e->name_n = (uint16_t)name.n;
	memcpy(e->name, name.p, name.n);
	*place = e;
	c->stats.entries++;
	return e;
}

void
cache_put(struct cache *c, struct str name, enum dns_type type, uint64_t hash, struct answer *a,
	uint64_t now_ms)
{
	must(a->dns.status != DNS_STALE && name.n <= DNS_NAME_TEXT_MAX);
	struct entry *e = entry_for(c, name, type, hash);
	if (a->dns.status == DNS_FAIL) {
		e->failed_until_ms = now_ms + CACHE_FAIL_MS;
		e->failed_reason = a->dns.reason;
		e->failed_ours = a->dns.ours;
	} else {
		a->expires_ms = now_ms + (uint64_t)a->dns.ttl * 1000;
		e->failed_until_ms = 0;
		answer_unref(e->answer);
		e->answer = answer_ref(a);
	}
	/* What malloc and the arena's first chunk add is counted too, roughly. */
	e->bytes = sizeof(*e) + name.n + 64;
	if (e->answer)
		e->bytes += sizeof(struct answer) + e->answer->arena.used + 320;
	c->stats.bytes += e->bytes;
	list_add_last(&c->used, &e->used);
	evict(c);
}

struct cache_stats
cache_stats(const struct cache *c)
{
	return c->stats;
}
