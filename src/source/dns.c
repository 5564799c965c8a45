/* source/dns: see dns.h. */
#include "base/clock.h"
#include "base/list.h"
#include "source/dns.h"
#include "source/dns_keys.h"
#include "source/dns_servers.h"
#include "source/waiters.h"

#define BUCKETS 1024
#define TRIES	2

/* A question under way or in line. */
struct asking {
	struct list link;    /* of stub.inflight, queue or failing */
	struct asking *next; /* of its bucket */
	struct stub *stub;
	struct list waiters;
	struct arena arena; /* names */
	struct str name;    /* what was asked */
	struct str key;	    /* of a customer, in target; empty: none */
	struct str target;  /* what is asked now: name, or where its aliases lead */
	enum dns_type type;
	uint64_t hash;
	uint64_t deadline_ms;
	unsigned tries;
	unsigned links;	  /* aliases followed */
	uint32_t max_ttl; /* the shortest of the aliases' */
	struct server *server;
	struct exchange *exchange;
	const char *fail; /* in line to fail with this reason */
	bool ours;	  /* that failure is of this side */
};

struct stub {
	struct source source; /* first */
	struct source_dns_options o;
	struct servers servers;
	struct cache *cache;
	struct arena keys_arena;
	struct dns_keys keys;
	struct asking *bucket[BUCKETS];
	struct list inflight, queue, failing;
	uint64_t seq;	    /* answers so far */
	struct timer *soon; /* answers that start() may not give itself */
	struct source_dns_stats stats;
	/* Whoever is answered may give up the last use of the stub: it goes when we are out of it.
	 */
	unsigned busy;
	bool dying;
};

static void next_try(struct asking *q, const char *last_reason);
static void destroy(struct stub *s);

static void
leave(struct stub *s)
{
	if (--s->busy == 0 && s->dying)
		destroy(s);
}

static struct asking **
find(struct stub *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct asking **q = &s->bucket[hash % BUCKETS];

	while (*q && !((*q)->hash == hash && (*q)->type == type && str_eq((*q)->name, name)))
		q = &(*q)->next;
	return q;
}

static void
move_to(struct asking *q, struct list *list)
{
	list_remove(&q->link);
	list_add_last(list, &q->link);
}

static void
asking_free(struct asking *q)
{
	*find(q->stub, q->name, q->type, q->hash) = q->next;
	list_remove(&q->link);
	exchange_stop(q->exchange);
	waiters_drop(&q->waiters);
	arena_done(&q->arena);
	heap_free(q);
}

/* Let the next in line go. */
static void
start_queued(struct stub *s)
{
	while (s->stats.queued && s->stats.inflight < s->o.max_inflight) {
		struct asking *q = LIST_ELEMENT(s->queue.next, struct asking, link);
		s->stats.queued--;
		s->stats.inflight++;
		move_to(q, &s->inflight);
		next_try(q, "busy");
	}
}

/* The answer to the question, whose reference is taken over: into the cache and to all who wait.
 * Answering runs checks, which may ask and cancel: the question is out of every table by then. */
static void
conclude(struct asking *q, struct answer *answer)
{
	struct stub *s = q->stub;
	uint64_t now = clock_ms();
	struct list waiters;

	dns_keys_scrub(answer, q->key);
	answer->dns.seq = ++s->seq;
	cache_put(s->cache, q->name, q->type, q->hash, answer, now);
	s->stats.ended++;
	if (answer->dns.status == DNS_FAIL) {
		s->stats.failed++;
		struct answer *stale = cache_get_stale(s->cache, q->name, q->type, q->hash, now);
		if (stale) {
			answer_unref(answer);
			answer = stale;
			s->stats.stale++;
		}
	}
	waiters_move(&q->waiters, &waiters);
	asking_free(q);
	waiters_tell(&waiters, answer, s->o.answered);
}

static void
conclude_inflight(struct asking *q, struct answer *answer)
{
	struct stub *s = q->stub;

	s->stats.inflight--;
	conclude(q, answer);
	start_queued(s);
}

static void
fail_failing(void *ctx)
{
	struct stub *s = ctx;

	s->busy++;
	while (!list_is_empty(&s->failing)) {
		struct asking *q = LIST_ELEMENT(s->failing.next, struct asking, link);
		conclude(q, q->ours ? answer_fail_ours(q->fail) : answer_fail(q->fail));
	}
	start_queued(s);
	leave(s);
}

/* From places where answering at once could surprise the caller: start(), a walk over a list. */
static void
fail_soon(struct asking *q, const char *reason)
{
	q->fail = reason;
	move_to(q, &q->stub->failing);
	timer_set(q->stub->soon, 0);
}

/* --- tries --- */

/* What the aliases on the way say holds for the answer too. */
static void
add_chain(struct asking *q, struct answer *a)
{
	if (q->links == 0)
		return;
	if (a->dns.ttl > q->max_ttl)
		a->dns.ttl = q->max_ttl;
	if (a->dns.alias.n == 0)
		a->dns.alias = arena_str(&a->arena, q->target);
	a->dns.links += q->links;
}

static void
chase(struct asking *q, struct answer *a)
{
	q->links += a->dns.links;
	if (a->dns.ttl < q->max_ttl)
		q->max_ttl = a->dns.ttl;
	q->target = arena_str(&q->arena, a->dns.alias);
	answer_unref(a);
	q->stub->stats.chased++;
	q->tries = 0;
	if (q->links >= DNS_CNAME_MAX)
		conclude_inflight(q, answer_fail("too many aliases"));
	else
		next_try(q, "timeout");
}

static void
exchange_is_over(struct asking *q, enum exchange_end end, struct answer *a)
{
	struct stub *s = q->stub;

	q->exchange = NULL;
	switch (end) {
	case EXCHANGE_SILENT: {
		const char *reason = a->dns.reason;
		answer_unref(a);
		s->stats.silent++;
		server_missed(q->server);
		next_try(q, reason);
		return;
	}
	case EXCHANGE_CHASE:
		server_answered(q->server);
		chase(q, a);
		return;
	case EXCHANGE_ANSWER:
		break;
	}
	s->stats.answers++;
	server_answered(q->server);
	/* A resolver that says SERVFAIL has tried; only another one may know better. */
	struct server *other = servers_pick(&s->servers, q->server);
	if (a->dns.status == DNS_FAIL && q->tries < TRIES && other && other != q->server) {
		const char *reason = a->dns.reason;
		answer_unref(a);
		next_try(q, reason);
		return;
	}
	add_chain(q, a);
	conclude_inflight(q, a);
}

static void
ended(void *ctx, enum exchange_end end, struct answer *a)
{
	struct asking *q = ctx;
	struct stub *s = q->stub;

	s->busy++;
	exchange_is_over(q, end, a);
	leave(s);
}

static void
next_try(struct asking *q, const char *last_reason)
{
	struct stub *s = q->stub;
	struct server *server = servers_pick(&s->servers, q->tries ? q->server : NULL);
	uint64_t now = clock_ms();
	uint64_t wait = s->o.timeout_ms + (q->tries ? 500 : 0);

	if (!server || q->tries == TRIES || now >= q->deadline_ms) {
		/* Also from start() and start_queued(): never answer from here. */
		s->stats.inflight--;
		q->ours = !server;
		fail_soon(q, server ? last_reason : "no resolver answers");
		return;
	}
	if (wait > q->deadline_ms - now)
		wait = q->deadline_ms - now;
	q->tries++;
	q->server = server;
	q->exchange =
		exchange_start(s->o.loop, &server->address, q->target, q->type, wait, ended, q);
	s->stats.sent++;
	if (q->exchange)
		return;
	s->stats.inflight--;
	q->ours = true;
	fail_soon(q, "cannot send");
}

/* Whoever waits for a server that has just been found dead waits no longer. */
static void
server_died(void *ctx, struct server *dead)
{
	struct stub *s = ctx;
	struct list todo;

	list_init(&todo);
	for (struct list *at = s->inflight.next, *next; at != &s->inflight; at = next) {
		next = at->next;
		if (LIST_ELEMENT(at, struct asking, link)->server == dead)
			move_to(LIST_ELEMENT(at, struct asking, link), &todo);
	}
	while (!list_is_empty(&todo)) {
		struct asking *q = LIST_ELEMENT(todo.next, struct asking, link);
		move_to(q, &s->inflight);
		exchange_stop(q->exchange);
		q->exchange = NULL;
		next_try(q, "timeout");
	}
}

/* --- the source --- */

static struct answer *
lookup(struct source *source, struct str name, enum dns_type type, uint64_t hash)
{
	struct stub *s = (struct stub *)source;
	struct answer *a = cache_get(s->cache, name, type, hash, clock_ms());

	if (a || s->servers.n)
		return a;
	a = answer_new();
	a->dns = (struct dns_answer){
		.status = DNS_NONE, .nxdomain = true, .ttl = 60, .alias = STR("")};
	return a;
}

static struct asking *
asking_new(struct stub *s, const struct fact *f)
{
	struct asking *q = heap_calloc(1, sizeof(*q));

	q->stub = s;
	list_init(&q->link);
	list_init(&q->waiters);
	arena_init(&q->arena, 256, SIZE_MAX);
	q->name = arena_str(&q->arena, f->name);
	q->target = dns_keys_expand(&s->keys, &q->arena, q->name, &q->key);
	q->key = arena_str(&q->arena, q->key); /* the stub's may be replaced */
	q->type = f->type;
	q->hash = f->hash;
	q->max_ttl = UINT32_MAX;
	q->deadline_ms = clock_ms() + SOURCE_DNS_DEADLINE_MS;
	q->next = s->bucket[q->hash % BUCKETS];
	s->bucket[q->hash % BUCKETS] = q;
	return q;
}

static void
start(struct source *source, struct fact *f)
{
	struct stub *s = (struct stub *)source;
	struct asking *q = *find(s, f->name, f->type, f->hash);
	bool is_new = !q;

	s->stats.questions++;
	if (is_new)
		q = asking_new(s, f);
	else
		s->stats.coalesced++;
	waiters_add(&q->waiters, f);
	if (!is_new)
		return;
	if (s->stats.inflight < s->o.max_inflight) {
		s->stats.inflight++;
		move_to(q, &s->inflight);
		next_try(q, "timeout");
	} else if (s->stats.queued < SOURCE_DNS_QUEUE_MAX) {
		s->stats.queued++;
		move_to(q, &s->queue);
	} else {
		s->stats.busy++;
		q->ours = true;
		fail_soon(q, "too many questions under way");
	}
}

/* The question itself goes on: its answer is worth keeping. */
static void
cancel(struct source *source, struct fact *f)
{
	waiters_cancel(f);
}

struct source *
source_dns_new(const struct source_dns_options *o, struct errbuf *e)
{
	struct stub *s = heap_calloc(1, sizeof(*s));

	if (!servers_parse(o->resolver, &s->servers, e)) {
		heap_free(s);
		return NULL;
	}
	s->source = (struct source){lookup, start, cancel};
	s->o = *o;
	s->o.resolver = STR("");
	s->servers.loop = o->loop;
	s->servers.died = server_died;
	s->servers.ctx = s;
	for (size_t i = 0; i < s->servers.n; i++)
		s->servers.server[i].all = &s->servers;
	arena_init(&s->keys_arena, 256, SIZE_MAX);
	s->cache = cache_new(o->cache_bytes, o->stale_ms);
	s->soon = timer_new(o->loop, fail_failing, s);
	list_init(&s->inflight);
	list_init(&s->queue);
	list_init(&s->failing);
	return &s->source;
}

static void
destroy(struct stub *s)
{
	struct list *lists[] = {&s->inflight, &s->queue, &s->failing};
	for (size_t i = 0; i < COUNT(lists); i++)
		while (!list_is_empty(lists[i]))
			asking_free(LIST_ELEMENT(lists[i]->next, struct asking, link));
	servers_done(&s->servers);
	timer_free(s->soon);
	cache_free(s->cache);
	arena_done(&s->keys_arena);
	heap_free(s);
}

void
source_dns_use_keys(struct source *source, const struct dns_keys *keys)
{
	struct stub *s = (struct stub *)source;

	arena_reset(&s->keys_arena);
	s->keys = dns_keys_copy(&s->keys_arena, keys);
}

void
source_dns_free(struct source *source)
{
	struct stub *s = (struct stub *)source;

	if (s && s->busy)
		s->dying = true;
	else if (s)
		destroy(s);
}

struct source_dns_stats
source_dns_stats(const struct source *source)
{
	return ((const struct stub *)source)->stats;
}

struct cache_stats
source_dns_cache_stats(const struct source *source)
{
	return cache_stats(((const struct stub *)source)->cache);
}

bool
source_dns_server(const struct source *source, size_t i, struct source_dns_server *out)
{
	const struct servers *all = &((const struct stub *)source)->servers;

	if (i >= all->n)
		return false;
	struct buf name = BUF(out->name);
	server_print(&all->server[i], &name);
	buf_putc(&name, '\0');
	must(!buf_is_cut(&name));
	out->dead = all->server[i].dead;
	return true;
}
