/*
 * Unit tests of the stub resolver against a server in the same process that misbehaves by name:
 * the first label of a question says what is done to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/dns.h"

#define TIMEOUT 100 /* ms, first try; the second waits 500 more */

/* --- the server --- */

struct server {
	int udp, tcp;
	uint16_t port;
	struct watch *on_udp, *on_tcp;
	bool silent;	/* as if it were gone */
	unsigned asked; /* questions other than probes */
	struct {
		uint16_t port, id;
	} seen[4096];
};

static struct loop *loop;
static struct server one, two;

struct query {
	const unsigned char *p;
	size_t n;
	uint16_t id, type;
	struct str name; /* text */
	bool edns;
	size_t question_end;
	char room[DNS_NAME_TEXT_MAX];
};

static bool
read_query(struct query *q, const unsigned char *p, size_t n)
{
	struct cursor c = cursor_on(str_from((const char *)p, n));

	q->p = p;
	q->n = n;
	q->id = cursor_u16(&c);
	cursor_bytes(&c, 8);
	q->edns = cursor_u16(&c) == 1;
	if (!dns_name_read_text(&c, q->room, &q->name))
		return false;
	q->type = cursor_u16(&c);
	cursor_u16(&c);
	q->question_end = c.at;
	return cursor_ok(&c);
}

/* Head and question of an answer. */
static void
put_head(struct buf *b, const struct query *q, unsigned flags, unsigned answers)
{
	buf_put16(b, q->id);
	buf_put16(b, (uint16_t)(0x8180 | flags));
	buf_put16(b, 1);
	buf_put16(b, (uint16_t)answers);
	buf_put32(b, 0);
	buf_put(b, str_from((const char *)q->p + 12, q->question_end - 12));
}

static void
put_a(struct buf *b, const char *address)
{
	buf_put16(b, 0xc00c);
	buf_put16(b, DNS_A);
	buf_put16(b, 1);
	buf_put32(b, 300);
	buf_put16(b, 4);
	buf_put32(b, ntohl(inet_addr(address)));
}

static void
put_cname(struct buf *b, struct str target)
{
	char room[300];
	struct buf name = BUF(room);

	must(dns_name_write(target, &name));
	buf_put16(b, 0xc00c);
	buf_put16(b, DNS_CNAME);
	buf_put16(b, 1);
	buf_put32(b, 60);
	buf_put16(b, (uint16_t)name.n);
	buf_put(b, buf_str(&name));
}

/* The answer by the first label; false: none.  More than one datagram through `again`. */
static bool
answer_query(const struct query *q, bool tcp, struct buf *b, struct buf *again)
{
	struct str label = str_slice(q->name, 0, str_find(q->name, '.'));
	struct str rest = str_skip(q->name, label.n + 1);

	if (str_eq(label, STR("servfail")) || str_eq(label, STR("refused")) ||
		str_eq(label, STR("notimp")) || str_eq(label, STR("nx"))) {
		put_head(b, q,
			label.p[0] == 's'	    ? 2
				: label.p[0] == 'r' ? 5
				: label.n == 2	    ? 3
						    : 4,
			0);
	} else if (str_eq(label, STR("formerr"))) {
		put_head(b, q, q->edns ? 1 : 0, q->edns ? 0 : 1);
		if (!q->edns)
			put_a(b, "192.0.2.1");
	} else if (str_eq(label, STR("none"))) {
		put_head(b, q, 0, 0);
	} else if (str_eq(label, STR("drop")) || str_has_prefix(label, STR("loss-drop"))) {
		return false;
	} else if (str_eq(label, STR("empty"))) {
		return true;
	} else if (str_has_prefix(label, STR("tc"))) {
		put_head(b, q, tcp ? 0 : 0x0200, tcp ? 1 : 0);
		if (tcp)
			put_a(b, "192.0.2.1");
	} else if (str_has_prefix(label, STR("badid"))) {
		put_head(b, q, 0, 1);
		put_a(b, "203.0.113.66");
		b->p[0] ^= 0x55;
		if (label.n > 5) {
			put_head(again, q, 0, 1);
			put_a(again, "192.0.2.1");
		}
	} else if (str_has_prefix(label, STR("wrongq"))) {
		put_head(b, q, 0, 1);
		put_a(b, "203.0.113.66");
		b->p[13] ^= 0x01;
		if (label.n > 6) {
			put_head(again, q, 0, 1);
			put_a(again, "192.0.2.1");
		}
	} else if (str_eq(label, STR("garbage"))) {
		put_head(b, q, 0, 1);
		put_a(b, "192.0.2.1");
		b->n -= 3;
	} else if (str_eq(label, STR("ptrloop"))) {
		size_t at = b->n + q->question_end;
		put_head(b, q, 0, 1);
		put_a(b, "192.0.2.1");
		b->p[at] = (char)(0xc0 | at >> 8);
		b->p[at + 1] = (char)at;
	} else if (str_eq(label, STR("longrdlen"))) {
		put_head(b, q, 0, 1);
		put_a(b, "192.0.2.1");
		b->p[b->n - 5] = 40;
	} else if (str_eq(label, STR("chase"))) {
		put_head(b, q, 0, 1);
		put_cname(b, rest);
	} else if (str_eq(label, STR("loop"))) {
		put_head(b, q, 0, 1);
		put_cname(b, q->name);
	} else {
		put_head(b, q, 0, 1);
		put_a(b, "192.0.2.1");
	}
	return true;
}

static void
on_udp(void *ctx, unsigned on)
{
	struct server *s = ctx;
	unsigned char in[2048];
	char out[2048], more[2048];
	struct sockaddr_in from;
	socklen_t from_n = sizeof(from);
	ssize_t n = recvfrom(s->udp, in, sizeof(in), 0, (struct sockaddr *)&from, &from_n);
	struct query q;
	struct buf b = BUF(out), again = BUF(more);

	if (n < 0 || s->silent || !read_query(&q, in, (size_t)n))
		return;
	if (!str_eq(q.name, STR("."))) {
		s->seen[s->asked % COUNT(s->seen)].port = ntohs(from.sin_port);
		s->seen[s->asked++ % COUNT(s->seen)].id = q.id;
	}
	if (!answer_query(&q, false, &b, &again))
		return;
	sendto(s->udp, out, b.n, 0, (struct sockaddr *)&from, from_n);
	if (again.n)
		sendto(s->udp, more, again.n, 0, (struct sockaddr *)&from, from_n);
}

struct tcp_conn {
	struct watch *watch;
	int fd;
};

/* The question has come whole, as it does on loopback. */
static void
on_tcp_question(void *ctx, unsigned on)
{
	struct tcp_conn *c = ctx;
	unsigned char in[2048];
	char out[2048];
	struct buf b = BUF(out), again = BUF(out);
	struct query q;
	ssize_t n = recv(c->fd, in, sizeof(in), 0);

	buf_put16(&b, 0);
	if (n > 2 && read_query(&q, in + 2, (size_t)n - 2) &&
		!str_has_prefix(q.name, STR("tc-close"))) {
		answer_query(&q, true, &b, &again);
		out[0] = (char)((b.n - 2) >> 8);
		out[1] = (char)(b.n - 2);
		/* In two pieces, the length cut in the middle. */
		must(send(c->fd, out, 1, 0) == 1);
		must(send(c->fd, out + 1, b.n - 1, 0) == (ssize_t)b.n - 1);
	}
	close(c->fd);
	watch_free(c->watch);
	free(c);
}

static void
on_tcp(void *ctx, unsigned on)
{
	struct server *s = ctx;
	struct tcp_conn *c = calloc(1, sizeof(*c));

	must(c);
	c->fd = accept(s->tcp, NULL, NULL);
	must(c->fd >= 0);
	c->watch = watch_new(loop, c->fd, WATCH_READ, on_tcp_question, c);
}

static void
server_open(struct server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int big = 8 << 20;

	memset(s, 0, sizeof(*s));
	do { /* the same port for both */
		if (s->tcp > 0)
			close(s->tcp), close(s->udp);
		at.sin_port = 0;
		s->tcp = socket(AF_INET, SOCK_STREAM, 0);
		must(bind(s->tcp, (struct sockaddr *)&at, n) == 0 && listen(s->tcp, 100) == 0);
		must(getsockname(s->tcp, (struct sockaddr *)&at, &n) == 0);
		s->udp = socket(AF_INET, SOCK_DGRAM, 0);
	} while (bind(s->udp, (struct sockaddr *)&at, n) != 0);
	setsockopt(s->udp, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	s->port = ntohs(at.sin_port);
	s->on_udp = watch_new(loop, s->udp, WATCH_READ, on_udp, s);
	s->on_tcp = watch_new(loop, s->tcp, WATCH_READ, on_tcp, s);
}

static void
server_close(struct server *s)
{
	watch_free(s->on_udp);
	watch_free(s->on_tcp);
	close(s->udp);
	close(s->tcp);
}

/* --- the client --- */

static struct answer *got[20000];
static size_t n_got;
static struct fact *facts;

static void
answered(struct fact *f, struct answer *a)
{
	size_t i = (size_t)(f - facts);

	must(!got[i]); /* exactly once */
	got[i] = a;
	n_got++;
}

static struct source *
stub_new(unsigned servers, unsigned max_inflight)
{
	char text[100];
	struct errbuf e = {0};

	loop = loop_new();
	server_open(&one);
	server_open(&two);
	snprintf(text, sizeof(text), servers == 2 ? "127.0.0.1@%u 127.0.0.1@%u" : "127.0.0.1@%u",
		one.port, two.port);
	struct source_dns_options o = {.loop = loop,
		.resolver = str_of(text),
		.timeout_ms = TIMEOUT,
		.max_inflight = max_inflight,
		.cache_bytes = 1 << 20,
		.stale_ms = 1000,
		.answered = answered};
	struct source *s = source_dns_new(&o, &e);
	if (!s)
		fail_msg("%s", e.text);
	return s;
}

static void
stub_free(struct source *s)
{
	for (size_t i = 0; i < COUNT(got); i++) {
		answer_unref(got[i]);
		got[i] = NULL;
	}
	n_got = 0;
	free(facts);
	facts = NULL;
	source_dns_free(s);
	server_close(&one);
	server_close(&two);
	loop_free(loop);
}

/* Questions prepared by name; the names must stay. */
static void
make_facts(size_t n)
{
	facts = calloc(n, sizeof(*facts));
	must(facts && n <= COUNT(got));
}

static void
ask(struct source *s, size_t i, struct str name)
{
	facts[i].name = name;
	facts[i].type = DNS_A;
	facts[i].hash = question_hash(name, DNS_A);
	s->start(s, &facts[i]);
}

static void
wake(void *ctx)
{
}

static uint64_t
run_until(size_t n, uint64_t most_ms)
{
	uint64_t began = clock_us();
	struct timer *t = timer_new(loop, wake, NULL);

	timer_set(t, most_ms + 10);
	while (n_got < n && clock_us() - began < most_ms * 1000)
		loop_once(loop);
	timer_free(t);
	return (clock_us() - began) / 1000;
}

static void
test_faults(void **state)
{
	static const struct {
		const char *name;
		enum dns_status status;
		const char *reason; /* DNS_FAIL */
	} cases[] = {
		{"ok.example", DNS_OK, NULL},
		{"nx.example", DNS_NONE, NULL},
		{"none.example", DNS_NONE, NULL},
		{"servfail.example", DNS_FAIL, "servfail"},
		{"refused.example", DNS_FAIL, "refused"},
		{"notimp.example", DNS_FAIL, "notimp"},
		{"formerr.example", DNS_OK, NULL}, /* asked again without EDNS */
		{"drop.example", DNS_FAIL, "timeout"},
		{"empty.example", DNS_FAIL, "timeout"},
		{"tc.example", DNS_OK, NULL},
		{"tc-close.example", DNS_FAIL, "connection closed without an answer"},
		{"badid.example", DNS_FAIL, "timeout"},
		{"badid-first.example", DNS_OK, NULL},
		{"wrongq.example", DNS_FAIL, "timeout"},
		{"wrongq-first.example", DNS_OK, NULL},
		{"garbage.example", DNS_FAIL, "malformed"},
		{"ptrloop.example", DNS_FAIL, "malformed"}, /* a record that belongs to no name */
		{"longrdlen.example", DNS_FAIL, "malformed"},
		{"chase.ok.example", DNS_OK, NULL},
		{"chase.chase.ok.example", DNS_OK, NULL},
		{"loop.example", DNS_FAIL, "too many aliases"},
	};
	struct source *s = stub_new(1, 500);

	make_facts(COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++)
		ask(s, i, str_of(cases[i].name));
	assert_int_equal(n_got, 0); /* never from inside start() */
	uint64_t ms = run_until(COUNT(cases), 5000);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!got[i])
			fail_msg("%s was not answered", cases[i].name);
	assert_true(ms < 2 * TIMEOUT + 500 + 700);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct dns_answer *a = &got[i]->dns;
		if (a->status != cases[i].status)
			fail_msg("%s: status %d, %s", cases[i].name, a->status,
				a->reason ? a->reason : "");
		if (a->status == DNS_FAIL)
			assert_string_equal(a->reason, cases[i].reason);
		if (a->status != DNS_OK)
			continue;
		struct ip want;
		assert_true(ip_parse(STR("192.0.2.1"), &want));
		assert_true(dns_answer_has_ip(a, &want)); /* never the forger's */
	}
	assert_true(str_eq(got[19]->dns.alias, STR("ok.example")));
	assert_int_equal(got[19]->dns.ttl, 60); /* the alias lives shorter than the record */
	/* One zone full of silence has not taken the server away. */
	assert_int_equal(got[0]->dns.status, DNS_OK);
	size_t failures = 0;
	for (size_t i = 0; i < COUNT(cases); i++)
		failures += cases[i].status == DNS_FAIL;
	assert_int_equal(source_dns_stats(s).ended, COUNT(cases));
	assert_int_equal(source_dns_stats(s).failed, failures);
	stub_free(s);
}

static void
test_answers_are_kept(void **state)
{
	struct source *s = stub_new(1, 500);
	struct str name = STR("ok.example");
	uint64_t hash = question_hash(name, DNS_A);

	make_facts(3);
	assert_null(s->lookup(s, name, DNS_A, hash));
	ask(s, 0, name);
	ask(s, 1, name); /* the same question is asked once */
	run_until(2, 2000);
	assert_int_equal(n_got, 2);
	assert_int_equal(one.asked, 1);
	assert_ptr_equal(got[0], got[1]);
	struct answer *a = s->lookup(s, name, DNS_A, hash);
	assert_non_null(a);
	answer_unref(a);
	/* Whoever has gone is not answered; the answer is kept all the same. */
	ask(s, 2, STR("other.example"));
	s->cancel(s, &facts[2]);
	run_until(3, 200);
	assert_int_equal(n_got, 2);
	struct source_dns_stats stats = source_dns_stats(s);
	assert_int_equal(stats.questions - stats.coalesced, 2);
	assert_int_equal(stats.ended, 2);
	assert_int_equal(stats.failed, 0);
	a = s->lookup(s, STR("other.example"), DNS_A, question_hash(STR("other.example"), DNS_A));
	assert_non_null(a);
	answer_unref(a);
	stub_free(s);
}

static void
test_second_server(void **state)
{
	struct source *s = stub_new(2, 500);

	make_facts(2);
	one.silent = true;
	ask(s, 0, STR("ok.example"));
	uint64_t ms = run_until(1, 3000);
	assert_int_equal(got[0]->dns.status, DNS_OK);
	assert_true(ms < TIMEOUT + 300);
	/* And a server that cannot answer is not the last word. */
	one.silent = false;
	unsigned before = one.asked + two.asked;
	ask(s, 1, STR("servfail.example"));
	run_until(2, 3000);
	assert_int_equal(got[1]->dns.status, DNS_FAIL);
	assert_int_equal(one.asked + two.asked - before, 2);
	stub_free(s);
}

static bool
server_is_dead(const struct source *s)
{
	struct source_dns_server server;
	char name[32];

	assert_true(source_dns_server(s, 0, &server));
	snprintf(name, sizeof(name), "127.0.0.1@%u", one.port);
	assert_string_equal(server.name, name);
	return server.dead;
}

static void
test_dead_server(void **state)
{
	static char name[60][40];
	struct source *s = stub_new(1, 500);

	make_facts(60);
	one.silent = true;
	for (size_t i = 0; i < 20; i++) {
		snprintf(name[i], sizeof(name[i]), "ok%zu.example", i);
		ask(s, i, str_of(name[i]));
	}
	/* Silence, a probe, and then nobody waits for it. */
	uint64_t ms = run_until(20, 5000);
	assert_int_equal(n_got, 20);
	assert_true(ms < TIMEOUT + 500 + TIMEOUT + 1000 + 300);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(got[i]->dns.status, DNS_FAIL);
	run_until(21, 1500); /* the probe has ended by now */
	assert_true(server_is_dead(s));
	ask(s, 20, STR("late.example"));
	ms = run_until(21, 3000);
	assert_int_equal(n_got, 21);
	assert_true(ms < 50);
	assert_string_equal(got[20]->dns.reason, "no resolver answers");
	/* It comes back, and is noticed within five seconds. */
	one.silent = false;
	uint64_t began = clock_us();
	enum dns_status status = DNS_FAIL;
	for (size_t i = 21; i < 60 && status != DNS_OK; i++) {
		snprintf(name[i], sizeof(name[i]), "again%zu.example", i);
		ask(s, i, str_of(name[i]));
		run_until(i + 1, 1000);
		status = got[i]->dns.status;
		run_until(i + 2, 150);
	}
	assert_int_equal(status, DNS_OK);
	assert_true(clock_us() - began < 5000000);
	assert_false(server_is_dead(s));
	stub_free(s);
}

static void
test_burst_and_unpredictable(void **state)
{
	static char name[1500][24];
	struct source *s = stub_new(1, 500);
	unsigned ports = 0, ids = 0;

	make_facts(1500);
	for (size_t i = 0; i < 1500; i++) {
		snprintf(name[i], sizeof(name[i]), "b%zu.example", i);
		ask(s, i, str_of(name[i]));
	}
	assert_int_equal(source_dns_stats(s).inflight, 500);
	assert_int_equal(source_dns_stats(s).queued, 1000);
	run_until(1500, 20000);
	assert_int_equal(n_got, 1500);
	for (size_t i = 0; i < 1500; i++)
		assert_int_equal(got[i]->dns.status, DNS_OK);
	for (unsigned i = 1; i < one.asked && i < COUNT(one.seen); i++) {
		ports += one.seen[i].port != one.seen[i - 1].port;
		ids += one.seen[i].id != one.seen[i - 1].id;
	}
	assert_true(ports > 1450 && ids > 1450);
	stub_free(s);
}

static size_t
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void
test_descriptors_with_loss(void **state)
{
	static char name[5000][32];
	struct source *s = stub_new(1, 500);
	size_t before = count_fds(), ok = 0;

	make_facts(COUNT(name));
	for (size_t i = 0; i < COUNT(name); i++) {
		snprintf(name[i], sizeof(name[i]), i % 5 ? "g%zu.example" : "loss-drop%zu.example",
			i);
		ask(s, i, str_of(name[i]));
	}
	run_until(COUNT(name), 30000);
	assert_int_equal(n_got, COUNT(name));
	for (size_t i = 0; i < COUNT(name); i++)
		ok += got[i]->dns.status == DNS_OK;
	assert_int_equal(ok, COUNT(name) / 5 * 4);
	run_until(COUNT(name) + 1, 1200); /* a probe may still be under way */
	assert_int_equal(count_fds(), before);
	assert_int_equal(source_dns_stats(s).inflight, 0);
	stub_free(s);
}

static void
test_nobody_there(void **state)
{
	struct source *s = stub_new(1, 500);

	make_facts(1);
	watch_free(one.on_udp);
	one.on_udp = NULL;
	close(one.udp);
	one.udp = socket(AF_INET, SOCK_DGRAM, 0);
	ask(s, 0, STR("ok.example"));
	uint64_t ms = run_until(1, 3000);
	assert_int_equal(got[0]->dns.status, DNS_FAIL);
	assert_string_equal(got[0]->dns.reason, "connection refused");
	assert_true(ms < 100);
	stub_free(s);
}

static struct source *to_free;

static void
answered_and_freed(struct fact *f, struct answer *a)
{
	answered(f, a);
	source_dns_free(to_free);
	to_free = NULL;
}

/* After a reload the last message under the old settings takes its resolver with it. */
static void
test_freed_by_whom_it_answers(void **state)
{
	static const char *const names[] = {"ok.example", "drop.example"};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct source *kept = stub_new(1, 500);
		char text[40];
		struct errbuf e = {0};
		snprintf(text, sizeof(text), "127.0.0.1@%u", one.port);
		struct source_dns_options o = {.loop = loop,
			.resolver = str_of(text),
			.timeout_ms = TIMEOUT,
			.max_inflight = 1,
			.answered = answered_and_freed};
		to_free = source_dns_new(&o, &e);
		make_facts(2);
		ask(to_free, 0, str_of(names[i]));
		ask(to_free, 1, STR("waits.example"));
		to_free->cancel(to_free, &facts[1]);
		run_until(1, 2000);
		assert_int_equal(n_got, 1);
		assert_null(to_free);
		stub_free(kept);
	}
}

static void
assert_servers(const struct source *s, const char *const *names)
{
	struct source_dns_server server;
	size_t i = 0;

	for (; names[i]; i++) {
		assert_true(source_dns_server(s, i, &server));
		assert_string_equal(server.name, names[i]);
		assert_false(server.dead);
	}
	assert_false(source_dns_server(s, i, &server));
}

static void
test_settings(void **state)
{
	static const struct {
		const char *text, *says; /* says NULL: good */
	} cases[] = {
		{"127.0.0.1", NULL},
		{"127.0.0.1@5353 ::1@53", NULL},
		{"none", NULL},
		{"system", NULL},
		{"", "no resolver"},
		{"localhost", "no address"},
		{"127.0.0.1:53", "no address"},
		{"127.0.0.1@0", "no port"},
		{"127.0.0.1@65536", "no port"},
		{"127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 "
		 "127.0.0.9",
			"more than"},
	};

	/* How the first ones are shown. */
	static const char *const servers[][3] = {
		{"127.0.0.1@53"}, {"127.0.0.1@5353", "::1@53"}, {NULL}};

	loop = loop_new();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct source_dns_options o = {.loop = loop,
			.resolver = str_of(cases[i].text),
			.max_inflight = 1,
			.answered = answered};
		struct source *s = source_dns_new(&o, &e);
		if ((s != NULL) != (cases[i].says == NULL))
			fail_msg("\"%s\": %s", cases[i].text, e.text);
		if (!s)
			assert_non_null(strstr(e.text, cases[i].says));
		if (s && i < COUNT(servers))
			assert_servers(s, servers[i]);
		source_dns_free(s);
	}
	/* Without servers whatever is not known does not exist. */
	struct errbuf e = {0};
	struct source_dns_options o = {
		.loop = loop, .resolver = STR("none"), .max_inflight = 1, .answered = answered};
	struct source *s = source_dns_new(&o, &e);
	struct answer *a =
		s->lookup(s, STR("x.example"), DNS_A, question_hash(STR("x.example"), DNS_A));
	assert_int_equal(a->dns.status, DNS_NONE);
	answer_unref(a);
	source_dns_free(s);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_answers_are_kept),
		cmocka_unit_test(test_second_server),
		cmocka_unit_test(test_dead_server),
		cmocka_unit_test(test_burst_and_unpredictable),
		cmocka_unit_test(test_descriptors_with_loss),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_freed_by_whom_it_answers),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
