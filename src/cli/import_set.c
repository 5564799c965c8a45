/* cli/import_set: distinct transactions in bounded memory; see import.h. */
#include "base/hash.h"
#include "cli/import.h"

#define ATTEMPTS_MAX 100  /* of one transaction that are kept apart */
#define KEY_BYTES    1500 /* of memory for a transaction, at most, on an average */
#define FIRST_TEXT   256  /* bytes */

void
import_set_init(struct import_set *s, size_t max)
{
	*s = (struct import_set){.max = max, .n_slots = max * 2 + 1};
	s->slot = heap_calloc(s->n_slots, sizeof(struct import_key *));
}

static void
free_key(struct import_key *k)
{
	arena_done(&k->arena);
	heap_free(k);
}

void
import_set_done(struct import_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		free_key(s->key[i]);
	heap_free(s->key);
	heap_free(s->slot);
}

static bool
same(struct str a, struct str b)
{
	return !a.p == !b.p && str_eq_nocase(a, b);
}

static uint64_t
hash_nocase(struct str s, uint64_t more)
{
	char room[512];
	size_t n = s.n < sizeof(room) ? s.n : sizeof(room);

	for (size_t i = 0; i < n; i++)
		room[i] = chr_lower(s.p[i]);
	return hash_str_with(str_from(room, n), more + !s.p);
}

static uint64_t
hash_of(const struct ip *client, struct str helo, struct str from)
{
	return hash_nocase(from, hash_nocase(helo, ip_hash(client)));
}

/* Which of the transactions a sample has must not depend on the process: a run that goes on where
 * another ended needs the same.  FNV-1a, and a finish that spreads its bits. */
static uint64_t
sample_of(const struct ip *client, struct str helo, struct str from)
{
	const struct str parts[] = {str_from((const char *)client->b, client->len), helo, from};
	uint64_t h = 0xcbf29ce484222325;

	for (size_t k = 0; k < COUNT(parts); k++) {
		for (size_t i = 0; i < parts[k].n; i++)
			h = (h ^ (unsigned char)chr_lower(parts[k].p[i])) * 0x100000001b3;
		h = (h ^ (parts[k].p ? 256 : 257)) * 0x100000001b3;
	}
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccd;
	return h ^ h >> 33;
}

static struct import_key **
place(const struct import_set *s, uint64_t hash, const struct ip *client, struct str helo,
	struct str from)
{
	struct import_key **at = &s->slot[hash % s->n_slots];

	while (*at &&
		!((*at)->hash == hash && ip_eq(&(*at)->client, client) && same((*at)->helo, helo) &&
			same((*at)->from, from)))
		at = &(*at)->next;
	return at;
}

struct import_key *
import_set_find(
	const struct import_set *s, const struct ip *client, struct str helo, struct str from)
{
	return *place(s, hash_of(client, helo, from), client, helo, from);
}

static bool
is_sampled(const struct import_set *s, uint64_t sample)
{
	return !(sample & (((uint64_t)1 << s->halved) - 1));
}

/* Drop every second one. */
static void
halve(struct import_set *s)
{
	size_t kept = 0;

	s->halved++;
	memset(s->slot, 0, s->n_slots * sizeof(struct import_key *));
	for (size_t i = 0; i < s->n; i++) {
		struct import_key *k = s->key[i];
		if (!is_sampled(s, k->sample)) {
			s->bytes -= k->bytes;
			free_key(k);
			continue;
		}
		struct import_key **at = &s->slot[k->hash % s->n_slots];
		k->next = *at;
		*at = k;
		s->key[kept++] = k;
	}
	s->n = kept;
}

static bool
is_full(const struct import_set *s)
{
	bool heavy = s->n > 16 && s->bytes / KEY_BYTES >= s->max;

	return s->halved < 63 && (s->n >= s->max || heavy);
}

static struct str
copy(struct arena *a, struct str s)
{
	return s.p ? arena_str(a, s) : s;
}

static void
grew(struct import_set *s, struct import_key *k, size_t bytes)
{
	k->bytes += bytes;
	s->bytes += bytes;
}

static struct import_key *
add_key(struct import_set *s, const struct postfix_attempt *a, uint64_t hash, uint64_t sample)
{
	struct import_key *k = heap_calloc(1, sizeof(*k));

	arena_init(&k->arena, FIRST_TEXT, SIZE_MAX);
	k->hash = hash;
	k->sample = sample;
	k->client = a->client;
	k->helo = copy(&k->arena, a->helo);
	k->from = copy(&k->arena, a->from);
	*place(s, hash, &k->client, k->helo, k->from) = k;
	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->key = heap_realloc(s->key, s->room * sizeof(struct import_key *));
	}
	s->key[s->n++] = k;
	grew(s, k, sizeof(*k) + FIRST_TEXT);
	return k;
}

static bool
is_same_attempt(const struct import_attempt *x, const struct postfix_attempt *a, struct str rcpt)
{
	return x->outcome == a->outcome && x->status == a->status && same(x->rcpt, rcpt);
}

static void
add_attempt(struct import_set *s, struct import_key *k, const struct postfix_attempt *a)
{
	/* One of many recipients: how many there were still counts. */
	struct str rcpt = k->n < ATTEMPTS_MAX ? a->rcpt : str_from(NULL, 0);
	struct import_attempt *x = k->attempts;

	while (x && !is_same_attempt(x, a, a->rcpt))
		x = x->next;
	if (!x && !rcpt.p && a->rcpt.p)
		for (x = k->attempts; x && !is_same_attempt(x, a, rcpt);)
			x = x->next;
	if (!x) {
		x = arena_new(&k->arena, struct import_attempt);
		x->rcpt = copy(&k->arena, rcpt);
		x->name = copy(&k->arena, a->name);
		x->queue = copy(&k->arena, a->queue);
		x->reason = copy(&k->arena, a->reason);
		x->outcome = a->outcome;
		x->status = a->status;
		x->code = a->code;
		x->next = k->attempts;
		k->attempts = x;
		k->n++;
		grew(s, k, sizeof(*x) + rcpt.n + a->name.n + a->queue.n + a->reason.n);
	}
	x->count++;
	x->time = a->time;
}

void
import_set_add(struct import_set *s, const struct postfix_attempt *a)
{
	uint64_t hash = hash_of(&a->client, a->helo, a->from);
	struct import_key *k = *place(s, hash, &a->client, a->helo, a->from);

	if (!k) {
		uint64_t sample = sample_of(&a->client, a->helo, a->from);
		while (is_sampled(s, sample) && is_full(s))
			halve(s);
		if (!is_sampled(s, sample))
			return;
		k = add_key(s, a, hash, sample);
	}
	add_attempt(s, k, a);
}
