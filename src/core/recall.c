/* core/recall: see recall.h. */
#include <stdatomic.h>

#include "base/hash.h"
#include "core/recall.h"

#define WAYS	 8
#define AGE_BITS 24 /* seconds: wraps after 194 days, longer than any window */
#define AGE_MASK ((UINT64_C(1) << AGE_BITS) - 1)

struct recall {
	uint64_t buckets;
	_Atomic uint64_t slot[];
};

size_t
recall_size(size_t n)
{
	size_t buckets = n / WAYS ? n / WAYS : 1;

	return sizeof(struct recall) + buckets * WAYS * sizeof(uint64_t);
}

struct recall *
recall_on(void *memory, size_t n)
{
	struct recall *r = memory;

	r->buckets = n / WAYS ? n / WAYS : 1;
	return r;
}

static uint64_t
key(const struct ip *client, struct str sender, struct str rcpt)
{
	uint64_t h = hash_str_with(rcpt, hash_str_with(sender, ip_hash(client)));

	return h & ~AGE_MASK ? h : h | (UINT64_C(1) << 63); /* zero means an empty slot */
}

static uint64_t
age(uint64_t slot, uint64_t now_s)
{
	return (now_s - slot) & AGE_MASK;
}

bool
recall_seen(struct recall *r, const struct ip *client, struct str sender, struct str rcpt,
	uint64_t now_ms, uint64_t window_ms)
{
	uint64_t k = key(client, sender, rcpt), now_s = now_ms / 1000;
	_Atomic uint64_t *bucket = &r->slot[k % r->buckets * WAYS];
	_Atomic uint64_t *oldest = NULL;
	uint64_t oldest_age = 0;

	for (size_t i = 0; i < WAYS; i++) {
		uint64_t s = atomic_load_explicit(&bucket[i], memory_order_relaxed);
		bool same = s && (s & ~AGE_MASK) == (k & ~AGE_MASK);
		if (same && age(s, now_s) * 1000 < window_ms)
			return true;
		/* Our own stale entry is the best place, then an empty one, then the oldest. */
		uint64_t a = same ? UINT64_MAX : s == 0 ? UINT64_MAX - 1 : age(s, now_s);
		if (!oldest || a > oldest_age) {
			oldest = &bucket[i];
			oldest_age = a;
		}
	}
	atomic_store_explicit(oldest, (k & ~AGE_MASK) | (now_s & AGE_MASK), memory_order_relaxed);
	return false;
}
