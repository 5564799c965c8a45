/* daemon/fetcher: see fetcher.h. */
#include <stdio.h>

#include "base/list.h"
#include "daemon/fetcher.h"
#include "source/dns.h"
#include "source/zone.h"
#include "wire/rdap.h"

#define CACHE_BYTES ((size_t)256 << 10)
#define INFLIGHT    16

enum { A, AAAA, QUESTIONS };

struct fetch {
	struct list link;
	struct fetcher *fetcher;
	struct fetcher_request request;
	http_done_fn *done;
	void *ctx;
	struct http_get *get; /* NULL: not yet */
	struct fact fact[QUESTIONS];
	struct timer *soon; /* nobody is called from inside of fetcher_get() */
	const char *why;    /* it has failed */
	uint16_t port;
	char host[256]; /* empty: it is an address */
	char url[RDAP_URL_MAX + 1];
};

struct fetcher {
	struct loop *loop;
	struct http *http;
	struct source *dns;
	struct zone *zone; /* NULL: none */
	struct list fetches;
	char *ca_file; /* NULL: the system's */
};

static void
fetch_free(struct fetch *x)
{
	struct source *dns = x->fetcher->dns;

	for (size_t i = 0; i < QUESTIONS; i++) {
		struct fact *f = &x->fact[i];
		if (f->sent && !f->answer)
			dns->cancel(dns, f);
		answer_unref(f->answer);
	}
	if (x->get)
		http_cancel(x->get);
	timer_free(x->soon);
	list_remove(&x->link);
	heap_free(x);
}

static void
on_page(void *ctx, const struct http_answer *a)
{
	struct fetch *x = ctx;

	x->get = NULL;
	x->done(x->ctx, a);
	fetch_free(x);
}

static void
fail(struct fetch *x, const char *why)
{
	x->why = why;
	timer_set(x->soon, 0);
}

static void
on_soon(void *ctx)
{
	struct fetch *x = ctx;
	const struct http_answer a = {
		.end = HTTP_FAILED, .why = x->why, .location = STR(""), .retry_after_s = -1};

	x->done(x->ctx, &a);
	fetch_free(x);
}

static void
get(struct fetch *x)
{
	struct http_request r = {.url = x->url,
		.host = x->host[0] ? x->host : NULL,
		.port = x->port,
		.anywhere = x->request.anywhere,
		.accept = x->request.accept,
		.body_max = x->request.body_max,
		.timeout_ms = x->request.timeout_ms,
		.ca_file = x->fetcher->ca_file};

	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct answer *a = x->fact[i].answer;
		if (!a || a->dns.status != DNS_OK)
			continue;
		for (size_t k = 0; k < a->dns.n && r.n < HTTP_ADDRESSES_MAX; k++)
			r.address[r.n++] = a->dns.rr[k].ip;
	}
	if (r.host && !r.n)
		fail(x, "its name has no address, or DNS did not answer");
	else
		x->get = http_get(x->fetcher->http, &r, on_page, x);
}

/* Both answers are there. */
static void
go_on(struct fetch *x)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		if (!x->fact[i].answer)
			return;
	get(x);
}

static void
answered(struct fact *f, struct answer *a)
{
	struct fetch *x = (void *)((char *)(f - f->index) - offsetof(struct fetch, fact));

	f->answer = a;
	go_on(x);
}

static void
ask(struct fetch *x, struct str name)
{
	static const enum dns_type types[QUESTIONS] = {[A] = DNS_A, [AAAA] = DNS_AAAA};
	struct fetcher *s = x->fetcher;

	for (uint8_t i = 0; i < QUESTIONS; i++) {
		struct fact *f = &x->fact[i];
		f->name = name;
		f->type = types[i];
		f->index = i;
		f->hash = question_hash(name, f->type);
		if (s->zone)
			f->answer = zone_get(s->zone, name, f->type);
		if (!f->answer)
			f->answer = s->dns->lookup(s->dns, name, f->type, f->hash);
	}
	for (size_t i = 0; i < QUESTIONS; i++) {
		struct fact *f = &x->fact[i];
		if (f->answer)
			continue;
		f->sent = true;
		s->dns->start(s->dns, f);
	}
	go_on(x);
}

void
fetcher_get(struct fetcher *s, const struct fetcher_request *r, http_done_fn *done, void *ctx)
{
	struct fetch *x = heap_calloc(1, sizeof(*x));
	struct str url = str_of(r->url);
	struct rdap_url parts;
	struct ip ip;

	x->fetcher = s;
	x->request = *r;
	x->done = done;
	x->ctx = ctx;
	x->soon = timer_new(s->loop, on_soon, x);
	list_add_last(&s->fetches, &x->link);
	if (!rdap_url_parse(url, &parts)) {
		fail(x, "that is no URL that can be fetched");
		return;
	}
	snprintf(x->url, sizeof(x->url), "%.*s", STR_ARG(url));
	x->port = parts.port;
	if (ip_parse(parts.host, &ip)) {
		get(x);
		return;
	}
	snprintf(x->host, sizeof(x->host), "%.*s", STR_ARG(parts.host));
	ask(x, str_of(x->host));
}

static char *
ca_file_of(const struct config *c)
{
	struct str path = c->rdap.ca_file;

	if (!path.n)
		return NULL;
	char *s = heap_calloc(1, path.n + 1);
	memcpy(s, path.p, path.n);
	return s;
}

struct fetcher *
fetcher_new(struct loop *l, const struct config *c, struct errbuf *e)
{
	const struct source_dns_options o = {.loop = l,
		.resolver = c->dns.resolver,
		.timeout_ms = (uint64_t)c->dns.timeout,
		.max_inflight = INFLIGHT,
		.cache_bytes = CACHE_BYTES,
		.answered = answered};
	struct fetcher *s = heap_calloc(1, sizeof(*s));
	struct arena a;

	s->loop = l;
	list_init(&s->fetches);
	s->dns = source_dns_new(&o, e);
	arena_init(&a, 512, SIZE_MAX);
	if (s->dns && c->dns.zone.n)
		s->zone = zone_load(arena_z(&a, c->dns.zone), e);
	arena_done(&a);
	if (s->dns && (s->zone || !c->dns.zone.n)) {
		s->http = http_new(l);
		s->ca_file = ca_file_of(c);
		return s;
	}
	source_dns_free(s->dns);
	heap_free(s);
	return NULL;
}

void
fetcher_free(struct fetcher *s)
{
	if (!s)
		return;
	while (!list_is_empty(&s->fetches))
		fetch_free(LIST_ELEMENT(s->fetches.next, struct fetch, link));
	http_free(s->http);
	source_dns_free(s->dns);
	zone_free(s->zone);
	heap_free(s->ca_file);
	heap_free(s);
}
