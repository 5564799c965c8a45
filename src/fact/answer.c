/* fact/answer: answers as counted blocks; see fact.h.  Heap: a cache and many transactions share
 * one answer, so no arena of theirs could own it. */
#include "base/hash.h"
#include "fact/fact.h"

#define ARENA_FIRST 256

struct answer *
answer_new(void)
{
	struct answer *a = heap_calloc(1, sizeof(*a));

	a->dns = (struct dns_answer){.status = DNS_FAIL, .alias = STR(""), .reason = "unanswered"};
	a->refs = 1;
	arena_init(&a->arena, ARENA_FIRST, DNS_ANSWER_MAX);
	return a;
}

struct answer *
answer_fail(const char *reason)
{
	struct answer *a = answer_new();

	a->dns.reason = reason;
	return a;
}

struct answer *
answer_fail_ours(const char *reason)
{
	struct answer *a = answer_fail(reason);

	a->dns.ours = true;
	return a;
}

struct answer *
answer_history(const struct history *h)
{
	struct answer *a = answer_new();

	a->history = *h;
	return a;
}

struct answer *
answer_callout(const struct callout *c)
{
	struct answer *a = answer_new();

	a->callout = *c;
	a->callout.stage = arena_str(&a->arena, c->stage);
	a->callout.reason = arena_str(&a->arena, c->reason);
	a->callout.said = arena_str(&a->arena, c->said);
	a->callout.mx = arena_str(&a->arena, c->mx);
	a->callout.transcript = arena_str(&a->arena, c->transcript);
	return a;
}

struct answer *
answer_ref(struct answer *a)
{
	must(a->refs > 0);
	a->refs++;
	return a;
}

void
answer_unref(struct answer *a)
{
	if (!a)
		return;
	must(a->refs > 0);
	if (--a->refs > 0)
		return;
	arena_done(&a->arena);
	heap_free(a);
}

uint64_t
question_hash(struct str name, enum dns_type type)
{
	return hash_str_with(name, type);
}

uint64_t
history_hash(struct str name, enum history_kind what)
{
	return hash_str_with(name, UINT64_C(0x10000) + what); /* no type of DNS */
}

uint64_t
callout_hash(struct str address)
{
	return hash_str_with(address, UINT64_C(0x20000));
}
