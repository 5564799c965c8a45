/* Unit tests of spf/record: which records are read how, which are void and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spf/record.h"

static void
test_selection(void **state)
{
	static const struct {
		struct str txt;
		bool yes;
	} cases[] = {
		{STR_INIT("v=spf1"), true},
		{STR_INIT("V=sPf1 -all"), true},
		{STR_INIT("v=spf1 "), true},
		{STR_INIT("v=spf10"), false},
		{STR_INIT("v=spf1mx"), false},
		{STR_INIT("v=spf1\t-all"), false},
		{STR_INIT("v=spf1\0-all"), false},
		{STR_INIT(" v=spf1"), false},
		{STR_INIT("v=spf"), false},
		{STR_INIT(""), false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(spf_record_is(cases[i].txt), cases[i].yes);
}

/* One term to a line of text, so that a table can say what is wanted. */
static void
print_term(const struct spf_term *t, struct buf *b)
{
	static const char *const kinds[] = {
		"all", "include", "a", "mx", "ptr", "exists", "ip4", "ip6"};

	buf_puts(b,
		t->result == SPF_PASS		    ? "+"
			: t->result == SPF_FAIL	    ? "-"
			: t->result == SPF_SOFTFAIL ? "~"
						    : "?");
	buf_puts(b, kinds[t->kind]);
	if (t->spec.p) {
		buf_putc(b, ':');
		buf_put(b, t->spec);
	}
	if (t->kind == SPF_A || t->kind == SPF_MX)
		buf_printf(b, "/%u//%u", t->bits4, t->bits6);
	if (t->kind == SPF_IP4 || t->kind == SPF_IP6) {
		buf_putc(b, ':');
		ip_net_print(&t->net, b);
	}
}

static void
test_records(void **state)
{
	/* NULL: void, and problem tells why. */
	static const struct {
		const char *txt, *terms, *problem;
	} cases[] = {
		{"v=spf1", "", NULL},
		{"v=spf1    ", "", NULL},
		{"v=spf1 A  mX:%{d}  -ALL ", "+a/32//128 +mx:%{d}/32//128 -all", NULL},
		{"v=spf1 ?all +all", "?all", NULL},
		{"v=spf1 -all moo", NULL, "unknown mechanism: \"moo\""},
		{"v=spf1 -all:foo", NULL, "unexpected text after the mechanism: \"-all:foo\""},
		{"v=spf1 -all/8", NULL, "unexpected text after the mechanism: \"-all/8\""},
		{"v=spf1 -all.", NULL, "unknown mechanism: \"-all.\""},
		{"v=spf1 --all", NULL, "unknown mechanism: \"--all\""},
		{"v=spf1 -", NULL, "unknown mechanism: \"-\""},
		{"v=spf1 =all", NULL, "unknown mechanism: \"=all\""},
		{"v=spf1 1up=foo", NULL, "unknown mechanism: \"1up=foo\""},
		{"v=spf1 redirect:x.example", NULL, "unknown mechanism: \"redirect:x.example\""},
		{"v=spf1 -exp=x.example", NULL, "unknown mechanism: \"-exp=x.example\""},
		/* dual CIDR */
		{"v=spf1 a/24", "+a/24//128", NULL},
		{"v=spf1 a//64", "+a/32//64", NULL},
		{"v=spf1 a/24//64", "+a/24//64", NULL},
		{"v=spf1 a/0//0", "+a/0//0", NULL},
		{"v=spf1 a:x.example/24", "+a:x.example/24//128", NULL},
		{"v=spf1 a:%{d}/24", "+a:%{d}/24//128", NULL},
		{"v=spf1 a:foo:bar/baz.example", "+a:foo:bar/baz.example/32//128", NULL},
		{"v=spf1 a:foo/24.example", "+a:foo/24.example/32//128", NULL},
		{"v=spf1 a/33", NULL, "invalid prefix length: \"a/33\""},
		{"v=spf1 a//129", NULL, "invalid prefix length: \"a//129\""},
		{"v=spf1 a/032", NULL, "invalid prefix length: \"a/032\""},
		{"v=spf1 a//00", NULL, "invalid prefix length: \"a//00\""},
		{"v=spf1 a/99999999999999999999", NULL,
			"invalid prefix length: \"a/99999999999999999999\""},
		{"v=spf1 a/", NULL, "unexpected text after the mechanism: \"a/\""},
		{"v=spf1 a//", NULL, "unexpected text after the mechanism: \"a//\""},
		{"v=spf1 a///64", NULL, "unexpected text after the mechanism: \"a///64\""},
		{"v=spf1 a/24/64", NULL, "invalid prefix length: \"a/24/64\""},
		{"v=spf1 a/8/16", NULL, "unexpected text after the mechanism: \"a/8/16\""},
		{"v=spf1 a:x.example/", NULL, "invalid domain: \"a:x.example/\""},
		{"v=spf1 a:", NULL, "invalid domain: \"a:\""},
		{"v=spf1 a:/24", NULL, "invalid domain: \"a:/24\""},
		{"v=spf1 ptr/0", NULL, "unexpected text after the mechanism: \"ptr/0\""},
		{"v=spf1 exists:x.example/24", NULL, "invalid domain: \"exists:x.example/24\""},
		{"v=spf1 exists", NULL, "the domain is missing: \"exists\""},
		{"v=spf1 include", NULL, "the domain is missing: \"include\""},
		{"v=spf1 include:", NULL, "invalid domain: \"include:\""},
		{"v=spf1 ptr", "+ptr", NULL},
		/* an address where a domain belongs: a common mistake */
		{"v=spf1 a:192.0.2.1", NULL,
			"an address where a domain belongs (ip4: or ip6: meant?): \"a:192.0.2.1\""},
		/* networks */
		{"v=spf1 ip4:192.0.2.1", "+ip4:192.0.2.1", NULL},
		{"v=spf1 ip4:192.0.2.255/24", "+ip4:192.0.2.0/24", NULL},
		{"v=spf1 ip4:1.1.1.1/0", "+ip4:0.0.0.0/0", NULL},
		{"v=spf1 ip6:::1.1.1.1/0", "+ip6:::/0", NULL},
		{"v=spf1 ip6:2001:DB8::/32", "+ip6:2001:db8::/32", NULL},
		{"v=spf1 ip6:::ffff:192.0.2.1", "+ip6:::ffff:192.0.2.1", NULL},
		{"v=spf1 ip4", NULL, "invalid address: \"ip4\""},
		{"v=spf1 ip4:", NULL, "invalid address: \"ip4:\""},
		{"v=spf1 ip4/24", NULL, "invalid address: \"ip4/24\""},
		{"v=spf1 ip4:192.0.2", NULL, "invalid address: \"ip4:192.0.2\""},
		{"v=spf1 ip4:192.0.2.01", NULL, "invalid address: \"ip4:192.0.2.01\""},
		{"v=spf1 ip4:192.0.2.1:25", NULL, "invalid address: \"ip4:192.0.2.1:25\""},
		{"v=spf1 ip4:::1", NULL, "invalid address: \"ip4:::1\""},
		{"v=spf1 ip6:192.0.2.1", NULL, "invalid address: \"ip6:192.0.2.1\""},
		{"v=spf1 ip4:192.0.2.1/33", NULL, "invalid prefix length: \"ip4:192.0.2.1/33\""},
		{"v=spf1 ip4:192.0.2.1/032", NULL, "invalid prefix length: \"ip4:192.0.2.1/032\""},
		{"v=spf1 ip4:192.0.2.1/", NULL, "invalid prefix length: \"ip4:192.0.2.1/\""},
		{"v=spf1 ip4:192.0.2.1//32", NULL, "invalid prefix length: \"ip4:192.0.2.1//32\""},
		{"v=spf1 ip6:::1/129", NULL, "invalid prefix length: \"ip6:::1/129\""},
		{"v=spf1 ip6:::1//33", NULL, "invalid prefix length: \"ip6:::1//33\""},
		/* modifiers */
		{"v=spf1 moo.cow-far_out=man:dog/cat", "", NULL},
		{"v=spf1 default=-", "", NULL},
		{"v=spf1 x=", "", NULL},
		{"v=spf1 x=%abc", NULL, "invalid macro: \"x=%abc\""},
		{"v=spf1 moo.cow/far_out=man", NULL, "unknown mechanism: \"moo.cow/far_out=man\""},
		{"v=spf1 redirect=a.example redirect=b.example", NULL,
			"the modifier stands twice: \"redirect=b.example\""},
		{"v=spf1 exp=a.example -all EXP=a.example", NULL,
			"the modifier stands twice: \"EXP=a.example\""},
		{"v=spf1 redirect=", NULL, "invalid domain: \"redirect=\""},
		{"v=spf1 exp=-all", NULL, "invalid domain: \"exp=-all\""},
		{"v=spf1 exp=%{r}.example", NULL, "invalid domain: \"exp=%{r}.example\""},
		/* bytes */
		{"v=spf1 a:\xef\xbb\xbfx.example -all", NULL,
			"the record contains a byte that is no printable ASCII"},
		{"v=spf1 a\r-all", NULL, "the record contains a byte that is no printable ASCII"},
		{"v=spf1 a\t-all", NULL, "the record contains a byte that is no printable ASCII"},
	};
	struct arena a;

	arena_init(&a, 4096, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spf_record r;
		struct str problem = STR("");
		char room[512];
		struct buf b = BUF(room);
		bool ok = spf_record_parse(&a, str_of(cases[i].txt), &r, &problem);
		if (!ok && cases[i].problem && str_eq(problem, str_of(cases[i].problem)))
			continue;
		if (!ok)
			fail_msg("%s: %.*s", cases[i].txt, STR_ARG(problem));
		for (size_t k = 0; k < r.n; k++) {
			if (k)
				buf_putc(&b, ' ');
			print_term(&r.term[k], &b);
		}
		if (!cases[i].terms || !str_eq(buf_str(&b), str_of(cases[i].terms)))
			fail_msg("%s: got %.*s", cases[i].txt, STR_ARG(buf_str(&b)));
	}
	arena_done(&a);
}

static void
test_modifiers(void **state)
{
	struct arena a;
	struct spf_record r;
	struct str problem;

	arena_init(&a, 4096, 1 << 20);
	assert_true(spf_record_parse(&a, STR("v=spf1 a"), &r, &problem));
	assert_null(r.redirect.p);
	assert_null(r.explanation.p);
	assert_true(spf_record_parse(
		&a, STR("v=spf1 Redirect=%{d}.x.example exp=e.example a"), &r, &problem));
	assert_true(str_eq(r.redirect, STR("%{d}.x.example")));
	assert_true(str_eq(r.explanation, STR("e.example")));
	arena_done(&a);
}

/* As long as a record may be, filled with the shortest terms of each kind. */
static void
test_limits(void **state)
{
	static const char *const terms[] = {" a", " all", " ip6:::", " ip4:1.1.1.1", " x=", " "};
	static char room[SPF_RECORD_MAX + 1];

	for (size_t i = 0; i < COUNT(terms); i++) {
		struct buf b = BUF(room);
		struct spf_record r;
		struct str problem;
		struct arena a;
		arena_init(&a, 4096, 1 << 20);
		buf_puts(&b, "v=spf1");
		while (b.n + strlen(terms[i]) <= SPF_RECORD_MAX)
			buf_puts(&b, terms[i]);
		assert_true(spf_record_parse(&a, buf_str(&b), &r, &problem));
		/* The eleventh term that asks is kept: it is the one that ends the check. */
		if (i == 0)
			assert_int_equal(r.n, SPF_DNS_TERMS_MAX + 1);
		while (b.n < b.max)
			buf_putc(&b, ' ');
		assert_false(spf_record_parse(&a, buf_str(&b), &r, &problem));
		arena_done(&a);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
