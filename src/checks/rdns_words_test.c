/* Unit tests of rdns_words: the tables of tools/rdns_words, and files that lie over them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "checks/rdns_words.h"

static void
assert_kind(const struct rdns_words *w, const char *word, enum rdns_kind want)
{
	enum rdns_kind kind = rdns_word_kind(w, str_of(word));

	if (kind != want)
		fail_msg("%s: kind %d, want %d", word, (int)kind, (int)want);
}

static void
assert_domain(
	const struct rdns_words *w, const char *name, enum rdns_kind want, const char *want_domain)
{
	struct str domain;
	enum rdns_kind kind = rdns_domain_kind(w, str_of(name), &domain);

	if (kind != want || !str_eq(domain, str_of(want_domain)))
		fail_msg("%s: kind %d below \"%.*s\"", name, (int)kind, STR_ARG(domain));
}

/* The generator has the hash and the search a second time, in Python: what it has put into a
 * table must be found there. */
static size_t
count_found(const struct rdns_table *t, bool domains)
{
	struct str domain;
	size_t n = 0;

	for (uint32_t i = 0; i < t->size; i++) {
		const struct rdns_entry *e = &t->slot[i];
		if (e->n == 0)
			continue;
		struct str s = str_slice(rdns_words_builtin.text, e->at, (size_t)e->at + e->n);
		enum rdns_kind kind =
			domains ? rdns_domain_kind(NULL, s, &domain) : rdns_word_kind(NULL, s);
		if (kind != e->kind)
			fail_msg("%.*s is not found", STR_ARG(s));
		n++;
	}
	assert_true(n <= t->size / 2);
	return n;
}

static void
test_builtin(void **state)
{
	assert_true(count_found(&rdns_words_builtin.words, false) > 200);
	assert_true(count_found(&rdns_words_builtin.domains, true) > 1000);
	for (size_t i = 0; i < rdns_words_builtin.n_affixes; i++) {
		const struct rdns_affix *a = &rdns_words_builtin.affix[i];
		char word[64] = "q";
		size_t at = a->back; /* something in front of an ending */
		for (size_t j = 0; j < a->n; j++)
			word[at++] = rdns_words_builtin.text.p[a->at + j];
		if (a->front)
			word[at++] = 'q';
		word[at] = '\0';
		assert_kind(NULL, word, (enum rdns_kind)a->kind);
	}
}

static void
test_kinds(void **state)
{
	assert_kind(NULL, "dsl", RDNS_ACCESS);
	assert_kind(NULL, "muenchendsl", RDNS_ACCESS);
	assert_kind(NULL, "dslam", RDNS_ACCESS);
	assert_kind(NULL, "customer", RDNS_CUSTOMER);
	assert_kind(NULL, "static", RDNS_STATIC);
	assert_kind(NULL, "outmail", RDNS_MAIL);
	assert_kind(NULL, "asmtp", RDNS_MAIL);
	assert_kind(NULL, "ns", RDNS_INFRA);
	assert_kind(NULL, "aerodyne", RDNS_PLAIN);
	assert_kind(NULL, "liverpool", RDNS_PLAIN);
	assert_kind(NULL, "dynamics", RDNS_PLAIN);
	assert_kind(NULL, "", RDNS_PLAIN);
	assert_domain(NULL, "o1.ptr.sendgrid.net", RDNS_MAILER, "sendgrid.net");
	assert_domain(NULL, "sendgrid.net", RDNS_MAILER, "sendgrid.net");
	assert_domain(NULL, "notsendgrid.net", RDNS_PLAIN, "");
	assert_domain(NULL, "net", RDNS_PLAIN, "");
	assert_domain(NULL, "", RDNS_PLAIN, "");
	assert_domain(NULL, "sendgrid.net.example", RDNS_PLAIN, "");
}

static void
test_own_file(void **state)
{
	static const char first[] = "# ours\r\n"
				    "access: frobline *frob\t wander* # and a comment\r\n"
				    "mail:postbote\n"
				    "mailer: partner.example\n"
				    "isp: partner.example\n"
				    "plain: dsl *dsl sendgrid.net\n"
				    "\n";
	static const char second[] = "isp: lines.partner.example\nplain: frobline";
	struct rdns_words one, two;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	assert_true(rdns_words_load(&one, NULL, &a, "one.txt", str_of(first), &e));
	assert_true(rdns_words_load(&two, &one, &a, "two.txt", str_of(second), &e));
	assert_int_equal(e.count, 0);

	assert_kind(&one, "frobline", RDNS_ACCESS);
	assert_kind(&one, "xfrob", RDNS_ACCESS);
	assert_kind(&one, "wandering", RDNS_ACCESS);
	assert_kind(&one, "wan", RDNS_PLAIN);
	assert_kind(&one, "postbote", RDNS_MAIL);
	assert_kind(NULL, "frobline", RDNS_PLAIN);
	/* "plain" takes back what is built in; the rest of it stays */
	assert_kind(&one, "dsl", RDNS_PLAIN);
	assert_kind(&one, "muenchendsl", RDNS_PLAIN);
	assert_kind(&one, "adsl", RDNS_PLAIN); /* built in it is an ending in "dsl" */
	assert_kind(&one, "adslpool", RDNS_ACCESS);
	assert_kind(&one, "smtp", RDNS_MAIL);
	assert_domain(&one, "x.sendgrid.net", RDNS_PLAIN, "sendgrid.net");
	/* the later line of a file, the later file, the longer domain */
	assert_domain(&one, "a.partner.example", RDNS_ISP, "partner.example");
	assert_domain(&two, "1.lines.partner.example", RDNS_ISP, "lines.partner.example");
	assert_kind(&two, "frobline", RDNS_PLAIN);
	assert_kind(&two, "postbote", RDNS_MAIL);
	arena_done(&a);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *text;
		unsigned line, count;
		const char *part; /* of the message */
	} cases[] = {
		{"access dsl\n", 1, 1, "colon"},
		{"acess: dsl\n", 1, 1, "access"},
		{"zzzzzzzz: dsl\n", 1, 1, "is no kind"},
		{"# x\n\naccess: d5l\n", 3, 1, "d5l"},
		{"access: dsl *ab\n", 1, 1, "*ab"},
		{"access: *\n", 1, 1, "no word"},
		{"access: **\n", 1, 1, "no word"},
		{"access: a*b\n", 1, 1, "no word"},
		{"isp: dsl\n", 1, 1, "no domain"},
		{"access: provider.example\n", 1, 1, "is a domain"},
		{"isp: Provider.example\n", 1, 1, "lower case"},
		{"isp: a..example .example example.\n", 1, 3, "a..example"},
		{"access: D\xc3\x9cSL\nx\n", 1, 2, "D\\195\\156SL"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rdns_words w;
		struct errbuf e = {0};
		struct arena a;
		arena_init(&a, 4096, SIZE_MAX);
		if (rdns_words_load(&w, NULL, &a, "own.txt", str_of(cases[i].text), &e))
			fail_msg("%s was read", cases[i].text);
		if (e.line != cases[i].line || e.count != cases[i].count ||
			!strstr(e.text, cases[i].part) || strcmp(e.file, "own.txt") != 0)
			fail_msg("%s: %s:%u: %s (%u errors)", cases[i].text, e.file, e.line, e.text,
				e.count);
		arena_done(&a);
	}
}

static void
test_bounds(void **state)
{
	static char text[3 << 20];
	struct rdns_words w;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ' ' : 'x';
	memcpy(text, "mail: ", 6);
	assert_false(rdns_words_load(&w, NULL, &a, "f", str_from(text, 200000), &e));
	e = (struct errbuf){0};
	assert_false(rdns_words_load(&w, NULL, &a, "f", str_from(text, sizeof(text)), &e));
	e = (struct errbuf){0};
	assert_true(rdns_words_load(&w, NULL, &a, "f", str_from(text, 131000), &e));
	assert_kind(&w, "x", RDNS_MAIL);
	assert_true(rdns_words_load(&w, NULL, &a, "f", STR(""), &e));
	assert_kind(&w, "dsl", RDNS_ACCESS);
	arena_done(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_own_file),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
