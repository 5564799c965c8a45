/*
 * fact/cache: answers kept for as long as their TTL says, in bounded memory.
 *
 * Stands before the sources, so that a warm transaction does no I/O.  Negative answers are kept as
 * RFC 2308 wants, failures for a few seconds, so that a dead server is not asked for each mail.
 * Positive answers stay for a while after they have expired, for DNS_STALE.  When memory is full
 * what was used longest ago goes.  Times are clock_ms() of the caller, so that tests own the clock.
 */
#ifndef FACT_CACHE_H
#define FACT_CACHE_H

#include "fact/fact.h"

#define CACHE_FAIL_MS 5000

struct cache;

struct cache_stats {
	uint64_t hits, misses, evicted;
	size_t entries, bytes;
};

/* bytes: memory for entries and answers, about; 0 keeps nothing.  stale_ms: how long positive
 * answers are kept after their time. */
struct cache *cache_new(size_t bytes, uint64_t stale_ms);
void cache_free(struct cache *c); /* NULL is fine; answers given out live on */

/* A fresh answer with a reference for the caller, or NULL. */
struct answer *cache_get(
	struct cache *c, struct str name, enum dns_type type, uint64_t hash, uint64_t now_ms);
/* The expired positive answer as DNS_STALE, a new block with one reference, or NULL. */
struct answer *cache_get_stale(
	struct cache *c, struct str name, enum dns_type type, uint64_t hash, uint64_t now_ms);
/* Keep the answer (takes a reference of its own).  A failure never replaces a positive answer that
 * could still serve as stale. */
void cache_put(struct cache *c, struct str name, enum dns_type type, uint64_t hash,
	struct answer *a, uint64_t now_ms);

struct cache_stats cache_stats(const struct cache *c);

#endif
