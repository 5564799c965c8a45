/* Unit tests of the store: the same cases on each back, with clocks that the test turns. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "store/store.h"
#include "store/test_redis.h"

#define DAY 86400

static int64_t wall = 1764000000;
static uint64_t ms = 1000;

static int64_t
wall_now(void)
{
	return wall;
}

static uint64_t
ms_now(void)
{
	return ms;
}

static const struct store_clock turned = {wall_now, ms_now};

struct bench {
	struct store *s;
	struct store_options o;
	enum back { MEMORY, FILED, SERVED } back;
	bool file; /* it outlives a restart */
	char dir[64], path[96], prefix[32];
};

static struct store *
opened(struct bench *b)
{
	struct errbuf e = {0};
	/* A busy machine is not what is tested. */
	const struct store_redis where = {
		.at = str_of(server_at), .prefix = str_of(b->prefix), .timeout_ms = 5000};
	struct store *s = b->back == SERVED ? store_open_redis(&where, &b->o, &e)
		: b->back == FILED	    ? store_open_sqlite(b->path, &b->o, &e)
					    : store_open_memory(&b->o);

	if (!s)
		fail_msg("%s", e.text);
	return s;
}

static int
setup(void **state, enum back back)
{
	static int n;
	struct bench *b = heap_calloc(1, sizeof(*b));

	wall = 1764000000;
	snprintf(b->dir, sizeof(b->dir), "/tmp/mxward-store-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/store.db", b->dir);
	snprintf(b->prefix, sizeof(b->prefix), "test%d:", ++n);
	b->back = back;
	b->file = back != MEMORY;
	b->o.clock = &turned;
	b->s = opened(b);
	*state = b;
	return 0;
}

static int
setup_memory(void **state)
{
	return setup(state, MEMORY);
}

static int
setup_sqlite(void **state)
{
	return setup(state, FILED);
}

static int
setup_redis(void **state)
{
	return setup(state, SERVED);
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	return remove(path);
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	store_close(b->s);
	nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	heap_free(b);
	return 0;
}

/* --- doing and seeing --- */

static void
put(struct store *s, enum store_table table, const char *key, const char *value)
{
	assert_true(store_write(s,
		&(struct store_op){.op = STORE_PUT,
			.table = table,
			.key = str_of(key),
			.value = str_of(value)}));
}

static void
add(struct store *s, const char *key, int64_t n)
{
	assert_true(store_write(s,
		&(struct store_op){
			.op = STORE_ADD, .table = STORE_HISTORY, .key = str_of(key), .add = {n}}));
}

static void
settle(struct store *s)
{
	assert_int_equal(store_sync(s), STORE_OK);
	ms += 1000;
	wall += 1;
	store_work(s);
}

struct answer {
	int n;
	enum store_status status;
	char value[64];
	int64_t number, age_s, idle_s, left_s;
};

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct answer *a = ctx;

	a->n++;
	a->status = status;
	assert_int_equal(r != NULL, status == STORE_OK);
	if (!r)
		return;
	snprintf(a->value, sizeof(a->value), "%.*s", STR_ARG(r->value));
	a->number = r->number[0];
	a->age_s = r->age_s;
	a->idle_s = r->idle_s;
	a->left_s = r->left_s;
}

static struct answer
get(struct store *s, enum store_table table, const char *key)
{
	struct answer a = {0};

	assert_true(store_get(s, table, str_of(key), on_answer, &a));
	assert_int_equal(a.n, 0); /* never from inside */
	store_work(s);
	assert_int_equal(a.n, 1);
	return a;
}

/* The keys found, separated by blanks. */
struct found {
	char text[512];
	struct buf b;
};

static bool
on_found(void *ctx, const struct store_record *r)
{
	struct found *f = ctx;

	buf_printf(&f->b, "%s%.*s", f->b.n ? " " : "", STR_ARG(r->key));
	return true;
}

static void
expect_found(struct store *s, const struct store_query *q, const char *want)
{
	struct found f;

	f.b = BUF(f.text);
	assert_int_equal(store_find(s, q, on_found, &f), STORE_OK);
	if (!str_eq(buf_str(&f.b), str_of(want)))
		fail_msg("found \"%.*s\", not \"%s\"", STR_ARG(buf_str(&f.b)), want);
}

/* --- cases --- */

static void
test_put_get_delete(void **state)
{
	struct store *s = ((struct bench *)*state)->s;

	assert_int_equal(get(s, STORE_CASE, "a").status, STORE_NONE);
	put(s, STORE_CASE, "a", "one");
	put(s, STORE_CASE, "a", "two");
	put(s, STORE_SEEN, "a", "other table");
	settle(s);
	assert_string_equal(get(s, STORE_CASE, "a").value, "two");
	assert_string_equal(get(s, STORE_SEEN, "a").value, "other table");
	assert_int_equal(get(s, STORE_CASE, "A").status, STORE_NONE);
	assert_true(store_write(
		s, &(struct store_op){.op = STORE_DEL, .table = STORE_CASE, .key = STR("a")}));
	assert_true(store_write(
		s, &(struct store_op){.op = STORE_DEL, .table = STORE_CASE, .key = STR("never")}));
	settle(s);
	assert_int_equal(get(s, STORE_CASE, "a").status, STORE_NONE);
	assert_int_equal(get(s, STORE_SEEN, "a").status, STORE_OK);
}

/* Many changes to few records come to the same, written one by one and all at once. */
static void
test_one_by_one_and_at_once(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	unsigned seed = 11;

	for (int way = 0; way < 2; way++) {
		seed = 11;
		for (int i = 0; i < 300; i++) {
			char key[16], value[16];
			seed = seed * 1103515245 + 12345;
			snprintf(key, sizeof(key), "%c%u", way ? 'b' : 'a', seed >> 16 & 7);
			snprintf(value, sizeof(value), "v%d", i);
			struct store_op op = {.op = seed >> 20 & 15 ? STORE_ADD : STORE_PUT,
				.table = STORE_HISTORY,
				.key = str_of(key)};
			if (op.op == STORE_PUT)
				op.value = str_of(value);
			if (op.op == STORE_PUT && seed & 1 << 25)
				op = (struct store_op){.op = STORE_DEL,
					.table = STORE_HISTORY,
					.key = str_of(key)};
			if (op.op == STORE_ADD)
				op.add[0] = i;
			assert_true(store_write(s, &op));
			if (way == 0)
				assert_int_equal(store_sync(s), STORE_OK);
		}
		assert_int_equal(store_sync(s), STORE_OK);
	}
	for (unsigned k = 0; k < 8; k++) {
		char a[16], b[16];
		snprintf(a, sizeof(a), "a%u", k);
		snprintf(b, sizeof(b), "b%u", k);
		struct answer x = get(s, STORE_HISTORY, a), y = get(s, STORE_HISTORY, b);
		assert_int_equal(x.status, y.status);
		assert_int_equal(x.number, y.number);
		assert_string_equal(x.value, y.value);
	}
}

static void
test_any_bytes(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	struct answer a = {0};
	struct str key = STR("a\0b'; DROP TABLE record; --\xff");

	assert_true(store_write(s,
		&(struct store_op){
			.op = STORE_PUT, .table = STORE_CASE, .key = key, .value = STR("\0x")}));
	settle(s);
	assert_true(store_get(s, STORE_CASE, key, on_answer, &a));
	store_work(s);
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(get(s, STORE_CASE, "a").status, STORE_NONE);
}

static void
test_sums(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 1000; i++)
		add(b->s, i % 2 ? "odd" : "even", i);
	settle(b->s);
	assert_int_equal(get(b->s, STORE_HISTORY, "odd").number, 250000);
	if (b->file) { /* also after a restart */
		store_close(b->s);
		b->s = opened(b);
	}
	add(b->s, "odd", -1);
	settle(b->s);
	assert_int_equal(get(b->s, STORE_HISTORY, "odd").number, 249999);
	assert_int_equal(get(b->s, STORE_HISTORY, "even").number, 249500);
}

/* A change rests after 200 ms, 2048 of them at once, and nobody has to ask for it. */
static void
test_batches(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	struct store_counters c;

	store_work(s);
	put(s, STORE_CASE, "a", "one");
	store_work(s);
	store_counters(s, &c);
	assert_int_equal(c.queued, 1);
	uint64_t wait = store_work(s);
	assert_true(wait > 0 && wait <= 200);
	ms += 200;
	store_work(s);
	store_counters(s, &c);
	assert_int_equal(c.queued, 0);
	assert_int_equal(c.written, 1);
	for (int i = 0; i < 2048 + 44; i++)
		add(s, "a", 1);
	store_work(s);
	store_counters(s, &c);
	assert_int_equal(c.queued, 44);
	assert_true(store_work(s) <= 200);
}

static void
test_full_queue_drops_and_counts(void **state)
{
	struct bench *b = *state;
	struct store_op op = {.op = STORE_ADD, .table = STORE_COUNTER, .key = STR("n"), .add = {1}};
	struct store_counters c;

	store_close(b->s);
	b->o.queue_max = 100;
	b->s = opened(b);
	for (int i = 0; i < 150; i++)
		assert_int_equal(store_write(b->s, &op), i < 100);
	store_counters(b->s, &c);
	assert_int_equal(c.queued, 100);
	assert_int_equal(c.dropped, 50);
	settle(b->s);
	assert_int_equal(get(b->s, STORE_COUNTER, "n").number, 100);
	assert_true(store_write(b->s, &op));
}

static void
test_queue_is_bounded_in_bytes(void **state)
{
	struct bench *b = *state;
	static char large[100000];
	struct store_op op = {.op = STORE_PUT,
		.table = STORE_CASE,
		.key = STR("n"),
		.value = {large, sizeof(large)}};
	int n = 0;

	store_close(b->s);
	b->o.queue_bytes_max = 1 << 20;
	b->s = opened(b);
	while (store_write(b->s, &op))
		n++;
	assert_in_range(n, 10, 11);
}

static void
file_case(struct store *s, const char *key, uint8_t kind, const char *client, const char *sender)
{
	assert_true(store_write(s,
		&(struct store_op){.op = STORE_PUT,
			.table = STORE_CASE,
			.key = str_of(key),
			.kind = kind,
			.n_words = 2,
			.word = {str_of(client), str_of(sender)}}));
	settle(s);
}

static void
test_search(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	const struct store_range net = {STR("c192.0.2."), STR("c192.0.2.~")},
				 ann = {STR("sann@x.example"), STR("sann@x.example")},
				 bob = {STR("sbob@x.example"), STR("sbob@x.example")};

	file_case(s, "1", 0, "c192.0.2.1", "sann@x.example");
	file_case(s, "2", 1, "c192.0.2.9", "sbob@x.example");
	file_case(s, "3", 1, "c192.0.3.1", "sann@x.example");
	file_case(s, "4", 0, "c192.0.2.1", "sann@x.example");
	put(s, STORE_SEEN, "5", "");
	settle(s);
	expect_found(s, &(struct store_query){.table = STORE_CASE}, "4 3 2 1");
	expect_found(s, &(struct store_query){.table = STORE_CASE, .max = 3}, "4 3 2");
	expect_found(s, &(struct store_query){.table = STORE_SEEN}, "5");
	expect_found(s, &(struct store_query){.table = STORE_EXEMPT}, "");
	expect_found(s, &(struct store_query){.table = STORE_CASE, .n_words = 1, .word = {net}},
		"4 2 1");
	expect_found(s,
		&(struct store_query){.table = STORE_CASE, .n_words = 2, .word = {net, ann}},
		"4 1");
	expect_found(s,
		&(struct store_query){
			.table = STORE_CASE, .n_words = 2, .word = {net, ann}, .max = 1},
		"4");
	expect_found(s,
		&(struct store_query){.table = STORE_CASE, .n_words = 2, .word = {ann, bob}}, "");
	/* Five seconds have passed since the first was filed. */
	expect_found(s, &(struct store_query){.table = STORE_CASE, .since_s = 3}, "4 3");
	expect_found(s, &(struct store_query){.table = STORE_CASE, .until_s = 4}, "2 1");
	expect_found(
		s, &(struct store_query){.table = STORE_CASE, .since_s = 4, .until_s = 3}, "3 2");
	/* Other words: not found by the old ones any more. */
	file_case(s, "1", 0, "c203.0.113.1", "sbob@x.example");
	expect_found(
		s, &(struct store_query){.table = STORE_CASE, .n_words = 1, .word = {net}}, "4 2");
	expect_found(
		s, &(struct store_query){.table = STORE_CASE, .n_words = 1, .word = {bob}}, "1 2");
	assert_true(store_write(
		s, &(struct store_op){.op = STORE_DEL, .table = STORE_CASE, .key = STR("2")}));
	settle(s);
	expect_found(
		s, &(struct store_query){.table = STORE_CASE, .n_words = 1, .word = {bob}}, "1");
}

static void
test_images(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	const struct store_image *image = store_image(s, STORE_EXEMPT);

	assert_int_equal(image->status, STORE_FAIL); /* not known is not "nobody" */
	store_work(s);
	image = store_image(s, STORE_EXEMPT);
	assert_int_equal(image->status, STORE_OK);
	assert_int_equal(image->n, 0);
	for (int i = 0; i < 100; i++) {
		char key[8];
		snprintf(key, sizeof(key), "k%02d", (i * 37) % 100);
		put(s, STORE_EXEMPT, key, key + 1);
	}
	settle(s);
	image = store_image(s, STORE_EXEMPT);
	assert_int_equal(image->n, 100);
	const struct store_record *r = store_image_find(image, STR("k42"));
	assert_non_null(r);
	assert_true(str_eq(r->value, STR("42")));
	assert_null(store_image_find(image, STR("k4")));
	assert_null(store_image_find(image, STR("z")));
	assert_int_equal(store_image(s, STORE_MAILBOX)->n, 0);
	/* A hit makes nobody load anything; a change does. */
	uint64_t generation = image->generation;
	assert_true(store_write(s,
		&(struct store_op){
			.op = STORE_ADD, .table = STORE_EXEMPT, .key = STR("k42"), .add = {1}}));
	settle(s);
	assert_int_equal(store_image(s, STORE_EXEMPT)->generation, generation);
	assert_true(store_write(
		s, &(struct store_op){.op = STORE_DEL, .table = STORE_EXEMPT, .key = STR("k42")}));
	settle(s);
	assert_int_equal(store_image(s, STORE_EXEMPT)->generation, generation + 1);
	assert_null(store_image_find(store_image(s, STORE_EXEMPT), STR("k42")));
}

static void
on_answer_ask_again(void *ctx, enum store_status status, const struct store_record *r)
{
	struct answer *a = ctx;
	struct bench *b = *(struct bench **)a->value;

	if (++a->n < 3)
		assert_true(store_get(b->s, STORE_CASE, STR("a"), on_answer_ask_again, ctx));
	store_forget(b->s, &b->o); /* the other one, from inside an answer */
}

static void
test_questions(void **state)
{
	struct bench *b = *state;
	struct answer a = {0}, other = {0};

	assert_true(store_get(b->s, STORE_CASE, STR("a"), on_answer, &other));
	store_forget(b->s, &other);
	store_work(b->s);
	assert_int_equal(other.n, 0);
	memcpy(a.value, &b, sizeof(b));
	assert_true(store_get(b->s, STORE_CASE, STR("a"), on_answer_ask_again, &a));
	assert_true(store_get(b->s, STORE_CASE, STR("b"), on_answer, &b->o));
	assert_int_equal(store_work(b->s), 0); /* one is open again */
	store_work(b->s);
	store_work(b->s);
	store_work(b->s);
	assert_int_equal(a.n, 3);
	int n = 0;
	while (store_get(b->s, STORE_CASE, STR("a"), on_answer, &other))
		n++;
	assert_int_equal(n, 1024);
	store_forget(b->s, &other);
}

/* --- time --- */

static void
pass(struct store *s, int64_t seconds)
{
	for (; seconds > 0; seconds -= 3600) {
		int64_t step = seconds < 3600 ? seconds : 3600;
		wall += step;
		ms += (uint64_t)step * 1000;
		store_work(s);
	}
}

static void
test_retention(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	struct store_keep keep = {0};
	struct store_counters c;

	keep.s[STORE_CASE][0] = 2 * DAY;
	keep.s[STORE_CASE][1] = 10 * DAY;
	store_set_keep(s, &keep);
	file_case(s, "accepted", 0, "c1", "s1");
	file_case(s, "refused", 1, "c2", "s2");
	put(s, STORE_EXEMPT, "for ever", "");
	assert_true(store_write(s,
		&(struct store_op){.op = STORE_PUT,
			.table = STORE_EXEMPT,
			.key = STR("dated"),
			.keep_s = 3 * DAY}));
	settle(s);
	assert_in_range(get(s, STORE_EXEMPT, "dated").left_s, 3 * DAY - 5, 3 * DAY);
	pass(s, DAY);
	expect_found(s, &(struct store_query){.table = STORE_CASE}, "refused accepted");
	pass(s, DAY + 3600);
	expect_found(s, &(struct store_query){.table = STORE_CASE}, "refused");
	expect_found(s, &(struct store_query){.table = STORE_EXEMPT}, "dated for ever");
	pass(s, DAY);
	expect_found(s, &(struct store_query){.table = STORE_EXEMPT}, "for ever");
	assert_null(store_image_find(store_image(s, STORE_EXEMPT), STR("dated")));
	pass(s, 8 * DAY);
	expect_found(s, &(struct store_query){.table = STORE_CASE}, "");
	expect_found(s, &(struct store_query){.table = STORE_EXEMPT}, "for ever");
	store_counters(s, &c);
	assert_int_equal(c.forgotten, 3);
}

/* What is over is gone at once, swept or not. */
static void
test_over_before_swept(void **state)
{
	struct bench *b = *state;

	assert_true(store_write(b->s,
		&(struct store_op){
			.op = STORE_PUT, .table = STORE_CASE, .key = STR("a"), .keep_s = 5}));
	settle(b->s);
	assert_int_equal(get(b->s, STORE_CASE, "a").status, STORE_OK);
	wall += 5;
	ms += 5000;
	expect_found(b->s, &(struct store_query){.table = STORE_CASE}, "");
	assert_int_equal(get(b->s, STORE_CASE, "a").status, STORE_NONE);
}

static void
test_size(void **state)
{
	struct bench *b = *state;
	struct store_stats stats;
	static char value[8000];

	for (int i = 0; i < 400; i++) {
		char key[8];
		snprintf(key, sizeof(key), "%03d", i);
		assert_true(store_write(b->s,
			&(struct store_op){.op = STORE_PUT,
				.table = i % 4 == 3 ? STORE_EXEMPT : STORE_CASE,
				.kind = i % 4 == 1,
				.key = str_of(key),
				.value = {value, sizeof(value)}}));
		if (i % 10 == 9)
			settle(b->s);
	}
	store_set_keep(b->s, &(struct store_keep){.max_size = 2 << 20});
	for (int i = 0; i < 100; i++) {
		ms += 10000;
		store_work(b->s);
	}
	assert_int_equal(store_stats(b->s, &stats), STORE_OK);
	/* Accepted ones go first, the oldest of them; nothing that an administrator wrote goes. */
	assert_int_equal(stats.table[STORE_EXEMPT].records, 100);
	assert_true(stats.size - stats.free <= (2 << 20) + (5 << 20)); /* the log too */
	assert_in_range(stats.table[STORE_CASE].records, 100, 200);
	assert_int_equal(get(b->s, STORE_CASE, "001").status, STORE_OK);
	assert_int_equal(get(b->s, STORE_CASE, "000").status, STORE_NONE);
}

/* Nobody is forgotten by a clock that jumps, while it runs or between two runs. */
static void
test_clock_steps(void **state)
{
	struct bench *b = *state;
	static const int64_t steps[] = {-3600, 41 * DAY, -41 * DAY, -3652 * DAY, 3652 * DAY};
	struct store_keep keep = {0};

	keep.s[STORE_HISTORY][0] = 36 * DAY;
	b->o.keep = keep;
	store_set_keep(b->s, &keep);
	add(b->s, "known", 1);
	settle(b->s);
	for (size_t i = 0; i < COUNT(steps); i++) {
		for (int restart = 0; restart < 2; restart++) {
			wall += restart ? -steps[i] : steps[i];
			if (restart && b->file) {
				store_close(b->s);
				b->s = opened(b);
			}
			pass(b->s, 7200);
			struct answer a = get(b->s, STORE_HISTORY, "known");
			assert_int_equal(a.status, STORE_OK);
			assert_true(a.idle_s >= 0 && a.idle_s < 20 * DAY);
		}
	}
	/* Time does pass. */
	pass(b->s, 100 * DAY);
	assert_int_equal(get(b->s, STORE_HISTORY, "known").status, STORE_NONE);
}

static void
on_fault(void *ctx, const char *text)
{
	fail_msg("%s", text);
}

static void
test_stats_and_check(void **state)
{
	struct store *s = ((struct bench *)*state)->s;
	struct store_stats stats;
	uint64_t records;

	file_case(s, "1", 0, "c1", "c1");
	pass(s, 100);
	file_case(s, "2", 1, "c2", "s2");
	put(s, STORE_MAILBOX, "@x.example", "spf=off");
	settle(s);
	assert_int_equal(store_stats(s, &stats), STORE_OK);
	assert_int_equal(stats.table[STORE_CASE].records, 2);
	assert_int_equal(stats.table[STORE_MAILBOX].records, 1);
	assert_int_equal(stats.table[STORE_HISTORY].records, 0);
	assert_int_equal(stats.table[STORE_CASE].oldest_s, 103);
	assert_int_equal(stats.table[STORE_CASE].newest_s, 2);
	assert_true(stats.size > 0);
	assert_int_equal(store_check(s, on_fault, NULL, &records), STORE_OK);
	assert_int_equal(records, 3);
}

static void
on_written(void *ctx, size_t n)
{
	*(size_t *)ctx += n;
}

static void
test_close_writes(void **state)
{
	struct bench *b = *state;
	size_t written = 0;

	store_close(b->s);
	b->o.written = on_written;
	b->o.ctx = &written;
	b->s = opened(b);
	for (int i = 0; i < 700; i++)
		add(b->s, "n", 1);
	store_close(b->s);
	assert_int_equal(written, 700);
	b->s = opened(b);
	if (b->file)
		assert_int_equal(get(b->s, STORE_HISTORY, "n").number, 700);
}

#define ON(back, test)                                                   \
	{                                                                \
#test " (" #back ")", test, setup_##back, teardown, NULL \
	}
#define ALL_ON(back)                                                                               \
	ON(back, test_put_get_delete), ON(back, test_one_by_one_and_at_once),                      \
		ON(back, test_any_bytes), ON(back, test_sums), ON(back, test_batches),             \
		ON(back, test_full_queue_drops_and_counts),                                        \
		ON(back, test_queue_is_bounded_in_bytes), ON(back, test_search),                   \
		ON(back, test_images), ON(back, test_questions), ON(back, test_retention),         \
		ON(back, test_over_before_swept), ON(back, test_size), ON(back, test_clock_steps), \
		ON(back, test_stats_and_check), ON(back, test_close_writes)

int
main(void)
{
	const struct CMUnitTest tests[] = {ALL_ON(memory), ALL_ON(sqlite)};
	const struct CMUnitTest served[] = {ALL_ON(redis)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (!server_exists()) {
		print_message("redis-server is not installed: the store in it was not tested\n");
		return failed;
	}
	server_start("");
	failed += cmocka_run_group_tests(served, NULL, NULL);
	server_done();
	return failed;
}
