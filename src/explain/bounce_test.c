/*
 * From bytes to failures: reports, words of several mail servers, logs, pasted replies, what is no
 * bounce, and what is broken.  All of it made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "explain/bounce.h"

static struct arena arena;
static struct bounce bounce;

static int
setup(void **state)
{
	arena_init(&arena, 65536, SIZE_MAX);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

static const struct bounce *
read_bytes(const char *bytes, size_t n)
{
	char *copy = arena_alloc(&arena, n + 1);

	for (size_t i = 0; i < n; i++)
		copy[i] = bytes[i];
	assert_true(bounce_read(&arena, copy, n, &bounce));
	return &bounce;
}

static const struct bounce *
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void
check_str(struct str got, const char *wanted)
{
	if (!str_eq(got, str_of(wanted)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), wanted);
}

#define REPORT                                                                                    \
	"Return-Path: <>\n"                                                                       \
	"From: Mail Delivery System <MAILER-DAEMON@out.a.example>\n"                              \
	"To: joe@a.example\nSubject: Undelivered Mail Returned to Sender\n"                       \
	"MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n"       \
	"\tboundary=\"zz\"\n\nFor old readers.\n--zz\nContent-Type: text/plain\n\n"               \
	"It did not work, sorry.\n\n<ann@b.example>: host mx.b.example[192.0.2.25] said: 550\n"   \
	"    5.7.25 no PTR for [192.0.2.1] (in reply to RCPT TO command)\n\n--zz\n"               \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; out.a.example\n\n"          \
	"Final-Recipient: rfc822; ann@b.example\nAction: failed\nStatus: 5.7.25\n"                \
	"Remote-MTA: dns; mx.b.example\nDiagnostic-Code: smtp; 550-5.7.25 no PTR\n"               \
	"    550 5.7.25 for [192.0.2.1]\n\n"                                                      \
	"Final-Recipient: rfc822; bob@c.example\nAction: delayed\nStatus: 4.4.1\n"                \
	"Diagnostic-Code: X-Postfix; connect to c.example[192.0.2.3]:25: Connection timed out\n"  \
	"\nFinal-Recipient: rfc822; eve@d.example\nAction: relayed\nStatus: 2.0.0\n\n--zz\n"      \
	"Content-Type: message/rfc822\n\nFrom: joe@a.example\nTo: ann@b.example\nSubject: hi\n\n" \
	"spam spam spam\n--zz--\n"

static void
check_report(const struct bounce *b)
{
	assert_int_equal(b->kind, BOUNCE_REPORT);
	assert_int_equal(b->n, 2);
	const struct failure *f = &b->failure[0];
	check_str(f->recipient, "ann@b.example");
	assert_int_equal(f->code, 550);
	check_str(f->enhanced, "5.7.25");
	check_str(f->host, "mx.b.example");
	check_str(f->reply, "550-5.7.25 no PTR\n550 5.7.25 for [192.0.2.1]");
	assert_false(f->delayed);
	check_str(b->failure[1].recipient, "bob@c.example");
	assert_true(b->failure[1].delayed);
	assert_int_equal(b->failure[1].code, 0);
	check_str(b->failure[1].enhanced, "4.4.1");
	check_str(b->reporter, "out.a.example");
	check_str(b->sender, "joe@a.example");
	assert_false(str_contains(b->said, STR("spam")));
}

static void
test_report(void **state)
{
	check_report(read_text(REPORT));
}

/* Who reports is the sender's own server unless its name is below the recipient's domain. */
static void
test_reporter(void **state)
{
	static const char *const rows[][2] = {{"out.a.example", "out.a.example"},
		{"mx.b.example", ""}, {"B.Example", ""}, {"out.bb.example", "out.bb.example"},
		{"xb.example", "xb.example"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str text = arena_printf(&arena,
			"From: MAILER-DAEMON@%s\nTo: joe@a.example\nContent-Type: "
			"multipart/report; boundary=z\n\n--z\nContent-Type: "
			"message/delivery-status\n\nReporting-MTA: dns; %s\n\n"
			"Final-Recipient: rfc822; ann@b.example\nAction: failed\n\n--z--\n",
			rows[i][0], rows[i][0]);
		const struct bounce *b = read_bytes(text.p, text.n);
		check_str(b->reporter, rows[i][1]);
	}
}

/* The same with every other end of line, and in UTF-16. */
static void
test_line_ends(void **state)
{
	size_t n = strlen(REPORT), k = 0;
	char *crlf = arena_alloc(&arena, 2 * n), *cr = arena_alloc(&arena, n);
	char *wide = arena_alloc(&arena, 2 * n);

	for (size_t i = 0; i < n; i++) {
		cr[i] = REPORT[i] == '\n' ? '\r' : REPORT[i];
		if (REPORT[i] == '\n')
			crlf[k++] = '\r';
		crlf[k++] = REPORT[i];
		wide[2 * i] = REPORT[i];
		wide[2 * i + 1] = 0;
	}
	check_report(read_bytes(crlf, k));
	check_report(read_bytes(cr, n));
	check_report(read_bytes(wide, 2 * n));
	/* What a fixed buffer had behind the text makes it no UTF-16. */
	check_str(read_bytes("550 no PTR\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32)
			  ->failure[0]
			  .reply,
		"550 no PTR");
}

/* A report whose parts were lost on the way: all of it is one text. */
static void
test_report_in_text(void **state)
{
	const struct bounce *b =
		read_text("Dear admin, see what I got:\n\n"
			  "Reporting-MTA: dns; out.a.example\n\n"
			  "Final-Recipient: rfc822; ann@b.example\nAction: failed\n"
			  "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 not here\n");

	assert_int_equal(b->n, 1);
	check_str(b->failure[0].recipient, "ann@b.example");
	check_str(b->failure[0].reply, "550 5.1.1 not here");
	b = read_text("Final-Recipient: rfc822; ann@b.example\nAction: failed\n"
		      "Remote-MTA: dns; mx.b.example\nDiagnostic-Code: smtp; 550 5.1.1 not here\n"
		      "Last-Attempt-Date: Fri, 4 May 2018 07:49:30 -0700\n");
	assert_int_equal(b->n, 1);
	check_str(b->failure[0].recipient, "ann@b.example");
	check_str(b->failure[0].reply, "550 5.1.1 not here");
}

/* A bounce that somebody passes on as an attachment. */
static void
test_forwarded(void **state)
{
	const struct bounce *b = read_text(
		"From: joe@a.example\nTo: admin@a.example\nSubject: what is this\n"
		"Content-Type: multipart/mixed; boundary=yy\n\n--yy\nContent-Type: text/plain\n\n"
		"please help\n--yy\nContent-Type: message/rfc822\n\n" REPORT "--yy--\n");

	check_report(b);
}

#define HEAD "From: MAILER-DAEMON@a.example\nTo: joe@a.example\nSubject: failure notice\n\n"

static void
test_words(void **state)
{
	static const struct {
		const char *what, *text, *recipient, *reply;
		unsigned code;
	} cases[] = {
		{"qmail",
			HEAD
			"Hi. This is the program at a.example.\n\n<ann@b.example>:\n"
			"192.0.2.25 does not like recipient.\n"
			"Remote host said: 550 5.1.1 not one of ours\nGiving up on 192.0.2.25.\n\n"
			"--- Below this line is a copy of the message.\n\n"
			"Return-Path: <joe@a.example>\n\n<eve@e.example>:\nhello\n",
			"ann@b.example", "550 5.1.1 not one of ours", 550},
		{"Exim",
			HEAD
			"A message that you sent could not be delivered.\n\n"
			"  ann@b.example\n    host mx.b.example [192.0.2.25]\n"
			"    SMTP error from remote mail server after RCPT TO:<ann@b.example>:\n"
			"    451 come back\n\n------ This is a copy of the message ------\n\n"
			"Return-path: <joe@a.example>\n",
			"ann@b.example", "451 come back", 451},
		{"a warning of Google",
			HEAD "It is delayed:\n\n     ann@b.example\n\n"
			     "Message will be retried for 2 more day(s)\n\nThe server is away\n",
			"ann@b.example",
			"It is delayed:\n\n     ann@b.example\n\n"
			"Message will be retried for 2 more day(s)\n\nThe server is away",
			0},
		{"Postfix, whose line ends behind the code",
			HEAD "Sorry.\n\n<ann@b.example>: host mx.b.example said: 550 5.7.1\n"
			     "    <eve@c.example>: not one of ours\n",
			"ann@b.example", "550 5.7.1\n    <eve@c.example>: not one of ours", 550},
		{"Postfix, whose line was pasted without its indentation",
			HEAD "Sorry.\n\n<ann@b.example>: host mx.b.example said: 550 5.7.1\n"
			     "<eve@c.example>... not one of ours\n",
			"ann@b.example", "550 5.7.1\n<eve@c.example>... not one of ours", 550},
		{"Postfix, for a recipient that an alias has named",
			HEAD "Sorry.\n\n<ann@b.example> (expanded from\n"
			     "    <all@a.example>): host mx.b.example said: 550 5.1.1 gone\n",
			"ann@b.example", "550 5.1.1 gone", 550},
		{"what was passed on with marks",
			"> <ann@b.example>: host mx.b.example said: 550 5.7.1 no\n> and never\n",
			"ann@b.example", "550 5.7.1 no\nand never", 550},
		{"Postfix, whose reply goes on with an address",
			"<ann@b.example>: host mx.b.example said: 550 sorry, but\n"
			"    ann@b.example: not here\n",
			"ann@b.example", "550 sorry, but\n    ann@b.example: not here", 550},
		{"PHPMailer",
			"SMTP Error: data not accepted. Detail: not one of ours SMTP code: 550 "
			"Additional SMTP info: 5.7.1\n",
			"", "550 5.7.1 not one of ours", 550},
		{"a program's quotation",
			"Server Response: '550 that isn't one of ours', Port: 25, Error: 550\n", "",
			"550 that isn't one of ours", 550},
		{"a program's trace",
			"SendFailed: 550 5.7.1 no\n\tat a.b.Sender.send(Sender.java:7)\n", "",
			"550 5.7.1 no", 550},
		{"the last lines of a report",
			"Diagnostic-Code: smtp; 550 5.1.0 no\n"
			"Last-Attempt-Date: Fri, 4 May 2018 07:49:30 -0700\n",
			"", "550 5.1.0 no", 550},
		{"sendmail",
			HEAD "   ----- The following addresses had errors -----\n<ann@b.example>\n"
			     "    (reason: 553 5.3.0 go away)\n\n   ----- Transcript -----\n"
			     "... while talking to mx.b.example.:\n",
			"ann@b.example", "553 5.3.0 go away)", 553},
		{"sendmail, which waits",
			HEAD "   ----- The following addresses had transient errors -----\n"
			     "<ann@b.example>\n\n   ----- Transcript of session follows -----\n"
			     "<ann@b.example>... Deferred: nobody answers at mx.b.example\n",
			"ann@b.example", "Deferred: nobody answers at mx.b.example", 0},
		{"copied from a mail program, without an empty line",
			"From: MAILER-DAEMON@a.example\nTo: joe@a.example\nSubject: Failed\n"
			"This could not be delivered to\nann@b.example\nthe mailbox is gone\n",
			"ann@b.example",
			"This could not be delivered to\nann@b.example\nthe mailbox is gone", 0},
		{"a bounce that was forwarded, with its header",
			"> From: MAILER-DAEMON@a.example\n> Sent: Monday\nTo: joe@a.example\n"
			"Subject: Undelivered Mail\n\nSorry.\n\n"
			"<ann@b.example>: host mx.b.example said: 550 gone\n",
			"ann@b.example", "550 gone", 550},
		{"Exchange",
			HEAD "Your message did not reach some or all of them.\n\n"
			     "ann@b.example<mailto:ann@b.example>\n"
			     "The mailbox is full.\n\nDiagnostic information:\n",
			"ann@b.example", "The mailbox is full.", 0},
		{"Notes",
			HEAD "Your document: hello\n\nwas not delivered to: ann@b.example\n\n"
			     "because:\n\nUser ann not listed in Directory\n",
			"ann@b.example",
			"Your document: hello\n\nwas not delivered to: ann@b.example\n\n"
			"because:\n\nUser ann not listed in Directory",
			0},
		{"a page of HTML",
			"From: postmaster@a.example\nTo: joe@a.example\nSubject: Undeliverable: "
			"hi\n"
			"Content-Type: text/html\n\n<html><style>p { x }</style><body><p>Sorry</p>"
			"<p>ann@b.example<br>550 5.1.1 &lt;ann&gt; is away</p></body></html>\n",
			"ann@b.example", "550 5.1.1 <ann> is away", 550},
		{"a reply", "550 5.7.1 <ann@b.example>: no\n", "ann@b.example",
			"550 5.7.1 <ann@b.example>: no", 550},
		{"what a mail program shows",
			"host mx.b.example[192.0.2.25] said: 550-5.7.1 no\n550 5.7.1 never\n", "",
			"550-5.7.1 no\n550 5.7.1 never", 550},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct bounce *b = read_text(cases[i].text);
		if (b->n != 1 || b->kind == BOUNCE_NONE)
			fail_msg("%s: %zu failures", cases[i].what, b->n);
		check_str(b->failure[0].recipient, cases[i].recipient);
		check_str(b->failure[0].reply, cases[i].reply);
		assert_int_equal(b->failure[0].code, cases[i].code);
	}
}

static void
test_several(void **state)
{
	const struct bounce *b = read_text(HEAD "Sorry.\n\n<ann@b.example>: 550 5.1.1 not here\n\n"
						"<bob@c.example>: 552 5.2.2 too full\n\n"
						"<eve@d.example>: connection refused\n\n"
						"<ann@b.example>: once more\n");

	assert_int_equal(b->n, 3);
	check_str(b->failure[1].recipient, "bob@c.example");
	assert_int_equal(b->failure[1].code, 552);
	check_str(b->failure[2].reply, "connection refused");
}

static void
test_logs(void **state)
{
	static const struct {
		const char *line, *recipient, *host, *reply;
		unsigned code;
		bool delayed;
	} cases[] = {
		{"smtpd[7]: 51ab mta delivery evpid=0661ab from=<joe@a.example> to=<ann@b.example> "
		 "rcpt=<-> source=\"192.0.2.1\" relay=\"192.0.2.25 (mx.b.example)\" delay=1s "
		 "result=\"PermFail\" stat=\"550 no\"",
			"ann@b.example", "192.0.2.25", "550 no", 550, false},
		{"smtp-out: session 00: evpid=0661f4, status=TempFail, from=<>, "
		 "to=<ann@b.example>, "
		 "rcpt=<->, source=-, relay=b.example, delay=0s, stat=Invalid domain name",
			"ann@b.example", "b.example", "Invalid domain name", 0, true},
		{"Nov  6 01:02:03 out postfix/smtp[77]: 4XyZ: to=<ann@b.example>, "
		 "relay=mx.b.example[192.0.2.25]:25, delay=1, delays=0/0/1/0, dsn=5.7.25, "
		 "status=bounced (host mx.b.example[192.0.2.25] said: 550 5.7.25 no PTR (in reply "
		 "to "
		 "RCPT TO command))",
			"ann@b.example", "mx.b.example", "550 5.7.25 no PTR", 550, false},
		{"Nov  6 01:02:03 out postfix/smtp[77]: 4XyZ: to=<ann@b.example>, relay=none, "
		 "delay=1, dsn=4.4.1, status=deferred (connect to b.example[192.0.2.25]:25: "
		 "Connection refused)",
			"ann@b.example", "none",
			"connect to b.example[192.0.2.25]:25: Connection refused", 0, true},
		{"2025-11-06 01:02:03 1vAbCd-000001-AB ** ann@b.example R=dnslookup T=remote_smtp "
		 "H=mx.b.example [192.0.2.25]: SMTP error from remote mail server after RCPT "
		 "TO:<ann@b.example>: 550 no",
			"ann@b.example", "mx.b.example", "550 no", 550, false},
		{"2025-11-06 01:02:03 1vAbCd-000001-AB ** ann@b.example R=dnslookup T=remote_smtp "
		 "H=mx.b.example [192.0.2.25]: 550-5.7.1 too much\\n550 5.7.1 from there\\nnow",
			"ann@b.example", "mx.b.example",
			"550-5.7.1 too much 550 5.7.1 from there\\nnow", 550, false},
		{"2025-11-06 01:02:03 1vAbCd-000001-AB == ann@b.example R=dnslookup T=remote_smtp "
		 "defer (-44): SMTP error: 451 later",
			"ann@b.example", "", "451 later", 451, true},
		{"Nov  6 01:02:03 out sendmail[77]: sA6: to=<ann@b.example>, delay=00:00:01, "
		 "mailer=esmtp, relay=mx.b.example. [192.0.2.25], dsn=5.1.1, stat=User unknown",
			"ann@b.example", "mx.b.example.", "User unknown", 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct bounce *b = read_text(cases[i].line);
		assert_int_equal(b->kind, BOUNCE_LOG);
		assert_int_equal(b->n, 1);
		check_str(b->failure[0].recipient, cases[i].recipient);
		check_str(b->failure[0].host, cases[i].host);
		check_str(b->failure[0].reply, cases[i].reply);
		assert_int_equal(b->failure[0].code, cases[i].code);
		assert_int_equal(b->failure[0].delayed, cases[i].delayed);
	}
}

/* The log of the server that refuses has what the client said. */
static void
test_log_of_receiver(void **state)
{
	const struct bounce *b = read_text(
		"Nov  6 01:02:03 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from "
		"unknown[192.0.2.1]: 450 4.7.1 no; from=<joe@a.example> to=<ann@b.example> "
		"proto=ESMTP helo=<box>\n");
	char room[IP_TEXT_MAX];

	assert_int_equal(b->n, 1);
	assert_string_equal(ip_text(&b->failure[0].client, room), "192.0.2.1");
	check_str(b->failure[0].helo, "box");
	check_str(b->failure[0].sender, "joe@a.example");
	check_str(b->failure[0].reply, "450 4.7.1 no");
	b = read_text("2026-03-04 10:11:12 H=(box) [192.0.2.1] F=<joe@a.example> rejected RCPT "
		      "<ann@b.example>: not here\n");
	assert_int_equal(b->n, 1);
	assert_string_equal(ip_text(&b->failure[0].client, room), "192.0.2.1");
	check_str(b->failure[0].sender, "joe@a.example");
	check_str(b->failure[0].recipient, "ann@b.example");
	check_str(b->failure[0].reply, "not here");
	b = read_text("2026-03-04 10:11:12 H=[192.0.2.1] rejected EHLO or HELO box: no dots\n");
	check_str(b->failure[0].reply, "EHLO or HELO box: no dots");
}

static void
test_log_of_qmail(void **state)
{
	const struct bounce *b =
		read_text("@400000004f5d delivery 7: deferral: 192.0.2.25_does_not_like_recipient./"
			  "Remote_host_said:_450_4.2.2_too_full/Giving_up_on_192.0.2.25./\n");

	assert_int_equal(b->n, 1);
	assert_true(b->failure[0].delayed);
	assert_int_equal(b->failure[0].code, 450);
	check_str(b->failure[0].reply, "450 4.2.2 too full/");
}

static void
test_no_bounce(void **state)
{
	static const char *const texts[] = {
		"From: ann@b.example\nTo: joe@a.example\nSubject: lunch?\n\nAt noon?\n",
		"From: ann@b.example\nTo: joe@a.example\nSubject: Automatic reply: lunch?\n\n"
		"I am away.\n",
		"From: x@y.example\nTo: joe@a.example\nSubject: complaint\n"
		"Content-Type: multipart/report; report-type=feedback-report; boundary=f\n\n"
		"--f\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--f--\n",
		"From: MAILER-DAEMON@b.example\nTo: joe@a.example\nSubject: Success\n"
		"Content-Type: multipart/report; report-type=delivery-status; boundary=f\n\n"
		"--f\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; b.example\n\n"
		"Final-Recipient: rfc822; ann@b.example\nAction: delivered\nStatus: "
		"2.0.0\n\n--f--\n",
		"Nov  6 01:02:03 out postfix/smtp[77]: 4XyZ: to=<ann@b.example>, "
		"relay=mx.b.example[192.0.2.25]:25, dsn=2.0.0, status=sent (250 ok)\n",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct bounce *b = read_text(texts[i]);
		if (b->kind != BOUNCE_NONE || b->n || !b->why)
			fail_msg("case %zu", i);
	}
}

static void
test_nothing(void **state)
{
	char blank[] = " \r\n\t\0 ", none[1] = "";

	assert_false(bounce_read(&arena, blank, sizeof(blank), &bounce));
	assert_false(bounce_read(&arena, none, 0, &bounce));
}

/* More recipients, deeper parts and more text than anybody needs. */
static void
test_much(void **state)
{
	size_t room = (size_t)3 << 20, n = 0;
	char *big = heap_alloc(room);
	struct buf b = buf_on(big, room);

	buf_puts(&b, HEAD);
	for (unsigned i = 0; i < 5000; i++)
		buf_printf(&b, "<a%u@b.example>: 550 5.1.1 not here\n\n", i);
	assert_true(bounce_read(&arena, big, b.n, &bounce));
	assert_int_equal(bounce.n, BOUNCE_FAILURES_MAX);
	buf_reset(&b);
	for (unsigned i = 0; i < 60; i++)
		buf_printf(&b,
			"Content-Type: multipart/mixed; boundary=\"b%u\"\nFrom: "
			"x@y.example\n\n--b%u\n",
			i, i);
	buf_puts(&b, "Content-Type: text/plain\n\n550 5.1.1 not here\n");
	assert_true(bounce_read(&arena, big, b.n, &bounce));
	for (n = 0; n < room; n++)
		big[n] = n % 50 ? 'x' : '\n';
	assert_true(bounce_read(&arena, big, n, &bounce));
	assert_true(bounce.cut);
	heap_free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_reporter),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_report_in_text),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_log_of_receiver),
		cmocka_unit_test(test_log_of_qmail),
		cmocka_unit_test(test_no_bounce),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_much),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
