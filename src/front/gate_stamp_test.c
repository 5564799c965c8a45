/* Unit tests of what travels on with a visit's message: whose verdict it is that counts, and whose
 * fields are removed.  A made-up check finds what the sender's address and the header name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "front/gate.h"
#include "mail/header.h"

enum { HOLD, TAG, BAD };
static const struct finding_code codes[] = {
	[HOLD] = {.id = "hold", .label = "hold", .text = "{sender} is odd"},
	[TAG] = {.id = "tag", .label = "tag", .text = "{sender} is strange"},
	[BAD] = {.id = "bad", .label = "bad", .text = "{sender} is bad", .code = 550},
};
static const struct action actions[] = {
	{ACTION_QUARANTINE, 0}, {ACTION_TAG, 0}, {ACTION_REJECT, 0}};

static enum check_status
by_sender(struct ask *q, struct findings *out)
{
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);

	if (!sender)
		return CHECK_WAIT;
	for (size_t i = 0; i < COUNT(codes); i++)
		if (str_contains(*sender, str_of(codes[i].id)))
			finding_note(found(out, &codes[i]), "sender", *sender);
	return CHECK_DONE;
}

static enum check_status
by_header(struct ask *q, struct findings *out)
{
	const struct message_head *head = ask_head(q);

	if (!head)
		return CHECK_WAIT;
	if (!head->headers)
		return CHECK_DONE;
	struct str subject = head->headers->known[HEADER_SUBJECT].value;
	for (size_t i = 0; i < COUNT(codes); i++)
		if (str_eq(subject, str_of(codes[i].id)))
			finding_note(found(out, &codes[i]), "sender", subject);
	return CHECK_DONE;
}

static const struct check sender_check = {
	.name = "s", .codes = codes, .n_codes = COUNT(codes), .run = by_sender};
static const struct check header_check = {
	.name = "h", .codes = codes, .n_codes = COUNT(codes), .run = by_header};
static const struct check *const checks[] = {&sender_check, &header_check};
static const void *const no_settings[] = {NULL, NULL};
static const struct ip_net our_net[] = {{{.len = 4, .b = {10, 0, 0, 0}}, 8}};

static void
released(struct generation *g)
{
}

static void
no_alarm(void *ctx, const struct health_alarm *a)
{
}

static unsigned lacks[4];

static void
cannot(void *ctx, enum gate_lack lack)
{
	lacks[lack]++;
}

static struct generation generation;
static struct loop *loop;
static struct gate *gate;

static int
setup(void **state)
{
	generation = (struct generation){.refs = 1,
		.checks = {COUNT(checks), checks, no_settings},
		.policy = {.reject_at = 800,
			.actions = {{actions, actions}, {actions, actions}},
			.ours = {1, our_net}},
		.stamp = {.id = STR("mx.example.net"),
			.remove_forged = true,
			.on = STAMP_CHECKED,
			.field = STR("X-Mxward")},
		.budget_ms = 1000,
		.release = released};
	memset(lacks, 0, sizeof(lacks));
	loop = loop_new();
	gate = gate_new(&(struct gate_options){.loop = loop, .alarm = no_alarm, .cannot = cannot},
		&generation);
	return 0;
}

static int
teardown(void **state)
{
	gate_free(gate);
	loop_free(loop);
	assert_int_equal(generation.refs, 1);
	return 0;
}

static void
ignore(void *ctx, const struct verdict *v)
{
}

/* A message of this sender for these recipients (NULL at the end), up to their verdicts. */
static struct visit *
message(const char *client, bool head_later, const char *sender, const char *const *rcpt)
{
	struct visit_client c = {.way = "test", .head_later = head_later};

	assert_true(ip_parse(str_of(client), &c.ip));
	struct visit *v = visit_new(gate, &c);
	visit_env(v, ENV_HELO, STR("mx.example"));
	visit_env(v, ENV_MAIL_FROM, str_of(sender));
	for (size_t i = 0; rcpt[i]; i++)
		visit_judge(v, str_of(rcpt[i]), STR(""), ignore, NULL);
	return v;
}

#define CLIENT "192.0.2.1"
#define RCPTS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void
test_whose_verdict_counts(void **state)
{
	static const struct {
		const char *name, *sender, *rcpt[4];
		enum verdict_kind end, at_once; /* what becomes of it: at the end, at once */
	} cases[] = {
		{"nothing found", "a@x", {"u@x"}, VERDICT_ACCEPT, VERDICT_ACCEPT},
		{"tagged", "tag@x", {"u@x"}, VERDICT_TAG, VERDICT_TAG},
		{"tagged for one", "tag@x", {"postmaster@x", "u@x"}, VERDICT_TAG, VERDICT_TAG},
		{"held", "hold@x", {"u@x", "v@x"}, VERDICT_QUARANTINE, VERDICT_QUARANTINE},
		{"held for one", "hold@x", {"u@x", "abuse@x"}, VERDICT_TAG, VERDICT_QUARANTINE},
		{"refused but for one", "bad@x", {"u@x", "abuse@x"}, VERDICT_ACCEPT,
			VERDICT_ACCEPT},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct visit *v = message(CLIENT, false, cases[i].sender, cases[i].rcpt);
		const struct stamp *end = visit_stamp(v, true, false);
		const struct stamp *now = visit_stamp(v, true, true);
		const struct stamp *unable = visit_stamp(v, false, false);
		if (end->kind != cases[i].end || now->kind != cases[i].at_once)
			fail_msg("%s: %s, %s", cases[i].name, verdict_name(end->kind),
				verdict_name(now->kind));
		assert_true(unable->kind <= VERDICT_TAG);
		assert_int_equal(unable->kind == VERDICT_TAG, now->kind >= VERDICT_TAG);
		assert_int_equal(end->hold.n > 0, end->kind == VERDICT_QUARANTINE);
		assert_int_equal(unable->hold.n, 0);
		assert_true(str_contains(end->field, STR("; case=")));
		visit_end(v);
	}
	/* Of several that could not be held one was told of. */
	assert_int_equal(lacks[LACKS_QUARANTINE], 1);
}

static void
test_all_refused(void **state)
{
	struct visit *v = message(CLIENT, false, "bad@x", RCPTS("u@x"));
	const struct stamp *s = visit_stamp(v, true, false);

	assert_false(stamp_adds(s));
	visit_end(v);
}

/* What the header brings to light counts for the message as a whole. */
static void
test_found_at_the_end(void **state)
{
	static const struct {
		const char *sender, *subject, *rcpt[3];
		enum verdict_kind kind;
		const char *findings;
	} cases[] = {
		{"a@x", "hold", {"u@x"}, VERDICT_QUARANTINE, "findings=hold;"},
		{"a@x", "hold", {"u@x", "abuse@x"}, VERDICT_ACCEPT, "findings=hold;"},
		{"tag@x", "hold", {"u@x"}, VERDICT_QUARANTINE, "findings=tag,hold;"},
		{"tag@x", "hold", {"u@x", "abuse@x"}, VERDICT_TAG, "findings=tag,hold;"},
		{"hold@x", "tag", {"u@x"}, VERDICT_QUARANTINE, "findings=hold,tag;"},
		{"hold@x", "hello", {"u@x"}, VERDICT_QUARANTINE, "findings=hold;"},
		{"a@x", "hello", {"u@x"}, VERDICT_ACCEPT, "findings=none;"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct visit *v = message(CLIENT, true, cases[i].sender, cases[i].rcpt);
		visit_header(v, STR("Subject"), str_of(cases[i].subject));
		visit_head_end(v, false);
		visit_judge_message(v, STR(""), ignore, NULL);
		const struct stamp *s = visit_stamp(v, true, false);
		if (s->kind != cases[i].kind || !str_contains(s->field, str_of(cases[i].findings)))
			fail_msg("%zu: %s", i, s->field.p);
		visit_end(v);
	}
}

static void
test_whose_fields_are_removed(void **state)
{
	static const struct {
		const char *client;
		bool logged_in;
		unsigned removed;
		bool adds;
	} cases[] = {
		{CLIENT, false, 2, true}, {CLIENT, true, 2, false}, {"10.1.2.3", false, 0, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct visit_client c = {.way = "test", .head_later = true};
		assert_true(ip_parse(str_of(cases[i].client), &c.ip));
		struct visit *v = visit_new(gate, &c);
		visit_env(v, ENV_HELO, STR("mx.example"));
		if (cases[i].logged_in)
			visit_authenticated(v);
		visit_env(v, ENV_MAIL_FROM, STR("a@x"));
		visit_judge(v, STR("u@x"), STR(""), ignore, NULL);
		visit_header(v, STR("Authentication-Results"), STR("other.example; none"));
		visit_header(v, STR("authentication-results"), STR("MX.example.net; none"));
		visit_header(v, STR("X-Mxward"), STR("score=-9"));
		visit_head_end(v, false);
		visit_judge_message(v, STR(""), ignore, NULL);
		const struct stamp *s = visit_stamp(v, true, false);
		assert_int_equal(s->forged ? s->forged->n : 0, cases[i].removed);
		assert_int_equal(stamp_adds(s), cases[i].adds);
		visit_end(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose_verdict_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_found_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whose_fields_are_removed, setup, teardown),
	};

	hash_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
