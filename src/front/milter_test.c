/* Unit tests of the milter front: real sockets, a made-up gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "front/fake_gate.h"
#include "front/milter.h"
#include "front/parking.h"
#include "front/test_peer.h"
#include "net/stream.h"
#include "wire/milter.h"

#define MAX_TURNS 24

/* A command and what is heard then: each frame as its byte and its data (NUL as '|'), a blank
 * between two; "closed" in the end. */
struct turn {
	char command;
	struct str data;
	const char *answer;
};

static void
put_frame(struct buf *b, char command, struct str data)
{
	buf_put32(b, (uint32_t)(1 + data.n));
	buf_putc(b, command);
	buf_put(b, data);
}

static void
say(struct peer *p, char command, struct str data)
{
	char room[1024];
	struct buf b = BUF(room);

	put_frame(&b, command, data);
	peer_say(p, buf_str(&b));
}

static void
expect(struct peer *p, const char *want)
{
	char room[2048];
	struct buf b = BUF(room);
	struct str got = peer_hear(p);
	struct milter_frame f;
	size_t used;

	while (milter_read(got, &f, &used) == MILTER_FRAME) {
		if (b.n > 0)
			buf_putc(&b, ' ');
		buf_putc(&b, f.command);
		for (size_t i = 0; i < f.data.n; i++)
			buf_putc(&b, f.data.p[i] ? f.data.p[i] : '|');
		got = str_skip(got, used);
	}
	assert_int_equal(got.n, 0);
	if (p->closed)
		buf_puts(&b, b.n > 0 ? " closed" : "closed");
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
}

#define OFFER_6 STR_INIT("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff")
#define CONNECT_4               \
	STR_INIT("mx.example\0" \
		 "4\0\x19"      \
		 "192.0.2.1\0")
#define MAIL STR_INIT("<ann@example>\0SIZE=9\0")
#define HELLO                                      \
	{'C', CONNECT_4, "c"},                     \
	{                                          \
		'H', STR_INIT("mx.example\0"), "c" \
	}
#define REJECT                                                   \
	"y550-5.7.25 no reverse name, 100%% sure\r\n550 5.7.25 " \
	"https://mx.example/why|"
#define NEW(n)	n " new 192.0.2.1:25 milter\n" n " helo mx.example\n"
#define FROM(n) n " from ann@example\n"
#define DONE(n) n " head\n" n " message\n" n " end\n"

/* All begin with the offer of Postfix 3.7: MAIL then gets no answer. */
static const struct dialogue {
	const char *name;
	struct turn turns[MAX_TURNS];
	const char *notes;
} dialogues[] = {
	{"one message, three outcomes",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'R', STR_INIT("<reject@x>\0"), REJECT},
			{'R', STR_INIT("<defer@x>\0"), "y451 4.7.25 DNS failed|"},
			{'E', STR_INIT(""), "c"}, {'Q', STR_INIT(""), "closed"}},
		NEW("1") FROM("1") "1 judge bob@x\n1 judge reject@x\n1 judge defer@x\n" DONE("1")},
	{"a message that is held",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<hold@x>\0"), "c"},
			{'E', STR_INIT(""), "i||||X-Mxward|score=4| qbecause| c"}},
		NEW("1") FROM("1") "1 judge hold@x\n" DONE("1")},
	{"a header in one go with the end",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<tag@x>\0"), "c"},
			{'R', STR_INIT("<tag@y>\0"), "c"},
			{'E', STR_INIT(""), "i||||X-Mxward|score=4| c"}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}, {'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge tag@x\n1 judge tag@y\n" DONE("1") NEW("2")
			FROM("2") "2 judge bob@x\n" DONE("2")},
	{"a queue id that is known only at the end",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'D', STR_INIT("Ei\0004F5C\0"), ""}, {'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge bob@x\n1 head\n1 message 4F5C\n1 end\n"},
	{"a queue id that is known from the beginning",
		{HELLO, {'D', STR_INIT("Mi\0004F5\0"), ""}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}, {'R', STR_INIT("<tim@x>\0"), "c"},
			{'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'D', STR_INIT("Mi\0004F6\0"), ""}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}},
		NEW("1") FROM("1") "1 judge bob@x 4F5\n1 judge tim@x 4F5\n1 end\n" NEW("2")
			FROM("2") "2 judge bob@x\n2 end\n" NEW("3") FROM("3") "3 judge bob@x "
									      "4F6\n"},
	{"a header, message after message",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"}, {'T', STR_INIT(""), ""},
			{'D', STR_INIT("L"), ""}, {'L', STR_INIT("Date\0today\0"), ""},
			{'L', STR_INIT("Verdict\0reject\0"), ""}, {'N', STR_INIT(""), ""},
			{'D', STR_INIT("Ei\0004F5C\0"), ""}, {'E', STR_INIT(""), REJECT},
			{'M', STR_INIT("<>\0SMTPUTF8\0"), ""}, {'R', STR_INIT("<tag@x>\0"), "c"},
			{'L', STR_INIT("Verdict\0defer\0"), ""}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "y451 4.7.25 DNS failed|"}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "c"}},
		NEW("1") FROM(
			"1") "1 judge bob@x\n1 header Date: today\n1 header Verdict: reject\n"
			     "1 head\n1 message 4F5C\n1 end\n" NEW(
				     "2") "2 from\n"
					  "2 judge tag@x\n2 header Verdict: defer\n2 head utf8\n"
					  "2 message\n2 end\n" NEW("3")
						  FROM("3") "3 judge bob@x\n" DONE("3")},
	{"what the header is worth is added in one go with the verdict",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'L', STR_INIT("Verdict\0tag\0"), ""}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "i||||X-Mxward|score=4| c"}},
		NEW("1") FROM("1") "1 judge bob@x\n1 header Verdict: tag\n" DONE("1")},
	{"ABORT between two fields",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'L', STR_INIT("Verdict\0reject\0"), ""}, {'A', STR_INIT(""), ""},
			{'L', STR_INIT("Verdict\0reject\0"), ""}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "c"}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}, {'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge bob@x\n1 header Verdict: reject\n1 end\n" NEW("2")
			FROM("2") "2 judge bob@x\n" DONE("2")},
	{"ABORT behind the header",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'L', STR_INIT("Verdict\0reject\0"), ""}, {'N', STR_INIT(""), ""},
			{'A', STR_INIT(""), ""}, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"},
			{'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge bob@x\n1 header Verdict: reject\n1 head\n1 end\n" NEW(
			"2") FROM("2") "2 judge bob@x\n" DONE("2")},
	{"the end of a header twice, a field behind it",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<bob@x>\0"), "c"}, {'N', STR_INIT(""), ""},
			{'N', STR_INIT(""), ""}, {'L', STR_INIT("Verdict\0reject\0"), ""},
			{'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge bob@x\n" DONE("1")},
	{"all recipients were refused, then a header",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<reject@x>\0"), REJECT},
			{'L', STR_INIT("Subject\0a\n\tb\0"), ""}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge reject@x\n1 header Subject: a\\010\\009b\n" DONE("1")},
	{"a header of no message",
		{HELLO, {'L', STR_INIT("Verdict\0reject\0"), ""}, {'N', STR_INIT(""), ""},
			{'E', STR_INIT(""), "c"}},
		NEW("1")},
	{"a recipient behind the header",
		{HELLO, {'M', MAIL, ""}, {'N', STR_INIT(""), ""},
			{'R', STR_INIT("<bob@x>\0"), "closed"}},
		NEW("1") FROM("1") "1 head\n1 end\n"},
	{"malformed HEADER", {HELLO, {'M', MAIL, ""}, {'L', STR_INIT("Date"), "closed"}},
		NEW("1") FROM("1") "1 end\n"},
	{"the same HELO again after STARTTLS",
		{HELLO, {'A', STR_INIT(""), ""}, {'H', STR_INIT("mx.example\0"), "c"},
			{'M', MAIL, ""}},
		NEW("1") FROM("1")},
	{"another HELO name", {HELLO, {'H', STR_INIT("b.example\0"), "c"}, {'M', MAIL, ""}},
		NEW("1") "1 end\n2 new 192.0.2.1:25 milter\n2 helo b.example\n" FROM("2")},
	{"HELO in a message, then the ABORT of Postfix",
		{HELLO, {'M', MAIL, ""}, {'H', STR_INIT("mx.example\0"), "c"},
			{'A', STR_INIT(""), ""}, {'M', MAIL, ""}},
		NEW("1") FROM("1") "1 end\n" NEW("2") FROM("2")},
	{"ABORT drops the message and its header, keeps the client",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<tag@x>\0"), "c"}, {'A', STR_INIT(""), ""},
			{'R', STR_INIT("<reject@x>\0"), "c"}, {'M', MAIL, ""},
			{'R', STR_INIT("<bob@x>\0"), "c"}, {'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge tag@x\n1 end\n" NEW("2")
			FROM("2") "2 judge bob@x\n" DONE("2")},
	{"MAIL again without ABORT",
		{HELLO, {'M', MAIL, ""}, {'R', STR_INIT("<tag@x>\0"), "c"}, {'M', MAIL, ""},
			{'E', STR_INIT(""), "c"}},
		NEW("1") FROM("1") "1 judge tag@x\n1 end\n" NEW("2") FROM("2") DONE("2")},
	{"QUIT_NC forgets the client",
		{HELLO, {'M', MAIL, ""}, {'K', STR_INIT(""), ""},
			{'C',
				STR_INIT("x\0"
					 "6\0\x1aIPv6:2001:db8::1\0"),
				"c"},
			{'M', STR_INIT("<>\0"), ""}},
		NEW("1") FROM("1") "1 end\n2 new 2001:db8::1:26 milter\n2 helo\n2 from\n"},
	{"QUIT_NC, then no CONNECT", {HELLO, {'K', STR_INIT(""), ""}, {'M', MAIL, ""}},
		NEW("1") "1 end\n2 new -:0 milter\n2 helo\n" FROM("2")},
	{"recipients that the mail server refused",
		{HELLO, {'M', MAIL, ""},
			{'D', STR_INIT("R{rcpt_mailer}\0error\0{rcpt_host}\0005.1.1\0"), ""},
			{'R', STR_INIT("<reject@x>\0"), "c"},
			{'R', STR_INIT("<reject@x>\0"), REJECT},
			{'D', STR_INIT("R{rcpt_mailer}\0local\0i\0004F5\0"), ""},
			{'R', STR_INIT("<reject@x>\0"), REJECT}},
		NEW("1") FROM("1") "1 refused rcpt\n1 judge reject@x\n1 judge reject@x 4F5\n"},
	{"who has logged in",
		{HELLO, {'D', STR_INIT("M{auth_type}\0PLAIN\0{auth_authen}\0ann\0"), ""},
			{'M', MAIL, ""}, {'E', STR_INIT(""), "c"},
			{'D', STR_INIT("M{auth_type}\0\0{auth_authen}\0\0"), ""}, {'M', MAIL, ""}},
		NEW("1") "1 authenticated\n" FROM("1") DONE("1") NEW("2") FROM("2")},
	{"who has logged in by a certificate",
		{HELLO, {'D', STR_INIT("M{auth_type}\0EXTERNAL\0"), ""}, {'M', MAIL, ""}},
		NEW("1") "1 authenticated\n" FROM("1")},
	{"who has logged in, by name alone",
		{HELLO, {'D', STR_INIT("M{auth_authen}\0ann\0"), ""}, {'M', MAIL, ""}},
		NEW("1") "1 authenticated\n" FROM("1")},
	{"macros of other commands say nothing of that",
		{HELLO, {'D', STR_INIT("C{auth_type}\0PLAIN\0{client_ptr}\0x\0"), ""},
			{'D', STR_INIT("R{auth_authen}\0ann\0"), ""}, {'M', MAIL, ""}},
		NEW("1") FROM("1")},
	{"no Internet client",
		{{'C', STR_INIT("localhost\0U"), "c"}, {'M', MAIL, ""}, {'K', STR_INIT(""), ""},
			{'C', STR_INIT("localhost\0L\0\0/run/x\0"), "c"}, {'M', MAIL, ""}},
		"1 new -:0 milter\n1 helo\n" FROM("1") "1 end\n2 new -:0 milter\n2 helo\n" FROM(
			"2")},
	{"events that were not wanted are answered as agreed",
		{HELLO, {'T', STR_INIT(""), ""}, {'L', STR_INIT("a\0b\0"), ""},
			{'N', STR_INIT(""), ""}, {'B', STR_INIT("body"), ""},
			{'U', STR_INIT("NOOP\0"), ""}},
		NEW("1")},
	{"a recipient of no message", {HELLO, {'R', STR_INIT("<reject@x>\0"), "c"}}, NEW("1")},
	{"an unknown command", {HELLO, {'?', STR_INIT(""), "closed"}}, NEW("1") "1 end\n"},
	{"malformed CONNECT", {{'C', STR_INIT("x"), "closed"}}, ""},
	{"malformed HELO", {{'H', STR_INIT("x"), "closed"}}, ""},
	{"malformed MAIL", {HELLO, {'M', STR_INIT("<x>"), "closed"}}, NEW("1") "1 end\n"},
	{"malformed MACRO", {{'D', STR_INIT(""), "closed"}}, ""},
	{"MAIL out of the blue", {{'M', MAIL, ""}}, "1 new -:0 milter\n1 helo\n" FROM("1")},
};

#define TLS                                                    \
	{                                                      \
		'D', STR_INIT("H{tls_version}\0TLSv1.3\0"), "" \
	}
#define RCPT                                    \
	{                                       \
		'R', STR_INIT("<bob@x>\0"), "c" \
	}
#define ABORT                         \
	{                             \
		'A', STR_INIT(""), "" \
	}
#define QUIT                                \
	{                                   \
		'Q', STR_INIT(""), "closed" \
	}

/* What is told of sessions.  Commands are in the order in which Postfix 3.7 was heard to send them
 * for the dialogue that the name tells of. */
static const struct dialogue sessions[] = {
	{"a message and RSET; MAIL, RCPT, RSET; MAIL, QUIT",
		{HELLO, {'M', MAIL, ""}, RCPT, {'E', STR_INIT(""), "c"}, ABORT, {'M', MAIL, ""},
			RCPT, ABORT, {'M', MAIL, ""}, ABORT, ABORT, QUIT},
		"1 session mails=1\n2 session mails=2 messages=1 rcpts=1\n"
		"3 session mails=3 messages=1 resets=1 rcpts=2\n"
		"over mails=3 messages=1 resets=1 rcpts=2\n"},
	{"RSET where a recipient was refused, by the mail server or by us",
		{HELLO, {'M', MAIL, ""}, {'D', STR_INIT("R{rcpt_mailer}\0error\0"), ""}, RCPT,
			ABORT, {'M', MAIL, ""}, {'R', STR_INIT("<reject@x>\0"), REJECT}, ABORT,
			{'M', MAIL, ""}, {'R', STR_INIT("<defer@x>\0"), "y451 4.7.25 DNS failed|"},
			ABORT, {'M', MAIL, ""}, {'K', STR_INIT(""), ""}},
		"1 session mails=1\n2 session mails=2 bad=1\n3 session mails=3 bad=1 rcpts=1\n"
		"4 session mails=4 bad=1 rcpts=2\nover mails=4 bad=1 rcpts=2\n"},
	{"HELO in a message, which is no RSET",
		{HELLO, {'M', MAIL, ""}, {'H', STR_INIT("mx.example\0"), "c"}, ABORT, ABORT,
			{'M', MAIL, ""}},
		"1 session mails=1\n2 session mails=2\n"},
	{"the same where the ABORT comes first",
		{HELLO, {'M', MAIL, ""}, ABORT, {'H', STR_INIT("mx.example\0"), "c"},
			{'M', MAIL, ""}},
		"1 session mails=1\n2 session mails=2\n"},
	{"another HELO name behind STARTTLS",
		{HELLO, ABORT, TLS, {'H', STR_INIT("b.example\0"), "c"}, {'M', MAIL, ""}},
		"2 session mails=1\n"},
	{"another HELO name twice in TLS",
		{HELLO, TLS, {'H', STR_INIT("b.example\0"), "c"}, TLS,
			{'H', STR_INIT("c.example\0"), "c"}, {'M', MAIL, ""}},
		"3 session mails=1 helo=b.example\n"},
	{"another HELO name, and again in upper case",
		{HELLO, {'H', STR_INIT("b.example\0"), "c"}, {'H', STR_INIT("B.example\0"), "c"},
			{'M', MAIL, ""}},
		"3 session mails=1 helo=mx.example\n"},
	{"commands that do not exist, and no message",
		{HELLO, {'U', STR_INIT("FOO\0"), ""}, {'U', STR_INIT("GET\0"), ""}, ABORT, QUIT},
		"over commands=2\n"},
	{"connect and leave", {{'C', CONNECT_4, "c"}, QUIT}, "over\n"},
	{"who has logged in",
		{HELLO, {'D', STR_INIT("M{auth_authen}\0ann\0"), ""}, {'M', MAIL, ""},
			{'E', STR_INIT(""), "c"}, {'M', MAIL, ""}, QUIT},
		"1 session mails=1\n2 session mails=2 messages=1\n"
		"over authenticated mails=2 messages=1\n"},
	{"another client on the same connection begins at nothing",
		{HELLO, {'H', STR_INIT("b.example\0"), "c"}, {'U', STR_INIT("FOO\0"), ""},
			{'K', STR_INIT(""), ""}, HELLO, {'M', MAIL, ""}},
		"over commands=1 helo=mx.example\n3 session mails=1\n"},
	{"no client, no session", {QUIT}, ""},
};

static void
test_dialogues(void **state)
{
	for (size_t i = 0; i < COUNT(dialogues) + COUNT(sessions); i++) {
		const struct dialogue *d =
			i < COUNT(dialogues) ? &dialogues[i] : &sessions[i - COUNT(dialogues)];
		for (int later = 0; later < 2; later++) {
			struct front *f = front_test_begin(front_milter_new);
			struct peer p;
			print_message("%s%s\n", d->name, later ? ", later" : "");
			fake_gate_later = later;
			fake_gate_sessions = i >= COUNT(dialogues);
			peer_connect(&p, f);
			say(&p, 'O', (struct str)OFFER_6);
			assert_true(str_has_prefix(str_skip(peer_hear(&p), 4), STR("O\0\0\0\6")));
			for (size_t k = 0; k < MAX_TURNS && d->turns[k].answer; k++) {
				say(&p, d->turns[k].command, d->turns[k].data);
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

/* A mail server of old, which knows no way to leave answers out. */
static void
test_version_2(void **state)
{
	static const struct turn turns[] = {HELLO, {'M', MAIL, "c"},
		{'R', STR_INIT("<tag@x>\0"), "c"}, {'L', STR_INIT("a\0b\0"), "c"},
		{'N', STR_INIT(""), "c"}, {'B', STR_INIT("body"), "c"}, {'T', STR_INIT(""), "c"},
		/* It did not offer to add headers. */
		{'E', STR_INIT(""), "c"}, {'M', MAIL, "c"}, {'R', STR_INIT("<bob@x>\0"), "c"},
		{'L', STR_INIT("Verdict\0reject\0"), "c"}, {'N', STR_INIT(""), "c"},
		{'E', STR_INIT(""), REJECT}, {'Q', STR_INIT(""), "closed"}};
	struct front *f = front_test_begin(front_milter_new);
	struct peer p;

	peer_connect(&p, f);
	say(&p, 'O', STR("\0\0\0\2\0\0\0\0\0\0\0\0"));
	assert_true(str_eq(peer_hear(&p), STR("\0\0\0\x0dO\0\0\0\2\0\0\0\0\0\0\0\0")));
	for (size_t i = 0; i < COUNT(turns); i++) {
		say(&p, turns[i].command, turns[i].data);
		expect(&p, turns[i].answer);
	}
	peer_done(&p);
	front_test_done();
}

/* Nobody wants the header, so it does not come, and nothing is known of it. */
static void
test_without_the_header(void **state)
{
	static const struct turn turns[] = {HELLO, {'M', MAIL, ""},
		{'R', STR_INIT("<bob@x>\0"), "c"}, {'E', STR_INIT(""), "c"}};
	struct front *f = front_test_begin(front_milter_new);
	struct peer p;

	fake_gate_no_header = true;
	peer_connect(&p, f);
	say(&p, 'O', (struct str)OFFER_6);
	assert_int_equal(peer_hear(&p).p[16] & 0x70, 0x70);
	for (size_t i = 0; i < COUNT(turns); i++) {
		say(&p, turns[i].command, turns[i].data);
		expect(&p, turns[i].answer);
	}
	assert_notes(NEW("1") FROM("1") "1 judge bob@x\n1 no head\n1 message\n1 end\n");
	peer_done(&p);
	front_test_done();
}

static void
test_negotiation_comes_first(void **state)
{
	static const struct turn turns[] = {
		{'C', CONNECT_4, "closed"},
		{'Q', STR_INIT(""), "closed"},
		{'O', STR_INIT("\0\0\0\1\0\0\0\0\0\0\0\0"), "closed"},
		{'O', STR_INIT("\0\0\0\6"), "closed"},
	};

	for (size_t i = 0; i < COUNT(turns); i++) {
		struct front *f = front_test_begin(front_milter_new);
		struct peer p;
		peer_connect(&p, f);
		say(&p, turns[i].command, turns[i].data);
		expect(&p, turns[i].answer);
		assert_notes("");
		peer_done(&p);
		front_test_done();
	}
}

static void
test_bad_lengths_close_at_once(void **state)
{
	static const struct str rows[] = {STR_INIT("\0\0\0\0"), STR_INIT("\0\x10\0\1"),
		STR_INIT("\x7f\xff\xff\xff"), STR_INIT("\xff\xff\xff\xff")};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct front *f = front_test_begin(front_milter_new);
		struct peer p;
		peer_connect(&p, f);
		peer_say(&p, rows[i]);
		expect(&p, "closed");
		peer_done(&p);
		front_test_done();
	}
}

/* Commands behind a pending verdict wait, in order. */
static void
test_commands_wait_for_the_verdict(void **state)
{
	struct front *f = front_test_begin(front_milter_new);
	char room[1024];
	struct buf b = BUF(room);
	struct peer p;

	fake_gate_later = true;
	peer_connect(&p, f);
	put_frame(&b, 'O', (struct str)OFFER_6);
	put_frame(&b, 'C', (struct str)CONNECT_4);
	put_frame(&b, 'M', (struct str)MAIL);
	put_frame(&b, 'R', STR("<reject@x>\0"));
	put_frame(&b, 'R', STR("<tag@x>\0"));
	put_frame(&b, 'E', STR(""));
	put_frame(&b, 'Q', STR(""));
	peer_say(&p, buf_str(&b));
	(void)peer_hear(&p);
	assert_false(p.closed);
	assert_true(fake_gate_answer());
	expect(&p, REJECT);
	assert_true(fake_gate_answer());
	expect(&p, "c");
	assert_true(fake_gate_answer());
	expect(&p, "i||||X-Mxward|score=4| c closed");
	peer_done(&p);
	front_test_done();
}

static void
test_long_helo(void **state)
{
	static char helo[400];
	struct front *f = front_test_begin(front_milter_new);
	struct peer p;

	memset(helo, 'x', sizeof(helo) - 1);
	peer_connect(&p, f);
	say(&p, 'O', (struct str)OFFER_6);
	say(&p, 'C', (struct str)CONNECT_4);
	(void)peer_hear(&p);
	say(&p, 'H', str_from(helo, sizeof(helo)));
	expect(&p, "c");
	/* Too long to be a name (255), and it still is. */
	struct str notes = fake_gate_notes();
	assert_int_equal(str_rfind(notes, '\n') - str_find(notes, 'x'), 256);
	peer_done(&p);
	front_test_done();
}

static void
greet(struct peer *p, struct front *f)
{
	peer_connect(p, f);
	say(p, 'O', (struct str)OFFER_6);
	say(p, 'C', (struct str)CONNECT_4);
	say(p, 'H', STR("mx.example\0"));
	(void)peer_hear(p);
}

/* Visits of clients that say nothing are bounded; MAIL begins another, which is not parked. */
static void
test_parking(void **state)
{
	static struct peer peers[PARKING_MAX + 3];
	struct front *f = front_test_begin(front_milter_new);
	size_t n;

	for (n = 0; n <= PARKING_MAX; n++)
		greet(&peers[n], f);
	assert_int_equal(fake_gate_open(), PARKING_MAX);
	assert_true(str_contains(fake_gate_notes(), STR("\n1 end\n")));
	for (size_t i = 0; i < 2; i++)
		say(&peers[i], 'M', (struct str)MAIL);
	front_test_settle();
	assert_int_equal(fake_gate_open(), PARKING_MAX + 1);
	for (; n < COUNT(peers); n++)
		greet(&peers[n], f);
	assert_int_equal(fake_gate_open(), PARKING_MAX + 2);
	assert_true(str_contains(fake_gate_notes(), STR("\n3 end\n")));
	for (size_t i = 0; i < 2; i++) {
		say(&peers[i], 'R', STR("<reject@x>\0"));
		expect(&peers[i], REJECT);
	}
	assert_true(str_contains(fake_gate_notes(),
		STR("\n258 new 192.0.2.1:25 milter\n258 helo mx.example\n258 from ann@example\n")));
	assert_true(
		str_has_suffix(fake_gate_notes(), STR("\n258 judge reject@x\n2 judge reject@x\n")));
	for (size_t i = 0; i < COUNT(peers); i++)
		peer_done(&peers[i]);
	front_test_done();
}

static void
finished(void *ctx)
{
	*(bool *)ctx = true;
}

/* A gentle stop lets the message come to its end. */
static void
test_finish(void **state)
{
	struct front *f = front_test_begin(front_milter_new);
	struct peer idle, busy;
	bool done = false;

	peer_connect(&idle, f);
	peer_connect(&busy, f);
	for (struct peer *p = &idle; p; p = p == &idle ? &busy : NULL) {
		say(p, 'O', (struct str)OFFER_6);
		say(p, 'C', (struct str)CONNECT_4);
		(void)peer_hear(p);
	}
	say(&busy, 'M', (struct str)MAIL);
	front_test_settle();
	streams_finish(front_test_loop(), finished, &done);
	expect(&idle, "closed");
	say(&busy, 'R', STR("<tag@x>\0"));
	expect(&busy, "c");
	assert_false(done);
	say(&busy, 'E', STR(""));
	expect(&busy, "i||||X-Mxward|score=4| c closed");
	assert_true(done);
	peer_done(&idle);
	peer_done(&busy);
	front_test_done();
}

/* What the mail server did not offer is not done, and the gate learns of it. */
static void
test_what_was_not_offered(void **state)
{
	static const struct {
		struct str offer;
		const char *answer, *notes;
	} cases[] = {
		{STR_INIT("\0\0\0\6\0\0\0\x31\0\x1f\xff\xff"),
			"m|||\4Authentication-Results|| m|||\1X-Mxward|| "
			"m|||\2Authentication-Results|| "
			"i||||X-Mxward|score=4| qbecause| c",
			""},
		{STR_INIT("\0\0\0\6\0\0\0\x21\0\x1f\xff\xff"), "i||||X-Mxward|score=4| qbecause| c",
			"1 cannot 1\n"},
		{STR_INIT("\0\0\0\6\0\0\0\x20\0\x1f\xff\xff"), "qbecause| c",
			"1 cannot 0\n1 cannot 1\n"},
		{STR_INIT("\0\0\0\2\0\0\0\x11\0\0\0\x7f"),
			"m|||\4Authentication-Results|| m|||\1X-Mxward|| "
			"m|||\2Authentication-Results|| "
			"hX-Mxward|score=4| c",
			""},
	};
	static uint32_t found[] = {2 << 1, 1 << 1 | 1, 4 << 1};
	static const struct stamp_forged forged = {.n = 3, .found = found};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char notes[512];
		struct buf want = BUF(notes);
		struct front *f = front_test_begin(front_milter_new);
		struct peer p;
		peer_connect(&p, f);
		fake_gate_stamp.forged = &forged;
		say(&p, 'O', cases[i].offer);
		(void)peer_hear(&p);
		say(&p, 'C', (struct str)CONNECT_4);
		say(&p, 'H', STR("mx.example\0"));
		say(&p, 'M', (struct str)MAIL);
		say(&p, 'R', STR("<hold@x>\0"));
		(void)peer_hear(&p);
		say(&p, 'E', STR(""));
		expect(&p, cases[i].answer);
		buf_printf(&want, NEW("1") FROM("1") "1 judge hold@x\n1 head\n1 message\n%s1 end\n",
			cases[i].notes);
		buf_putc(&want, '\0');
		assert_notes(notes);
		peer_done(&p);
		front_test_done();
	}
}

/* As many fields as are ever removed leave in one piece; with one more the message does not come
 * in. */
static void
test_many_forged(void **state)
{
	struct stamp_forged forged = {.n = STAMP_FORGED_MAX};
	struct front *f = front_test_begin(front_milter_new);
	struct peer *p = test_calloc(1, sizeof(*p));
	size_t n = 0, bytes = 0;

	forged.found = test_calloc(STAMP_FORGED_MAX, sizeof(*forged.found));
	for (uint32_t i = 0; i < STAMP_FORGED_MAX; i++)
		forged.found[i] = (i + 1) << 1;
	peer_connect(p, f);
	fake_gate_stamp.forged = &forged;
	say(p, 'O', (struct str)OFFER_6);
	say(p, 'C', (struct str)CONNECT_4);
	say(p, 'H', STR("mx.example\0"));
	for (int round = 0; round < 2; round++) {
		forged.too_many = round == 1;
		say(p, 'M', (struct str)MAIL);
		say(p, 'R', STR("<bob@x>\0"));
		(void)peer_hear(p);
		say(p, 'E', STR(""));
		if (round == 1) {
			expect(p,
				"y550 5.7.1 The message has too many header fields that claim to "
				"come from this server|");
			break;
		}
		/* Its pieces fill the room of the peer again and again. */
		while (bytes < STAMP_FORGED_MAX * MILTER_DELHEADER_SIZE(22) + 5) {
			struct str got = peer_hear(p);
			assert_true(got.n > 0);
			bytes += got.n;
			n++;
		}
		assert_int_equal(bytes, STAMP_FORGED_MAX * MILTER_DELHEADER_SIZE(22) + 5);
		assert_true(n > 1);
	}
	peer_done(p);
	front_test_done();
	test_free(forged.found);
	test_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_what_was_not_offered),
		cmocka_unit_test(test_many_forged),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_without_the_header),
		cmocka_unit_test(test_negotiation_comes_first),
		cmocka_unit_test(test_bad_lengths_close_at_once),
		cmocka_unit_test(test_commands_wait_for_the_verdict),
		cmocka_unit_test(test_long_helo),
		cmocka_unit_test(test_parking),
		cmocka_unit_test(test_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
