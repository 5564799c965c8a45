/* Unit tests of the frames between workers and the keeper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/store.h"

static char room[STORE_FRAME_MAX];

static const struct store_frame every[] = {
	{.type = STORE_FRAME_CHANGE, .blob = STR_INIT("a change")},
	{.type = STORE_FRAME_ASK, .id = 0x01020304, .table = 3, .key = STR_INIT("c:192.0.2.1")},
	{.type = STORE_FRAME_WATCH},
	{.type = STORE_FRAME_STATE, .state = {true, 1, 2, 3, 4, 5, 6, 7, 8, UINT64_MAX}},
	{.type = STORE_FRAME_DONE, .written = 7, .dropped = UINT32_MAX},
	{.type = STORE_FRAME_ANSWER, .id = UINT32_MAX, .status = 0, .blob = STR_INIT("a record")},
	{.type = STORE_FRAME_ANSWER, .id = 1, .status = 1},
	{.type = STORE_FRAME_BEGIN, .table = 1, .cut = true, .generation = 1ULL << 40, .count = 2},
	{.type = STORE_FRAME_RECORD, .table = 1, .key = STR_INIT("k\0y"), .blob = STR_INIT("")},
	{.type = STORE_FRAME_END, .table = 1, .generation = 1ULL << 40},
};

static struct str
printed(const struct store_frame *f)
{
	struct buf b = BUF(room);

	store_frame_print(f, &b);
	assert_false(buf_is_cut(&b));
	return buf_str(&b);
}

static void
assert_same(const struct store_frame *a, const struct store_frame *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->table, b->table);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->cut, b->cut);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->written, b->written);
	assert_int_equal(a->dropped, b->dropped);
	assert_true(a->generation == b->generation);
	assert_true(str_eq(a->key, b->key));
	assert_true(str_eq(a->blob, b->blob));
	assert_int_equal(a->state.usable, b->state.usable);
	assert_true(a->state.pid == b->state.pid && a->state.size == b->state.size &&
		a->state.queued == b->state.queued && a->state.written == b->state.written &&
		a->state.dropped == b->state.dropped && a->state.failed == b->state.failed &&
		a->state.damaged == b->state.damaged && a->state.forgotten == b->state.forgotten &&
		a->state.put_aside == b->state.put_aside);
}

/* What is printed can be read, is the same, and is not read before it is whole. */
static void
test_round_trip(void **state)
{
	for (size_t i = 0; i < COUNT(every); i++) {
		struct store_frame f;
		struct str s = printed(&every[i]);
		size_t used = 0;

		assert_int_equal(store_frame_size(s), s.n);
		assert_int_equal(store_frame_read(s, &f, &used), FRAME_OK);
		assert_int_equal(used, s.n);
		assert_same(&f, &every[i]);
		for (size_t n = 0; n < s.n; n++)
			assert_int_equal(
				store_frame_read(str_slice(s, 0, n), &f, &used), FRAME_MORE);
	}
}

/* Frames with a rest, or cut inside although their length says that they are whole. */
static void
test_bad_lengths(void **state)
{
	for (size_t i = 0; i < COUNT(every); i++) {
		struct store_frame f;
		struct str s = printed(&every[i]);
		size_t used, n = s.n;
		bool has_rest = every[i].type == STORE_FRAME_CHANGE ||
			every[i].type == STORE_FRAME_ASK || every[i].type == STORE_FRAME_ANSWER ||
			every[i].type == STORE_FRAME_RECORD;

		if (has_rest)
			n -= every[i].blob.n +
				(every[i].type == STORE_FRAME_ASK ? every[i].key.n : 0);
		for (size_t cut = STORE_FRAME_HEAD; cut < n; cut++) {
			struct buf length = buf_on(room, 4);
			buf_put32(&length, (uint32_t)cut - 4);
			assert_int_equal(
				store_frame_read(str_slice(s, 0, cut), &f, &used), FRAME_BAD);
		}
		if (has_rest)
			continue;
		struct buf length = buf_on(room, 4);
		buf_put32(&length, (uint32_t)s.n - 4 + 1);
		room[s.n] = 0;
		assert_int_equal(store_frame_read(str_from(room, s.n + 1), &f, &used), FRAME_BAD);
	}
}

static void
test_hostile(void **state)
{
	static const struct {
		struct str bytes;
		enum store_frame_read want;
	} rows[] = {
		{STR_INIT(""), FRAME_MORE},
		{STR_INIT("\0\0\0"), FRAME_MORE},
		{STR_INIT("\0\0\0\0"), FRAME_BAD},
		{STR_INIT("\0\0\0\1"), FRAME_MORE},
		{STR_INIT("\0\0\0\1\1"), FRAME_OK}, /* an empty change, which is no change */
		{STR_INIT("\0\0\0\1\0"), FRAME_BAD},
		{STR_INIT("\0\0\0\1\4"), FRAME_BAD},
		{STR_INIT("\0\0\0\1\377"), FRAME_BAD},
		{STR_INIT("\377\377\377\377"), FRAME_BAD},
		{STR_INIT("\0\4\177\374"), FRAME_MORE}, /* the longest */
		{STR_INIT("\0\4\177\375"), FRAME_BAD},
		{STR_INIT("\0\0\0\2\x13\1"), FRAME_BAD},
		{STR_INIT("\0\0\0\x0f\x13\1\2\0\0\0\0\0\0\0\1\0\0\0\0"), FRAME_BAD}, /* cut 2 */
		{STR_INIT("\0\0\0\x05\x14\1\377\377k"), FRAME_BAD}, /* the key is longer */
		{STR_INIT("GET / HTTP/1.1\r\n\r\n"), FRAME_BAD},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_frame f;
		size_t used;
		enum store_frame_read got = store_frame_read(rows[i].bytes, &f, &used);
		if (got != rows[i].want)
			fail_msg("row %zu: %d", i, (int)got);
	}
}

static void
test_two_in_a_row(void **state)
{
	struct buf b = BUF(room);
	struct store_frame f;
	size_t used, more;

	store_frame_print(&every[0], &b);
	store_frame_print(&every[1], &b);
	assert_int_equal(store_frame_read(buf_str(&b), &f, &used), FRAME_OK);
	assert_same(&f, &every[0]);
	assert_int_equal(store_frame_read(str_skip(buf_str(&b), used), &f, &more), FRAME_OK);
	assert_same(&f, &every[1]);
	assert_int_equal(used + more, b.n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_lengths),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_two_in_a_row),
	};

	return cmocka_run_group_tests_name("wire/store", tests, NULL, NULL);
}
