/* Unit tests of what a visit leaves behind: a gate with the real checks, made-up DNS and a store in
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "core/mailbox_value.h"
#include "daemon/config.h"
#include "daemon/memory_history.h"

#define CLIENT "203.0.113.5"

static const char settings[] =
	"[policy]\nchecks = rdns helo spf history session header\nfirst_defers = no\n"
	"[history]\ntoo_many_refused = 5\nwithin = 60s\n"
	"[actions]\nrdns_none = off\nspf_fail = reject\nhelo_bare_ip = reject\n"
	"helo_unresolvable = off\nhelo_not_client = off\n";

/* example.org lets the client send, forged.example nobody, open.example everybody. */
static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	static const struct dns_rr spf[] = {{.text = STR_INIT("v=spf1 ip4:203.0.113.5 -all")},
		{.text = STR_INIT("v=spf1 -all")}, {.text = STR_INIT("v=spf1 +all")}};
	struct answer *a = answer_new();

	a->dns = (struct dns_answer){.status = DNS_NONE, .nxdomain = true, .ttl = 300};
	if (type != DNS_TXT)
		return a;
	if (str_has_suffix(name, STR("example.org")))
		a->dns.rr = &spf[0];
	else if (str_eq(name, STR("forged.example")))
		a->dns.rr = &spf[1];
	else if (str_eq(name, STR("open.example")))
		a->dns.rr = &spf[2];
	if (a->dns.rr) {
		a->dns.status = DNS_OK;
		a->dns.n = 1;
	}
	return a;
}

static uint64_t ms_by;

static int64_t
wall_ahead(void)
{
	return clock_wall() + (int64_t)(ms_by / 1000);
}

static uint64_t
ms_ahead(void)
{
	return clock_ms() + ms_by;
}

struct bed {
	struct source dns;
	struct config *config;
	struct loop *loop;
	struct store *store;
	struct store_client *client;
	struct source_history *source;
	struct gate *gate;
	enum verdict_kind kind;
	struct str enhanced;
	char room[16];
	bool judged, twice;
};

static void
remember(void *ctx, const struct visit_case *c)
{
	struct bed *b = ctx;
	struct visit_case again = *c;

	memory_history_put(b->source, b->client, c);
	again.before = (1u << c->n) - 1; /* all of it was told before */
	if (b->twice)
		memory_history_put(b->source, b->client, &again);
}

static void
refused_rcpt(void *ctx, const struct generation *g, const struct ip *client)
{
	struct bed *b = ctx;

	memory_history_bad_rcpt(b->source, b->client, g, client);
}

static void
session_over(
	void *ctx, const struct generation *g, const struct ip *client, const struct session *s)
{
	struct bed *b = ctx;

	memory_history_session(b->source, b->client, g, client, s);
}

static void
no_alarm(void *ctx, const struct health_alarm *a)
{
}

static void
bed_init(struct bed *b, const char *more)
{
	static const struct store_clock ahead = {wall_ahead, ms_ahead};
	const struct store_options o = {.clock = &ahead};
	struct errbuf e = {0};
	char text[1024];

	ms_by = 0;
	snprintf(text, sizeof(text), "%s%s", settings, more);
	*b = (struct bed){.dns = {.lookup = lookup}, .loop = loop_new()};
	b->config = config_load_text("test", str_of(text), &e);
	if (!b->config)
		fail_msg("%s", e.text);
	b->store = store_open_memory(&o);
	b->client = store_client_on(b->loop, b->store, NULL);
	b->source = source_history_new(&(struct source_history_options){.loop = b->loop,
		.store = b->client,
		.keep_ms = 20,
		.answered = transaction_answer});
	config_generation(b->config)->source = &b->dns;
	config_generation(b->config)->history = source_history_source(b->source);
	b->gate = gate_new(&(struct gate_options){.loop = b->loop,
				   .remember = remember,
				   .refused_rcpt = refused_rcpt,
				   .session_over = session_over,
				   .alarm = no_alarm,
				   .ctx = b},
		config_generation(b->config));
}

static void
bed_done(struct bed *b)
{
	gate_free(b->gate);
	source_history_free(b->source);
	store_client_free(b->client);
	config_free(b->config);
	loop_free(b->loop);
}

static void
done(void *ctx, const struct verdict *v)
{
	struct bed *b = ctx;
	struct buf enhanced = BUF(b->room);

	b->kind = v->kind;
	buf_put(&enhanced, v->enhanced);
	b->enhanced = buf_str(&enhanced);
	b->judged = true;
}

/* A message to these recipients, with the last one's verdict. */
static enum verdict_kind
message(struct bed *b, const char *client, const char *helo, const char *from, const char *rcpts)
{
	const struct str env[ENV_COUNT] = {str_of(helo), str_of(from)};
	struct visit_client c = {.way = "test"};
	struct str rest = str_of(rcpts), rcpt;

	assert_true(ip_parse(str_of(client), &c.ip));
	struct visit *v = visit_new_known(b->gate, &c, env);
	while (str_word(&rest, &rcpt)) {
		b->judged = false;
		visit_judge(v, rcpt, STR(""), done, b);
		while (!b->judged)
			loop_once(b->loop);
	}
	visit_end(v);
	return b->kind;
}

#define GOOD(from)    message(b, CLIENT, "mx.example.org", from, "joe@example.net")
#define REFUSED(from) message(b, CLIENT, CLIENT, from, "joe@example.net")
#define ANYBODY	      "joe@example.net ann@example.net"

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* What is remembered before the store is over. */
static void
pass_time(struct bed *b)
{
	struct timer *t = timer_new(b->loop, stop, b->loop);

	timer_set(t, 30);
	loop_run(b->loop);
	timer_free(t);
}

struct got {
	enum store_status status;
	int64_t n[STORE_NUMBERS], score, left_s;
	bool come;
};

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct got *g = ctx;

	*g = (struct got){.status = status, .come = true};
	if (!r)
		return;
	memcpy(g->n, r->number, sizeof(g->n));
	g->score = r->score;
	g->left_s = r->left_s;
}

static struct got
stored(struct bed *b, enum store_table table, const char *key)
{
	struct got g = {.come = false};

	assert_int_equal(store_sync(b->store), STORE_OK);
	assert_true(store_client_get(b->client, table, str_of(key), on_answer, &g));
	while (!g.come)
		loop_once(b->loop);
	return g;
}

/* What is there, or -1 of each where nothing is. */
static void
expect(struct bed *b, const char *key, int64_t accepted, int64_t refused, int64_t deferred,
	int64_t score)
{
	enum store_table table = key[0] == 'n' ? STORE_COUNTER : STORE_HISTORY;
	struct got g = stored(b, table, key);

	if (accepted < 0) {
		if (g.status != STORE_NONE)
			fail_msg("%s is there", key);
		return;
	}
	if (g.status != STORE_OK)
		fail_msg("%s is not there", key);
	if (g.n[0] != accepted || g.n[1] != refused || g.n[2] != deferred || g.score != score)
		fail_msg("%s: %ld %ld %ld, score %ld", key, (long)g.n[0], (long)g.n[1],
			(long)g.n[2], (long)g.score);
}

#define EXPECT_NOTHING(key) expect(b, key, -1, 0, 0, 0)

static void
test_accepted(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	b->twice = true;
	/* Once for each message, however many recipients it has. */
	assert_int_equal(message(b, CLIENT, "mx.example.org", "Ann@Sub.Example.org", ANYBODY),
		VERDICT_ACCEPT);
	expect(b, "c:" CLIENT, 1, 0, 0, 1000);
	expect(b, "s:ann@sub.example.org", 1, 0, 0, 1000);
	expect(b, "d:example.org", 1, 0, 0, 1000);
	EXPECT_NOTHING("n:" CLIENT);
	assert_int_equal(stored(b, STORE_SEEN, "d:example.org").status, STORE_OK);
	for (int i = 0; i < 9; i++)
		GOOD("ann@sub.example.org");
	expect(b, "d:example.org", 10, 0, 0, 10000);
	bed_done(b);
}

static void
test_refused(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	assert_int_equal(REFUSED("ann@example.org"), VERDICT_REJECT);
	expect(b, "c:" CLIENT, 0, 1, 0, -1000);
	expect(b, "s:ann@example.org", 0, 1, 0, -1000);
	expect(b, "d:example.org", 0, 1, 0, -1000);
	expect(b, "n:" CLIENT, 0, 0, 0, 1000);
	/* What postmaster gets is accepted, what another gets of it is not. */
	message(b, CLIENT, CLIENT, "ann@example.org", "postmaster@example.net joe@example.net");
	expect(b, "c:" CLIENT, 1, 2, 0, -1000);
	bed_done(b);
}

/* Who forges a name does not spoil it, nor make it old, and nor does a domain that lets in the
 * whole world; the client is charged. */
static void
test_forged(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	assert_int_equal(GOOD("ann@forged.example"), VERDICT_REJECT);
	message(b, "203.0.113.77", "x.example", "ann@example.org", ANYBODY);
	message(b, CLIENT, "mx.example.org", "ann@open.example", ANYBODY);
	message(b, CLIENT, "mx.example.org", "ann@silent.example", ANYBODY);
	message(b, CLIENT, "mx.example.org", "", ANYBODY);
	expect(b, "c:" CLIENT, 3, 1, 0, 2000);
	expect(b, "c:203.0.113.77", 0, 1, 0, -1000);
	EXPECT_NOTHING("s:ann@forged.example");
	EXPECT_NOTHING("d:forged.example");
	EXPECT_NOTHING("d:example.org");
	EXPECT_NOTHING("d:open.example");
	EXPECT_NOTHING("d:silent.example");
	EXPECT_NOTHING("s:");
	assert_int_equal(stored(b, STORE_SEEN, "d:forged.example").status, STORE_NONE);
	assert_int_equal(stored(b, STORE_SEEN, "d:silent.example").status, STORE_NONE);
	bed_done(b);
}

static void
test_networks(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "[networks]\nours = 192.0.2.0/24\n");
	message(b, "192.0.2.1", "x.example", "ann@example.org", ANYBODY);
	EXPECT_NOTHING("c:192.0.2.1");
	message(b, "2001:db8:1:2:3::4", "x.example", "ann@silent.example", ANYBODY);
	message(b, "2001:db8:1:2:9::9", "x.example", "ann@silent.example", ANYBODY);
	expect(b, "c:2001:db8:1:2::/64", 2, 0, 0, 2000);
	bed_done(b);
}

/* Everything is accepted, and nobody earns anything by that. */
static void
test_monitor(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "[policy]\nprofile = monitor\n");
	assert_int_equal(REFUSED("ann@example.org"), VERDICT_ACCEPT);
	expect(b, "c:" CLIENT, 0, 1, 0, -1000);
	expect(b, "n:" CLIENT, 0, 0, 0, 1000);
	bed_done(b);
}

/* Who is refused for nothing but his bad record gets out of it. */
static void
test_no_way_down(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "too_many_refused = off\n[policy]\nreject_at = 2\n");
	for (int i = 0; i < 5; i++)
		assert_int_equal(REFUSED("ann@silent.example"), VERDICT_REJECT);
	for (int i = 0; i < 20; i++)
		assert_int_equal(GOOD("bob@silent.example"), VERDICT_REJECT);
	expect(b, "c:" CLIENT, 0, 25, 0, -5000);
	expect(b, "n:" CLIENT, 0, 0, 0, 5000);
	/* What is bad by itself is charged all the same. */
	assert_int_equal(REFUSED("ann@silent.example"), VERDICT_REJECT);
	expect(b, "c:" CLIENT, 0, 26, 0, -6000);
	bed_done(b);
}

/* Switches of a mailbox, as the store would have them. */
static void
give_switches(struct bed *b, const char *who, const char *words)
{
	struct generation *g = config_generation(b->config);
	struct mailbox *box = arena_new(&b->config->arena, struct mailbox);
	struct mailboxes *table = mailboxes_new(&b->config->arena, 1);
	struct str rest = str_of(words), word;
	struct errbuf e = {0};

	box->who = str_of(who);
	while (str_word(&rest, &word))
		if (!switches_parse(word, &g->checks, &box->switches, &e))
			fail_msg("%s", e.text);
	mailboxes_add(table, box);
	g->policy.mailboxes = table;
}

/* What a mailbox refuses by a threshold of its own is refused for what it is. */
static void
test_mailbox_refuses(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	give_switches(b, "ann@example.net", "reject_at=3");
	assert_int_equal(message(b, CLIENT, "localhost", "ann@silent.example", "ann@example.net"),
		VERDICT_REJECT);
	expect(b, "c:" CLIENT, 0, 1, 0, -1000);
	expect(b, "n:" CLIENT, 0, 0, 0, 1000);
	bed_done(b);
}

/* One that heeds no history refuses nobody for it. */
static void
test_mailbox_without_history(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "too_many_refused = off\n[policy]\nreject_at = 3\n");
	for (int i = 0; i < 5; i++)
		assert_int_equal(REFUSED("ann@silent.example"), VERDICT_REJECT);
	give_switches(b, "ann@example.net", "skip=history");
	assert_int_equal(message(b, CLIENT, "localhost", "ann@silent.example", "ann@example.net"),
		VERDICT_REJECT);
	expect(b, "c:" CLIENT, 0, 6, 0, -6000);
	bed_done(b);
}

/* Nor does anybody earn anything by one that only looks on. */
static void
test_mailbox_monitors(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	give_switches(b, "joe@example.net", "profile=monitor");
	assert_int_equal(GOOD("ann@forged.example"), VERDICT_ACCEPT);
	expect(b, "c:" CLIENT, 0, 1, 0, -1000);
	bed_done(b);
}

/* More recipients than one case has are still one message. */
/* A message whose recipients were let in counts once, as what became of it at its end. */
static void
test_end_of_message(void **state)
{
	struct visit_client c = {.way = "test", .head_later = true};
	struct bed b;

	bed_init(&b, "header_no_from = reject\n");
	assert_true(ip_parse(STR(CLIENT), &c.ip));
	for (int i = 0; i < 3; i++) {
		struct visit *v = visit_new(b.gate, &c);
		visit_env(v, ENV_HELO, STR("mx.example.org"));
		visit_env(v, ENV_MAIL_FROM, STR("ann@example.org"));
		for (int k = 0; k < 2; k++) {
			b.judged = false;
			visit_judge(v, k ? STR("joe@example.net") : STR("sue@example.net"),
				STR(""), done, &b);
			while (!b.judged)
				loop_once(b.loop);
			assert_int_equal(b.kind, VERDICT_ACCEPT);
		}
		if (i > 0)
			visit_header(v, STR("From"), STR("ann@example.org"));
		visit_head_end(v, false);
		b.judged = i == 2; /* which the client gives up */
		if (i < 2)
			visit_judge_message(v, STR(""), done, &b);
		while (!b.judged)
			loop_once(b.loop);
		visit_end(v);
		if (i == 0)
			expect(&b, "c:203.0.113.5", 0, 1, 0, -1000);
	}
	expect(&b, "c:203.0.113.5", 1, 1, 0, 0);
	bed_done(&b);
}

static void
test_many_recipients(void **state)
{
	struct bed bed, *b = &bed;
	char room[1024];
	struct buf rcpts = BUF(room);

	bed_init(b, "");
	for (int i = 0; i < 3 * VISIT_RCPTS; i++)
		buf_printf(&rcpts, "joe%d@example.net ", i);
	assert_int_equal(message(b, CLIENT, "mx.example.org", "ann@example.org",
				 arena_z(&b->config->arena, buf_str(&rcpts))),
		VERDICT_ACCEPT);
	expect(b, "c:" CLIENT, 1, 0, 0, 1000);
	expect(b, "d:example.org", 1, 0, 0, 1000);
	assert_int_equal(message(b, CLIENT, CLIENT, "ann@example.org",
				 arena_z(&b->config->arena, buf_str(&rcpts))),
		VERDICT_REJECT);
	expect(b, "c:" CLIENT, 1, 1, 0, 0);
	expect(b, "n:" CLIENT, 0, 0, 0, 1000);
	bed_done(b);
}

/* Put off, without end if that counted; forgiven when the time has passed. */
static void
test_too_many_refused(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	for (int i = 0; i < 5; i++) {
		assert_int_equal(GOOD("ann@silent.example"), VERDICT_ACCEPT);
		assert_int_equal(REFUSED("ann@forged.example"), VERDICT_REJECT);
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(GOOD("bob@silent.example"), VERDICT_DEFER);
		assert_true(str_eq(b->enhanced, STR("4.7.1")));
	}
	expect(b, "c:" CLIENT, 5, 5, 20, 0);
	struct got n = stored(b, STORE_COUNTER, "n:" CLIENT);
	assert_true(n.score <= 5000 && n.score > 4000);
	assert_true(n.left_s > 60 && n.left_s <= 16 * 60); /* it is forgotten by itself */
	ms_by += 61000;
	assert_int_equal(store_sync(b->store), STORE_OK);
	pass_time(b);
	assert_int_equal(GOOD("cid@silent.example"), VERDICT_ACCEPT);
	bed_done(b);
}

/* A sender of one message, as lists make one for each, is forgotten early; one that comes again is
 * not. */
static void
test_new_sender(void **state)
{
	struct bed bed, *b = &bed;

	bed_init(b, "");
	GOOD("bounce-1@example.org");
	struct got g = stored(b, STORE_HISTORY, "s:bounce-1@example.org");
	assert_true(g.left_s > 0 && g.left_s <= 14 * 86400);
	assert_int_equal(stored(b, STORE_HISTORY, "d:example.org").left_s, 0);
	GOOD("bounce-1@example.org");
	assert_true(stored(b, STORE_HISTORY, "s:bounce-1@example.org").left_s > 1000 * 86400);
	bed_done(b);
}

static void
test_bad_rcpt(void **state)
{
	struct bed bed, *b = &bed;
	struct visit_client c = {.way = "test"};

	bed_init(b, "[networks]\nours = 192.0.2.0/24\n");
	assert_true(ip_parse(STR(CLIENT), &c.ip));
	struct visit *v = visit_new(b->gate, &c);
	visit_rcpt_refused(v);
	visit_rcpt_refused(v);
	visit_end(v);
	assert_true(ip_parse(STR("192.0.2.1"), &c.ip));
	v = visit_new(b->gate, &c);
	visit_rcpt_refused(v);
	visit_end(v);
	assert_int_equal(stored(b, STORE_HISTORY, "c:" CLIENT).n[HISTORY_BAD_RCPTS], 2);
	expect(b, "c:" CLIENT, 0, 0, 0, 0);
	EXPECT_NOTHING("c:192.0.2.1");
	bed_done(b);
}

/* So much of each is counted of the client, in thousandths; -1: nothing is there. */
static void
expect_counts(struct bed *b, const char *client, int64_t resets, int64_t commands,
	int64_t recipients, int64_t empty)
{
	const int64_t want[] = {resets, commands, recipients, empty};

	for (size_t i = 0; i < COUNT(want); i++) {
		char key[80];
		snprintf(key, sizeof(key), "%c:%s", "rube"[i], client);
		struct got g = stored(b, STORE_COUNTER, key);
		int64_t got = g.status == STORE_OK ? g.score : -1;
		if (got != want[i])
			fail_msg("%s: %ld", key, (long)got);
	}
}

static void
over(struct bed *b, const char *client, bool authenticated, const struct session *s)
{
	struct visit_client c = {.way = "test", .authenticated = authenticated};

	assert_true(ip_parse(str_of(client), &c.ip));
	gate_session_over(b->gate, &c, s);
}

static void
test_sessions(void **state)
{
	static const struct session empty = {.known = true},
				    bad = {.known = true,
					    .n = {[SESSION_MAILS] = 9,
						    [SESSION_RESETS] = 8,
						    [SESSION_COMMANDS] = 10,
						    [SESSION_BAD_RCPTS] = 5}},
				    sent = {.known = true,
					    .n = {[SESSION_MAILS] = 9,
						    [SESSION_MESSAGES] = 9,
						    [SESSION_RCPTS] = 900,
						    [SESSION_BAD_RCPTS] = 300}};
	struct bed bed, *b = &bed;

	bed_init(b, "[networks]\nours = 192.0.2.0/24\n[session]\nhalf_life = 60s\n");
	over(b, CLIENT, false, &bad);
	over(b, CLIENT, false, &empty);
	over(b, CLIENT, false, &sent);
	expect_counts(b, CLIENT, 8000, 7000, 5000, 1000);
	/* Not of these. */
	over(b, "203.0.113.77", false, &sent);
	over(b, "203.0.113.78", true, &bad);
	over(b, "192.0.2.1", false, &bad);
	expect_counts(b, "203.0.113.77", -1, -1, -1, -1);
	expect_counts(b, "203.0.113.78", -1, -1, -1, -1);
	expect_counts(b, "192.0.2.1", -1, -1, -1, -1);
	/* Hosts of one network are one. */
	over(b, "2001:db8:1:2::1", false, &empty);
	over(b, "2001:db8:1:2:3::1", false, &empty);
	over(b, "2001:db8:1:3::1", false, &empty);
	expect_counts(b, "2001:db8:1:2::/64", -1, -1, -1, 2000);
	bed_done(b);
}

/* Twice as far over the limit takes a half-life more, and who goes on has to wait for longer. */
static void
test_sessions_are_forgiven(void **state)
{
	static const struct session bad = {
		.known = true, .n = {[SESSION_MAILS] = 1, [SESSION_BAD_RCPTS] = 22}};
	struct bed bed, *b = &bed;

	bed_init(b, "[session]\nhalf_life = 60s\n");
	for (int i = 0; i < 2; i++)
		over(b, CLIENT, false, &bad);
	expect_counts(b, CLIENT, -1, -1, 44000, -1);
	/* 44, again 44 by another one, 22, 11. */
	for (int minute = 0; minute < 3; minute++) {
		pass_time(b);
		/* Being put off adds nothing. */
		for (int i = 0; i < 5; i++)
			assert_int_equal(GOOD("ann@example.org"), VERDICT_DEFER);
		assert_true(str_eq(b->enhanced, STR("4.7.1")));
		ms_by += 60000;
		if (minute == 0)
			over(b, CLIENT, false, &bad);
	}
	pass_time(b);
	assert_int_equal(GOOD("ann@example.org"), VERDICT_ACCEPT);
	bed_done(b);
}

static void
report(struct bed *b, const struct history_message *m, enum history_number n, bool take_back)
{
	struct history_ops ops;

	history_report(m, n, take_back, history_settings_of(config_generation(b->config)), &ops);
	for (size_t i = 0; i < ops.n; i++)
		assert_true(store_write(b->store, &ops.op[i]));
}

static void
test_report(void **state)
{
	struct bed bed, *b = &bed;
	struct history_message m = {.sender = STR("Ann@Example.org"), .sender_confirmed = true};

	bed_init(b, "");
	assert_true(ip_parse(STR(CLIENT), &m.client));
	GOOD("ann@example.org");
	report(b, &m, HISTORY_SPAM, false);
	static const char *const keys[] = {("c:" CLIENT), "s:ann@example.org", "d:example.org"};
	for (size_t i = 0; i < COUNT(keys); i++) {
		expect(b, keys[i], 1, 0, 0, -4000);
		assert_int_equal(stored(b, STORE_HISTORY, keys[i]).n[HISTORY_SPAM], 1);
	}
	/* What is withdrawn leaves nothing. */
	report(b, &m, HISTORY_SPAM, true);
	expect(b, "s:ann@example.org", 1, 0, 0, 1000);
	assert_int_equal(stored(b, STORE_HISTORY, "s:ann@example.org").n[HISTORY_SPAM], 0);
	report(b, &m, HISTORY_HAM, false);
	expect(b, "s:ann@example.org", 1, 0, 0, 6000);
	assert_int_equal(stored(b, STORE_HISTORY, "s:ann@example.org").n[HISTORY_HAM], 1);
	/* A forged one teaches about the client only. */
	m.sender_confirmed = false;
	report(b, &m, HISTORY_SPAM, false);
	expect(b, "s:ann@example.org", 1, 0, 0, 6000);
	expect(b, "c:" CLIENT, 1, 0, 0, 1000);
	bed_done(b);
}

static unsigned started, cancelled;

static struct answer *
lookup_nothing(struct history_source *s, struct str name, enum history_kind what, uint64_t hash)
{
	return NULL;
}

static void
start_nothing(struct history_source *s, struct fact *f)
{
	started++;
}

static void
cancel_nothing(struct history_source *s, struct fact *f)
{
	cancelled++;
}

/* A store that never answers costs the time that a message has, and no verdict: nobody is new, and
 * it is asked again for the next one. */
static void
test_silent_store(void **state)
{
	struct history_source silent = {lookup_nothing, start_nothing, cancel_nothing};
	/* First sight and registration are asked for behind the others. */
	const unsigned kinds = HISTORY_KINDS - 2;
	struct bed bed, *b = &bed;

	bed_init(b, "history_new_client = reject\nhistory_temperror = tag\n");
	config_generation(b->config)->history = &silent;
	config_generation(b->config)->budget_ms = 50;
	started = cancelled = 0;
	for (unsigned i = 1; i <= 2; i++) {
		uint64_t begun = clock_ms();
		assert_int_equal(GOOD("ann@example.org"), VERDICT_TAG);
		assert_true(clock_ms() - begun >= 50);
		assert_int_equal(started, kinds * i);
		assert_int_equal(cancelled, kinds * i);
	}
	bed_done(b);
}

/* A report is heeded with the next message of that sender. */
static void
test_taught(void **state)
{
	struct bed bed, *b = &bed;
	struct history_message m = {.sender = STR("ann@example.org"), .sender_confirmed = true};

	bed_init(b, "sender_abused = reject\n");
	assert_true(ip_parse(STR(CLIENT), &m.client));
	assert_int_equal(GOOD("ann@example.org"), VERDICT_ACCEPT);
	report(b, &m, HISTORY_SPAM, false);
	assert_int_equal(store_sync(b->store), STORE_OK);
	pass_time(b);
	assert_int_equal(GOOD("ann@example.org"), VERDICT_REJECT);
	assert_int_equal(GOOD("bob@example.org"), VERDICT_ACCEPT);
	bed_done(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_no_way_down),
		cmocka_unit_test(test_mailbox_refuses),
		cmocka_unit_test(test_mailbox_without_history),
		cmocka_unit_test(test_mailbox_monitors),
		cmocka_unit_test(test_end_of_message),
		cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_too_many_refused),
		cmocka_unit_test(test_new_sender),
		cmocka_unit_test(test_bad_rcpt),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_sessions_are_forgiven),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_silent_store),
		cmocka_unit_test(test_taught),
	};

	hash_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
