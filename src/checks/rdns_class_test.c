/*
 * Unit tests of rdns_class and rdns_words: every way of spelling an address, words only whole and
 * only left of the registrable domain, and the names that cost real servers elsewhere.  Where the
 * labelled names are there (MXWARD_SHARED), the figures are measured too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "checks/rdns_class.h"
#include "dns/name.h"

#define FOUR "192.0.2.17"
#define WIDE "198.51.100.209"
#define SIX  "2001:db8:1:2::abcd"

struct expected {
	const char *ip, *name, *class;
	int strength; /* -1: either */
};

static void
check(const struct rdns_words *w, const struct expected *e)
{
	struct ip ip;

	assert_true(ip_parse(str_of(e->ip), &ip));
	struct rdns_verdict v = rdns_classify(w, &ip, str_of(e->name));
	if (strcmp(rdns_class_name(v.class), e->class) != 0 ||
		(e->strength >= 0 && (int)v.strength != e->strength))
		fail_msg("%s %s: %s %s (%s), want %s", e->ip, e->name, rdns_class_name(v.class),
			rdns_strength_name(v.strength), v.reason, e->class);
	assert_true(strlen(v.reason) < RDNS_REASON_MAX && v.reason[0]);
}

static void
test_spellings(void **state)
{
	static const struct expected cases[] = {
		{FOUR, "192-0-2-17.lines.example.com", "enduser", 1},
		{FOUR, "17.2.0.192.lines.example.com", "enduser", 1},
		{FOUR, "host-192.0.2.17.example.com", "enduser", 1},
		{FOUR, "ip192x0x2x17.example.co.uk", "enduser", 1},
		{FOUR, "192000002017.example.com", "enduser", 1}, /* zero-padded, joined */
		{FOUR, "192-000-002-017.example.com", "enduser", 1},
		{FOUR, "c0000211.example.com", "enduser", 1}, /* hexadecimal */
		{FOUR, "c0-00-02-11.example.com", "enduser", -1},
		{FOUR, "3221225997.example.com", "enduser", -1},	/* one integer */
		{WIDE, "209.red-198-51-100.example.com", "enduser", 1}, /* split, other order */
		{WIDE, "x209.100-51-198.example.com", "enduser", 1},
		{WIDE, "dsl-100-209.example.com", "enduser", 1}, /* two bytes and a word */
		{SIX, "2001-db8-1-2--abcd.example.com", "enduser", -1},
		{SIX, "2001-0db8-0001-0002-0000-0000-0000-abcd.example.com", "enduser", -1},
		{SIX,
			"d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6."
			"example.com",
			"enduser", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_words(void **state)
{
	static const struct expected cases[] = {
		{FOUR, "dsl17.pool.example.com", "enduser", -1},
		{FOUR, "p5089.dialin.example.net", "enduser", -1},
		{FOUR, "static-192-0-2-17.example.com", "generic-static", -1},
		{FOUR, "192-0-2-17.static.example.com", "generic-static", -1},
		{FOUR, "vps12345.example.com", "generic-hosting", -1},
		{FOUR, "ip-192-0-2-17.cloud.example.com", "generic-hosting", -1},
		/* A word of mail servers overrides: somebody chose that name. */
		{FOUR, "mail-192-0-2-17.example.com", "server", -1},
		{FOUR, "smtp.17.2.0.192.example.com", "server", -1},
		{FOUR, "192-0-2-17.mx.example.com", "server", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_servers(void **state)
{
	/* The last: names in the manner of those that simple patterns hit. */
	static const struct expected cases[] = {
		{FOUR, "mail.example.com", "server", -1},
		{FOUR, "mail17.example.com", "server", -1},
		{FOUR, "mta-out-17.example.com", "server", -1},
		{FOUR, "web53303.mail.example.com", "server", -1},
		{FOUR, "mail-oa1-f77.example.com", "server", -1},
		{FOUR, "example.com", "server", -1},
		{FOUR, "a.example.com", "server", -1},
		{FOUR, "mail.dyn-company.com", "server", -1}, /* words in the registrable domain */
		{FOUR, "mail.dsl.com", "server", -1},
		{FOUR, "gw.dynamic-internet.co.uk", "server", -1}, /* two-level suffix */
		{FOUR, "mailman.aerodyne.com", "server", -1},	   /* "dyn" inside a word */
		{FOUR, "eddings.acpub.example.edu", "server", -1},
		{FOUR, "stat10.stat.example.ac.nz", "server", -1},
		{FOUR, "student.cs.example.ie", "server", -1},
		{FOUR, "home.example.org", "server", -1},
		{FOUR, "iulus.ip4.example.org", "server", -1},
		{FOUR, "mail.example.net.mx", "server", -1},
		{FOUR, "x", "server", -1},
		{FOUR, "", "server", -1},
		{FOUR, "...", "server", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_own_words(void **state)
{
	static const char text[] =
		"# ours\naccess: frobline\nmail: postbote\nlines: numbers.example\n"
		"plain: dsl\n";
	struct rdns_words w;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	assert_true(rdns_words_load(&w, NULL, &a, "own.txt", str_of(text), &e));
	check(&w, &(struct expected){FOUR, "frobline17.example.com", "enduser", -1});
	check(NULL, &(struct expected){FOUR, "frobline17.example.com", "server", -1});
	check(&w, &(struct expected){FOUR, "postbote-192-0-2-17.example.com", "server", -1});
	check(NULL, &(struct expected){FOUR, "postbote-192-0-2-17.example.com", "enduser", 1});
	check(&w, &(struct expected){FOUR, "c4711.numbers.example", "enduser", -1});
	/* "plain" takes a built-in word back. */
	assert_int_equal(rdns_word_kind(NULL, STR("dsl")), RDNS_ACCESS);
	assert_int_equal(rdns_word_kind(&w, STR("dsl")), RDNS_PLAIN);
	assert_int_equal(rdns_word_kind(&w, STR("smtp")), RDNS_MAIL); /* the rest stays */
	arena_done(&a);
}

static void
test_word_faults(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{"access dsl\n", 1},
		{"acess: dsl\n", 1},
		{"# x\n\naccess: d5l\n", 3},
		{"isp: dsl\n", 1},
		{"access: provider.example\n", 1},
		{"access: D\xc3\x9cSL\n", 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rdns_words w;
		struct errbuf e = {0};
		struct arena a;
		arena_init(&a, 4096, SIZE_MAX);
		if (rdns_words_load(&w, NULL, &a, "own.txt", str_of(cases[i].text), &e))
			fail_msg("%s was read", cases[i].text);
		if (e.line != cases[i].line || !e.text[0])
			fail_msg("%s: line %u, %s", cases[i].text, e.line, e.text);
		arena_done(&a);
	}
}

/* The labelled names: what the documentation promises must hold on them with room to spare. */
static void
test_figures(void **state)
{
	const char *shared = getenv("MXWARD_SHARED");
	char path[512], line[1024];
	double enduser = 0, found = 0, strong = 0, server = 0, wrong = 0, wrong_strong = 0;

	snprintf(path, sizeof(path), "%s/corpora/rdns/dev.tsv", shared ? shared : "../shared");
	FILE *f = fopen(path, "r");
	if (!f) {
		print_message("no labelled names at %s: figures not measured\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), f)) {
		struct str rest = str_trim(str_of(line)), field[10];
		size_t n = 0;
		while (n < 10 && str_split(&rest, '\t', &field[n]))
			n++;
		struct ip ip;
		if (n < 10 || !ip_parse(field[0], &ip) || str_eq(field[7], STR("synthetic")))
			continue;
		struct rdns_verdict v = rdns_classify(NULL, &ip, field[1]);
		bool called = v.class == RDNS_ENDUSER;
		if (str_eq(field[2], STR("enduser"))) {
			enduser++;
			found += called;
			strong += called && v.strength == RDNS_STRONG;
		} else if (str_eq(field[2], STR("server"))) {
			server++;
			wrong += called;
			wrong_strong += called && v.strength == RDNS_STRONG;
		}
	}
	fclose(f);
	print_message(
		"end users found %.1f %% (strong %.1f %%), servers called so %.2f %% (%.2f %%)\n",
		100 * found / enduser, 100 * strong / enduser, 100 * wrong / server,
		100 * wrong_strong / server);
	assert_true(enduser > 1000 && server > 1000);
	assert_true(found / enduser >= 0.97 && strong / enduser >= 0.85);
	assert_true(wrong / server <= 0.002 && wrong_strong / server <= 0.0005);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_word_faults),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
