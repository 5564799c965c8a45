/*
 * store/redis_reply: see redis_reply.h.
 *
 * hiredis calls back for each value that it has read; a list it announces before it has read what
 * is in it, so its length is checked there, against what all lists of a round may have together.
 */
#include <hiredis/read.h>
#include <stdio.h>

#include "store/redis_reply.h"

#define ITEM_MAX STORE_BLOB_MAX
#define SANE_MAX 253402300799 /* nobody writes a time behind the year 10000, nor a span as long */

struct redis_reader {
	redisReader *hi;
	struct arena arena;
	size_t bytes, items; /* of this round */
	char why[96];
};

/* --- what hiredis calls --- */

static struct redis_reader *
reader_of(const redisReadTask *task)
{
	return task->privdata;
}

/* NULL, which hiredis takes for a lack of memory, is the way to say no. */
static void *
refused(struct redis_reader *r, const char *what, size_t n)
{
	snprintf(r->why, sizeof(r->why), "%s (%zu)", what, n);
	return NULL;
}

static struct redis_value *
made(const redisReadTask *task, enum redis_type type)
{
	struct redis_reader *r = reader_of(task);

	if (++r->items > REDIS_ITEMS_MAX)
		return refused(r, "too many values at once", r->items);
	struct redis_value *v = arena_new(&r->arena, struct redis_value);
	v->type = type;
	if (task->parent) {
		const struct redis_value *list = task->parent->obj;
		must(list->type == REDIS_LIST && (size_t)task->idx < list->n);
		list->item[task->idx] = v;
	}
	return v;
}

static void *
make_text(const redisReadTask *task, char *p, size_t n)
{
	struct redis_reader *r = reader_of(task);

	if (n > ITEM_MAX)
		return refused(r, "a value larger than any of ours", n);
	struct redis_value *v = made(task,
		task->type == REDIS_REPLY_ERROR		   ? REDIS_ERROR
			: task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
							   : REDIS_TEXT);
	if (v)
		v->text = arena_str(&r->arena, str_from(p, n));
	return v;
}

/* hiredis 1 counts with size_t. */
#ifdef REDIS_REPLY_MAP
typedef size_t count_t;
#define TASK(hi) (*(hi)->task[(hi)->ridx])
#else
typedef int count_t;
#define TASK(hi) ((hi)->rstack[(hi)->ridx])
#endif

static void *
make_list(const redisReadTask *task, count_t count)
{
	struct redis_reader *r = reader_of(task);
	size_t n = (size_t)count, depth = 1;

	for (const redisReadTask *t = task; t->parent; t = t->parent)
		depth++;
	if (depth > REDIS_DEPTH_MAX)
		return refused(r, "lists nested deeper than any of ours", depth);
	if (n > REDIS_ITEMS_MAX || r->items + n > REDIS_ITEMS_MAX)
		return refused(r, "a list longer than any of ours", n);
	struct redis_value *v = made(task, REDIS_LIST);
	if (!v)
		return NULL;
	v->n = n;
	v->item = arena_calloc(&r->arena, n, sizeof(struct redis_value *));
	return v;
}

static void *
make_number(const redisReadTask *task, long long number)
{
	struct redis_value *v = made(task, REDIS_NUMBER);

	if (v)
		v->number = number;
	return v;
}

static void *
make_nil(const redisReadTask *task)
{
	return made(task, REDIS_NIL);
}

/* The arena frees. */
static void
free_nothing(void *v)
{
}

#ifdef REDIS_REPLY_MAP
/* RESP3 was not asked for. */
static void *
make_double(const redisReadTask *task, double d, char *p, size_t n)
{
	return refused(reader_of(task), "a value of a type that nobody asked for", n);
}

static void *
make_bool(const redisReadTask *task, int b)
{
	return refused(reader_of(task), "a value of a type that nobody asked for", 1);
}
#endif

static redisReplyObjectFunctions makers = {.createString = make_text,
	.createArray = make_list,
	.createInteger = make_number,
	.createNil = make_nil,
#ifdef REDIS_REPLY_MAP
	.createDouble = make_double,
	.createBool = make_bool,
#endif
	.freeObject = free_nothing};

/* --- the reader --- */

struct redis_reader *
redis_reader_new(void)
{
	struct redis_reader *r = heap_calloc(1, sizeof(*r));

	arena_init(&r->arena, 4096, REDIS_BYTES_MAX);
	redis_reader_reset(r);
	return r;
}

void
redis_reader_free(struct redis_reader *r)
{
	if (!r)
		return;
	redisReaderFree(r->hi);
	arena_done(&r->arena);
	heap_free(r);
}

void
redis_reader_begin(struct redis_reader *r)
{
	arena_reset(&r->arena);
	r->bytes = r->items = 0;
	r->why[0] = '\0';
}

void
redis_reader_reset(struct redis_reader *r)
{
	if (r->hi)
		redisReaderFree(r->hi);
	redis_reader_begin(r);
	r->hi = redisReaderCreateWithFunctions(&makers);
	must(r->hi);
	r->hi->privdata = r;
}

bool
redis_reader_feed(struct redis_reader *r, struct str bytes)
{
	r->bytes += bytes.n;
	if (r->bytes > REDIS_BYTES_MAX)
		return refused(r, "more than any answer of ours has", r->bytes) != NULL;
	return redisReaderFeed(r->hi, bytes.p, bytes.n) == REDIS_OK;
}

/* A text that is announced but not there yet, and will be too large: why wait for it? */
static bool
is_oversized(struct redis_reader *r)
{
	const redisReader *hi = r->hi;
	struct str rest = str_from(hi->buf + hi->pos, hi->len - hi->pos);
	size_t end = str_find(str_slice(rest, 0, 32), '\r');
	uint64_t n;

	if (hi->ridx < 0 || TASK(hi).type != REDIS_REPLY_STRING || end >= rest.n)
		return false;
	if (!str_to_u64(str_slice(rest, 0, end), UINT64_MAX, &n) || n <= ITEM_MAX)
		return false;
	return refused(r, "a value larger than any of ours", n) == NULL;
}

enum redis_read
redis_reader_next(struct redis_reader *r, const struct redis_value **out)
{
	void *v = NULL;

	if (redisReaderGetReply(r->hi, &v) != REDIS_OK) {
		if (!r->why[0])
			snprintf(r->why, sizeof(r->why), "what is no RESP: %.60s", r->hi->errstr);
		return REDIS_READ_BAD;
	}
	*out = v;
	if (v)
		return REDIS_READ_VALUE;
	return is_oversized(r) ? REDIS_READ_BAD : REDIS_READ_MORE;
}

bool
redis_reader_has_more(const struct redis_reader *r)
{
	return r->hi->len > r->hi->pos;
}

const char *
redis_reader_why(const struct redis_reader *r)
{
	return r->why;
}

/* --- what is ours --- */

static bool
decimal(struct str s, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t n;

	if (!str_to_u64(str_skip(s, minus), INT64_MAX, &n))
		return false;
	*out = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

bool
redis_number(const struct redis_value *v, int64_t *out)
{
	if (v->type == REDIS_NUMBER) {
		*out = v->number;
		return true;
	}
	return v->type == REDIS_TEXT && decimal(v->text, out);
}

bool
redis_is_list(const struct redis_value *v, size_t n)
{
	return v->type == REDIS_LIST && v->n == n;
}

enum store_status
redis_record(
	const struct redis_value *v, enum store_table table, struct str key, struct rested *out)
{
	if (v->type == REDIS_NIL)
		return STORE_NONE;
	if (v->type != REDIS_TEXT || !rested_parse(v->text, table, key, out))
		return STORE_FAIL;
	return STORE_OK;
}

void
redis_word_from(struct str word, struct buf *out)
{
	for (size_t i = 0; i < word.n; i++) {
		if ((unsigned char)word.p[i] <= 1) {
			buf_putc(out, '\1');
			buf_putc(out, (char)(word.p[i] + 1));
		} else {
			buf_putc(out, word.p[i]);
		}
	}
}

void
redis_word_to(struct str word, struct buf *out)
{
	redis_word_from(word, out);
	buf_putc(out, '\1');
}

void
redis_word_print(struct str word, struct str key, struct buf *out)
{
	redis_word_from(word, out);
	buf_putc(out, '\0');
	buf_put(out, key);
}

bool
redis_word_key(struct str filed, struct str *key)
{
	size_t end = str_find(filed, '\0');

	*key = str_skip(filed, end + 1);
	return end > 0 && end < filed.n && key->n > 0 && key->n <= STORE_KEY_MAX;
}

void
redis_time_print(int64_t t, struct buf *out)
{
	char room[24];
	int n = snprintf(room, sizeof(room), "%lld", (long long)t);

	buf_printf(out, "%s %08x", room, crc32c(0, str_from(room, (size_t)n)));
}

bool
redis_time_parse(struct str text, int64_t *t)
{
	size_t blank = str_find(text, ' ');
	char room[REDIS_TIME_MAX];
	struct buf b = BUF(room);
	uint64_t n;

	if (!str_to_u64(str_slice(text, 0, blank), SANE_MAX, &n) || n == 0)
		return false;
	redis_time_print((int64_t)n, &b);
	*t = (int64_t)n;
	return str_eq(buf_str(&b), text);
}

void
redis_wall_print(int64_t ahead, int64_t at, struct buf *out)
{
	buf_printf(out, "%lld %lld", (long long)ahead, (long long)at);
}

bool
redis_wall_parse(struct str text, int64_t *ahead, int64_t *at)
{
	size_t blank = str_find(text, ' ');

	return decimal(str_slice(text, 0, blank), ahead) &&
		decimal(str_skip(text, blank + 1), at) && *ahead >= -SANE_MAX &&
		*ahead <= SANE_MAX && *at > 0 && *at <= SANE_MAX;
}
