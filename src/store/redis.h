/*
 * store/redis: the store in a Redis or Valkey server, for several hosts that share it.
 *
 * docs/decisions/0009-redis.md says how it is kept there, and why so.  Every call that asks the
 * server waits, for connecting and for each round trip at most timeout_ms, and connects again at
 * most once; there is one connection.  So it belongs into a process of its own.
 */
#ifndef STORE_REDIS_H
#define STORE_REDIS_H

#include "store/store.h"

#define REDIS_TIMEOUT_MS 200
#define REDIS_PREFIX	 "mxward:"
#define REDIS_PREFIX_MAX 64

struct store_redis {
	struct str at;		   /* "inet:ADDRESS:PORT", "inet6:[ADDRESS]:PORT", "unix:/PATH" */
	struct str user, password; /* empty: none */
	struct str prefix;	   /* of all keys; empty: REDIS_PREFIX */
	int64_t db;
	uint64_t timeout_ms; /* 0: REDIS_TIMEOUT_MS */
};

/* Is the place written as it should be? */
bool store_redis_at_is_valid(struct str at, struct errbuf *e) NODISCARD;
/* What is in where is copied.  A server that cannot be reached is trouble like any other: it is
 * told when the store is worked, and tried again.  NULL with e filled: where is wrong. */
struct store *store_open_redis(
	const struct store_redis *where, const struct store_options *o, struct errbuf *e);

#endif
