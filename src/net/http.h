/*
 * net/http: fetch a page from a server that may be hostile, on the loop.
 *
 * A thin cover over libcurl's multi interface, the only file that sees it.  GET, HTTP/1.1, one
 * connection for each page, no proxy, no cookies, no compression, no redirects (they are told to
 * whoever asked), certificates always checked.  Names are not looked up: whoever asks brings the
 * addresses.  Bounded in time and in bytes, header and body.
 *
 * For processes of their own, never in a loop that answers mail servers: TLS takes its time.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/ip.h"
#include "base/str.h"
#include "net/loop.h"

struct http;
struct http_get;

#define HTTP_ADDRESSES_MAX 8
#define HTTP_HEADER_MAX	   ((size_t)32 << 10)

struct http_request {
	const char *url;  /* checked by whoever asks: http or https, host, port, path */
	const char *host; /* of it, when that is a name */
	uint16_t port;
	size_t n; /* addresses of the host, not needed when that is one */
	struct ip address[HTTP_ADDRESSES_MAX];
	bool anywhere; /* also to addresses that are not on the Internet */
	const char *accept;
	size_t body_max;
	uint64_t timeout_ms; /* in all */
	/* Certificates of authorities, in the place of the system's; NULL: those.  It is borrowed
	 * for the call. */
	const char *ca_file;
};

enum http_end {
	HTTP_ANSWER,
	HTTP_TIMEOUT,
	HTTP_TOO_BIG,	/* body or header */
	HTTP_TLS,	/* no TLS, or not with whom it should be */
	HTTP_FORBIDDEN, /* the address is none of the Internet's */
	HTTP_FAILED,
};

struct http_answer {
	enum http_end end;
	const char *why; /* for people; NULL with HTTP_ANSWER */
	unsigned code;	 /* HTTP_ANSWER: 200, ... */
	struct str body;
	struct str location;   /* of a redirect, made absolute; or empty */
	int64_t retry_after_s; /* -1: not said */
};

/* Borrowed for the call. */
typedef void http_done_fn(void *ctx, const struct http_answer *a);

struct http *http_new(struct loop *l);
/* Those under way are given up without a call.  Not from inside of done().  NULL is fine. */
void http_free(struct http *h);
/* done() is called once, from the loop, unless http_cancel() comes first. */
struct http_get *http_get(
	struct http *h, const struct http_request *r, http_done_fn *done, void *ctx);
void http_cancel(struct http_get *g);

/* Is this a file with certificates of authorities, which we may read? */
NODISCARD bool http_can_trust(const char *ca_file);

/* Is this an address of the Internet?  Not those of private networks, this host, links, groups,
 * documentation and tunnels to any of them. */
bool http_is_public(const struct ip *a);

#endif
