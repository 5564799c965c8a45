/* mail/message_id: see message_id.h. */
#include "base/ip.h"

#include "mail/message_id.h"
#include "mail/token.h"

const char *
message_id_fault_text(enum message_id_fault f)
{
	static const char *const text[MESSAGE_ID_FAULTS] = {
		[MESSAGE_ID_EMPTY] = "is empty",
		[MESSAGE_ID_BRACKETS] = "is not enclosed in < and >",
		[MESSAGE_ID_SEVERAL] = "has more than one identifier",
		[MESSAGE_ID_TRAILING] = "has something behind its identifier",
		[MESSAGE_ID_BLANKS] = "has blanks or comments in its identifier",
		[MESSAGE_ID_NO_DOMAIN] = "has no domain behind an @",
		[MESSAGE_ID_NO_LEFT] = "has nothing before the @",
		[MESSAGE_ID_TWO_AT] = "has more than one @",
		[MESSAGE_ID_DOTS] = "has a dot too many",
		[MESSAGE_ID_CHARACTERS] = "has a character that cannot stand in it",
		[MESSAGE_ID_ADDRESS] = "has an IP address without brackets as its domain",
		[MESSAGE_ID_UNQUALIFIED] = "has a domain of one label only",
	};

	return text[f];
}

static void
fault(struct message_id *m, enum message_id_fault f, size_t at)
{
	if (!(m->faults & 1u << f))
		m->at[f] = at;
	m->faults |= 1u << f;
}

/* One side of the @: words and dots in turn.  Stops at @, > and the end of what can be read. */
static struct str
read_side(struct message_id *m, struct token_reader *r, struct token *t)
{
	size_t from = t->at, end = t->at;
	bool dot = true; /* a dot was last, or nothing yet */

	for (bool first = true;; first = false, *t = token_next(r)) {
		bool ends = t->kind == TOKEN_END || t->kind == TOKEN_BAD || token_is(t, '@') ||
			token_is(t, '>');
		if (t->spaced && t->kind != TOKEN_END)
			fault(m, MESSAGE_ID_BLANKS, first ? t->at : end);
		if (ends)
			break;
		if (token_is(t, '.') && dot)
			fault(m, MESSAGE_ID_DOTS, t->at);
		else if (t->kind == TOKEN_SPECIAL && !token_is(t, '.'))
			fault(m, MESSAGE_ID_CHARACTERS, t->at);
		dot = token_is(t, '.');
		end = r->at;
	}
	if (dot && end > from)
		fault(m, MESSAGE_ID_DOTS, end - 1);
	return str_slice(r->text, from, end);
}

static void
read_id(struct message_id *m, struct token_reader *r, struct token *t)
{
	m->left = read_side(m, r, t);
	if (m->left.n == 0 && token_is(t, '@'))
		fault(m, MESSAGE_ID_NO_LEFT, t->at);
	if (!token_is(t, '@')) {
		fault(m, m->left.n ? MESSAGE_ID_NO_DOMAIN : MESSAGE_ID_EMPTY, t->at);
		return;
	}
	*t = token_next(r);
	m->literal = t->kind == TOKEN_LITERAL;
	m->right = read_side(m, r, t);
	if (m->right.n == 0 && !token_is(t, '@'))
		fault(m, MESSAGE_ID_NO_DOMAIN, t->at);
	while (token_is(t, '@')) {
		fault(m, MESSAGE_ID_TWO_AT, t->at);
		*t = token_next(r);
		m->right = read_side(m, r, t);
	}
}

static void
judge_domain(struct message_id *m, size_t at)
{
	struct ip ip;

	if (m->faults & (1u << MESSAGE_ID_NO_DOMAIN | 1u << MESSAGE_ID_DOTS) || m->literal ||
		m->right.n == 0)
		return;
	if (ip_parse(m->right, &ip))
		fault(m, MESSAGE_ID_ADDRESS, at);
	else if (str_find(m->right, '.') == m->right.n)
		fault(m, MESSAGE_ID_UNQUALIFIED, at);
}

/* What stands behind the identifier. */
static void
read_end(struct message_id *m, struct token_reader *r, struct token *t, bool opened)
{
	if (t->kind == TOKEN_BAD) {
		fault(m, MESSAGE_ID_CHARACTERS, t->at);
		return;
	}
	if (token_is(t, '>') != opened)
		fault(m, MESSAGE_ID_BRACKETS, t->at);
	if (!token_is(t, '>'))
		return;
	*t = token_next(r);
	if (token_is(t, '<'))
		fault(m, MESSAGE_ID_SEVERAL, t->at);
	else if (t->kind != TOKEN_END)
		fault(m, MESSAGE_ID_TRAILING, t->at);
}

void
message_id_parse(struct str text, struct message_id *out)
{
	struct token_reader r = token_reader_on(text, TOKEN_MAIL);
	struct token t = token_next(&r);
	bool opened = token_is(&t, '<');

	*out = (struct message_id){.faults = 0};
	if (t.kind == TOKEN_END) {
		fault(out, MESSAGE_ID_EMPTY, t.at);
		return;
	}
	if (opened) {
		t = token_next(&r);
	} else {
		t.spaced = false; /* before the identifier they may stand */
		fault(out, MESSAGE_ID_BRACKETS, t.at);
	}
	read_id(out, &r, &t);
	read_end(out, &r, &t, opened);
	judge_domain(out, out->right.p ? (size_t)(out->right.p - text.p) : 0);
}
