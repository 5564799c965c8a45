/* Unit tests of the gate: what becomes of a verdict when the same message comes again.  A made-up
 * check finds what the sender's address names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/hash.h"
#include "front/gate.h"

static const struct finding_code codes[] = {
	{.id = "late",
		.label = "late",
		.text = "{sender} may do later",
		.fix = "wait",
		.late = true,
		.code = 550,
		.enhanced = "5.1.8"},
	{.id = "bad",
		.label = "bad",
		.text = "{sender} is bad",
		.fix = "be good",
		.code = 550,
		.enhanced = "5.7.1"},
	{.id = "temp",
		.label = "temp",
		.text = "nobody knows {sender}",
		.temporary = true,
		.code = 451,
		.enhanced = "4.4.3"},
};
static const struct action actions[] = {{ACTION_SCORE, 800}, {ACTION_REJECT, 0}, {ACTION_DEFER, 0}};

static unsigned runs;

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);

	runs++;

	if (!sender)
		return CHECK_WAIT;
	for (size_t i = 0; i < COUNT(codes); i++)
		if (str_contains(*sender, str_of(codes[i].id)))
			finding_note(found(out, &codes[i]), "sender", *sender);
	return CHECK_DONE;
}

static const struct check check = {
	.name = "c", .codes = codes, .n_codes = COUNT(codes), .run = run};
static const struct check *const checks[] = {&check};
static const void *const no_settings[] = {NULL};

static void
released(struct generation *g)
{
}

static void
no_alarm(void *ctx, const struct health_alarm *a)
{
}

/* A gate with a memory of its own. */
struct bed {
	struct generation generation;
	struct loop *loop;
	struct gate *gate;
	_Alignas(64) char room[64 << 10];
};

static void
bed_init(struct bed *b, bool first_defers, bool remembers)
{
	memset(b, 0, sizeof(*b));
	b->generation = (struct generation){.refs = 1,
		.checks = {1, checks, no_settings},
		.policy = {.reject_at = 800,
			.first_defers = first_defers,
			.actions = {{actions}, {actions}}},
		.budget_ms = 1000,
		.again_ms = 4 * 3600 * 1000,
		.release = released};
	b->loop = loop_new();
	assert_non_null(b->loop);
	assert_true(recall_size(1024) <= sizeof(b->room));
	b->gate = gate_new(&(struct gate_options){.loop = b->loop,
				   .recall = remembers ? recall_on(b->room, 1024) : NULL,
				   .alarm = no_alarm},
		&b->generation);
}

static void
bed_done(struct bed *b)
{
	gate_free(b->gate);
	loop_free(b->loop);
	assert_int_equal(b->generation.refs, 1);
}

struct got {
	char text[200];
	enum verdict_kind would;
};

static void
keep(void *ctx, const struct verdict *v)
{
	struct got *got = ctx;
	struct buf b = buf_on(got->text, sizeof(got->text) - 1);

	got->would = v->would;
	if (v->code)
		buf_printf(&b, "%u %.*s %.*s", v->code, STR_ARG(v->enhanced), STR_ARG(v->line[0]));
	else
		buf_puts(&b, verdict_name(v->kind));
	got->text[b.n] = '\0';
}

/* One message: the verdict as text, "550 5.1.8 ..." or "accept". */
static struct got
try_once(struct bed *b, const char *client, const char *sender, const char *rcpt)
{
	struct visit_client c = {.way = "test"};
	struct got got = {"", VERDICT_ACCEPT};

	assert_true(ip_parse(str_of(client), &c.ip));
	struct visit *v = visit_new(b->gate, &c);
	visit_env(v, ENV_HELO, STR("mx.example"));
	visit_env(v, ENV_MAIL_FROM, str_of(sender));
	visit_judge(v, str_of(rcpt), STR(""), keep, &got);
	visit_end(v);
	return got;
}

#define A "192.0.2.1"
#define B "192.0.2.2"
#define R "ann@example"

static void
expect(struct bed *b, const char *client, const char *sender, const char *rcpt, const char *want)
{
	struct got got = try_once(b, client, sender, rcpt);

	if (strcmp(got.text, want) != 0)
		fail_msg("%s to %s: \"%s\", not \"%s\"", sender, rcpt, got.text, want);
}

static void
test_late_defers_once(void **state)
{
	struct bed b;

	bed_init(&b, true, true);
	expect(&b, A, "late@x", R, "451 4.1.8 late@x may do later: wait");
	expect(&b, A, "late@x", R, "550 5.1.8 late@x may do later: wait");
	expect(&b, A, "late@x", R, "550 5.1.8 late@x may do later: wait");
	/* Another recipient, sender, client: another message. */
	expect(&b, A, "late@x", "bob@example", "451 4.1.8 late@x may do later: wait");
	expect(&b, A, "late@y", R, "451 4.1.8 late@y may do later: wait");
	expect(&b, B, "late@x", R, "451 4.1.8 late@x may do later: wait");
	expect(&b, A, "late@x", "postmaster@example", "accept");
	bed_done(&b);
}

/* One message of which everything is known at once, as Postfix' policy protocol tells it; how often
 * the check had to run. */
static unsigned
runs_for(struct bed *b, const char *client, const char *sender, const char *rcpt, const char *want)
{
	const struct str env[ENV_COUNT] = {STR("mx.example"), str_of(sender)};
	struct visit_client c = {.way = "test"};
	struct got got = {"", VERDICT_ACCEPT};

	assert_true(ip_parse(str_of(client), &c.ip));
	runs = 0;
	struct visit *v = visit_new_known(b->gate, &c, env);
	visit_judge(v, str_of(rcpt), STR(""), keep, &got);
	visit_end(v);
	assert_string_equal(got.text, want);
	return runs;
}

static void
test_what_was_found_is_used_again(void **state)
{
	static const char *const refused = "550 5.7.1 bad@x is bad: be good";
	struct bed b;

	bed_init(&b, true, true);
	b.generation.remember = 1 << 20;
	gate_use(b.gate, &b.generation);
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	assert_int_equal(runs_for(&b, A, "bad@x", R, refused), 0);
	/* The verdict is made anew for each recipient. */
	assert_int_equal(runs_for(&b, A, "bad@x", "postmaster@example", "accept"), 0);
	assert_true(runs_for(&b, B, "bad@x", R, refused) > 0);
	assert_true(runs_for(&b, A, "good@x", R, "accept") > 0);
	gate_use(b.gate, &b.generation); /* other settings */
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	b.generation.remember = 0;
	gate_use(b.gate, &b.generation);
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	bed_done(&b);
}

/* Newer data under the same settings: nothing found before is used again, but what was learnt about
 * findings is not forgotten, or it would be every time that a list changes. */
static void
test_renewal(void **state)
{
	static const char *const refused = "550 5.7.1 bad@x is bad: be good";
	struct bed b;

	bed_init(&b, true, true);
	b.generation.remember = 1 << 20;
	b.generation.watch_findings = true;
	gate_use(b.gate, &b.generation);
	struct generation next = b.generation;
	next.refs = 1;
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	assert_int_equal(gate_health(b.gate)->code[0][1].seen, 1);
	gate_renew(b.gate, &next);
	assert_true(runs_for(&b, A, "bad@x", R, refused) > 0);
	assert_true(runs_for(&b, B, "bad@x", R, refused) > 0);
	assert_int_equal(gate_health(b.gate)->code[0][1].seen, 2); /* distinct clients */
	assert_int_equal(b.generation.refs, 1);
	gate_use(b.gate, &b.generation);
	assert_int_equal(gate_health(b.gate)->code[0][1].seen, 0);
	assert_int_equal(next.refs, 1);
	bed_done(&b);
}

static void
test_the_first_deferral_is_called_what_it_is(void **state)
{
	struct bed b;

	bed_init(&b, true, true);
	assert_int_equal(try_once(&b, A, "late@x", R).would, VERDICT_REJECT);
	bed_done(&b);
}

static void
test_what_no_waiting_mends_is_refused_at_once(void **state)
{
	struct bed b;

	bed_init(&b, true, true);
	expect(&b, A, "bad@x", R, "550 5.7.1 bad@x is bad: be good");
	expect(&b, A, "late.and.bad@x", R, "550 5.7.1 late.and.bad@x is bad: be good");
	bed_done(&b);
}

static void
test_by_setting_it_is_refused_at_once(void **state)
{
	struct bed b;

	bed_init(&b, false, true);
	expect(&b, A, "late@x", R, "550 5.1.8 late@x may do later: wait");
	bed_done(&b);
}

static void
test_without_memory_each_try_is_the_first(void **state)
{
	struct bed b;

	bed_init(&b, true, false);
	expect(&b, A, "late@x", R, "451 4.1.8 late@x may do later: wait");
	expect(&b, A, "late@x", R, "451 4.1.8 late@x may do later: wait");
	bed_done(&b);
}

/* Want of evidence defers once and then lets in; it is one memory for both. */
static void
test_temporary(void **state)
{
	struct bed b;

	bed_init(&b, true, true);
	expect(&b, A, "temp@x", R, "451 4.4.3 nobody knows temp@x: please try again later");
	expect(&b, A, "temp@x", R, "accept");
	expect(&b, A, "temp@x", "bob@example",
		"451 4.4.3 nobody knows temp@x: please try again later");
	bed_done(&b);
}

/* What a visit told to be remembered: "ID n=N before=N first..last". */
struct told {
	char text[2000];
	size_t n;
	struct loop *loop; /* to be stopped, or NULL */
};

static void
note_case(void *ctx, const struct visit_case *c)
{
	struct told *t = ctx;
	struct buf b = buf_on(t->text + t->n, sizeof(t->text) - 1 - t->n);

	size_t n_before = (size_t)__builtin_popcount(c->before);

	assert_true(c->n > 0 && c->n <= VISIT_RCPTS && c->before < 1u << c->n);
	assert_non_null(c->transaction);
	buf_printf(&b, "%zu-%zu %.*s..%.*s %s ", n_before, c->n, STR_ARG(c->rcpt[0].rcpt),
		STR_ARG(c->rcpt[c->n - 1].rcpt), verdict_name(c->rcpt[0].verdict->kind));
	if (c->queue_id.n)
		buf_printf(&b, "%.*s ", STR_ARG(c->queue_id));
	buf_printf(&b, "%.*s\n", STR_ARG(c->case_id));
	t->n += b.n;
	t->text[t->n] = '\0';
	if (t->loop)
		loop_stop(t->loop);
}

static void
bed_remember(struct bed *b, struct told *t)
{
	gate_free(b->gate);
	*t = (struct told){.n = 0};
	b->gate = gate_new(
		&(struct gate_options){
			.loop = b->loop, .remember = note_case, .alarm = no_alarm, .ctx = t},
		&b->generation);
}

static struct visit *
visit_from(struct bed *b, const char *sender, bool authenticated)
{
	struct visit_client c = {.way = "test", .authenticated = authenticated};

	assert_true(ip_parse(STR(A), &c.ip));
	struct visit *v = visit_new(b->gate, &c);
	visit_env(v, ENV_HELO, STR("mx.example"));
	visit_env(v, ENV_MAIL_FROM, str_of(sender));
	return v;
}

static void
judge_rcpts(struct visit *v, unsigned from, unsigned to)
{
	struct got got;

	for (unsigned i = from; i <= to; i++) {
		char rcpt[32];
		struct buf r = BUF(rcpt);
		buf_printf(&r, "r%u@example", i);
		visit_judge(v, buf_str(&r), STR(""), keep, &got);
	}
}

static void
assert_told(const struct told *t, const char *const *lines, size_t n)
{
	struct str rest = str_of(t->text), line;

	for (size_t i = 0; i < n; i++) {
		assert_true(str_split(&rest, '\n', &line));
		if (!str_has_prefix(line, str_of(lines[i])))
			fail_msg("told \"%.*s\", not \"%s\"", STR_ARG(line), lines[i]);
	}
	if (rest.n)
		fail_msg("told too much: %.*s", STR_ARG(rest));
}

/* One visit, one case, when it is over; none for whom nothing was judged. */
static void
test_a_visit_is_told_when_it_is_over(void **state)
{
	struct bed b;
	struct told told;

	bed_init(&b, true, false);
	bed_remember(&b, &told);
	struct visit *v = visit_from(&b, "bad@x", false);
	judge_rcpts(v, 1, 3);
	assert_int_equal(told.n, 0);
	visit_end(v);
	assert_told(&told, (const char *const[]){"0-3 r1@example..r3@example reject "}, 1);
	told.n = 0;
	told.text[0] = '\0';
	visit_end(visit_from(&b, "bad@x", false));
	v = visit_from(&b, "bad@x", true);
	judge_rcpts(v, 1, 1); /* logged in: never checked */
	visit_end(v);
	assert_told(&told, NULL, 0);
	bed_done(&b);
}

/* A case has room for ten; the eleventh has another id, in the reply too. */
static void
test_a_full_case_is_followed_by_another(void **state)
{
	struct bed b;
	struct told told;

	bed_init(&b, true, false);
	bed_remember(&b, &told);
	struct visit *v = visit_from(&b, "good@x", false);
	judge_rcpts(v, 1, 10);
	char first[CASE_ID_MAX];
	snprintf(first, sizeof(first), "%.*s", STR_ARG(visit_case_id(v)));
	judge_rcpts(v, 11, 21);
	assert_true(!str_eq(visit_case_id(v), str_of(first)));
	visit_end(v);
	const char *const lines[] = {"0-10 r1@example..r10@example accept ",
		"0-10 r11@example..r20@example accept ", "0-1 r21@example..r21@example accept "};
	assert_told(&told, lines, COUNT(lines));
	assert_non_null(strstr(told.text, first));
	bed_done(&b);
}

/* Whoever looks for the id of a refusal finds it while the session still goes on. */
static void
test_a_silent_visit_is_told(void **state)
{
	struct bed b;
	struct told told;

	bed_init(&b, true, false);
	bed_remember(&b, &told);
	told.loop = b.loop;
	struct visit *v = visit_from(&b, "bad@x", false);
	judge_rcpts(v, 1, 2);
	loop_run(b.loop);
	judge_rcpts(v, 3, 3);
	visit_end(v);
	const char *const lines[] = {
		"0-2 r1@example..r2@example reject ", "2-3 r1@example..r3@example reject "};
	assert_told(&told, lines, COUNT(lines));
	bed_done(&b);
}

/* Mail servers know the queue id late. */
static void
test_a_late_queue_id_is_told(void **state)
{
	struct bed b;
	struct told told;

	bed_init(&b, true, false);
	bed_remember(&b, &told);
	told.loop = b.loop;
	struct visit *v = visit_from(&b, "good@x", false);
	judge_rcpts(v, 1, 1);
	visit_queue_id(v, STR("4F5C"));
	loop_run(b.loop);
	visit_queue_id(v, STR("4F5C")); /* nothing new */
	visit_end(v);
	v = visit_from(&b, "good@x", false);
	judge_rcpts(v, 1, 1);
	loop_run(b.loop);
	visit_queue_id(v, STR("4F5D"));
	visit_end(v);
	const char *const lines[] = {"0-1 r1@example..r1@example accept 4F5C ",
		"0-1 r1@example..r1@example accept ", "1-1 r1@example..r1@example accept 4F5D "};
	assert_told(&told, lines, COUNT(lines));
	bed_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_defers_once),
		cmocka_unit_test(test_what_was_found_is_used_again),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_the_first_deferral_is_called_what_it_is),
		cmocka_unit_test(test_what_no_waiting_mends_is_refused_at_once),
		cmocka_unit_test(test_by_setting_it_is_refused_at_once),
		cmocka_unit_test(test_without_memory_each_try_is_the_first),
		cmocka_unit_test(test_temporary),
		cmocka_unit_test(test_a_visit_is_told_when_it_is_over),
		cmocka_unit_test(test_a_full_case_is_followed_by_another),
		cmocka_unit_test(test_a_silent_visit_is_told),
		cmocka_unit_test(test_a_late_queue_id_is_told),
	};

	hash_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
