/*
 * The rules that are built in explain their examples, each alone: without it the example would mean
 * something else, or nobody would be as sure.  And what a user may write is read, or refused with
 * file and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "explain/explain.h"

struct fixture {
	struct arena a;
	struct bounce_rules *rules;
};

static int
setup(void **state)
{
	static struct fixture f;
	struct errbuf e = {0};

	arena_init(&f.a, 65536, SIZE_MAX);
	f.rules = bounce_rules_new(&f.a, &e);
	if (!f.rules) {
		fprintf(stderr, "%s:%u: %s\n", e.file, e.line, e.text);
		return -1;
	}
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	bounce_rules_free(f->rules);
	arena_done(&f->a);
	return 0;
}

/* The rule that explains a text, from number `from` on. */
static bool
explains(struct fixture *f, struct str text, size_t from, struct rule_match *m)
{
	struct explain_text *folded = arena_new(&f->a, struct explain_text);
	struct explain_codes c = explain_codes_find(text);
	struct rule_input in = {folded, c.code, c.enhanced, NULL};

	explain_text_fold(&f->a, text, folded);
	in.provider = bounce_provider_find(f->rules, STR(""), folded);
	return bounce_rules_match(f->rules, &in, from, m);
}

static void
test_examples(void **state)
{
	struct fixture *f = *state;
	size_t wrong = 0;

	assert_true(bounce_rules_count(f->rules) > 250);
	for (size_t i = 0; i < bounce_rules_count(f->rules); i++) {
		const struct bounce_rule *r = bounce_rules_get(f->rules, i);
		struct rule_match m = {0};
		bool found = explains(f, r->example, 0, &m);
		if (!found || m.rule != r) {
			wrong++;
			fprintf(stderr, "%s:%u: the example of %.*s is explained by %.*s\n",
				r->file, r->line, STR_ARG(r->name), found ? (int)m.rule->name.n : 7,
				found ? m.rule->name.p : "no rule");
		} else if (explains(f, r->example, i + 1, &m) && m.rule->cause == r->cause &&
			m.rule->sure >= r->sure) {
			wrong++;
			fprintf(stderr,
				"%s:%u: without %.*s, %.*s would explain its example as surely\n",
				r->file, r->line, STR_ARG(r->name), STR_ARG(m.rule->name));
		}
	}
	assert_int_equal(wrong, 0);
}

/* A server's words, and what they mean: the order of the rules decides. */
static void
test_order(void **state)
{
	static const struct {
		const char *text;
		enum cause_id cause;
	} cases[] = {
		/* Words before codes. */
		{"550 5.1.1 the host 192.0.2.1 has no PTR", CAUSE_NO_PTR},
		{"550 5.7.26 DMARC of a.example says reject", CAUSE_DMARC_FAIL},
		/* What a server says of the sender, whatever the words have of users. */
		{"550 Sender verify failed: 550 User unknown", CAUSE_SENDER_VERIFY_FAILED},
		/* The name of a mailbox or a host is no reason. */
		{"550 5.1.1 <spam.virus@quota.example>: user unknown", CAUSE_USER_UNKNOWN},
		/* Codes where nothing else is said. */
		{"552 5.2.2 x", CAUSE_MAILBOX_FULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule_match m;
		if (!explains(f, str_of(cases[i].text), 0, &m) || m.rule->cause != cases[i].cause)
			fail_msg("\"%s\" is not %s", cases[i].text, cause_get(cases[i].cause)->id);
	}
}

static void
test_own_rules(void **state)
{
	struct fixture *f = *state;
	struct errbuf e = {0};
	struct rule_match m;
	const char *own = "# ours\n"
			  "provider here\n\ttitle Our own server\n\thosts mx.here.example\n"
			  "sure 99\n"
			  "rule ours-wombat policy_rejected\n"
			  "\ttext wom\n\t\tbat (?<domain>[a-z.]+)\n"
			  "\tfrom here\n"
			  "\texample 550 wombat a.example\n";

	size_t before = bounce_rules_count(f->rules);
	assert_true(bounce_rules_add(f->rules, "own", str_of(own), &e));
	assert_int_equal(bounce_rules_count(f->rules), before + 1);
	assert_true(explains(f, STR("550 5.1.1 User unknown Wombat B.Example"), 0, &m));
	assert_int_equal(m.rule->cause, CAUSE_POLICY_REJECTED);
	assert_int_equal(m.rule->sure, 99);
	assert_int_equal(m.n, 1);
	assert_true(str_eq(m.capture[0].value, STR("B.Example")));
	assert_true(str_eq(m.words, STR("Wombat B.Example")));
	assert_true(bounce_rules_add(f->rules, "unless",
		STR("rule ours-quoll policy_rejected 99\n\ttext quoll\n\tunless tame|fed\n"
		    "\texample 550 a quoll\n"),
		&e));
	assert_true(explains(f, STR("550 5.7.1 the wild Quoll"), 0, &m));
	assert_true(str_eq(m.rule->name, STR("ours-quoll")));
	assert_true(str_eq(m.words, STR("Quoll")));
	assert_true(!explains(f, STR("550 5.7.1 a quoll that was fed"), 0, &m) ||
		!str_eq(m.rule->name, STR("ours-quoll")));
	struct explain_text none = {0};
	explain_text_fold(&f->a, STR("hello"), &none);
	const struct bounce_provider *p =
		bounce_provider_find(f->rules, STR("a.MX.here.example"), &none);
	assert_non_null(p);
	assert_true(str_eq(p->name, STR("here")));
	assert_null(bounce_provider_find(f->rules, STR("amx.here.example"), &none));
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *error;
		unsigned line;
	} cases[] = {
		{"rule a no_pt\n", "did you mean \"no_ptr\"?", 1},
		{"\n\ttext x\n", "before the first block", 2},
		{"rule a no_ptr\n\ttext (\n\texample x\n", "the pattern is wrong", 2},
		{"rule a no_ptr\n\ttext a\n", "no example", 1},
		{"rule a no_ptr\n\texample a\n", "no pattern", 1},
		{"rule a no_ptr 0\n", "from 1 to 99", 1},
		{"rule a no_ptr\n\ttext a\n\texample a\nrule a no_ptr\n", "already", 4},
		{"rule a no_ptr\n\ttext a\n\ttext b\n\texample a\n", "already", 3},
		{"rule a no_ptr\n\ttext a\n\tfrom nobody\n\texample a\n", "no provider \"nobody\"",
			1},
		{"rule a no_ptr\n\twords a\n", "no \"words\"", 2},
		{"provider x\n\thosts a.example\n", "no title", 1},
		{"rubbish\n", "a block begins with", 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct bounce_rules *fresh = bounce_rules_new(&f->a, &e);
		assert_non_null(fresh);
		assert_false(bounce_rules_add(fresh, "own", str_of(cases[i].text), &e));
		if (!strstr(e.text, cases[i].error) || e.line != cases[i].line)
			fail_msg("case %zu: line %u: %s", i, e.line, e.text);
		assert_string_equal(e.file, "own");
		bounce_rules_free(fresh);
	}
}

/* A pattern that would take for ever does not fit, at no great cost. */
static void
test_limits(void **state)
{
	struct fixture *f = *state;
	struct errbuf e = {0};
	struct rule_match m;
	char text[EXPLAIN_TEXT_MAX + 200];
	struct bounce_rules *fresh = bounce_rules_new(&f->a, &e);

	assert_true(bounce_rules_add(
		fresh, "own", STR("rule a virus\n\ttext (x+x+)+y\n\texample xxy\n"), &e));
	memset(text, 'x', sizeof(text));
	struct explain_text *folded = arena_new(&f->a, struct explain_text);
	explain_text_fold(&f->a, str_from(text, sizeof(text)), folded);
	assert_int_equal(folded->whole.n, EXPLAIN_TEXT_MAX);
	struct rule_input in = {folded, 0, STR(""), NULL};
	assert_false(bounce_rules_match(fresh, &in, 0, &m));
	bounce_rules_free(fresh);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_own_rules),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
