/* A process that writes to a store until it is killed, and one that looks at what is left.
 *
 *	writer run PATH
 *
 * numbers from where the store ends; says "q N MS" when number N has been queued (monotonic clock)
 * and "a N" when everything up to N rests.
 *
 *	writer verify PATH
 *
 * opens it as a daemon would; says the last number, or what is wrong.
 *
 *	writer fill PATH N
 *
 * N records in each table, and an end.
 *
 * PATH is a file, or unix:/PATH of a Redis.
 *
 * Number N goes to record N % RING of the history, with N as its value, and adds one to a counter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "store/redis.h"

#define RING   4000
#define PER_MS 5 /* numbers at a time, every other millisecond */

static uint64_t rested; /* changes; two for each number */
static uint64_t first;

static void
tell(const char *line, int n)
{
	must(write(STDOUT_FILENO, line, (size_t)n) == n);
}

static void
on_written(void *ctx, size_t n)
{
	char line[64];

	rested += n;
	tell(line,
		snprintf(line, sizeof(line), "a %llu\n", (unsigned long long)(first + rested / 2)));
}

static void
say(void *ctx, enum store_say level, const char *text)
{
	fprintf(stderr, "writer: %s\n", text);
}

static struct store *
opened(const char *path, bool tells)
{
	const struct store_options o = {.say = say, .written = tells ? on_written : NULL};
	struct errbuf e = {0};
	const struct store_redis where = {.at = str_of(path), .timeout_ms = 5000};
	struct store *s = !str_has_prefix(where.at, STR("unix:"))
		? store_open_sqlite(path, &o, &e)
		: store_open_redis(&where, &o, &e);

	if (!s) {
		fprintf(stderr, "writer: %s\n", e.text);
		exit(EX_UNAVAILABLE);
	}
	return s;
}

static void
put(struct store *s, enum store_table table, uint64_t key, uint64_t value, size_t n_words)
{
	char room[2][300];

	snprintf(room[0], sizeof(room[0]), "%llu", (unsigned long long)key);
	snprintf(room[1], sizeof(room[1]), "%llu %0*d", (unsigned long long)value,
		(int)(value % 200), 0);
	must(store_write(s,
		&(struct store_op){.op = STORE_PUT,
			.table = table,
			.key = str_of(room[0]),
			.value = str_of(room[1]),
			.n_words = n_words,
			.word = {str_of(room[1])}}));
}

/* --- looking --- */

struct seen {
	uint64_t value[RING], last, records;
	bool wrong;
};

static uint64_t
number_of(struct str s)
{
	uint64_t n = 0;

	(void)str_to_u64(str_slice(s, 0, str_find(s, ' ')), UINT64_MAX, &n);
	return n;
}

static bool
see(void *ctx, const struct store_record *r)
{
	struct seen *seen = ctx;
	uint64_t n = number_of(r->value), key = number_of(r->key);

	seen->records++;
	if (n == 0 || key >= RING || n % RING != key)
		seen->wrong = true;
	else
		seen->value[key] = n;
	if (n > seen->last)
		seen->last = n;
	return true;
}

static void
see_count(void *ctx, enum store_status status, const struct store_record *r)
{
	*(int64_t *)ctx = r ? r->number[0] : status == STORE_NONE ? 0 : -1;
}

static void
on_fault(void *ctx, const char *text)
{
	fprintf(stderr, "writer: %s\n", text);
}

/* The last number; exits where the file does not hold exactly what belongs there. */
static uint64_t
look(struct store *s)
{
	static struct seen seen;
	int64_t count = -1;
	uint64_t records;

	must(store_find(s, &(struct store_query){.table = STORE_HISTORY}, see, &seen) == STORE_OK);
	must(store_get(s, STORE_COUNTER, STR("n"), see_count, &count));
	store_work(s);
	if (store_check(s, on_fault, NULL, &records) != STORE_OK)
		seen.wrong = true;
	for (uint64_t n = seen.last; n > 0 && n + RING > seen.last; n--)
		seen.wrong = seen.wrong || seen.value[n % RING] != n;
	/* The two changes of a number may lie in two transactions. */
	if (count != (int64_t)seen.last && count + 1 != (int64_t)seen.last)
		seen.wrong = true;
	if (seen.wrong) {
		fprintf(stderr, "writer: last %llu, counter %lld, %llu records\n",
			(unsigned long long)seen.last, (long long)count,
			(unsigned long long)seen.records);
		exit(EX_DATAERR);
	}
	return seen.last;
}

/* --- writing --- */

static _Noreturn void
run(const char *path)
{
	struct store *s = opened(path, true);
	uint64_t n = first = look(s);
	char line[64];

	/* What a killed one left undone of the last number. */
	int64_t count = 0;
	must(store_get(s, STORE_COUNTER, STR("n"), see_count, &count));
	store_work(s);
	struct store_op add = {
		.op = STORE_ADD, .table = STORE_COUNTER, .key = STR("n"), .add = {1}};
	if (count < (int64_t)n) {
		must(store_write(s, &add));
		must(store_sync(s) == STORE_OK);
		rested = 0;
	}
	for (;;) {
		for (int i = 0; i < PER_MS; i++) {
			n++;
			put(s, STORE_HISTORY, n % RING, n, n % 3 == 0);
			must(store_write(s, &add));
		}
		tell(line,
			snprintf(line, sizeof(line), "q %llu %llu\n", (unsigned long long)n,
				(unsigned long long)clock_us() / 1000));
		store_work(s);
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
}

static void
fill(const char *path, const char *many)
{
	struct store *s = opened(path, false);
	uint64_t n = 0;

	must(str_to_u64(str_of(many), 1000000, &n));
	for (uint64_t i = 1; i <= n; i++) {
		for (int t = 0; t < STORE_TABLES; t++)
			put(s, (enum store_table)t, i, i, 1);
		store_work(s);
	}
	must(store_sync(s) == STORE_OK);
	store_close(s);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && str_eq(str_of(argv[1]), STR("fill"))) {
		fill(argv[2], argv[3]);
		return 0;
	}
	if (argc != 3)
		return EX_USAGE;
	if (str_eq(str_of(argv[1]), STR("run")))
		run(argv[2]);
	struct store *s = opened(argv[2], false);
	printf("%llu\n", (unsigned long long)look(s));
	store_close(s);
	return 0;
}
