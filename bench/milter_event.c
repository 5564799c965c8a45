/* milter_event: see milter_event.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/cursor.h"

#include "milter_event.h"

/* --- macros --------------------------------------------------------------------------------- */

/* The values that a plain session has; a name that is not here has no value. */
enum macro {
	M_J,
	M_DAEMON_NAME,
	M_DAEMON_ADDR,
	M_DAEMON_PORT,
	M_V,
	M_UNDERSCORE,
	M_CLIENT_ADDR,
	M_CLIENT_NAME,
	M_CLIENT_PTR,
	M_CLIENT_PORT,
	M_CLIENT_CONNECTIONS,
	M_I,
	M_MAIL_ADDR,
	M_MAIL_HOST,
	M_MAIL_MAILER,
	M_RCPT_ADDR,
	M_RCPT_HOST,
	M_RCPT_MAILER,
	M_COUNT,
};
static const char *const macro_names[M_COUNT] = {
	[M_J] = "j",
	[M_DAEMON_NAME] = "{daemon_name}",
	[M_DAEMON_ADDR] = "{daemon_addr}",
	[M_DAEMON_PORT] = "{daemon_port}",
	[M_V] = "v",
	[M_UNDERSCORE] = "_",
	[M_CLIENT_ADDR] = "{client_addr}",
	[M_CLIENT_NAME] = "{client_name}",
	[M_CLIENT_PTR] = "{client_ptr}",
	[M_CLIENT_PORT] = "{client_port}",
	[M_CLIENT_CONNECTIONS] = "{client_connections}",
	[M_I] = "i",
	[M_MAIL_ADDR] = "{mail_addr}",
	[M_MAIL_HOST] = "{mail_host}",
	[M_MAIL_MAILER] = "{mail_mailer}",
	[M_RCPT_ADDR] = "{rcpt_addr}",
	[M_RCPT_HOST] = "{rcpt_host}",
	[M_RCPT_MAILER] = "{rcpt_mailer}",
};

/* Macro classes of the negotiation, with those of Postfix' defaults that a session without TLS and
 * AUTH has a value for. */
enum macro_class {
	CLASS_CONNECT,
	CLASS_HELO,
	CLASS_MAIL,
	CLASS_RCPT,
	CLASS_DATA,
	CLASS_EOM,
	CLASS_EOH,
	CLASS_COUNT
};
static const char *const default_macros[CLASS_COUNT] = {
	[CLASS_CONNECT] = "j {daemon_name} {daemon_addr} v _",
	[CLASS_HELO] = "",
	[CLASS_MAIL] = "i {mail_addr} {mail_host} {mail_mailer}",
	[CLASS_RCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	[CLASS_DATA] = "i",
	[CLASS_EOM] = "i",
	[CLASS_EOH] = "i",
};

struct macro_list {
	enum macro macro[M_COUNT];
	unsigned n;
};

/* The last negotiation.  One for all connections: they talk to one filter. */
static struct {
	uint32_t actions, protocol;
	struct macro_list macros[CLASS_COUNT];
} negotiated;

static void
macro_list_parse(struct str names, struct macro_list *out)
{
	struct str word;

	out->n = 0;
	while (str_word(&names, &word))
		for (unsigned m = 0; m < M_COUNT && out->n < M_COUNT; m++)
			if (str_eq(word, str_of(macro_names[m])))
				out->macro[out->n++] = (enum macro)m;
}

static bool
is_named(struct str name)
{
	return !str_eq(name, STR("unknown"));
}

static unsigned
client_port(const struct load_conn *c)
{
	return 1024 + (unsigned)(c->serial % 60000);
}

/* The client as milter events name it: verified, or its address in brackets. */
static void
put_client(const struct load_conn *c, struct buf *out)
{
	if (is_named(c->tx->name))
		buf_put(out, c->tx->name);
	else
		buf_printf(out, "[%.*s]", STR_ARG(c->tx->addr));
}

static void
put_macro(const struct load_conn *c, enum macro m, struct buf *out)
{
	const struct load_tx *t = c->tx;

	switch (m) {
	case M_J:
	case M_DAEMON_NAME:
		buf_puts(out, "mx.example.org");
		break;
	case M_DAEMON_ADDR:
		buf_puts(out, "127.0.0.1");
		break;
	case M_DAEMON_PORT:
		buf_puts(out, "25");
		break;
	case M_V:
		buf_puts(out, "Postfix 3.7.11");
		break;
	case M_UNDERSCORE:
		buf_printf(out, "%.*s [%.*s]", STR_ARG(t->rname), STR_ARG(t->addr));
		break;
	case M_CLIENT_ADDR:
		buf_put(out, t->addr);
		break;
	case M_CLIENT_NAME:
		buf_put(out, t->name);
		break;
	case M_CLIENT_PTR:
		buf_put(out, t->rname);
		break;
	case M_CLIENT_PORT:
		buf_putu(out, client_port(c));
		break;
	case M_CLIENT_CONNECTIONS:
		buf_puts(out, "0");
		break;
	case M_I:
		buf_printf(out, "%010" PRIX64, c->serial);
		break;
	case M_MAIL_ADDR:
		buf_put(out, t->sender);
		break;
	case M_MAIL_HOST:
		buf_put(out, str_skip(t->sender, str_find(t->sender, '@') + 1));
		break;
	case M_MAIL_MAILER:
		buf_puts(out, "smtp");
		break;
	case M_RCPT_ADDR:
		load_put_rcpt(out, c->rcpt);
		break;
	case M_RCPT_HOST:
		buf_puts(out, "example.org");
		break;
	case M_RCPT_MAILER:
		buf_puts(out, "local");
		break;
	case M_COUNT:
		break;
	}
}

/* --- packets -------------------------------------------------------------------------------- */

/* Begins a packet; packet_end() writes its length. */
static size_t
packet_begin(struct buf *out, char command)
{
	size_t at = out->n;

	buf_put32(out, 0);
	buf_putc(out, command);
	return at;
}

static void
packet_end(struct buf *out, size_t at)
{
	struct buf length = buf_on(out->p + at, 4);

	buf_put32(&length, (uint32_t)(out->n - at - 4));
}

static void
put_nul(struct buf *out)
{
	buf_putc(out, '\0');
}

/* Postfix has a queue id from the first accepted recipient on. */
static bool
macro_has_value(const struct load_conn *c, enum macro m)
{
	unsigned answered = c->stage > S_RCPT ? load_rcpts : c->rcpt;

	return m != M_I || answered > c->refused;
}

/* Also when there is none to send, as Postfix does. */
static void
put_macros(struct load_conn *c, char command, enum macro_class class)
{
	const struct macro_list *list = &negotiated.macros[class];
	size_t at = packet_begin(&c->out, 'D');

	buf_putc(&c->out, command);
	for (unsigned i = 0; i < list->n; i++) {
		if (!macro_has_value(c, list->macro[i]))
			continue;
		buf_puts(&c->out, macro_names[list->macro[i]]);
		put_nul(&c->out);
		put_macro(c, list->macro[i], &c->out);
		put_nul(&c->out);
	}
	packet_end(&c->out, at);
}

/* --- events --------------------------------------------------------------------------------- */

static void
put_connect(struct load_conn *c)
{
	put_client(c, &c->out);
	put_nul(&c->out);
	buf_putc(&c->out, str_find(c->tx->addr, ':') < c->tx->addr.n ? '6' : '4');
	buf_put16(&c->out, (uint16_t)client_port(c));
	buf_put(&c->out, c->tx->addr);
	put_nul(&c->out);
}

static void
put_helo(struct load_conn *c)
{
	buf_put(&c->out, c->tx->helo);
	put_nul(&c->out);
}

static void
put_mail(struct load_conn *c)
{
	buf_printf(&c->out, "<%.*s>", STR_ARG(c->tx->sender));
	put_nul(&c->out);
}

static void
put_rcpt(struct load_conn *c)
{
	buf_putc(&c->out, '<');
	load_put_rcpt(&c->out, c->rcpt);
	buf_putc(&c->out, '>');
	put_nul(&c->out);
}

static const struct header {
	const char *name, *value;
} headers[] = {
	{"Received",
		"from out.sender.example (out.sender.example [192.0.2.25])\n\tby "
		"relay.sender.example (Postfix) with ESMTPS id 4SZQyz1BnXz9v7g\n\tfor "
		"<user1@example.org>; Mon, 24 Nov 2025 12:00:00 +0000 (UTC)"},
	{"DKIM-Signature",
		"v=1; a=rsa-sha256; c=relaxed/simple; d=sender.example; s=2025;\n\t"
		"h=From:To:Subject:Date; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;"
		"\n\tb=Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy"},
	{"From", "Somebody <somebody@sender.example>"},
	{"To", "user1@example.org"},
	{"Subject", "=?utf-8?Q?Gr=C3=BC=C3=9Fe?= and figures of November"},
	{"Date", NULL}, /* of today */
	{"Message-ID", "<20251124120000.4SZQyz1BnXz9v7g@sender.example>"},
	{"MIME-Version", "1.0"},
	{"Content-Type", "text/plain; charset=utf-8"},
	{"Content-Transfer-Encoding", "quoted-printable"},
};
static_assert(COUNT(headers) == MILTER_HEADERS, "a session sends each header once");

/* Without HDR_LEADSPC the server keeps the blank before the value for itself. */
static const char *
today(void)
{
	static char text[40];
	time_t now = time(NULL);
	struct tm tm;

	if (!text[0] && gmtime_r(&now, &tm))
		strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	return text;
}

static void
put_header(struct load_conn *c)
{
	const char *value = headers[c->header].value;

	buf_puts(&c->out, headers[c->header].name);
	put_nul(&c->out);
	if (negotiated.protocol & HDR_LEADSPC)
		buf_putc(&c->out, ' ');
	buf_puts(&c->out, value ? value : today());
	put_nul(&c->out);
}

static void
put_body(struct load_conn *c)
{
	for (unsigned i = 0; i < 40; i++)
		buf_puts(&c->out, "A line of a letter that nobody will ever have to read.\r\n");
}

static const struct event {
	const char *name;
	char command;
	enum macro_class macros;
	uint32_t no, nr; /* protocol bits: is not sent, is not answered */
	void (*put)(struct load_conn *c);
} events[S_COUNT] = {
	[S_CONNECT] = {"connect", 'C', CLASS_CONNECT, NO_CONNECT, NR_CONN, put_connect},
	[S_HELO] = {"helo", 'H', CLASS_HELO, NO_HELO, NR_HELO, put_helo},
	[S_MAIL] = {"mail", 'M', CLASS_MAIL, NO_MAIL, NR_MAIL, put_mail},
	[S_RCPT] = {"rcpt", 'R', CLASS_RCPT, NO_RCPT, NR_RCPT, put_rcpt},
	[S_DATA] = {"data", 'T', CLASS_DATA, NO_DATA, NR_DATA, NULL},
	[S_HEADER] = {"header", 'L', CLASS_EOM, NO_HDRS, NR_HDR, put_header},
	[S_EOH] = {"eoh", 'N', CLASS_EOH, NO_EOH, NR_EOH, NULL},
	[S_BODY] = {"body", 'B', CLASS_EOM, NO_BODY, NR_BODY, put_body},
	[S_EOM] = {"eom", 'E', CLASS_EOM, 0, 0, NULL},
};

bool
milter_put_event(struct load_conn *c)
{
	const struct event *e = &events[c->stage];

	put_macros(c, e->command, e->macros);
	if (negotiated.protocol & e->no)
		return false;
	size_t at = packet_begin(&c->out, e->command);
	if (e->put)
		e->put(c);
	packet_end(&c->out, at);
	return !(negotiated.protocol & e->nr);
}

void
milter_put_bare(struct load_conn *c, char command)
{
	packet_end(&c->out, packet_begin(&c->out, command));
}

void
milter_put_negotiation(struct load_conn *c)
{
	size_t at = packet_begin(&c->out, 'O');

	buf_put32(&c->out, MILTER_VERSION);
	buf_put32(&c->out, ACTIONS_ALL);
	buf_put32(&c->out, PROTOCOL_ALL);
	packet_end(&c->out, at);
}

bool
milter_read_negotiation(struct str data)
{
	struct cursor r = cursor_on(data);
	uint32_t version = cursor_u32(&r);

	negotiated.actions = cursor_u32(&r);
	negotiated.protocol = cursor_u32(&r);
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		macro_list_parse(str_of(default_macros[i]), &negotiated.macros[i]);
	while (cursor_ok(&r) && cursor_left(&r)) {
		uint32_t class = cursor_u32(&r);
		struct str names = cursor_z(&r);
		if (class < CLASS_COUNT)
			macro_list_parse(names, &negotiated.macros[class]);
	}
	return cursor_ok(&r) && version >= 2 && version <= MILTER_VERSION &&
		(negotiated.actions & ~(uint32_t)ACTIONS_ALL) == 0 &&
		(negotiated.protocol & ~(uint32_t)PROTOCOL_ALL) == 0;
}

void
milter_report_negotiation(void)
{
	printf(",\"negotiated\":{\"actions\":\"0x%x\",\"protocol\":\"0x%x\"}",
		(unsigned)negotiated.actions, (unsigned)negotiated.protocol);
}

const char *
milter_stage_name(enum stage stage)
{
	return stage == S_NEGOTIATE ? "negotiate" : events[stage].name;
}
