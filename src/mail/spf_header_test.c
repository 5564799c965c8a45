/* Unit tests of mail/spf_header: the values, and that strangers' bytes stay in their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/spf_header.h"

static struct spf_header
header(const char *ip)
{
	struct spf_header h = {.result = "pass",
		.receiver = STR("mx.example.net"),
		.helo = STR("mail.example.org"),
		.sender = STR("a@example.org"),
		.domain = STR("example.org"),
		.mechanism = STR("ip4:203.0.113.0/24"),
		.problem = STR("")};

	assert_true(ip_parse(str_of(ip), &h.client));
	return h;
}

static void
assert_prints(void (*print)(const struct spf_header *, struct buf *), const struct spf_header *h,
	const char *want)
{
	char room[4096];
	struct buf b = BUF(room);

	print(h, &b);
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("got:\n%.*s\nwant:\n%s", STR_ARG(buf_str(&b)), want);
}

static void
test_received_spf(void **state)
{
	struct spf_header h = header("203.0.113.5");

	assert_prints(received_spf_print, &h,
		"pass\n\t(mx.example.net: domain of a@example.org designates 203.0.113.5 as "
		"permitted sender)\n\tidentity=mailfrom;\n\tclient-ip=203.0.113.5;\n\t"
		"receiver=mx.example.net;\n\thelo=mail.example.org;\n\t"
		"envelope-from=\"a@example.org\";\n\tmechanism=\"ip4:203.0.113.0/24\"");
	h = header("2001:db8::5");
	h.result = "permerror";
	h.of_helo = true;
	h.sender = h.mechanism = STR("");
	h.problem = STR("unknown mechanism: \"moo\"");
	assert_prints(received_spf_print, &h,
		"permerror\n\t(mx.example.net: domain of mail.example.org says nothing certain "
		"about 2001:db8::5)\n\tidentity=helo;\n\tclient-ip=\"2001:db8::5\";\n\t"
		"receiver=mx.example.net;\n\thelo=mail.example.org;\n\t"
		"problem=\"unknown mechanism: \\\"moo\\\"\"");
}

static void
test_hostile(void **state)
{
	struct spf_header h = header("203.0.113.5");

	h.result = "fail";
	h.sender = STR("a)\r\nX: y\0(@\"ex\\ample");
	h.helo = STR("..");
	h.mechanism = STR("-all");
	assert_prints(received_spf_print, &h,
		"fail\n\t(mx.example.net: domain of a\\)??X: y?\\(@\"ex\\\\ample does not "
		"designate 203.0.113.5 as permitted sender)\n\tidentity=mailfrom;\n\t"
		"client-ip=203.0.113.5;\n\treceiver=mx.example.net;\n\thelo=\"..\";\n\t"
		"envelope-from=\"a)??X: y?(@\\\"ex\\\\ample\";\n\tmechanism=-all");

	/* However long the values are, no line is. */
	static const char fillers[] = "\"(\\a\n";
	for (size_t i = 0; i < sizeof(fillers); i++) {
		char name[2000], room[8192];
		struct buf b = BUF(room);
		memset(name, fillers[i], sizeof(name));
		h.sender = h.helo = h.receiver = str_from(name, sizeof(name));
		h.mechanism = h.problem = h.sender;
		received_spf_print(&h, &b);
		assert_false(buf_is_cut(&b));
		struct str rest = buf_str(&b), line;
		while (str_split(&rest, '\n', &line))
			assert_true(line.n <= 600);
	}
}

static void
test_auth_results(void **state)
{
	static const struct {
		const char *domain;
		bool of_helo;
		const char *want;
	} cases[] = {
		{"example.org", false, "spf=pass smtp.mailfrom=example.org"},
		{"mail.example.org", true, "spf=pass smtp.helo=mail.example.org"},
		{"_x.example.org", false, "spf=pass smtp.mailfrom=_x.example.org"},
		{"", false, "spf=pass"},
		{"[203.0.113.5]", true, "spf=pass"},
		{"legit.example(.attacker.example", false, "spf=pass"},
		{"legit.example smtp.mailfrom=x", false, "spf=pass"},
		{"legit.example;dkim=pass", false, "spf=pass"},
		{"a..b", false, "spf=pass"},
		{"b\xc3\xbc.example", false, "spf=pass"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spf_header h = header("203.0.113.5");
		h.domain = str_of(cases[i].domain);
		h.of_helo = cases[i].of_helo;
		assert_prints(auth_results_spf_print, &h, cases[i].want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_spf),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_auth_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
