/* Unit tests of mail/token: words, folding, comments, and what is never closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/token.h"

/* Tokens as text: a=atom, q=quoted, l=literal, !=bad; "_" before one that is spaced. */
static void
assert_tokens(const char *text, enum token_syntax syntax, const char *want)
{
	struct token_reader r = token_reader_on(str_of(text), syntax);
	char room[400];
	struct buf b = BUF(room);
	struct token t;

	do {
		t = token_next(&r);
		if (t.spaced)
			buf_putc(&b, '_');
		switch (t.kind) {
		case TOKEN_END:
			buf_putc(&b, '.');
			break;
		case TOKEN_ATOM:
			buf_printf(&b, "a%.*s ", STR_ARG(t.text));
			break;
		case TOKEN_QUOTED:
			buf_printf(&b, "q%.*s ", STR_ARG(t.text));
			break;
		case TOKEN_LITERAL:
			buf_printf(&b, "l%.*s ", STR_ARG(t.text));
			break;
		case TOKEN_SPECIAL:
			buf_printf(&b, "%.*s ", STR_ARG(t.text));
			break;
		case TOKEN_BAD:
			assert_non_null(t.wrong);
			buf_printf(&b, "!%zu ", t.at);
			break;
		}
	} while (t.kind != TOKEN_END);
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("\"%s\": got \"%.*s\", want \"%s\"", text, STR_ARG(buf_str(&b)), want);
}

static void
test_mail(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "."},
		{" \t", "_."},
		{"a.b@c", "aa . ab @ ac ."},
		{"a/b=?c", "aa/b=?c ."},
		{"a \"b c\"d", "aa _qb c ad ."},
		{"\"a\\\"b\\\\\"c", "qa\\\"b\\\\ ac ."},
		{"[1.2\\]]x", "l[1.2\\]] ax ."},
		{"a\n b", "aa _ab ."},
		{"a\r\n\tb\r\n", "aa _ab _."},
		{"a\r\n \r\n \n b", "aa _ab ."},
		{"a\nb", "aa !1 ."},
		{"a\rb", "aa !1 ."},
		{"a\r\nb", "aa !1 ."},
		{"(c)a(d(e)f)b", "_aa _ab ."},
		{"(c\\)d)a", "_aa ."},
		{"(c\n d)a", "_aa ."},
		{"a(b", "aa !1 ."},
		{"a(b(c)", "aa !1 ."},
		{"a)b", "aa ) ab ."},
		{"a \"b", "aa _!2 ."},
		{"[b", "!0 ."},
		{"\"a\nb\"", "!2 ."},
		{"\"a\n b\"", "qa\n b ."},
		{"\"a\001b\"", "qa\001b ."},
		{"a\001b", "aa !1 ."},
		{"a\177", "aa !1 ."},
		{"b\xfc.\xc3\xbc", "ab\xfc . a\xc3\xbc ."},
		{"\\a", "\\ aa ."},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_tokens(cases[i].text, TOKEN_MAIL, cases[i].want);
}

static void
test_mime(void **state)
{
	assert_tokens("text/plain; x=a.b (c)", TOKEN_MIME, "atext / aplain ; _ax = aa.b _.");
	assert_tokens("a?b", TOKEN_MIME, "aa ? ab .");
}

static void
test_depth(void **state)
{
	char room[2 * TOKEN_DEPTH_MAX + 3];
	struct token_reader r;

	memset(room, '(', TOKEN_DEPTH_MAX);
	memset(room + TOKEN_DEPTH_MAX, ')', TOKEN_DEPTH_MAX);
	r = token_reader_on(str_from(room, 2 * TOKEN_DEPTH_MAX), TOKEN_MAIL);
	assert_int_equal(token_next(&r).kind, TOKEN_END);
	memset(room, '(', TOKEN_DEPTH_MAX + 1);
	memset(room + TOKEN_DEPTH_MAX + 1, ')', TOKEN_DEPTH_MAX + 1);
	r = token_reader_on(str_from(room, 2 * TOKEN_DEPTH_MAX + 2), TOKEN_MAIL);
	assert_int_equal(token_next(&r).kind, TOKEN_BAD);
}

static void
test_nul(void **state)
{
	struct token_reader r = token_reader_on(STR("a\0b"), TOKEN_MAIL);

	assert_int_equal(token_next(&r).kind, TOKEN_ATOM);
	assert_int_equal(token_next(&r).kind, TOKEN_BAD);
	r = token_reader_on(STR("\"a\0b\""), TOKEN_MAIL);
	assert_int_equal(token_next(&r).kind, TOKEN_BAD);
}

static void
test_unquote(void **state)
{
	char room[20];
	struct buf b = BUF(room);

	token_unquote(STR("a\\\"b\\\\\r\n c\\"), &b);
	assert_true(str_eq(buf_str(&b), STR("a\"b\\ c\\")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_mime),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_unquote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
