/*
 * milter: see milter.h.
 *
 * A connection knows three things: what was agreed on, the client and what he did (from CONNECT to
 * QUIT or QUIT_NC), and the message (from MAIL to the end of the message, ABORT, or whatever else
 * begins anew).  The
 * visit belongs to the message, but begins with the client, so that the answers are there when the
 * recipient is.  Between messages it may be missing or be ended while parked: MAIL begins another
 * with what is known.
 *
 * RSET is no command of this protocol, but an ABORT between a MAIL and the next one is mostly one:
 * it is no RSET where the session ends there, where HELO came before it (Postfix) or comes behind
 * it (Sendmail), or outside of a message (Postfix sends it also behind the end of one).  What is
 * left may be a message that the mail server failed to take, so one ABORT proves nothing.
 */
#include "front/milter.h"

#include "front/front_private.h"
#include "wire/milter.h"

/* Longer than any name may be (RFC 5321 4.5.3.1.2: 255), so a cut one is still seen as wrong. */
#define HELO_MAX     256
#define QUEUE_ID_MAX 32
#define ROOM_MAX     (6 * MILTER_OUT_MAX) /* bytes: the end of any but an odd message */
/* Unsent bytes: the longest answer removes as many fields as may be. */
#define OUTPUT_MAX \
	((size_t)STAMP_FORGED_MAX * MILTER_DELHEADER_SIZE(STAMP_FIELD_MAX) + ((size_t)64 << 10))

struct milter_conn {
	struct conn conn;
	struct milter_terms terms; /* version 0: nothing is agreed on yet */

	struct visit_client client;
	bool has_helo;
	uint16_t helo_n;
	char helo[HELO_MAX];

	/* What the client did since CONNECT. */
	bool in_session, was_authenticated;
	bool helo_tls; /* the last HELO was given in TLS */
	uint16_t helo_before_n;
	char helo_before[HELO_MAX];
	uint32_t did[SESSION_NUMBERS];

	bool told_helo;	 /* the visit was told its HELO */
	bool in_message; /* MAIL was given: the visit was told its sender */
	bool head_over;	 /* and its header has come */
	bool smtputf8;	 /* the header may have UTF-8: MAIL said so */
	bool refused;	 /* a recipient of the message was, by the mail server or us */
	bool given_up;	 /* a message was, for no reason; counts if another follows */

	/* From macros, for the command that follows them. */
	bool mail_authenticated, rcpt_refused, tls;
	/* For the message: Sendmail tells it with MAIL, Postfix once a recipient is accepted. */
	bool mail_has_id; /* the id is that of a MAIL to come */
	uint8_t queue_id_n;
	char queue_id[QUEUE_ID_MAX];
};

/* What is left to say when a command was carried out. */
enum say {
	SAY_CONTINUE, /* unless it was agreed that this command gets no answer */
	SAY_NOTHING,
	SAY_GOODBYE, /* close */
};

static void
end_message(struct milter_conn *c)
{
	parking_end(&c->conn.front->parking, &c->conn.place);
	c->told_helo = c->in_message = c->head_over = c->smtputf8 = c->refused = false;
	c->mail_authenticated = c->rcpt_refused = c->mail_has_id = false;
	c->queue_id_n = 0;
}

static void
tell_helo(struct milter_conn *c)
{
	visit_env(c->conn.place.visit, ENV_HELO, str_from(c->helo, c->helo_n));
	c->told_helo = true;
}

/* A fresh visit with all that is known of the client. */
static void
begin_visit(struct milter_conn *c)
{
	c->conn.place.visit = visit_new(c->conn.front->gate, &c->client);
	c->told_helo = false;
	if (c->has_helo)
		tell_helo(c);
}

static struct session
session_of(const struct milter_conn *c)
{
	struct session s = {
		.known = true, .helo_before = str_from(c->helo_before, c->helo_before_n)};

	memcpy(s.n, c->did, sizeof(s.n));
	return s;
}

static void
end_session(struct milter_conn *c)
{
	const struct session s = session_of(c);
	struct visit_client client = c->client;

	if (!c->in_session)
		return;
	client.authenticated = c->was_authenticated;
	gate_session_over(c->conn.front->gate, &client, &s);
	c->in_session = c->was_authenticated = c->given_up = c->helo_tls = false;
	c->helo_before_n = 0;
	memset(c->did, 0, sizeof(c->did));
}

static void
forget_client(struct milter_conn *c)
{
	end_message(c);
	end_session(c);
	c->client = (struct visit_client){.way = "milter", .head_later = true};
	c->has_helo = false;
	c->helo_n = 0;
}

static enum say
on_optneg(struct milter_conn *c, struct str data, struct buf *out)
{
	forget_client(c);
	if (!milter_negotiate(data, gate_wants_header(c->conn.front->gate), &c->terms))
		return SAY_GOODBYE;
	milter_put_terms(out, &c->terms);
	return SAY_NOTHING;
}

static enum say
on_connect(struct milter_conn *c, struct str data, struct buf *out)
{
	struct milter_connect m;

	if (!milter_connect_parse(data, &m))
		return SAY_GOODBYE;
	forget_client(c);
	c->client.ip = m.ip;
	c->client.port = m.port;
	c->in_session = true;
	begin_visit(c);
	parking_put(&c->conn.front->parking, &c->conn.place);
	return SAY_CONTINUE;
}

/* In TLS a client begins anew: it may have another name there. */
static void
note_helo(struct milter_conn *c, struct str name)
{
	struct str before = str_from(c->helo, c->helo_n);

	if (c->has_helo && c->tls == c->helo_tls && !str_eq_nocase(name, before)) {
		c->helo_before_n = c->helo_n;
		memcpy(c->helo_before, c->helo, c->helo_n);
	}
	c->helo_tls = c->tls;
	c->tls = c->given_up = false;
}

/* HELO comes again after STARTTLS, mostly with the same name. */
static enum say
on_helo(struct milter_conn *c, struct str data, struct buf *out)
{
	struct str name;

	if (!milter_helo_parse(data, &name))
		return SAY_GOODBYE;
	name = str_slice(name, 0, HELO_MAX);
	bool same = c->has_helo && str_eq(name, str_from(c->helo, c->helo_n));
	note_helo(c, name);
	c->has_helo = true;
	c->helo_n = (uint16_t)name.n;
	memcpy(c->helo, name.p, name.n);
	if (c->in_message || (c->told_helo && !same))
		end_message(c);
	if (!c->conn.place.visit)
		begin_visit(c);
	else if (!c->told_helo)
		tell_helo(c);
	parking_put(&c->conn.front->parking, &c->conn.place);
	return SAY_CONTINUE;
}

static enum say
on_mail(struct milter_conn *c, struct str data, struct buf *out)
{
	struct milter_path path;
	bool authenticated = c->mail_authenticated;
	uint8_t queue_id_n = c->mail_has_id ? c->queue_id_n : 0;

	if (!milter_path_parse(data, &path))
		return SAY_GOODBYE;
	if (c->in_message)
		end_message(c);
	c->did[SESSION_RESETS] += c->given_up;
	c->did[SESSION_MAILS]++;
	c->was_authenticated |= authenticated;
	c->given_up = c->mail_authenticated = c->mail_has_id = false;
	c->queue_id_n = queue_id_n;
	parking_take(&c->conn.front->parking, &c->conn.place);
	if (!c->conn.place.visit)
		begin_visit(c);
	if (authenticated)
		visit_authenticated(c->conn.place.visit);
	if (!c->told_helo)
		tell_helo(c); /* the client gave none */
	const struct session s = session_of(c);
	visit_session(c->conn.place.visit, &s);
	visit_env(c->conn.place.visit, ENV_MAIL_FROM, path.address);
	c->in_message = true;
	c->smtputf8 = milter_path_has(&path, STR("SMTPUTF8"));
	return SAY_CONTINUE;
}

/* Nothing else is said of a message that is let in. */
static void
put_verdict(const struct verdict *v, struct buf *out)
{
	if (verdict_refuses(v->kind))
		milter_put_replycode(out, v->code, v->enhanced, v->line, v->n_lines);
	else
		milter_put(out, MILTER_CONTINUE);
}

static void
on_verdict(void *ctx, const struct verdict *v)
{
	struct milter_conn *c = ctx;
	UNSET char room[MILTER_OUT_MAX];
	struct buf out = BUF(room);

	c->refused |= verdict_refuses(v->kind);
	put_verdict(v, &out);
	conn_answer(&c->conn, buf_str(&out));
}

static enum say
on_rcpt(struct milter_conn *c, struct str data, struct buf *out)
{
	struct milter_path path;
	struct str queue_id = str_from(c->queue_id, c->queue_id_n);
	bool refused = c->rcpt_refused;

	if (!milter_path_parse(data, &path))
		return SAY_GOODBYE;
	c->rcpt_refused = false;
	if (!c->in_message)
		return SAY_CONTINUE;
	if (c->head_over) /* it came too late to be judged with the others */
		return SAY_GOODBYE;
	/* The mail server has refused this one itself and tells us only; it heeds no verdict. */
	if (refused) {
		c->refused = true;
		c->did[SESSION_BAD_RCPTS]++;
		visit_rcpt_refused(c->conn.place.visit);
		return SAY_CONTINUE;
	}
	c->did[SESSION_RCPTS]++;
	c->conn.pending = true;
	visit_judge(c->conn.place.visit, path.address, queue_id, on_verdict, c);
	return SAY_NOTHING;
}

static enum say
on_header(struct milter_conn *c, struct str data, struct buf *out)
{
	struct str name, value;

	if (!milter_header_parse(data, &name, &value))
		return SAY_GOODBYE;
	if (c->in_message && !c->head_over)
		visit_header(c->conn.place.visit, name, value);
	return SAY_CONTINUE;
}

static enum say
on_eoh(struct milter_conn *c, struct str data, struct buf *out)
{
	if (c->in_message && !c->head_over)
		visit_head_end(c->conn.place.visit, c->smtputf8);
	c->head_over = c->in_message;
	return SAY_CONTINUE;
}

/* Of what claims to be ours more has come than is removed. */
static void
put_too_many(struct visit *v, struct buf *out)
{
	static const struct str why = STR_INIT(
		"The message has too many header fields that claim to come from this server");

	visit_cannot(v, LACKS_PATIENCE);
	milter_put_replycode(out, 550, STR("5.7.1"), &why, 1);
}

static void
tell_what_is_lacking(const struct milter_conn *c, const struct stamp *s)
{
	struct visit *v = c->conn.place.visit;

	if (stamp_adds(s) && !(c->terms.actions & MILTER_CAN_ADDHDRS))
		visit_cannot(v, LACKS_ADD);
	if (s->forged && !(c->terms.actions & MILTER_CAN_CHGHDRS))
		visit_cannot(v, LACKS_REMOVE);
}

/* All that is changed in a message leaves in one write with the verdict that lets it in: a mail
 * server that loses the connection in between has no half of it. */
static void
answer_let_in(struct milter_conn *c, const struct verdict *verdict)
{
	struct visit *v = c->conn.place.visit;
	const struct stamp *s = visit_stamp(v, c->terms.actions & MILTER_CAN_QUARANTINE, false);
	size_t size = stamp_milter_size(s) + MILTER_OUT_MAX;
	UNSET char room[ROOM_MAX];
	char *more = size > sizeof(room) ? heap_alloc(size) : NULL;
	struct buf out = buf_on(more ? more : room, size);

	if (s->forged && s->forged->too_many) {
		put_too_many(v, &out);
	} else {
		tell_what_is_lacking(c, s);
		stamp_put_milter(s, &c->terms, &out);
		put_verdict(verdict, &out);
	}
	end_message(c);
	stream_hold(c->conn.stream, false);
	conn_answer(&c->conn, buf_str(&out));
	heap_free(more);
}

/* Of a message that is refused nothing is changed. */
static void
on_message_verdict(void *ctx, const struct verdict *v)
{
	struct milter_conn *c = ctx;
	UNSET char room[MILTER_OUT_MAX];
	struct buf out = BUF(room);

	if (!verdict_refuses(v->kind)) {
		answer_let_in(c, v);
		return;
	}
	put_verdict(v, &out);
	end_message(c);
	stream_hold(c->conn.stream, false);
	conn_answer(&c->conn, buf_str(&out));
}

static enum say
on_eom(struct milter_conn *c, struct str data, struct buf *out)
{
	struct str queue_id = str_from(c->queue_id, c->queue_id_n);
	struct visit *v = c->conn.place.visit;

	if (!c->in_message)
		return SAY_CONTINUE;
	/* It does not come where it was agreed that it would not: nothing is known of it then. */
	if (!c->head_over && (c->terms.protocol & MILTER_NO_EOH))
		visit_head(v, &(struct message_head){.headers = NULL});
	else if (!c->head_over)
		visit_head_end(v, c->smtputf8);
	c->did[SESSION_MESSAGES]++;
	c->conn.pending = true;
	visit_judge_message(v, queue_id, on_message_verdict, c);
	return SAY_NOTHING;
}

/* Postfix sends it also after a HELO that was given in a message, or with no message at all: the
 * visit that HELO has begun then stays. */
static enum say
on_abort(struct milter_conn *c, struct str data, struct buf *out)
{
	if (c->in_message) {
		c->given_up = !c->refused;
		end_message(c);
	}
	return SAY_NOTHING;
}

static enum say
on_quit_nc(struct milter_conn *c, struct str data, struct buf *out)
{
	forget_client(c);
	return SAY_NOTHING;
}

static enum say
on_quit(struct milter_conn *c, struct str data, struct buf *out)
{
	end_session(c);
	return SAY_GOODBYE;
}

static enum say
on_unknown(struct milter_conn *c, struct str data, struct buf *out)
{
	c->did[SESSION_COMMANDS]++;
	return SAY_CONTINUE;
}

static void
note_macro(struct milter_conn *c, char command, struct str name, struct str value)
{
	if (command == MILTER_MAIL) {
		if (str_eq(name, STR("{auth_authen}")) || str_eq(name, STR("{auth_type}")))
			c->mail_authenticated |= value.n > 0;
	} else if (command == MILTER_HELO && str_eq(name, STR("{tls_version}"))) {
		c->tls = value.n > 0;
	} else if (command == MILTER_RCPT && str_eq(name, STR("{rcpt_mailer}"))) {
		c->rcpt_refused = str_eq(value, STR("error"));
	}
	if (str_eq(name, STR("i"))) {
		value = str_slice(value, 0, QUEUE_ID_MAX);
		c->mail_has_id = command == MILTER_MAIL;
		c->queue_id_n = (uint8_t)value.n;
		memcpy(c->queue_id, value.p, value.n);
	}
}

static enum say
on_macro(struct milter_conn *c, struct str data, struct buf *out)
{
	struct cursor macros;
	struct str name, value;
	char command;

	if (!milter_macros_parse(data, &command, &macros))
		return SAY_GOODBYE;
	while (milter_macro_next(&macros, &name, &value))
		note_macro(c, command, name, value);
	return SAY_NOTHING;
}

static enum say
on_nothing(struct milter_conn *c, struct str data, struct buf *out)
{
	return SAY_CONTINUE;
}

static const struct command {
	char command;
	enum say (*run)(struct milter_conn *c, struct str data, struct buf *out);
	uint32_t no_reply; /* agreed on: it gets no answer */
} commands[] = {
	{MILTER_MACRO, on_macro, 0},
	{MILTER_HEADER, on_header, MILTER_NR_HDR},
	{MILTER_RCPT, on_rcpt, MILTER_NR_RCPT},
	{MILTER_MAIL, on_mail, MILTER_NR_MAIL},
	{MILTER_CONNECT, on_connect, MILTER_NR_CONN},
	{MILTER_HELO, on_helo, MILTER_NR_HELO},
	{MILTER_EOM, on_eom, 0},
	{MILTER_EOH, on_eoh, MILTER_NR_EOH},
	{MILTER_OPTNEG, on_optneg, 0},
	{MILTER_ABORT, on_abort, 0},
	{MILTER_QUIT, on_quit, 0},
	{MILTER_QUIT_NC, on_quit_nc, 0},
	{MILTER_DATA, on_nothing, MILTER_NR_DATA},
	{MILTER_BODY, on_nothing, MILTER_NR_BODY},
	{MILTER_UNKNOWN, on_unknown, MILTER_NR_UNKNOWN},
};

static const struct command *
find_command(const struct milter_conn *c, char command)
{
	if (c->terms.version == 0 && command != MILTER_OPTNEG)
		return NULL;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].command == command)
			return &commands[i];
	return NULL;
}

static enum conn_step
serve(struct milter_conn *c, const struct milter_frame *f)
{
	const struct command *command = find_command(c, f->command);
	UNSET char room[MILTER_OUT_MAX];
	struct buf out = BUF(room);
	enum say say = command ? command->run(c, f->data, &out) : SAY_GOODBYE;

	if (say == SAY_GOODBYE)
		return CONN_CLOSE;
	if (say == SAY_CONTINUE && !(c->terms.protocol & command->no_reply))
		milter_put(&out, MILTER_CONTINUE);
	stream_write(c->conn.stream, buf_str(&out));
	stream_hold(c->conn.stream, c->in_message);
	return CONN_NEXT;
}

static enum conn_step
step(struct conn *c, struct str bytes, size_t *used_out)
{
	struct milter_frame frame;

	switch (milter_read(bytes, &frame, used_out)) {
	case MILTER_MORE:
		return CONN_MORE;
	case MILTER_FRAME:
		return serve((struct milter_conn *)c, &frame);
	case MILTER_BAD:
		break;
	}
	return CONN_CLOSE;
}

struct front *
front_milter_new(struct loop *l, struct gate *g, const struct front_limits *limits)
{
	static const struct protocol protocol = {.conn_size = sizeof(struct milter_conn),
		.message_max = 4 + MILTER_FRAME_MAX,
		.output_max = OUTPUT_MAX,
		.step = step};

	return front_new(l, g, limits, &protocol);
}
