/* daemon/resolver: see resolver.h. */
#include "checks/dnsbl.h"
#include "core/run.h"
#include "daemon/resolver.h"
#include "source/dns_keys.h"
#include "source/zone.h"

/* A stub that several generations may use. */
struct shared_stub {
	unsigned refs;
	struct source *stub;
};

struct chain {
	struct source source; /* first */
	struct uncached {
		struct source source; /* first */
		struct chain *chain;
	} uncached;
	struct zone *zone; /* may be NULL */
	struct shared_stub *shared;
};

static struct answer *
lookup(struct source *source, struct str name, enum dns_type type, uint64_t hash)
{
	struct chain *c = (struct chain *)source;
	struct answer *a = c->zone ? zone_get(c->zone, name, type) : NULL;

	return a ? a : c->shared->stub->lookup(c->shared->stub, name, type, hash);
}

static void
start(struct source *source, struct fact *f)
{
	struct source *stub = ((struct chain *)source)->shared->stub;

	stub->start(stub, f);
}

static void
cancel(struct source *source, struct fact *f)
{
	struct source *stub = ((struct chain *)source)->shared->stub;

	stub->cancel(stub, f);
}

static struct answer *
lookup_uncached(struct source *source, struct str name, enum dns_type type, uint64_t hash)
{
	struct chain *c = ((struct uncached *)source)->chain;
	struct source_dns_server ignored;

	if (!source_dns_server(c->shared->stub, 0, &ignored)) /* resolver = none */
		return lookup(&c->source, name, type, hash);
	return c->zone ? zone_get(c->zone, name, type) : NULL;
}

static void
start_uncached(struct source *source, struct fact *f)
{
	start(&((struct uncached *)source)->chain->source, f);
}

static void
cancel_uncached(struct source *source, struct fact *f)
{
	cancel(&((struct uncached *)source)->chain->source, f);
}

struct source *
resolver_uncached(struct config *config)
{
	struct chain *chain = config->source_owner;

	return &chain->uncached.source;
}

static void
chain_free(struct config *c)
{
	struct chain *chain = c->source_owner;

	zone_free(chain->zone);
	if (chain->shared && --chain->shared->refs == 0) {
		source_dns_free(chain->shared->stub);
		heap_free(chain->shared);
	}
	heap_free(chain);
}

static bool
same_settings(const struct dns_settings *a, const struct dns_settings *b)
{
	return str_eq(a->resolver, b->resolver) && a->timeout == b->timeout &&
		a->cache == b->cache && a->max_inflight == b->max_inflight && a->stale == b->stale;
}

static struct shared_stub *
make_stub(const struct dns_settings *s, struct loop *loop, struct errbuf *e)
{
	const struct source_dns_options o = {.loop = loop,
		.resolver = s->resolver,
		.timeout_ms = (uint64_t)s->timeout,
		.max_inflight = (unsigned)s->max_inflight,
		.cache_bytes = (size_t)s->cache,
		.stale_ms = (uint64_t)s->stale,
		.answered = transaction_answer};
	struct source *stub = source_dns_new(&o, e);

	if (!stub)
		return NULL;
	struct shared_stub *shared = heap_calloc(1, sizeof(*shared));
	*shared = (struct shared_stub){1, stub};
	return shared;
}

static void
use_keys(struct config *c, struct source *stub)
{
	const struct dnsbl_set *set = c->generation.site.lists;
	struct dns_key *key = arena_calloc(&c->arena, set->n + 1, sizeof(*key));
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (set->list[i].key.n)
			key[n++] = (struct dns_key){set->list[i].zone, set->list[i].key};
	source_dns_use_keys(stub, &(struct dns_keys){n, key});
}

bool
resolver_attach(
	struct config *config, const struct config *before, struct loop *loop, struct errbuf *e)
{
	struct chain *chain = heap_calloc(1, sizeof(*chain));
	const struct chain *old = before ? before->source_owner : NULL;

	chain->source = (struct source){lookup, start, cancel};
	chain->uncached =
		(struct uncached){{lookup_uncached, start_uncached, cancel_uncached}, chain};
	config->source_owner = chain;
	config->free_source = chain_free;
	if (config->dns.zone.n) {
		const char *path = arena_z(&config->arena, config->dns.zone);
		chain->zone = zone_load(path, e);
		if (!chain->zone)
			return false;
	}
	if (old && same_settings(&config->dns, &before->dns)) {
		chain->shared = old->shared;
		chain->shared->refs++;
	} else {
		chain->shared = make_stub(&config->dns, loop, e);
	}
	if (!chain->shared)
		return false;
	use_keys(config, chain->shared->stub);
	config->generation.source = &chain->source;
	return true;
}

const struct source *
resolver_stub(const struct config *config)
{
	const struct chain *chain = config->source_owner;

	return chain ? chain->shared->stub : NULL;
}
