/*
 * source/dns: the stub resolver: answers DNS questions through the site's resolvers.
 *
 * Made to gather evidence, so an answer is either known to be one or it is a failure: see
 * dns_exchange.h for what is accepted, dns_servers.h for servers that do not answer.  Equal
 * questions of all transactions are asked once; at most max_inflight are under way, the others wait
 * in line (bounded); two tries each, the second at another server if there is one; one deadline
 * over tries and aliases.  Answers go into the cache; where asking fails, an expired answer is
 * given as DNS_STALE.
 */
#ifndef SOURCE_DNS_H
#define SOURCE_DNS_H

#include "base/errbuf.h"
#include "fact/cache.h"
#include "net/loop.h"

#define SOURCE_DNS_QUEUE_MAX   10000 /* questions in line; more fail at once ("busy") */
#define SOURCE_DNS_DEADLINE_MS 5000  /* a question with all its tries and aliases, at most */

struct source_dns_options {
	struct loop *loop;
	struct str resolver; /* see servers_parse(); only read during source_dns_new() */
	uint64_t timeout_ms; /* first try; the second waits half a second longer */
	unsigned max_inflight;
	size_t cache_bytes;
	uint64_t stale_ms;
	/* An answer to a fact given to start(): from the loop, exactly once, with a reference. */
	void (*answered)(struct fact *f, struct answer *a);
};

struct source_dns_stats {
	uint64_t questions, sent, answers, silent, coalesced, chased, stale, busy;
	uint64_t ended, failed; /* of questions - coalesced: came to an end; and to no answer */
	size_t inflight, queued;
};

struct source_dns_server {
	char name[IP_TEXT_MAX + 6]; /* ADDRESS@PORT */
	bool dead;		    /* nobody waits for it until it answers a probe */
};

/* NULL with e filled when the resolvers are written wrongly.  With "none" every question that the
 * cache cannot answer has the answer NXDOMAIN. */
struct source *source_dns_new(const struct source_dns_options *o, struct errbuf *e);
/* Keys of customers (dns_keys.h) for questions from now on; copied. */
struct dns_keys;
void source_dns_use_keys(struct source *s, const struct dns_keys *keys);
/* All facts must have been answered or cancelled; NULL is fine, and so is a call from inside
 * answered(). */
void source_dns_free(struct source *s);
struct source_dns_stats source_dns_stats(const struct source *s);
struct cache_stats source_dns_cache_stats(const struct source *s);
/* Resolver i, in the order of the settings; false behind the last. */
bool source_dns_server(const struct source *s, size_t i, struct source_dns_server *out);

#endif
