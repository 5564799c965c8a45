/*
 * rules_bench: what exemptions and mailbox switches cost a message.
 *
 * usage: rules_bench [ENTRIES]: for no entries and for so many (100000), half of them networks of
 * 17 lengths and half domains, prints a line of JSON each: nanoseconds to look up a client's
 * address, a confirmed name, and a recipient; of those that are found and of those that are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "core/exempts.h"
#include "core/mailbox.h"

#define LOOKUPS 200000
#define ROUNDS	9

static uint64_t state = 88172645463325252;

/* xorshift64*: the same numbers in each run. */
static uint64_t
draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

static struct arena arena;

static struct exempt_tables
exemptions(size_t n)
{
	struct exempts *x = exempts_new(&arena, n);

	for (size_t i = 0; i < n; i++) {
		struct exemption *e = arena_new(&arena, struct exemption);
		struct errbuf error = {0};
		char text[64];
		uint64_t r = draw();
		if (i % 2)
			snprintf(text, sizeof(text), "mail%zu.example%u.org", i,
				(unsigned)(r % 1000));
		else
			snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", (unsigned)(r & 127) + 1,
				(unsigned)(r >> 8 & 255), (unsigned)(r >> 16 & 255),
				(unsigned)(r >> 24 & 255), 16 + (unsigned)(r >> 32) % 17);
		if (!exemption_parse(&arena, str_of(text), e, &error))
			abort();
		e->checks = 1 + (r >> 40) % 100;
		exempts_add(x, e);
	}
	return (struct exempt_tables){{NULL, x}};
}

static struct mailboxes *
mailboxes(size_t n)
{
	struct mailboxes *m = mailboxes_new(&arena, n);

	for (size_t i = 0; i < n; i++) {
		struct mailbox *b = arena_new(&arena, struct mailbox);
		b->who = arena_printf(&arena, "user%zu@example.org", i);
		b->switches.set = 1U << MAILBOX_SKIP;
		mailboxes_add(m, b);
	}
	return m;
}

struct bench {
	struct exempt_tables exempts;
	const struct mailboxes *mailboxes;
	size_t n;
	struct ip ip[LOOKUPS];
	struct str name[LOOKUPS], rcpt[LOOKUPS];
	uint64_t found;
};

static void
by_ip(struct bench *b)
{
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct exempted e = {.skip = 0};
		exempts_by_ip(&b->exempts, &b->ip[i], 1, &e);
		b->found += e.n > 0;
	}
}

static void
by_name(struct bench *b)
{
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct exempted e = {.skip = 0};
		exempts_by_name(&b->exempts, b->name[i], STR(""), 1, &e);
		b->found += e.n > 0;
	}
}

static void
by_rcpt(struct bench *b)
{
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct mailbox_found f;
		b->found += mailboxes_find(b->mailboxes, b->rcpt[i], STR("+"), &f);
	}
}

static uint64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The best of some rounds, in nanoseconds of CPU a look-up. */
static double
measure(struct bench *b, void (*run)(struct bench *b))
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t began = cpu_us();
		b->found = 0;
		run(b);
		uint64_t took = cpu_us() - began;
		best = took < best ? took : best;
	}
	return (double)best * 1000 / LOOKUPS;
}

static void
bench(struct bench *b, size_t n)
{
	static const struct {
		const char *name;
		void (*run)(struct bench *b);
	} runs[] = {{"address", by_ip}, {"name", by_name}, {"recipient", by_rcpt}};

	b->exempts = exemptions(n);
	b->mailboxes = mailboxes(n);
	printf("{\"entries\":%zu", n);
	for (size_t i = 0; i < COUNT(runs); i++) {
		double ns = measure(b, runs[i].run);
		printf(",\"%s_ns\":%.1f,\"%s_found\":%.2f", runs[i].name, ns, runs[i].name,
			(double)b->found / LOOKUPS);
	}
	puts("}");
}

int
main(int argc, char **argv)
{
	struct bench *b = heap_calloc(1, sizeof(*b));
	uint64_t n = 100000;

	hash_seed();
	if (argc > 1 && (!str_to_u64(str_of(argv[1]), EXEMPTS_MAX, &n) || n == 0)) {
		fputs("usage: rules_bench [ENTRIES]\n", stderr);
		return 64;
	}
	arena_init(&arena, 65536, (size_t)1 << 30);
	for (size_t i = 0; i < LOOKUPS; i++) {
		uint64_t r = draw();
		b->ip[i] = (struct ip){.len = 4,
			.b = {(uint8_t)(1 + (r & 127)), (uint8_t)(r >> 8), (uint8_t)(r >> 16),
				(uint8_t)(r >> 24)}};
		b->name[i] = arena_printf(&arena, "mail%u.example%u.org",
			(unsigned)(r >> 32) % (unsigned)n, (unsigned)(r >> 50) % 1000);
		b->rcpt[i] = arena_printf(
			&arena, "User%u@example.org", (unsigned)(r >> 32) % (2 * (unsigned)n));
	}
	bench(b, 0);
	bench(b, (size_t)n);
	arena_done(&arena);
	heap_free(b);
	return 0;
}
