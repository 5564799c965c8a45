/* Unit tests of mail/message_id: what stands in real mail, right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"
#include "mail/message_id.h"

#define F(f) (1u << MESSAGE_ID_##f)

static void
test_cases(void **state)
{
	static const struct {
		const char *text;
		uint32_t faults;
		size_t at; /* of the first fault in the order of the enum */
		const char *left, *right;
	} cases[] = {
		{"<13258.1030015585@munnari.OZ.AU>", 0, 0, "13258.1030015585", "munnari.OZ.AU"},
		{"<a+b$c%d=e@x.example>", 0, 0, "a+b$c%d=e", "x.example"},
		{" \n <a@x.example> ", 0, 0, "a", "x.example"},
		{"(c) <a@x.example> (added by (somebody))", 0, 0, "a", "x.example"},
		{"<\"a b\"@x.example>", 0, 0, "\"a b\"", "x.example"},
		{"<\"a@b\".c@x.example>", 0, 0, "\"a@b\".c", "x.example"},
		{"<a@[192.0.2.1]>", 0, 0, "a", "[192.0.2.1]"},
		{"<a@[no @ > fold]>", 0, 0, "a", "[no @ > fold]"},
		{"<b\xc3\xbc@x.example>", 0, 0, "b\xc3\xbc", "x.example"},
		{"", F(EMPTY), 0, "", ""},
		{"\n ", F(EMPTY), 2, "", ""},
		{"<>", F(EMPTY), 1, "", ""},
		{"a@x.example", F(BRACKETS), 0, "a", "x.example"},
		{"(c) a@x.example", F(BRACKETS), 4, "a", "x.example"},
		{"<a@x.example", F(BRACKETS), 12, "a", "x.example"},
		{"a@x.example>", F(BRACKETS), 0, "a", "x.example"},
		{"<a@x.example> <b@x.example>", F(SEVERAL), 14, "a", "x.example"},
		{"<a@x.example> b", F(TRAILING), 14, "a", "x.example"},
		{"<a b@x.example>", F(BLANKS), 2, "a b", "x.example"},
		{"<a@ x.example>", F(BLANKS), 4, "a", "x.example"},
		{"<a@x.example >", F(BLANKS), 12, "a", "x.example"},
		{"<a . b(c)@x.example>", F(BLANKS), 2, "a . b", "x.example"},
		{"<E9D312B6>", F(NO_DOMAIN), 9, "E9D312B6", ""},
		{"<3CFB1EED003722B3@> (added by postmaster@wanadoo.example)", F(NO_DOMAIN), 18,
			"3CFB1EED003722B3", ""},
		{"<@x.example>", F(NO_LEFT), 1, "", "x.example"},
		{"<@>", F(NO_DOMAIN) | F(NO_LEFT), 2, "", ""},
		{"<a@b.example@x.example>", F(TWO_AT), 12, "a", "x.example"},
		{"<a@@x.example>", F(TWO_AT), 3, "a", "x.example"},
		{"<.a@x.example>", F(DOTS), 1, ".a", "x.example"},
		{"<a..b@x.example>", F(DOTS), 3, "a..b", "x.example"},
		{"<a@web.>", F(DOTS), 6, "a", "web."},
		{"<a@.>", F(DOTS), 3, "a", "."},
		{"<a,b:c@x.example>", F(CHARACTERS), 2, "a,b:c", "x.example"},
		{"<a\001@x.example>", F(NO_DOMAIN) | F(CHARACTERS), 2, "a", ""},
		{"<\"a@x.example>", F(EMPTY) | F(CHARACTERS), 1, "", ""},
		{"<a@192.0.2.1>", F(ADDRESS), 3, "a", "192.0.2.1"},
		{"<a@localhost>", F(UNQUALIFIED), 3, "a", "localhost"},
		{"PM20003:54:23 PM", F(BRACKETS) | F(BLANKS) | F(NO_DOMAIN) | F(CHARACTERS), 0,
			"PM20003:54:23 PM", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message_id m;
		size_t first = 0;
		message_id_parse(str_of(cases[i].text), &m);
		while (first < MESSAGE_ID_FAULTS && !(m.faults & 1u << first))
			first++;
		if (m.faults != cases[i].faults || (m.faults && m.at[first] != cases[i].at) ||
			!str_eq(m.left, str_of(cases[i].left)) ||
			!str_eq(m.right, str_of(cases[i].right)))
			fail_msg("\"%s\": faults %#x at %zu, left \"%.*s\", right \"%.*s\"",
				cases[i].text, m.faults, m.faults ? m.at[first] : 0,
				STR_ARG(m.left), STR_ARG(m.right));
		assert_true(m.literal == (m.right.n && m.right.p[0] == '['));
	}
}

/* Whatever is sent, it ends soon. */
static void
test_long(void **state)
{
	static char text[256 << 10];
	struct message_id m;
	uint64_t began = clock_ms();

	for (const char *c = "(<@.a>, \"["; *c; c++) {
		memset(text, *c, sizeof(text));
		message_id_parse(str_from(text, sizeof(text)), &m);
		assert_true(m.faults);
	}
	assert_true(clock_ms() - began < 5000);
}

static void
test_every_fault_has_words(void **state)
{
	for (size_t i = 0; i < MESSAGE_ID_FAULTS; i++)
		assert_non_null(message_id_fault_text((enum message_id_fault)i));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_every_fault_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
