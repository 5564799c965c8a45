/* Unit tests of record_put: what is written reads back, whatever the bytes; bounds hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/record.h"
#include "core/record_put.h"

#define CODES 2

static const struct finding_code codes[CODES] = {
	{.id = "bad", .label = "bad", .text = "{who} is bad", .fix = "be good"},
	{.id = "good", .label = "good", .text = "{who} is good", .good = true},
};
static const struct action actions[CODES] = {{ACTION_SCORE, 450}, {ACTION_OFF, 0}};

/* Asks for as many TXT records as the sender's address has bytes, and finds what it was told. */
static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *helo = ask_env(q, ENV_HELO), *from = ask_env(q, ENV_MAIL_FROM);

	if (!helo || !from)
		return CHECK_WAIT;
	for (size_t i = 0; i < from->n && i < 100; i++)
		(void)ask_dns(
			q, i % 2 ? DNS_TXT : DNS_MX, arena_printf(q->scratch, "n%zu.example", i));
	for (unsigned i = 0; i < HISTORY_KINDS; i++)
		(void)ask_history(q, (enum history_kind)i, STR("a@example.org"));
	out->sender_confirmed = true;
	finding_note(found(out, &codes[0]), "who", *helo);
	finding_note(found(out, &codes[1]), "who", *from);
	return CHECK_DONE;
}

static const struct check check = {.name = "c", .codes = codes, .n_codes = CODES, .run = run};
static const struct check *const checks[] = {&check};
static const void *const no_settings[] = {NULL};
static const struct check_set set = {1, checks, no_settings};
static const struct policy policy = {.reject_at = 400, .actions = {{actions}, {actions}}};
static const struct ip client = {.len = 4, .b = {192, 0, 2, 1}};
static struct str txt;

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct answer *a = answer_new();
	struct dns_rr *rr = arena_calloc(&a->arena, 2, sizeof(*rr));

	rr[0].text = rr[1].text = arena_str(&a->arena, type == DNS_TXT ? txt : name);
	rr[1].preference = 10;
	a->dns = (struct dns_answer){
		.status = DNS_OK, .ttl = 300, .n = 2, .rr = rr, .alias = name, .seq = 7};
	return a;
}

/* As many answers as there are. */
static struct answer *
lookup_history(struct history_source *s, struct str name, enum history_kind what, uint64_t hash)
{
	static const enum history_status statuses[HISTORY_KINDS] = {[HISTORY_CLIENT] = HISTORY_OK,
		[HISTORY_REFUSALS] = HISTORY_UNKNOWN,
		[HISTORY_SENDER] = HISTORY_FAIL,
		[HISTORY_DOMAIN] = HISTORY_NONE,
		[HISTORY_SEEN] = HISTORY_UNKNOWN,
		[HISTORY_REGISTERED] = HISTORY_OK};

	return answer_history(&(struct history){.status = statuses[what],
		.n = {1, HISTORY_MAX, 3, 4, 5, 6},
		.score = -HISTORY_MAX,
		.age_s = 7,
		.idle_s = 8});
}

struct bed {
	struct arena a, scratch;
	struct source source;
	struct history_source *history; /* NULL: none */
	struct transaction *t;
	struct record record;
	char room[RECORD_PUT_MAX];
	struct buf out;
};

static void
begin(struct bed *b, struct str helo, struct str from)
{
	arena_init(&b->a, 8192, (size_t)8 << 20);
	arena_init(&b->scratch, 8192, (size_t)1 << 20);
	b->source = (struct source){.lookup = lookup};
	b->out = BUF(b->room);
	b->t = transaction_begin(&(struct transaction_options){.checks = &set,
					 .source = &b->source,
					 .history = b->history,
					 .arena = &b->a,
					 .scratch = &b->scratch,
					 .now = 1764000000},
		&client);
	if (helo.p)
		transaction_env(b->t, ENV_HELO, helo);
	else
		transaction_env_absent(b->t, ENV_HELO);
	transaction_env(b->t, ENV_MAIL_FROM, from);
	transaction_run(b->t);
}

static void
put_to(struct bed *b, const struct policy *p, size_t n, const struct str *rcpt)
{
	struct result r = transaction_result(b->t);
	struct verdict v[10];
	struct record_rcpt rcpts[10];

	for (size_t i = 0; i < n; i++) {
		policy_judge(&(struct judgement){.policy = p,
				     .checks = &set,
				     .result = &r,
				     .client = &client,
				     .rcpt = rcpt[i]},
			&b->a, &v[i]);
		rcpts[i] = (struct record_rcpt){rcpt[i], &v[i], 100 + i};
	}
	record_put(&(struct record_out){.id = STR("7Q2K-M8RT-9FBC"),
			   .queue_id = STR("4F3C"),
			   .way = "test",
			   .port = 2525,
			   .transaction = b->t,
			   .checks = &set,
			   .settings = 3,
			   .n = n,
			   .rcpt = rcpts},
		&b->out);
}

static void
put(struct bed *b, size_t n, struct str rcpt)
{
	struct str all[10] = {{0}};

	for (size_t i = 0; i < n; i++)
		all[i] = rcpt;
	put_to(b, &policy, n, all);
}

static void
end(struct bed *b)
{
	transaction_end(b->t);
	arena_done(&b->a);
	arena_done(&b->scratch);
}

static void
read_back(struct bed *b)
{
	struct errbuf e = {0};

	assert_false(buf_is_cut(&b->out));
	if (!record_parse(&b->a, buf_str(&b->out), &b->record, &e))
		fail_msg("%s: %.*s", e.text, STR_ARG(buf_str(&b->out)));
}

static bool
says(const struct bed *b, const char *what)
{
	return str_contains(buf_str(&b->out), str_of(what));
}

static void
test_whole(void **state)
{
	static struct bed b;

	txt = STR("v=spf1 \"quoted\" \\ \001\377 -all");
	begin(&b, STR("mx.example"), STR("ab"));
	put(&b, 1, STR("joe@example.net"));
	static const char want[] =
		"{\"v\":1,\"id\":\"7Q2K-M8RT-9FBC\",\"time\":1764000000,"
		"\"client\":{\"ip\":\"192.0.2.1\",\"port\":2525},\"helo\":\"mx.example\","
		"\"from\":\"ab\",\"confirmed\":true,\"rcpt\":[\"joe@example.net\"],\"queue\":"
		"\"4F3C\","
		"\"way\":\"test\",\"settings\":3,\"took_us\":100,\"verdicts\":[{\"verdict\":"
		"\"reject\",\"score\":4.5,\"main\":\"bad\",\"code\":550,\"enhanced\":\"5.7.1\","
		"\"reply\":\"mx.example is bad: be good\"}],\"findings\":[{\"id\":\"bad\","
		"\"action\":\"score\",\"points\":4.5,\"evidence\":{\"who\":\"mx.example\"}},"
		"{\"id\":\"good\",\"action\":\"off\",\"evidence\":{\"who\":\"ab\"}}],\"facts\":["
		"{\"q\":\"dns\",\"name\":\"n0.example\",\"type\":\"MX\",\"status\":\"ok\","
		"\"ttl\":300,\"alias\":\"n0.example\",\"seq\":7,\"rr\":[\"0 n0.example\","
		"\"10 n0.example\"]},{\"q\":\"dns\",\"name\":\"n1.example\",\"type\":\"TXT\","
		"\"status\":\"ok\",\"ttl\":300,\"alias\":\"n1.example\",\"seq\":7,\"rr\":["
		"\"v=spf1 \\\"quoted\\\" \\\\\\\\ \\\\001\\\\255 -all\","
		"\"v=spf1 \\\"quoted\\\" \\\\\\\\ \\\\001\\\\255 -all\"]}]}";
	assert_int_equal(b.out.n, sizeof(want) - 1);
	assert_memory_equal(b.out.p, want, b.out.n);
	read_back(&b);
	assert_true(str_eq(b.record.fact[1].answer->dns.rr[0].text, txt));
	record_done(&b.record);
	end(&b);
}

/* What a mailbox does not heed did not count for it; where another was refused, that is explained.
 */
static void
test_actions_as_they_counted(void **state)
{
	static struct bed b;
	static const struct mailbox ann = {.who = STR_INIT("ann@example.net"),
		.switches = {.set = 1 << MAILBOX_SKIP, .skip = 1}};
	struct str to[] = {STR("ann@example.net"), STR("joe@example.net")};

	for (size_t n = 1; n <= 2; n++) {
		begin(&b, STR("mx.example"), STR(""));
		struct mailboxes *table = mailboxes_new(&b.a, 1);
		mailboxes_add(table, &ann);
		struct policy p = policy;
		p.mailboxes = table;
		put_to(&b, &p, n, to);
		assert_int_equal(says(&b, "{\"id\":\"bad\",\"action\":\"off\""), n == 1);
		assert_int_equal(
			says(&b, "{\"id\":\"bad\",\"action\":\"score\",\"points\":4.5"), n == 2);
		end(&b);
	}
}

static void
test_history(void **state)
{
	static struct bed b;
	struct history_source source = {.lookup = lookup_history};

	b.history = &source;
	begin(&b, STR("mx.example"), STR(""));
	put(&b, 1, STR("joe@example.net"));
	assert_true(says(&b,
		"\"facts\":[{\"q\":\"history\",\"what\":\"client\",\"name\":\"a@example.org\","
		"\"status\":\"ok\",\"n\":[1,1000000000000,3,4,5,6],\"score\":-1000000000000,"
		"\"age\":7,\"idle\":8},"
		"{\"q\":\"history\",\"what\":\"sender\",\"name\":\"a@example.org\","
		"\"status\":\"fail\"},"
		"{\"q\":\"history\",\"what\":\"domain\",\"name\":\"a@example.org\","
		"\"status\":\"none\"},"
		"{\"q\":\"history\",\"what\":\"registered\",\"name\":\"a@example.org\","
		"\"status\":\"ok\",\"n\":[1,1000000000000,3,4,5,6],\"score\":-1000000000000,"
		"\"age\":7,\"idle\":8}]"));
	read_back(&b);
	for (unsigned i = 0; i < HISTORY_KINDS; i++) {
		struct str name = STR("a@example.org");
		enum history_kind what = (enum history_kind)i;
		struct answer *want = lookup_history(NULL, name, what, 0);
		struct history_source *s = record_history(&b.record);
		struct answer *got = s->lookup(s, name, what, history_hash(name, what));
		assert_int_equal(got->history.status, want->history.status);
		if (got->history.status == HISTORY_OK) {
			assert_memory_equal(
				got->history.n, want->history.n, sizeof(want->history.n));
			assert_int_equal(got->history.score, want->history.score);
			assert_int_equal(got->history.age_s, want->history.age_s);
			assert_int_equal(got->history.idle_s, want->history.idle_s);
		}
		answer_unref(got);
		answer_unref(want);
	}
	record_done(&b.record);
	end(&b);
}

/* HELO and sender come back byte by byte. */
static void
test_bytes(void **state)
{
	static const struct {
		struct str s;
		bool text;
	} cases[] = {
		{STR_INIT(""), true},
		{STR_INIT("a\"b\\c"), true},
		{STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa7\xed\x9f\xbf\xf4\x8f\xbf\xbf"),
			true},
		{STR_INIT("\xff"), false},
		{STR_INIT("a\0b"), false},
		{STR_INIT("\x1b[2J\r\n"), false},
		{STR_INIT("\x7f"), false},
		{STR_INIT("\xc0\xaf"), false},	       /* overlong */
		{STR_INIT("\xe0\x9f\xbf"), false},     /* likewise */
		{STR_INIT("\xf0\x8f\xbf\xbf"), false}, /* likewise */
		{STR_INIT("\xed\xa0\x80"), false},     /* a surrogate */
		{STR_INIT("\xf4\x90\x80\x80"), false}, /* beyond U+10FFFF */
		{STR_INIT("\xc2\x9b"), false},	       /* a control character of C1 */
		{STR_INIT("\xe2\x82"), false},	       /* ends in the middle */
		{STR_INIT("\xc3("), false},
	};

	txt = STR("x");
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct bed b;
		begin(&b, cases[i].s, cases[i].s);
		put(&b, 1, cases[i].s);
		read_back(&b);
		assert_true(str_eq(b.record.helo, cases[i].s));
		assert_true(str_eq(b.record.from, cases[i].s));
		assert_int_equal(says(&b, "helo_hex"), !cases[i].text);
		assert_int_equal(says(&b, "\"escaped\":[\"who\"]"), !cases[i].text);
		if (cases[i].text)
			assert_true(str_eq(b.record.rcpt.word[0], cases[i].s));
		record_done(&b.record);
		end(&b);
	}
}

static void
test_unknown_helo(void **state)
{
	static struct bed b;

	begin(&b, (struct str){NULL, 0}, STR(""));
	put(&b, 1, STR("joe@example.net"));
	read_back(&b);
	assert_false(b.record.has_helo);
	assert_true(b.record.has_from);
	assert_int_equal(b.record.rcpt.n, 1);
	record_done(&b.record);
	end(&b);
}

/* What has no room is left out, and the rest is still a record. */
static void
test_cut(void **state)
{
	static char long_txt[3000];
	static struct bed b;

	memset(long_txt, '\\', sizeof(long_txt));
	txt = str_from(long_txt, sizeof(long_txt));
	begin(&b, STR("mx.example"), STR("0123456789"));
	put(&b, 1, STR("joe@example.net"));
	read_back(&b);
	assert_true(says(&b, ",\"cut\":true}"));
	assert_true(b.out.n <= RECORD_PUT_SOFT + 64);
	assert_int_equal(b.record.n_facts, 6); /* the five MX, and one TXT of 24 KB */
	record_done(&b.record);
	end(&b);
}

/* The worst that can stand before what may be left out has room. */
static void
test_worst(void **state)
{
	static char worst[4000];
	static struct bed b;

	for (int fill = 0; fill < 2; fill++) {
		memset(worst, fill ? '"' : 1, sizeof(worst));
		txt = str_from(worst, 200);
		begin(&b, str_from(worst, sizeof(worst)), str_from(worst, sizeof(worst)));
		put(&b, 10, str_from(worst, sizeof(worst)));
		read_back(&b);
		assert_int_equal(b.record.helo.n, 2048);
		assert_memory_equal(b.record.helo.p, worst, 2048);
		assert_int_equal(b.record.rcpt.n, 10);
		record_done(&b.record);
		end(&b);
	}
}

/* Whatever room there is, nothing is written beyond it, and what is not cut is a record. */
static void
test_any_room(void **state)
{
	txt = STR("v=spf1 \"\\ -all");
	for (size_t room = 0; room < 3000; room++) {
		static struct bed b;
		struct errbuf e = {0};
		begin(&b, STR("h"), STR("abcdefgh"));
		b.out.max = room;
		put(&b, 2, STR("joe@example.net"));
		assert_true(b.out.n <= room);
		if (!buf_is_cut(&b.out)) {
			if (!record_parse(&b.a, buf_str(&b.out), &b.record, &e))
				fail_msg("%zu: %s", room, e.text);
			record_done(&b.record);
		}
		end(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_actions_as_they_counted),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_unknown_helo),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_worst),
		cmocka_unit_test(test_any_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
