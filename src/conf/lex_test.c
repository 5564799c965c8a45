/* Unit tests of the line reader: what each line means, which are refused, and the round trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/lex.h"

static void
assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void
test_entries(void **state)
{
	static const struct {
		const char *line, *key, *value, *comment;
	} cases[] = {
		{"key = value", "key", "value", ""},
		{"key=value", "key", "value", ""},
		{"  key\t=\tvalue  ", "key", "value", ""},
		{"key =", "key", "", ""},
		{"key = ; nothing", "key", "", "nothing"},
		{"key = value ; why", "key", "value", "why"},
		{"key = value # why", "key", "value", "why"},
		{"key = value\t;why ; and more", "key", "value", "why ; and more"},
		{"key = a;b#c", "key", "a;b#c", ""},
		{"key =;x", "key", ";x", ""},
		{"key = a = b", "key", "a = b", ""},
		{"key = \"a ; b # c\"", "key", "a ; b # c", ""},
		{"key = \"  a  \" ; why", "key", "  a  ", "why"},
		{"key = \"\"", "key", "", ""},
		{"key = \"a\\\"", "key", "a\\", ""},
		{"key = \"a\"; why", "key", "a", "why"},
		{"2001:db8::/32 = rdns ; partner", "2001:db8::/32", "rdns", "partner"},
		{"127.0.0.2-127.0.0.4 = score 6", "127.0.0.2-127.0.0.4", "score 6", ""},
		{"rdns_none/ipv6 = score 6\r", "rdns_none/ipv6", "score 6", ""},
		{"key = gr\xc3\xbc\xc3\x9f", "key", "gr\xc3\xbc\xc3\x9f", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lex lex = lex_on("f", str_of(cases[i].line));
		struct errbuf e = {0};
		struct lex_item item;
		if (lex_next(&lex, &item, &e) != LEX_ENTRY)
			fail_msg("%s: %s", cases[i].line, e.text);
		assert_str(item.entry.key, cases[i].key);
		assert_str(item.entry.value, cases[i].value);
		assert_str(item.entry.comment, cases[i].comment);
		assert_int_equal(lex_next(&lex, &item, &e), LEX_END);

		/* What is printed reads back. */
		char room[256];
		struct buf b = BUF(room);
		lex_print_entry(&item.entry, &b);
		lex = lex_on("f", buf_str(&b));
		assert_int_equal(lex_next(&lex, &item, &e), LEX_ENTRY);
		assert_str(item.entry.key, cases[i].key);
		assert_str(item.entry.value, cases[i].value);
		assert_str(item.entry.comment, cases[i].comment);
	}
}

static void
test_sections(void **state)
{
	static const struct {
		const char *line, *section, *name;
	} cases[] = {
		{"[policy]", "policy", ""},
		{" [ policy ] ; why", "policy", ""},
		{"[dnsbl zen.example]# why", "dnsbl", "zen.example"},
		{"\xef\xbb\xbf[policy]\r", "policy", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lex lex = lex_on("f", str_of(cases[i].line));
		struct errbuf e = {0};
		struct lex_item item;
		assert_int_equal(lex_next(&lex, &item, &e), LEX_SECTION);
		assert_str(item.section, cases[i].section);
		assert_str(item.name, cases[i].name);
	}
}

static void
test_nothing(void **state)
{
	static const char *const cases[] = {
		"", "\n", "\r\n\r\n", "; x = y", "  # x = y", " \t ", "\xef\xbb\xbf"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lex lex = lex_on("f", str_of(cases[i]));
		struct errbuf e = {0};
		struct lex_item item;
		assert_int_equal(lex_next(&lex, &item, &e), LEX_END);
		assert_int_equal(e.count, 0);
	}
}

static void
test_errors(void **state)
{
	static const struct {
		const char *line, *word;
	} cases[] = {
		{"key", "key = value"},
		{"  and more words", "cannot continue"},
		{"key ; x = y", "key = value"},
		{"= value", "no key"},
		{"key = \"a", "not closed"},
		{"key = \"a\" b", "only a comment"},
		{"key = say \"a ; b\"", "whole value"},
		{"key = a \\", "cannot be continued"},
		{"[policy", "\"]\""},
		{"[]", "name"},
		{"[ ]", "name"},
		{"[a b c]", "\"c\" is too much"},
		{"[policy] key = value", "only a comment"},
		{"key = a\x01", "control byte (1) in column 8"},
		{"key\r = a", "control byte (13)"},
		{"; \x1b[31m", "control byte (27)"},
		{"key = \x7f", "control byte (127)"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lex lex = lex_on("f", str_of(cases[i].line));
		struct errbuf e = {0};
		struct lex_item item;
		assert_int_equal(lex_next(&lex, &item, &e), LEX_ERROR);
		if (!str_contains(str_of(e.text), str_of(cases[i].word)))
			fail_msg("%s: %s", cases[i].line, e.text);
		assert_string_equal(e.file, "f");
		assert_int_equal(e.line, 1);
	}
}

static void
test_nul_byte(void **state)
{
	struct lex lex = lex_on("f", STR("a = b\nc = \0d\ne = f"));
	struct errbuf e = {0}, e2 = {0};
	struct lex_item item;

	assert_int_equal(lex_next(&lex, &item, &e), LEX_ENTRY);
	assert_int_equal(lex_next(&lex, &item, &e), LEX_ERROR);
	assert_int_equal(e.line, 2);
	assert_int_equal(lex_next(&lex, &item, &e2), LEX_ENTRY);
	assert_str(item.entry.key, "e");
	assert_int_equal(lex.line, 3);
}

static void
test_long_lines(void **state)
{
	static char text[LEX_LINE_MAX + 8];
	struct lex lex;
	struct errbuf e = {0};
	struct lex_item item;

	memset(text, 'x', sizeof(text));
	text[1] = '=';
	text[LEX_LINE_MAX] = '\n';
	lex = lex_on("f", str_from(text, LEX_LINE_MAX + 1));
	assert_int_equal(lex_next(&lex, &item, &e), LEX_ENTRY);
	assert_int_equal(item.entry.value.n, LEX_LINE_MAX - 2);
	text[LEX_LINE_MAX] = 'x';
	lex = lex_on("f", str_from(text, LEX_LINE_MAX + 1));
	assert_int_equal(lex_next(&lex, &item, &e), LEX_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
