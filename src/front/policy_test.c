/* Unit tests of the policy front: real sockets, a made-up gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "front/fake_gate.h"
#include "front/parking.h"
#include "front/policy.h"
#include "front/test_peer.h"
#include "net/stream.h"

#define DUNNO	"action=DUNNO\n\n"
#define REJECT	"action=550 5.7.25 no reverse name, 100% sure https://mx.example/why\n\n"
#define DEFER	"action=451 4.7.25 DNS failed\n\n"
#define PREPEND "action=PREPEND X-Mxward: score=4\n\n"

#define MAX_TURNS 8

/* One request and the answer to it; fields left out are those of an ordinary one. */
struct turn {
	const char *state, *rcpt, *instance, *helo, *from, *addr, *user, *queue, *request, *tls;
	const char *port;
	const char *answer;
};

static void
ask(struct peer *p, const struct turn *t)
{
	char room[2048];
	struct buf b = BUF(room);

	buf_printf(&b, "request=%s\n", t->request ? t->request : "smtpd_access_policy");
	buf_printf(&b, "protocol_state=%s\n", t->state ? t->state : "RCPT");
	buf_printf(&b, "client_address=%s\n", t->addr ? t->addr : "192.0.2.1");
	buf_printf(&b, "client_port=%s\n", t->port ? t->port : "25");
	buf_printf(&b, "helo_name=%s\n", t->helo ? t->helo : "mx.example");
	buf_printf(&b, "encryption_protocol=%s\n", t->tls ? t->tls : "");
	buf_printf(&b, "sender=%s\n", t->from ? t->from : "ann@example");
	buf_printf(&b, "recipient=%s\n", t->rcpt ? t->rcpt : "");
	buf_printf(&b, "instance=%s\n", t->instance ? t->instance : "1");
	buf_printf(&b, "queue_id=%s\n", t->queue ? t->queue : "");
	buf_printf(&b, "sasl_username=%s\n\n", t->user ? t->user : "");
	peer_say(p, buf_str(&b));
}

static void
expect(struct peer *p, const char *want)
{
	struct str got = peer_hear(p);

	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

#define NEW  "1 new 192.0.2.1:25 policy\n"
#define TOLD "1 helo mx.example\n1 from ann@example\n"

static const struct dialogue {
	const char *name;
	struct turn turns[MAX_TURNS];
	const char *notes; /* of the gate, without the last "end" */
} dialogues[] = {
	{"an accepted recipient", {{.rcpt = "bob@example.org", .answer = DUNNO}},
		NEW TOLD "1 judge bob@example.org\n"},
	{"recipients of one message",
		{{.rcpt = "reject@x", .answer = REJECT}, {.rcpt = "defer@x", .answer = DEFER},
			{.rcpt = "bob@x", .answer = DUNNO}},
		NEW TOLD "1 judge reject@x\n1 judge defer@x\n1 judge bob@x\n"},
	{"a header once per message",
		{{.rcpt = "tag@x", .answer = PREPEND}, {.rcpt = "bob@x", .answer = DUNNO},
			{.rcpt = "tag@x", .answer = DUNNO},
			{.rcpt = "tag@x", .instance = "2", .answer = PREPEND}},
		NEW TOLD "1 judge tag@x\n1 judge bob@x\n1 judge tag@x\n1 end\n"
			 "2 new 192.0.2.1:25 policy\n2 helo mx.example\n2 from ann@example\n"
			 "2 judge tag@x\n"},
	{"questions start early",
		{{.state = "CONNECT", .helo = "", .from = "", .answer = DUNNO},
			{.state = "EHLO", .from = "", .answer = DUNNO},
			{.state = "EHLO", .from = "", .answer = DUNNO},
			{.state = "MAIL", .answer = DUNNO}, {.rcpt = "bob@x", .answer = DUNNO},
			{.state = "DATA", .answer = DUNNO},
			{.state = "END-OF-MESSAGE", .answer = DUNNO}},
		NEW TOLD "1 judge bob@x\n1 end\n"},
	{"a queue id that is known only at the end",
		{{.rcpt = "bob@x", .answer = DUNNO},
			{.state = "END-OF-MESSAGE", .queue = "4F5C", .answer = DUNNO}},
		NEW TOLD "1 judge bob@x\n1 queue 4F5C\n1 end\n"},
	{"... but not that of another message",
		{{.rcpt = "bob@x", .answer = DUNNO},
			{.state = "DATA", .instance = "2", .queue = "4F5C", .answer = DUNNO}},
		NEW TOLD "1 judge bob@x\n1 end\n"},
	{"another HELO name is another visit",
		{{.state = "HELO", .from = "", .answer = DUNNO},
			{.state = "HELO", .helo = "b.example", .from = "", .answer = DUNNO}},
		NEW "1 helo mx.example\n1 end\n2 new 192.0.2.1:25 policy\n2 helo b.example\n"},
	{"another sender is another visit",
		{{.rcpt = "tag@x", .answer = PREPEND},
			{.rcpt = "tag@x", .from = "", .answer = PREPEND}},
		NEW TOLD "1 judge tag@x\n1 end\n2 new 192.0.2.1:25 policy\n2 helo mx.example\n"
			 "2 from\n2 judge tag@x\n"},
	{"a sender gets its quotation marks back",
		{{.rcpt = "bob@x", .from = "ann b@example", .answer = DUNNO}},
		NEW "1 helo mx.example\n1 from \"ann b\"@example\n1 judge bob@x\n"},
	{"another client is another visit",
		{{.rcpt = "bob@x", .answer = DUNNO},
			{.rcpt = "bob@x", .addr = "2001:db8::1", .answer = DUNNO}},
		NEW TOLD "1 judge bob@x\n1 end\n2 new 2001:db8::1:25 policy\n2 helo mx.example\n"
			 "2 from ann@example\n2 judge bob@x\n"},
	{"logging in is another visit",
		{{.state = "EHLO", .from = "", .answer = DUNNO},
			{.rcpt = "bob@x", .user = "ann", .answer = DUNNO}},
		NEW "1 helo mx.example\n1 end\n2 new 192.0.2.1:25 policy authenticated\n"
		    "2 helo mx.example\n2 from ann@example\n2 judge bob@x\n"},
	{"without instance each recipient stands alone",
		{{.rcpt = "tag@x", .instance = "", .answer = PREPEND},
			{.rcpt = "tag@x", .instance = "", .answer = PREPEND}},
		NEW TOLD "1 judge tag@x\n1 end\n2 new 192.0.2.1:25 policy\n2 helo mx.example\n"
			 "2 from ann@example\n2 judge tag@x\n"},
	{"a client without address", {{.rcpt = "bob@x", .addr = "unknown", .answer = DUNNO}},
		"1 new -:25 policy\n" TOLD "1 judge bob@x\n"},
	{"neither ours nor about a message",
		{{.state = "VRFY", .rcpt = "reject@x", .answer = DUNNO},
			{.state = "ETRN", .answer = DUNNO},
			{.rcpt = "reject@x", .request = "junk_policy", .answer = DUNNO}},
		""},
};

#define ASK(...)                                                           \
	{                                                                  \
		.rcpt = "bob@x", __VA_ARGS__ __VA_OPT__(, ).answer = DUNNO \
	}

/* What is told of sessions. */
static const struct dialogue sessions[] = {
	{"another HELO name in one session, told of each message from then on",
		{ASK(), ASK(.helo = "b.example", .instance = "2"),
			ASK(.helo = "B.example", .instance = "3")},
		"2 session mails=1 helo=mx.example\n3 session mails=1 helo=mx.example\n"},
	{"another HELO name at another port, which is another session",
		{ASK(), ASK(.helo = "b.example", .instance = "2", .port = "26")}, ""},
	{"another HELO name of another client",
		{ASK(), ASK(.helo = "b.example", .instance = "2", .addr = "192.0.2.2")}, ""},
	{"another HELO name in TLS, and there again",
		{ASK(), ASK(.helo = "b.example", .instance = "2", .tls = "TLSv1.3"),
			ASK(.helo = "b.example", .instance = "3", .tls = "TLSv1.3"),
			ASK(.helo = "c.example", .instance = "4", .tls = "TLSv1.3")},
		"4 session mails=1 helo=b.example\n"},
	{"a mail server that does not tell the port",
		{ASK(.port = ""), ASK(.helo = "b.example", .instance = "2", .port = "")}, ""},
	{"the next session on the same connection",
		{ASK(), ASK(.helo = "b.example", .instance = "2"),
			ASK(.helo = "b.example", .instance = "3", .port = "26")},
		"2 session mails=1 helo=mx.example\n"},
	{"step by step",
		{ASK(),
			{.state = "EHLO",
				.helo = "b.example",
				.from = "",
				.instance = "2",
				.answer = DUNNO},
			{.state = "MAIL", .helo = "b.example", .instance = "2", .answer = DUNNO},
			ASK(.helo = "b.example", .instance = "2")},
		"2 session mails=1 helo=mx.example\n"},
};
#define RESULTS	     "action=PREPEND Authentication-Results: mx; iprev=pass\n\n"
#define RECEIVED_SPF "action=PREPEND Received-SPF: pass (x)\n\n"

/* An answer has room for one thing: who asks again at DATA gets the next. */
static void
test_one_thing_at_a_time(void **state)
{
	static const struct turn turns[] = {{.rcpt = "bob@x", .answer = DUNNO},
		{.rcpt = "reject@x", .answer = REJECT}, {.rcpt = "tag@x", .answer = PREPEND},
		{.rcpt = "hold@x", .answer = "action=HOLD because\n\n"},
		{.rcpt = "bob@x", .answer = PREPEND}, /* it is graver than it was */
		{.rcpt = "bob@x", .answer = DUNNO}, {.state = "DATA", .answer = RESULTS},
		{.state = "DATA", .answer = RECEIVED_SPF}, {.state = "DATA", .answer = DUNNO},
		{.state = "END-OF-MESSAGE", .answer = DUNNO},
		/* What is held says so too, though nobody asks for another recipient. */
		{.rcpt = "hold@x", .instance = "2", .answer = "action=HOLD because\n\n"},
		{.state = "DATA", .instance = "2", .answer = PREPEND},
		{.state = "END-OF-MESSAGE", .instance = "2", .answer = DUNNO},
		{.rcpt = "bob@x", .instance = "3", .answer = DUNNO},
		/* ... of another message */
		{.state = "DATA", .instance = "4", .answer = DUNNO},
		{.state = "DATA", .instance = "3", .answer = DUNNO},
		{.rcpt = "bob@x", .instance = "", .answer = DUNNO},
		{.state = "DATA", .instance = "", .answer = DUNNO}};
	struct front *f = front_test_begin(front_policy_new);
	struct peer p;

	fake_gate_stamp.results = STR("mx;\n\tiprev=pass");
	fake_gate_stamp.received_spf = STR("pass\n\t(x)");
	peer_connect(&p, f);
	for (size_t i = 0; i < COUNT(turns); i++) {
		ask(&p, &turns[i]);
		expect(&p, turns[i].answer);
	}
	peer_done(&p);
	front_test_done();
}

static void
test_no_room_on_the_line(void **state)
{
	char value[1000];
	struct front *f = front_test_begin(front_policy_new);
	struct peer p;

	memset(value, 'x', sizeof(value));
	fake_gate_stamp.results = str_from(value, sizeof(value));
	fake_gate_stamp.received_spf = STR("pass");
	peer_connect(&p, f);
	ask(&p, &(struct turn){.rcpt = "bob@x"});
	expect(&p, DUNNO);
	ask(&p, &(struct turn){.state = "DATA"});
	expect(&p, "action=PREPEND Received-SPF: pass\n\n");
	peer_done(&p);
	front_test_done();
}

static void
test_dialogues(void **state)
{
	for (size_t i = 0; i < COUNT(dialogues) + COUNT(sessions); i++) {
		const struct dialogue *d =
			i < COUNT(dialogues) ? &dialogues[i] : &sessions[i - COUNT(dialogues)];
		for (int later = 0; later < 2; later++) {
			struct front *f = front_test_begin(front_policy_new);
			struct peer p;
			print_message("%s%s\n", d->name, later ? ", later" : "");
			fake_gate_later = later;
			fake_gate_sessions = i >= COUNT(dialogues);
			peer_connect(&p, f);
			for (size_t k = 0; k < MAX_TURNS && d->turns[k].answer; k++) {
				ask(&p, &d->turns[k]);
				front_test_settle();
				while (fake_gate_answer())
					;
				expect(&p, d->turns[k].answer);
			}
			assert_notes(d->notes);
			peer_done(&p);
			front_test_done();
		}
	}
}

/* What comes while a verdict is pending waits, and is answered in its turn. */
static void
test_order(void **state)
{
	struct front *f = front_test_begin(front_policy_new);
	struct peer p;

	fake_gate_later = true;
	peer_connect(&p, f);
	ask(&p, &(struct turn){.rcpt = "reject@x"});
	ask(&p, &(struct turn){.rcpt = "defer@x"});
	ask(&p, &(struct turn){.state = "DATA"});
	expect(&p, "");
	assert_notes(NEW TOLD "1 judge reject@x\n");
	assert_true(fake_gate_answer());
	assert_false(fake_gate_answer());
	expect(&p, REJECT);
	assert_true(fake_gate_answer());
	expect(&p, DEFER DUNNO);
	peer_done(&p);
	front_test_done();
}

static void
test_peer_leaves_while_pending(void **state)
{
	struct front *f = front_test_begin(front_policy_new);
	struct peer p;

	fake_gate_later = true;
	peer_connect(&p, f);
	ask(&p, &(struct turn){.rcpt = "bob@x"});
	front_test_settle();
	peer_done(&p);
	/* The answer finds nobody: the visit ends with the connection, at the latest then. */
	fake_gate_answer();
	front_test_settle();
	assert_int_equal(fake_gate_open(), 0);
	front_test_done();
}

static void
test_bad_requests_close(void **state)
{
	static const struct str rows[] = {
		STR_INIT("nonsense\n\n"),
		STR_INIT("sender=\0\n\n"),
		STR_INIT("GET / HTTP/1.1\r\n\r\n"),
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct front *f = front_test_begin(front_policy_new);
		struct peer p;
		peer_connect(&p, f);
		ask(&p, &(struct turn){.rcpt = "bob@x"});
		peer_say(&p, rows[i]);
		expect(&p, DUNNO);
		assert_true(p.closed);
		peer_done(&p);
		front_test_done();
	}
}

/* Parked visits are bounded over all connections; who lost his gets a new one, but not his header
 * twice. */
static void
test_parking(void **state)
{
	static struct peer peers[PARKING_MAX + 2];
	struct front *f = front_test_begin(front_policy_new);

	for (size_t i = 0; i < COUNT(peers); i++) {
		peer_connect(&peers[i], f);
		ask(&peers[i], &(struct turn){.rcpt = "tag@x"});
		front_test_settle();
	}
	assert_int_equal(fake_gate_open(), PARKING_MAX);
	assert_true(str_contains(fake_gate_notes(), STR("\n1 end\n")));
	assert_true(str_contains(fake_gate_notes(), STR("\n2 end\n")));
	assert_false(str_contains(fake_gate_notes(), STR("\n3 end\n")));
	expect(&peers[0], PREPEND);
	ask(&peers[0], &(struct turn){.rcpt = "tag@x"});
	expect(&peers[0], DUNNO);
	assert_true(str_contains(fake_gate_notes(), STR("\n3 end\n")));
	assert_int_equal(fake_gate_open(), PARKING_MAX);
	for (size_t i = 0; i < COUNT(peers); i++)
		peer_done(&peers[i]);
	front_test_done();
}

static void
finished(void *ctx)
{
	*(bool *)ctx = true;
}

/* A gentle stop closes the idle connection at once, the other one after its answer. */
static void
test_finish(void **state)
{
	struct front *f = front_test_begin(front_policy_new);
	struct peer idle, busy;
	bool done = false;

	fake_gate_later = true;
	peer_connect(&idle, f);
	peer_connect(&busy, f);
	ask(&busy, &(struct turn){.rcpt = "reject@x"});
	front_test_settle();
	streams_finish(front_test_loop(), finished, &done);
	expect(&idle, "");
	assert_true(idle.closed);
	assert_false(done);
	assert_true(fake_gate_answer());
	expect(&busy, REJECT);
	assert_true(busy.closed);
	assert_true(done);
	peer_done(&idle);
	peer_done(&busy);
	front_test_done();
}

/* front_free() ends what is there, also a pending visit. */
static void
test_free_ends_all(void **state)
{
	struct front *f = front_test_begin(front_policy_new);
	struct peer p[2];

	peer_connect(&p[0], f);
	ask(&p[0], &(struct turn){.rcpt = "bob@x"});
	front_test_settle();
	fake_gate_later = true;
	peer_connect(&p[1], f);
	ask(&p[1], &(struct turn){.rcpt = "bob@x"});
	front_test_settle();
	assert_int_equal(fake_gate_open(), 2);
	front_test_done();
	front_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_one_thing_at_a_time),
		cmocka_unit_test(test_no_room_on_the_line),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_peer_leaves_while_pending),
		cmocka_unit_test(test_bad_requests_close),
		cmocka_unit_test(test_parking),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_free_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
