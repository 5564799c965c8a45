/* Unit tests of the callout's dialogue: what a server says, what it hears, what is learnt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/smtp_client.h"

#define TURNS_MAX 12

static const struct smtp_client_options options = {
	.helo = STR_INIT("mx.example.org"),
	.nobody = STR_INIT("x7q2k@example.com"),
	.address = STR_INIT("ann@example.com"),
	.client = STR_INIT("192.0.2.25"),
	.tls = true,
};

/* What the server says, then what it hears: 'g'reeting was heard, so EHLO; HELO; STARTTLS; MAIL;
 * 'n'obody, 'a'ddress, RSET, QUIT; '-': nothing more. */
struct turn {
	const char *says;
	const char *hears;
};

#define EHLO	"EHLO mx.example.org\r\n"
#define MAIL	"MAIL FROM:<>\r\n"
#define NOBODY	"RCPT TO:<x7q2k@example.com>\r\n"
#define ADDRESS "RCPT TO:<ann@example.com>\r\n"
#define RSET	"RSET\r\n"
#define QUIT	"QUIT\r\n"
#define GREETING                                     \
	{                                            \
		"220 mx.example.com ESMTP\r\n", EHLO \
	}
#define HELLO                                                   \
	GREETING,                                               \
	{                                                       \
		"250-mx.example.com\r\n250 SIZE 1000\r\n", MAIL \
	}
#define SENDER                             \
	HELLO,                             \
	{                                  \
		"250 2.1.0 Ok\r\n", NOBODY \
	}
#define UNKNOWN                                       \
	SENDER,                                       \
	{                                             \
		"550 5.1.1 no such user\r\n", ADDRESS \
	}
#define FAREWELL                  \
	{"250 Ok\r\n", QUIT},     \
	{                         \
		"221 bye\r\n", "" \
	}

static const struct dialogue {
	const char *name;
	struct turn turns[TURNS_MAX];
	enum smtp_outcome outcome;
	enum smtp_stage stage;
	unsigned code;
	const char *reason;
} dialogues[] = {
	{"the address is there", {UNKNOWN, {"250 2.1.5 Ok\r\n", RSET}, FAREWELL}, SMTP_ACCEPTED,
		SMTP_AT_RCPT, 250, NULL},
	{"it is not", {UNKNOWN, {"550 5.1.1 no such user\r\n", RSET}, FAREWELL}, SMTP_REFUSED,
		SMTP_AT_RCPT, 550, NULL},
	{"it is not, says an old server without enhanced codes, over two lines",
		{SENDER, {"553 unknown\r\n", ADDRESS},
			{"550-<ann@example.com>:\r\n550 User unknown\r\n", RSET}, FAREWELL},
		SMTP_REFUSED, SMTP_AT_RCPT, 550, NULL},
	{"whatever is asked is there", {SENDER, {"250 Ok\r\n", RSET}, FAREWELL}, SMTP_ACCEPTS_ALL,
		SMTP_AT_RCPT_NOBODY, 250, NULL},
	{"greylisted, both",
		{SENDER, {"450 4.2.0 Greylisted\r\n", ADDRESS}, {"450 4.2.0 Greylisted\r\n", RSET},
			FAREWELL},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT, 450, "refused for now only"},
	{"greylisted for nobody, refused for the address",
		{SENDER, {"451 4.7.1 later\r\n", ADDRESS}, {"550 5.1.1 no such user\r\n", RSET}},
		SMTP_REFUSED, SMTP_AT_RCPT, 550, NULL},
	{"it is full: so it is there", {UNKNOWN, {"552 5.2.2 over quota\r\n", RSET}},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT, 552, "the mailbox is full"},
	{"it leads nowhere, as OpenSMTPD says of any unknown one",
		{SENDER,
			{"524 5.2.4 Mailing list expansion problem: <x7q2k@example.com>\r\n",
				ADDRESS},
			{"524 5.2.4 Mailing list expansion problem: <ann@example.com>\r\n", RSET},
			FAREWELL},
		SMTP_REFUSED, SMTP_AT_RCPT, 524, NULL},
	{"a list that cannot be expanded", {UNKNOWN, {"550 5.2.4 broken list\r\n", RSET}, FAREWELL},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT, 550, "refused by a policy, not for the address"},
	{"it was closed", {UNKNOWN, {"550 5.2.1 account disabled\r\n", RSET}}, SMTP_REFUSED,
		SMTP_AT_RCPT, 550, NULL},
	{"we are on a list, says 5.7.1", {SENDER, {"550 5.7.1 Service unavailable\r\n", RSET}},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT_NOBODY, 550,
		"refused by a policy, not for the address"},
	{"we are on a list, say the words", {SENDER, {"554 [192.0.2.25] is not welcome\r\n", RSET}},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT_NOBODY, 554,
		"refused by a policy, not for the address"},
	{"Exim refuses by a rule without words of its own",
		{SENDER, {"550 Administrative prohibition\r\n", RSET}}, SMTP_UNVERIFIABLE,
		SMTP_AT_RCPT_NOBODY, 550, "refused by a policy, not for the address"},
	{"our name is not liked", {SENDER, {"550 who is MX.EXAMPLE.ORG?\r\n", RSET}},
		SMTP_UNVERIFIABLE, SMTP_AT_RCPT_NOBODY, 550,
		"refused by a policy, not for the address"},
	{"a policy that speaks up only for the address",
		{UNKNOWN, {"550 see https://example.com/blocked\r\n", RSET}}, SMTP_UNVERIFIABLE,
		SMTP_AT_RCPT, 550, "refused by a policy, not for the address"},
	{"it takes no bounces, said at once",
		{HELLO, {"550 5.7.1 null sender\r\n", QUIT}, {"221 bye\r\n", ""}},
		SMTP_NULL_REFUSED, SMTP_AT_MAIL, 550, NULL},
	{"it does not know <>", {HELLO, {"501 syntax\r\n", QUIT}}, SMTP_NULL_REFUSED, SMTP_AT_MAIL,
		501, NULL},
	{"it takes no bounces, said to a recipient",
		{SENDER, {"550 5.7.1 bounces are not accepted\r\n", RSET}}, SMTP_NULL_REFUSED,
		SMTP_AT_RCPT_NOBODY, 550, NULL},
	{"refused at MAIL, but for what we are",
		{HELLO, {"550 5.7.1 192.0.2.25 is listed\r\n", QUIT}}, SMTP_UNVERIFIABLE,
		SMTP_AT_MAIL, 550, "refused by a policy, not for the address"},
	{"it wants TLS", {HELLO, {"530 5.7.0 STARTTLS first\r\n", QUIT}}, SMTP_UNVERIFIABLE,
		SMTP_AT_MAIL, 530, "the server wants another dialogue"},
	{"the greeting refuses", {{"554 no\r\n", QUIT}, {"221 bye\r\n", ""}}, SMTP_UNVERIFIABLE,
		SMTP_AT_GREETING, 554, "refused by a policy, not for the address"},
	{"EHLO is not known, HELO is",
		{GREETING, {"502 what?\r\n", "HELO mx.example.org\r\n"}, {"250 hi\r\n", MAIL},
			{"250 Ok\r\n", NOBODY}, {"550 no\r\n", ADDRESS}, {"250 Ok\r\n", RSET}},
		SMTP_ACCEPTED, SMTP_AT_RCPT, 250, NULL},
	{"neither is", {GREETING, {"550 no\r\n", "HELO mx.example.org\r\n"}, {"550 no\r\n", QUIT}},
		SMTP_UNVERIFIABLE, SMTP_AT_HELO, 550, "refused by a policy, not for the address"},
	{"421 anywhere", {SENDER, {"421 4.3.2 going down\r\n", ""}}, SMTP_UNVERIFIABLE,
		SMTP_AT_RCPT_NOBODY, 421, "the server ends the session"},
	{"no TLS after all",
		{GREETING, {"250-mx\r\n250-starttls\r\n250 SIZE\r\n", "STARTTLS\r\n"},
			{"454 not now\r\n", MAIL}, {"250 Ok\r\n", NOBODY}},
		SMTP_OPEN, SMTP_AT_GREETING, 0, NULL},
	{"lines that end in LF, a code without text",
		{{"220-a\n220 b\n", EHLO}, {"250\n", MAIL}, {"250\n", NOBODY}, {"550\n", ADDRESS},
			{"550\n", RSET}},
		SMTP_REFUSED, SMTP_AT_RCPT, 550, NULL},
	{"two replies at once", {GREETING, {"250 a\r\n250 b\r\n", ""}}, SMTP_UNVERIFIABLE,
		SMTP_AT_EHLO, 0, "the server spoke before it was asked"},
	{"a command behind the consent to TLS",
		{GREETING, {"250-mx\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
			{"220 go\r\n250 injected\r\n", ""}},
		SMTP_UNVERIFIABLE, SMTP_AT_STARTTLS, 0, "the server spoke before it was asked"},
	{"a web server", {{"HTTP/1.1 400 Bad Request\r\n", ""}}, SMTP_UNVERIFIABLE,
		SMTP_AT_GREETING, 0, "no SMTP reply"},
	{"a code that changes on the way", {{"220-a\r\n250 b\r\n", ""}}, SMTP_UNVERIFIABLE,
		SMTP_AT_GREETING, 0, "no SMTP reply"},
	{"354 at RCPT", {SENDER, {"354 go ahead\r\n", RSET}}, SMTP_UNVERIFIABLE,
		SMTP_AT_RCPT_NOBODY, 354, "no reply that means anything"},
	{"an outcome outlives the farewell", {UNKNOWN, {"250 Ok\r\n", RSET}, {"junk\r\n", ""}},
		SMTP_ACCEPTED, SMTP_AT_RCPT, 250, NULL},
};

static void
assert_text(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

/* One turn, its bytes all at once or one by one. */
static void
play_turn(struct smtp_client *c, const struct turn *t, bool slowly)
{
	char room[2 * SMTP_CLIENT_OUT_MAX];
	struct buf out = BUF(room);
	struct str says = str_of(t->says);
	size_t done = 0;

	for (size_t n = slowly ? 1 : says.n; n <= says.n && out.n == 0; n++) {
		size_t used;
		(void)smtp_client_read(c, str_slice(says, done, n), &used, &out);
		done += used;
	}
	assert_text(buf_str(&out), t->hears);
}

static void
test_dialogues(void **state)
{
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		const struct dialogue *d = &dialogues[i];
		/* What comes too early does so only where it comes at once. */
		bool early = d->reason && str_contains(str_of(d->reason), STR("before"));
		for (int slowly = 0; slowly < (early ? 1 : 2); slowly++) {
			struct smtp_client c;
			print_message("%s\n", d->name);
			assert_true(smtp_client_init(&c, &options));
			for (size_t k = 0; k < TURNS_MAX && d->turns[k].says; k++)
				play_turn(&c, &d->turns[k], slowly);
			const struct smtp_client_result *r = smtp_client_result(&c);
			assert_int_equal(r->outcome, d->outcome);
			assert_int_equal(r->stage, d->stage);
			assert_int_equal(r->code, d->code);
			assert_text(str_of(r->reason ? r->reason : ""), d->reason ? d->reason : "");
		}
	}
}

static enum smtp_client_want
hear(struct smtp_client *c, struct str says)
{
	char room[SMTP_CLIENT_OUT_MAX];
	struct buf out = BUF(room);
	size_t used;

	return smtp_client_read(c, says, &used, &out);
}

static void
test_tls(void **state)
{
	char room[SMTP_CLIENT_OUT_MAX];
	struct buf out = BUF(room);
	struct smtp_client c;

	assert_true(smtp_client_init(&c, &options));
	assert_int_equal(hear(&c, STR("220 a\r\n")), SMTP_WANT_MORE);
	assert_int_equal(hear(&c, STR("250-a\r\n250 STARTTLS\r\n")), SMTP_WANT_MORE);
	assert_int_equal(hear(&c, STR("220 go\r\n")), SMTP_WANT_TLS);
	smtp_client_secured(&c, &out);
	assert_text(buf_str(&out), EHLO);
	/* Not a second time, though it is offered again. */
	buf_reset(&out);
	size_t used;
	(void)smtp_client_read(&c, STR("250-a\r\n250 STARTTLS\r\n"), &used, &out);
	assert_text(buf_str(&out), MAIL);
}

static void
test_broken(void **state)
{
	struct smtp_client c;

	assert_true(smtp_client_init(&c, &options));
	(void)hear(&c, STR("220 a\r\n"));
	smtp_client_broken(&c, "time-out");
	assert_int_equal(smtp_client_result(&c)->outcome, SMTP_UNVERIFIABLE);
	assert_int_equal(smtp_client_result(&c)->stage, SMTP_AT_EHLO);
	assert_int_equal(smtp_client_result(&c)->code, 0);
	assert_string_equal(smtp_client_result(&c)->reason, "time-out");
	assert_text(smtp_client_result(&c)->said, "");
}

/* What decided is quoted, not what was said in farewell. */
static void
test_said(void **state)
{
	struct smtp_client c;

	assert_true(smtp_client_init(&c, &options));
	(void)hear(&c, STR("554-5.7.1 go \tаway\r\n554 please\r\n"));
	assert_text(smtp_client_result(&c)->said, "554-5.7.1 go \\009\\208\\176way");
	(void)hear(&c, STR("221 bye\r\n"));
	assert_text(smtp_client_result(&c)->said, "554-5.7.1 go \\009\\208\\176way");
}

/* Lines without end, replies without end, lines that are too long. */
static void
test_floods(void **state)
{
	static char text[SMTP_CLIENT_BYTES_MAX + 1];
	struct smtp_client c;

	assert_true(smtp_client_init(&c, &options));
	memset(text, 'x', sizeof(text));
	assert_int_equal(hear(&c, str_from(text, SMTP_CLIENT_LINE_MAX)), SMTP_WANT_MORE);
	assert_int_equal(hear(&c, str_from(text, SMTP_CLIENT_LINE_MAX + 1)), SMTP_WANT_CLOSE);
	assert_string_equal(smtp_client_result(&c)->reason, "a line that does not end");

	assert_true(smtp_client_init(&c, &options));
	size_t lines = 0;
	while (hear(&c, STR("220-x\r\n")) == SMTP_WANT_MORE)
		lines++;
	assert_int_equal(lines, SMTP_CLIENT_LINES_MAX);

	assert_true(smtp_client_init(&c, &options));
	memcpy(text, "220-", 4);
	text[1998] = '\r';
	text[1999] = '\n';
	for (lines = 0; hear(&c, str_from(text, 2000)) == SMTP_WANT_MORE; lines++)
		assert_in_range(lines, 0, SMTP_CLIENT_LINES_MAX);
	assert_string_equal(smtp_client_result(&c)->reason, "more than a server has to say");
	assert_int_equal(lines, SMTP_CLIENT_BYTES_MAX / 2000);
}

static void
test_what_cannot_be_said(void **state)
{
	static const char *const bad[] = {"", "ann@example.com>\r\nDATA", "ann smith@example.com",
		"\xc3\xa4@example.com", "<ann@example.com", "ann@example.com\n",
		"\"a b\"@example.com"};
	struct smtp_client_options o = options;
	struct smtp_client c;

	for (size_t i = 0; i < COUNT(bad); i++) {
		o.address = str_of(bad[i]);
		assert_false(smtp_client_init(&c, &o));
	}
	char room[SMTP_CLIENT_ADDRESS_MAX + 1];
	memset(room, 'a', sizeof(room));
	o.address = str_from(room, sizeof(room));
	assert_false(smtp_client_init(&c, &o));
	o.address = str_from(room, sizeof(room) - 1);
	assert_true(smtp_client_init(&c, &o));
}

static void
test_transcript(void **state)
{
	struct smtp_client c;

	assert_true(smtp_client_init(&c, &options));
	(void)hear(&c, STR("220 mx\x1b[2J \xff\r\n"));
	assert_text(smtp_client_transcript(&c), "S: 220 mx\\027[2J \\255\nC: EHLO mx.example.org");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_what_cannot_be_said),
		cmocka_unit_test(test_transcript),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
