/* source/dns_exchange: see dns_exchange.h. */
#include <errno.h>
#include <unistd.h>

#include "base/hash.h"
#include "source/dns_exchange.h"

#define MESSAGE_MAX 65535

struct exchange {
	struct loop *loop;
	const struct dns_address *to;
	struct str name;
	enum dns_type type;
	exchange_ended *ended;
	void *ctx;
	int fd;
	uint16_t id;
	bool edns, tcp;
	struct watch *watch;
	struct timer *timer;
	/* TCP: what is to be sent, then what has come (its length first). */
	unsigned char *bytes;
	size_t n, at;
};

/* One at a time is read into it: nothing of ours runs between reading and parsing. */
static unsigned char datagram[MESSAGE_MAX];

static void on_ready(void *ctx, unsigned on);

static void
close_socket(struct exchange *x)
{
	watch_free(x->watch);
	x->watch = NULL;
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

void
exchange_stop(struct exchange *x)
{
	if (!x)
		return;
	close_socket(x);
	timer_free(x->timer);
	heap_free(x->bytes);
	heap_free(x);
}

static void
end(struct exchange *x, enum exchange_end how, struct answer *answer)
{
	exchange_ended *ended = x->ended;
	void *ctx = x->ctx;

	exchange_stop(x);
	ended(ctx, how, answer);
}

static void
fall_silent(struct exchange *x, const char *reason)
{
	end(x, EXCHANGE_SILENT, answer_fail(reason));
}

static bool
open_socket(struct exchange *x)
{
	int kind = (x->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;

	x->fd = socket(x->to->sa.ss_family, kind, 0);
	if (x->fd < 0)
		return false;
	if (connect(x->fd, (const struct sockaddr *)&x->to->sa, x->to->n) == 0 ||
		(x->tcp && errno == EINPROGRESS))
		return true;
	close_socket(x);
	return false;
}

/* From the kernel, many at a time: asked for one by one they are a tenth of a question's cost. Only
 * workers ask, so no two processes share what is left after a fork. */
static uint16_t
random_id(void)
{
	static uint16_t pool[128];
	static size_t left;

	if (!left) {
		random_bytes(pool, sizeof(pool));
		left = COUNT(pool);
	}
	return pool[--left];
}

static struct buf
question(struct exchange *x, char *room, size_t size)
{
	struct buf b = buf_on(room, size);

	x->id = random_id();
	must(dns_question_write(x->id, x->name, x->type, x->edns, &b));
	return b;
}

/* False when it cannot even be sent. */
static bool
ask_udp(struct exchange *x)
{
	char room[512];
	struct buf b = question(x, room, sizeof(room));

	if (!open_socket(x))
		return false;
	if (send(x->fd, b.p, b.n, MSG_NOSIGNAL) < 0) {
		close_socket(x);
		return false;
	}
	x->watch = watch_new(x->loop, x->fd, WATCH_READ, on_ready, x);
	return true;
}

static bool
ask_tcp(struct exchange *x)
{
	char room[512];
	struct buf b;

	close_socket(x);
	x->tcp = true;
	b = question(x, room, sizeof(room));
	x->bytes = heap_realloc(x->bytes, 2 + MESSAGE_MAX);
	x->bytes[0] = (unsigned char)(b.n >> 8);
	x->bytes[1] = (unsigned char)b.n;
	memcpy(x->bytes + 2, b.p, b.n);
	x->n = b.n + 2;
	x->at = 0;
	if (!open_socket(x))
		return false;
	x->watch = watch_new(x->loop, x->fd, WATCH_WRITE, on_ready, x);
	return true;
}

/* A whole message has come.  True when the exchange goes on waiting. */
static bool
take_message(struct exchange *x, const unsigned char *p, size_t n)
{
	struct answer *a = answer_new();
	struct str message = str_from((const char *)p, n);

	switch (dns_answer_read(&a->arena, message, x->id, x->name, x->type, &a->dns)) {
	case DNS_READ_FOREIGN:
		answer_unref(a);
		return true;
	case DNS_READ_TRUNCATED:
		answer_unref(a);
		if (!x->tcp && ask_tcp(x))
			return true;
		fall_silent(x, "answer cut, and no connection");
		return false;
	case DNS_READ_NO_EDNS:
		if (x->edns) {
			answer_unref(a);
			x->edns = false;
			close_socket(x);
			if (x->tcp ? ask_tcp(x) : ask_udp(x))
				return true;
			fall_silent(x, "cannot send");
			return false;
		}
		break;
	case DNS_READ_CHASE:
		end(x, EXCHANGE_CHASE, a);
		return false;
	case DNS_READ_OK:
		break;
	}
	a->dns.ad = a->dns.ad && x->to->loopback;
	end(x, EXCHANGE_ANSWER, a);
	return false;
}

static void
read_udp(struct exchange *x)
{
	for (;;) {
		int fd = x->fd;
		ssize_t n = recv(fd, datagram, sizeof(datagram), 0);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n < 0) { /* ICMP said that nobody is there */
			fall_silent(
				x, errno == ECONNREFUSED ? "connection refused" : "unreachable");
			return;
		}
		if (!take_message(x, datagram, (size_t)n) || x->tcp || x->fd != fd)
			return;
	}
}

static void
write_tcp(struct exchange *x)
{
	ssize_t n = send(x->fd, x->bytes + x->at, x->n - x->at, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n < 0) {
		fall_silent(x, "connection failed");
		return;
	}
	x->at += (size_t)n;
	if (x->at < x->n)
		return;
	x->n = 0;
	watch_set(x->watch, WATCH_READ);
}

static void
read_tcp(struct exchange *x)
{
	size_t want = x->n < 2 ? 2 : 2 + (size_t)(x->bytes[0] << 8 | x->bytes[1]);
	ssize_t n = recv(x->fd, x->bytes + x->n, want - x->n, 0);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		fall_silent(x, "connection closed without an answer");
		return;
	}
	x->n += (size_t)n;
	if (x->n < 2)
		return;
	want = 2 + (size_t)(x->bytes[0] << 8 | x->bytes[1]);
	if (x->n < want)
		return;
	int fd = x->fd;
	if (take_message(x, x->bytes + 2, want - 2) && x->fd == fd)
		x->n = 0; /* a foreign message: the next may be ours */
}

static void
on_ready(void *ctx, unsigned on)
{
	struct exchange *x = ctx;

	if (!x->tcp)
		read_udp(x);
	else if (on & WATCH_WRITE)
		write_tcp(x);
	else
		read_tcp(x);
}

static void
on_timeout(void *ctx)
{
	fall_silent(ctx, "timeout");
}

struct exchange *
exchange_start(struct loop *l, const struct dns_address *to, struct str name, enum dns_type type,
	uint64_t timeout_ms, exchange_ended *ended, void *ctx)
{
	struct exchange *x = heap_calloc(1, sizeof(*x));

	*x = (struct exchange){.loop = l,
		.to = to,
		.name = name,
		.type = type,
		.ended = ended,
		.ctx = ctx,
		.fd = -1,
		.edns = true};
	if (!ask_udp(x)) {
		exchange_stop(x);
		return NULL;
	}
	x->timer = timer_new(l, on_timeout, x);
	timer_set(x->timer, timeout_ms);
	return x;
}
