/* mail/mailboxes: see mailboxes.h. */
#include "mail/mailboxes.h"
#include "mail/token.h"

struct parser {
	struct mail_mailboxes *m;
	struct token_reader r;
	struct token t;		 /* at hand */
	size_t end;		 /* of the token before it */
	bool group;		 /* within one */
	bool broken;		 /* this place of the list */
	struct mail_mailbox box; /* as far as it is read */
};

const char *
mail_mailboxes_fault_text(enum mail_mailboxes_fault f)
{
	static const char *const text[MAIL_MAILBOXES_FAULTS] = {
		[MAIL_MAILBOXES_FINE] = "is in order",
		[MAIL_MAILBOXES_EMPTY] = "is empty",
		[MAIL_MAILBOXES_UNREADABLE] = "has an impossible byte, or something left open",
		[MAIL_MAILBOXES_NO_ADDRESS] = "names somebody, but has no address",
		[MAIL_MAILBOXES_NO_DOMAIN] = "has an address without a domain",
		[MAIL_MAILBOXES_EMPTY_ADDRESS] = "has an empty address",
		[MAIL_MAILBOXES_UNQUOTED] = "has a name with characters that want quotation marks",
		[MAIL_MAILBOXES_LOCAL] = "has an address that is malformed before the @",
		[MAIL_MAILBOXES_DOMAIN] = "has an address that is malformed behind the @",
		[MAIL_MAILBOXES_ROUTE] = "has a malformed source route",
		[MAIL_MAILBOXES_NOT_CLOSED] = "has a < without its >",
		[MAIL_MAILBOXES_TRAILING] = "has something behind an address",
		[MAIL_MAILBOXES_GROUP] = "has a group that is malformed",
		[MAIL_MAILBOXES_TOO_MANY] = "has more addresses than anybody writes to",
	};

	return text[f];
}

static void
fault(struct parser *p, enum mail_mailboxes_fault f, size_t at)
{
	p->broken = true;
	if (p->m->fault != MAIL_MAILBOXES_FINE)
		return;
	p->m->fault = f;
	p->m->at = at;
}

static void
advance(struct parser *p)
{
	p->end = p->r.at;
	p->t = token_next(&p->r);
	if (p->t.kind == TOKEN_BAD)
		fault(p, MAIL_MAILBOXES_UNREADABLE, p->t.at);
}

static bool
at_end(const struct parser *p)
{
	return p->t.kind == TOKEN_END || p->t.kind == TOKEN_BAD;
}

static bool
at_word(const struct parser *p)
{
	return p->t.kind == TOKEN_ATOM || p->t.kind == TOKEN_QUOTED;
}

/* A row of words and dots, as far as it goes. */
struct phrase {
	struct str text;
	size_t at;
	size_t n;    /* words */
	bool dotted; /* word, dot, word, ...: a local part or a domain */
	bool quoted; /* one of them is */
};

static struct phrase
read_words(struct parser *p)
{
	struct phrase w = {.at = p->t.at, .dotted = true};
	bool dot = true; /* a dot was last, or nothing yet */
	size_t end = p->t.at;

	for (; at_word(p) || token_is(&p->t, '.'); advance(p)) {
		bool word = at_word(p);
		w.n += word;
		w.quoted |= p->t.kind == TOKEN_QUOTED;
		w.dotted &= word == dot;
		dot = !word;
		end = p->r.at;
	}
	w.dotted &= !dot;
	w.text = str_slice(p->r.text, w.at, end);
	return w;
}

/* Behind the @: atoms and dots, or a literal.  obs-domain of RFC 5322 4.4. */
static struct str
read_domain(struct parser *p)
{
	if (p->t.kind == TOKEN_LITERAL) {
		struct str literal = p->t.text;
		advance(p);
		return literal;
	}
	struct phrase w = read_words(p);
	if (!w.dotted || w.quoted)
		fault(p, MAIL_MAILBOXES_DOMAIN, w.at);
	return w.text;
}

/* "@a.example,@b.example:" */
static void
read_route(struct parser *p)
{
	size_t at = p->t.at;

	if (!token_is(&p->t, '@'))
		return;
	p->m->obsolete = true;
	while (token_is(&p->t, '@') || token_is(&p->t, ',')) {
		bool hop = token_is(&p->t, '@');
		advance(p);
		if (hop)
			(void)read_domain(p);
	}
	if (token_is(&p->t, ':'))
		advance(p);
	else
		fault(p, MAIL_MAILBOXES_ROUTE, at);
}

/* Behind the <. */
static void
read_angle(struct parser *p)
{
	size_t from = p->t.at;

	advance(p);
	read_route(p);
	struct phrase local = read_words(p);
	if (!local.n && token_is(&p->t, '>'))
		fault(p, MAIL_MAILBOXES_EMPTY_ADDRESS, from);
	else if (!local.dotted)
		fault(p, MAIL_MAILBOXES_LOCAL, local.n ? local.at : p->t.at);
	else if (!token_is(&p->t, '@'))
		fault(p, MAIL_MAILBOXES_NO_DOMAIN, p->t.at);
	p->box.local = local.text;
	if (token_is(&p->t, '@')) {
		advance(p);
		p->box.domain = read_domain(p);
	}
	while (!at_end(p) && !token_is(&p->t, '>') && !token_is(&p->t, ',')) {
		fault(p, MAIL_MAILBOXES_DOMAIN, p->t.at);
		advance(p);
	}
	if (token_is(&p->t, '>'))
		advance(p);
	else if (p->t.kind != TOKEN_BAD)
		fault(p, MAIL_MAILBOXES_NOT_CLOSED, from);
}

/* Up to the next place of the list. */
static void
skip_place(struct parser *p)
{
	while (!at_end(p) && !token_is(&p->t, ',') && !token_is(&p->t, ';')) {
		/* Within < > a comma separates nothing. */
		bool angle = token_is(&p->t, '<');
		advance(p);
		while (angle && !at_end(p) && !token_is(&p->t, '>'))
			advance(p);
	}
}

/* "a@b.example" without < >: the words before the @ are read. */
static void
read_bare(struct parser *p, struct phrase local)
{
	size_t at = p->t.at;

	advance(p);
	p->box.local = local.text;
	p->box.domain = read_domain(p);
	if (token_is(&p->t, '<')) /* "a@b.example <a@b.example>" */
		fault(p, MAIL_MAILBOXES_UNQUOTED, at);
	else if (!local.dotted)
		fault(p, MAIL_MAILBOXES_LOCAL, local.n ? local.at : at);
}

/* Words, and neither @ nor < follows. */
static void
no_address(struct parser *p, struct phrase name)
{
	bool end = at_end(p) || token_is(&p->t, ',') || token_is(&p->t, ';');

	if (end && name.n && name.dotted)
		fault(p, MAIL_MAILBOXES_NO_DOMAIN, name.at);
	else if (end)
		fault(p, MAIL_MAILBOXES_NO_ADDRESS, name.at);
	else
		fault(p, MAIL_MAILBOXES_UNQUOTED, p->t.at);
}

static void
count_box(struct parser *p)
{
	if (p->broken)
		return;
	if (p->m->n++ == 0)
		p->m->first = p->box;
}

static void
begin_group(struct parser *p, struct phrase name)
{
	if (!name.n || p->group)
		fault(p, MAIL_MAILBOXES_GROUP, p->t.at);
	p->group = true;
	p->m->groups++;
	advance(p);
}

/* One place of the list: a mailbox, or the beginning or end of a group.  False: it was a beginning,
 * behind which a place may follow at once. */
static bool
read_place(struct parser *p)
{
	struct phrase name = read_words(p);

	if (token_is(&p->t, ':')) {
		begin_group(p, name);
		return false;
	}
	p->box = (struct mail_mailbox){.name = STR("")};
	if (token_is(&p->t, '@')) {
		read_bare(p, name);
	} else if (token_is(&p->t, '<')) {
		p->box.name = name.text;
		if (name.n == 0 && name.text.n) /* dots alone */
			fault(p, MAIL_MAILBOXES_UNQUOTED, name.at);
	} else {
		no_address(p, name);
	}
	if (token_is(&p->t, '<'))
		read_angle(p);
	if (!at_end(p) && !token_is(&p->t, ',') && !token_is(&p->t, ';'))
		fault(p, MAIL_MAILBOXES_TRAILING, p->t.at);
	count_box(p);
	return true;
}

/* What stands between places: a comma, or the end of a group.  False: nothing did. */
static bool
read_separator(struct parser *p)
{
	if (token_is(&p->t, ';')) {
		if (!p->group)
			fault(p, MAIL_MAILBOXES_GROUP, p->t.at);
		p->group = false;
		advance(p);
		return true;
	}
	if (!token_is(&p->t, ','))
		return false;
	advance(p);
	return true;
}

void
mail_mailboxes_parse(struct str text, struct mail_mailboxes *out)
{
	struct parser p = {.m = out, .r = token_reader_on(text, TOKEN_MAIL)};
	bool fresh = true; /* nothing stands in this place yet */

	*out = (struct mail_mailboxes){.fault = MAIL_MAILBOXES_FINE};
	advance(&p);
	if (p.t.kind == TOKEN_END)
		fault(&p, MAIL_MAILBOXES_EMPTY, p.t.at);
	while (!at_end(&p)) {
		bool comma = token_is(&p.t, ',');
		p.broken = false;
		if (out->n + out->broken >= MAIL_MAILBOXES_MAX) {
			fault(&p, MAIL_MAILBOXES_TOO_MANY, p.t.at);
			break;
		}
		if (read_separator(&p)) {
			out->obsolete |= fresh && comma;
			fresh = comma;
		} else {
			fresh = !read_place(&p);
		}
		out->broken += p.broken;
		if (p.broken)
			skip_place(&p);
	}
	if (p.group && p.t.kind == TOKEN_END)
		fault(&p, MAIL_MAILBOXES_GROUP, text.n);
	if (!out->n && !out->groups && out->fault == MAIL_MAILBOXES_FINE)
		fault(&p, MAIL_MAILBOXES_EMPTY, 0); /* nothing but commas */
}
