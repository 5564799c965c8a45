/* Fuzz target: what a Redis says.  The first byte says in which pieces the rest comes, and what it
 * is taken for.  However it comes, the same answers are read; each value of them is taken for a
 * record, a number, a time, a clock and a word, and what is read as one prints back to the same. */
#include "store/redis_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char room[STORE_BLOB_MAX];

static void
check_record(const struct redis_value *v, enum store_table table, struct str key)
{
	struct rested r;
	struct buf b = BUF(room);

	if (redis_record(v, table, key, &r) != STORE_OK)
		return;
	rested_print(&r, &b);
	must(str_eq(buf_str(&b), v->text));
	rested_age(&r, 1764000000);
	must(r.r.age_s >= 0 && r.r.idle_s >= 0 && r.r.left_s >= 0);
}

static void
check_text(struct str s)
{
	int64_t t, ahead, at;
	struct buf b = BUF(room);
	struct str key;

	if (redis_time_parse(s, &t)) {
		redis_time_print(t, &b);
		must(str_eq(buf_str(&b), s));
	}
	if (redis_wall_parse(s, &ahead, &at)) {
		int64_t ahead2, at2;
		buf_reset(&b);
		redis_wall_print(ahead, at, &b);
		must(redis_wall_parse(buf_str(&b), &ahead2, &at2) && ahead == ahead2 && at == at2);
	}
	if (redis_word_key(s, &key))
		must(key.n > 0 && key.n < s.n);
	if (s.n == 0 || s.n > STORE_WORD_MAX)
		return;
	buf_reset(&b);
	redis_word_print(s, STR("key"), &b);
	must(redis_word_key(buf_str(&b), &key) && str_eq(key, STR("key")));
	/* It lies in its own range. */
	char from_room[REDIS_WORD_MAX], to_room[REDIS_WORD_MAX];
	struct buf from = BUF(from_room), to = BUF(to_room);
	redis_word_from(s, &from);
	redis_word_to(s, &to);
	must(str_cmp(buf_str(&from), buf_str(&b)) < 0 && str_cmp(buf_str(&b), buf_str(&to)) < 0);
}

/* The number of values, so that nothing is left out. */
static size_t
check_value(const struct redis_value *v, int depth)
{
	size_t n = 1;
	int64_t number;

	must(depth <= REDIS_DEPTH_MAX);
	for (size_t i = 0; v->type == REDIS_LIST && i < v->n; i++)
		n += check_value(v->item[i], depth + 1);
	if (redis_number(v, &number) && v->type == REDIS_NUMBER)
		must(number == v->number);
	if (v->type == REDIS_TEXT) {
		check_text(v->text);
		for (int t = 0; t < STORE_TABLES; t++)
			check_record(v, (enum store_table)t, STR("k"));
	}
	return n;
}

static size_t
read_all(struct redis_reader *r, struct str bytes, size_t step, size_t *values)
{
	const struct redis_value *v;
	enum redis_read got = REDIS_READ_MORE;
	size_t answers = 0;

	redis_reader_reset(r);
	*values = 0;
	while (bytes.n > 0 && got != REDIS_READ_BAD) {
		struct str piece = str_slice(bytes, 0, step);
		bytes = str_skip(bytes, step);
		must(redis_reader_feed(r, piece));
		while ((got = redis_reader_next(r, &v)) == REDIS_READ_VALUE) {
			answers++;
			*values += check_value(v, 0);
		}
	}
	must(got != REDIS_READ_BAD || redis_reader_why(r)[0]);
	return answers;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redis_reader *r;
	size_t values, values2;

	if (size < 1 || size > 100000)
		return 0;
	if (!r)
		r = redis_reader_new();
	struct str bytes = {(const char *)data + 1, size - 1};
	size_t whole = read_all(r, bytes, size, &values);
	size_t pieces = read_all(r, bytes, 1 + data[0] % 64, &values2);
	must(whole == pieces && values == values2);
	return 0;
}
