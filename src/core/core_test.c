/* Unit tests of finding, policy's small parts, recall and health.  How verdicts come about is
 * tested by the scenarios in tests/scenario. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/health.h"
#include "core/policy.h"
#include "core/recall.h"

static void
test_actions(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		struct action action;
	} cases[] = {
		{"off", true, {ACTION_OFF, 0}},
		{"score 4", true, {ACTION_SCORE, 400}},
		{"score -0.5", true, {ACTION_SCORE, -50}},
		{"Score +2.25", true, {ACTION_SCORE, 225}},
		{"reject", true, {ACTION_REJECT, 0}},
		{"accept", true, {ACTION_ACCEPT, 0}},
		{" defer ", true, {ACTION_DEFER, 0}},
		{"tag", true, {ACTION_TAG, 0}},
		{"quarantine", true, {ACTION_QUARANTINE, 0}},
		{"score", false, {0}},
		{"score x", false, {0}},
		{"score 1.234", false, {0}},
		{"score 1.", false, {0}},
		{"score 99999", false, {0}},
		{"score 4 5", false, {0}},
		{"reject now", false, {0}},
		{"refuse", false, {0}},
		{"", false, {0}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct action a = {0};
		char room[32];
		struct buf b = BUF(room);
		if (action_parse(str_of(cases[i].text), &a, &e) != cases[i].ok)
			fail_msg("\"%s\": %s", cases[i].text, e.text);
		assert_int_equal(e.count != 0, !cases[i].ok);
		assert_int_equal(a.kind, cases[i].action.kind);
		assert_int_equal(a.points, cases[i].action.points);
		if (!cases[i].ok)
			continue;
		/* What is printed reads back as the same. */
		action_print(a, &b);
		struct action again;
		assert_true(action_parse(buf_str(&b), &again, &e));
		assert_int_equal(again.kind, a.kind);
		assert_int_equal(again.points, a.points);
	}
	struct errbuf e = {0};
	struct action a;
	assert_false(action_parse(STR("rejct"), &a, &e));
	assert_non_null(strstr(e.text, "did you mean \"reject\""));
}

static void
test_points(void **state)
{
	static const struct {
		int32_t points;
		bool sign;
		const char *text;
	} cases[] = {
		{400, false, "4"},
		{400, true, "+4"},
		{-200, true, "-2"},
		{50, true, "+0.5"},
		{225, false, "2.25"},
		{-5, false, "-0.05"},
		{0, true, "+0"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[32];
		struct buf b = BUF(room);
		points_print(cases[i].points, cases[i].sign, &b);
		if (!str_eq(buf_str(&b), str_of(cases[i].text)))
			fail_msg("%d: %.*s", cases[i].points, STR_ARG(buf_str(&b)));
	}
}

static void
test_always_reachable(void **state)
{
	static const struct {
		const char *rcpt;
		bool yes;
	} cases[] = {
		{"postmaster@example.net", true},
		{"PostMaster@example.net", true},
		{"postmaster", true},
		{"abuse@example.net", true},
		{"abuse", false},
		{"notpostmaster@example.net", false},
		{"postmaster+x@example.net", false},
		{"a@postmaster", false},
		{"", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rcpt_is_always_reachable(str_of(cases[i].rcpt)), cases[i].yes);
}

static void
test_fill(void **state)
{
	static const struct finding_code code = {.id = "x"};
	struct findings out = {.n = 0};
	struct finding *f = found(&out, &code);
	char room[64];
	struct buf b = BUF(room);

	finding_note(f, "client", STR("203.0.113.5"));
	finding_note(f, "name", STR("evil\r\n250 ok"));
	assert_true(finding_fill(f, "{client} is {name}.", &b));
	assert_true(str_eq(buf_str(&b), STR("203.0.113.5 is evil\\013\\010250 ok.")));
	buf_reset(&b);
	assert_false(finding_fill(f, "{client} has {addresses}", &b));
	assert_true(str_eq(buf_str(&b), STR("203.0.113.5 has ")));
	assert_true(str_eq(finding_get(f, "client"), STR("203.0.113.5")));
	assert_int_equal(finding_get(f, "none").n, 0);
}

/* --- what waiting may put right --- */

static const struct finding_code late_codes[] = {{.id = "late", .late = true},
	{.id = "half", .late = true}, {.id = "no", .late = true}, {.id = "bad"}, {.id = "worse"},
	{.id = "deny"}, {.id = "good"}, {.id = "temp", .temporary = true, .enhanced = "4.4.3"}};
static const struct action late_actions[] = {{ACTION_SCORE, 800}, {ACTION_SCORE, 400},
	{ACTION_REJECT, 0}, {ACTION_SCORE, 500}, {ACTION_SCORE, 800}, {ACTION_REJECT, 0},
	{ACTION_SCORE, -200}, {ACTION_DEFER, 0}};
enum { LATE, HALF, NO, BAD, WORSE, DENY, GOOD, TEMP, END = -1 };
static const struct check late_check = {
	.name = "c", .codes = late_codes, .n_codes = COUNT(late_codes)};
static const struct check *const late_checks[] = {&late_check};

static void
test_first_defers(void **state)
{
	static const struct {
		const char *name;
		int found[5];
		enum verdict_kind kind;
		bool first_defers;
	} cases[] = {
		{"it alone refuses by score", {LATE, END}, VERDICT_REJECT, true},
		{"it alone refuses by action", {NO, END}, VERDICT_REJECT, true},
		{"two of its kind", {LATE, NO, END}, VERDICT_REJECT, true},
		{"the rest does not reach", {LATE, BAD, END}, VERDICT_REJECT, true},
		{"without it the sum does not reach", {HALF, BAD, END}, VERDICT_REJECT, true},
		{"the rest reaches", {LATE, WORSE, END}, VERDICT_REJECT, false},
		{"the rest reaches, it refuses by action", {NO, WORSE, END}, VERDICT_REJECT, false},
		{"a reward takes the rest below", {LATE, WORSE, GOOD, END}, VERDICT_REJECT, true},
		{"another refuses by action", {LATE, DENY, END}, VERDICT_REJECT, false},
		{"another refuses first", {DENY, NO, END}, VERDICT_REJECT, false},
		{"a reward that may be missing takes the rest below", {LATE, WORSE, TEMP, END},
			VERDICT_REJECT, true},
		{"it is not in it", {WORSE, END}, VERDICT_REJECT, false},
		{"too little to refuse", {HALF, END}, VERDICT_ACCEPT, false},
		{"put off anyway", {HALF, TEMP, END}, VERDICT_DEFER, false},
	};
	const struct check_set late_set = {1, late_checks, NULL};
	struct policy p = {.reject_at = 800, .actions = {{late_actions}, {late_actions}}};
	struct ip ip = {.len = 4, .b = {192, 0, 2, 1}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct finding f[5];
		const struct finding *list[5];
		struct result r = {.finding = list, .confirmed = {"", 0}};
		struct judgement j = {
			.policy = &p, .checks = &late_set, .result = &r, .client = &ip};
		struct arena a;
		struct verdict v;
		for (; cases[i].found[r.n] != END; r.n++) {
			f[r.n] = (struct finding){.code = &late_codes[cases[i].found[r.n]]};
			list[r.n] = &f[r.n];
		}
		arena_init(&a, 1024, 65536);
		for (int on = 0; on < 2; on++) {
			p.first_defers = on;
			policy_judge(&j, &a, &v);
			if (v.kind != cases[i].kind ||
				v.first_defers != (on && cases[i].first_defers))
				fail_msg("%s: %s%s", cases[i].name, verdict_name(v.kind),
					v.first_defers ? ", first defers" : "");
		}
		p.profile = PROFILE_MONITOR;
		policy_judge(&j, &a, &v);
		p.profile = PROFILE_SCORE;
		assert_false(v.first_defers);
		arena_done(&a);
	}
}

#define HOUR UINT64_C(3600000)

static void
test_recall(void **state)
{
	_Alignas(64) static char room[1 << 20];
	size_t n = 4096;
	struct ip a, b;

	assert_true(recall_size(n) <= sizeof(room));
	struct recall *r = recall_on(room, n);
	assert_true(ip_parse(STR("203.0.113.5"), &a));
	assert_true(ip_parse(STR("203.0.113.6"), &b));
	uint64_t now = 77 * HOUR;
	assert_false(recall_seen(r, &a, STR("s@x"), STR("r@y"), now, 4 * HOUR));
	assert_true(recall_seen(r, &a, STR("s@x"), STR("r@y"), now + 1000, 4 * HOUR));
	assert_true(recall_seen(r, &a, STR("s@x"), STR("r@y"), now + 4 * HOUR - 1000, 4 * HOUR));
	/* Each part of the key counts. */
	assert_false(recall_seen(r, &b, STR("s@x"), STR("r@y"), now, 4 * HOUR));
	assert_false(recall_seen(r, &a, STR("t@x"), STR("r@y"), now, 4 * HOUR));
	assert_false(recall_seen(r, &a, STR("s@x"), STR("q@y"), now, 4 * HOUR));
	/* After the window it is deferred again, and noted again. */
	assert_false(recall_seen(r, &a, STR("s@x"), STR("r@y"), now + 5 * HOUR, 4 * HOUR));
	assert_true(recall_seen(r, &a, STR("s@x"), STR("r@y"), now + 6 * HOUR, 4 * HOUR));
}

static void
test_recall_keeps_the_recent(void **state)
{
	_Alignas(64) static char room[1 << 20];
	struct recall *r = recall_on(room, 4096);
	char sender[32];
	struct ip ip;
	unsigned kept = 0;

	/* Far more than fit: the newest survive, whatever the older do. */
	assert_true(ip_parse(STR("2001:db8::1"), &ip));
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(sender, sizeof(sender), "%u@x", i);
		recall_seen(r, &ip, str_of(sender), STR("r"), HOUR + i * UINT64_C(1000), 40 * HOUR);
	}
	for (unsigned i = 19000; i < 20000; i++) {
		snprintf(sender, sizeof(sender), "%u@x", i);
		kept += recall_seen(
			r, &ip, str_of(sender), STR("r"), HOUR + UINT64_C(20000000), 40 * HOUR);
	}
	assert_true(kept > 950);
}

/* --- health --- */

static enum check_status
never(struct ask *q, struct findings *out)
{
	return CHECK_DONE;
}

static const struct finding_code codes[] = {
	{.id = "bad", .action = SCORE(900), .late = true}, {.id = "other", .action = SCORE(100)}};
static const struct check check = {.name = "c", .codes = codes, .n_codes = 2, .run = never};
static const struct check *const checks[] = {&check};
static const void *const no_settings[] = {NULL};
static const struct check_set set = {1, checks, no_settings};
static const struct action actions[] = {{ACTION_SCORE, 900}, {ACTION_SCORE, 100}};

static unsigned alarms[4];
static bool first_defers; /* what refuses goes out as a deferral */

static void
on_alarm(void *ctx, const struct health_alarm *a)
{
	alarms[a->kind]++;
}

static struct ip
client(unsigned i)
{
	struct ip ip = {.len = 4, .b = {203, 0, (uint8_t)(i >> 8), (uint8_t)i}};

	return ip;
}

/* One decision about a client: refused by "bad", or accepted. */
static void
decide(struct health *h, const struct ip *ip, bool refuse, uint64_t now)
{
	struct policy p = {
		.reject_at = 800, .actions = {{actions}, {actions}}, .first_defers = first_defers};
	struct finding f = {.code = &codes[0]};
	const struct finding *list[] = {&f};
	struct result r = {.n = refuse, .finding = list, .confirmed = {"", 0}};
	struct arena a;
	struct verdict v;

	arena_init(&a, 1024, 65536);
	struct judgement j = {.policy = &p,
		.checks = &set,
		.result = &r,
		.client = ip,
		.now = health_circumstances(h, ip, &set, now, on_alarm, NULL)};
	policy_judge(&j, &a, &v);
	if (v.first_defers)
		verdict_defer_instead(&v, &a);
	health_decided(h, ip, &v, &r, &set, now, on_alarm, NULL);
	arena_done(&a);
}

static bool
is_suspended(struct health *h, uint64_t now)
{
	struct ip ip = client(1);

	return health_circumstances(h, &ip, &set, now, on_alarm, NULL)->suspended[0] & 1;
}

static void
test_surge_suspends(void **state)
{
	struct health h;
	unsigned i;

	memset(alarms, 0, sizeof(alarms));
	health_init(&h, true, true, HOUR);
	/* A server where half of all clients are refused: that is its habit. */
	for (i = 0; i < 2000; i++) {
		struct ip ip = client(i);
		decide(&h, &ip, i % 2, 1000);
	}
	assert_false(is_suspended(&h, 1000));
	/* Then everybody is. */
	for (; i < 2150; i++) {
		struct ip ip = client(i);
		decide(&h, &ip, true, 2000);
	}
	assert_true(is_suspended(&h, 2000));
	assert_int_equal(alarms[HEALTH_SUSPENDED], 1);
	/* Meanwhile it refuses nobody; later it does again. */
	assert_true(is_suspended(&h, 2000 + HOUR - 1));
	assert_false(is_suspended(&h, 2000 + HOUR));
	assert_int_equal(alarms[HEALTH_RESUMED], 1);
}

static void
test_habit_and_one_busy_client_do_not(void **state)
{
	struct health h;
	struct ip busy = client(9);

	memset(alarms, 0, sizeof(alarms));
	health_init(&h, true, true, HOUR);
	/* Nine of ten clients are refused from the first hour on: a spammers' favourite. */
	for (unsigned i = 0; i < 5000; i++) {
		struct ip ip = client(i);
		decide(&h, &ip, i % 10 != 0, 1000);
	}
	/* One client that tries a thousand times is one client. */
	for (unsigned i = 0; i < 1000; i++)
		decide(&h, &busy, true, 1000);
	assert_false(is_suspended(&h, 1000));
	assert_int_equal(alarms[HEALTH_SUSPENDED], 0);
}

/* Two checks have found something, and the first was spared: it has not refused anybody. */
static void
test_what_is_spared_is_not_blamed(void **state)
{
	const struct check_set two = {
		.n = 2, .check = (const struct check *const[]){&check, &check}};
	const struct policy p = {
		.reject_at = 800, .actions = {{actions, actions}, {actions, actions}}};
	const struct finding spared = {.code = &codes[0]}, counts = {.code = &codes[0], .check = 1};
	const struct finding *list[] = {&spared, &counts};
	const struct result r = {.n = 2, .finding = list, .confirmed = {"", 0}};
	const struct exempted exempted = {.skip = 1};
	const struct circumstances *now = NULL;
	struct health h;

	health_init(&h, true, true, HOUR);
	for (unsigned i = 0; i < HEALTH_ALL_REFUSED + 1; i++) {
		struct ip ip = client(i);
		struct arena a;
		struct verdict v;
		arena_init(&a, 1024, 65536);
		now = health_circumstances(&h, &ip, &two, 1000, on_alarm, NULL);
		policy_judge(&(struct judgement){.policy = &p,
				     .checks = &two,
				     .result = &r,
				     .client = &ip,
				     .exempted = &exempted,
				     .now = now},
			&a, &v);
		health_decided(&h, &ip, &v, &r, &two, 1000, on_alarm, NULL);
		arena_done(&a);
	}
	assert_int_equal(now->suspended[0], 0);
	assert_int_equal(now->suspended[1], 1);
}

static void
test_all_refused_from_the_start(void **state)
{
	struct health h;

	health_init(&h, true, true, HOUR);
	for (unsigned i = 0; i < HEALTH_ALL_REFUSED + 1; i++) {
		struct ip ip = client(i);
		decide(&h, &ip, true, 1000);
	}
	assert_true(is_suspended(&h, 1000));
}

/* A resolver that invents answers is noticed also while each client's first try is put off. */
static void
test_first_deferrals_count(void **state)
{
	first_defers = true;
	test_surge_suspends(state);
	test_all_refused_from_the_start(state);
	first_defers = false;
}

static void
test_lost_addresses(void **state)
{
	struct health h;
	struct ip docker, lan;

	memset(alarms, 0, sizeof(alarms));
	assert_true(ip_parse(STR("172.17.0.1"), &docker));
	assert_true(ip_parse(STR("10.0.0.9"), &lan));
	health_init(&h, true, true, HOUR);
	for (unsigned i = 0; i < HEALTH_NAT_MIN - 1; i++)
		health_client(&h, &docker, on_alarm, NULL);
	assert_null(health_circumstances(&h, &docker, &set, 1, on_alarm, NULL)->accept_because);
	health_client(&h, &docker, on_alarm, NULL);
	assert_int_equal(alarms[HEALTH_NAT_ON], 1);
	assert_non_null(health_circumstances(&h, &docker, &set, 1, on_alarm, NULL)->accept_because);
	/* Only that address is believed to be many. */
	assert_null(health_circumstances(&h, &lan, &set, 1, on_alarm, NULL)->accept_because);
	/* Real addresses are back: so are the checks. */
	for (unsigned i = 0; i < 20; i++) {
		struct ip ip = client(i);
		health_client(&h, &ip, on_alarm, NULL);
	}
	assert_int_equal(alarms[HEALTH_NAT_OFF], 1);
	assert_null(health_circumstances(&h, &docker, &set, 1, on_alarm, NULL)->accept_because);
}

static void
test_public_address_is_no_nat(void **state)
{
	struct health h;
	struct ip ip = client(5);

	memset(alarms, 0, sizeof(alarms));
	health_init(&h, true, true, HOUR);
	for (unsigned i = 0; i < 500; i++)
		health_client(&h, &ip, on_alarm, NULL);
	assert_int_equal(alarms[HEALTH_NAT_ON], 0);
}

/* --- a check that knows some of it before it knows all --- */

static const struct finding_code certain_codes[] = {
	{.id = "begun", .label = "begun", .text = "begun"},
	{.id = "ended", .label = "ended", .text = "ended"},
};

static enum check_status
run_begins(struct ask *q, struct findings *out)
{
	const struct session *s = ask_session(q);

	if (!s)
		return CHECK_WAIT;
	if (s->known)
		found(out, &certain_codes[0]);
	const unsigned *rcpts = ask_rcpts(q);
	if (!rcpts)
		return CHECK_SO_FAR;
	if (*rcpts > 1)
		found(out, &certain_codes[1]);
	return CHECK_DONE;
}

static const struct check begins = {
	.name = "begins", .codes = certain_codes, .n_codes = 2, .run = run_begins};
static const struct finding_code curious_codes[] = {
	{.id = "heard", .label = "heard", .text = "heard"}};

static enum check_status
run_curious(struct ask *q, struct findings *out)
{
	const struct findings *other = ask_findings(q, &begins);

	if (!other)
		return CHECK_WAIT;
	if (other->n)
		found(out, &curious_codes[0]);
	return CHECK_DONE;
}

static const struct check curious = {
	.name = "curious", .codes = curious_codes, .n_codes = 1, .run = run_curious};

static void
expect_found(struct transaction *t, const char *want)
{
	struct result r = transaction_result(t);
	char room[100];
	struct buf b = BUF(room);

	for (size_t i = 0; i < r.n; i++)
		buf_printf(&b, "%s ", r.finding[i]->code->id);
	buf_putc(&b, '\0');
	assert_string_equal(b.p, want);
}

/* Session: whether somebody tells of it; rcpts: told at the end, 0: nobody ever tells. */
static void
play_begins(bool session, unsigned rcpts, const char *so_far, const char *in_the_end)
{
	static const struct check *const two[] = {&begins, &curious};
	static const void *const none[] = {NULL, NULL};
	static const struct check_set both = {2, two, none};
	const struct session s = {.helo_before = STR_INIT("a")};
	struct arena a, scratch;
	struct ip ip;

	assert_true(ip_parse(STR("192.0.2.1"), &ip));
	arena_init(&a, 4096, 1 << 20);
	arena_init(&scratch, 4096, 1 << 20);
	struct transaction *t = transaction_begin(
		&(struct transaction_options){
			.checks = &both, .arena = &a, .scratch = &scratch, .rcpts_later = rcpts},
		&ip);
	transaction_run(t);
	expect_found(t, "");
	if (session)
		transaction_session(t, &s);
	transaction_env(t, ENV_MAIL_FROM, STR(""));
	transaction_run(t);
	assert_int_equal(transaction_session_get(t).known, session);
	expect_found(t, so_far);
	assert_int_equal(transaction_is_done(t), !rcpts);
	assert_false(transaction_waits_for_network(t));
	if (rcpts) {
		transaction_rcpts(t, rcpts);
		transaction_run(t);
	}
	expect_found(t, in_the_end);
	assert_true(transaction_is_done(t));
	transaction_end(t);
	arena_done(&a);
	arena_done(&scratch);
}

/* What is certain counts; but a check that asks what it finds is not told before it knows all. */
static void
test_what_is_certain_counts(void **state)
{
	play_begins(true, 2, "begun ", "begun ended heard ");
	play_begins(true, 1, "begun ", "begun heard ");
	play_begins(false, 2, "", "ended heard ");
	play_begins(true, 0, "begun heard ", "begun heard ");
	play_begins(false, 0, "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_always_reachable),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_first_defers),
		cmocka_unit_test(test_recall),
		cmocka_unit_test(test_recall_keeps_the_recent),
		cmocka_unit_test(test_surge_suspends),
		cmocka_unit_test(test_habit_and_one_busy_client_do_not),
		cmocka_unit_test(test_all_refused_from_the_start),
		cmocka_unit_test(test_what_is_spared_is_not_blamed),
		cmocka_unit_test(test_first_deferrals_count),
		cmocka_unit_test(test_lost_addresses),
		cmocka_unit_test(test_public_address_is_no_nat),
		cmocka_unit_test(test_what_is_certain_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
