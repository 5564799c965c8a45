/* Unit tests of rdns_spell: every way of writing an address into a name, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"
#include "checks/rdns_spell.h"

struct expected {
	const char *ip, *host;
	unsigned bytes;
	enum rdns_notation notation;
	const char *text; /* the part that spells; NULL where there is none */
};

static void
check(const struct expected *want)
{
	struct rdns_tokens t;
	struct ip ip;

	assert_true(ip_parse(str_of(want->ip), &ip));
	rdns_tokenize(str_of(want->host), &t);
	struct rdns_spelling s = rdns_spell(&t, &ip);
	struct str text = str_slice(str_of(want->host), s.from, s.to);
	if (s.bytes != want->bytes || s.notation != want->notation)
		fail_msg("%s %s: %u bytes, notation %d", want->ip, want->host, s.bytes,
			(int)s.notation);
	if (want->text && !str_eq(text, str_of(want->text)))
		fail_msg("%s %s: \"%.*s\"", want->ip, want->host, STR_ARG(text));
}

#define A "198.51.100.209" /* c6336 4d1 */
#define B "192.0.2.17"
#define C "203.0.113.5"

static void
test_decimal(void **state)
{
	static const struct expected cases[] = {
		{A, "198-51-100-209", 4, RDNS_DECIMAL, "198-51-100-209"},
		{A, "dsl198_51_100_209x", 4, RDNS_DECIMAL, "198_51_100_209"},
		{A, "209.100.51.198.pool", 4, RDNS_DECIMAL, "209.100.51.198"},
		{A, "n198x51y100z209", 4, RDNS_DECIMAL, "198x51y100z209"},
		{A, "209.100-51-198", 4, RDNS_DECIMAL, "209.100-51-198"},
		{A, "209.red-198-51-100", 4, RDNS_DECIMAL, "209.red-198-51-100"},
		{A, "51.100.h209.h198", 4, RDNS_DECIMAL, NULL},
		/* in one run of digits, padded everywhere, somewhere or nowhere */
		{A, "p198051100209", 4, RDNS_DECIMAL, "198051100209"},
		{A, "p19851100209", 4, RDNS_DECIMAL, "19851100209"},
		{B, "p192000002017", 4, RDNS_DECIMAL, NULL},
		{B, "p19202017", 4, RDNS_DECIMAL, NULL},
		{B, "h17020192", 4, RDNS_DECIMAL, "17020192"}, /* 17 02 0 192 */
		{B, "h017002000192", 4, RDNS_DECIMAL, NULL},
		{A, "198-51-100209", 4, RDNS_DECIMAL, "198-51-100209"},
		/* a part */
		{A, "e051100209.adsl", 3, RDNS_DECIMAL, "051100209"},
		{A, "host51-100-209", 3, RDNS_DECIMAL, "51-100-209"},
		{A, "pc100209", 2, RDNS_DECIMAL, "100209"},
		{A, "host209-100.pool19851", 4, RDNS_DECIMAL, "209-100.pool19851"},
		{A, "u209", 1, RDNS_DECIMAL, "209"},
		{A, "198-51-100-xxx", 3, RDNS_DECIMAL, "198-51-100"},
		/* of two equal numbers the nearer one */
		{B, "ec2-192-0-2-17", 4, RDNS_DECIMAL, "192-0-2-17"},
		{B, "17-2-0-192.pool2", 4, RDNS_DECIMAL, "17-2-0-192"},
		/* each byte counts once, and so does each number */
		{"198.51.100.51", "51", 1, RDNS_DECIMAL, "51"},
		{"198.51.100.51", "51-51", 2, RDNS_DECIMAL, "51-51"},
		{C, "203-203-203-203", 1, RDNS_DECIMAL, "203"},
		/* none at all */
		{A, "19.85.11.2", 0, RDNS_DECIMAL, NULL},
		{A, "1985110020", 0, RDNS_DECIMAL, NULL},
		{A, "mail-10-20", 0, RDNS_DECIMAL, NULL},
		{A, "", 0, RDNS_DECIMAL, NULL},
		{A, "...--__", 0, RDNS_DECIMAL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i]);
}

static void
test_machine_notations(void **state)
{
	static const struct expected cases[] = {
		{A, "pc63364d1.dip", 4, RDNS_HEX, "c63364d1"},
		{A, "0xc63364d1.adsl", 4, RDNS_HEX, "c63364d1"},
		{A, "cc63364d1x", 4, RDNS_HEX, "c63364d1"},
		{A, "c6-33-64-d1", 4, RDNS_HEX, "c6-33-64-d1"},
		{A, "d1.64.33c6.static", 4, RDNS_HEX, "d1.64.33c6"},
		{A, "d16433c6", 4, RDNS_HEX, "d16433c6"},
		{A, "p3364d1.area", 3, RDNS_HEX, "3364d1"},
		{A, "ab3364d1", 0, RDNS_DECIMAL, NULL}, /* the end of another number */
		{A, "p3364d10", 0, RDNS_DECIMAL, NULL},
		{A, "3325256913", 4, RDNS_INTEGER, "3325256913"},
		{A, "dsl-bas1-3325256913", 4, RDNS_INTEGER, "3325256913"},
		{A, "13325256913", 0, RDNS_DECIMAL, NULL},
		{A, "user-3336p6h", 4, RDNS_BASE32, "3336p6h"},
		{A, "user-03336p6h", 0, RDNS_DECIMAL, NULL},
		{A, "user-3336p6x", 0, RDNS_DECIMAL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i]);
}

static void
test_six(void **state)
{
	static const char ip[] = "2001:db8:12:3400::abcd:77";
	static const struct expected cases[] = {
		{ip, "2001-db8-12-3400--abcd-77", 12, RDNS_HEX, "2001-db8-12-3400--abcd-77"},
		{ip, "dyn-2001-0db8-0012-3400-x", 8, RDNS_HEX, "2001-0db8-0012-3400"},
		{ip, "20010db8001234000000", 6, RDNS_HEX, NULL},
		{ip, "7.7.0.0.d.c.b.a.0.0.0.0.0.0.0.0.0.0.4.3.2.1.0.0.8.b.d.0.1.0.0.2.cust", 6,
			RDNS_HEX, NULL},
		{ip, "db8-12-34", 0, RDNS_DECIMAL, NULL},	      /* two groups */
		{ip, "2001-db8-13-3400-abcd", 0, RDNS_DECIMAL, NULL}, /* not this address */
		{"2001:db8::1", "ffff-2001-db8-1", 6, RDNS_HEX, "2001-db8-1"},
		{"2001:db8::", "00000000000000000000", 0, RDNS_DECIMAL,
			NULL}, /* nothing but zeros */
		{ip, "mail-77", 0, RDNS_DECIMAL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i]);
}

static void
test_tokens(void **state)
{
	static const struct {
		const char *text;
		unsigned label;
	} want[] = {{"dsl", 0}, {"253", 0}, {"a", 0}, {"p", 2}, {"5089", 2}, {"x", 2}};
	struct rdns_tokens t;
	char many[RDNS_HOST_MAX];

	rdns_tokenize(STR("dsl253-a..p5089_x."), &t);
	assert_int_equal(t.n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(str_eq(rdns_token_text(&t, i), str_of(want[i].text)));
		assert_int_equal(t.token[i].label, want[i].label);
		assert_int_equal(t.token[i].digits, chr_is_digit(want[i].text[0]));
	}
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 2 ? '1' : 'a';
	rdns_tokenize(str_from(many, sizeof(many)), &t);
	assert_int_equal(t.n, RDNS_TOKENS_MAX);
}

/* The last two bytes side by side are a sign, the same bytes far apart are not. */
static void
test_tail(void **state)
{
	static const struct {
		const char *host;
		bool tail;
	} cases[] = {{"x100-209", true}, {"x209.y100", true}, {"p100209", true}, {"p209100", true},
		{"x100-7-209", false}, {"x51-100", false}, {"p198051", false}, {"x209", false}};
	struct rdns_tokens t;
	struct ip ip;

	assert_true(ip_parse(STR(A), &ip));
	for (size_t i = 0; i < COUNT(cases); i++) {
		rdns_tokenize(str_of(cases[i].host), &t);
		if (rdns_spell(&t, &ip).tail != cases[i].tail)
			fail_msg("%s", cases[i].host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_machine_notations),
		cmocka_unit_test(test_six),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
