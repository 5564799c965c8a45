/* Unit tests of what accepts, of what no accept undoes, and of replies that findings bring along.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/policy.h"

enum { BAD, DENY, LATER, BLOCK, ALLOW, UNSURE, HOLD, MARK, TIMEOUT, END = -1 };

static const struct finding_code codes[] = {
	[BAD] = {.id = "bad", .label = "bad thing", .text = "it is bad"},
	[DENY] = {.id = "deny", .label = "worse", .text = "it is worse", .fix = "mend it"},
	[LATER] = {.id = "later", .label = "not now", .text = "not now"},
	[BLOCK] = {.id = "block",
		.label = "blocked",
		.text = "{who} is blocked",
		.fix = "ask us",
		.code = 553,
		.final = true},
	[ALLOW] = {.id = "allow", .text = "{who} is a friend", .good = true},
	[UNSURE] = {.id = "unsure", .text = "who knows", .temporary = true},
	[HOLD] = {.id = "hold", .label = "strange", .text = "it is strange"},
	[MARK] = {.id = "mark", .label = "odd", .text = "it is odd"},
};
static const struct finding_code other_codes[] = {{.id = "timeout", .temporary = true}};
static const struct action actions[] = {[BAD] = {ACTION_SCORE, 800},
	[DENY] = {ACTION_REJECT, 0},
	[LATER] = {ACTION_DEFER, 0},
	[BLOCK] = {ACTION_REJECT, 0},
	[ALLOW] = {ACTION_ACCEPT, 0},
	[UNSURE] = {ACTION_OFF, 0},
	[HOLD] = {ACTION_QUARANTINE, 0},
	[MARK] = {ACTION_TAG, 0}};
static const struct action other_actions[] = {{ACTION_DEFER, 0}};
static const struct check check = {.name = "c", .codes = codes, .n_codes = COUNT(codes)};
static const struct check other = {.name = "o", .codes = other_codes, .n_codes = 1};
static const struct check *const checks[] = {&check, &other};
static const struct check_set set = {2, checks, NULL};
static struct policy policy = {
	.reject_at = 800, .actions = {{actions, other_actions}, {actions, other_actions}}};

/* One judgement: what was found, and with which reply the block is. */
struct judged {
	struct arena a;
	struct finding f[6];
	const struct finding *list[6];
	struct verdict v;
};

static void
judge(struct judged *g, const int *found, struct finding_reply reply, struct str rcpt)
{
	static const struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};
	struct result r = {.finding = g->list, .confirmed = {"", 0}};
	const struct judgement j = {
		.policy = &policy, .checks = &set, .result = &r, .client = &ip, .rcpt = rcpt};

	arena_init(&g->a, 1024, 65536);
	for (; found[r.n] != END; r.n++) {
		int k = found[r.n];
		g->f[r.n] = (struct finding){
			.code = k == TIMEOUT ? &other_codes[0] : &codes[k], .check = k == TIMEOUT};
		finding_note(&g->f[r.n], "who", STR("joe"));
		if (k == BLOCK)
			g->f[r.n].reply = reply;
		g->list[r.n] = &g->f[r.n];
	}
	policy_judge(&j, &g->a, &g->v);
}

static void
test_accept(void **state)
{
	static const struct {
		const char *name;
		int found[5];
		enum verdict_kind kind;
		bool temporary;
		const char *because;
	} cases[] = {
		{"alone", {ALLOW, END}, VERDICT_ACCEPT, false, "allow: joe is a friend"},
		{"over a score", {BAD, ALLOW, END}, VERDICT_ACCEPT, false,
			"allow: joe is a friend"},
		{"over a refusal", {DENY, ALLOW, END}, VERDICT_ACCEPT, false,
			"allow: joe is a friend"},
		{"over a deferral", {LATER, ALLOW, TIMEOUT, END}, VERDICT_ACCEPT, false,
			"allow: joe is a friend"},
		{"not over a block", {BLOCK, ALLOW, END}, VERDICT_REJECT, false, NULL},
		{"whatever the order", {ALLOW, BLOCK, END}, VERDICT_REJECT, false, NULL},
		/* Where what accepts may have been missed, nothing but a block refuses. */
		{"doubt and a score", {BAD, UNSURE, END}, VERDICT_DEFER, true, NULL},
		{"doubt and a refusal", {DENY, UNSURE, END}, VERDICT_DEFER, true, NULL},
		{"doubt and a block", {BLOCK, UNSURE, END}, VERDICT_REJECT, false, NULL},
		{"doubt, a block, a refusal", {DENY, BLOCK, UNSURE, END}, VERDICT_REJECT, false,
			NULL},
		{"doubt and nothing bad", {UNSURE, END}, VERDICT_ACCEPT, false, NULL},
		{"doubt elsewhere", {BAD, TIMEOUT, END}, VERDICT_REJECT, false, NULL},
		{"doubt, but it was found", {DENY, ALLOW, UNSURE, END}, VERDICT_ACCEPT, false,
			"allow: joe is a friend"},
		{"held", {HOLD, END}, VERDICT_QUARANTINE, false, NULL},
		{"held rather than tagged", {MARK, HOLD, END}, VERDICT_QUARANTINE, false, NULL},
		{"refused rather than held", {HOLD, BAD, END}, VERDICT_REJECT, false, NULL},
		{"put off rather than held", {HOLD, LATER, END}, VERDICT_DEFER, false, NULL},
		{"held without an answer", {HOLD, TIMEOUT, END}, VERDICT_DEFER, true, NULL},
		{"a friend's is not held", {HOLD, ALLOW, END}, VERDICT_ACCEPT, false,
			"allow: joe is a friend"},
		{"perhaps a friend's", {HOLD, UNSURE, END}, VERDICT_DEFER, true, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct judged g;
		judge(&g, cases[i].found, (struct finding_reply){.code = 0}, STR("joe@example"));
		if (g.v.kind != cases[i].kind || g.v.temporary != cases[i].temporary)
			fail_msg("%s: %s", cases[i].name, verdict_name(g.v.kind));
		if (cases[i].because)
			assert_string_equal(g.v.because, cases[i].because);
		else
			assert_null(g.v.because);
		arena_done(&g.a);
	}
}

static void
test_reply(void **state)
{
	static const struct {
		unsigned code;
		const char *enhanced, *text; /* of the finding */
		int found[4];
		const char *want;
	} cases[] = {
		{0, "", "", {BLOCK, END}, "553 5.7.1 joe is blocked: ask us"},
		{554, "5.7.123", "go away", {BLOCK, END}, "554 5.7.123 go away"},
		{554, "5.7.123", "", {BLOCK, END}, "554 5.7.123 joe is blocked: ask us"},
		{450, "4.2.1", "come back", {BLOCK, END}, "450 4.2.1 come back"},
		/* What the administrator says comes before what the program says. */
		{554, "5.7.1", "go away", {DENY, BLOCK, END}, "554 5.7.1 go away"},
		{450, "4.2.1", "come back", {LATER, BLOCK, END}, "450 4.2.1 come back"},
		{450, "4.2.1", "come back", {BLOCK, DENY, END}, "450 4.2.1 come back"},
		{450, "4.2.1", "come back", {ALLOW, BLOCK, END}, "450 4.2.1 come back"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (int terse = 0; terse < 2; terse++) {
			char room[REPLY_MAX];
			struct buf b = BUF(room);
			struct judged g;
			policy.terse = terse;
			judge(&g, cases[i].found,
				(struct finding_reply){(uint16_t)cases[i].code,
					str_of(cases[i].enhanced), str_of(cases[i].text)},
				STR("joe@example"));
			buf_printf(&b, "%u %.*s %.*s", g.v.code, STR_ARG(g.v.enhanced),
				STR_ARG(g.v.one_line));
			/* Few words are for the program's own sentences. */
			if ((!terse ||
				    (cases[i].text[0] &&
					    str_contains(str_of(cases[i].want),
						    str_of(cases[i].text)))) &&
				!str_eq(buf_str(&b), str_of(cases[i].want)))
				fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)),
					cases[i].want);
			assert_false(g.v.temporary);
			arena_done(&g.a);
		}
	policy.terse = false;
}

/* A deferral by [actions] of a reply that refuses: the class follows the verdict. */
static void
test_reply_of_another_class(void **state)
{
	static const struct action deferring[COUNT(codes)] = {[BLOCK] = {ACTION_DEFER, 0}};
	static const struct action scoring[COUNT(codes)] = {[BLOCK] = {ACTION_SCORE, 900}};
	static const int found[] = {BLOCK, END};
	struct judged g;

	policy.actions[0][0] = deferring;
	judge(&g, found, (struct finding_reply){553, STR("5.7.1"), STR("no")}, STR("joe@example"));
	assert_int_equal(g.v.code, 451);
	assert_true(str_eq(g.v.enhanced, STR("4.7.1")) && str_eq(g.v.one_line, STR("no")));
	arena_done(&g.a);
	policy.actions[0][0] = scoring;
	judge(&g, found, (struct finding_reply){450, STR("4.7.9"), STR("no")}, STR("joe@example"));
	assert_int_equal(g.v.code, 553);
	assert_true(str_eq(g.v.enhanced, STR("5.7.1")) && str_eq(g.v.one_line, STR("no")));
	arena_done(&g.a);
	policy.actions[0][0] = actions;
}

/* Other things that let in come after: they say what it would have been. */
static void
test_others_that_accept(void **state)
{
	static const int blocked[] = {BLOCK, END}, allowed[] = {DENY, ALLOW, END};
	const struct finding_reply none = {.code = 0};
	struct judged g;

	judge(&g, blocked, none, STR("postmaster@example"));
	assert_int_equal(g.v.kind, VERDICT_ACCEPT);
	assert_int_equal(g.v.would, VERDICT_REJECT);
	arena_done(&g.a);
	policy.profile = PROFILE_MONITOR;
	judge(&g, allowed, none, STR("joe@example"));
	assert_int_equal(g.v.would, VERDICT_ACCEPT);
	assert_string_equal(g.v.because, "allow: joe is a friend");
	arena_done(&g.a);
	policy.profile = PROFILE_SCORE;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_reply_of_another_class),
		cmocka_unit_test(test_others_that_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
