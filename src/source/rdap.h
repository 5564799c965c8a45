/*
 * source/rdap: ask registries when domains were registered (RFC 9082), as slowly as they like.
 *
 * Whoever wants a date says so and goes on; the answer is told some time later, or never.  Of each
 * registry one thing is asked at a time, so many a minute, and nothing while it has said that it
 * has to be let alone (429 and 503 with Retry-After, RFC 6585 4) or does not answer.  What waits is
 * bounded: beyond that a domain is forgotten, and asked for by its next mail.  What has been asked
 * for is not asked for again within ten minutes.
 *
 * Redirects are followed three times, and only to https, but for servers that the settings name.
 * Fetching itself is somebody else's (net/http): here is no I/O.
 */
#ifndef SOURCE_RDAP_H
#define SOURCE_RDAP_H

#include "net/loop.h"
#include "source/rdap_bootstrap.h"
#include "wire/rdap.h"

struct source_rdap;

/* A server of the settings, for a name and all below it that no longer one is for. */
struct rdap_server {
	struct str suffix; /* in lower case */
	struct str url;	   /* ends with a slash, may be http; empty: nobody is asked */
};

struct rdap_fetch {
	unsigned slot; /* of source_rdap_fetched() */
	const char *url;
	bool anywhere; /* it is a server of the settings, which may be everywhere */
};

struct rdap_page {
	const char *why; /* it did not come; NULL: it did */
	unsigned code;
	struct str body, location;
	int64_t retry_after_s; /* -1: not said */
};

struct source_rdap_options {
	struct loop *loop;
	const struct rdap_bootstrap *bootstrap; /* borrowed, and so are servers */
	size_t n_servers;
	const struct rdap_server *server;
	unsigned rate, rate_all; /* questions a minute: to one registry, to all together */
	/* Begin to fetch a page; source_rdap_fetched() follows once, later. */
	void (*fetch)(void *ctx, const struct rdap_fetch *f);
	/* date NULL: no registry tells it, or there is no such domain. */
	void (*answered)(void *ctx, struct str domain, const int64_t *date);
	/* It cannot be told now. */
	void (*failed)(void *ctx, struct str domain, const char *url, const char *why);
	void *ctx;
};

#define RDAP_SLOTS 4 /* pages under way at the same time */

struct source_rdap *source_rdap_new(const struct source_rdap_options *o);
/* Pages under way are the caller's to give up.  NULL is fine. */
void source_rdap_free(struct source_rdap *s);
/* When was this registrable domain registered?  It may be answered from inside. */
void source_rdap_want(struct source_rdap *s, struct str domain);
void source_rdap_fetched(struct source_rdap *s, unsigned slot, const struct rdap_page *page);

struct source_rdap_stats {
	uint64_t wanted, fetched, answered, failed, dropped; /* dropped: for want of room */
	size_t waiting;
};
struct source_rdap_stats source_rdap_stats(const struct source_rdap *s);

#endif
