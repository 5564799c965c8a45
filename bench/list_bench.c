/*
 * list_bench: what a local list of a million entries costs.
 *
 * usage: list_bench [ENTRIES]: for a list of IPv4 prefixes, of IPv6 prefixes, of domains and of
 * senders, each entry with a comment of its own of a dozen bytes, prints a line of JSON: the CPU
 * time of reading, the bytes that the process has more afterwards and had more at most meanwhile,
 * and the nanoseconds of a look-up, of what is on the list and of what is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "lists/table.h"

#define LOOKUPS 200000
#define ROUNDS	9
#define PIECE	65536

static uint64_t state;

/* xorshift64*: the same numbers in each run. */
static uint64_t
draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

static void
put_word(struct buf *b, uint64_t r, size_t n)
{
	for (size_t i = 0; i < n; i++, r >>= 5)
		buf_putc(b, (char)('a' + (r & 31) % 26));
}

static void
put_ipv4(struct buf *b, uint64_t r)
{
	struct ip ip = {.len = 4};
	unsigned bits = r >> 60 ? 32 : 24; /* one in sixteen is a network */

	memcpy(ip.b, &r, 4);
	struct ip_net net = ip_net_of(&ip, (uint8_t)bits);
	ip_net_print(&net, b);
}

static void
put_ipv6(struct buf *b, uint64_t r)
{
	struct ip ip = {.len = 16, .b = {0x20, (uint8_t)(1 + (r & 3))}};

	memcpy(ip.b + 2, &r, 6);
	struct ip_net net = ip_net_of(&ip, r >> 60 ? 64 : 48);
	ip_net_print(&net, b);
}

static void
put_domain(struct buf *b, uint64_t r)
{
	static const char *const tops[] = {".com", ".example", ".net", ".org", ".co.uk", ".info"};

	put_word(b, r, 6 + (r >> 32) % 12);
	put_word(b, r * 31, 3);
	buf_puts(b, tops[(r >> 40) % COUNT(tops)]);
}

static void
put_sender(struct buf *b, uint64_t r)
{
	put_word(b, r * 7, 6);
	buf_putc(b, '@');
	put_domain(b, r);
}

static const struct shape {
	const char *name;
	unsigned kind;
	void (*put)(struct buf *b, uint64_t r);
} shapes[] = {
	{"IPv4", TABLE_ADDRESSES, put_ipv4},
	{"IPv6", TABLE_ADDRESSES, put_ipv6},
	{"domains", TABLE_NAMES, put_domain},
	{"senders", TABLE_SENDERS, put_sender},
};

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status in bytes. */
static double
status_bytes(const char *key)
{
	char line[256];
	double kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtod(line + strlen(key), NULL);
	if (f)
		fclose(f);
	return kib * 1024;
}

/* The same numbers give the same entries, so that no text has to be kept. */
static struct table *
make(const struct shape *s, size_t n, double *cpu)
{
	static char room[PIECE];
	struct table_reader *r = table_reader_new("bench", s->kind);
	struct errbuf e = {0};

	state = 1;
	*cpu = 0;
	for (size_t i = 0; i < n;) {
		struct buf b = buf_on(room, sizeof(room));
		while (i < n && b.n < sizeof(room) - 128) {
			s->put(&b, draw());
			buf_printf(&b, " # case %07zu\n", i++);
		}
		double before = cpu_s();
		bool ok = table_reader_feed(r, buf_str(&b), &e);
		*cpu += cpu_s() - before;
		must(ok);
	}
	double before = cpu_s();
	struct table *t = table_reader_done(r, &e);
	*cpu += cpu_s() - before;
	if (!t)
		fprintf(stderr, "list_bench: line %u: %s\n", e.line, e.text), exit(70);
	return t;
}

struct subject {
	struct ip ip;
	char text[64];
	size_t n;
};

static bool
find(const struct shape *s, const struct table *t, const struct subject *x)
{
	struct table_hit hit;

	if (s->kind == TABLE_ADDRESSES)
		return table_find_ip(t, &x->ip, &hit);
	if (s->kind == TABLE_NAMES)
		return table_find_name(t, str_from(x->text, x->n), &hit);
	return table_find_sender(t, str_from(x->text, x->n), &hit);
}

/* What is looked up: entries of the list, or others of the same shape; a domain as a host in it. */
static struct subject *
subjects(const struct shape *s, size_t n, bool listed)
{
	struct subject *all = heap_calloc(LOOKUPS, sizeof(*all));
	uint64_t *drawn = heap_calloc(n, sizeof(*drawn));
	struct ip_net net;

	state = 1;
	for (size_t i = 0; i < n; i++)
		drawn[i] = draw();
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct subject *x = &all[i];
		struct buf b = BUF(x->text);
		if (s->kind == TABLE_NAMES)
			buf_puts(&b, "mail.");
		s->put(&b, listed ? drawn[draw() % n] : draw());
		x->n = b.n;
		if (s->kind == TABLE_ADDRESSES && ip_net_parse(buf_str(&b), &net))
			x->ip = net.ip;
	}
	heap_free(drawn);
	return all;
}

/* The best of the rounds, in ns: the machine's other work only ever adds. */
static double
lookup_ns(const struct shape *s, const struct table *t, size_t n, bool listed, double *found)
{
	struct subject *all = subjects(s, n, listed);
	double best = 1e18;
	size_t hits = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double before = cpu_s();
		hits = 0;
		for (size_t i = 0; i < LOOKUPS; i++)
			hits += find(s, t, &all[i]);
		double ns = 1e9 * (cpu_s() - before) / LOOKUPS;
		best = ns < best ? ns : best;
	}
	heap_free(all);
	*found = 100.0 * (double)hits / LOOKUPS;
	return best;
}

static void
measure(const struct shape *s, size_t n)
{
	double before = status_bytes("VmRSS:"), cpu, found, missed;
	struct table *t = make(s, n, &cpu);
	double memory = status_bytes("VmRSS:") - before;
	double peak = status_bytes("VmHWM:") - before;
	double hit = lookup_ns(s, t, n, true, &found);
	double miss = lookup_ns(s, t, n, false, &missed);

	printf("{\"list\":\"%s\",\"entries\":%zu,\"read_cpu_s\":%.3f,\"bytes\":%.0f,"
	       "\"peak_bytes\":%.0f,\"table_bytes\":%zu,\"hit_ns\":%.0f,\"hit_percent\":%.1f,"
	       "\"miss_ns\":%.0f,\"miss_percent\":%.1f}\n",
		s->name, table_count(t), cpu, memory, peak, table_memory(t), hit, found, miss,
		100 - missed);
	table_unref(t);
}

int
main(int argc, char **argv)
{
	size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000000;

	if (n == 0)
		return 64;
	hash_seed();
	for (size_t i = 0; i < COUNT(shapes); i++) {
		int status;
		/* A process each: memory of the one before would be found used again. */
		pid_t pid = fork();
		if (pid == 0) {
			measure(&shapes[i], n);
			exit(0);
		}
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (status)
			return 70;
	}
	return 0;
}
