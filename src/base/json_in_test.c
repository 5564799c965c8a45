/* Unit tests of json_in: what is JSON, what is not, and the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json_in.h"

static struct arena a;

static const struct json_in *
parse(struct str text, struct json_in_error *e)
{
	/* At the end of its memory, so that a sanitizer sees what is read beyond. */
	char *copy = heap_alloc(text.n + 1);
	struct str s = str_from(copy, text.n);

	memcpy(copy, text.p, text.n);
	const struct json_in *v = json_in_parse(&a, arena_str(&a, s), e);
	heap_free(copy);
	return v;
}

/* A tree as text again: types by their marks. */
static void
print(const struct json_in *v, struct buf *b)
{
	if (v->name.p)
		buf_printf(b, "%.*s:", STR_ARG(v->name));
	switch (v->kind) {
	case JSON_IN_NULL:
		buf_puts(b, "null");
		return;
	case JSON_IN_BOOL:
		buf_puts(b, v->yes ? "yes" : "no");
		return;
	case JSON_IN_NUMBER:
		buf_put(b, v->text);
		return;
	case JSON_IN_TEXT:
		buf_printf(b, "<%.*s>", STR_ARG(v->text));
		return;
	case JSON_IN_LIST:
	case JSON_IN_OBJECT:
		buf_printf(b, "%s%zu", v->kind == JSON_IN_LIST ? "[" : "{", v->n);
		for (const struct json_in *i = v->first; i; i = i->next) {
			buf_putc(b, ' ');
			print(i, b);
		}
		buf_puts(b, v->kind == JSON_IN_LIST ? "]" : "}");
		return;
	}
}

static void
test_good(void **state)
{
	static const struct {
		struct str text;
		const char *tree;
	} cases[] = {
		{STR_INIT("null"), "null"},
		{STR_INIT(" [ true , false ] \r\n"), "[2 yes no]"},
		{STR_INIT("[]"), "[0]"},
		{STR_INIT("{}"), "{0}"},
		{STR_INIT("[0,-0,12,-1.50,1e5,1E-5,2.5e+3]"), "[7 0 -0 12 -1.50 1e5 1E-5 2.5e+3]"},
		{STR_INIT("{\"a\":1,\"b\":{\"a\":[{}]},\"\":\"\"}"), "{3 a:1 b:{1 a:[1 {0}]} :<>}"},
		{STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "<\"\\/\b\f\n\r\t>"},
		{STR_INIT("\"a\\u0041\\u00e4\\u20AC\\ud83d\\ude00z\""),
			"<aA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z>"},
		{STR_INIT("\"\xc3\xa4\xe2\x82\xac\xf4\x8f\xbf\xbf\""),
			"<\xc3\xa4\xe2\x82\xac\xf4\x8f\xbf\xbf>"},
		{STR_INIT("\"\x7f\""), "<\x7f>"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_in_error e;
		char room[200];
		struct buf b = BUF(room);
		const struct json_in *v = parse(cases[i].text, &e);
		if (!v)
			fail_msg("%.*s: %s at %zu", STR_ARG(cases[i].text), e.why, e.at);
		print(v, &b);
		if (!str_eq(buf_str(&b), str_of(cases[i].tree)))
			fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(buf_str(&b)));
	}
}

static void
test_bad(void **state)
{
	static const struct {
		struct str text;
		size_t at;
	} cases[] = {
		{STR_INIT(""), 0},
		{STR_INIT(" "), 1},
		{STR_INIT("nul"), 0},
		{STR_INIT("nullx"), 4},
		{STR_INIT("1 2"), 2},
		{STR_INIT("01"), 1},
		{STR_INIT("-"), 1},
		{STR_INIT("+1"), 0},
		{STR_INIT("1."), 2},
		{STR_INIT(".5"), 0},
		{STR_INIT("1e"), 2},
		{STR_INIT("NaN"), 0},
		{STR_INIT("[1,]"), 3},
		{STR_INIT("[1"), 2},
		{STR_INIT("["), 1},
		{STR_INIT("{"), 1},
		{STR_INIT("{\"a\"}"), 4},
		{STR_INIT("{\"a\":1,}"), 7},
		{STR_INIT("{a:1}"), 1},
		{STR_INIT("{\"a\":1,\"a\":2}"), 10},
		{STR_INIT("\"abc"), 4},
		{STR_INIT("\"abc\\"), 4},
		{STR_INIT("\"\\x\""), 2},
		{STR_INIT("\"\\u12\""), 5},
		{STR_INIT("\"\\u0000\""), 7},
		{STR_INIT("\"\\ud83d\""), 7},
		{STR_INIT("\"\\ud83dx\""), 7},
		{STR_INIT("\"\\ude00\""), 7},
		{STR_INIT("\"\\ud83d\\u0041\""), 13},
		{STR_INIT("\"\n\""), 1},
		{STR_INIT("\"\0\""), 1},
		{STR_INIT("\"\xff\""), 1},
		{STR_INIT("\"\xc0\xaf\""), 1},
		{STR_INIT("\"\xe0\x9f\xbf\""), 1},
		{STR_INIT("\"\xed\xa0\x80\""), 1},
		{STR_INIT("\"\xf4\x90\x80\x80\""), 1},
		{STR_INIT("\"\xe2\x82\""), 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_in_error e;
		if (parse(cases[i].text, &e))
			fail_msg("%.*s was read", STR_ARG(cases[i].text));
		assert_non_null(e.why);
		if (e.at != cases[i].at)
			fail_msg("%.*s: %s at %zu, not %zu", STR_ARG(cases[i].text), e.why, e.at,
				cases[i].at);
	}
}

static struct str
repeated(const char *head, const char *item, size_t n, const char *tail)
{
	static char room[1 << 20];
	struct buf b = BUF(room);

	buf_puts(&b, head);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, item);
	buf_puts(&b, tail);
	assert_false(buf_is_cut(&b));
	return buf_str(&b);
}

static void
test_bounds(void **state)
{
	struct json_in_error e;
	char room[8000];
	struct buf b = BUF(room);

	assert_null(parse(repeated("", "[", JSON_IN_DEPTH, ""), &e));
	assert_string_equal(e.why, "a value is expected");
	assert_null(parse(repeated("", "[", JSON_IN_DEPTH + 1, ""), &e));
	assert_string_equal(e.why, "nested too deeply");
	assert_non_null(parse(repeated("[0", ",1", JSON_IN_VALUES - 1, "]"), &e));
	assert_null(parse(repeated("[0", ",1", JSON_IN_VALUES, "]"), &e));
	assert_string_equal(e.why, "too many values");
	buf_putc(&b, '{');
	for (int i = 0; i <= JSON_IN_MEMBERS; i++)
		buf_printf(&b, "%s\"%d\":0", i ? "," : "", i);
	buf_putc(&b, '}');
	assert_null(parse(buf_str(&b), &e));
	assert_string_equal(e.why, "too many members in an object");
}

static void
test_get(void **state)
{
	struct json_in_error e;
	const struct json_in *o = parse(STR("{\"t\":\"x\",\"n\":-7,\"z\":null,\"r\":1.5,\"big\":"
					    "9223372036854775808,\"max\":9223372036854775807}"),
		&e);
	int64_t n = 0;

	assert_non_null(o);
	assert_true(str_eq(json_in_text(o, "t"), STR("x")));
	assert_null(json_in_text(o, "n").p);
	assert_null(json_in_text(o, "none").p);
	assert_null(json_in_get(o, "z"));
	assert_null(json_in_get(NULL, "z"));
	assert_null(json_in_get(json_in_get(o, "t"), "z"));
	assert_true(json_in_integer(json_in_get(o, "n"), &n));
	assert_int_equal(n, -7);
	assert_true(json_in_integer(json_in_get(o, "max"), &n));
	assert_true(n == INT64_MAX);
	assert_false(json_in_integer(json_in_get(o, "big"), &n));
	assert_false(json_in_integer(json_in_get(o, "r"), &n));
	assert_false(json_in_integer(json_in_get(o, "t"), &n));
	assert_false(json_in_integer(NULL, &n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_get),
	};

	arena_init(&a, 4096, (size_t)1 << 30);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&a);
	return failed;
}
