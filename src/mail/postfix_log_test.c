/* Unit tests of postfix_log: line by line, what is read and what is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/arena.h"
#include "mail/postfix_log.h"

#define UNKNOWN "-" /* of a string: not known; an empty one is known */

static bool
parse(const char *program, const char *text, struct postfix_line *out)
{
	const struct syslog_line line = {.host = STR("mx"),
		.program = str_of(program),
		.pid = STR("1"),
		.text = str_of(text)};

	return postfix_log_parse(&line, out);
}

/* Client, queue id, HELO, sender, recipient, original recipient in one text. */
static const char *
summary(const struct postfix_line *p, char *room, size_t size)
{
	const struct str parts[] = {p->queue, p->helo, p->from, p->to, p->orig_to};
	char ip[IP_TEXT_MAX];
	struct buf b = buf_on(room, size - 1);

	buf_puts(&b, p->client.len ? ip_text(&p->client, ip) : UNKNOWN);
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_putc(&b, ' ');
		buf_put(&b, parts[i].p ? parts[i] : STR(UNKNOWN));
	}
	if (p->authenticated)
		buf_puts(&b, " auth");
	if (p->cut)
		buf_puts(&b, " cut");
	room[b.n] = '\0';
	return room;
}

static void
test_lines(void **state)
{
	static const struct {
		const char *program, *text;
		enum postfix_what what;
		const char *summary;
	} cases[] = {
		/* sessions */
		{"postfix/smtpd", "connect from mail.a.example[192.0.2.1]", POSTFIX_CONNECT,
			"192.0.2.1 - - - - -"},
		{"postfix/smtpd", "connect from mail.a.example[192.0.2.1]:4711", POSTFIX_CONNECT,
			"192.0.2.1 - - - - -"},
		{"postfix/smtpd", "connect from unknown[2001:db8::1]:4711", POSTFIX_CONNECT,
			"2001:db8::1 - - - - -"},
		{"postfix/smtpd", "connect from unknown[unknown]", POSTFIX_CONNECT, "- - - - - -"},
		{"postfix/smtpd", "disconnect from a.example[192.0.2.1] ehlo=1 quit=1 commands=2",
			POSTFIX_DISCONNECT, "192.0.2.1 - - - - -"},
		{"postfix/smtpd",
			"warning: hostname a.example does not resolve to address 192.0.2.1: "
			"Name or service not known",
			POSTFIX_HOSTNAME, "192.0.2.1 - - - - -"},
		{"postfix/smtpd",
			"warning: hostname a.example does not resolve to address 2001:db8::1",
			POSTFIX_HOSTNAME, "2001:db8::1 - - - - -"},
		{"postfix/postscreen", "CONNECT from [192.0.2.1]:4711 to [192.0.2.200]:25",
			POSTFIX_CONNECT, "192.0.2.1 - - - - -"},
		/* what was refused */
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <x@b.example>: "
			"Relay access denied; from=<j@a.example> to=<x@b.example> proto=ESMTP "
			"helo=<a.example>",
			POSTFIX_ACTION, "192.0.2.1 - a.example j@a.example x@b.example -"},
		{"postfix/smtpd",
			"4F1B2C3D4E: reject: RCPT from a.example[192.0.2.1]:25: 550 5.1.1 "
			"<x@b.example>: no; from=<> to=<x@b.example> proto=SMTP helo=<>",
			POSTFIX_ACTION, "192.0.2.1 4F1B2C3D4E   x@b.example -"},
		{"postfix/smtpd",
			"NOQUEUE: reject: CONNECT from unknown[192.0.2.1]: 554 5.7.1 "
			"<unknown[192.0.2.1]>: Client host rejected: Access denied; proto=SMTP",
			POSTFIX_ACTION, "192.0.2.1 - - - - -"},
		{"postfix/smtpd",
			"NOQUEUE: reject: EHLO from unknown[192.0.2.1]: 504 5.5.2 <pc>: Helo "
			"command rejected: need fully-qualified hostname; proto=SMTP helo=<pc>",
			POSTFIX_ACTION, "192.0.2.1 - pc - - -"},
		{"postfix/smtpd",
			"NOQUEUE: reject: MAIL from unknown[192.0.2.1]: 452 4.3.1 Insufficient "
			"system storage; from=<j@a.example> proto=ESMTP helo=<a.example>",
			POSTFIX_ACTION, "192.0.2.1 - a.example j@a.example - -"},
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 553 5.7.1 <j@b.example>: "
			"no; from=<j@b.example> to=<x@c.example> proto=ESMTP helo=<pc> "
			"sasl_username=<joe>",
			POSTFIX_ACTION, "192.0.2.1 - pc j@b.example x@c.example - auth"},
		{"postfix/postscreen",
			"NOQUEUE: reject: RCPT from [192.0.2.1]:4711: 550 5.7.1 Service "
			"unavailable; client [192.0.2.1] blocked using bl.example.net; "
			"from=<j@a.example>, to=<x@b.example>, proto=ESMTP, helo=<a.example>",
			POSTFIX_ACTION, "192.0.2.1 - a.example j@a.example x@b.example -"},
		{"postfix/cleanup",
			"4F1B2C3D4E: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: "
			"5.7.1 Spam; from=<j@a.example> to=<x@b.example> proto=ESMTP helo=<a>",
			POSTFIX_ACTION, "192.0.2.1 4F1B2C3D4E a j@a.example x@b.example -"},
		{"postfix/cleanup",
			"4F1B2C3D4E: reject: header Subject: x; from=<a@b> to=<c@d> proto=X from "
			"a.example[192.0.2.1]; from=<j@a.example> to=<x@b.example> proto=ESMTP "
			"helo=<a>: 5.7.1 not here",
			POSTFIX_ACTION, "192.0.2.1 4F1B2C3D4E a j@a.example x@b.example -"},
		{"postfix/cleanup",
			"4F1B2C3D4E: info: header Received: from x from a.example[2001:db8::1]; "
			"from=<> to=<x@b.example> proto=ESMTP helo=<a>",
			POSTFIX_ACTION, "2001:db8::1 4F1B2C3D4E a  x@b.example -"},
		/* what was accepted */
		{"postfix/smtpd", "4F1B2C3D4E: client=a.example[192.0.2.1]", POSTFIX_MESSAGE,
			"192.0.2.1 4F1B2C3D4E - - - -"},
		{"postfix/smtpd",
			"4bXyZk1Gz4z9rTg: client=a.example[192.0.2.1]:99, sasl_method=PLAIN, "
			"sasl_username=joe",
			POSTFIX_MESSAGE, "192.0.2.1 4bXyZk1Gz4z9rTg - - - - auth"},
		{"postfix/qmgr",
			"4F1B2C3D4E: from=<j@a.example>, size=4711, nrcpt=1 (queue active)",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - j@a.example - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<>, size=4711, nrcpt=1 (queue active)",
			POSTFIX_QUEUED, "- 4F1B2C3D4E -  - -"},
		{"postfix/lmtp",
			"4F1B2C3D4E: to=<x@b.example>, orig_to=<all@b.example>, relay=127.0.0.1[127"
			".0.0.1]:24, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)",
			POSTFIX_DELIVERY, "- 4F1B2C3D4E - - x@b.example all@b.example"},
		{"postfix/relay/smtp",
			"4F1B2C3D4E: to=<x@b.example>, relay=none, delay=1, dsn=4.4.1, "
			"status=deferred (connect to b.example[192.0.2.9]:25: Connection refused)",
			POSTFIX_DELIVERY, "- 4F1B2C3D4E - - x@b.example -"},
		{"postfix/qmgr", "4F1B2C3D4E: removed", POSTFIX_REMOVED, "- 4F1B2C3D4E - - - -"},
		/* what others tell */
		{"policyd-spf",
			"prepend Received-SPF: Pass (mailfrom) identity=mailfrom; "
			"client-ip=192.0.2.1; helo=a.example; envelope-from=j@a.example; "
			"receiver=<UNKNOWN>",
			POSTFIX_HELO, "192.0.2.1 - a.example j@a.example - -"},
		{"mxward",
			"level=info event=decision case=7Q2K-M8RT-9FBC way=policy client=192.0.2.1 "
			"helo=a.example from=\"\" to=x@b.example verdict=accept score=0",
			POSTFIX_HELO, "192.0.2.1 - a.example  - -"},
		/* addresses that are hard to read */
		{"postfix/qmgr", "4F1B2C3D4E: from=<\"a > b\"@a.example>, size=1, nrcpt=1",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - \"a > b\"@a.example - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<\"a\\\">, b\"@a.example>, size=1, nrcpt=1",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - \"a\\\">, b\"@a.example - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<joe public@a.example>, size=1, nrcpt=1",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - joe public@a.example - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<a>b@a.example>, size=1, nrcpt=1",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - a>b@a.example - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<j\xc3\xb6@b\xc3\xbc.example>, size=1, nrcpt=1",
			POSTFIX_QUEUED, "- 4F1B2C3D4E - j\xc3\xb6@b\xc3\xbc.example - -"},
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <\"x; from=<v@v> "
			"to=<w@w> proto=ESMTP helo=<v>\"@b.example>: no; from=<j@a.example> "
			"to=<\"x; from=<v@v> to=<w@w> proto=ESMTP helo=<v>\"@b.example> "
			"proto=ESMTP helo=<a>",
			POSTFIX_ACTION,
			"192.0.2.1 - a j@a.example \"x; from=<v@v> to=<w@w> proto=ESMTP "
			"helo=<v>\"@b.example -"},
		/* lines that were cut */
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <x@b>: no; "
			"from=<j@a.example> to=<x@b.ex",
			POSTFIX_ACTION, "192.0.2.1 - - j@a.example - - cut"},
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <x@b>: no; "
			"from=<j@a.example> to=<x@b.example> pro",
			POSTFIX_ACTION, "192.0.2.1 - - j@a.example x@b.example - cut"},
		{"postfix/smtpd",
			"NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <x@b>: no wa",
			POSTFIX_ACTION, "192.0.2.1 - - - - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<j@a.exam", POSTFIX_OTHER, "- - - - - -"},
		{"postfix/local", "4F1B2C3D4E: to=<x@b.example>, relay=local, del", POSTFIX_OTHER,
			"- - - - - -"},
		{"postfix/smtpd", "NOQUEUE: reject: RCPT from unknown[192.0", POSTFIX_OTHER,
			"- - - - - -"},
		{"postfix/smtpd", "connect from unknown[192.0", POSTFIX_OTHER, "- - - - - -"},
		/* what does not matter */
		{"postfix/smtpd", "warning: TLS library problem: error:0A000126:x", POSTFIX_OTHER,
			"- - - - - -"},
		{"postfix/smtpd", "statistics: max connection rate 1/60s", POSTFIX_OTHER,
			"- - - - - -"},
		{"postfix/cleanup", "4F1B2C3D4E: message-id=<reject: RCPT from a[192.0.2.1]: 5>",
			POSTFIX_OTHER, "- - - - - -"},
		{"postfix/pickup", "4F1B2C3D4E: uid=0 from=<root>", POSTFIX_OTHER, "- - - - - -"},
		{"postfix/qmgr", "4F1B2C3D4E: from=<a@b>, status=expired, returned to sender",
			POSTFIX_OTHER, "- - - - - -"},
		{"postfix/smtp", "connect to b.example[192.0.2.9]:25: Connection refused",
			POSTFIX_OTHER, "- - - - - -"},
		{"postfix/cleanup", "connect from a.example[192.0.2.1]", POSTFIX_OTHER,
			"- - - - - -"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postfix_line p;
		char room[1000];
		bool postfix = parse(cases[i].program, cases[i].text, &p);
		if (postfix != str_has_prefix(str_of(cases[i].program), STR("postfix")))
			fail_msg("%s: of Postfix: %d", cases[i].program, postfix);
		const char *seen = summary(&p, room, sizeof(room));
		if (p.what != cases[i].what || !str_eq(str_of(seen), str_of(cases[i].summary)))
			fail_msg("%s\n%d not %d, \"%s\"", cases[i].text, p.what, cases[i].what,
				seen);
	}
}

static void
test_programs(void **state)
{
	static const struct {
		const char *program;
		bool postfix, submission;
	} cases[] = {
		{"postfix/smtpd", true, false},
		{"postfix-out/smtpd", true, false},
		{"mx-in/smtpd", true, false},
		{"postfix/submission/smtpd", true, true},
		{"postfix/submissions/smtpd", true, true},
		{"postfix/smtps/smtpd", true, true},
		{"submission/smtpd", true, true},
		{"postfix/25/smtpd", true, false},
		{"smtpd", false, false},
		{"postfix/sm tpd", false, false},
		{"postfix/", false, false},
		{"postfix/mtp", false, false},
		{"sendmail", false, false},
		{"exim", false, false},
		{"", false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postfix_line p;
		if (parse(cases[i].program, "connect from a[192.0.2.1]", &p) != cases[i].postfix ||
			p.submission != cases[i].submission)
			fail_msg("%s", cases[i].program);
	}
}

static void
test_actions(void **state)
{
	static const struct {
		const char *head, *reply, *reason;
		enum postfix_action action;
		uint16_t code;
		bool whole;
	} cases[] = {
		{"reject: RCPT", "554 5.7.1 <x@b.example>: Relay access denied",
			"Relay access denied", POSTFIX_REJECT, 554, false},
		{"reject: RCPT",
			"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
			"Client host rejected: cannot find your hostname", POSTFIX_REJECT, 450,
			false},
		{"reject: RCPT",
			"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
			"bl.example.net; https://example.net/?192.0.2.1",
			"blocked using bl.example.net", POSTFIX_REJECT, 554, false},
		{"milter-reject: END-OF-MESSAGE", "4.7.1 Try again later", "Try again later",
			POSTFIX_REJECT, 450, true},
		{"milter-reject: END-OF-MESSAGE", "5.7.1 Spam", "Spam", POSTFIX_REJECT, 550, true},
		{"reject: DATA", "550 5.5.3 <DATA>: Data command rejected: x",
			"Data command rejected: x", POSTFIX_REJECT, 550, true},
		{"proxy-reject: END-OF-MESSAGE", "554 5.7.0 Reject, id=1", "Reject, id=1",
			POSTFIX_REJECT, 554, true},
		{"proxy-accept: END-OF-MESSAGE", "250 2.0.0 Ok: queued as 4F1B2C3D4E",
			"Ok: queued as 4F1B2C3D4E", POSTFIX_ACCEPT, 250, true},
		{"reject_warning: RCPT", "450 4.7.25 no", "no", POSTFIX_NOTE, 450, false},
		{"hold: RCPT", "<x@b.example>: Recipient address held", "Recipient address held",
			POSTFIX_NOTE, 0, false},
		{"info: RCPT", "<x@b.example>: seen", "seen", POSTFIX_NOTE, 0, false},
		{"reject: CONNECT", "all screening ports busy", "all screening ports busy",
			POSTFIX_REJECT, 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[400];
		struct postfix_line p;
		snprintf(text, sizeof(text),
			"NOQUEUE: %s from a[192.0.2.1]: %s; from=<a@b> to=<c@d> proto=SMTP "
			"helo=<e>",
			cases[i].head, cases[i].reply);
		assert_true(parse("postfix/smtpd", text, &p));
		if (p.what != POSTFIX_ACTION || p.action != cases[i].action ||
			p.code != cases[i].code || p.whole_message != cases[i].whole ||
			!str_eq(postfix_reason(p.reply), str_of(cases[i].reason)))
			fail_msg("%s: %d %d %.*s", text, p.action, p.code,
				STR_ARG(postfix_reason(p.reply)));
		assert_true(str_eq(p.to, STR("c@d")));
	}
}

static void
test_status(void **state)
{
	static const struct {
		const char *status;
		enum postfix_what what;
		enum postfix_status is;
	} cases[] = {
		{"status=sent (delivered, status=bounced)", POSTFIX_DELIVERY, POSTFIX_SENT},
		{"status=bounced (x)", POSTFIX_DELIVERY, POSTFIX_BOUNCED},
		{"status=deferred (x)", POSTFIX_DELIVERY, POSTFIX_DEFERRED},
		{"status=expired (x)", POSTFIX_OTHER, POSTFIX_SENT},
		{"(status unknown)", POSTFIX_OTHER, POSTFIX_SENT},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[200];
		struct postfix_line p;
		snprintf(text, sizeof(text), "4F1B2C3D4E: to=<a@b>, relay=local, delay=0.1, %s",
			cases[i].status);
		parse("postfix/local", text, &p);
		if (p.what != cases[i].what || p.status != cases[i].is)
			fail_msg("%s", text);
	}
}

/* What is too long for an address is not known, and costs nothing. */
static void
test_long(void **state)
{
	char text[1000];
	struct postfix_line p;

	for (int n = 300; n < 340; n++) {
		snprintf(text, sizeof(text), "4F1B2C3D4E: from=<%0*d>, size=1", n, 0);
		assert_true(parse("postfix/qmgr", text, &p));
		assert_int_equal(p.what, POSTFIX_QUEUED);
		assert_int_equal(p.from.n, n <= POSTFIX_ADDRESS_MAX ? n : 0);
		assert_int_equal(p.from.p != NULL, n <= POSTFIX_ADDRESS_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
