/* Unit tests of records as bytes, of what changes make of them, and of the store's time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "store/age.h"
#include "store/record.h"

static const struct rested sample = {
	.r = {.table = STORE_CASE,
		.kind = 1,
		.key = STR_INIT("7Q2K-M8RT-9FBC"),
		.value = STR_INIT("{\"v\":1}"),
		.number = {1, -2, 3, 0, 5, INT64_C(1) << 62},
		.n_words = 2,
		.word = {STR_INIT("c192.0.2.1"), STR_INIT("s\0x")}},
	.made = 1764000000,
	.touched = 1764000100,
	.expires = 1764100000,
	.half_life_s = 3600,
	.score = -1500,
};

static char room[STORE_BLOB_MAX];

static struct str
printed(const struct rested *r)
{
	struct buf b = BUF(room);

	rested_print(r, &b);
	assert_false(buf_is_cut(&b));
	return buf_str(&b);
}

static void
assert_same(const struct rested *a, const struct rested *b)
{
	assert_true(str_eq(a->r.key, b->r.key));
	assert_true(str_eq(a->r.value, b->r.value));
	assert_int_equal(a->r.table, b->r.table);
	assert_int_equal(a->r.kind, b->r.kind);
	assert_memory_equal(a->r.number, b->r.number, sizeof(a->r.number));
	assert_int_equal(a->r.n_words, b->r.n_words);
	for (size_t i = 0; i < a->r.n_words; i++)
		assert_true(str_eq(a->r.word[i], b->r.word[i]));
	assert_int_equal(a->made, b->made);
	assert_int_equal(a->touched, b->touched);
	assert_int_equal(a->expires, b->expires);
	assert_int_equal(a->score, b->score);
	assert_int_equal(a->half_life_s, b->half_life_s);
}

static void
test_round_trip(void **state)
{
	struct rested back;

	assert_true(rested_parse(printed(&sample), STORE_CASE, sample.r.key, &back));
	assert_same(&sample, &back);
	/* The largest record that may be asked for fits. */
	static char bytes[STORE_VALUE_MAX];
	struct rested large = sample;
	large.r.key = str_from(bytes, STORE_KEY_MAX);
	large.r.value = str_from(bytes, STORE_VALUE_MAX);
	large.r.n_words = STORE_WORDS_MAX;
	for (size_t i = 0; i < STORE_WORDS_MAX; i++)
		large.r.word[i] = str_from(bytes, STORE_WORD_MAX);
	assert_true(rested_parse(printed(&large), STORE_CASE, large.r.key, &back));
	assert_same(&large, &back);
}

/* A record is believed whole, in its place, or not at all. */
static void
test_damage(void **state)
{
	struct str blob = printed(&sample);
	struct rested back;

	assert_false(rested_parse(blob, STORE_EXEMPT, sample.r.key, &back));
	assert_false(rested_parse(blob, STORE_CASE, STR("7Q2K-M8RT-9FBD"), &back));
	assert_false(rested_parse(blob, STORE_CASE, STR(""), &back));
	for (size_t n = 0; n < blob.n; n++)
		assert_false(rested_parse(str_slice(blob, 0, n), STORE_CASE, sample.r.key, &back));
	for (size_t i = 0; i < blob.n * 8; i++) {
		room[i / 8] ^= (char)(1 << i % 8);
		assert_false(rested_parse(blob, STORE_CASE, sample.r.key, &back));
		room[i / 8] ^= (char)(1 << i % 8);
	}
	assert_true(rested_parse(blob, STORE_CASE, sample.r.key, &back));
	room[blob.n] = 0;
	assert_false(rested_parse(str_from(blob.p, blob.n + 1), STORE_CASE, sample.r.key, &back));
}

static void
test_crc(void **state)
{
	/* The check value that catalogues of CRCs give for CRC-32C. */
	assert_int_equal(crc32c(0, STR("123456789")), 0xe3069283);
	assert_int_equal(crc32c(crc32c(0, STR("1234")), STR("56789")), 0xe3069283);
	/* RFC 7143 A.4, and the same however it is cut: what is shorter than eight bytes goes
	 * another way. */
	char octets[32];
	memset(octets, 0, sizeof(octets));
	assert_int_equal(crc32c(0, str_from(octets, sizeof(octets))), 0x8a9136aa);
	memset(octets, 0xff, sizeof(octets));
	assert_int_equal(crc32c(0, str_from(octets, sizeof(octets))), 0x62a8ab43);
	for (char i = 0; i < 32; i++)
		octets[(size_t)i] = i;
	assert_int_equal(crc32c(0, str_from(octets, sizeof(octets))), 0x46dd794e);
	uint32_t bytes = 0;
	for (size_t i = 0; i < 32; i++) {
		struct str all = str_from(octets, sizeof(octets));
		bytes = crc32c(bytes, str_slice(all, i, i + 1));
		assert_int_equal(
			crc32c(crc32c(0, str_slice(all, 0, i)), str_skip(all, i)), 0x46dd794e);
	}
	assert_int_equal(bytes, 0x46dd794e);
}

static void
test_apply(void **state)
{
	struct store_op put = {.op = STORE_PUT,
		.table = STORE_HISTORY,
		.key = STR("k"),
		.value = STR("one"),
		.keep_s = 50};
	struct store_op add = {.op = STORE_ADD,
		.table = STORE_HISTORY,
		.key = STR("k"),
		.add = {1, 2},
		.score = 1000,
		.half_life_s = 100};
	struct rested a, b;

	rested_apply(NULL, &add, 1000, &a);
	assert_int_equal(a.made, 1000);
	assert_int_equal(a.r.number[1], 2);
	assert_int_equal(a.score, 1000);
	/* A half-life later half of it is left, and more comes to it. */
	rested_apply(&a, &add, 1100, &b);
	assert_int_equal(b.r.number[0], 2);
	assert_int_equal(b.score, 1500);
	assert_int_equal(b.made, 1000);
	assert_int_equal(b.touched, 1100);
	/* A value beside it leaves numbers and age alone. */
	rested_apply(&b, &put, 1110, &a);
	assert_int_equal(a.r.number[1], 4);
	assert_int_equal(a.made, 1000);
	assert_int_equal(a.expires, 1160);
	assert_true(str_eq(a.r.value, STR("one")));
	/* What is over counts for nothing. */
	rested_apply(&a, &add, 1160, &b);
	assert_int_equal(b.made, 1160);
	assert_int_equal(b.r.number[1], 2);
	assert_int_equal(b.r.value.n, 0);
	/* A writer whose time is a little behind makes nothing younger. */
	rested_apply(&b, &add, 1150, &a);
	assert_int_equal(a.touched, 1160);
	/* Sums stop before they overflow. */
	add.add[0] = INT64_MAX;
	add.score = INT64_MIN;
	rested_apply(&a, &add, 1160, &b);
	rested_apply(&b, &add, 1160, &a);
	assert_int_equal(a.r.number[0], INT64_C(1) << 62);
	assert_int_equal(a.score, -(INT64_C(1) << 62));
	assert_true(rested_parse(printed(&a), STORE_HISTORY, STR("k"), &b));
}

static void
test_decay(void **state)
{
	static const struct {
		int64_t score, seconds;
		uint32_t half;
		int64_t left;
	} cases[] = {
		{1000, 0, 10, 1000},
		{1000, -5, 10, 1000},
		{1000, 10, 10, 500},
		{-1000, 10, 10, -500},
		{1000, 5, 10, 707},
		{100000, 1, 10, 93303}, /* 93303.3, as far as ten bits of the part tell */
		{1000, 630, 10, 0},
		{1000, INT64_MAX, 1, 0},
		{1000, 100, 0, 1000},
		{INT64_C(1) << 62, 1, 1, INT64_C(1) << 61},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t left = age_decay(cases[i].score, cases[i].seconds, cases[i].half);
		if (llabs(left - cases[i].left) > llabs(cases[i].left) / 1000)
			fail_msg("case %zu: %lld", i, (long long)left);
	}
	/* It only ever falls. */
	for (int64_t s = 0, last = 1000000; s < 2000; s++) {
		int64_t left = age_decay(1000000, s, 97);
		assert_true(left <= last);
		last = left;
	}
}

#define DAY ((int64_t)86400)
#define T0  ((int64_t)1764000000)

/* Wall clock and monotonic clock side by side; the store's time after so many seconds. */
static int64_t
live(struct age *a, int64_t *wall, uint64_t *ms, int64_t seconds)
{
	for (int64_t i = 0; i < seconds * 4; i++) {
		*ms += 250;
		if (i % 4 == 3)
			(*wall)++;
		age_tick(a, *wall, *ms);
	}
	return a->now;
}

static void
test_time(void **state)
{
	struct age a;
	int64_t wall = T0;
	uint64_t ms = 5000;

	age_begin(&a, 0, 0, wall, ms);
	assert_int_equal(a.now, T0);
	assert_int_equal(live(&a, &wall, &ms, 100), T0 + 100);
	/* An hour back: nothing is younger, and after two hours both agree. */
	wall -= 3600;
	int64_t before = a.now;
	assert_int_equal(live(&a, &wall, &ms, 100), before + 50);
	live(&a, &wall, &ms, 7200);
	assert_int_equal(a.now, wall);
	/* 41 days ahead: it runs at double speed, no faster. */
	before = a.now;
	wall += 41 * DAY;
	assert_int_equal(live(&a, &wall, &ms, 3600), before + 7200);
	/* And back. */
	wall -= 41 * DAY;
	assert_int_equal(live(&a, &wall, &ms, 7200), before + 3600 + 7200);
	assert_int_equal(a.now, wall);
}

static void
test_time_between_runs(void **state)
{
	static const struct {
		int64_t saved, saved_wall, wall, now;
	} cases[] = {
		{T0, T0, T0 + 10, T0 + 10},
		{T0, T0, T0 - 3600, T0},
		{T0, T0, T0 + 41 * DAY, T0 + DAY},
		{T0, T0, T0 - 3652 * DAY, T0},
		{T0, T0 - 3652 * DAY, T0, T0 + DAY},
		{T0 - 5 * DAY, T0, T0 + 60, T0 - 5 * DAY + 60},
		{0, 0, T0, T0},
		{-7, INT64_MIN, T0, T0},
		/* Numbers that nobody wrote overflow nothing. */
		{INT64_MAX, INT64_MIN, INT64_MAX, 253402300799 + DAY},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct age a;
		age_begin(&a, cases[i].saved, cases[i].saved_wall, cases[i].wall, 0);
		if (a.now != cases[i].now)
			fail_msg("case %zu: %lld", i, (long long)a.now);
	}
}

/* A record that crosses from one process to another is as old there as here. */
static void
test_between_processes(void **state)
{
	struct rested r = sample;
	struct store_record back;
	struct buf b = BUF(room);

	rested_age(&r, sample.touched + 3600);
	store_record_print(&r.r, &b);
	assert_true(store_record_parse(buf_str(&b), STORE_CASE, r.r.key, &back));
	assert_int_equal(back.age_s, 3700);
	assert_int_equal(back.idle_s, 3600);
	assert_int_equal(back.left_s, sample.expires - sample.touched - 3600);
	assert_int_equal(back.score, -750); /* decayed here, and not once more there */
	assert_int_equal(back.kind, 1);
	assert_memory_equal(back.number, r.r.number, sizeof(back.number));
	assert_int_equal(back.n_words, 2);
	assert_true(str_eq(back.word[1], sample.r.word[1]));
	assert_true(str_eq(back.value, sample.r.value));
	assert_true(str_eq(back.key, r.r.key));
	r.r.left_s = 0; /* kept for ever */
	buf_reset(&b);
	store_record_print(&r.r, &b);
	assert_true(store_record_parse(buf_str(&b), STORE_CASE, r.r.key, &back));
	assert_int_equal(back.left_s, 0);
	for (size_t n = 0; n < b.n; n++)
		assert_false(store_record_parse(
			str_slice(buf_str(&b), 0, n), STORE_CASE, r.r.key, &back));
	assert_false(store_record_parse(buf_str(&b), STORE_CASE, STR(""), &back));
}

static void
test_changes(void **state)
{
	static const struct store_op ops[] = {
		{.op = STORE_PUT,
			.table = STORE_CASE,
			.key = STR_INIT("k"),
			.value = STR_INIT("value \0"),
			.kind = 1,
			.keep_s = INT64_C(1) << 40,
			.n_words = 2,
			.word = {STR_INIT("a"), STR_INIT("\377")}},
		{.op = STORE_ADD,
			.table = STORE_SEEN,
			.key = STR_INIT("d:example.org"),
			.add = {1, -1, INT64_MAX, INT64_MIN, 0, 7},
			.score = -1500,
			.half_life_s = UINT32_MAX},
		{.op = STORE_DEL, .table = STORE_EXEMPT, .key = STR_INIT("192.0.2.0/24")},
	};

	for (size_t i = 0; i < COUNT(ops); i++) {
		struct store_op back;
		struct buf b = BUF(room);

		store_op_print(&ops[i], &b);
		assert_true(store_op_parse(buf_str(&b), &back));
		assert_int_equal(back.op, ops[i].op);
		assert_int_equal(back.table, ops[i].table);
		assert_int_equal(back.kind, ops[i].kind);
		assert_true(str_eq(back.key, ops[i].key));
		assert_true(str_eq(back.value, ops[i].value));
		assert_true(back.keep_s == ops[i].keep_s && back.score == ops[i].score);
		assert_int_equal(back.half_life_s, ops[i].half_life_s);
		assert_memory_equal(back.add, ops[i].add, sizeof(back.add));
		assert_int_equal(back.n_words, ops[i].n_words);
		for (size_t k = 0; k < back.n_words; k++)
			assert_true(str_eq(back.word[k], ops[i].word[k]));
		for (size_t n = 0; n < b.n; n++)
			assert_false(store_op_parse(str_slice(buf_str(&b), 0, n), &back));
		room[b.n] = 0;
		assert_false(store_op_parse(str_from(room, b.n + 1), &back));
		room[1] = STORE_TABLES; /* what the store would refuse is no change */
		assert_false(store_op_parse(buf_str(&b), &back));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_decay),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_time_between_runs),
		cmocka_unit_test(test_between_processes),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
