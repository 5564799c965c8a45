/*
 * Unit tests of rdns_class: words only whole and only left of the registrable domain, what
 * overrides what, and the names that cost real servers elsewhere.  Where the labelled names are
 * there (MXWARD_SHARED), the figures are measured too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "checks/rdns_class.h"

#define WEAK   (int)RDNS_WEAK
#define STRONG (int)RDNS_STRONG

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
		{FOUR, "192-0-2-17.lines.example.com", "enduser", STRONG},
		{FOUR, "17.2.0.192.lines.example.com", "enduser", STRONG},
		{FOUR, "host-192.0.2.17.example.com", "enduser", STRONG},
		{FOUR, "ip192x0x2x17.example.co.uk", "enduser", STRONG},
		{FOUR, "192000002017.example.com", "enduser", STRONG}, /* zero-padded, joined */
		{FOUR, "192-000-002-017.example.com", "enduser", STRONG},
		{FOUR, "c0000211.example.com", "enduser", STRONG}, /* hexadecimal */
		{FOUR, "c0-00-02-11.example.com", "enduser", STRONG},
		{FOUR, "3221226001.example.com", "enduser", STRONG}, /* one integer */
		{WIDE, "209.red-198-51-100.example.com", "enduser",
			STRONG}, /* split, other order */
		{WIDE, "x209.100-51-198.example.com", "enduser", STRONG},
		{WIDE, "dsl-100-209.example.com", "enduser", STRONG}, /* two bytes and a word */
		{SIX, "2001-db8-1-2--abcd.example.com", "enduser", STRONG},
		{SIX, "2001-0db8-0001-0002-0000-0000-0000-abcd.example.com", "enduser", STRONG},
		{SIX,
			"d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6."
			"example.com",
			"enduser", STRONG},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_lines(void **state)
{
	static const struct expected cases[] = {
		/* access words: with a part of the address, a number, or as a label of their own */
		{FOUR, "dsl17.example.com", "enduser", STRONG},
		{FOUR, "a.b.dhcp-2-17.example.com", "enduser", STRONG},
		{FOUR, "xdsl-4711.town.example.com", "enduser", STRONG},
		{FOUR, "cable44.example.com", "enduser", WEAK},
		{FOUR, "mickey.dyn.example.com", "enduser", WEAK},
		{FOUR, "p5089.dialin.example.net", "enduser", STRONG},
		{FOUR, "muenchendsl-44.example.com", "enduser", WEAK},
		/* customers: with a number of their own */
		{FOUR, "cust-44.example.com", "enduser", WEAK},
		{FOUR, "user44.example.com", "enduser", WEAK},
		{FOUR, "jones3.cust.example.com", "enduser", WEAK},
		{FOUR, "customer2-17.example.com", "enduser", STRONG},
		{FOUR, "unassigned.example.com", "enduser", WEAK},
		/* two bytes side by side, numbers alone */
		{WIDE, "x100-209.example.com", "enduser", WEAK},
		{WIDE, "209.x100.example.com", "enduser", WEAK},
		{WIDE, "x100209.example.com", "enduser", WEAK},
		{FOUR, "ab123456.example.com", "enduser", WEAK},
		{FOUR, "015-969-200.area7.example.com", "enduser", WEAK},
		{FOUR, "a0a1b2c3d4e5.example.com", "enduser", WEAK}, /* a MAC address */
		{FOUR, "cm-a0a1b2c3d4e5.cable.example.com", "enduser", STRONG},
		/* listed access providers: less is enough */
		{FOUR, "abc17.town.comcast.net", "enduser", WEAK},
		{FOUR, "a1-b2-c3.town.comcast.net", "enduser", WEAK},
		{WIDE, "x100-209.comcast.net", "enduser", STRONG},
		{FOUR, "x4.dip0.t-ipconnect.de", "enduser", STRONG},
		/* names without a registrable domain */
		{FOUR, "dsl-192-0-2-17", "enduser", STRONG},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_generic(void **state)
{
	static const struct expected cases[] = {
		{FOUR, "static-192-0-2-17.example.com", "generic-static", STRONG},
		{FOUR, "192-0-2-17.static.example.com", "generic-static", STRONG},
		{FOUR, "192-0-2-17.dsl-static.example.com", "generic-static", STRONG},
		{FOUR, "staticip17.example.com", "generic-static", WEAK},
		{FOUR, "192-0-2-17-town.hfc.comcastbusiness.net", "generic-static", STRONG},
		{FOUR, "vps12345.example.com", "generic-hosting", WEAK},
		{FOUR, "ip-192-0-2-17.cloud.example.com", "generic-hosting", STRONG},
		{FOUR, "server-192-0-2-17.example.com", "generic-hosting", STRONG},
		{FOUR, "192-0-2-17.myservers.example", "generic-hosting", STRONG},
		{FOUR, "static.17.2.0.192.clients.your-server.de", "generic-hosting", STRONG},
		{FOUR, "ec2-192-0-2-17.compute-1.amazonaws.com", "generic-hosting", STRONG},
		{FOUR, "17.2.0.192.bc.googleusercontent.com", "generic-hosting", STRONG},
		{FOUR, "vps-1234abcd.vps.ovh.net", "generic-hosting", -1},
		{FOUR, "vmi123456.contaboserver.net", "generic-hosting", -1},
		{FOUR, "ip17.ip-192-0-2.eu", "server", -1}, /* not left of the domain: nothing */
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_servers(void **state)
{
	static const struct expected cases[] = {
		{FOUR, "mail.example.com", "server", STRONG},
		{FOUR, "example.com", "server", WEAK},
		/* a word of mail servers overrides: somebody chose that name */
		{FOUR, "mail-192-0-2-17.example.com", "server", STRONG},
		{FOUR, "smtp.17.2.0.192.example.com", "server", STRONG},
		{FOUR, "192-0-2-17.mx.example.com", "server", STRONG},
		{FOUR, "192-0-2-17.outmail.example.com", "server", STRONG},
		{FOUR, "relay.dsl-192-0-2-17.example.com", "server", STRONG},
		{FOUR, "residential.maildev1.example.com", "server", -1},
		/* operators of mail, and domains that say so */
		{FOUR, "o192002017.static.reverse.sendgrid.net", "server", STRONG},
		{FOUR, "st43p00im-zteg10062001.me.com", "server", STRONG},
		{FOUR, "cust12946-1.in.mailcontrol.com", "server", -1},
		{FOUR, "x-0-2-17.bigmail.example", "server", WEAK},
		/* numbered clusters: the last byte or a short number are no sign */
		{FOUR, "mta-out-17.example.com", "server", -1},
		{FOUR, "mail17.example.com", "server", -1},
		{FOUR, "kana-17.example.com", "server", -1},
		{FOUR, "host17.example.com", "server", -1},
		{FOUR, "a17.b05.example.net", "server", -1},
		{FOUR, "web53303.mail.re2.example.com", "server", -1},
		{FOUR, "f17.law15.example.com", "server", -1},
		{FOUR, "nat2.example.com", "server", -1},
		{FOUR, "ar1-nat-sp.example.net", "server", -1},
		{FOUR, "host-10-20.example.com", "server", -1},	    /* not its address */
		{FOUR, "mtiwmhc22.worldnet.att.net", "server", -1}, /* a provider's own */
		/* servers of other kinds: a weak sign yields, a strong one does not */
		{WIDE, "www100-209.example.com", "server", -1},
		{FOUR, "ns123456.example.com", "server", -1},
		{FOUR, "dsl-gw-1.example.com", "server", -1},
		/* words in the registrable domain, whatever its suffix */
		{FOUR, "mickey.dyn-company.com", "server", -1},
		{FOUR, "mickey.dsl.com", "server", -1},
		{FOUR, "gate.dynamic-internet.co.uk", "server", -1},
		{FOUR, "deneb.wireless.org.au", "server", -1},
		{FOUR, "mickey.example.net.mx", "server", WEAK}, /* no word of mail either */
		/* words inside of words, and words without a number */
		{FOUR, "eddings.acpub.example.edu", "server", -1},
		{FOUR, "liverpool3.example.com", "server", -1},
		{FOUR, "dynamics01.example.com", "server", -1},
		{FOUR, "aerodyne17.example.com", "server", -1},
		{FOUR, "stat10.stat.example.ac.nz", "server", -1},
		{FOUR, "student.cs.example.ie", "server", -1},
		{FOUR, "home.example.org", "server", -1},
		{FOUR, "wireless.example.edu", "server", -1},
		{FOUR, "iulus.ip4.example.org", "server", -1},
		/* hexadecimal that is not the address is not read for words or numbers */
		{FOUR, "deadbeef.example.com", "server", -1},
		/* no names at all */
		{FOUR, "x", "server", -1},
		{FOUR, "", "server", -1},
		{FOUR, "...", "server", -1},
		{FOUR, "\x80\xff-\x01.example.com", "server", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(NULL, &cases[i]);
}

static void
test_reasons(void **state)
{
	static const struct {
		const char *ip, *name, *reason;
	} cases[] = {
		{WIDE, "x51-100-209.example.com", "spells 3 of its 4 address bytes: 51-100-209"},
		{WIDE, "dsl-198-51-100-209.example.com",
			"spells its address: 198-51-100-209, says \"dsl\""},
		{FOUR, "pc0000211.dip.example.com",
			"spells its address in hexadecimal: c0000211, says \"dip\""},
		{FOUR, "3221226001.example.com", "spells its address as one number: 3221226001"},
		{FOUR, "ab123456.example.com", "has the long number 123456"},
		{FOUR, "cust-44.example.com", "says \"cust\""},
		{FOUR, "relay1.example.com", "says \"relay\""},
		{FOUR, "o1.ptr.sendgrid.net", "sendgrid.net sends mail"},
		{FOUR, "mickey.example.com", "shows no sign of a customer's line"},
		{SIX, "2001-db8-1-2.example.com",
			"spells 8 of its 16 address bytes in hexadecimal: 2001-db8-1-2"},
		/* bytes of the name are escaped */
		{FOUR,
			"192\n0\x1b"
			"2\xff"
			"17.example.com",
			"spells its address: 192\\0100\\0272\\25517"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		struct rdns_verdict v = rdns_classify(NULL, &ip, str_of(cases[i].name));
		assert_string_equal(v.reason, cases[i].reason);
	}
}

static void
test_own_words(void **state)
{
	struct rdns_words w;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	assert_true(rdns_words_load(&w, NULL, &a, "own.txt",
		STR("access: frobline\nmail: postbote\nlines: numbers.example\n"), &e));
	check(&w, &(struct expected){FOUR, "frobline17.example.com", "enduser", STRONG});
	check(NULL, &(struct expected){FOUR, "frobline17.example.com", "server", -1});
	check(&w, &(struct expected){FOUR, "postbote-192-0-2-17.example.com", "server", STRONG});
	check(NULL, &(struct expected){FOUR, "postbote-192-0-2-17.example.com", "enduser", STRONG});
	check(&w, &(struct expected){FOUR, "c4.numbers.example", "enduser", STRONG});
	arena_done(&a);
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
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_generic),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
