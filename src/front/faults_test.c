/*
 * Unit tests of bugs: what one costs.  A made-up check breaks at what the sender's address names.
 * Then 10,000 messages over connections of which others are in the middle of a bug.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "front/gate.h"
#include "front/milter.h"
#include "net/stream.h"
#include "wire/milter.h"

static const struct finding_code codes[] = {
	{.id = "good", .label = "good", .text = "{sender} is good"},
	{.id = "bad",
		.label = "bad",
		.text = "{sender} is bad",
		.fix = "be good",
		.code = 550,
		.enhanced = "5.7.1"},
	{.id = "senseless", .label = "senseless", .text = "of a policy that makes no sense"},
};
static const struct action actions[] = {{ACTION_OFF, 0}, {ACTION_REJECT, 0}, {ACTION_OWN, 0}};

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);
	const struct dns_answer *a = ask_dns(q, DNS_A, STR("question.example"));

	if (!sender || !a)
		return CHECK_WAIT;
	finding_note(found(out, &codes[str_contains(*sender, STR("bad"))]), "sender", *sender);
	must(!str_contains(*sender, STR("false")));
	if (str_contains(*sender, STR("findings")))
		for (int i = 0; i < 1000; i++)
			found(out, &codes[0]);
	if (str_contains(*sender, STR("memory")))
		memset(arena_alloc(q->scratch, ARENA_MAX_ALLOC + 1), 0, ARENA_MAX_ALLOC + 1);
	if (str_contains(*sender, STR("waits")))
		return CHECK_WAIT;
	if (str_contains(*sender, STR("nonsense")))
		return (enum check_status)7;
	if (str_contains(*sender, STR("policy"))) {
		struct finding *f = found(out, &codes[2]);
		f->own = (struct action){ACTION_OWN, 0};
	}
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

/* A source that answers when it is told to. */
static struct fact *asked[1024];
static size_t n_asked;

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	return NULL;
}

static void
start(struct source *s, struct fact *f)
{
	must(n_asked < COUNT(asked));
	asked[n_asked++] = f;
}

static void
cancel(struct source *s, struct fact *f)
{
	size_t i = 0;

	while (asked[i] != f)
		must(++i < n_asked);
	asked[i] = asked[--n_asked];
}

static void
answer_all(void)
{
	while (n_asked > 0)
		transaction_answer(asked[--n_asked], answer_fail("test"));
}

static size_t bugs;

static void
count_bug(const struct must_failure *f)
{
	assert_true(f->contained);
	bugs++;
}

struct bed {
	struct source source;
	struct generation generation;
	struct loop *loop;
	struct gate *gate;
	_Alignas(64) char room[64 << 10];
};

static void
bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	b->source = (struct source){lookup, start, cancel};
	b->generation = (struct generation){.refs = 1,
		.checks = {1, checks, no_settings},
		.source = &b->source,
		.policy = {.reject_at = 800, .actions = {{actions}, {actions}}},
		.budget_ms = 60000,
		.again_ms = 4 * 3600 * 1000,
		.remember = 1 << 20,
		.release = released};
	b->loop = loop_new();
	b->gate = gate_new(
		&(struct gate_options){
			.loop = b->loop, .recall = recall_on(b->room, 4096), .alarm = no_alarm},
		&b->generation);
	bugs = 0;
	must_hook(count_bug);
	must_containment(true);
}

static void
bed_done(struct bed *b)
{
	must_hook(NULL);
	must_containment(false);
	gate_free(b->gate);
	loop_free(b->loop);
	assert_int_equal(b->generation.refs, 1);
	assert_int_equal(n_asked, 0);
}

static char got[300];

static void
keep(void *ctx, const struct verdict *v)
{
	struct buf b = buf_on(got, sizeof(got) - 1);

	if (v->code)
		buf_printf(&b, "%u %.*s %.*s", v->code, STR_ARG(v->enhanced), STR_ARG(v->line[0]));
	else
		buf_puts(&b, verdict_name(v->kind));
	got[b.n] = '\0';
}

#define LATER "451 4.3.0 internal error of this mail filter: please try again later"

/* One message, told piece by piece or at once. */
static void
expect(struct bed *b, bool at_once, const char *sender, const char *rcpt, const char *want)
{
	const struct str env[ENV_COUNT] = {STR("mx.example"), str_of(sender)};
	struct visit_client c = {.way = "test"};

	assert_true(ip_parse(STR("192.0.2.1"), &c.ip));
	struct visit *v = at_once ? visit_new_known(b->gate, &c, env) : visit_new(b->gate, &c);
	for (int i = 0; i < ENV_COUNT && !at_once; i++)
		visit_env(v, (enum env_item)i, env[i]);
	got[0] = '\0';
	visit_judge(v, str_of(rcpt), STR(""), keep, NULL);
	answer_all();
	if (strcmp(got, want) != 0)
		fail_msg("%s to %s: \"%s\", not \"%s\"", sender, rcpt, got, want);
	visit_end(v);
}

/* Each kind of bug puts its message off, once; nobody else, before or after, has part in it. */
static void
test_what_a_bug_costs(void **state)
{
	static const char *const kinds[] = {
		"false", "findings", "memory", "waits", "nonsense", "policy"};
	struct bed b;

	bed_init(&b);
	for (size_t i = 0; i < 2 * COUNT(kinds); i++) {
		bool at_once = i % 2;
		char sender[64];
		snprintf(sender, sizeof(sender), "%s.bad.%zu@x", kinds[i / 2], i);
		print_message("%s\n", sender);
		expect(&b, at_once, "ann@x", "r@x", "accept");
		expect(&b, at_once, sender, "r@x", LATER);
		expect(&b, at_once, "bad@x", "r@x", "550 5.7.1 bad@x is bad: be good");
		assert_int_equal(bugs, i * 3 + 1);
		/* It would break each time: what cannot be judged is not put off for ever. */
		expect(&b, at_once, sender, "r@x", "accept");
		expect(&b, at_once, sender, "other@x", LATER);
		assert_int_equal(bugs, i * 3 + 3);
	}
	bed_done(&b);
}

static void
test_postmaster_is_reachable_all_the_same(void **state)
{
	struct bed b;

	bed_init(&b);
	expect(&b, false, "false@x", "postmaster@x", "accept");
	expect(&b, false, "false@x", "r@x", LATER);
	bed_done(&b);
}

#define CONNECTIONS 100
#define ROUNDS	    102
#define EVERY	    100 /* one of so many messages meets a bug */

static int peers[CONNECTIONS];

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

static void
settle(struct bed *b, struct timer *t)
{
	for (int i = 0; i < 8; i++) {
		timer_set(t, 0);
		loop_run(b->loop);
	}
}

static void
put_frame(struct buf *b, char command, struct str data)
{
	buf_put32(b, (uint32_t)(1 + data.n));
	buf_putc(b, command);
	buf_put(b, data);
}

static void
say(size_t peer, struct buf *b)
{
	assert_int_equal(send(peers[peer], b->p, b->n, MSG_NOSIGNAL), b->n);
	buf_reset(b);
}

/* The next frames are exactly these: the command bytes, and the first one's data begins so. */
static void
hear(size_t peer, const char *commands, const char *begins)
{
	char room[2048];
	ssize_t n = recv(peers[peer], room, sizeof(room), MSG_DONTWAIT);
	struct milter_frame f;
	size_t used;

	assert_true(n > 0);
	struct str in = str_from(room, (size_t)n);
	for (const char *c = commands; *c; c++) {
		assert_int_equal(milter_read(in, &f, &used), MILTER_FRAME);
		assert_int_equal(f.command, *c);
		if (c == commands)
			assert_true(str_has_prefix(f.data, str_of(begins)));
		in = str_skip(in, used);
	}
	assert_int_equal(in.n, 0);
}

static void
greet_all(struct front *front, struct bed *b, struct timer *t)
{
	static const struct str offer = STR_INIT("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"),
				connect = STR_INIT("[x]\0"
						   "4\0\x19"
						   "192.0.2.1\0"),
				helo = STR_INIT("mx.example\0");
	char room[1024];
	struct buf out = BUF(room);

	for (size_t i = 0; i < CONNECTIONS; i++) {
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		peers[i] = pair[0];
		front_accept(front, pair[1]);
		put_frame(&out, 'O', offer);
		put_frame(&out, 'C', connect);
		put_frame(&out, 'H', helo);
		say(i, &out);
	}
	settle(b, t);
	for (size_t i = 0; i < CONNECTIONS; i++)
		hear(i, "Occ", "");
}

/* One message on every connection, all of them waiting for DNS at the same time. */
static size_t
one_round(struct bed *b, struct timer *t, size_t round)
{
	char room[1024], line[100];
	struct buf out = BUF(room);
	size_t hit = 0;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		bool bug = (round * CONNECTIONS + i * 7) % EVERY == 0;
		int n = snprintf(
			line, sizeof(line), "<%s.%zu.%zu@x>", bug ? "false" : "ann", round, i);
		put_frame(&out, 'M', str_from(line, (size_t)n + 1));
		put_frame(&out, 'R', STR("<r@x>\0"));
		say(i, &out);
	}
	settle(b, t);
	answer_all();
	settle(b, t);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		bool bug = (round * CONNECTIONS + i * 7) % EVERY == 0;
		hear(i, bug ? "y" : "c", bug ? "451-4.3.0 internal error" : "");
		hit += bug;
		put_frame(&out, bug ? 'A' : 'E', STR(""));
		say(i, &out);
	}
	settle(b, t);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if ((round * CONNECTIONS + i * 7) % EVERY != 0)
			hear(i, "c", "");
	return hit;
}

static void
test_neighbours(void **state)
{
	struct bed b;
	size_t hit = 0;

	bed_init(&b);
	struct front *front = front_milter_new(b.loop, b.gate, &FRONT_LIMITS_DEFAULT);
	struct timer *t = timer_new(b.loop, stop, b.loop);
	greet_all(front, &b, t);
	for (size_t i = 0; i < ROUNDS; i++)
		hit += one_round(&b, t, i);
	print_message("%zu messages met a bug, %zu did not\n", hit, ROUNDS * CONNECTIONS - hit);
	assert_int_equal(hit, bugs);
	assert_int_equal(hit, ROUNDS);
	for (size_t i = 0; i < CONNECTIONS; i++)
		close(peers[i]);
	settle(&b, t);
	front_free(front);
	timer_free(t);
	bed_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_bug_costs),
		cmocka_unit_test(test_postmaster_is_reachable_all_the_same),
		cmocka_unit_test(test_neighbours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
