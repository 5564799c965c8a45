/*
 * milter_load: the mail server's side of the milter protocol, version 6, as Postfix 3.7 plays it.
 *
 * One connection for each SMTP client: negotiation, CONNECT, HELO, MAIL, RCPT, then ABORT and
 * QUIT; with --message the message too (DATA, headers, end of headers, body, end of message).
 * What the filter negotiated is honoured: NO* bits (the event is not sent), NR_* bits (no answer is
 * awaited, and what follows leaves in the same write), its lists of macros.  With --keep the
 * connection stays and takes the next client after QUIT_NC, as Sendmail does.
 *
 * Not played: STARTTLS, AUTH, rejected recipients, several messages in a session.
 */
#include "base/cursor.h"

#include "endpoint.h"
#include "milter_event.h"

static bool opt_message, opt_keep;
static const char *opt_hold;
static enum stage last = S_RCPT; /* how far a session goes */

/* Postfix aborts twice, for the message and for the session. */
static enum load_step
finish(struct load_conn *c)
{
	if (opt_hold)
		return LOAD_DONE;
	milter_put_bare(c, 'A');
	if (opt_keep) {
		milter_put_bare(c, 'K');
		return LOAD_DONE;
	}
	milter_put_bare(c, 'A');
	milter_put_bare(c, 'Q');
	return LOAD_CLOSE;
}

/* Sends events up to and with the next one that is answered; false when the last was sent. */
static bool
go_on(struct load_conn *c)
{
	for (;;) {
		if (c->stage == S_RCPT && c->rcpt + 1 < load_rcpts)
			c->rcpt++;
		else if (c->stage == S_HEADER && c->header + 1 < MILTER_HEADERS)
			c->header++;
		else if (c->stage == last || (c->stage == S_RCPT && c->refused == load_rcpts))
			return false;
		else
			c->stage++;
		if (milter_put_event(c))
			return true;
	}
}

static void
start(struct load_conn *c)
{
	if (c->fresh)
		milter_put_negotiation(c);
	else if (!go_on(c))
		bench_die("nothing is answered up to the last stage: try --message");
}

/* A verdict's place in the tally: the stage, and the letter or the codes of the reply. */
static void
note(struct load_conn *c, char reply, struct str data)
{
	char room[64];
	struct buf text = BUF(room);

	buf_printf(&text, "%s %c", milter_stage_name((enum stage)c->stage), reply);
	if (reply == 'y') {
		size_t code = str_find(data, ' ');
		buf_putc(&text, ' ');
		buf_put(&text,
			str_slice(data, 0, code + 1 + str_find(str_skip(data, code + 1), ' ')));
	}
	load_answered(c, buf_str(&text));
}

static enum load_step
on_reply(struct load_conn *c, char reply, struct str data)
{
	bool refusal = reply == 'r' || reply == 't' || reply == 'y';

	if (c->stage == S_NEGOTIATE) {
		if (reply != 'O' || !milter_read_negotiation(data))
			return LOAD_ERROR;
	} else if (reply == 'p' || (c->stage == S_EOM && memchr("himbeq+-2", reply, 9))) {
		return LOAD_WAIT;
	} else if (c->stage == S_RCPT && refusal) {
		note(c, reply, data);
		c->refused++;
	} else if (refusal || reply == 'a' || reply == 'd' || reply == '4') {
		note(c, reply, data);
		return finish(c);
	} else if (reply == 'c' || reply == 's') {
		note(c, reply, data);
	} else {
		return LOAD_ERROR;
	}
	return go_on(c) ? LOAD_WAIT : finish(c);
}

static enum load_step
input(struct load_conn *c)
{
	enum load_step step = LOAD_WAIT;
	struct str head, frame;

	while (step == LOAD_WAIT && load_bytes(c, 4, &head)) {
		struct cursor r = cursor_on(head);
		uint32_t n = cursor_u32(&r);

		if (n == 0 || n > sizeof c->in - 4)
			return LOAD_ERROR;
		if (!load_bytes(c, n, &frame)) {
			c->in_at -= 4;
			break;
		}
		step = on_reply(c, frame.p[0], str_skip(frame, 1));
	}
	return step;
}

/* How far a session goes. */
static void
prepare(void)
{
	if (opt_message)
		last = S_EOM;
	if (!opt_hold)
		return;
	for (last = S_CONNECT; strcmp(milter_stage_name(last), opt_hold) != 0;)
		if (++last == S_COUNT)
			bench_die("--hold %s: no such stage", opt_hold);
}

int
main(int argc, char **argv)
{
	static const struct load_option options[] = {
		{"message", "send the whole message (default: to RCPT)", .flag = &opt_message},
		{"keep", "keep the connection for the next client (QUIT_NC)", .flag = &opt_keep},
		{"hold",
			"STAGE after whose answer the session stays as it is (connect, helo, mail, "
			"rcpt): set --count to --connections",
			.text = &opt_hold},
		{""},
	};
	static const struct load_proto proto = {.name = "milter",
		.options = options,
		.prepare = prepare,
		.start = start,
		.input = input,
		.report = milter_report_negotiation};

	return load_main(&proto, argc, argv);
}
