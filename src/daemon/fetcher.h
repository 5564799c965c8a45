/*
 * daemon/fetcher: pages from servers that have names, by net/http and the resolver of the settings.
 *
 * For processes and commands that may be kept busy by TLS; nobody else looks up names for them.
 */
#ifndef DAEMON_FETCHER_H
#define DAEMON_FETCHER_H

#include "daemon/config.h"
#include "net/http.h"

struct fetcher;
struct fetch;

struct fetcher_request {
	const char *url;
	bool anywhere; /* see net/http.h */
	const char *accept;
	size_t body_max;
	uint64_t timeout_ms; /* once the name is known */
};

/* NULL with e where [dns] cannot be used. */
struct fetcher *fetcher_new(struct loop *l, const struct config *c, struct errbuf *e);
/* What is under way is given up without a call; not from inside of one.  NULL is fine. */
void fetcher_free(struct fetcher *f);
/* done() is called once, from the loop; url is copied. */
void fetcher_get(struct fetcher *f, const struct fetcher_request *r, http_done_fn *done, void *ctx);

#endif
