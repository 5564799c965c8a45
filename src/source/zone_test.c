/* Unit tests of the zone file: what is read, what is answered, what each fault says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/zone.h"

static const char text[] = "; a comment\n"
			   "# another\n"
			   "\n"
			   "5.113.0.203.in-addr.arpa. 60 IN PTR Mail.Example.org.  ; and one here\n"
			   "mail.example.org A 203.0.113.5 # here too\n"
			   "                 A 203.0.113.6\n"
			   "                 AAAA 2001:db8::5\n"
			   "$ORIGIN example.net\n"
			   "$TTL 900\n"
			   "@        MX 10 mx\n"
			   "@        MX 20 mx.example.org.\n"
			   "mx       A 192.0.2.1\n"
			   "www      CNAME alias\n"
			   "alias    CNAME mx\n"
			   "loop     CNAME loop\n"
			   "out      CNAME elsewhere.example.com.\n"
			   "*        TXT \"v=spf1 ; \" \"-all\"\n"
			   "broken   A !servfail\n"
			   "slow     PTR !timeout\n"
			   "gone     A !nxdomain\n"
			   "txt      TXT \\065\\\"b \"c d\"\r\n"
			   "0.2      PTR a\n";

static struct zone *
load(const char *z)
{
	struct errbuf e = {0};
	struct zone *zone = zone_parse("test.zone", str_of(z), &e);

	if (!zone)
		fail_msg("line %u: %s", e.line, e.text);
	return zone;
}

static void
test_answers(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		const char
			*want; /* records in order; or "none", "nxdomain", a reason, "not here" */
		const char *alias;
		uint32_t ttl;
	} cases[] = {
		{"5.113.0.203.in-addr.arpa", DNS_PTR, "mail.example.org", "", 60},
		{"mail.example.org", DNS_A, "203.0.113.5 203.0.113.6", "", 300},
		{"mail.example.org", DNS_AAAA, "2001:db8::5", "", 300},
		{"mail.example.org", DNS_MX, "none", "", 300},
		{"example.net", DNS_MX, "10 mx.example.net 20 mx.example.org", "", 900},
		{"www.example.net", DNS_A, "192.0.2.1", "mx.example.net", 900},
		{"www.example.net", DNS_CNAME, "alias.example.net", "", 900},
		{"loop.example.net", DNS_A, "too many aliases", "loop.example.net", 0},
		{"out.example.net", DNS_A, "nxdomain", "elsewhere.example.com", 300},
		{"any.example.net", DNS_TXT, "v=spf1 ; -all", "", 900},
		{"a.b.example.net", DNS_TXT, "v=spf1 ; -all", "", 900},
		{"x.mx.example.net", DNS_TXT, "not here", "", 0},
		{"any.example.net", DNS_A, "none", "", 300},
		{"broken.example.net", DNS_A, "servfail", "", 900},
		{"slow.example.net", DNS_PTR, "timeout", "", 900},
		{"gone.example.net", DNS_A, "nxdomain", "", 900},
		{"txt.example.net", DNS_TXT, "A\\\"bc d", "", 900},
		{"0.2.example.net", DNS_PTR, "a.example.net", "", 900},
		{"example.org", DNS_A, "not here", "", 0},
		{"net", DNS_A, "not here", "", 0},
	};
	struct zone *z = load(text);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct answer *a = zone_get(z, str_of(cases[i].name), cases[i].type);
		char room[300];
		struct buf b = BUF(room);
		if (!a)
			buf_puts(&b, "not here");
		else if (a->dns.status == DNS_NONE)
			buf_puts(&b, a->dns.nxdomain ? "nxdomain" : "none");
		else if (a->dns.status == DNS_FAIL)
			buf_puts(&b, a->dns.reason);
		for (size_t k = 0; a && k < a->dns.n; k++) {
			buf_puts(&b, k ? " " : "");
			dns_rr_print(cases[i].type, &a->dns.rr[k], &b);
		}
		if (i == 16) { /* quotes are data here, whatever the printer does with them */
			buf_reset(&b);
			buf_puts(&b, str_eq(a->dns.rr[0].text, STR("A\"bc d")) ? "A\\\"bc d" : "?");
		}
		if (!str_eq(buf_str(&b), str_of(cases[i].want)))
			fail_msg("%s: got %.*s, want %s", cases[i].name, STR_ARG(buf_str(&b)),
				cases[i].want);
		if (a && !str_eq(a->dns.alias, str_of(cases[i].alias)))
			fail_msg("%s: alias %.*s", cases[i].name, STR_ARG(a->dns.alias));
		if (a && a->dns.status != DNS_FAIL)
			assert_int_equal(a->dns.ttl, cases[i].ttl);
		answer_unref(a);
	}
	zone_free(z);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *zone;
		unsigned line;
		const char *says;
	} cases[] = {
		{"a.example A 203.0.113.5\nb.example A 1.2.3\n", 2, "no data of an A record"},
		{"a.example AAA ::1\n", 1, "did you mean AAAA"},
		{"a.example A\n", 1, "no data"},
		{"a.example\n", 1, "record type"},
		{" A 203.0.113.5\n", 1, "no name"},
		{"a..b A 203.0.113.5\n", 1, "no domain name"},
		{"\n\na.example A !servfal\n", 3, "did you mean !servfail"},
		{"a.example TXT \"open\n", 1, "not closed"},
		{"$INCLUDE /etc/passwd\n", 1, "unknown directive"},
		{"$TTL soon\n", 1, "no number"},
		{"$ORIGIN a..b\n", 1, "no domain name"},
		{"a.example 99999999999 A 203.0.113.5\n", 1, "no number"},
		{"a.example MX mail.example\n", 1, "wants a preference and a name"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct zone *z = zone_parse("test.zone", str_of(cases[i].zone), &e);
		if (z)
			fail_msg("%s was read", cases[i].zone);
		if (e.line != cases[i].line || !strstr(e.text, cases[i].says))
			fail_msg("%s: line %u: %s", cases[i].zone, e.line, e.text);
	}
	struct errbuf e = {0};
	assert_null(zone_load("/nonexistent/zone", &e));
	assert_non_null(strstr(e.text, "cannot read"));
}

static void
test_many_names(void **state)
{
	static char big[1 << 20];
	struct buf b = BUF(big);

	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&b, "n%u.example A 192.0.2.1\n", i);
	buf_putc(&b, '\0');
	struct zone *z = load(big);
	struct answer *a = zone_get(z, STR("n19999.example"), DNS_A);
	assert_int_equal(a->dns.n, 1);
	zone_free(z); /* the answer lives on */
	assert_int_equal(a->dns.rr[0].ip.len, 4);
	answer_unref(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
