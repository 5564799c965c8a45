/* store/record: see record.h. */
#include <assert.h>

#include "store/age.h"
#include "store/record.h"

#define HEAD 9 /* version, length, sum */
/* Sums stop here, so that nothing computed from them overflows. */
#define NUMBER_MAX ((int64_t)1 << 62)
/* No time is later (in the year 36812), nor any span longer, so that their sum can be read too. */
#define TIME_MAX ((int64_t)1 << 40)

const struct store_table_info store_tables[STORE_TABLES] = {
	[STORE_CASE] = {"case", "decisions", false, 1, 2, {"accepted", "refused"}},
	[STORE_EXEMPT] = {"exempt", "exemptions", true, 0, 1, {"all"}},
	[STORE_MAILBOX] = {"mailbox", "switches of mailboxes", true, 0, 1, {"all"}},
	[STORE_HISTORY] = {"history", "how clients and senders behaved", false, 2, 1, {"all"}},
	[STORE_COUNTER] = {"counter", "sums", false, 0, 1, {"all"}},
	[STORE_SEEN] = {"seen", "when something was first seen", false, 3, 1, {"all"}},
	[STORE_CALLOUT] = {"callout", "what senders' mail servers said", false, 4, 1, {"all"}},
};

/* Four bits at a time: no table of a kilobyte. */
static uint32_t
crc32c_of_few(uint32_t sum, struct str s)
{
	static const uint32_t step[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6,
		0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

	for (size_t i = 0; i < s.n; i++) {
		sum ^= (unsigned char)s.p[i];
		sum = sum >> 4 ^ step[sum & 15];
		sum = sum >> 4 ^ step[sum & 15];
	}
	return sum;
}

#if defined(__x86_64__)
/* Most processors have an instruction for it, twenty times as fast: a search or a replay reads
 * hundreds of megabytes. */
__attribute__((target("sse4.2"))) static uint32_t
crc32c_of_many(uint32_t sum, struct str s)
{
	uint64_t wide = sum, word;
	size_t whole = s.n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, s.p + i, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	return crc32c_of_few((uint32_t)wide, str_skip(s, whole));
}

static bool
has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t
crc32c_of_many(uint32_t sum, struct str s)
{
	return crc32c_of_few(sum, s);
}

static bool
has_instruction(void)
{
	return false;
}
#endif

uint32_t
crc32c(uint32_t sum, struct str s)
{
	if (s.n >= 8 && has_instruction())
		return ~crc32c_of_many(~sum, s);
	return ~crc32c_of_few(~sum, s);
}

static uint32_t
sum_of(enum store_table table, struct str key, struct str body)
{
	const unsigned char head[3] = {
		(unsigned char)table, (unsigned char)(key.n >> 8), (unsigned char)key.n};
	uint32_t sum = crc32c(0, str_from((const char *)head, sizeof(head)));

	return crc32c(crc32c(sum, key), body);
}

static void
put64(struct buf *b, int64_t v)
{
	buf_put32(b, (uint32_t)((uint64_t)v >> 32));
	buf_put32(b, (uint32_t)v);
}

static int64_t
get64(struct cursor *c)
{
	uint64_t high = cursor_u32(c);

	return (int64_t)(high << 32 | cursor_u32(c));
}

static void
put32_at(char *p, uint32_t v)
{
	struct buf b = buf_on(p, 4);

	buf_put32(&b, v);
}

void
record_seal(char *out, struct str blob, enum store_table table, struct str key)
{
	must(blob.n >= HEAD);
	memmove(out, blob.p, blob.n);
	put32_at(out + 1, (uint32_t)blob.n);
	put32_at(out + 5, sum_of(table, key, str_from(out + HEAD, blob.n - HEAD)));
}

static void
print_words(const struct str *word, size_t n, struct buf *out)
{
	buf_putc(out, (char)n);
	for (size_t i = 0; i < n; i++) {
		buf_putc(out, (char)word[i].n);
		buf_put(out, word[i]);
	}
}

static void
print_body(const struct rested *r, struct buf *out)
{
	buf_putc(out, (char)r->r.kind);
	put64(out, r->made);
	put64(out, r->touched);
	put64(out, r->expires);
	buf_put32(out, r->half_life_s);
	put64(out, r->score);
	buf_putc(out, STORE_NUMBERS);
	for (size_t i = 0; i < STORE_NUMBERS; i++)
		put64(out, r->r.number[i]);
	print_words(r->r.word, r->r.n_words, out);
	buf_put32(out, (uint32_t)r->r.value.n);
	buf_put(out, r->r.value);
}

void
rested_print(const struct rested *r, struct buf *out)
{
	size_t start = out->n;

	buf_putc(out, RECORD_VERSION);
	put64(out, 0); /* length and sum come last */
	print_body(r, out);
	if (buf_is_cut(out))
		return;
	record_seal(out->p + start, str_skip(buf_str(out), start), r->r.table, r->r.key);
}

/* A score or a sum that somebody else has put together could overflow in ours. */
static bool
is_sane(int64_t v)
{
	return v >= -NUMBER_MAX && v <= NUMBER_MAX;
}

static size_t
parse_words(struct cursor *c, struct str word[STORE_WORDS_MAX])
{
	size_t n = cursor_u8(c);

	if (n > STORE_WORDS_MAX) {
		cursor_fail(c);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		word[i] = cursor_bytes(c, cursor_u8(c));
		if (word[i].n == 0)
			cursor_fail(c);
	}
	return n;
}

static void
parse_body(struct cursor *c, struct rested *o)
{
	o->r.kind = cursor_u8(c);
	o->made = get64(c);
	o->touched = get64(c);
	o->expires = get64(c);
	o->half_life_s = cursor_u32(c);
	o->score = get64(c);
	if (o->r.kind >= STORE_KINDS || o->made < 0 || o->made > TIME_MAX || o->touched < 0 ||
		o->touched > TIME_MAX || o->expires < 0 || o->expires > 2 * TIME_MAX ||
		!is_sane(o->score) || cursor_u8(c) != STORE_NUMBERS)
		cursor_fail(c);
	for (size_t i = 0; i < STORE_NUMBERS; i++) {
		o->r.number[i] = get64(c);
		if (!is_sane(o->r.number[i]))
			cursor_fail(c);
	}
	o->r.n_words = parse_words(c, o->r.word);
	o->r.value = cursor_bytes(c, cursor_u32(c));
	if (o->r.value.n > STORE_VALUE_MAX)
		cursor_fail(c);
}

bool
rested_parse(struct str blob, enum store_table table, struct str key, struct rested *out)
{
	struct cursor c = cursor_on(blob);
	struct rested o = {.r = {.table = table, .key = key}};

	if (blob.n > STORE_BLOB_MAX || key.n == 0 || key.n > STORE_KEY_MAX)
		return false;
	uint8_t version = cursor_u8(&c);
	uint32_t length = cursor_u32(&c), sum = cursor_u32(&c);
	if (!cursor_ok(&c) || version != RECORD_VERSION || length != blob.n ||
		sum != sum_of(table, key, str_skip(blob, HEAD)))
		return false;
	parse_body(&c, &o);
	if (!cursor_ok(&c) || cursor_left(&c) != 0)
		return false;
	*out = o;
	return true;
}

void
rested_age(struct rested *r, int64_t now)
{
	r->r.age_s = now > r->made ? now - r->made : 0;
	r->r.idle_s = now > r->touched ? now - r->touched : 0;
	r->r.left_s = r->expires > now ? r->expires - now : 0;
	r->r.score = age_decay(r->score, r->r.idle_s, r->half_life_s);
}

bool
rested_is_over(const struct rested *r, int64_t now)
{
	return r->expires > 0 && r->expires <= now;
}

static int64_t
sum_within(int64_t a, int64_t b)
{
	int64_t s;

	if (__builtin_add_overflow(a, b, &s))
		s = a < 0 ? -NUMBER_MAX : NUMBER_MAX;
	return s < -NUMBER_MAX ? -NUMBER_MAX : s > NUMBER_MAX ? NUMBER_MAX : s;
}

static void
add(const struct store_op *op, int64_t now, struct rested *o)
{
	for (size_t i = 0; i < STORE_NUMBERS; i++)
		o->r.number[i] = sum_within(o->r.number[i], op->add[i]);
	/* Two that write at once may be a second apart: decay never runs backwards. */
	int64_t idle = now > o->touched ? now - o->touched : 0;
	o->score = sum_within(age_decay(o->score, idle, o->half_life_s), op->score);
	o->half_life_s = op->half_life_s;
}

void
rested_apply(const struct rested *r, const struct store_op *op, int64_t now, struct rested *out)
{
	if (now > TIME_MAX)
		now = TIME_MAX;
	if (r && !rested_is_over(r, now))
		*out = *r;
	else
		*out = (struct rested){.r = {.table = op->table}, .made = now, .touched = now};
	out->r.key = op->key;
	if (op->op == STORE_ADD) {
		add(op, now, out);
	} else {
		must(op->op == STORE_PUT);
		out->r.value = op->value;
		out->r.kind = op->kind;
		out->r.n_words = op->n_words;
		for (size_t i = 0; i < op->n_words; i++)
			out->r.word[i] = op->word[i];
	}
	if (now > out->touched)
		out->touched = now;
	if (op->keep_s > 0)
		out->expires = out->touched + op->keep_s;
	else if (op->op == STORE_PUT)
		out->expires = 0;
}

bool
store_op_is_valid(const struct store_op *op)
{
	if ((unsigned)op->op > STORE_DEL || (unsigned)op->table >= STORE_TABLES || op->key.n == 0 ||
		op->key.n > STORE_KEY_MAX || op->value.n > STORE_VALUE_MAX ||
		op->kind >= store_tables[op->table].kinds || op->n_words > STORE_WORDS_MAX ||
		op->keep_s < 0 || op->keep_s > TIME_MAX)
		return false;
	for (size_t i = 0; i < op->n_words; i++)
		if (op->word[i].n == 0 || op->word[i].n > STORE_WORD_MAX)
			return false;
	return true;
}

static bool
has_word(const struct store_record *r, const struct store_range *range)
{
	for (size_t i = 0; i < r->n_words; i++)
		if (str_cmp(r->word[i], range->from) >= 0 && str_cmp(r->word[i], range->to) <= 0)
			return true;
	return false;
}

bool
record_matches(const struct store_record *r, const struct store_query *q)
{
	if (r->table != q->table || (q->since_s && r->idle_s > q->since_s) ||
		(q->until_s && r->idle_s < q->until_s))
		return false;
	for (size_t i = 0; i < q->n_words; i++)
		if (!has_word(r, &q->word[i]))
			return false;
	return true;
}

/* --- between processes --- */

/* Long enough after the beginning of time for any age. */
#define BETWEEN TIME_MAX

void
store_record_print(const struct store_record *r, struct buf *out)
{
	struct rested o = {.r = *r,
		.made = BETWEEN - r->age_s,
		.touched = BETWEEN - r->idle_s,
		.expires = r->left_s ? BETWEEN + r->left_s : 0,
		.score = r->score};

	print_body(&o, out);
}

bool
store_record_parse(
	struct str bytes, enum store_table table, struct str key, struct store_record *out)
{
	struct cursor c = cursor_on(bytes);
	struct rested o = {.r = {.table = table, .key = key}};

	if (key.n == 0 || key.n > STORE_KEY_MAX)
		return false;
	parse_body(&c, &o);
	if (!cursor_ok(&c) || cursor_left(&c) != 0)
		return false;
	rested_age(&o, BETWEEN);
	*out = o.r;
	return true;
}

void
store_op_print(const struct store_op *op, struct buf *out)
{
	size_t n = op->op == STORE_ADD ? STORE_NUMBERS : 0;

	buf_putc(out, (char)op->op);
	buf_putc(out, (char)op->table);
	buf_putc(out, (char)op->kind);
	put64(out, op->keep_s);
	buf_put32(out, op->half_life_s);
	put64(out, op->score);
	buf_putc(out, (char)n);
	for (size_t i = 0; i < n; i++)
		put64(out, op->add[i]);
	print_words(op->word, op->n_words, out);
	buf_put16(out, (uint16_t)op->key.n);
	buf_put(out, op->key);
	buf_put32(out, (uint32_t)op->value.n);
	buf_put(out, op->value);
}

bool
store_op_parse(struct str bytes, struct store_op *out)
{
	struct cursor c = cursor_on(bytes);
	struct store_op op = {.op = (enum store_op_kind)cursor_u8(&c)};

	op.table = (enum store_table)cursor_u8(&c);
	op.kind = cursor_u8(&c);
	op.keep_s = get64(&c);
	op.half_life_s = cursor_u32(&c);
	op.score = get64(&c);
	if (cursor_u8(&c) != (op.op == STORE_ADD ? STORE_NUMBERS : 0))
		return false;
	for (size_t i = 0; op.op == STORE_ADD && i < STORE_NUMBERS; i++)
		op.add[i] = get64(&c);
	op.n_words = parse_words(&c, op.word);
	op.key = cursor_bytes(&c, cursor_u16(&c));
	op.value = cursor_bytes(&c, cursor_u32(&c));
	if (!cursor_ok(&c) || cursor_left(&c) != 0 || !store_op_is_valid(&op))
		return false;
	*out = op;
	return true;
}

/* --- copies --- */

static struct str
moved(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static size_t
words_size(const struct str *word, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += word[i].n;
	return size;
}

struct store_op *
store_op_copy(const struct store_op *op, size_t *size)
{
	*size = sizeof(*op) + op->key.n + op->value.n + words_size(op->word, op->n_words);
	struct store_op *copy = heap_alloc(*size);
	char *at = (char *)(copy + 1);

	*copy = *op;
	copy->key = moved(&at, op->key);
	copy->value = moved(&at, op->value);
	for (size_t i = 0; i < op->n_words; i++)
		copy->word[i] = moved(&at, op->word[i]);
	return copy;
}
