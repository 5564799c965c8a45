/* Unit tests of postfix_track: a log, and what was rebuilt from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "mail/postfix_track.h"

#define ENVELOPE(from, to, helo) "; from=<" from "> to=<" to "> proto=ESMTP helo=<" helo ">\n"
#define REJECT(pid, client, reply) \
	"smtpd[" pid "]: NOQUEUE: reject: RCPT from " client ": " reply " <x>: no"
#define DELIVER(queue, to, status) \
	"local[9]: " queue ": to=<" to ">, relay=local, delay=1, status=" status " (x)\n"
#define FROM(queue, from) "qmgr[8]: " queue ": from=<" from ">, size=1, nrcpt=1 (queue active)\n"
#define REMOVED(queue)	  "qmgr[8]: " queue ": removed\n"

/* A message from its beginning to its end. */
#define WHOLE(program, queue, client)                                            \
	program "[1]: " queue ": client=" client "\n" FROM(queue, "j@a.example") \
		DELIVER(queue, "x@b.example", "sent") REMOVED(queue)

static char told[20000];
static struct buf out;

static void
attempt(void *ctx, const struct postfix_attempt *a)
{
	static const char *const outcomes[] = {"accepted", "put-off", "refused"};
	static const char *const statuses[] = {"sent", "deferred", "bounced"};
	const struct str parts[] = {a->name, a->helo, a->from, a->rcpt, a->queue};
	char ip[IP_TEXT_MAX];

	buf_printf(&out, "%s", ip_text(&a->client, ip));
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_putc(&out, ' ');
		buf_put(&out, parts[i].p ? (parts[i].n ? parts[i] : STR("<>")) : STR("-"));
	}
	buf_printf(&out, " %s", outcomes[a->outcome]);
	if (a->outcome == POSTFIX_ACCEPTED)
		buf_printf(&out, " %s", statuses[a->status]);
	else
		buf_printf(&out, " %u %.*s", a->code, STR_ARG(a->reason));
	buf_putc(&out, '\n');
}

/* Lines without what stands before "smtpd[1]: ..."; each a second later than the one before. */
static struct postfix_counts
track(const char *log, size_t most, size_t text)
{
	struct arena a;
	struct str rest = str_of(log), line;
	int64_t now = 1793923323;

	arena_init(&a, 4096, SIZE_MAX);
	out = BUF(told);
	const struct postfix_track_options o = {
		.sessions = most, .messages = most, .text = text, .attempt = attempt};
	struct postfix_track *t = postfix_track_new(&a, &o);
	while (str_split(&rest, '\n', &line)) {
		char room[2000];
		struct syslog_line l;
		bool other = str_has_prefix(line, STR("policyd")) ||
			str_has_prefix(line, STR("submission"));
		snprintf(room, sizeof(room), "Nov  6 01:02:03 mx %s%.*s",
			other && line.p[0] == 'p' ? "" : "postfix/", STR_ARG(line));
		if (line.n && syslog_line_parse(str_of(room), &l))
			postfix_track_line(t, &l, now++);
	}
	postfix_track_end(t);
	struct postfix_counts counts = postfix_track_counts(t);
	arena_done(&a);
	return counts;
}

static void
expect(const char *log, const char *expected)
{
	struct postfix_counts c = track(log, 0, 0);

	if (!str_eq(buf_str(&out), str_of(expected)))
		fail_msg("%s\nhas become\n%.*s\nnot\n%s", log, STR_ARG(buf_str(&out)), expected);
	assert_int_equal(c.given_up, 0);
}

static void
test_accepted(void **state)
{
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n"
	       "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n"
	       "cleanup[2]: 4F1B2C: message-id=<1@a.example>\n" FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "x@b.example", "sent")
				DELIVER("4F1B2C", "y@b.example", "bounced") REMOVED("4F1B2C"),
		"192.0.2.1 a.example - j@a.example y@b.example 4F1B2C accepted bounced\n"
		"192.0.2.1 a.example - j@a.example x@b.example 4F1B2C accepted sent\n");
}

static void
test_still_in_the_queue(void **state)
{
	expect("smtpd[1]: 4F1B2C: client=a.example[2001:db8::1]\n" FROM("4F1B2C", ""),
		"2001:db8::1 a.example - <> - 4F1B2C accepted deferred\n");
	expect("smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "x@b.example", "deferred") FROM("4F1B2C", "j@a.example")
				DELIVER("4F1B2C", "x@b.example", "deferred"),
		"192.0.2.1 a.example - j@a.example x@b.example 4F1B2C accepted deferred\n");
	expect("smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "x@b.example", "deferred")
				DELIVER("4F1B2C", "x@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example - j@a.example x@b.example 4F1B2C accepted sent\n");
}

static void
test_refused(void **state)
{
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n" REJECT("1", "a.example[192.0.2.1]",
		       "550 5.1.1") ENVELOPE("j@a.example", "x@b.example", "a")
			REJECT("1", "a.example[192.0.2.1]", "450 4.2.0")
				ENVELOPE("j@a.example", "y@b.example", "a"),
		"192.0.2.1 a.example a j@a.example x@b.example - refused 550 no\n"
		"192.0.2.1 a.example a j@a.example y@b.example - put-off 450 no\n");
}

/* What HELO was, from all that may tell it. */
static void
test_helo(void **state)
{
	/* an earlier line of the same session, and a later one */
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n" REJECT("1", "a.example[192.0.2.1]",
		       "550 5.1.1") ENVELOPE("j@a.example", "x@b.example",
		       "helo.a") "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C",
		       "k@a.example") DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example x@b.example - refused 550 no\n"
		"192.0.2.1 a.example helo.a k@a.example y@b.example 4F1B2C accepted sent\n");
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n"
	       "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n"
	       "smtpd[1]: 4F1B2C: reject: RCPT from a.example[192.0.2.1]: 550 5.1.1 <x>: "
	       "no" ENVELOPE("j@a.example", "x@b.example", "helo.a") FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example x@b.example 4F1B2C refused 550 no\n"
		"192.0.2.1 a.example helo.a j@a.example y@b.example 4F1B2C accepted sent\n");
	/* header_checks, check_recipient_access static:info */
	expect("smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n"
	       "cleanup[2]: 4F1B2C: info: header Subject: x from a.example[192.0.2.1]" ENVELOPE(
		       "j@a.example", "y@b.example", "helo.a") FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example y@b.example 4F1B2C accepted sent\n");
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n"
	       "smtpd[1]: NOQUEUE: info: RCPT from a.example[192.0.2.1]: <y@b.example>: "
	       "seen" ENVELOPE("j@a.example", "y@b.example",
		       "helo.a") "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C",
		       "j@a.example") DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example y@b.example 4F1B2C accepted sent\n");
	/* put off first, in another session */
	expect(REJECT("1", "a.example[192.0.2.1]", "450 4.2.0") ENVELOPE("J@a.example",
		       "y@b.example",
		       "helo.a") "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C",
		       "j@A.example") DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a J@a.example y@b.example - put-off 450 no\n"
		"192.0.2.1 a.example helo.a j@A.example y@b.example 4F1B2C accepted sent\n");
	/* another program */
	expect("policyd-spf[5]: None; identity=mailfrom; client-ip=192.0.2.1; helo=helo.a; "
	       "envelope-from=j@a.example; receiver=x\n"
	       "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C", "j@a.example")
			DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example y@b.example 4F1B2C accepted sent\n");
}

static void
test_helo_of_somebody_else(void **state)
{
	/* another sender, another client, another session of the same process */
	expect(REJECT("1", "a.example[192.0.2.1]", "450 4.2.0") ENVELOPE("k@a.example",
		       "y@b.example",
		       "helo.a") "smtpd[1]: connect from c.example[192.0.2.3]\n"
				 "smtpd[1]: 4F1B2C: client=c.example[192.0.2.3]\n" FROM(
					 "4F1B2C", "k@a.example")
					 DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a k@a.example y@b.example - put-off 450 no\n"
		"192.0.2.3 c.example - k@a.example y@b.example 4F1B2C accepted sent\n");
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n" REJECT("1", "a.example[192.0.2.1]",
		       "450 4.2.0") ENVELOPE("k@a.example", "y@b.example",
		       "helo.a") "smtpd[1]: disconnect from a.example[192.0.2.1]\n"
				 "smtpd[1]: connect from a.example[192.0.2.1]\n"
				 "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM(
					 "4F1B2C", "j@a.example")
					 DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a k@a.example y@b.example - put-off 450 no\n"
		"192.0.2.1 a.example - j@a.example y@b.example 4F1B2C accepted sent\n");
}

/* A proxy connects, then says for whom (XCLIENT). */
static void
test_proxy(void **state)
{
	expect("smtpd[1]: connect from localhost[127.0.0.1]\n" REJECT("1", "a.example[192.0.2.1]",
		       "550 5.1.1") ENVELOPE("j@a.example", "x@b.example",
		       "helo.a") "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C",
		       "k@a.example") DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example x@b.example - refused 550 no\n"
		"192.0.2.1 a.example helo.a k@a.example y@b.example 4F1B2C accepted sent\n");
}

static void
test_interleaved(void **state)
{
	expect("smtpd[1]: connect from a.example[192.0.2.1]\n"
	       "smtpd[2]: connect from c.example[192.0.2.3]\n"
	       "smtpd[2]: 4F1B2D: client=c.example[192.0.2.3]\n"
	       "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C", "j@a.example") FROM(
		       "4F1B2D", "k@c.example") REJECT("1", "a.example[192.0.2.1]", "550 5.1.1")
			ENVELOPE("j@a.example", "x@b.example", "helo.a")
				DELIVER("4F1B2D", "y@b.example", "sent") REMOVED("4F1B2D")
					DELIVER("4F1B2C", "y@b.example", "sent") REMOVED("4F1B2C"),
		"192.0.2.1 a.example helo.a j@a.example x@b.example - refused 550 no\n"
		"192.0.2.3 c.example - k@c.example y@b.example 4F1B2D accepted sent\n"
		"192.0.2.1 a.example helo.a j@a.example y@b.example 4F1B2C accepted sent\n");
}

static void
test_aliases(void **state)
{
	expect("smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM(
		       "4F1B2C", "j@a.example") "local[9]: 4F1B2C: to=<u@b.example>, "
						"orig_to=<all@b.example>, relay=local, "
						"status=bounced (x)\n"
						"local[9]: 4F1B2C: to=<v@b.example>, "
						"orig_to=<all@b.example>, relay=local, "
						"status=sent (x)\n" REMOVED("4F1B2C"),
		"192.0.2.1 a.example - j@a.example all@b.example 4F1B2C accepted sent\n");
}

#define SPAM "cleanup[2]: 4F1B2C: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: 5.7.1 no"

static void
test_refused_as_a_whole(void **state)
{
	expect("smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" SPAM ENVELOPE(
		       "j@a.example", "x@b.example", "helo.a"),
		"192.0.2.1 a.example helo.a j@a.example x@b.example 4F1B2C refused 550 no\n");
}

static void
test_hostname(void **state)
{
	expect("smtpd[1]: warning: hostname liar.example does not resolve to address 192.0.2.1\n"
	       "smtpd[1]: connect from unknown[192.0.2.1]\n" REJECT(
		       "1", "unknown[192.0.2.1]", "550 5.1.1") ENVELOPE("", "x@b.example", "a"),
		"192.0.2.1 liar.example a <> x@b.example - refused 550 no\n");
	/* postscreen(8) asks for no names */
	expect("postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.1]:9: 450 4.3.2 no" ENVELOPE(
		       "", "x@b.example", "a") WHOLE("smtpd", "4F1B2C", "[192.0.2.1]"),
		"192.0.2.1 unknown a <> x@b.example - put-off 450 no\n"
		"192.0.2.1 unknown - j@a.example x@b.example 4F1B2C accepted sent\n");
}

static void
test_left_out(void **state)
{
	static const struct {
		const char *log;
		size_t counter; /* of struct postfix_counts */
	} cases[] = {
		{WHOLE("smtpd", "4F1B2C", "a[192.0.2.1], sasl_method=LOGIN, sasl_username=joe"),
			offsetof(struct postfix_counts, authenticated)},
		{WHOLE("submission/smtpd", "4F1B2C", "a[192.0.2.1]"),
			offsetof(struct postfix_counts, submission)},
		{WHOLE("smtpd", "4F1B2C", "localhost[127.0.0.1]"),
			offsetof(struct postfix_counts, loopback)},
		{WHOLE("smtpd", "4F1B2C", "localhost[::1]"),
			offsetof(struct postfix_counts, loopback)},
		{WHOLE("smtpd", "4F1B2C", "unknown[unknown]"),
			offsetof(struct postfix_counts, no_address)},
		{"smtpd[1]: 4F1B2C: client=a[192.0.2.1]\n",
			offsetof(struct postfix_counts, unfinished)},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postfix_counts c = track(cases[i].log, 0, 0);
		uint64_t n;
		memcpy(&n, (const char *)&c + cases[i].counter, sizeof(n));
		if (n != 1 || c.attempts)
			fail_msg("%s", cases[i].log);
	}
	/* from this machine, without SMTP */
	expect("pickup[1]: 4F1B2C: uid=0 from=<root>\n" FROM("4F1B2C", "root@b.example")
			DELIVER("4F1B2C", "y@c.example", "sent") REMOVED("4F1B2C"),
		"");
	expect(WHOLE("smtpd", "4F1B2C", "a[192.0.2.1]"),
		"192.0.2.1 a - j@a.example x@b.example 4F1B2C accepted sent\n");
}

/* A user who has logged in is not judged by what was refused afterwards in the same session. */
static void
test_refused_after_login(void **state)
{
	struct postfix_counts c =
		track("smtpd[1]: connect from a.example[192.0.2.1]\n"
		      "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1], sasl_method=LOGIN, "
		      "sasl_username=joe\n" REJECT("1", "a.example[192.0.2.1]", "550 5.1.1")
				ENVELOPE("j@a.example", "x@b.example", "a"),
			0, 0);

	assert_int_equal(c.authenticated, 2);
	assert_int_equal(c.attempts, 0);
}

/* With room for four the oldest makes room; what was known of it is told. */
static void
test_bounds(void **state)
{
	static char log[200000];
	struct buf b = BUF(log);

	for (int i = 0; i < 500; i++)
		buf_printf(&b,
			"smtpd[%d]: connect from a.example[192.0.2.1]\n"
			"smtpd[%d]: ID%d: client=a.example[192.0.2.1]\n" FROM("ID%d", "j@a.example")
				DELIVER("ID%d", "x@b.example", "sent"),
			i, i, 10000 + i, 10000 + i, 10000 + i);
	buf_putc(&b, '\0');
	assert_false(buf_is_cut(&b));
	struct postfix_counts c = track(log, 4, 0);
	assert_int_equal(c.attempts, 500);
	assert_int_equal(c.given_up, 496 * 2);
}

/* More recipients than are kept at once are told in parts, each once. */
static void
test_many_recipients(void **state)
{
	static char log[40000];
	struct buf b = BUF(log);

	buf_puts(&b, "smtpd[1]: 4F1B2C: client=a.example[192.0.2.1]\n" FROM("4F1B2C", "j@a"));
	for (int i = 0; i < 250; i++)
		buf_printf(&b, DELIVER("4F1B2C", "x%d@b.example", "sent"), i);
	buf_puts(&b, REMOVED("4F1B2C"));
	buf_putc(&b, '\0');
	assert_false(buf_is_cut(&b));
	assert_int_equal(track(log, 0, 0).attempts, 250);
	/* Where there is no room for them the message is given up: those to come are lost. */
	struct postfix_counts c = track(log, 0, 1000);
	assert_int_equal(c.given_up, 1);
	assert_in_range(c.attempts, 5, 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_still_in_the_queue),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_helo),
		cmocka_unit_test(test_helo_of_somebody_else),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_refused_as_a_whole),
		cmocka_unit_test(test_hostname),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_refused_after_login),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
