/* Unit tests of mail/mailboxes: how many mailboxes, whose, and where the first fault stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"
#include "mail/mailboxes.h"

static void
test_cases(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		enum mail_mailboxes_fault fault;
		size_t at;
		const char *name, *local, *domain; /* of the first */
	} cases[] = {
		{"a@b.example", 1, MAIL_MAILBOXES_FINE, 0, "", "a", "b.example"},
		{"<a@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "", "a", "b.example"},
		{"Robert Elz <kre@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "Robert Elz", "kre",
			"b.example"},
		{"\"Elz, Robert\" <kre@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "\"Elz, Robert\"",
			"kre", "b.example"},
		{"kre@b.example (Robert (R.) Elz)", 1, MAIL_MAILBOXES_FINE, 0, "", "kre",
			"b.example"},
		{"=?utf-8?q?J=C3=B6rg?= <j@b.example>", 1, MAIL_MAILBOXES_FINE, 0,
			"=?utf-8?q?J=C3=B6rg?=", "j", "b.example"},
		{"J. R. Elz, Jr. <j@b.example>", 1, MAIL_MAILBOXES_NO_DOMAIN, 0, "Jr.", "j",
			"b.example"},
		{"J. R. Elz <j@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "J. R. Elz", "j",
			"b.example"},
		{"a@b.example, c@d.example", 2, MAIL_MAILBOXES_FINE, 0, "", "a", "b.example"},
		{"a@b.example,\n\tC <c@d.example>,\r\n e@f.example", 3, MAIL_MAILBOXES_FINE, 0, "",
			"a", "b.example"},
		{"\"a b\"@b.example", 1, MAIL_MAILBOXES_FINE, 0, "", "\"a b\"", "b.example"},
		{"<\"a>b\"@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "", "\"a>b\"", "b.example"},
		{"a . b @ c . example", 1, MAIL_MAILBOXES_FINE, 0, "", "a . b", "c . example"},
		{"a@[192.0.2.1]", 1, MAIL_MAILBOXES_FINE, 0, "", "a", "[192.0.2.1]"},
		{"<@x.example,@y.example:a@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "", "a",
			"b.example"},
		{",, a@b.example,,c@d.example,", 2, MAIL_MAILBOXES_FINE, 0, "", "a", "b.example"},
		{"undisclosed-recipients:;", 0, MAIL_MAILBOXES_FINE, 0, "", "", ""},
		{"The team: a@b.example, C <c@d.example>;", 2, MAIL_MAILBOXES_FINE, 0, "", "a",
			"b.example"},
		{"x: a@b.example;, c@d.example", 2, MAIL_MAILBOXES_FINE, 0, "", "a", "b.example"},
		{"J\xc3\xb6rg <j@b.example>", 1, MAIL_MAILBOXES_FINE, 0, "J\xc3\xb6rg", "j",
			"b.example"},
		{"root@localhost", 1, MAIL_MAILBOXES_FINE, 0, "", "root", "localhost"},

		{"", 0, MAIL_MAILBOXES_EMPTY, 0, "", "", ""},
		{"(nobody)", 0, MAIL_MAILBOXES_EMPTY, 8, "", "", ""},
		{",,", 0, MAIL_MAILBOXES_EMPTY, 0, "", "", ""},
		{"root", 0, MAIL_MAILBOXES_NO_DOMAIN, 0, "", "", ""},
		{"<root>", 0, MAIL_MAILBOXES_NO_DOMAIN, 5, "", "", ""},
		{"a@b.example, root, c@d.example", 2, MAIL_MAILBOXES_NO_DOMAIN, 13, "", "a",
			"b.example"},
		{"The Postmaster", 0, MAIL_MAILBOXES_NO_ADDRESS, 0, "", "", ""},
		{"\"\" <>", 0, MAIL_MAILBOXES_EMPTY_ADDRESS, 3, "", "", ""},
		{"a@b.example <a@b.example>", 0, MAIL_MAILBOXES_UNQUOTED, 1, "", "", ""},
		{"A [x] <a@b.example>", 0, MAIL_MAILBOXES_UNQUOTED, 2, "", "", ""},
		{"a b@c.example", 0, MAIL_MAILBOXES_LOCAL, 0, "", "", ""},
		{"a..b@c.example", 0, MAIL_MAILBOXES_LOCAL, 0, "", "", ""},
		{".a@c.example", 0, MAIL_MAILBOXES_LOCAL, 0, "", "", ""},
		{"<a.@c.example>", 0, MAIL_MAILBOXES_LOCAL, 1, "", "", ""},
		{"@c.example", 0, MAIL_MAILBOXES_LOCAL, 0, "", "", ""},
		{"<@c.example>", 0, MAIL_MAILBOXES_ROUTE, 1, "", "", ""},
		{"a@", 0, MAIL_MAILBOXES_DOMAIN, 2, "", "", ""},
		{"a@b..example", 0, MAIL_MAILBOXES_DOMAIN, 2, "", "", ""},
		{"karsten@web.example.", 0, MAIL_MAILBOXES_DOMAIN, 8, "", "", ""},
		{"<a@b c>", 0, MAIL_MAILBOXES_DOMAIN, 3, "", "", ""},
		{"<a@b@c.example>", 0, MAIL_MAILBOXES_DOMAIN, 4, "", "", ""},
		{"<@x.example a@b.example>", 0, MAIL_MAILBOXES_DOMAIN, 2, "", "", ""},
		{"A <a@b.example, c@d.example", 1, MAIL_MAILBOXES_NOT_CLOSED, 2, "", "c",
			"d.example"},
		{"<a@b.example> c", 0, MAIL_MAILBOXES_TRAILING, 14, "", "", ""},
		{"<a@b.example> <c@d.example>", 0, MAIL_MAILBOXES_TRAILING, 14, "", "", ""},
		{"x: y: a@b.example;", 0, MAIL_MAILBOXES_GROUP, 4, "", "", ""},
		{"x: a@b.example", 1, MAIL_MAILBOXES_GROUP, 14, "", "a", "b.example"},
		{"a@b.example;", 1, MAIL_MAILBOXES_GROUP, 11, "", "a", "b.example"},
		{": a@b.example;", 0, MAIL_MAILBOXES_GROUP, 0, "", "", ""},
		{"\"a <a@b.example>", 0, MAIL_MAILBOXES_UNREADABLE, 0, "", "", ""},
		{"a@b.example, \"c <c@d.example>", 1, MAIL_MAILBOXES_UNREADABLE, 13, "", "a",
			"b.example"},
		{"a@b.example (c", 0, MAIL_MAILBOXES_UNREADABLE, 12, "", "", ""},
		{"a\001 <a@b.example>", 0, MAIL_MAILBOXES_UNREADABLE, 1, "", "", ""},
		{"a@b.example\nc@d.example", 0, MAIL_MAILBOXES_UNREADABLE, 11, "", "", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_mailboxes m;
		mail_mailboxes_parse(str_of(cases[i].text), &m);
		if (m.n != cases[i].n || m.fault != cases[i].fault || m.at != cases[i].at ||
			!str_eq(m.first.name, str_of(cases[i].name)) ||
			!str_eq(m.first.local, str_of(cases[i].local)) ||
			!str_eq(m.first.domain, str_of(cases[i].domain)))
			fail_msg("\"%s\": %zu mailboxes, %s at %zu, \"%.*s\" <%.*s@%.*s>",
				cases[i].text, m.n, mail_mailboxes_fault_text(m.fault), m.at,
				STR_ARG(m.first.name), STR_ARG(m.first.local),
				STR_ARG(m.first.domain));
	}
}

static void
test_counts(void **state)
{
	struct mail_mailboxes m;

	mail_mailboxes_parse(STR("x:;, y: a@b.example;, root, c@, d@e.example"), &m);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.groups, 2);
	assert_int_equal(m.broken, 2);
	assert_false(m.obsolete);
	mail_mailboxes_parse(STR("a@b.example,,c@d.example"), &m);
	assert_true(m.obsolete);
	mail_mailboxes_parse(STR("<@x.example:a@b.example>"), &m);
	assert_true(m.obsolete);
}

/* Whatever is sent, it ends soon and counts no further than it may. */
static void
test_long(void **state)
{
	static const char *const pieces[] = {"(", "<", "a@b.example,", ",", ":", ";", "a:;", "@",
		"\"a\" ", "<a@b>", ".", "[", "a "};
	static char text[256 << 10];
	struct mail_mailboxes m;
	uint64_t began = clock_ms();

	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t n = strlen(pieces[i]);
		for (size_t at = 0; at < sizeof(text); at++)
			text[at] = pieces[i][at % n];
		mail_mailboxes_parse(str_from(text, sizeof(text) - sizeof(text) % n), &m);
		assert_true(m.n <= MAIL_MAILBOXES_MAX && m.broken <= MAIL_MAILBOXES_MAX + 1);
		if (i == 2)
			assert_int_equal(m.fault, MAIL_MAILBOXES_TOO_MANY);
	}
	assert_true(clock_ms() - began < 5000);
}

static void
test_every_fault_has_words(void **state)
{
	for (size_t i = 0; i < MAIL_MAILBOXES_FAULTS; i++)
		assert_non_null(mail_mailboxes_fault_text((enum mail_mailboxes_fault)i));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_every_fault_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
