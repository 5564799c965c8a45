/* Unit tests of a connection to a stranger: what is told of it and when, every way in which it can
 * end, that it may be given up inside of each call, and that one connection's TLS is nothing to
 * another. */
#include <setjmp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"

#include "net/outgoing.h"

#define PATIENCE_MS 5000

enum event { CONNECTED = 1, INPUT = 2, SECURED = 4, CLOSED = 8 };

/* Our side, and the peer's socket. */
struct bed {
	struct outgoing *o;
	unsigned seen;	     /* events */
	unsigned free_at;    /* give up in these */
	bool secure_at_once; /* in the call of connected() */
	bool keep;	     /* use nothing of the input */
	size_t calls;	     /* of input */
	const char *why;
	char room[4096];
	struct buf heard;
	int peer;
};

static struct loop *loop;
static int server;
static uint16_t port;
static SSL_CTX *server_context;

static SSL_CTX *
make_server_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(c, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c, key), 1);
	SSL_CTX_set_num_tickets(c, 0);
	X509_free(x);
	EVP_PKEY_free(key);
	return c;
}

static int
setup(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t size = sizeof(in);

	loop = loop_new();
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server, (struct sockaddr *)&in, size) != 0 || listen(server, 16) != 0 ||
		getsockname(server, (struct sockaddr *)&in, &size) != 0)
		return -1;
	port = ntohs(in.sin_port);
	server_context = make_server_context();
	return 0;
}

static int
teardown(void **state)
{
	SSL_CTX_free(server_context);
	close(server);
	loop_free(loop);
	return 0;
}

/* --- our side --- */

static void
happened(struct bed *b, enum event e)
{
	b->seen |= e;
	if (b->free_at & e) {
		outgoing_free(b->o);
		b->o = NULL;
	}
}

static void
connected(void *ctx)
{
	struct bed *b = ctx;

	if (b->secure_at_once)
		outgoing_secure(b->o, STR("mx.example.org"));
	happened(b, CONNECTED);
}

static size_t
input(void *ctx, struct str bytes)
{
	struct bed *b = ctx;

	b->calls++;
	if (b->keep) {
		buf_reset(&b->heard);
		buf_put(&b->heard, bytes);
		happened(b, INPUT);
		return 0;
	}
	buf_put(&b->heard, bytes);
	happened(b, INPUT);
	return bytes.n;
}

static void
secured(void *ctx)
{
	happened(ctx, SECURED);
}

static void
closed(void *ctx, const char *why)
{
	struct bed *b = ctx;

	assert_null(b->why);
	b->o = NULL;
	b->why = why;
	happened(b, CLOSED);
}

static const struct outgoing_handler handler = {connected, input, secured, closed};

static struct outgoing_options
options(struct bed *b)
{
	*b = (struct bed){.peer = -1};
	b->heard = BUF(b->room);
	return (struct outgoing_options){.loop = loop,
		.to = {.len = 4, .b = {127, 0, 0, 1}},
		.port = port,
		.bytes_max = 16384,
		.handler = &handler,
		.ctx = b};
}

static void
turn_until(struct bed *b, unsigned events)
{
	uint64_t end = clock_ms() + PATIENCE_MS;
	struct timer *t = timer_new(loop, (void (*)(void *))abort, NULL);

	timer_set(t, PATIENCE_MS);
	while (!(b->seen & events) && clock_ms() < end)
		loop_once(loop);
	timer_free(t);
	assert_true(b->seen & events);
}

/* Whatever is still to be told is told. */
static void
drain(void)
{
	struct timer *t = timer_new(loop, (void (*)(void *))loop_stop, loop);

	timer_set(t, 30);
	loop_run(loop);
	timer_free(t);
}

static void
take_peer(struct bed *b)
{
	b->peer = accept(server, NULL, NULL);
	assert_true(b->peer >= 0);
}

static void
open_plain(struct bed *b)
{
	const struct outgoing_options o = options(b);

	b->o = outgoing_new(&o);
	assert_int_equal(b->seen, 0);
	turn_until(b, CONNECTED);
	take_peer(b);
}

static void
say(struct bed *b, struct str s)
{
	assert_int_equal(send(b->peer, s.p, s.n, MSG_NOSIGNAL), s.n);
}

static void
done(struct bed *b)
{
	outgoing_free(b->o);
	if (b->peer >= 0)
		close(b->peer);
	drain();
}

/* --- without TLS --- */

static void
test_both_ways(void **state)
{
	struct bed b;
	char room[16];

	open_plain(&b);
	outgoing_write(b.o, STR("hello"));
	assert_int_equal(recv(b.peer, room, sizeof(room), MSG_WAITALL & 0), 5);
	assert_memory_equal(room, "hello", 5);
	say(&b, STR("220 x"));
	turn_until(&b, INPUT);
	assert_true(str_eq(buf_str(&b.heard), STR("220 x")));
	close(b.peer);
	b.peer = -1;
	turn_until(&b, CLOSED);
	assert_string_equal(b.why, "closed by the server");
	done(&b);
}

static void
test_unused_is_shown_again(void **state)
{
	struct bed b;

	open_plain(&b);
	b.keep = true;
	say(&b, STR("220-"));
	turn_until(&b, INPUT);
	b.seen = 0;
	say(&b, STR("more"));
	turn_until(&b, INPUT);
	assert_true(str_eq(buf_str(&b.heard), STR("220-more")));
	assert_int_equal(b.calls, 2);
	done(&b);
}

/* More than a socket takes at once. */
static void
test_much_to_say(void **state)
{
	static char much[8 << 20], got[8 << 20];
	struct bed b;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7 % 251);
	open_plain(&b);
	outgoing_write(b.o, str_from(much, sizeof(much)));
	assert_int_equal(fcntl(b.peer, F_SETFL, O_NONBLOCK), 0);
	for (uint64_t end = clock_ms() + PATIENCE_MS; n < sizeof(got) && clock_ms() < end;) {
		ssize_t k = recv(b.peer, got + n, sizeof(got) - n, 0);
		if (k > 0)
			n += (size_t)k;
		else
			loop_once(loop);
	}
	assert_int_equal(n, sizeof(got));
	assert_memory_equal(much, got, sizeof(got));
	assert_null(b.why);
	done(&b);
}

static void
test_flood(void **state)
{
	static char much[65536];
	struct bed b;

	open_plain(&b);
	say(&b, str_from(much, sizeof(much)));
	turn_until(&b, CLOSED);
	assert_string_equal(b.why, "more than a server has to say");
	assert_true(b.calls <= 4);
	done(&b);
}

static void
test_reset(void **state)
{
	const struct linger now = {1, 0};
	struct bed b;

	open_plain(&b);
	setsockopt(b.peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(b.peer);
	b.peer = -1;
	turn_until(&b, CLOSED);
	assert_string_equal(b.why, "connection reset");
	done(&b);
}

static void
test_refused(void **state)
{
	struct bed b;
	struct outgoing_options o = options(&b);

	o.port = 1;
	b.o = outgoing_new(&o);
	assert_int_equal(b.seen, 0); /* from the loop only */
	outgoing_write(b.o, STR("EHLO x\r\n"));
	turn_until(&b, CLOSED);
	assert_string_equal(b.why, "connection refused");
	assert_int_equal(b.seen, CLOSED);
	drain();
}

static void
test_own_address(void **state)
{
	struct bed b;
	struct outgoing_options o = options(&b);
	struct sockaddr_in in;
	socklen_t size = sizeof(in);

	o.from = (struct ip){.len = 4, .b = {127, 0, 0, 77}};
	b.o = outgoing_new(&o);
	turn_until(&b, CONNECTED);
	b.peer = accept(server, (struct sockaddr *)&in, &size);
	assert_int_equal(ntohl(in.sin_addr.s_addr), 0x7f00004d);
	done(&b);

	o = options(&b);
	o.from = (struct ip){.len = 4, .b = {192, 0, 2, 1}}; /* nobody's */
	b.o = outgoing_new(&o);
	assert_int_equal(b.seen, 0);
	turn_until(&b, CLOSED);
	assert_string_equal(b.why, "our own address cannot be used");
	drain();

	o.to = (struct ip){.len = 16, .b = {[15] = 1}}; /* of the other family: not looked at */
	o.port = 1;
	b.seen = 0;
	b.why = NULL;
	b.o = outgoing_new(&o);
	turn_until(&b, CLOSED);
	assert_string_not_equal(b.why, "our own address cannot be used");
	drain();
}

static void
test_free_inside(void **state)
{
	struct bed b;

	struct outgoing_options o = options(&b);
	b.free_at = CONNECTED;
	b.o = outgoing_new(&o);
	turn_until(&b, CONNECTED);
	take_peer(&b);
	drain();
	assert_int_equal(b.seen, CONNECTED);
	assert_int_equal(recv(b.peer, b.room, 1, 0), 0);
	done(&b);

	open_plain(&b);
	b.free_at = INPUT;
	say(&b, STR("220 x"));
	turn_until(&b, INPUT);
	drain();
	assert_int_equal(b.seen, CONNECTED | INPUT);
	done(&b);
}

/* What was said last goes out, and nobody is told of the end. */
static void
test_free_outside(void **state)
{
	struct bed b;

	open_plain(&b);
	outgoing_write(b.o, STR("QUIT\r\n"));
	outgoing_free(b.o);
	b.o = NULL;
	drain();
	assert_int_equal(recv(b.peer, b.room, 16, 0), 6);
	assert_int_equal(recv(b.peer, b.room, 16, 0), 0);
	assert_int_equal(b.seen, CONNECTED);
	done(&b);

	struct outgoing_options o = options(&b);
	b.o = outgoing_new(&o); /* nobody answered yet */
	outgoing_free(b.o);
	o.port = 1;
	b.o = outgoing_new(&o); /* failed, and not told yet */
	outgoing_free(b.o);
	outgoing_free(NULL);
	b.o = NULL;
	close(accept(server, NULL, NULL));
	drain();
	assert_int_equal(b.seen, 0);
}

/* --- TLS --- */

struct tls_peer {
	struct bed bed;
	SSL *ssl;
};

/* Both sides take turns until this is so. */
#define TURN_WHILE(cond) \
	for (uint64_t end_ = clock_ms() + PATIENCE_MS; (cond) && clock_ms() < end_; loop_once(loop))

static void
nothing(void *ctx)
{
	timer_set(*(struct timer **)ctx, 1);
}

static void
open_tls(struct tls_peer *p)
{
	const struct outgoing_options o = options(&p->bed);

	p->bed.secure_at_once = true;
	p->bed.o = outgoing_new(&o);
	turn_until(&p->bed, CONNECTED);
	take_peer(&p->bed);
	assert_int_equal(fcntl(p->bed.peer, F_SETFL, O_NONBLOCK), 0);
	p->ssl = SSL_new(server_context);
	SSL_set_fd(p->ssl, p->bed.peer);
	SSL_set_accept_state(p->ssl);
}

static void
shake(struct tls_peer *p)
{
	struct timer *tick;

	tick = timer_new(loop, nothing, &tick);
	timer_set(tick, 1);
	TURN_WHILE(SSL_do_handshake(p->ssl) != 1)
	{
		ERR_clear_error();
	}
	timer_free(tick);
	turn_until(&p->bed, SECURED);
	assert_string_equal(
		SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name), "mx.example.org");
}

static void
done_tls(struct tls_peer *p)
{
	SSL_free(p->ssl);
	done(&p->bed);
}

static void
test_tls(void **state)
{
	struct tls_peer p;
	char room[16];
	int n = 0;

	open_tls(&p);
	shake(&p);
	assert_int_equal(SSL_write(p.ssl, "220 x", 5), 5);
	turn_until(&p.bed, INPUT);
	assert_true(str_eq(buf_str(&p.bed.heard), STR("220 x")));
	outgoing_write(p.bed.o, STR("EHLO"));
	struct timer *tick = timer_new(loop, nothing, &tick);
	timer_set(tick, 1);
	TURN_WHILE((n = SSL_read(p.ssl, room, sizeof(room))) <= 0);
	timer_free(tick);
	assert_int_equal(n, 4);
	assert_memory_equal(room, "EHLO", 4);
	SSL_shutdown(p.ssl);
	turn_until(&p.bed, CLOSED);
	assert_string_equal(p.bed.why, "closed by the server");
	done_tls(&p);
}

static void
test_no_tls_after_all(void **state)
{
	struct tls_peer p;

	open_tls(&p);
	say(&p.bed, STR("454 4.7.0 we have none today\r\n"));
	turn_until(&p.bed, CLOSED);
	assert_string_equal(p.bed.why, "no TLS after all");
	assert_int_equal(p.bed.calls, 0);
	done_tls(&p);
}

/* OpenSSL keeps errors for a thread, and what one server did wrong is none of another's. */
static void
test_faults_of_others(void **state)
{
	struct tls_peer good, bad;

	open_tls(&good);
	shake(&good);
	open_tls(&bad);
	say(&bad.bed, STR("this is no TLS, and so on and so on\r\n"));
	turn_until(&bad.bed, CLOSED);
	/* As it would be with a server that broke in the middle of its session. */
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_RECORD_TYPE);
	assert_int_equal(SSL_write(good.ssl, "220 x", 5), 5);
	turn_until(&good.bed, INPUT | CLOSED);
	drain();
	assert_true(str_eq(buf_str(&good.bed.heard), STR("220 x")));
	assert_null(good.bed.why);
	done_tls(&bad);
	done_tls(&good);
}

static void
test_free_when_secured(void **state)
{
	struct tls_peer p;

	open_tls(&p);
	p.bed.free_at = SECURED;
	shake(&p);
	drain();
	assert_int_equal(p.bed.seen, CONNECTED | SECURED);
	done_tls(&p);

	open_tls(&p);
	shake(&p);
	p.bed.free_at = INPUT;
	assert_int_equal(SSL_write(p.ssl, "220 x", 5), 5);
	turn_until(&p.bed, INPUT);
	drain();
	assert_int_equal(p.bed.seen, CONNECTED | SECURED | INPUT);
	done_tls(&p);
}

static void
test_tls_flood(void **state)
{
	static char much[16000];
	struct tls_peer p;

	open_tls(&p);
	shake(&p);
	for (int i = 0; i < 4; i++)
		(void)SSL_write(p.ssl, much, sizeof(much));
	turn_until(&p.bed, CLOSED);
	assert_string_equal(p.bed.why, "more than a server has to say");
	done_tls(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_unused_is_shown_again),
		cmocka_unit_test(test_much_to_say),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_free_inside),
		cmocka_unit_test(test_free_outside),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_no_tls_after_all),
		cmocka_unit_test(test_faults_of_others),
		cmocka_unit_test(test_free_when_secured),
		cmocka_unit_test(test_tls_flood),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
