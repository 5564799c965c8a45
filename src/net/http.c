/* net/http: see http.h.  libcurl says which descriptors and what time it waits for. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/must.h"

#include "net/http.h"

#define ROOM_FIRST ((size_t)8 << 10)

struct http {
	struct loop *loop;
	CURLM *multi;
	struct timer *timer;
	struct list gets;
};

struct http_get {
	struct list link;
	struct http *http;
	CURL *easy;
	struct curl_slist *headers, *resolve;
	http_done_fn *done;
	void *ctx;
	bool anywhere;
	bool too_big, forbidden;
	size_t header_n, body_max;
	char *body;
	size_t n, room;
	char why[CURL_ERROR_SIZE];
};

/* A descriptor of libcurl's. */
struct socket {
	struct http *http;
	struct watch *watch;
	int fd;
};

/* --- addresses --- */

bool
http_is_public(const struct ip *a)
{
	static const struct {
		const char *net;
		uint8_t bits;
	} others[] = {{"0.0.0.0", 8}, {"10.0.0.0", 8}, {"100.64.0.0", 10}, {"127.0.0.0", 8},
		{"169.254.0.0", 16}, {"172.16.0.0", 12}, {"192.0.0.0", 24}, {"192.0.2.0", 24},
		{"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15}, {"198.51.100.0", 24},
		{"203.0.113.0", 24}, {"224.0.0.0", 3}, {"::", 3}, {"4000::", 2}, {"8000::", 1},
		{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}};

	for (size_t i = 0; i < COUNT(others); i++) {
		struct ip ip;
		must(ip_parse(str_of(others[i].net), &ip));
		struct ip_net net = ip_net_of(&ip, others[i].bits);
		if (net.ip.len == a->len && ip_net_has(&net, a))
			return false;
	}
	return true;
}

static bool
is_allowed(const struct http_get *g, const struct curl_sockaddr *at)
{
	struct ip ip = {.len = 0};

	if (g->anywhere)
		return true;
	if (at->family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&at->addr;
		ip.len = 4;
		memcpy(ip.b, &in->sin_addr, 4);
	} else if (at->family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)&at->addr;
		ip.len = 16;
		memcpy(ip.b, &in->sin6_addr, 16);
	}
	return ip.len && http_is_public(&ip);
}

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct http_get *g = ctx;

	if (!is_allowed(g, at)) {
		g->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->protocol);
}

/* --- what comes --- */

static size_t
take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_get *g = ctx;

	n *= size;
	if (n > g->body_max - g->n) {
		g->too_big = true;
		return 0;
	}
	while (g->room - g->n < n) {
		g->room = g->room ? 2 * g->room : ROOM_FIRST;
		g->body = heap_realloc(g->body, g->room);
	}
	if (n)
		memcpy(g->body + g->n, p, n);
	g->n += n;
	return n;
}

static size_t
take_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_get *g = ctx;

	g->header_n += size * n;
	if (g->header_n <= HTTP_HEADER_MAX)
		return size * n;
	g->too_big = true;
	return 0;
}

static void
destroy(struct http_get *g)
{
	(void)curl_multi_remove_handle(g->http->multi, g->easy);
	curl_easy_cleanup(g->easy);
	curl_slist_free_all(g->headers);
	curl_slist_free_all(g->resolve);
	list_remove(&g->link);
	heap_free(g->body);
	heap_free(g);
}

static enum http_end
end_of(const struct http_get *g, CURLcode code)
{
	if (g->too_big)
		return HTTP_TOO_BIG;
	if (g->forbidden)
		return HTTP_FORBIDDEN;
	if (code == CURLE_OK)
		return HTTP_ANSWER;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return HTTP_TIMEOUT;
	if (code == CURLE_FILESIZE_EXCEEDED)
		return HTTP_TOO_BIG;
	if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
		code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE)
		return HTTP_TLS;
	return HTTP_FAILED;
}

/* There may be names from a certificate in it, and so whatever a peer likes. */
static const char *
tame(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

static void
finish(struct http_get *g, CURLcode code)
{
	static const char *const words[] = {[HTTP_ANSWER] = NULL,
		[HTTP_TIMEOUT] = "no answer in time",
		[HTTP_TOO_BIG] = "the answer is too long",
		[HTTP_TLS] = "the certificate, or TLS itself, is wrong",
		[HTTP_FORBIDDEN] = "its address is none of the Internet's",
		[HTTP_FAILED] = "no connection"};
	struct http_answer a = {.end = end_of(g, code), .retry_after_s = -1};
	char *location = NULL;
	curl_off_t retry = 0;
	long status = 0;

	/* libcurl knows better which of many things it was. */
	bool ask_it = a.end == HTTP_FAILED || a.end == HTTP_TLS;
	a.why = ask_it && g->why[0] ? tame(g->why) : words[a.end];
	if (a.end == HTTP_ANSWER) {
		(void)curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &status);
		(void)curl_easy_getinfo(g->easy, CURLINFO_REDIRECT_URL, &location);
		(void)curl_easy_getinfo(g->easy, CURLINFO_RETRY_AFTER, &retry);
		a.code = (unsigned)status;
		a.body = str_from(g->body, g->n);
		a.location = str_of(location);
		a.retry_after_s = retry > 0 ? retry : -1;
	}
	/* What it may do in its turn is to ask again, or to end everything. */
	g->done(g->ctx, &a);
}

/* Those that have ended. */
static void
tell_ended(struct http *h)
{
	int left;

	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));) {
		struct http_get *g = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		must(curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &g) == CURLE_OK);
		/* Whoever is told may cancel others, but not this one. */
		http_done_fn *done = g->done;
		must(done);
		finish(g, code);
		destroy(g);
	}
}

/* --- the loop --- */

static void
act(struct http *h, curl_socket_t fd, int what)
{
	int running;

	(void)curl_multi_socket_action(h->multi, fd, what, &running);
	tell_ended(h);
}

static void
on_ready(void *ctx, unsigned on)
{
	struct socket *s = ctx;

	/* libcurl may be done with it meanwhile, and s freed. */
	act(s->http, s->fd,
		(on & WATCH_READ ? CURL_CSELECT_IN : 0) |
			(on & WATCH_WRITE ? CURL_CSELECT_OUT : 0));
}

static void
on_time(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int
use_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http *h = ctx;
	struct socket *s = socket_ctx;
	unsigned on =
		(what & CURL_POLL_IN ? WATCH_READ : 0u) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0u);

	if (what == CURL_POLL_REMOVE) {
		if (s) {
			watch_free(s->watch);
			heap_free(s);
			(void)curl_multi_assign(h->multi, fd, NULL);
		}
		return 0;
	}
	if (s) {
		watch_set(s->watch, on);
		return 0;
	}
	s = heap_calloc(1, sizeof(*s));
	s->http = h;
	s->fd = fd;
	s->watch = watch_new(h->loop, fd, on, on_ready, s);
	(void)curl_multi_assign(h->multi, fd, s);
	return 0;
}

static int
use_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;

	if (ms < 0)
		timer_clear(h->timer);
	else
		timer_set(h->timer, (uint64_t)ms);
	return 0;
}

/* --- requests --- */

/* So that libcurl looks up nothing: "host:port:address,address". */
static struct curl_slist *
addresses_of(const struct http_request *r)
{
	char room[64 + 256 + HTTP_ADDRESSES_MAX * (IP_TEXT_MAX + 3)];
	struct buf b = BUF(room);

	buf_printf(&b, "%s:%u:", r->host, r->port);
	for (size_t i = 0; i < r->n; i++) {
		buf_puts(&b, i ? "," : "");
		buf_puts(&b, r->address[i].len == 16 ? "[" : "");
		ip_print(&r->address[i], &b);
		buf_puts(&b, r->address[i].len == 16 ? "]" : "");
	}
	buf_putc(&b, '\0');
	must(!buf_is_cut(&b));
	return curl_slist_append(NULL, room);
}

#define SET(option, value) must(curl_easy_setopt(e, option, value) == CURLE_OK)

static void
set_limits(CURL *e, const struct http_request *r, struct http_get *g)
{
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (r->ca_file) {
		SET(CURLOPT_CAINFO, r->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->body_max);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, g);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, g);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, g);
	SET(CURLOPT_ERRORBUFFER, g->why);
}

struct http_get *
http_get(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
{
	struct http_get *g = heap_calloc(1, sizeof(*g));
	CURL *e = curl_easy_init();
	char accept[128];

	must(e);
	g->http = h;
	g->easy = e;
	g->done = done;
	g->ctx = ctx;
	g->anywhere = r->anywhere;
	g->body_max = r->body_max;
	set_limits(e, r, g);
	snprintf(accept, sizeof(accept), "Accept: %s", r->accept);
	g->headers = curl_slist_append(NULL, accept);
	if (r->host)
		g->resolve = addresses_of(r);
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_HTTPHEADER, g->headers);
	SET(CURLOPT_RESOLVE, g->resolve);
	SET(CURLOPT_USERAGENT, "mxward/" MXWARD_VERSION);
	SET(CURLOPT_PRIVATE, g);
	list_add_last(&h->gets, &g->link);
	must(curl_multi_add_handle(h->multi, e) == CURLM_OK); /* sets the timer */
	return g;
}

bool
http_can_trust(const char *ca_file)
{
	X509_STORE *s = X509_STORE_new();

	must(s);
	bool ok = X509_STORE_load_file(s, ca_file) == 1;
	X509_STORE_free(s);
	ERR_clear_error();
	return ok;
}

void
http_cancel(struct http_get *g)
{
	destroy(g);
}

struct http *
http_new(struct loop *l)
{
	struct http *h = heap_calloc(1, sizeof(*h));

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	h->loop = l;
	list_init(&h->gets);
	h->timer = timer_new(l, on_time, h);
	h->multi = curl_multi_init();
	must(h->multi);
	must(curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, use_socket) == CURLM_OK);
	must(curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) == CURLM_OK);
	must(curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, use_timer) == CURLM_OK);
	must(curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) == CURLM_OK);
	return h;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	while (!list_is_empty(&h->gets))
		destroy(LIST_ELEMENT(h->gets.next, struct http_get, link));
	(void)curl_multi_cleanup(h->multi);
	timer_free(h->timer);
	heap_free(h);
	curl_global_cleanup();
}
