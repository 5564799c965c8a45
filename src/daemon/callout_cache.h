/*
 * daemon/callout_cache: what callouts brought, in memory.
 *
 * Keys and texts are the caller's (daemon/caller.c).  Bounded: what was used longest ago goes.
 * Times are clock_ms() of whoever asks.
 */
#ifndef DAEMON_CALLOUT_CACHE_H
#define DAEMON_CALLOUT_CACHE_H

#include "base/str.h"

struct callout_cache;

#define CALLOUT_CACHE_MAX 2048 /* entries */

struct callout_cache *callout_cache_new(void);
void callout_cache_free(struct callout_cache *c); /* NULL is fine */
/* Borrowed until the next call; p NULL: there is none.  *left_ms: how long it is still good. */
struct str callout_cache_get(
	struct callout_cache *c, struct str key, uint64_t now_ms, uint64_t *left_ms);
void callout_cache_put(struct callout_cache *c, struct str key, struct str text, uint64_t now_ms,
	uint64_t keep_ms);
/* Forget all. */
void callout_cache_clear(struct callout_cache *c);

#endif
