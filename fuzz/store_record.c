/* Fuzz target: records of the store.  The input is table, length of the key, key, and blob.  A blob
 * is tried as it is, and again with the length and sum that it should have, so that what lies
 * behind them is reached.  What can be read prints back to the same bytes; whatever change comes to
 * it, the outcome can be read again; and no age is negative. */
#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char room[STORE_BLOB_MAX], room2[STORE_BLOB_MAX];

static void
check_change(const struct rested *r, enum store_op_kind kind, struct str bytes, int64_t now)
{
	struct store_op op = {.op = kind,
		.table = r->r.table,
		.key = r->r.key,
		.keep_s = r->touched & 0xffff,
		.add = {r->score, -r->score, INT64_MAX, INT64_MIN},
		.score = kind == STORE_ADD ? r->r.number[0] : 0,
		.half_life_s = r->half_life_s};
	struct rested after, back;
	struct buf b = BUF(room2);

	if (kind == STORE_PUT) {
		op.value = str_slice(bytes, 0, STORE_VALUE_MAX);
		op.n_words = 1;
		op.word[0] = r->r.key.n > STORE_WORD_MAX ? STR("w") : r->r.key;
	}
	must(store_op_is_valid(&op));
	rested_apply(r, &op, now, &after);
	rested_print(&after, &b);
	must(!buf_is_cut(&b));
	must(rested_parse(buf_str(&b), r->r.table, r->r.key, &back));
	must(str_eq(back.r.value, after.r.value) && back.score == after.score);
	must(after.touched >= r->touched || rested_is_over(r, now));
	rested_age(&back, now);
	must(back.r.age_s >= 0 && back.r.idle_s >= 0 && back.r.left_s >= 0);
	must((back.r.score < 0 ? -back.r.score : back.r.score) <=
		(back.score < 0 ? -back.score : back.score));
}

static void
check_blob(enum store_table table, struct str key, struct str blob)
{
	struct rested r;
	struct buf b = BUF(room2);

	if (!rested_parse(blob, table, key, &r))
		return;
	must(r.r.n_words <= STORE_WORDS_MAX && r.r.value.n <= STORE_VALUE_MAX);
	rested_print(&r, &b);
	must(str_eq(buf_str(&b), blob));
	check_change(&r, STORE_ADD, blob, r.touched);
	check_change(&r, STORE_ADD, blob, r.expires);
	check_change(&r, STORE_PUT, blob, 1764000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = str_from((const char *)data, size);

	if (size < 2 || size > 65536)
		return 0;
	enum store_table table = data[0] % STORE_TABLES;
	struct str key = str_slice(all, 2, 2 + (size_t)data[1]), blob = str_skip(all, 2 + key.n);
	check_blob(table, key, blob);
	if (blob.n < 9)
		return 0;
	record_seal(room, blob, table, key);
	check_blob(table, key, str_from(room, blob.n));
	return 0;
}
