/* net/outgoing: see outgoing.h.  TLS reads from memory and writes into memory: the socket is
 * handled in one way, with it and without. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fifo.h"
#include "base/must.h"

#include "net/outgoing.h"

#define SLICE	      4096
#define NAME_MAX_TEXT 255

struct outgoing {
	struct outgoing_options o;
	struct watch *watch;
	struct timer *end; /* of one that failed outside of the loop's calls */
	int fd;		   /* -1: none */
	bool connected;
	struct fifo in, out;
	size_t read;
	SSL *tls; /* NULL: plain */
	bool secured;
	const char *why; /* it ends */
	bool in_call, freed;
};

/* --- life --- */

static void
destroy(struct outgoing *o)
{
	SSL_free(o->tls);
	watch_free(o->watch);
	timer_free(o->end);
	if (o->fd >= 0)
		close(o->fd);
	fifo_done(&o->in);
	fifo_done(&o->out);
	heap_free(o);
}

/* The first reason stands.  The loop does the rest: nobody is called from inside of a call. */
static void
fail(struct outgoing *o, const char *why)
{
	if (!o->why)
		o->why = why;
	timer_set(o->end, 0);
}

static void
finish(void *ctx)
{
	struct outgoing *o = ctx;
	const struct outgoing_handler *handler = o->o.handler;
	const char *why = o->why;
	void *whose = o->o.ctx;

	destroy(o);
	handler->closed(whose, why);
}

static const char *
why_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "connection refused";
	case ETIMEDOUT:
		return "the connection timed out";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "no way to that address";
	case EADDRNOTAVAIL:
		return "our own address cannot be used";
	case ECONNRESET:
	case EPIPE:
		return "connection reset";
	default:
		return "the connection broke";
	}
}

/* --- TLS --- */

static SSL_CTX *
context(void)
{
	static SSL_CTX *context; /* of the process, made when it is wanted first */

	if (!context) {
		context = SSL_CTX_new(TLS_client_method());
		if (context)
			SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	}
	return context;
}

/* What TLS wants to send. */
static void
pump(struct outgoing *o)
{
	BIO *bio = SSL_get_wbio(o->tls);
	char bytes[SLICE];
	int n;

	while ((n = BIO_read(bio, bytes, sizeof(bytes))) > 0)
		fifo_put(&o->out, str_from(bytes, (size_t)n));
}

/* A step of the handshake.  True: something is to be told. */
static bool
shake(struct outgoing *o)
{
	/* What another connection left behind would be taken for ours. */
	ERR_clear_error();
	int done = SSL_do_handshake(o->tls);
	int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(o->tls, done);

	pump(o);
	o->secured = done == 1;
	if (done != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		fail(o, "no TLS after all");
	return o->secured;
}

static void
decrypt(struct outgoing *o, struct str bytes)
{
	must(BIO_write(SSL_get_rbio(o->tls), bytes.p, (int)bytes.n) == (int)bytes.n);
	if (!o->secured && shake(o)) {
		o->in_call = true;
		o->o.handler->secured(o->o.ctx);
		o->in_call = false;
	}
	while (o->secured && !o->freed) {
		char *room = fifo_room(&o->in, SLICE);
		ERR_clear_error();
		int n = SSL_read(o->tls, room, SLICE);
		if (n <= 0) {
			int error = SSL_get_error(o->tls, n);
			if (error == SSL_ERROR_ZERO_RETURN)
				fail(o, "closed by the server");
			else if (error != SSL_ERROR_WANT_READ)
				fail(o, "TLS broke");
			break;
		}
		fifo_added(&o->in, (size_t)n);
	}
	pump(o);
}

void
outgoing_secure(struct outgoing *o, struct str name)
{
	char z[NAME_MAX_TEXT + 1];

	must(!o->tls);
	o->tls = context() ? SSL_new(context()) : NULL;
	if (!o->tls) {
		fail(o, "no TLS on this side");
		return;
	}
	SSL_set_bio(o->tls, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(o->tls);
	name = str_slice(name, 0, NAME_MAX_TEXT);
	if (name.n) {
		memcpy(z, name.p, name.n);
		z[name.n] = '\0';
		(void)SSL_set_tlsext_host_name(o->tls, z);
	}
	fifo_use(&o->in, fifo_size(&o->in));
	(void)shake(o);
	if (!o->in_call)
		watch_set(o->watch, WATCH_READ | WATCH_WRITE);
}

/* --- in and out --- */

static void
send_some(struct outgoing *o)
{
	struct str bytes = fifo_bytes(&o->out);

	while (bytes.n) {
		ssize_t n = send(o->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				fail(o, why_of(errno));
			break;
		}
		bytes = str_skip(bytes, (size_t)n);
	}
	fifo_use(&o->out, fifo_size(&o->out) - bytes.n);
}

void
outgoing_write(struct outgoing *o, struct str bytes)
{
	if (o->why || !bytes.n)
		return;
	if (o->secured) {
		if (SSL_write(o->tls, bytes.p, (int)bytes.n) <= 0)
			fail(o, "TLS broke");
		pump(o);
	} else {
		fifo_put(&o->out, bytes);
	}
	if (!o->connected)
		return;
	send_some(o);
	if (!o->in_call)
		watch_set(o->watch, fifo_size(&o->out) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

static void
hand_over(struct outgoing *o)
{
	if (!fifo_size(&o->in) || o->freed)
		return;
	o->in_call = true;
	size_t used = o->o.handler->input(o->o.ctx, fifo_bytes(&o->in));
	o->in_call = false;
	if (o->freed)
		return;
	/* Nothing is left where it was dropped meanwhile: outgoing_secure(). */
	size_t left = fifo_size(&o->in);
	fifo_use(&o->in, used < left ? used : left);
}

static void
receive(struct outgoing *o)
{
	char bytes[SLICE];
	ssize_t n = recv(o->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0) {
		fail(o, "closed by the server");
		return;
	}
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			fail(o, why_of(errno));
		return;
	}
	o->read += (size_t)n;
	if (o->read > o->o.bytes_max) {
		fail(o, "more than a server has to say");
		return;
	}
	if (o->tls)
		decrypt(o, str_from(bytes, (size_t)n));
	else
		fifo_put(&o->in, str_from(bytes, (size_t)n));
	hand_over(o);
}

static void
on_connected(struct outgoing *o)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error) {
		fail(o, why_of(error));
		return;
	}
	o->connected = true;
	o->in_call = true;
	o->o.handler->connected(o->o.ctx);
	o->in_call = false;
}

static void
on_ready(void *ctx, unsigned on)
{
	struct outgoing *o = ctx;

	if (!o->connected && !o->why)
		on_connected(o);
	else if (!o->why && (on & WATCH_READ))
		receive(o);
	if (!o->freed && !o->why && o->connected)
		send_some(o);
	if (o->freed)
		destroy(o);
	else if (o->why)
		finish(o);
	else
		watch_set(o->watch, fifo_size(&o->out) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

void
outgoing_free(struct outgoing *o)
{
	if (!o)
		return;
	if (o->connected && !o->why)
		send_some(o);
	if (o->in_call)
		o->freed = true;
	else
		destroy(o);
}

static socklen_t
put_address(struct sockaddr_storage *out, const struct ip *ip, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (ip->len == 4) {
		memcpy(&in.sin_addr, ip->b, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, ip->b, 16);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

static bool
dial(struct outgoing *o)
{
	struct sockaddr_storage a;
	int family = o->o.to.len == 4 ? AF_INET : AF_INET6;

	o->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (o->fd < 0)
		return false;
	if (o->o.from.len == o->o.to.len) {
		socklen_t size = put_address(&a, &o->o.from, 0);
		if (bind(o->fd, (struct sockaddr *)&a, size) != 0)
			return false;
	}
	socklen_t size = put_address(&a, &o->o.to, o->o.port);
	return connect(o->fd, (struct sockaddr *)&a, size) == 0 || errno == EINPROGRESS;
}

struct outgoing *
outgoing_new(const struct outgoing_options *options)
{
	struct outgoing *o = heap_calloc(1, sizeof(*o));

	o->o = *options;
	must(o->o.to.len == 4 || o->o.to.len == 16);
	o->end = timer_new(o->o.loop, finish, o);
	if (!dial(o))
		fail(o, why_of(errno));
	else
		o->watch = watch_new(o->o.loop, o->fd, WATCH_WRITE, on_ready, o);
	return o;
}
