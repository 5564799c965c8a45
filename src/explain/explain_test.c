/* What is made of bounces: cause, certainty, who acts, and steps with the names of the case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "explain/advice.h"

struct fixture {
	struct arena a;
	struct explain_options options;
	struct explanation out;
};

/* One list is known. */
static struct str
find_list(void *ctx, struct str name)
{
	return str_eq_nocase(name, STR("bl.lists.example")) ? STR("bl.lists.example") : STR("");
}

static int
setup(void **state)
{
	static struct fixture f;
	struct errbuf e = {0};

	arena_init(&f.a, 65536, SIZE_MAX);
	f.options.rules = bounce_rules_new(&f.a, &e);
	f.options.find_list = find_list;
	*state = &f;
	return f.options.rules ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	bounce_rules_free((struct bounce_rules *)(uintptr_t)f->options.rules);
	arena_done(&f->a);
	return 0;
}

static const struct explained *
explain(struct fixture *f, const char *text)
{
	char *copy = arena_alloc(&f->a, strlen(text) + 1);
	struct buf b = buf_on(copy, strlen(text) + 1);

	buf_puts(&b, text);
	assert_true(explain_bytes(&f->a, &f->options, copy, b.n, &f->out));
	return &f->out.item[0];
}

/* What the sender's own server said, as receivers quote it. */
static void
test_asked(void **state)
{
	static const struct {
		const char *text, *server, *command, *reply;
	} cases[] = {
		{"550-Verification failed for <ann@a.example>\n550-Called:   192.0.2.9\n"
		 "550-Sent:     RCPT TO:<ann@a.example>\n550-Response: 550 5.1.1 no such user\n"
		 "550 Sender verify failed",
			"192.0.2.9", "RCPT TO:<ann@a.example>", "550 5.1.1 no such user"},
		{"550-Verification failed for <ann@a.example> 550-Called: 192.0.2.9 550-Sent: "
		 "RCPT TO:<ann@a.example> 550-Response: 550-no such 550 user 550 Sender verify "
		 "failed",
			"192.0.2.9", "RCPT TO:<ann@a.example>", "550-no such 550 user"},
		{"550 5.1.7 mail for the sender <ann@a.example> is refused by the mail server of "
		 "its "
		 "own domain, mx.a.example [192.0.2.9]: 550 5.1.1 who: is that?: send with an "
		 "address that can be answered. Case PW5T-582X-2JDD",
			"mx.a.example [192.0.2.9]", "", "550 5.1.1 who: is that?"},
		{"450 4.1.7 <ann@a.example>: Sender address rejected: unverified address: host "
		 "mx.a.example[192.0.2.9] said: 550 5.1.1 unknown (in reply to RCPT TO command)",
			"mx.a.example[192.0.2.9]", "", "550 5.1.1 unknown"},
		{"2026-11-20 10:00:00 H=(m) [192.0.2.1] sender verify fail for <ann@a.example>: "
		 "response to \"RCPT TO:<ann@a.example>\" was: 550 No such user here",
			"", "RCPT TO:<ann@a.example>", "550 No such user here"},
		{"sender verify fail for <ann@a.example>: response to RCPT TO:<ann@a.example> from "
		 "mx.a.example [192.0.2.9] was: 550 No such user here",
			"mx.a.example [192.0.2.9]", "RCPT TO:<ann@a.example>",
			"550 No such user here"},
		{"550 5.1.8 Sender verify failed", "", "", ""},
		{"550-Called: 550-Sent: 550-Response: 550 Sender verify failed", "", "", ""},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct explained *x = explain(f, cases[i].text);
		assert_int_equal(x->cause, CAUSE_SENDER_VERIFY_FAILED);
		assert_true(str_eq(x->asked.server, str_of(cases[i].server)));
		assert_true(str_eq(x->asked.command, str_of(cases[i].command)));
		assert_true(str_eq(x->asked.reply, str_of(cases[i].reply)));
		if (!x->asked.reply.n)
			continue;
		assert_true(str_eq(x->sender, STR("ann@a.example")));
		assert_int_equal(x->recipient.n, 0);
	}
}

static bool
has_step(const struct advice *a, const char *part)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_contains(a->step[i], str_of(part)))
			return true;
	return false;
}

static void
check_step(const struct advice *a, const char *part)
{
	if (has_step(a, part))
		return;
	for (size_t i = 0; i < a->n; i++)
		fprintf(stderr, "%zu %.*s\n", i + 1, STR_ARG(a->step[i]));
	fail_msg("no step has \"%s\"", part);
}

#define REPORT(diagnostic)                                                                   \
	"From: MAILER-DAEMON@out.a.example\nTo: joe@a.example\nSubject: Undelivered\n"       \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=zz\n\n--zz\n" \
	"Content-Type: text/plain\n\nIt did not work.\n--zz\n"                               \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; out.a.example\n\n"     \
	"Final-Recipient: rfc822; ann@b.example\nAction: failed\nStatus: 5.0.0\n"            \
	"Remote-MTA: dns; mx.b.example\nDiagnostic-Code: smtp; " diagnostic "\n\n--zz--\n"

static void
test_ptr(void **state)
{
	struct fixture *f = *state;
	struct advice a;
	const struct explained *x = explain(f, REPORT("550 5.7.1 [192.0.2.1] has no PTR"));

	assert_int_equal(x->cause, CAUSE_NO_PTR);
	assert_int_equal(x->fixer, FIXER_SENDER_ISP);
	assert_int_equal(x->permanent, 1);
	assert_int_equal(x->retry, RETRY_NO);
	assert_true(x->sure >= 90);
	assert_true(str_contains(STR("has no PTR"), x->words));
	advise(&f->a, texts_english(), x, NULL, &a);
	/* The server that reports is the sender's own: its name is the one to publish. */
	check_step(&a, "1.2.0.192.in-addr.arpa. IN PTR out.a.example.");
	check_step(&a, "out.a.example. IN A 192.0.2.1");
	assert_true(str_has_prefix(a.what,
		STR("mx.b.example did not take the message to "
		    "ann@b.example: the sending address has no")));
	x = explain(f, "421 4.7.1 no reverse DNS for 2001:db8::5");
	advise(&f->a, texts_english(), x, NULL, &a);
	assert_int_equal(x->permanent, 0);
	assert_int_equal(x->retry, RETRY_NO); /* waiting makes no record */
	check_step(&a, "8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.");
	check_step(&a, "IN AAAA 2001:db8::5");
}

static void
test_helo(void **state)
{
	struct fixture *f = *state;
	struct advice a;

	advise(&f->a, texts_english(),
		explain(f, REPORT("504 5.5.2 <box>: Helo command rejected: short")), NULL, &a);
	check_step(&a, "myhostname = out.a.example");
	check_step(&a, "primary_hostname = out.a.example");
	check_step(&a, "confDOMAIN_NAME', `out.a.example'");
	check_step(&a, "helo \"out.a.example\"");
	check_step(&a, "Set-SendConnector -Fqdn out.a.example");
}

/* A program may have kept no more than that; of a longer text a word proves nothing. */
static void
test_few_words(void **state)
{
	struct fixture *f = *state;
	const struct explained *x = explain(f, "trouble with that alias");

	assert_int_equal(x->cause, CAUSE_USER_UNKNOWN);
	assert_true(x->sure < 50);
	x = explain(f,
		"We have talked with them on and on about trouble, about the weather and how "
		"it was in the year before, and also a bit of that alias, which takes the whole "
		"of a long and warm evening in summer");
	assert_int_equal(x->cause, CAUSE_UNKNOWN);
	x = explain(f, "mx.alias.example");
	assert_int_equal(x->cause, CAUSE_UNKNOWN);
}

static void
test_list(void **state)
{
	struct fixture *f = *state;
	struct advice a;
	const struct explained *x =
		explain(f, "554 5.7.1 client [192.0.2.1] blocked using bl.lists.example");
	struct advice_list list = {.zone = "bl.lists.example",
		.title = "Lists",
		.owner = "Somebody",
		.lookup = "https://lists.example/?q={address}&x=1",
		.removal = "https://lists.example/off"};

	assert_int_equal(x->cause, CAUSE_DNSBL_LISTED);
	assert_true(str_eq(x->list, STR("bl.lists.example")));
	advise(&f->a, texts_english(), x, &list, &a);
	assert_true(str_eq(a.lookup, STR("https://lists.example/?q=192.0.2.1&x=1")));
	check_step(&a, "https://lists.example/?q=192.0.2.1&x=1");
	check_step(&a, "https://lists.example/off");
	assert_int_equal(a.fixer, FIXER_SENDER_ADMIN);
	/* Of a list of end users' lines nobody is removed. */
	list.policy = true;
	advise(&f->a, texts_english(), x, &list, &a);
	assert_false(has_step(&a, "https://lists.example/off"));
	/* Nobody can be removed from a dead one: it is the receiver's fault. */
	list.dead = true;
	list.since = "2024-06";
	advise(&f->a, texts_english(), x, &list, &a);
	check_step(&a, "bl.lists.example is dead since 2024-06");
	assert_int_equal(a.fixer, FIXER_RECIPIENT_ADMIN);
	assert_false(has_step(&a, "Removal"));
	/* A list that nobody knows keeps the name that the reply has. */
	x = explain(f, "554 5.7.1 client [192.0.2.1] blocked using dnsbl.other.example");
	assert_true(str_eq(x->list, STR("dnsbl.other.example")));
}

static void
test_provider(void **state)
{
	struct fixture *f = *state;
	struct advice a;
	const struct explained *x = explain(f, "554 IP=192.0.2.1 - not known (NOWL)");

	assert_int_equal(x->cause, CAUSE_IP_BLOCKED);
	assert_true(str_eq(x->provider->name, STR("tonline")));
	advise(&f->a, texts_english(), x, NULL, &a);
	check_step(&a, "tosa@rx.t-online.de");
	check_step(&a, "imprint");
}

static void
test_retry(void **state)
{
	static const struct {
		const char *text;
		enum explain_retry retry;
	} cases[] = {
		{"450 4.7.1 greylisted", RETRY_WAITS},
		{"550 5.1.1 user unknown", RETRY_NO},
		{"452 4.2.2 mailbox full", RETRY_WAITS},
		{"451 4.3.0 the queue has an error", RETRY_WAITS},
		{"550 5.3.0 the queue has an error", RETRY_NO},
		{"wombats", RETRY_MAYBE},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(explain(*state, cases[i].text)->retry, cases[i].retry);
}

/* What cannot be known is said to be unknown, and a name is no reason. */
static void
test_unknown(void **state)
{
	const struct explained *x = explain(*state, "550 wombat <virus@spam.example>");

	assert_int_equal(x->cause, CAUSE_UNKNOWN);
	assert_null(x->rule);
	assert_true(x->sure < 50);
	assert_int_equal(x->words.n, 0);
}

/* What bounces say to everybody is no reason; the copy of the message is none either. */
static void
test_noise(void **state)
{
	const struct explained *x = explain(*state,
		"From: MAILER-DAEMON@a.example\nTo: joe@a.example\nSubject: Returned mail\n\n"
		"This message was created automatically by mail delivery software.\n"
		"Delivery to the following recipients failed permanently.\n"
		"This mail was scanned for viruses by a product.\n\n  ann@b.example\n\n"
		"----- Original message -----\nSubject: your mailbox quota is full of spam\n");

	assert_int_equal(x->cause, CAUSE_UNKNOWN);
}

/* The words for people decide where the report has nothing but a number. */
static void
test_words(void **state)
{
	const struct explained *x = explain(*state,
		"From: postmaster@a.example\nTo: joe@a.example\nSubject: Undeliverable\n"
		"Content-Type: multipart/report; boundary=zz\n\n--zz\nContent-Type: text/plain\n\n"
		"ann@b.example\nHer mailbox is full.\n\n--zz\n"
		"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\n"
		"Final-Recipient: rfc822; ann@b.example\nAction: failed\nStatus: "
		"5.0.0\n\n--zz--\n");

	assert_int_equal(x->cause, CAUSE_MAILBOX_FULL);
	assert_true(str_eq(x->recipient, STR("ann@b.example")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ptr),
		cmocka_unit_test(test_helo),
		cmocka_unit_test(test_few_words),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_provider),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
