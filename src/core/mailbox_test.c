/* Unit tests of mailbox switches: how they are written, whose hold, and that none of them breaks
 * what the policy promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/mailbox_value.h"
#include "core/policy.h"

static struct arena arena;

/* Three checks: what each can find, and what that does. */
enum { BAD, WORSE, LATE, LATER, GOOD, FAILED, BLOCK, FRIEND, N_CODES };

#define CODES(prefix)                                                                           \
	{                                                                                       \
		[BAD] = {.id = prefix "_bad", .label = "bad", .text = "bad", .fix = "mend it"}, \
		[WORSE] = {.id = prefix "_worse", .label = "worse", .text = "worse"},           \
		[LATE] = {.id = prefix "_late", .label = "late", .text = "late", .late = true}, \
		[LATER] = {.id = prefix "_later", .label = "later", .text = "later"},           \
		[GOOD] = {.id = prefix "_good", .label = "good", .text = "good", .good = true}, \
		[FAILED] = {.id = prefix "_failed",                                             \
			.label = "failed",                                                      \
			.text = "failed",                                                       \
			.fix = "wait",                                                          \
			.temporary = true},                                                     \
		[BLOCK] = {.id = prefix "_block",                                               \
			.label = "block",                                                       \
			.text = "block",                                                        \
			.final = true},                                                         \
		[FRIEND] = {.id = prefix "_friend",                                             \
			.label = "friend",                                                      \
			.text = "friend",                                                       \
			.good = true},                                                          \
	}
static const struct finding_code codes[3][N_CODES] = {CODES("a"), CODES("b"), CODES("c")};
static const struct check check_a = {.name = "a", .codes = codes[0], .n_codes = N_CODES},
			  check_b = {.name = "b", .codes = codes[1], .n_codes = N_CODES},
			  check_c = {.name = "c", .codes = codes[2], .n_codes = FRIEND};
static const struct check *const checks[] = {&check_a, &check_b, &check_c};
static const struct check_set set = {3, checks, NULL};

#define ACTIONS(worse)                                                                      \
	{                                                                                   \
		[BAD] = {ACTION_SCORE, 400}, [WORSE] = worse, [LATE] = {ACTION_SCORE, 500}, \
		[LATER] = {ACTION_DEFER, 0}, [GOOD] = {ACTION_SCORE, -300},                 \
		[FAILED] = {ACTION_DEFER, 0}, [BLOCK] = {ACTION_REJECT, 0},                 \
		[FRIEND] = {ACTION_ACCEPT, 0},                                              \
	}
static const struct action mild[N_CODES] = ACTIONS({ACTION_TAG});
static const struct action strict[N_CODES] = ACTIONS({ACTION_REJECT});
/* The third check has nobody it lets in, so that a missing answer of it is no doubt. */
static const struct action mild_c[FRIEND] = {[BAD] = {ACTION_SCORE, 900},
	[LATER] = {ACTION_TAG, 0},
	[GOOD] = {ACTION_SCORE, -200},
	[FAILED] = {ACTION_OFF, 0}};
static const struct profile_actions profiles[PROFILES] = {
	[PROFILE_SCORE] = {{{mild, mild, mild_c}, {mild, mild, mild_c}}},
	[PROFILE_STRICT] = {{{strict, strict, strict}, {strict, strict, strict}}},
	[PROFILE_MONITOR] = {{{mild, mild, mild_c}, {mild, mild, mild_c}}},
};

static struct switches
switches(const char *text)
{
	struct switches s = {.set = 0};
	struct str rest = str_of(text), word;
	struct errbuf e = {0};

	while (str_word(&rest, &word))
		if (!switches_parse(word, &set, &s, &e))
			fail_msg("%s: %s", text, e.text);
	return s;
}

static struct mailboxes *
mailboxes(const char *const (*rows)[2], size_t n)
{
	struct mailboxes *m = mailboxes_new(&arena, n);

	for (size_t i = 0; i < n; i++) {
		struct mailbox *b = arena_new(&arena, struct mailbox);
		b->who = str_of(rows[i][0]);
		b->switches = switches(rows[i][1]);
		b->text = arena_printf(&arena, "%s %s", rows[i][0], rows[i][1]);
		mailboxes_add(m, b);
	}
	return m;
}

/* --- how they are written --- */

static void
test_words(void **state)
{
	static const struct {
		const char *text, *back; /* or what is wrong with it */
		bool ok;
	} cases[] = {
		{"skip=a", "skip=a", true},
		{"skip=b,a", "skip=a,b", true},
		{"skip=none", "skip=none", true},
		{"skip=a,b,c", "skip=all", true},
		{"only=b", "only=b", true},
		{"policy=off", "policy=off", true},
		{"policy=on", "policy=on", true},
		{"profile=monitor refuse=tag", "profile=monitor refuse=tag", true},
		{"refuse=accept", "refuse=accept", true},
		{"reject_at=5.5", "reject_at=5.5", true},
		{"reject_at=5 reject_at=12.25 defer_at=0", "reject_at=12.25 defer_at=0", true},
		{"skip=d", "unknown check \"d\"", false},
		{"skip=", "skip wants a value", false},
		{"skip", "skip wants a value", false},
		{"skp=a", "did you mean \"skip\"", false},
		{"only=none", "policy=off", false},
		{"profile=scores", "score", false},
		{"refuse=drop", "reject", false},
		{"reject_at=0", "reject_at", false},
		{"reject_at=much", "reject_at", false},
		{"defer_at=-1", "defer_at", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[MAILBOX_TEXT_MAX];
		struct buf b = BUF(room);
		struct str rest = str_of(cases[i].text), word;
		struct errbuf e = {0};
		struct switches s = {.set = 0};
		bool ok = true;
		while (ok && str_word(&rest, &word))
			ok = switches_parse(word, &set, &s, &e);
		switches_print(&s, &set, &b);
		if (ok != cases[i].ok || (ok && !str_eq(buf_str(&b), str_of(cases[i].back))) ||
			(!ok && !str_contains(str_of(e.text), str_of(cases[i].back))))
			fail_msg("%s: %.*s %s", cases[i].text, STR_ARG(buf_str(&b)), e.text);
	}
}

static void
test_values(void **state)
{
	static const char *const good[] = {"skip=a", "skip=none", "only=a,c", "policy=off",
		"policy=on", "profile=strict reject_at=7.25 defer_at=3",
		"skip=all only=b policy=on profile=score reject_at=10 defer_at=0.5 refuse=defer"};
	static const char *const bad[] = {"", "{}", "[]", "null", "{\"skip\":\"a\"}",
		"{\"skip\":[7]}", "{\"only\":[]}", "{\"only\":[\"unheard of\"]}",
		"{\"policy\":false}", "{\"policy\":\"maybe\"}", "{\"profile\":\"lax\"}",
		"{\"profile\":1}", "{\"reject_at\":0}", "{\"reject_at\":1e300}",
		"{\"reject_at\":\"5\"}", "{\"defer_at\":-1}", "{\"refuse\":\"drop\"}",
		"{\"refuse\":\"tag\",\"refuse\":\"tag\"}", "{\"other\":1}",
		"{\"refuse\":\"tag\",\"skip\":{}}"};

	for (size_t i = 0; i < COUNT(good); i++) {
		char room[MAILBOX_VALUE_MAX], text_room[MAILBOX_TEXT_MAX];
		struct buf json = BUF(room), text = BUF(text_room);
		struct switches want = switches(good[i]), got;
		mailbox_value_print(&want, &set, &json);
		assert_true(mailbox_value_parse(buf_str(&json), &set, &got));
		switches_print(&got, &set, &text);
		if (!str_eq(buf_str(&text), str_of(good[i])))
			fail_msg("%s: %.*s", good[i], STR_ARG(buf_str(&text)));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct switches got;
		if (mailbox_value_parse(str_of(bad[i]), &set, &got))
			fail_msg("%s", bad[i]);
	}
}

static void
test_canonical(void **state)
{
	static const char *const cases[][2] = {
		{"User@Example.ORG", "user@example.org"},
		{"@Example.ORG", "@example.org"},
		{"\"A b\"@example.org", "a b@example.org"},
		{"\"a\\\"b\"@example.org", "a\"b@example.org"},
		{"\"\\\"@example.org", "\\@example.org"},
		{"a@b@example.org", "a@b@example.org"},
		{"postmaster", NULL},
		{"user@", NULL},
		{"", NULL},
		{"@", NULL},
	};
	static char much[MAILBOX_WHO_MAX + 1];
	char room[MAILBOX_WHO_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b = BUF(room);
		bool ok = mailbox_canonical(str_of(cases[i][0]), &b);
		if (ok != (cases[i][1] != NULL) ||
			(ok && !str_eq(buf_str(&b), str_of(cases[i][1]))))
			fail_msg("%s: %.*s", cases[i][0], STR_ARG(buf_str(&b)));
	}
	memset(much, '@', sizeof(much));
	struct buf b = BUF(room);
	assert_false(mailbox_canonical(str_from(much, sizeof(much)), &b));
}

/* --- whose hold --- */

static void
test_layers(void **state)
{
	static const char *const rows[][2] = {
		{"@example.org", "skip=a refuse=tag reject_at=5"},
		{"user@example.org", "skip=b"},
		{"user+x@example.org", "refuse=reject"},
		{"+@example.org", "skip=c"},
		{"a b@example.org", "skip=c"},
	};
	static const struct {
		const char *rcpt, *delimiters, *want;
	} cases[] = {
		{"other@example.org", "+", "skip=a reject_at=5 refuse=tag"},
		{"USER@EXAMPLE.ORG", "+", "skip=b reject_at=5 refuse=tag"},
		{"user+y@example.org", "+", "skip=b reject_at=5 refuse=tag"},
		{"user+x@example.org", "+", "skip=b reject_at=5 refuse=reject"},
		{"user+x+y@example.org", "+", "skip=b reject_at=5 refuse=tag"},
		{"user-y@example.org", "+", "skip=a reject_at=5 refuse=tag"},
		{"user-y@example.org", "+-", "skip=b reject_at=5 refuse=tag"},
		{"user+y@example.org", "", "skip=a reject_at=5 refuse=tag"},
		/* No extension: a name does not begin with it. */
		{"+@example.org", "+", "skip=c reject_at=5 refuse=tag"},
		{"\"a b\"@example.org", "+", "skip=c reject_at=5 refuse=tag"},
		{"user@sub.example.org", "+", NULL},
		{"user@example.net", "+", NULL},
		{"postmaster", "+", NULL},
		{"", "+", NULL},
	};
	const struct mailboxes *m = mailboxes(rows, COUNT(rows));

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[MAILBOX_TEXT_MAX];
		struct buf b = BUF(room);
		struct mailbox_found f;
		bool found =
			mailboxes_find(m, str_of(cases[i].rcpt), str_of(cases[i].delimiters), &f);
		if (found)
			switches_print(&f.switches, &set, &b);
		if (found != (cases[i].want != NULL) ||
			(found && !str_eq(buf_str(&b), str_of(cases[i].want))))
			fail_msg("%s: %.*s", cases[i].rcpt, STR_ARG(buf_str(&b)));
	}
	struct mailbox_found f;
	assert_false(mailboxes_find(NULL, STR("user@example.org"), STR("+"), &f));
}

/* --- what is judged --- */

struct found_codes {
	size_t n;
	struct finding f[24];
	const struct finding *list[24];
};

static void
add_finding(struct found_codes *all, unsigned check, unsigned code)
{
	must(all->n < COUNT(all->f));
	all->f[all->n] = (struct finding){.code = &codes[check][code], .check = (uint8_t)check};
	all->list[all->n] = &all->f[all->n];
	all->n++;
}

static struct verdict
judged(const struct policy *p, const struct found_codes *all, const char *rcpt)
{
	static const struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};
	const struct result r = {.n = all->n, .finding = all->list, .confirmed = {"", 0}};
	const struct judgement j = {.policy = p,
		.checks = &set,
		.result = &r,
		.client = &ip,
		.rcpt = str_of(rcpt),
		.case_id = STR("ID")};
	struct verdict v;

	policy_judge(&j, &arena, &v);
	return v;
}

static struct policy
policy_of(const struct mailboxes *m)
{
	struct policy p = {.reject_at = 800,
		.profiles = profiles,
		.mailboxes = m,
		.delimiters = STR("+"),
		.first_defers = true};

	memcpy(p.actions, profiles[PROFILE_SCORE].of, sizeof(p.actions));
	return p;
}

static void
test_verdicts(void **state)
{
	static const char *const rows[][2] = {
		{"skip@example.org", "skip=a"},
		{"only@example.org", "only=b"},
		{"off@example.org", "policy=off"},
		{"strict@example.org", "profile=strict"},
		{"monitor@example.org", "profile=monitor"},
		{"hard@example.org", "reject_at=4"},
		{"soft@example.org", "reject_at=8.01 defer_at=8"},
		{"tag@example.org", "refuse=tag"},
		{"accept@example.org", "refuse=accept"},
		{"defer@example.org", "refuse=defer"},
		{"hold@example.org", "refuse=quarantine"},
		{"reject@example.org", "refuse=reject"},
		{"postmaster@example.org", "reject_at=1"},
	};
	static const struct {
		const char *rcpt;
		int kind, would, code;
		const char *because;
	} cases[] = {
		{"user", VERDICT_REJECT, VERDICT_REJECT, 550, NULL},
		{"skip", VERDICT_ACCEPT, VERDICT_ACCEPT, 0, NULL},
		{"only", VERDICT_ACCEPT, VERDICT_ACCEPT, 0, NULL},
		{"off", VERDICT_ACCEPT, VERDICT_REJECT, 0, "the policy is off for this mailbox"},
		{"strict", VERDICT_REJECT, VERDICT_REJECT, 550, NULL},
		{"monitor", VERDICT_ACCEPT, VERDICT_REJECT, 0, "monitor profile"},
		{"hard", VERDICT_REJECT, VERDICT_REJECT, 550, NULL},
		{"soft", VERDICT_DEFER, VERDICT_DEFER, 451, NULL},
		{"tag", VERDICT_TAG, VERDICT_REJECT, 0, "this mailbox does not refuse"},
		{"accept", VERDICT_ACCEPT, VERDICT_REJECT, 0, "this mailbox does not refuse"},
		{"defer", VERDICT_DEFER, VERDICT_REJECT, 451, "this mailbox does not refuse"},
		{"hold", VERDICT_QUARANTINE, VERDICT_REJECT, 0, "this mailbox does not refuse"},
		{"reject", VERDICT_REJECT, VERDICT_REJECT, 550, NULL},
		{"postmaster", VERDICT_ACCEPT, VERDICT_REJECT, 0,
			"postmaster and abuse are always reachable"},
	};
	const struct policy p = policy_of(mailboxes(rows, COUNT(rows)));
	struct found_codes all = {.n = 0};

	add_finding(&all, 0, BAD);
	add_finding(&all, 1, BAD);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char rcpt[64];
		snprintf(rcpt, sizeof(rcpt), "%s@example.org", cases[i].rcpt);
		struct verdict v = judged(&p, &all, rcpt);
		if ((int)v.kind != cases[i].kind || (int)v.would != cases[i].would ||
			v.code != cases[i].code)
			fail_msg("%s: %s, would %s, %d", rcpt, verdict_name(v.kind),
				verdict_name(v.would), v.code);
		if (cases[i].because)
			assert_string_equal(v.because, cases[i].because);
		else
			assert_null(v.because);
		/* The switches that hold are named, and 4xx and 5xx are what they say. */
		assert_int_equal(v.mailbox.n > 0, i > 0);
		assert_true(!v.code || v.enhanced.p[0] == '0' + v.code / 100);
	}
}

/* The words that a profile of one's own puts into the log are those of that profile. */
static void
test_actions_as_they_counted(void **state)
{
	static const char *const rows[][2] = {
		{"strict@example.org", "profile=strict"}, {"skip@example.org", "skip=a"}};
	static const struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};
	const struct policy p = policy_of(mailboxes(rows, COUNT(rows)));
	struct found_codes all = {.n = 0};

	add_finding(&all, 0, WORSE);
	struct verdict v = judged(&p, &all, "user@example.org");
	assert_int_equal(policy_action_in(&v, &set, &all.f[0], &ip).kind, ACTION_TAG);
	v = judged(&p, &all, "strict@example.org");
	assert_int_equal(v.kind, VERDICT_REJECT);
	assert_int_equal(policy_action_in(&v, &set, &all.f[0], &ip).kind, ACTION_REJECT);
	v = judged(&p, &all, "skip@example.org");
	assert_int_equal(v.kind, VERDICT_ACCEPT);
	assert_int_equal(policy_action_in(&v, &set, &all.f[0], &ip).kind, ACTION_OFF);
}

static void
test_all_recipients(void **state)
{
	static const char *const rows[][2] = {{"tag@example.org", "refuse=tag"},
		{"off@example.org", "policy=off"}, {"defer@example.org", "refuse=defer"},
		{"hold@example.org", "refuse=quarantine"}};
	static const struct {
		const char *rcpt[4];
		enum verdict_kind kind;
	} cases[] = {
		{{NULL}, VERDICT_REJECT},
		{{"user@example.org"}, VERDICT_REJECT},
		{{"user@example.org", "other@example.org"}, VERDICT_REJECT},
		{{"user@example.org", "off@example.org"}, VERDICT_ACCEPT},
		{{"off@example.org", "user@example.org"}, VERDICT_ACCEPT},
		{{"user@example.org", "defer@example.org"}, VERDICT_DEFER},
		{{"defer@example.org", "tag@example.org", "user@example.org"}, VERDICT_TAG},
		{{"tag@example.org", "user@example.org", "off@example.org"}, VERDICT_ACCEPT},
		{{"user@example.org", "hold@example.org", "defer@example.org"}, VERDICT_QUARANTINE},
		{{"tag@example.org", "hold@example.org"}, VERDICT_TAG},
		{{"user@example.org", "postmaster@example.org"}, VERDICT_ACCEPT},
	};
	static const struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};
	const struct policy p = policy_of(mailboxes(rows, COUNT(rows)));
	struct found_codes all = {.n = 0};

	add_finding(&all, 2, BAD);
	const struct result r = {.n = all.n, .finding = all.list, .confirmed = {"", 0}};
	const struct judgement j = {.policy = &p, .checks = &set, .result = &r, .client = &ip};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str rcpt[4];
		struct verdict v;
		size_t n = 0;
		for (; n < 4 && cases[i].rcpt[n]; n++)
			rcpt[n] = str_of(cases[i].rcpt[n]);
		policy_judge_all(&j, rcpt, n, &arena, &v);
		if (v.kind != cases[i].kind)
			fail_msg("%zu: %s", i, verdict_name(v.kind));
	}
}

/* Where mail is to arrive in any case, what an action holds arrives too. */
static void
test_held_by_an_action(void **state)
{
	static const char *const rows[][2] = {{"tag@example.org", "refuse=tag"},
		{"accept@example.org", "refuse=accept"}, {"defer@example.org", "refuse=defer"}};
	static const struct action hold[N_CODES] = ACTIONS({ACTION_QUARANTINE});
	struct policy p = policy_of(mailboxes(rows, COUNT(rows)));
	struct found_codes all = {.n = 0};

	p.actions[0][0] = hold;
	add_finding(&all, 0, WORSE);
	assert_int_equal(judged(&p, &all, "user@example.org").kind, VERDICT_QUARANTINE);
	assert_int_equal(judged(&p, &all, "defer@example.org").kind, VERDICT_QUARANTINE);
	assert_int_equal(judged(&p, &all, "tag@example.org").kind, VERDICT_TAG);
	assert_int_equal(judged(&p, &all, "accept@example.org").kind, VERDICT_ACCEPT);
	assert_int_equal(judged(&p, &all, "abuse@example.org").kind, VERDICT_ACCEPT);
}

/* --- what holds under any switches --- */

static struct switches
random_switches(void)
{
	struct switches s = {.set = (unsigned)rand() % (1U << MAILBOX_KEYS),
		.skip = (uint64_t)rand() % 8,
		.only = 1 + (uint64_t)rand() % 7,
		.off = rand() % 8 == 0,
		.profile = (enum profile)(rand() % PROFILES),
		.reject_at = 100 + 100 * (rand() % 16),
		.defer_at = 100 * (rand() % 16),
		.refuse = (enum verdict_kind)(rand() % VERDICT_KINDS)};

	if (rand() % 2)
		s.set &= ~(1U << MAILBOX_REFUSE);
	if (rand() % 2)
		s.set &= ~(1U << MAILBOX_PROFILE);
	return s;
}

static unsigned
check_n(unsigned check)
{
	return (unsigned)checks[check]->n_codes;
}

/* The same findings, but what is temporary of a check is now one of these, once, or nothing. */
static struct found_codes
answered(const struct found_codes *all, unsigned code)
{
	struct found_codes out = {.n = 0};
	unsigned done = 0;

	for (size_t i = 0; i < all->n; i++) {
		unsigned check = all->f[i].check;
		if (!all->f[i].code->temporary)
			add_finding(&out, check, (unsigned)(all->f[i].code - codes[check]));
		else if (code < N_CODES && !(done >> check & 1))
			add_finding(&out, check, code < check_n(check) ? code : GOOD);
		if (all->f[i].code->temporary)
			done |= 1U << check;
	}
	return out;
}

static struct found_codes
without(const struct found_codes *all, uint64_t spared)
{
	struct found_codes out = {.n = 0};

	for (size_t i = 0; i < all->n; i++)
		if (!(spared >> all->f[i].check & 1))
			add_finding(&out, all->f[i].check,
				(unsigned)(all->f[i].code - codes[all->f[i].check]));
	return out;
}

static void
check_promises(const struct policy *p, const struct switches *s, const struct found_codes *all)
{
	struct verdict v = judged(p, all, "user@example.org");
	bool set_refuse = s->set >> MAILBOX_REFUSE & 1;

	/* A reply has the class of its verdict, and only a refusal or deferral has one. */
	assert_int_equal(v.code / 100,
		v.kind == VERDICT_REJECT	  ? 5
			: v.kind == VERDICT_DEFER ? 4
						  : 0);
	assert_int_equal(v.code != 0, v.one_line.n != 0);
	if (s->off && s->set >> MAILBOX_POLICY & 1)
		assert_int_equal(v.kind, VERDICT_ACCEPT);
	if (set_refuse)
		assert_true(v.kind <= s->refuse || v.kind < VERDICT_QUARANTINE);
	/* What is spared counts for nothing. */
	struct found_codes rest = without(all, switches_spare(s, 3));
	struct verdict same = judged(p, &rest, "user@example.org");
	assert_true(v.kind == same.kind && v.score == same.score);
	assert_int_equal(judged(p, all, "abuse@example.org").kind, VERDICT_ACCEPT);
	if (v.kind != VERDICT_REJECT)
		return;
	/* A refusal does not rest on what is missing: neither if it was nothing, nor good news. */
	assert_false(v.main && v.main->code->temporary);
	static const unsigned news[] = {N_CODES, GOOD, FRIEND};
	for (size_t i = 0; i < COUNT(news); i++) {
		struct found_codes then = answered(all, news[i]);
		assert_int_equal(judged(p, &then, "user@example.org").kind, VERDICT_REJECT);
	}
}

static void
test_promises(void **state)
{
	unsigned refused = 0;

	srand(9);
	for (unsigned round = 0; round < 50000; round++) {
		struct switches s = random_switches();
		struct mailbox b = {.who = STR("user@example.org"),
			.switches = s,
			.text = STR("user@example.org")};
		struct mailbox abuse = b;
		abuse.who = STR("abuse@example.org");
		struct mailboxes *m = mailboxes_new(&arena, 2);
		mailboxes_add(m, &b);
		mailboxes_add(m, &abuse);
		const struct policy p = policy_of(m);
		struct found_codes all = {.n = 0};
		for (unsigned n = 1 + (unsigned)rand() % 5; n > 0; n--) {
			unsigned check = (unsigned)rand() % 3;
			add_finding(&all, check,
				(unsigned)rand() % (unsigned)(check == 2 ? FRIEND : N_CODES));
		}
		check_promises(&p, &s, &all);
		refused += judged(&p, &all, "user@example.org").kind == VERDICT_REJECT;
		arena_reset(&arena);
	}
	assert_true(refused > 5000 && refused < 45000);
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_actions_as_they_counted),
		cmocka_unit_test(test_all_recipients),
		cmocka_unit_test(test_held_by_an_action),
		cmocka_unit_test(test_promises),
	};

	arena_init(&arena, 65536, (size_t)64 << 20);
	return cmocka_run_group_tests(tests, NULL, teardown);
}
