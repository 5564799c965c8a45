/* Unit tests of what somebody else says in a reply: any bytes, any length, into what room is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/policy.h"

static const struct finding_code codes[] = {{.id = "fail",
	.label = "fail",
	.text = "{who} says no",
	.fix = "ask {who}",
	.cause = CAUSE_SPF_FAIL,
	.enhanced = "5.7.23",
	.words = "words",
	.whose = "who"}};
static const struct action actions[] = {{ACTION_REJECT, 0}};
static const struct check check = {.name = "c", .codes = codes, .n_codes = 1};
static const struct check *const checks[] = {&check};
static const struct check_set set = {1, checks, NULL};

struct judged {
	struct arena a;
	struct finding f;
	struct verdict v;
};

static struct policy policy = {.reject_at = 800, .actions = {{actions}, {actions}}};

static void
judge(struct judged *g, struct str who, struct str words, struct str case_id)
{
	static const struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};
	const struct finding *list[] = {&g->f};
	struct result r = {.n = 1, .finding = list, .confirmed = {"", 0}};
	const struct judgement j = {.policy = &policy,
		.checks = &set,
		.result = &r,
		.client = &ip,
		.rcpt = STR("joe@example.net"),
		.case_id = case_id};

	arena_init(&g->a, 1024, 65536);
	g->f = (struct finding){.code = &codes[0]};
	finding_note(&g->f, "who", who);
	finding_note(&g->f, "words", words);
	policy_judge(&j, &g->a, &g->v);
}

static void
assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static void
test_order(void **state)
{
	struct judged g;

	judge(&g, STR("a.example"), STR("call us"), STR("7Q2K"));
	assert_str(g.v.one_line,
		"a.example says no: ask a.example. Case 7Q2K. a.example says: call us");
	assert_int_equal(g.v.n_lines, 3);
	assert_str(g.v.line[0], "a.example says no: ask a.example");
	assert_str(g.v.line[1], "Case 7Q2K");
	assert_str(g.v.line[2], "a.example says: call us");
	arena_done(&g.a);
	judge(&g, STR("a.example"), STR(""), STR("7Q2K"));
	assert_str(g.v.one_line, "a.example says no: ask a.example. Case 7Q2K");
	assert_int_equal(g.v.n_lines, 2);
	arena_done(&g.a);
}

/* Words that are short are whole wherever the heading fits; longer ones are left out where next to
 * nothing of them would be left. */
static void
test_little_room(void **state)
{
	static const size_t lengths[] = {60, 100, 110, 120, 125, 130, 135, 140, 150, 253};
	char name[253], sentence[2 * 253 + 32];

	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct str who = str_from(name, lengths[i]);
		struct buf b = BUF(sentence);
		struct judged g;
		buf_printf(&b, "%.*s says no: ask %.*s", STR_ARG(who), STR_ARG(who));
		if (b.n > REPLY_LINE_MAX) /* then without the advice */
			b.n = who.n + STR(" says no").n;
		judge(&g, who, STR("yes"), STR(""));
		size_t room = REPLY_MAX - b.n;
		size_t heading = STR(". ").n + who.n + STR(" says: ").n;
		assert_int_equal(g.v.one_line.n, room >= heading + 3 ? b.n + heading + 3 : b.n);
		arena_done(&g.a);
		judge(&g, who, STR("this is rather more than that, but no more than this"),
			STR(""));
		if (room < heading + 24)
			assert_int_equal(g.v.one_line.n, b.n);
		else
			assert_true(g.v.one_line.n >= b.n + heading + 9);
		assert_true(g.v.one_line.n <= REPLY_MAX);
		arena_done(&g.a);
	}
}

/* Printable, and each backslash begins "\DDD". */
static void
assert_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		assert_true(chr_is_print(s.p[i]));
		if (s.p[i] != '\\')
			continue;
		assert_true(s.n - i > 3);
		for (int k = 0; k < 3; k++)
			assert_true(chr_is_digit(s.p[++i]));
	}
}

static size_t
octets(struct str s)
{
	size_t n = s.n;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '%';
	return n;
}

static void
check_any(struct str who, struct str words, struct str heading)
{
	struct judged g;
	size_t shown = 0;

	judge(&g, who, words, STR("7Q2K"));
	assert_true(g.v.one_line.n <= REPLY_MAX);
	assert_clean(g.v.one_line);
	assert_in_range(g.v.n_lines, 3, REPLY_LINES);
	for (size_t i = 0; i < g.v.n_lines; i++) {
		assert_true(octets(g.v.line[i]) <= REPLY_LINE_MAX);
		assert_clean(g.v.line[i]);
		if (i < 2)
			continue;
		assert_true(str_has_prefix(g.v.line[i], heading));
		assert_true(g.v.line[i].n > heading.n);
		shown += g.v.line[i].n - heading.n;
	}
	assert_true(shown <= REPLY_WORDS_MAX);
	if (words.n > REPLY_WORDS_MAX)
		assert_true(str_has_suffix(g.v.line[g.v.n_lines - 1], STR("...")));
	arena_done(&g.a);
}

static void
test_hostile_words(void **state)
{
	static const char evil[] = "\0\r\n\x1b[31m\x80\xff%s%n\\ 550 5.7.1 ok";
	static char words[5000];

	for (size_t blanks = 0; blanks < 60; blanks++) {
		for (size_t i = 0; i < sizeof(words); i++)
			words[i] = blanks && i % (7 * blanks) == 3
				? ' '
				: evil[(i * (blanks + 1) + i / 29) % (sizeof(evil) - 1)];
		for (size_t n = 1; n <= sizeof(words); n += n < 500 ? 7 : 900)
			check_any(STR("a.example"), str_from(words, n), STR("a.example says: "));
		check_any(
			STR("a.example"), str_from(words, sizeof(words)), STR("a.example says: "));
	}
}

static void
test_one_kind_of_byte(void **state)
{
	static char words[5000], name[200];

	memset(name, 'n', sizeof(name));
	for (unsigned c = 0; c < 256; c++) {
		memset(words, (int)c, sizeof(words));
		if (c == ' ')
			continue; /* an excerpt of blanks is nothing to look at */
		check_any(
			STR("a.example"), str_from(words, sizeof(words)), STR("a.example says: "));
		check_any(str_from(name, sizeof(name)), str_from(words, sizeof(words)),
			str_from(name, sizeof(name)));
	}
}

/* What was seen is longer than a line: it is cut behind a word, and no advice follows. */
static void
test_long_sentence(void **state)
{
	static char who[255];
	struct judged g;

	memset(who, '%', sizeof(who));
	judge(&g, str_from(who, sizeof(who)), STR(""), STR(""));
	assert_int_equal(g.v.n_lines, 1);
	assert_true(octets(g.v.line[0]) <= REPLY_LINE_MAX && g.v.line[0].n > 190);
	assert_true(str_has_suffix(g.v.line[0], STR("%...")));
	arena_done(&g.a);
	memset(who, '\0', sizeof(who)); /* "\000" each */
	memset(who + 90, ' ', 1);
	judge(&g, str_from(who, sizeof(who)), STR(""), STR(""));
	assert_int_equal(g.v.line[0].n, 90 * 4 + 3);
	assert_clean(g.v.line[0]);
	arena_done(&g.a);
}

/* The id of the case is in every refusal, however long the sentence and the address of the page. */
static void
test_case_is_always_named(void **state)
{
	static const char *const urls[] = {"", "https://mx.example.net/why?c=%c",
		"https://mx.example.net/help",
		("https://mx.example.net/a-rather-long-address-of-a-"
		 "page-on-what-to-do-about-mail-that-was-refused?c=%c")};
	char name[255];

	memset(name, 'n', sizeof(name));
	for (size_t u = 0; u < COUNT(urls); u++) {
		policy.help_url = str_of(urls[u]);
		for (size_t n = 1; n <= sizeof(name); n++) {
			struct judged g;
			bool in_lines = false;
			judge(&g, str_from(name, n), STR("some words"), STR("7Q2K-M8RT-9FBC"));
			if (!str_contains(g.v.one_line, STR("7Q2K-M8RT-9FBC")))
				fail_msg("%.*s", STR_ARG(g.v.one_line));
			assert_true(g.v.one_line.n <= REPLY_MAX);
			for (size_t i = 0; i < g.v.n_lines; i++)
				in_lines |= str_contains(g.v.line[i], STR("7Q2K-M8RT-9FBC"));
			assert_true(in_lines);
			arena_done(&g.a);
		}
	}
	struct judged g;
	policy.help_url = STR("https://mx.example.net/help");
	judge(&g, STR("a.example"), STR(""), STR("7Q2K"));
	assert_str(g.v.one_line,
		"a.example says no: ask a.example. https://mx.example.net/help (case 7Q2K)");
	policy.help_url = STR("");
	arena_done(&g.a);
}

/* %i is the name of a page about the cause. */
static void
test_page_of_cause(void **state)
{
	struct judged g;

	policy.help_url = STR("https://mx.example.net/en/%i.html?%c&%x");
	judge(&g, STR("a.example"), STR(""), STR("7Q2K"));
	assert_str(g.v.one_line,
		"a.example says no: ask a.example. "
		"https://mx.example.net/en/spf_fail.html?7Q2K&%x");
	arena_done(&g.a);
	policy.help_url = STR("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_case_is_always_named),
		cmocka_unit_test(test_page_of_cause),
		cmocka_unit_test(test_long_sentence),
		cmocka_unit_test(test_little_room),
		cmocka_unit_test(test_hostile_words),
		cmocka_unit_test(test_one_kind_of_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
