/* Gates keep nothing out that matches, and keep out what they can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "explain/gate.h"

static void
test_gates(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool open;
	} cases[] = {
		{"wombat", "a wombat is here", true},
		{"wombat", "a womb is here", false},
		{"(wombat|numbat)", "numbats", true},
		{"(wombat|numbat)", "bats", false},
		{"wom(bat|en)", "women", true},
		{"wom(bat|en)", "no men", false},
		/* What is optional is not needed, what comes once or more is. */
		{"wombats?", "wombat", true},
		{"(wombat)?numbat", "numbat", true},
		{"(wombat){0,3} numbat", " numbat", true},
		{"wom+bat", "wommmbat", true},
		{"(wombat)+", "nothing", false},
		/* What only looks around does not have to be there. */
		{"(?!wombat)numbat", "numbat", true},
		{"numbat(?=.*wombat)", "numbat and wombat", true},
		{"\\bwombat\\b", "the wombat", true},
		{"^wombat$", "wombat", true},
		{"a\\.example", "see a.example", true},
		{"a\\.example", "see b.test", false},
		/* No run that is needed: no gate. */
		{"[a-z]+", "1", true},
		{"wombat|ab", "1", true},
		{"\\x{41}wombat", "1", true},
		{"(?i)wombat", "1", true},
		{"(wombat", "1", true},
		{"", "1", true},
		{"[[:alpha:]]wombat", "a wombat", true},
		{"[[:alpha:]]bat", "a bat", true},
		{"[\\Q]\\E]bat", "]bat", true},
		/* A class or a quantifier breaks a run. */
		{"wom[b]at", "womcat", true},
		{"wombat{0,2}number", "wombanumber", true},
		{"(?<name>wombat)", "none", false},
		{"(?<name>wombat)", "wombat", true},
	};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gate g = gate_of_pattern(&a, str_of(cases[i].pattern));
		struct gate_text t;
		gate_text_init(&t, str_of(cases[i].text));
		if (gate_is_open(&g, &t) != cases[i].open)
			fail_msg("\"%s\" on \"%s\"", cases[i].pattern, cases[i].text);
	}
	arena_done(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
