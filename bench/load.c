/* load: see load.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#include "endpoint.h"
#include "load.h"
#include "usage.h"

#define SILENCE_MS     30000
#define SERVERS_MAX    8
#define VERDICTS_MAX   32
#define TX_FIELDS      6
#define EVENTS_AT_ONCE 64

/* Every latency of a run in microseconds: exact percentiles, four bytes each. */
struct samples {
	uint32_t *v;
	size_t n, max;
};

struct verdict {
	char text[32];
	uint64_t n;
};

struct load {
	const struct load_proto *proto;
	struct endpoint to;
	struct load_tx *tx;
	size_t tx_n;
	struct load_conn *conns;
	struct load_conn **idle; /* ring: the one idle for longest takes the next transaction */
	size_t idle_at, idle_n;
	int epoll;

	uint64_t serial, todo, done, errors, active;
	uint64_t pass_us, pass_count; /* when it began, how many it has */
	struct samples per_tx, per_answer;
	struct verdict verdicts[VERDICTS_MAX];
	int pid[SERVERS_MAX];
	size_t pid_n;
};

/* A generator is one run of one program: its state is the program's. */
static struct load load;
static const char *opt_to, *opt_tx;
static unsigned opt_connections = 20, opt_inflight, opt_rate, opt_warmup, opt_count = 10000;
unsigned load_rcpts = 1;

static const struct load_option common[] = {
	{"to", "ENDPOINT of the server: inet:ADDR:PORT or unix:/PATH", .text = &opt_to},
	{"transactions", "FILE made by workload.py", .text = &opt_tx},
	{"connections", "kept open (20)", .number = &opt_connections},
	{"inflight", "at most so many busy at a time (all connections)", .number = &opt_inflight},
	{"rate", "begun in a second, at most (0: no limit)", .number = &opt_rate},
	{"warmup", "transactions before the measured ones (0)", .number = &opt_warmup},
	{"count", "measured transactions (10000)", .number = &opt_count},
	{"rcpts", "recipients of each transaction (1)", .number = &load_rcpts},
	{""},
};

/* --- the command line ----------------------------------------------------------------------- */

static void
print_options(FILE *f, const struct load_option *o)
{
	for (; o->name[0]; o++)
		fprintf(f, "  --%-14s %s\n", o->name, o->help);
}

static _Noreturn void
usage_exit(const char *wrong)
{
	FILE *f = wrong ? stderr : stdout;

	if (wrong)
		fprintf(f, "%s_load: %s?\n", load.proto->name, wrong);
	fprintf(f, "usage: %s_load --to ENDPOINT --transactions FILE [option]...\n",
		load.proto->name);
	print_options(f, common);
	print_options(f, load.proto->options);
	fprintf(f,
		"  --%-14s PID whose CPU and memory, its children's included, are reported;"
		" may be given again\n",
		"pid");
	exit(wrong ? 1 : 0);
}

static const struct load_option *
option_find(const struct load_option *o, const char *name)
{
	for (; o->name[0]; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static unsigned
number_of(const char *text)
{
	uint64_t v;

	if (!text || !str_to_u64(str_of(text), 100000000, &v))
		usage_exit(text ? text : "a number is missing");
	return (unsigned)v;
}

static void
parse_options(char **argv)
{
	while (*argv) {
		const char *word = *argv++;
		const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
		const struct load_option *o = option_find(common, name);

		if (!o)
			o = option_find(load.proto->options, name);
		if (strcmp(name, "help") == 0)
			usage_exit(NULL);
		if (o && o->flag)
			*o->flag = true;
		else if (!*argv)
			usage_exit(word);
		else if (o && o->number)
			*o->number = number_of(*argv++);
		else if (o)
			*o->text = *argv++;
		else if (strcmp(name, "pid") == 0 && load.pid_n < SERVERS_MAX)
			load.pid[load.pid_n++] = (int)number_of(*argv++);
		else
			usage_exit(word);
	}
	if (!opt_to || !opt_tx || !opt_connections || !load_rcpts)
		usage_exit("--to, --transactions, or a zero");
	if (!opt_inflight || opt_inflight > opt_connections)
		opt_inflight = opt_connections;
}

/* --- transactions --------------------------------------------------------------------------- */

static bool
tx_parse(struct str line, struct load_tx *out)
{
	struct str *field[TX_FIELDS] = {
		&out->kind, &out->addr, &out->name, &out->rname, &out->helo, &out->sender};

	for (size_t i = 0; i < TX_FIELDS; i++)
		if (!str_split(&line, '\t', field[i]))
			return false;
	return line.p == NULL;
}

/* The text is kept for the whole run: all strings of transactions point into it. */
static struct str
read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = 0, got;
	char *text = NULL;

	if (!f)
		bench_die("%s: %m", path);
	do {
		text = heap_realloc(text, n + 65536);
		got = fread(text + n, 1, 65536, f);
		n += got;
	} while (got);
	fclose(f);
	return str_from(text, n);
}

static void
read_transactions(const char *path)
{
	struct str text = read_file(path), line;
	size_t max = 0;

	while (text.p && str_split(&text, '\n', &line)) {
		if (line.n == 0)
			continue;
		if (load.tx_n == max) {
			max = max ? 2 * max : 1024;
			load.tx = heap_realloc(load.tx, max * sizeof *load.tx);
		}
		if (!tx_parse(line, &load.tx[load.tx_n++]))
			bench_die("%s:%zu: not %d fields", path, load.tx_n, TX_FIELDS);
	}
	if (load.tx_n == 0)
		bench_die("%s: no transactions", path);
}

void
load_put_rcpt(struct buf *out, unsigned i)
{
	buf_puts(out, "user");
	buf_putu(out, i + 1);
	buf_puts(out, "@example.org");
}

/* --- latencies and verdicts ----------------------------------------------------------------- */

static void
samples_add(struct samples *s, uint64_t us)
{
	if (s->n == s->max) {
		s->max = s->max ? 2 * s->max : 65536;
		s->v = heap_realloc(s->v, s->max * sizeof *s->v);
	}
	s->v[s->n++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
samples_print(struct samples *s, const char *key)
{
	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof *s->v, compare_u32);
	printf(",\"%s\":{\"p50\":%" PRIu32 ",\"p99\":%" PRIu32 ",\"max\":%" PRIu32 "}", key,
		s->v[s->n / 2], s->v[s->n * 99 / 100], s->v[s->n - 1]);
}

static void
verdict_count(struct str verdict)
{
	struct verdict *v = load.verdicts;

	verdict = str_slice(verdict, 0, sizeof v->text - 1);
	for (; v < load.verdicts + VERDICTS_MAX - 1 && v->n; v++)
		if (str_eq(str_of(v->text), verdict))
			break;
	if (v->n++)
		return;
	for (size_t i = 0; i < verdict.n; i++) { /* a JSON string as it is */
		char c = verdict.p[i];
		v->text[i] = chr_is_print(c) && c != '"' && c != '\\' ? c : '?';
	}
}

void
load_answered(struct load_conn *c, struct str verdict)
{
	samples_add(&load.per_answer, clock_us() - c->asked_us);
	verdict_count(verdict);
}

/* --- connections ---------------------------------------------------------------------------- */

static void
conn_open(struct load_conn *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	c->fd = endpoint_socket(&load.to);
	if (connect(c->fd, (const struct sockaddr *)&load.to.addr, load.to.len) < 0)
		bench_die("%s: no connection: %m", opt_to);
	if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
		bench_die("epoll: %m");
	c->fresh = true;
	c->in_n = c->in_at = 0;
}

static void
conn_close(struct load_conn *c)
{
	close(c->fd);
	c->fd = -1;
}

static void
conn_flush(struct load_conn *c)
{
	struct str s = buf_str(&c->out);

	must(!buf_is_cut(&c->out));
	if (s.n == 0)
		return;
	c->asked_us = clock_us();
	/* A server that closed meanwhile is found by the next read. */
	if (send(c->fd, s.p, s.n, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		bench_die("%s: %m", opt_to);
	buf_reset(&c->out);
}

static bool
is_due(void)
{
	uint64_t begun = load.pass_count - load.todo;

	return !opt_rate || (clock_us() - load.pass_us) * opt_rate >= begun * 1000000;
}

static void
start_next(void)
{
	struct load_conn *c;

	if (load.todo == 0 || load.idle_n == 0 || !is_due())
		return;
	c = load.idle[load.idle_at];
	load.idle_at = (load.idle_at + 1) % opt_connections;
	load.idle_n--;
	load.todo--;
	load.active++;
	c->tx = &load.tx[load.serial++ % load.tx_n];
	c->serial = load.serial;
	c->stage = c->rcpt = c->header = c->refused = 0;
	c->begun_us = c->asked_us = clock_us();
	if (c->fd < 0)
		conn_open(c);
	else
		c->fresh = false;
	load.proto->start(c);
	conn_flush(c);
}

static void
conn_finish(struct load_conn *c, enum load_step step)
{
	if (step == LOAD_ERROR)
		load.errors++;
	else
		samples_add(&load.per_tx, clock_us() - c->begun_us);
	conn_flush(c);
	if (step != LOAD_DONE)
		conn_close(c);
	c->tx = NULL;
	load.idle[(load.idle_at + load.idle_n++) % opt_connections] = c;
	load.active--;
	load.done++;
	start_next();
}

static void
conn_readable(struct load_conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, MSG_DONTWAIT);
	enum load_step step;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || !c->tx) { /* gone, or talks out of turn */
		if (c->tx)
			conn_finish(c, LOAD_ERROR);
		else
			conn_close(c);
		return;
	}
	c->in_n += (size_t)n;
	step = load.proto->input(c);
	if (step != LOAD_WAIT) {
		c->in_n = c->in_at = 0;
		conn_finish(c, step);
		return;
	}
	conn_flush(c);
	memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
	c->in_n -= c->in_at;
	c->in_at = 0;
}

bool
load_bytes(struct load_conn *c, size_t n, struct str *out)
{
	if (c->in_n - c->in_at < n)
		return false;
	*out = str_from(c->in + c->in_at, n);
	c->in_at += n;
	return true;
}

bool
load_line(struct load_conn *c, struct str *out)
{
	struct str rest = str_from(c->in + c->in_at, c->in_n - c->in_at);
	size_t n = str_find(rest, '\n');

	if (n == rest.n)
		return false;
	c->in_at += n + 1;
	*out = str_slice(rest, 0, n && rest.p[n - 1] == '\r' ? n - 1 : n);
	return true;
}

/* --- a run ---------------------------------------------------------------------------------- */

static void
run_pass(unsigned count)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t heard_us;

	load.done = load.errors = 0;
	load.per_tx.n = load.per_answer.n = 0;
	memset(load.verdicts, 0, sizeof load.verdicts);
	load.todo = load.pass_count = count;
	load.pass_us = heard_us = clock_us();
	while (load.active || load.todo) {
		while (load.active < opt_inflight && load.todo && is_due())
			start_next();
		int n = epoll_wait(load.epoll, events, EVENTS_AT_ONCE,
			opt_rate && load.todo ? 1 : SILENCE_MS);
		uint64_t now = clock_us();

		if (n > 0 || !load.active)
			heard_us = now;
		else if (now - heard_us >= SILENCE_MS * (uint64_t)1000)
			bench_die("%s: no answer within %d ms, %" PRIu64 " transactions open",
				opt_to, SILENCE_MS, load.active);
		for (int i = 0; i < n; i++)
			conn_readable(events[i].data.ptr);
	}
}

static void
read_usage(struct usage *out)
{
	for (size_t i = 0; i < load.pid_n; i++)
		out[i] = usage_of(load.pid[i]);
}

static uint64_t
own_cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
		(uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void
report_servers(const struct usage *idle, const struct usage *before, const struct usage *after)
{
	printf(",\"servers\":[");
	for (size_t i = 0; i < load.pid_n; i++)
		printf("%s{\"pid\":%d,\"processes\":%u,\"cpu_s\":%.6f,\"cpu_s_per_1000\":%.6f,"
		       "\"rss_kib_idle\":%" PRIu64 ",\"pss_kib_idle\":%" PRIu64
		       ",\"rss_kib\":%" PRIu64 ",\"pss_kib\":%" PRIu64 "}",
			i ? "," : "", load.pid[i], after[i].processes,
			(double)(after[i].cpu_us - before[i].cpu_us) / 1e6,
			(double)(after[i].cpu_us - before[i].cpu_us) / 1e3 / (double)load.done,
			idle[i].rss_kib, idle[i].pss_kib, after[i].rss_kib, after[i].pss_kib);
	printf("]");
}

static void
report_verdicts(void)
{
	const struct verdict *v = load.verdicts;

	printf(",\"verdicts\":{");
	for (; v < load.verdicts + VERDICTS_MAX && v->n; v++)
		printf("%s\"%s\":%" PRIu64, v == load.verdicts ? "" : ",", v->text, v->n);
	printf("}");
}

/* idle: before the first connection; before, after: around the measured pass. */
static void
measure(void)
{
	struct usage idle[SERVERS_MAX], before[SERVERS_MAX], after[SERVERS_MAX];
	uint64_t began_us, took_us, own_us;

	read_usage(idle);
	run_pass(opt_warmup);
	read_usage(before);
	own_us = own_cpu_us();
	began_us = clock_us();
	run_pass(opt_count);
	took_us = clock_us() - began_us;
	own_us = own_cpu_us() - own_us;
	read_usage(after);

	printf("{\"protocol\":\"%s\",\"transactions\":%" PRIu64 ",\"answers\":%zu"
	       ",\"errors\":%" PRIu64 ",\"seconds\":%.3f,\"per_second\":%.0f"
	       ",\"client_cpu_s\":%.3f",
		load.proto->name, load.done, load.per_answer.n, load.errors, (double)took_us / 1e6,
		(double)load.done * 1e6 / (double)took_us, (double)own_us / 1e6);
	samples_print(&load.per_tx, "transaction_us");
	samples_print(&load.per_answer, "answer_us");
	report_servers(idle, before, after);
	report_verdicts();
	if (load.proto->report)
		load.proto->report();
	printf("}\n");
}

int
load_main(const struct load_proto *proto, int argc, char **argv)
{
	must(argc > 0);
	load.proto = proto;
	parse_options(argv + 1);
	if (proto->prepare)
		proto->prepare();
	load.to = endpoint_of(opt_to);
	read_transactions(opt_tx);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.conns = heap_calloc(opt_connections, sizeof *load.conns);
	load.idle = heap_calloc(opt_connections, sizeof(struct load_conn *));
	for (unsigned i = 0; i < opt_connections; i++) {
		struct load_conn *c = &load.conns[i];
		c->fd = -1;
		c->out = BUF(c->room);
		load.idle[load.idle_n++] = c;
	}
	measure();
	return load.errors ? 1 : 0;
}
