/* Unit tests of spf/macro: grammar and expansion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spf/macro.h"

static void
test_grammar(void **state)
{
	static const struct {
		const char *text;
		bool name, explanation;
	} cases[] = {
		{"", true, true},
		{"plain.example", true, true},
		{"%{l}%{o}%{d}%{s}%{i}%{p}%{h}%{v}", true, true},
		{"%{L}%{D2R}", true, true},
		{"%{c}", false, true},
		{"%{R}", false, true},
		{"%{t}", false, true},
		{"%{x}", false, false},
		{"%{d2r.-+,/_=}", true, true},
		{"%{d128}", true, true},
		{"%{d99999999999999999999}", true, true},
		{"%{d0}", false, false},
		{"%{d00r}", false, false},
		{"%{dr2}", false, false},
		{"%{d;}", false, false},
		{"%{d", false, false},
		{"%{}", false, false},
		{"%{2}", false, false},
		{"%%%_%-", true, true},
		{"%", false, false},
		{"a%", false, false},
		{"%a", false, false},
		{"%(d)", false, false},
		{"%{d}}", true, true},
		{"two words", false, true},
		{"tab\there", false, false},
		{"\xc3\xa4", false, false},
		{"\x7f", false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str text = str_of(cases[i].text);
		if (spf_macro_string_ok(text, false) != cases[i].name)
			fail_msg("in a name: \"%s\"", cases[i].text);
		if (spf_macro_string_ok(text, true) != cases[i].explanation)
			fail_msg("in an explanation: \"%s\"", cases[i].text);
	}
	assert_false(spf_macro_string_ok(STR("a\0b"), true));
}

static void
test_domain_spec(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"example.com", true},
		{"example.com.", true},
		{"_spf.example.com", true},
		{"foo:bar/baz.example.com", true},
		{"a..b.com", true}, /* no name, but no syntax error either */
		{"x.xn--zckzah", true},
		{"x.1-2", true},
		{"x.a1", true},
		{"%{d}", true},
		{"%{d}.d.spf.example.com.", true},
		{"foo%%", true},
		{"%{d}.com", true},
		{"", false},
		{".", false},
		{"com", false},
		{"com.", false},
		{"example.com..", false},
		{"%{d}com", false},
		{"%{d}.", false},
		{"x.123", false},
		{"192.0.2.1", false},
		{"x.-com", false},
		{"x.com-", false},
		{"example.com:8080", false},
		{"example.com/24", false},
		{"x.c_m", false},
		{"%{d}/24", false},
		{"%{r}.example.com", false},
		{"foo%.example.com", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (spf_domain_spec_ok(str_of(cases[i].text)) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].text);
	assert_false(spf_domain_spec_ok(STR("foo.example.com\0")));
}

/* The examples of RFC 7208 7.4, and what other people's expanders got wrong. */
static struct spf_macros
rfc_macros(const char *ip)
{
	struct spf_macros m = {.sender = STR("strong-bad@email.example.com"),
		.local = STR("strong-bad"),
		.origin = STR("email.example.com"),
		.domain = STR("email.example.com"),
		.helo = STR("mx [1]"),
		.validated = STR("unknown"),
		.receiver = STR("rx.example.org"),
		.now = 1764000000};

	assert_true(ip_parse(str_of(ip), &m.client));
	return m;
}

static void
test_names(void **state)
{
	static const struct {
		const char *ip, *spec, *name;
	} cases[] = {
		{"192.0.2.3", "%{s}", "strong-bad@email.example.com"},
		{"192.0.2.3", "%{o}", "email.example.com"},
		{"192.0.2.3", "%{d4}", "email.example.com"},
		{"192.0.2.3", "%{d3}", "email.example.com"},
		{"192.0.2.3", "%{d2}", "example.com"},
		{"192.0.2.3", "%{d1}", "com"},
		{"192.0.2.3", "%{dr}", "com.example.email"},
		{"192.0.2.3", "%{d2r}", "example.email"},
		{"192.0.2.3", "%{d3r}", "com.example.email"},
		{"192.0.2.3", "%{l}", "strong-bad"},
		{"192.0.2.3", "%{l-}", "strong.bad"},
		{"192.0.2.3", "%{lr}", "strong-bad"},
		{"192.0.2.3", "%{lr-}", "bad.strong"},
		{"192.0.2.3", "%{l1r-}", "strong"},
		{"192.0.2.3", "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
		{"192.0.2.3", "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
		{"192.0.2.3", "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
			"3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{"192.0.2.3", "%{d2}.trusted-domains.example.net",
			"example.com.trusted-domains.example.net"},
		{"2001:db8::cb01", "%{ir}.%{v}._spf.%{d2}",
			"1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf."
			"example.com"},
		{"192.0.2.3", "%{p}.x.example", "unknown.x.example"},
		{"192.0.2.3", "%{s-@.}", NULL}, /* "@" is no delimiter */
		{"192.0.2.3", "%{s2r.-}", "bad@email.strong"},
		{"192.0.2.3", "%{H}", "mx%20%5B1%5D"},
		{"192.0.2.3", "%{h1}", "mx [1]"},
		{"192.0.2.3", "a%%b%_c%-d.example.", "a%b c%20d.example"},
		{"192.0.2.3", "%{d99999999999999999999}", "email.example.com"},
	};
	struct arena a;

	arena_init(&a, 4096, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spf_macros m = rfc_macros(cases[i].ip);
		struct str spec = str_of(cases[i].spec);
		if (spf_macro_string_ok(spec, false) != (cases[i].name != NULL))
			fail_msg("grammar of \"%s\"", cases[i].spec);
		if (!cases[i].name)
			continue;
		struct str got = spf_expand_name(&a, spec, &m);
		if (!str_eq(got, str_of(cases[i].name)))
			fail_msg("%s: got \"%.*s\", want \"%s\"", cases[i].spec, STR_ARG(got),
				cases[i].name);
	}
	arena_done(&a);
}

/* Empty parts, empty values, values of one delimiter: no part may get lost or invented. */
static void
test_edges(void **state)
{
	static const struct {
		const char *value, *spec, *name;
	} cases[] = {
		{"", "%{l}", ""},
		{"", "%{lr}", ""},
		{"", "%{l5r-}", ""},
		{".", "x%{l}y", "x.y"},
		{"a", "%{l1}", "a"},
		{"a", "%{l1r}", "a"},
		{"a.", "x%{lr}y", "x.ay"},
		{".a", "x%{lr}y", "xa.y"},
		{".a", "x%{l1r}y", "xy"},
		{"a..b", "%{lr}", "b..a"},
		{"a..b", "%{l2}", ".b"},
		{"a-b+c", "%{l-+}", "a.b.c"},
		{"a-b+c", "%{l2r-+}", "b.a"},
	};
	struct arena a;

	arena_init(&a, 4096, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spf_macros m = rfc_macros("192.0.2.3");
		m.local = str_of(cases[i].value);
		struct str got = spf_expand_name(&a, str_of(cases[i].spec), &m);
		if (!str_eq(got, str_of(cases[i].name)))
			fail_msg("%s of \"%s\": got \"%.*s\"", cases[i].spec, cases[i].value,
				STR_ARG(got));
	}
	arena_done(&a);
}

/* 7.3: of a long name the right end stays, on a border between labels. */
static void
test_truncation(void **state)
{
	char spec_room[2000], want_room[300];
	struct buf spec = BUF(spec_room), want = BUF(want_room);
	struct spf_macros m = rfc_macros("192.0.2.3");
	struct arena a;

	arena_init(&a, 4096, 1 << 20);
	for (int i = 0; i < 300; i++)
		buf_puts(&spec, "%{d}.");
	buf_puts(&spec, "end.example");
	/* 18 bytes a label group, 11 bytes of end: 13 groups and 234 bytes, then "example.com." */
	buf_puts(&want, "com.");
	for (int i = 0; i < 13; i++)
		buf_puts(&want, "email.example.com.");
	buf_puts(&want, "end.example");
	struct str got = spf_expand_name(&a, buf_str(&spec), &m);
	assert_int_equal(got.n, 249);
	assert_memory_equal(got.p, want.p, got.n);

	/* A label that alone is too long is left as it is: no name. */
	char long_room[700];
	struct buf text = BUF(long_room);
	for (int i = 0; i < 600; i++)
		buf_putc(&text, 'x');
	m.local = buf_str(&text);
	got = spf_expand_name(&a, STR("%{l}"), &m);
	assert_true(got.n > SPF_NAME_MAX);
	/* A value longer than the writer's room still ends where it should. */
	got = spf_expand_name(&a, STR("%{l}%{l}%{l}.end.example"), &m);
	assert_true(str_eq(got, STR("end.example")));
	arena_done(&a);
}

static void
test_explanations(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"See http://%{d}/why?s=%{S}&i=%{I}.",
			"See http://email.example.com/why?s=strong-bad%40email.example.com&i=192.0."
			"2.3."},
		{"%{c} at %{r}, %{t}", "192.0.2.3 at rx.example.org, 1764000000"},
		{"trailing dot.", "trailing dot."},
		{"", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spf_macros m = rfc_macros("192.0.2.3");
		char room[200];
		struct buf b = BUF(room);
		spf_expand_text(str_of(cases[i].text), &m, &b);
		if (!str_eq(buf_str(&b), str_of(cases[i].want)))
			fail_msg("%s: got \"%.*s\"", cases[i].text, STR_ARG(buf_str(&b)));
	}
	/* CVE-2021-33912: high bytes are unsigned. */
	struct spf_macros m = rfc_macros("192.0.2.3");
	char room[8];
	struct buf b = BUF(room);
	m.local = STR("\xff\x80");
	spf_expand_text(STR("%{L}"), &m, &b);
	assert_true(str_eq(buf_str(&b), STR("%FF%80")));
	/* What does not fit is cut. */
	buf_reset(&b);
	spf_expand_text(STR("%{s} and more"), &m, &b);
	assert_true(str_eq(buf_str(&b), STR("strong-b")));
}

static void
test_uses(void **state)
{
	assert_true(spf_macro_uses(STR("a.%{ir}.b.example"), STR("ip")));
	assert_true(spf_macro_uses(STR("%{P}"), STR("ip")));
	assert_false(spf_macro_uses(STR("%%{i}%{d}.example"), STR("ip")));
	assert_true(spf_macro_ends_in(STR("x.%{p2}"), STR("ph")));
	assert_false(spf_macro_ends_in(STR("%{p}.example"), STR("ph")));
	assert_false(spf_macro_ends_in(STR(""), STR("ph")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_domain_spec),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
