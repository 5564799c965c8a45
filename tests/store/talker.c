/* A store in Redis that does what it is told, line by line on standard input, and says after each
 * line how it went: for tests that see to the server meanwhile.
 *
 *	talker PLACE [TIMEOUT_MS]
 *
 *	put TABLE KEY VALUE	queue a change
 *	add KEY N		the same, of the history
 *	del TABLE KEY
 *	burst KEYS N		N times one added to one of so many keys "b0", "b1", ..., written as
 *				often as the queue is full
 *	sync			write all that is queued
 *	work			as a daemon would
 *	get TABLE KEY		value and first number
 *	gets N			as many questions at once, answered by one work
 *	image TABLE KEY		what the image says
 *	find TABLE FROM TO	the keys found
 *	counters
 *
 * An answer is "MS STATUS TEXT"; before it comes what the store said, in lines that begin with "!".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "store/redis.h"

static const char *const names[] = {"OK", "NONE", "FAIL", "BUSY"};
static struct store *s;
static char text[8192];
static struct buf said;

static void
say(void *ctx, enum store_say level, const char *what)
{
	printf("! %s\n", what);
}

static uint64_t
number(struct str word)
{
	uint64_t n;

	must(str_to_u64(word, UINT64_MAX, &n));
	return n;
}

static enum store_table
table(struct str word)
{
	for (int t = 0; t < STORE_TABLES; t++)
		if (str_eq(word, str_of(store_tables[t].name)))
			return (enum store_table)t;
	exit(EX_USAGE);
}

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	*(enum store_status *)ctx = status;
	buf_reset(&said);
	if (r)
		buf_printf(&said, "%.*s %lld", STR_ARG(r->value), (long long)r->number[0]);
}

static bool
on_found(void *ctx, const struct store_record *r)
{
	buf_printf(&said, "%.*s ", STR_ARG(r->key));
	return true;
}

static enum store_status
queue(const struct store_op *op)
{
	return store_write(s, op) ? STORE_OK : STORE_FAIL;
}

static enum store_status
write_all(void)
{
	enum store_status status;

	while ((status = store_sync(s)) == STORE_BUSY)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return status;
}

static enum store_status
burst(uint64_t keys, uint64_t n)
{
	enum store_status status = STORE_OK;
	char key[24];

	for (uint64_t i = 0; i < n && status == STORE_OK; i++) {
		snprintf(key, sizeof(key), "b%llu", (unsigned long long)(i % keys));
		if (!store_write(s,
			    &(struct store_op){.op = STORE_ADD,
				    .table = STORE_HISTORY,
				    .key = str_of(key),
				    .add = {1}}))
			return STORE_FAIL;
		if (i % 300 == 299)
			status = write_all();
	}
	return status == STORE_OK ? write_all() : status;
}

static enum store_status
get(struct str which, struct str key)
{
	enum store_status status = STORE_BUSY;

	must(store_get(s, table(which), key, on_answer, &status));
	store_work(s);
	return status;
}

static enum store_status
get_many(uint64_t n)
{
	enum store_status status = STORE_BUSY;
	char key[24];

	for (uint64_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "b%llu", (unsigned long long)i);
		must(store_get(s, STORE_HISTORY, str_of(key), on_answer, &status));
	}
	store_work(s);
	return status;
}

static enum store_status
image(struct str which, struct str key)
{
	const struct store_image *i = store_image(s, table(which));
	const struct store_record *r = store_image_find(i, key);

	if (i->status != STORE_OK)
		return i->status;
	if (r)
		buf_put(&said, r->value);
	return r ? STORE_OK : STORE_NONE;
}

static enum store_status
counters(void)
{
	struct store_counters c;

	store_counters(s, &c);
	buf_printf(&said, "written %llu dropped %llu failed %llu damaged %llu queued %zu",
		(unsigned long long)c.written, (unsigned long long)c.dropped,
		(unsigned long long)c.failed, (unsigned long long)c.damaged, c.queued);
	return STORE_OK;
}

static enum store_status
obey(const struct str *w, size_t n)
{
	if (n == 4 && str_eq(w[0], STR("put")))
		return queue(&(struct store_op){.op = STORE_PUT,
			.table = table(w[1]),
			.key = w[2],
			.value = w[3],
			.n_words = 1,
			.word = {w[3]}});
	if (n == 3 && str_eq(w[0], STR("add")))
		return queue(&(struct store_op){.op = STORE_ADD,
			.table = STORE_HISTORY,
			.key = w[1],
			.add = {(int64_t)number(w[2])}});
	if (n == 3 && str_eq(w[0], STR("del")))
		return queue(
			&(struct store_op){.op = STORE_DEL, .table = table(w[1]), .key = w[2]});
	if (n == 3 && str_eq(w[0], STR("burst")))
		return burst(number(w[1]), number(w[2]));
	if (n == 1 && str_eq(w[0], STR("sync")))
		return write_all();
	if (n == 1 && str_eq(w[0], STR("work"))) {
		buf_printf(&said, "%llu", (unsigned long long)store_work(s));
		return STORE_OK;
	}
	if (n == 3 && str_eq(w[0], STR("get")))
		return get(w[1], w[2]);
	if (n == 2 && str_eq(w[0], STR("gets")))
		return get_many(number(w[1]));
	if (n == 3 && str_eq(w[0], STR("image")))
		return image(w[1], w[2]);
	if (n == 4 && str_eq(w[0], STR("find")))
		return store_find(s,
			&(struct store_query){
				.table = table(w[1]), .n_words = 1, .word = {{w[2], w[3]}}},
			on_found, NULL);
	if (n == 1 && str_eq(w[0], STR("counters")))
		return counters();
	exit(EX_USAGE);
}

int
main(int argc, char **argv)
{
	const struct store_options o = {.say = say};
	struct store_redis where = {.at = str_of(argv[1])};
	struct errbuf e = {0};
	char line[4096];

	hash_seed();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2)
		where.timeout_ms = number(str_of(argv[2]));
	uint64_t began = clock_us();
	s = store_open_redis(&where, &o, &e);
	if (!s)
		return EX_USAGE;
	printf("%llu OK\n", (unsigned long long)(clock_us() - began) / 1000);
	while (fgets(line, sizeof(line), stdin)) {
		struct str rest = str_trim(str_of(line)), word[8];
		size_t n = 0;
		while (n < COUNT(word) && str_word(&rest, &word[n]))
			n++;
		said = BUF(text);
		began = clock_us();
		enum store_status status = obey(word, n);
		uint64_t took = (clock_us() - began) / 1000;
		if (status == STORE_FAIL)
			buf_puts(&said, store_why(s));
		printf("%llu %s %.*s\n", (unsigned long long)took, names[status],
			STR_ARG(buf_str(&said)));
	}
	store_close(s);
	return 0;
}
