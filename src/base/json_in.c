/* json_in: see json_in.h. */
#include "base/json_in.h"

struct reader {
	struct arena *a;
	const char *start, *p, *end;
	size_t values;
	const char *why;
};

static bool
fail(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

/* The next byte, or NUL at the end (which nothing accepts). */
static char
peek(const struct reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static bool
take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->p++;
	return true;
}

/* --- strings --- */

/* Bytes of a string that stand for themselves: ASCII but control bytes, quotation mark and
 * backslash. */
static const bool plain[256] = {
#define P1(c) [(c)] = (c) >= 0x20 && (c) < 0x80 && (c) != '"' && (c) != '\\'
#define P8(c)                                                                                \
	P1(c), P1((c) + 1), P1((c) + 2), P1((c) + 3), P1((c) + 4), P1((c) + 5), P1((c) + 6), \
		P1((c) + 7)
#define P64(c)                                                                                    \
	P8(c), P8((c) + 8), P8((c) + 16), P8((c) + 24), P8((c) + 32), P8((c) + 40), P8((c) + 48), \
		P8((c) + 56)
	P64(0), P64(64), P64(128), P64(192)};

static bool
read_hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		int digit = chr_hex(peek(r));
		if (digit < 0)
			return fail(r, "\\u wants four hexadecimal digits");
		v = v << 4 | (uint32_t)digit;
		r->p++;
	}
	*out = v;
	return true;
}

/* Bytes written; RFC 3629 3. */
static size_t
put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Behind "\u". */
static size_t
read_unicode(struct reader *r, char *out)
{
	uint32_t c, low;

	if (!read_hex4(r, &c))
		return 0;
	if (c >= 0xd800 && c < 0xdc00) {
		if (!take(r, '\\') || !take(r, 'u') || !read_hex4(r, &low) || low < 0xdc00 ||
			low > 0xdfff)
			return fail(r, "half a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
	} else if (c >= 0xdc00 && c < 0xe000) {
		return fail(r, "half a surrogate pair");
	} else if (c == 0) {
		return fail(r, "\\u0000 in a text");
	}
	return put_utf8(c, out);
}

static size_t
read_escape(struct reader *r, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(r);
	const char *at = c ? strchr(from, c) : NULL;

	if (take(r, 'u'))
		return read_unicode(r, out);
	if (!at)
		return fail(r, "unknown escape");
	r->p++;
	*out = to[at - from];
	return 1;
}

/* A sequence of UTF-8 beyond ASCII. */
static size_t
read_utf8(struct reader *r, char *out)
{
	size_t n = utf8_length(str_from(r->p, (size_t)(r->end - r->p)));

	if (!n)
		return fail(r, "no UTF-8");
	memcpy(out, r->p, n);
	r->p += n;
	return n;
}

/* The rest of a string that is not plain from r->p on; what was plain before begins at start. */
static bool
read_hard_string(struct reader *r, const char *start, struct str *out)
{
	const char *quote = r->p;
	size_t n = (size_t)(r->p - start);

	/* No escape and no sequence becomes longer than it was. */
	while (quote < r->end && *quote != '"')
		quote += *quote == '\\' ? 2 : 1;
	if (quote >= r->end)
		return fail(r, "a text without end");
	if ((size_t)(quote - start) > ARENA_MAX_ALLOC)
		return fail(r, "a text is too long");
	char *p = arena_alloc(r->a, (size_t)(quote - start) + 1);
	memcpy(p, start, n);
	while (peek(r) != '"') {
		unsigned char c = (unsigned char)*r->p;
		size_t added = 1;
		if (plain[c]) {
			p[n] = *r->p++;
		} else if (c == '\\') {
			r->p++;
			added = read_escape(r, p + n);
		} else if (c < 0x20) {
			return fail(r, "a control byte in a text");
		} else {
			added = read_utf8(r, p + n);
		}
		if (!added)
			return false;
		n += added;
	}
	r->p++;
	*out = str_from(p, n);
	return true;
}

static bool
read_string(struct reader *r, struct str *out)
{
	if (!take(r, '"'))
		return fail(r, "a text in quotation marks is expected");
	const char *start = r->p;
	while (r->p < r->end && plain[(unsigned char)*r->p])
		r->p++;
	if (peek(r) != '"')
		return read_hard_string(r, start, out);
	*out = str_from(start, (size_t)(r->p - start));
	r->p++;
	return true;
}

/* --- numbers --- */

static bool
take_digits(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && chr_is_digit(*r->p))
		r->p++;
	return r->p > start;
}

static bool
read_number(struct reader *r, struct str *out)
{
	const char *start = r->p;

	(void)take(r, '-');
	if (!take(r, '0') && !take_digits(r))
		return fail(r, "a value is expected");
	if (take(r, '.') && !take_digits(r))
		return fail(r, "digits are missing");
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			(void)take(r, '-');
		if (!take_digits(r))
			return fail(r, "digits are missing");
	}
	*out = str_from(start, (size_t)(r->p - start));
	return true;
}

/* --- values --- */

static bool read_value(struct reader *r, struct json_in *v, int depth);

static bool
name_is_new(struct reader *r, const struct json_in *object, struct str name)
{
	if (object->n == JSON_IN_MEMBERS)
		return fail(r, "too many members in an object");
	for (const struct json_in *m = object->first; m; m = m->next)
		if (str_eq(m->name, name))
			return fail(r, "a name twice in an object");
	return true;
}

static bool
read_items(struct reader *r, struct json_in *v, char end, int depth)
{
	struct json_in **last = &v->first;

	if (depth == 0)
		return fail(r, "nested too deeply");
	r->p++;
	skip_blanks(r);
	if (take(r, end))
		return true;
	for (;;) {
		struct json_in *item = arena_new(r->a, struct json_in);
		if (++r->values > JSON_IN_VALUES)
			return fail(r, "too many values");
		skip_blanks(r);
		if (end == '}') {
			if (!read_string(r, &item->name) || !name_is_new(r, v, item->name))
				return false;
			skip_blanks(r);
			if (!take(r, ':'))
				return fail(r, "\":\" is expected");
		}
		if (!read_value(r, item, depth - 1))
			return false;
		*last = item;
		last = &item->next;
		v->n++;
		skip_blanks(r);
		if (take(r, end))
			return true;
		if (!take(r, ','))
			return fail(r, "\",\" or the end of a list or object is expected");
	}
}

static bool
read_word(struct reader *r, struct str word)
{
	struct str rest = str_from(r->p, (size_t)(r->end - r->p));

	if (!str_has_prefix(rest, word))
		return fail(r, "a value is expected");
	r->p += word.n;
	return true;
}

static bool
read_value(struct reader *r, struct json_in *v, int depth)
{
	skip_blanks(r);
	switch (peek(r)) {
	case '{':
		v->kind = JSON_IN_OBJECT;
		return read_items(r, v, '}', depth);
	case '[':
		v->kind = JSON_IN_LIST;
		return read_items(r, v, ']', depth);
	case '"':
		v->kind = JSON_IN_TEXT;
		return read_string(r, &v->text);
	case 't':
		v->kind = JSON_IN_BOOL;
		v->yes = true;
		return read_word(r, STR("true"));
	case 'f':
		v->kind = JSON_IN_BOOL;
		return read_word(r, STR("false"));
	case 'n':
		v->kind = JSON_IN_NULL;
		return read_word(r, STR("null"));
	default:
		v->kind = JSON_IN_NUMBER;
		return read_number(r, &v->text);
	}
}

const struct json_in *
json_in_parse(struct arena *a, struct str text, struct json_in_error *e)
{
	struct reader r = {
		.a = a, .start = text.p, .p = text.p, .end = text.n ? text.p + text.n : text.p};
	struct json_in *v = arena_new(a, struct json_in);

	bool ok = read_value(&r, v, JSON_IN_DEPTH);
	if (ok) {
		skip_blanks(&r);
		ok = r.p == r.end || fail(&r, "something follows");
	}
	if (ok)
		return v;
	*e = (struct json_in_error){r.why, r.p ? (size_t)(r.p - r.start) : 0};
	return NULL;
}

const struct json_in *
json_in_get(const struct json_in *o, const char *name)
{
	struct str s = str_of(name);

	if (!o || o->kind != JSON_IN_OBJECT)
		return NULL;
	for (const struct json_in *m = o->first; m; m = m->next)
		if (str_eq(m->name, s))
			return m->kind == JSON_IN_NULL ? NULL : m;
	return NULL;
}

struct str
json_in_text(const struct json_in *o, const char *name)
{
	const struct json_in *v = json_in_get(o, name);

	return v && v->kind == JSON_IN_TEXT ? v->text : (struct str){NULL, 0};
}

bool
json_in_integer(const struct json_in *v, int64_t *out)
{
	uint64_t n;

	if (!v || v->kind != JSON_IN_NUMBER)
		return false;
	bool negative = v->text.p[0] == '-';
	if (!str_to_u64(str_skip(v->text, negative), INT64_MAX, &n))
		return false;
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}
