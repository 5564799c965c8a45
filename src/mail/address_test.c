/* Unit tests of address: which senders SMTP allows, and what they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/address.h"

#define L64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_valid(void **state)
{
	static const struct {
		const char *text, *local, *domain;
		enum mail_domain_kind kind;
	} cases[] = {
		{"joe@example.org", "joe", "example.org", MAIL_DOMAIN_NAME},
		{"JOE@Example.ORG", "JOE", "Example.ORG", MAIL_DOMAIN_NAME},
		{"a@b", "a", "b", MAIL_DOMAIN_NAME},
		{"joe@localhost", "joe", "localhost", MAIL_DOMAIN_NAME},
		{"joe.q.public@example.org", "joe.q.public", "example.org", MAIL_DOMAIN_NAME},
		/* RFC 5322 3.2.3 has these in atoms: VERP, SRS, BATV and tags live on them. */
		{"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~", "example.org",
			MAIL_DOMAIN_NAME},
		{"SRS0=HHH=TT=example.com=joe@example.org", "SRS0=HHH=TT=example.com=joe",
			"example.org", MAIL_DOMAIN_NAME},
		{"\"joe public\"@example.org", "\"joe public\"", "example.org", MAIL_DOMAIN_NAME},
		{"\"joe@home\"@example.org", "\"joe@home\"", "example.org", MAIL_DOMAIN_NAME},
		{"\"a\\\"b\\\\\"@example.org", "\"a\\\"b\\\\\"", "example.org", MAIL_DOMAIN_NAME},
		{"\"\"@example.org", "\"\"", "example.org", MAIL_DOMAIN_NAME},
		{"\"a..b\"@example.org", "\"a..b\"", "example.org", MAIL_DOMAIN_NAME},
		{"joe@mail_out.example.org", "joe", "mail_out.example.org", MAIL_DOMAIN_NAME},
		{"joe@3com.example", "joe", "3com.example", MAIL_DOMAIN_NAME},
		{"joe@xn--bcher-kva.example", "joe", "xn--bcher-kva.example", MAIL_DOMAIN_NAME},
		{"j\xc3\xb6@example.org", "j\xc3\xb6", "example.org", MAIL_DOMAIN_NAME},
		{"\"j \xc3\xb6\"@example.org", "\"j \xc3\xb6\"", "example.org", MAIL_DOMAIN_NAME},
		{"joe@b\xc3\xbc.example", "joe", "b\xc3\xbc.example", MAIL_DOMAIN_UTF8},
		{"joe@[192.0.2.1]", "joe", "[192.0.2.1]", MAIL_DOMAIN_LITERAL},
		{"joe@[IPv6:2001:db8::1]", "joe", "[IPv6:2001:db8::1]", MAIL_DOMAIN_LITERAL},
		{"joe@[ipv6:::1]", "joe", "[ipv6:::1]", MAIL_DOMAIN_LITERAL},
		{"@a.example,@b.example:joe@example.org", "joe", "example.org", MAIL_DOMAIN_NAME},
		{"@a.example:\"x:y\"@example.org", "\"x:y\"", "example.org", MAIL_DOMAIN_NAME},
		{L64 "@example.org", L64, "example.org", MAIL_DOMAIN_NAME},
		{"a@" L63 ".org", "a", L63 ".org", MAIL_DOMAIN_NAME},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_address a = {.kind = MAIL_DOMAIN_NAME};
		const char *wrong = mail_address_parse(str_of(cases[i].text), &a);
		if (wrong)
			fail_msg("%s: %s", cases[i].text, wrong);
		if (!str_eq(a.local, str_of(cases[i].local)) ||
			!str_eq(a.domain, str_of(cases[i].domain)))
			fail_msg("%s: \"%.*s\" at \"%.*s\"", cases[i].text, STR_ARG(a.local),
				STR_ARG(a.domain));
		assert_int_equal(a.kind, cases[i].kind);
	}
}

static void
test_invalid(void **state)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{"root", "it has no domain"},
		{"root@", "it has no domain"},
		{"@example.org", "nothing stands before the @"},
		{"@", "nothing stands before the @"},
		{".joe@example.org", "the part before the @ begins with a dot or has two in a row"},
		{"joe..q@example.org",
			"the part before the @ begins with a dot or has two in a row"},
		{"joe.@example.org", "the part before the @ ends in a dot"},
		{"joe public@example.org",
			"the part before the @ has a character that may only stand between "
			"quotation marks"},
		{"joe@home@example.org",
			"the part before the @ has a character that may only stand between "
			"quotation marks"},
		{"jo\\e@example.org",
			"the part before the @ has a character that may only stand between "
			"quotation marks"},
		{"j\"o\"e@example.org",
			"the part before the @ has a character that may only stand between "
			"quotation marks"},
		{"\"joe@example.org", "a quotation mark is not closed"},
		{"\"joe\\\"@example.org", "a quotation mark is not closed"},
		{"\"@example.org", "a quotation mark is not closed"},
		{"\"joe\"q@example.org",
			"something stands between the closing quotation mark and the @"},
		{"\"jo\te\"@example.org", "the part before the @ has a control character"},
		{"\"jo\\\x7f"
		 "e\"@example.org",
			"the part before the @ has a control character"},
		{"a" L64 "@example.org", "the part before the @ is longer than 64 characters"},
		{"joe@example..org", "it has an empty label (a dot too many)"},
		{"joe@example.org.", "it has an empty label (a dot too many)"},
		{"joe@.example.org", "it has an empty label (a dot too many)"},
		{"joe@-example.org", "a label begins or ends with a hyphen"},
		{"joe@example-.org", "a label begins or ends with a hyphen"},
		{"joe@exam ple.org",
			"a label has a character other than letters, digits and hyphens"},
		{"joe@example.org>",
			"a label has a character other than letters, digits and hyphens"},
		{"joe@ex\\097mple.org",
			"a label has a character other than letters, digits and hyphens"},
		{"joe@" L64 ".org", "a label is longer than 63 characters"},
		{"joe@192.0.2.1", "its domain is an IP address without brackets"},
		{"joe@2001:db8::1", "its domain is an IP address without brackets"},
		{"joe@[192.0.2.1", "the closing bracket of the address is missing"},
		{"joe@[]", "the brackets do not hold an address (IPv6 wants [IPv6:...])"},
		{"joe@[192.0.2.256]",
			"the brackets do not hold an address (IPv6 wants [IPv6:...])"},
		{"joe@[2001:db8::1]",
			"the brackets do not hold an address (IPv6 wants [IPv6:...])"},
		{"joe@[example.org]",
			"the brackets do not hold an address (IPv6 wants [IPv6:...])"},
		{"joe@[IPv6:192.0.2.1]", "the brackets do not hold an IPv6 address"},
		{"@a.example,b.example:joe@example.org", "its source route is malformed"},
		{"@:joe@example.org", "its source route is malformed"},
		{"@a..b:joe@example.org", "its source route is malformed"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_address a;
		const char *wrong = mail_address_parse(str_of(cases[i].text), &a);
		if (!wrong)
			fail_msg("%s is taken", cases[i].text);
		assert_string_equal(wrong, cases[i].wrong);
	}
}

static void
test_nul_and_length(void **state)
{
	char text[300] = "a@";
	struct mail_address a;

	assert_non_null(mail_address_parse(str_from("a\0b@example.org", 15), &a));
	assert_non_null(mail_address_parse(str_from("\"a\0b\"@example.org", 17), &a));
	assert_non_null(mail_address_parse(str_from("ab@example\0.org", 15), &a));
	for (size_t i = 2; i < sizeof(text); i++)
		text[i] = i % 50 ? 'x' : '.';
	assert_null(mail_address_parse(str_from(text, 2 + 255), &a));
	assert_int_equal(a.domain.n, 255);
	assert_string_equal(mail_address_parse(str_from(text, 2 + 256), &a),
		"its domain is longer than 255 characters");
}

static void
test_literal_address(void **state)
{
	struct mail_address a;
	struct ip want;

	assert_null(mail_address_parse(STR("joe@[IPv6:2001:DB8:0::1]"), &a));
	assert_true(ip_parse(STR("2001:db8::1"), &want));
	assert_true(ip_eq(&a.ip, &want));
}

static void
test_domain(void **state)
{
	struct mail_domain d;

	assert_null(mail_domain_parse(STR("a.b_c.example"), &d));
	assert_int_equal(d.labels, 3);
	assert_true(str_eq(d.last, STR("example")));
	assert_true(d.underscore);
	assert_false(d.utf8);
	assert_null(mail_domain_parse(STR("b\xc3\xbc"), &d));
	assert_int_equal(d.labels, 1);
	assert_false(d.underscore);
	assert_true(d.utf8);
	assert_non_null(mail_domain_parse(STR(""), &d));
}

static void
test_quote(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		/* what was lost comes back */
		{"joe public@example.org", "\"joe public\"@example.org"},
		{"joe@home@example.org", "\"joe@home\"@example.org"},
		{"a\"b\\c@example.org", "\"a\\\"b\\\\c\"@example.org"},
		{"joe..q@example.org", "\"joe..q\"@example.org"},
		{"joe.@[192.0.2.1]", "\"joe.\"@[192.0.2.1]"},
		/* what is there stays */
		{"joe@example.org", "joe@example.org"},
		{"\"joe public\"@example.org", "\"joe public\"@example.org"},
		{"joe", "joe"},
		{"joe public", "joe public"},
		{"", ""},
		{"@example.org", "@example.org"},
		{"joe@exam ple.org", "joe@exam ple.org"},
		{"jo\te@example.org", "jo\te@example.org"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[200];
		struct buf b = BUF(room);
		mail_address_quote(str_of(cases[i].text), &b);
		if (!str_eq(buf_str(&b), str_of(cases[i].quoted)))
			fail_msg("%s became %.*s", cases[i].text, STR_ARG(buf_str(&b)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_nul_and_length),
		cmocka_unit_test(test_literal_address),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
