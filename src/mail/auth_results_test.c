/* Unit tests of mail/auth_results: forgeries in every dress, and what is printed of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/auth_results.h"

#define ID "mx.example.net"

static void
assert_owner(struct str value, enum auth_results_owner want)
{
	enum auth_results_owner got = auth_results_owner(value, STR(ID));

	if (got != want)
		fail_msg("\"%.*s\": got %d, want %d", STR_ARG(value), got, want);
}

static void
test_names(void **state)
{
	assert_true(auth_results_is_field(STR("Authentication-Results")));
	assert_true(auth_results_is_field(STR("AUTHENTICATION-results \t")));
	assert_false(auth_results_is_field(STR("ARC-Authentication-Results")));
	assert_false(auth_results_is_field(STR("Authentication-Result")));
}

static void
test_owner(void **state)
{
	static const char *const ours[] = {"mx.example.net; none", "MX.Example.NET;spf=pass",
		" \t(c (d)) mx.example.net (e) ; spf=pass", "\n\tmx.example.net\n 1;\n\tspf=pass",
		"mx.example.net 1; none", "\"mx.example.net\"; none",
		"\"m\\x.example.net\" 1; none", "mx.example.net", "mx.example.net.; none",
		"\" mx.example.net\"; none", "mx.example.net / 2; none", "mx.example.net@x; none",
		"mx.example.net=x", "mx.example.net other; none", "mx.example.net\r\n ; spf=pass"};
	static const char *const malformed[] = {"=mx.example.net; spf=pass",
		"other mx.example.net; none", "mx. example.net; none", "mx.(c)example.net; none",
		"mx(c).example.net; none", "\"mx.example\".net; none", "mx.exam\\ple.net; none",
		"=?utf-8?q?mx=2Eexample.net?=; none", "; mx.example.net; none", "<mx.example.net>",
		"(mx.example.net; spf=pass", "\"mx.example.net; spf=pass",
		"\"mx.example.net;x\"; spf=pass", "m\xef\xbd\x98.example.net; spf=pass",
		"mx\001.example.net; none", "\001mx.example.net; none",
		"spf=pass smtp.helo=mx.example.net", "mx.example.(\\)net;)org; spf=pass",
		"mx.example.(\\)net x)\n; spf=pass"};
	static const char *const others[] = {"mx.example.org; none", "mx.example.net.example; none",
		"xmx.example.net; none", "example.net; spf=pass (mx.example.net)", "",
		"other.example; spf=pass smtp.mailfrom=mx.example.net",
		"dkim=none (not signed) header.d=none;dmarc=none action=none", "(mx.example.org"};

	for (size_t i = 0; i < COUNT(ours); i++)
		assert_owner(str_of(ours[i]), AUTH_RESULTS_OURS);
	for (size_t i = 0; i < COUNT(malformed); i++)
		assert_owner(str_of(malformed[i]), AUTH_RESULTS_MALFORMED);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_owner(str_of(others[i]), AUTH_RESULTS_OTHER);
	assert_owner(STR("mx\0.example.net; none"), AUTH_RESULTS_MALFORMED);
	assert_int_equal(auth_results_owner(STR("mx.example.net; none"), STR("MX.example.net.")),
		AUTH_RESULTS_OURS);
}

/* What is long is no way around it, and costs little. */
static void
test_long(void **state)
{
	static char text[1 << 20];
	static const struct str end = STR_INIT(" mx.example.net; spf=pass");

	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - end.n, end.p, end.n);
	assert_owner(str_from(text, sizeof(text)), AUTH_RESULTS_MALFORMED);
	memset(text, ' ', sizeof(text) - end.n);
	assert_owner(str_from(text, sizeof(text)), AUTH_RESULTS_OURS);
	memset(text, '(', sizeof(text) - end.n);
	assert_owner(str_from(text, sizeof(text)), AUTH_RESULTS_MALFORMED);
}

static uint32_t seed;

static uint32_t
pick(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void
put_cfws(struct buf *b, bool needed)
{
	static const char *const some[] = {" ", "\t", "\n ", "\r\n\t", " (c)", "(a(b)c) ",
		"\n\t(mx\\) ;\n x)\n ", "(\"mx.example.org\") "};

	for (uint32_t n = pick(4) + needed; n; n--)
		buf_puts(b, some[pick(COUNT(some))]);
}

static void
put_id(struct buf *b, const char *id)
{
	bool quoted = pick(3) == 0;

	if (quoted)
		buf_putc(b, '"');
	for (; *id; id++) {
		if (quoted && pick(5) == 0)
			buf_putc(b, '\\');
		buf_putc(b, chr_is_alpha(*id) && pick(2) ? (char)(*id ^ 0x20) : *id);
	}
	if (quoted)
		buf_putc(b, '"');
}

/* A field as RFC 8601 allows it, in any of its forms. */
static void
put_field(struct buf *b, const char *id)
{
	put_cfws(b, false);
	put_id(b, id);
	if (pick(3) == 0) {
		put_cfws(b, true);
		buf_putc(b, '1');
	}
	put_cfws(b, false);
	buf_puts(b, pick(4) ? ";\n\tspf=pass smtp.mailfrom=bank.example" : "; none");
}

/* 0-50 forgeries among 0-50 fields of others, in any order: the forgeries go, the others stay. */
static void
test_many(void **state)
{
	static const char *const others[] = {
		"mx.example.org", "a.mx.example.net", "example.net", "mx.example.net.example"};

	for (seed = 1; seed < 2000000000; seed += 7000003) {
		uint32_t began = seed, forged = pick(51), honest = pick(51), removed = 0, kept = 0;
		while (forged + honest) {
			char room[1000];
			struct buf b = BUF(room);
			bool forge = pick(forged + honest) < forged;
			put_field(&b, forge ? ID : others[pick(COUNT(others))]);
			assert_false(buf_is_cut(&b));
			if (auth_results_owner(buf_str(&b), STR(ID)) == AUTH_RESULTS_OTHER)
				kept++;
			else
				removed++;
			forged -= forge;
			honest -= !forge;
			assert_owner(buf_str(&b), forge ? AUTH_RESULTS_OURS : AUTH_RESULTS_OTHER);
		}
		seed = began;
		assert_int_equal(removed, pick(51));
		assert_int_equal(kept, pick(51));
		seed = began;
	}
}

static void
assert_prints(const struct auth_results *r, const char *want)
{
	char room[4096];
	struct buf b = BUF(room);

	auth_results_print(r, &b);
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("got:\n%.*s\nwant:\n%s", STR_ARG(buf_str(&b)), want);
	/* Whoever reads it knows it for ours. */
	assert_int_equal(auth_results_owner(buf_str(&b), r->id), AUTH_RESULTS_OURS);
}

static void
test_print(void **state)
{
	struct spf_header mailfrom = {.result = "pass", .domain = STR("example.org")};
	struct spf_header helo = {
		.result = "none", .of_helo = true, .domain = STR("mail.example.org")};
	struct auth_results r = {.id = STR(ID), .confirmed = STR("")};

	assert_prints(&r, "mx.example.net; none");
	r.iprev = "pass";
	r.confirmed = STR("mail.example.org");
	assert_true(ip_parse(STR("203.0.113.5"), &r.client));
	assert_prints(
		&r, "mx.example.net;\n\tiprev=pass (mail.example.org) policy.iprev=203.0.113.5");
	r.spf[0] = &mailfrom;
	r.spf[1] = &helo;
	assert_prints(&r,
		"mx.example.net;\n\tiprev=pass (mail.example.org) policy.iprev=203.0.113.5;\n\t"
		"spf=pass smtp.mailfrom=example.org;\n\tspf=none smtp.helo=mail.example.org");
	r.iprev = NULL;
	r.spf[0] = NULL;
	assert_prints(&r, "mx.example.net;\n\tspf=none smtp.helo=mail.example.org");
	r.iprev = "permerror";
	r.spf[1] = NULL;
	r.confirmed = STR("a) smtp.mailfrom=bank.example (");
	assert_true(ip_parse(STR("2001:db8::5"), &r.client));
	assert_prints(&r, "mx.example.net;\n\tiprev=permerror policy.iprev=\"2001:db8::5\"");
	r.id = STR("our filter/1");
	assert_prints(&r, "\"our filter/1\";\n\tiprev=permerror policy.iprev=\"2001:db8::5\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
