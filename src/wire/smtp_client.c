/* wire/smtp_client: see smtp_client.h. */
#include "wire/smtp_client.h"

#define TRANSCRIPT_LINE 200 /* bytes shown of a line */

/* What the words of a reply speak of, as bits. */
enum {
	ABOUT_US = 1,	/* our address, name, or how we behave */
	ABOUT_NULL = 2, /* that the sender is null */
};

const char *
smtp_stage_name(enum smtp_stage s)
{
	static const char *const names[] = {[SMTP_AT_GREETING] = "greeting",
		[SMTP_AT_EHLO] = "EHLO",
		[SMTP_AT_HELO] = "HELO",
		[SMTP_AT_STARTTLS] = "STARTTLS",
		[SMTP_AT_HANDSHAKE] = "TLS",
		[SMTP_AT_MAIL] = "MAIL FROM",
		[SMTP_AT_RCPT_NOBODY] = "RCPT TO an address that cannot exist",
		[SMTP_AT_RCPT] = "RCPT TO",
		[SMTP_AT_RSET] = "RSET",
		[SMTP_AT_QUIT] = "QUIT"};

	return names[s];
}

static bool
can_be_said(struct str s)
{
	if (!s.n || s.n > SMTP_CLIENT_ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '<' || s.p[i] == '>')
			return false;
	return true;
}

bool
smtp_client_init(struct smtp_client *c, const struct smtp_client_options *o)
{
	*c = (struct smtp_client){.o = *o};
	c->transcript = buf_on(c->transcript_room, sizeof(c->transcript_room));
	c->said = BUF(c->said_room);
	return can_be_said(o->helo) && can_be_said(o->nobody) && can_be_said(o->address);
}

static void
note(struct smtp_client *c, char who, struct str line)
{
	/* A line that does not fit whole is left out: half of one misleads. */
	if (c->transcript.max - c->transcript.n < 4 * TRANSCRIPT_LINE + 10)
		return;
	if (c->transcript.n)
		buf_putc(&c->transcript, '\n');
	buf_putc(&c->transcript, who);
	buf_puts(&c->transcript, ": ");
	buf_put_escaped(&c->transcript, line, TRANSCRIPT_LINE);
}

/* --- what is said --- */

static void
say(struct smtp_client *c, enum smtp_stage stage, const char *command, struct str argument,
	const char *end, struct buf *out)
{
	size_t from = out->n;

	c->stage = stage;
	buf_puts(out, command);
	buf_put(out, argument);
	buf_puts(out, end);
	must(!buf_is_cut(out));
	note(c, 'C', str_skip(buf_str(out), from));
	buf_puts(out, "\r\n");
	must(!buf_is_cut(out));
}

static void
say_quit(struct smtp_client *c, struct buf *out)
{
	c->closing = true;
	say(c, SMTP_AT_QUIT, "QUIT", STR(""), "", out);
}

static enum smtp_client_want
settle(struct smtp_client *c, enum smtp_outcome outcome, const char *reason)
{
	struct buf said = BUF(c->decided_room);

	if (c->result.outcome != SMTP_OPEN)
		return SMTP_WANT_CLOSE;
	if (c->code)
		buf_put(&said, buf_str(&c->said));
	c->result = (struct smtp_client_result){outcome, c->stage, c->code, reason, buf_str(&said)};
	return SMTP_WANT_CLOSE;
}

/* An outcome, then farewell. */
static enum smtp_client_want
conclude(struct smtp_client *c, enum smtp_outcome outcome, const char *reason, struct buf *out)
{
	settle(c, outcome, reason);
	if (c->stage == SMTP_AT_RCPT || c->stage == SMTP_AT_RCPT_NOBODY)
		say(c, SMTP_AT_RSET, "RSET", STR(""), "", out);
	else
		say_quit(c, out);
	return SMTP_WANT_MORE;
}

void
smtp_client_secured(struct smtp_client *c, struct buf *out)
{
	must(c->stage == SMTP_AT_HANDSHAKE);
	c->secure = true;
	say(c, SMTP_AT_EHLO, "EHLO ", c->o.helo, "", out);
}

void
smtp_client_broken(struct smtp_client *c, const char *reason)
{
	c->code = 0; /* of an earlier reply, or of half of one */
	settle(c, SMTP_UNVERIFIABLE, reason);
}

const struct smtp_client_result *
smtp_client_result(const struct smtp_client *c)
{
	return &c->result;
}

struct str
smtp_client_transcript(const struct smtp_client *c)
{
	return buf_str(&c->transcript);
}

/* --- what a reply means --- */

static bool
is_class(const struct smtp_client *c, unsigned class)
{
	return c->code / 100 == class;
}

/* Codes by which a server says that it did not understand, wants to know who we are, or is no mail
 * server; RFC 5321 4.2.3, RFC 3207 4, RFC 4954 4. */
static bool
is_about_dialogue(const struct smtp_client *c)
{
	switch (c->code) {
	case 500:
	case 501:
	case 502:
	case 503:
	case 504:
	case 521:
	case 523:
	case 530:
	case 534:
	case 535:
	case 538:
	case 555:
		return true;
	default:
		return c->enhanced_class && c->subject == 5;
	}
}

/* Does a 5xx at RCPT say that there is no such address?  Its enhanced code tells, where it has one
 * that means something (RFC 3463 3.2, 3.3); else its words must not be about something else. */
static bool
says_no_such_address(const struct smtp_client *c)
{
	if (is_about_dialogue(c) || c->code == 552)
		return false;
	/* OpenSMTPD says so of any address that leads to nobody. */
	if (c->code == 524 && c->subject == 2 && c->detail == 4)
		return true;
	if (c->enhanced_class != '5' || (c->subject == 0 && c->detail == 0))
		return !c->words;
	if (c->subject == 1) /* 5.1.7, 5.1.8: of the sender's address */
		return c->detail != 7 && c->detail != 8 && (c->detail != 0 || !c->words);
	return c->subject == 2 && c->detail == 1; /* disabled */
}

static const char *
why_unverifiable(const struct smtp_client *c)
{
	if (is_class(c, 4))
		return c->code == 421 ? "the server ends the session" : "refused for now only";
	if (is_about_dialogue(c))
		return "the server wants another dialogue";
	if (c->code == 552 || (c->subject == 2 && c->detail == 2))
		return "the mailbox is full";
	if (is_class(c, 5))
		return "refused by a policy, not for the address";
	return "no reply that means anything";
}

static enum smtp_client_want
unverifiable(struct smtp_client *c, struct buf *out)
{
	return conclude(c, SMTP_UNVERIFIABLE, why_unverifiable(c), out);
}

static enum smtp_client_want
say_mail(struct smtp_client *c, struct buf *out)
{
	say(c, SMTP_AT_MAIL, "MAIL FROM:<>", STR(""), "", out);
	return SMTP_WANT_MORE;
}

static enum smtp_client_want
after_hello(struct smtp_client *c, struct buf *out)
{
	if (is_class(c, 5) && c->stage == SMTP_AT_EHLO && !c->secure) {
		say(c, SMTP_AT_HELO, "HELO ", c->o.helo, "", out);
		return SMTP_WANT_MORE;
	}
	if (!is_class(c, 2))
		return unverifiable(c, out);
	if (c->starttls && c->o.tls && !c->secure) {
		say(c, SMTP_AT_STARTTLS, "STARTTLS", STR(""), "", out);
		return SMTP_WANT_MORE;
	}
	return say_mail(c, out);
}

static enum smtp_client_want
after_mail(struct smtp_client *c, struct buf *out)
{
	if (is_class(c, 2)) {
		say(c, SMTP_AT_RCPT_NOBODY, "RCPT TO:<", c->o.nobody, ">", out);
		return SMTP_WANT_MORE;
	}
	/* "<>" is the one thing that we have said: who takes 501 for it means that, too. */
	if (is_class(c, 5) && !(c->words & ABOUT_US) && (c->code == 501 || !is_about_dialogue(c)))
		return conclude(c, SMTP_NULL_REFUSED, NULL, out);
	return unverifiable(c, out);
}

/* Did it refuse for a reason that holds for any address? */
static enum smtp_client_want
after_nobody(struct smtp_client *c, struct buf *out)
{
	if (is_class(c, 2))
		return conclude(c, SMTP_ACCEPTS_ALL, NULL, out);
	if (is_class(c, 5) && !says_no_such_address(c)) {
		if (c->words & ABOUT_NULL)
			return conclude(c, SMTP_NULL_REFUSED, NULL, out);
		return unverifiable(c, out);
	}
	if (!is_class(c, 4) && !is_class(c, 5))
		return unverifiable(c, out);
	say(c, SMTP_AT_RCPT, "RCPT TO:<", c->o.address, ">", out);
	return SMTP_WANT_MORE;
}

static enum smtp_client_want
after_rcpt(struct smtp_client *c, struct buf *out)
{
	if (is_class(c, 2))
		return conclude(c, SMTP_ACCEPTED, NULL, out);
	if (is_class(c, 5) && says_no_such_address(c))
		return conclude(c, SMTP_REFUSED, NULL, out);
	if (is_class(c, 5) && c->words & ABOUT_NULL)
		return conclude(c, SMTP_NULL_REFUSED, NULL, out);
	return unverifiable(c, out);
}

static enum smtp_client_want
on_reply(struct smtp_client *c, struct buf *out)
{
	if (c->code == 421)
		return settle(c, SMTP_UNVERIFIABLE, why_unverifiable(c));
	switch (c->stage) {
	case SMTP_AT_GREETING:
		if (!is_class(c, 2))
			return unverifiable(c, out);
		say(c, SMTP_AT_EHLO, "EHLO ", c->o.helo, "", out);
		return SMTP_WANT_MORE;
	case SMTP_AT_EHLO:
	case SMTP_AT_HELO:
		return after_hello(c, out);
	case SMTP_AT_STARTTLS:
		if (c->code != 220)
			return say_mail(c, out);
		c->stage = SMTP_AT_HANDSHAKE;
		return SMTP_WANT_TLS;
	case SMTP_AT_MAIL:
		return after_mail(c, out);
	case SMTP_AT_RCPT_NOBODY:
		return after_nobody(c, out);
	case SMTP_AT_RCPT:
		return after_rcpt(c, out);
	case SMTP_AT_RSET:
		say_quit(c, out);
		return SMTP_WANT_MORE;
	case SMTP_AT_HANDSHAKE:
	case SMTP_AT_QUIT:
		break;
	}
	return SMTP_WANT_CLOSE;
}

/* --- reading --- */

/* As much of a line as there is room for. */
static void
put_said(struct buf *out, struct str line)
{
	char room[4 * SMTP_SAID_MAX + 4];
	struct buf b = BUF(room);

	buf_put_escaped(&b, line, SMTP_SAID_MAX);
	buf_put_excerpt(out, buf_str(&b), out->max);
}

static bool
contains(struct str text, struct str word)
{
	for (size_t i = 0; word.n && i + word.n <= text.n; i++)
		if (str_has_prefix_nocase(str_skip(text, i), word))
			return true;
	return false;
}

/* Words that stand in refusals of a client, and in none of an address that does not exist. */
static uint32_t
words_of(const struct smtp_client *c, struct str text)
{
	static const struct {
		struct str word;
		uint32_t about;
	} rows[] = {
		{STR_INIT("http:"), ABOUT_US},
		{STR_INIT("https:"), ABOUT_US},
		{STR_INIT("block"), ABOUT_US},
		{STR_INIT("blacklist"), ABOUT_US},
		{STR_INIT("denylist"), ABOUT_US},
		{STR_INIT("listed"), ABOUT_US},
		{STR_INIT("rbl"), ABOUT_US},
		{STR_INIT("spam"), ABOUT_US},
		{STR_INIT("reputation"), ABOUT_US},
		{STR_INIT("reverse"), ABOUT_US},
		{STR_INIT("rdns"), ABOUT_US},
		{STR_INIT("ptr record"), ABOUT_US},
		{STR_INIT("hostname"), ABOUT_US},
		{STR_INIT("helo"), ABOUT_US},
		{STR_INIT("your ip"), ABOUT_US},
		{STR_INIT("policy"), ABOUT_US},
		{STR_INIT("greylist"), ABOUT_US},
		{STR_INIT("graylist"), ABOUT_US},
		{STR_INIT("too many"), ABOUT_US},
		{STR_INIT("rate limit"), ABOUT_US},
		{STR_INIT("relay"), ABOUT_US},
		{STR_INIT("authenticat"), ABOUT_US},
		{STR_INIT("callout"), ABOUT_US},
		{STR_INIT("verif"), ABOUT_US},
		{STR_INIT("harvest"), ABOUT_US},
		{STR_INIT("prohibit"), ABOUT_US},
		{STR_INIT("denied"), ABOUT_US},
		{STR_INIT("permission"), ABOUT_US},
		{STR_INIT("not permitted"), ABOUT_US},
		{STR_INIT("not allowed"), ABOUT_US},
		{STR_INIT("banned"), ABOUT_US},
		{STR_INIT("null sender"), ABOUT_NULL},
		{STR_INIT("empty sender"), ABOUT_NULL},
		{STR_INIT("null envelope"), ABOUT_NULL},
		{STR_INIT("empty envelope"), ABOUT_NULL},
		{STR_INIT("null return"), ABOUT_NULL},
		{STR_INIT("<>"), ABOUT_NULL},
		{STR_INIT("bounce"), ABOUT_NULL},
	};
	uint32_t words = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (contains(text, rows[i].word))
			words |= rows[i].about;
	if (contains(text, c->o.client) || contains(text, c->o.helo))
		words |= ABOUT_US;
	return words;
}

/* "5.1.1 " */
static void
read_enhanced(struct smtp_client *c, struct str text)
{
	struct str number[3];
	size_t end = str_find(text, ' ');
	struct str s = str_slice(text, 0, end);
	uint64_t n[3];

	for (size_t i = 0; i < COUNT(number); i++) {
		size_t dot = i < 2 ? str_find(s, '.') : s.n;
		number[i] = str_slice(s, 0, dot);
		if ((i < 2 && dot == s.n) || !str_to_u64(number[i], 999, &n[i]))
			return;
		s = str_skip(s, dot + 1);
	}
	if (n[0] != c->code / 100)
		return;
	c->enhanced_class = (char)('0' + n[0]);
	c->subject = (unsigned)n[1];
	c->detail = (unsigned)n[2];
}

enum line { LINE_GOES_ON, LINE_LAST, LINE_BAD };

/* RFC 5321 4.2.1: "250-text", "250 text", also "250". */
static enum line
read_line(struct smtp_client *c, struct str line)
{
	uint64_t code;
	char sep = line.n > 3 ? line.p[3] : ' ';

	note(c, 'S', line);
	if (!str_to_u64(str_slice(line, 0, 3), 599, &code) || line.n < 3 || code < 200 ||
		(sep != ' ' && sep != '-'))
		return LINE_BAD;
	if (c->lines++ == 0) {
		c->code = (unsigned)code;
		c->enhanced_class = 0;
		c->subject = c->detail = 0;
		c->words = 0;
		buf_reset(&c->said);
		put_said(&c->said, line);
		if (c->stage == SMTP_AT_EHLO)
			c->starttls = false;
	} else if (code != c->code || c->lines > SMTP_CLIENT_LINES_MAX) {
		return LINE_BAD;
	}
	struct str text = str_skip(line, 4);
	if (c->stage == SMTP_AT_EHLO && c->lines > 1)
		c->starttls |= str_eq_nocase(str_trim(text), STR("STARTTLS"));
	if (!c->enhanced_class)
		read_enhanced(c, text);
	c->words |= words_of(c, text);
	return sep == '-' ? LINE_GOES_ON : LINE_LAST;
}

static enum smtp_client_want
give_up(struct smtp_client *c, const char *reason)
{
	smtp_client_broken(c, reason);
	return SMTP_WANT_CLOSE;
}

enum smtp_client_want
smtp_client_read(struct smtp_client *c, struct str bytes, size_t *used_out, struct buf *out)
{
	must(c->stage != SMTP_AT_HANDSHAKE);
	*used_out = 0;
	for (;;) {
		struct str rest = str_skip(bytes, *used_out);
		size_t end = str_find(rest, '\n');
		if (end == rest.n && end <= SMTP_CLIENT_LINE_MAX &&
			c->bytes + rest.n <= SMTP_CLIENT_BYTES_MAX)
			return SMTP_WANT_MORE;
		if (end > SMTP_CLIENT_LINE_MAX)
			return give_up(c, "a line that does not end");
		*used_out += end + 1;
		c->bytes += end + 1;
		if (c->bytes > SMTP_CLIENT_BYTES_MAX)
			return give_up(c, "more than a server has to say");
		struct str line = str_slice(rest, 0, end);
		if (str_has_suffix(line, STR("\r")))
			line.n--;
		enum line kind = read_line(c, line);
		if (kind == LINE_GOES_ON)
			continue;
		if (kind == LINE_BAD)
			return give_up(c, "no SMTP reply");
		c->lines = 0;
		/* Behind a reply nothing can stand before we have answered it. */
		if (*used_out < bytes.n && !c->closing)
			return give_up(c, "the server spoke before it was asked");
		return on_reply(c, out);
	}
}
