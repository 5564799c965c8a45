/*
 * rdns_bench: how long one reverse name takes.
 *
 * usage: rdns_bench [FILE]: lines "ADDR<TAB>NAME<TAB>...", as `mxward rdns --batch` reads them;
 * without a file a few made-up names.  Prints nanoseconds a name, the best of several rounds: of
 * the registrable domain alone, which libpsl finds, and of the whole verdict.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "checks/rdns_class.h"
#include "mail/psl.h"

#define NAMES_MAX  20000
#define PASS_NAMES 5000 /* names a round, at least */
#define ROUNDS	   50

struct item {
	struct ip ip;
	struct str name;
};

static const char samples[] = "192.0.2.17\tmail.example.com\n"
			      "192.0.2.17\tdsl-192-0-2-17.pool.example.net\n"
			      "192.0.2.17\tip17.customer.example.co.uk\n"
			      "198.51.100.9\tc6336409.cable.example.org\n"
			      "198.51.100.9\tgate.accounting.example.com.br\n";

static size_t
read_items(struct str text, struct item *items)
{
	struct str line, ip, name;
	size_t n = 0;

	while (n < NAMES_MAX && str_split(&text, '\n', &line))
		if (str_split(&line, '\t', &ip) && str_split(&line, '\t', &name) &&
			ip_parse(ip, &items[n].ip))
			items[n++].name = name;
	return n;
}

static struct str
read_file(const char *path)
{
	static char text[4 << 20];
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(66);
	}
	size_t n = fread(text, 1, sizeof(text), f);
	fclose(f);
	return str_from(text, n);
}

static size_t
domain_of(const struct item *item)
{
	return psl_delegated(item->name).n;
}

static size_t
verdict_of(const struct item *item)
{
	return (size_t)rdns_classify(NULL, &item->ip, item->name).class;
}

/* So that no compiler finds the work useless. */
static volatile size_t sink;

/* The best of the rounds: the machine's other work only ever adds. */
static void
measure(const char *what, size_t (*work)(const struct item *), const struct item *items, size_t n)
{
	size_t passes = PASS_NAMES / n + 1;
	uint64_t best = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_us();
		for (size_t pass = 0; pass < passes; pass++)
			for (size_t i = 0; i < n; i++)
				sink += work(&items[i]);
		uint64_t us = clock_us() - start;
		best = us < best ? us : best;
	}
	printf("%-20s %5.0f ns a name\n", what, 1e3 * (double)best / (double)(passes * n));
}

int
main(int argc, char **argv)
{
	static struct item items[NAMES_MAX];
	struct str text = argc > 1 ? read_file(argv[1]) : str_of(samples);

	size_t n = read_items(text, items);
	if (n == 0) {
		fputs("rdns_bench: no names\n", stderr);
		return 65;
	}
	printf("%zu names\n", n);
	measure("registrable domain", domain_of, items, n);
	measure("verdict", verdict_of, items, n);
	return 0;
}
