/* Unit tests of laid-out texts: wrapping, and mdoc that no formatter misreads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/must.h"

#include "conf/prose.h"

enum how { WRAP, MDOC, ARGS };

static const struct {
	enum how how;
	const char *text, *want;
} cases[] = {
	{WRAP, "", ""},
	{WRAP, "one", "; one\n"},
	{WRAP, "one two three four", "; one two\n; three four\n"},
	{WRAP, "  one \t two  ", "; one two\n"},
	{WRAP, "a incomprehensibilities b", "; a\n; incomprehensibilities\n; b\n"},
	{MDOC, "One. Two", "One.\nTwo\n"},
	{MDOC, "See (this.) Then \"that?\" ok", "See (this.)\nThen \"that?\"\nok\n"},
	{MDOC, ".local and 'x", "\\&.local and 'x\n"},
	{MDOC, "End. 'x", "End.\n\\&'x\n"},
	{MDOC, "a\\b", "a\\eb\n"},
	{MDOC, ".", "\\&.\n"},
	{ARGS, "8s", " \\&8s"},
	{ARGS, "No \"x\\\"", " \\&No \\&\\(dqx\\e\\(dq"},
	{ARGS, "a: b", " \\&a:\\& \\&b"},
	{ARGS, "", ""},
};

static void
test_prose(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *got = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&got, &n);
		struct str text = str_of(cases[i].text);
		assert_non_null(out);
		if (cases[i].how == WRAP)
			prose_wrap(out, "; ", text, 12);
		else if (cases[i].how == MDOC)
			prose_mdoc(out, text);
		else
			prose_mdoc_args(out, text);
		fclose(out);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
