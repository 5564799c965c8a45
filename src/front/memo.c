/* front/memo: see memo.h. */
#include "base/hash.h"
#include "front/memo.h"

#define BUCKETS 2048
#define SPARE	16 /* blocks kept for the next transaction */
/* Measured: a transaction with every check takes 7 KiB.  One that does not fit into its first chunk
 * gets another, of twice that. */
#define CHUNK ((size_t)8 << 10)
#define LIMIT ((size_t)512 << 10)

struct memo {
	size_t max, bytes; /* of transactions */
	size_t n;
	struct list used; /* the longest ago first */
	struct kept *bucket[BUCKETS];
	struct list spare;
	unsigned n_spare;
};

struct memo *
memo_new(size_t bytes)
{
	struct memo *m = heap_calloc(1, sizeof(*m));

	m->max = bytes;
	list_init(&m->used);
	list_init(&m->spare);
	return m;
}

static size_t
weight(const struct kept *k)
{
	return k->arena.used <= CHUNK
		? CHUNK
		: CHUNK + (k->arena.used + 2 * CHUNK - 1) / (2 * CHUNK) * 2 * CHUNK;
}

static struct kept **
place_of(struct memo *m, const struct kept *k)
{
	struct kept **p = &m->bucket[k->hash % BUCKETS];

	while (*p != k)
		p = &(*p)->next;
	return p;
}

static void
drop(struct memo *m, struct kept *k)
{
	*place_of(m, k) = k->next;
	list_remove(&k->link);
	k->stored = false;
	m->n--;
	m->bytes -= k->weight;
	memo_release(m, k);
}

void
memo_clear(struct memo *m, size_t bytes)
{
	while (!list_is_empty(&m->used))
		drop(m, LIST_ELEMENT(m->used.next, struct kept, link));
	m->max = bytes;
}

static void
destroy(struct kept *k)
{
	arena_done(&k->arena);
	heap_free(k);
}

void
memo_free(struct memo *m)
{
	if (!m)
		return;
	memo_clear(m, 0);
	while (!list_is_empty(&m->spare)) {
		struct kept *k = LIST_ELEMENT(m->spare.next, struct kept, link);
		list_remove(&k->link);
		destroy(k);
	}
	heap_free(m);
}

struct kept *
memo_fresh(struct memo *m)
{
	struct kept *k;

	if (m->n_spare) {
		k = LIST_ELEMENT(m->spare.next, struct kept, link);
		list_remove(&k->link);
		m->n_spare--;
	} else {
		k = heap_calloc(1, sizeof(*k));
		list_init(&k->link);
		arena_init(&k->arena, CHUNK, LIMIT);
	}
	k->refs = 1;
	k->txn = NULL;
	return k;
}

void
memo_release(struct memo *m, struct kept *k)
{
	must(k->refs > 0);
	if (--k->refs > 0)
		return;
	if (k->txn)
		transaction_end(k->txn);
	k->txn = NULL;
	/* A spare one has a single chunk of the ordinary size. */
	if (m->n_spare == SPARE || weight(k) > CHUNK) {
		destroy(k);
		return;
	}
	arena_reset(&k->arena);
	list_add_last(&m->spare, &k->link);
	m->n_spare++;
}

static uint64_t
key_hash(const struct memo_key *key)
{
	struct str ip = str_from((const char *)key->client.b, key->client.len);

	return hash_str_with(key->helo, hash_str_with(key->from, hash_str_with(ip, key->skip)));
}

static bool
is_about(const struct kept *k, const struct memo_key *key)
{
	const struct transaction *t = k->txn;

	return ip_eq(transaction_client(t), &key->client) &&
		str_eq(transaction_env_get(t, ENV_HELO), key->helo) &&
		str_eq(transaction_env_get(t, ENV_MAIL_FROM), key->from) &&
		transaction_skip(t) == key->skip &&
		transaction_lists(t).suspended == key->suspended;
}

struct kept *
memo_get(struct memo *m, const struct memo_key *key, uint64_t now_ms)
{
	uint64_t hash = key_hash(key);
	struct kept *k = m->n ? m->bucket[hash % BUCKETS] : NULL;

	while (k && !(k->hash == hash && is_about(k, key)))
		k = k->next;
	if (!k)
		return NULL;
	if (k->expires_ms <= now_ms) {
		drop(m, k);
		return NULL;
	}
	list_remove(&k->link);
	list_add_last(&m->used, &k->link);
	k->refs++;
	return k;
}

/* 0: it is no lasting answer. */
static uint64_t
answer_holds_until(const struct fact *f, uint64_t now_ms)
{
	const struct answer *a = f->answer;

	if (f->kind == FACT_HISTORY) {
		if (a->history.status == HISTORY_FAIL)
			return 0;
		return a->expires_ms ? a->expires_ms : UINT64_MAX;
	}
	if (f->kind == FACT_CALLOUT)
		return a->expires_ms;
	if (a->dns.status != DNS_OK && a->dns.status != DNS_NONE)
		return 0;
	/* What no cache has is as old as this transaction. */
	return a->expires_ms ? a->expires_ms : now_ms + UINT64_C(1000) * a->dns.ttl;
}

/* When the first of the answers expires; 0: one of them is no lasting answer. */
static uint64_t
holds_until(const struct transaction *t, uint64_t now_ms)
{
	uint64_t until = UINT64_MAX;

	for (size_t i = 0; i < transaction_facts(t); i++) {
		const struct fact *f = transaction_fact(t, i);
		uint64_t end = f->answer ? answer_holds_until(f, now_ms) : 0;
		until = end < until ? end : until;
	}
	return until;
}

void
memo_put(struct memo *m, struct kept *k, const struct memo_key *key, uint64_t until_ms,
	uint64_t now_ms)
{
	uint64_t until = holds_until(k->txn, now_ms);

	if (k->stored || !transaction_is_done(k->txn))
		return;
	k->expires_ms = until < until_ms ? until : until_ms;
	if (k->expires_ms <= now_ms)
		return;
	/* Of the same key an older one may be there, begun at the same time. */
	k->weight = weight(k);
	if (k->weight > m->max)
		return;
	while (m->bytes + k->weight > m->max)
		drop(m, LIST_ELEMENT(m->used.next, struct kept, link));
	m->bytes += k->weight;
	k->hash = key_hash(key);
	k->next = m->bucket[k->hash % BUCKETS];
	m->bucket[k->hash % BUCKETS] = k;
	list_add_last(&m->used, &k->link);
	k->stored = true;
	k->refs++;
	m->n++;
}
