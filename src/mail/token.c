/* mail/token: see token.h. */
#include "mail/token.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* obs-NO-WS-CTL of RFC 5322 4.1 is taken inside of quotation marks, brackets and comments. */
static bool
is_quotable(char c)
{
	return c != '\0' && c != '\r' && c != '\n';
}

static bool
is_letter(char c, enum token_syntax syntax)
{
	static const struct str mail = STR_INIT("()<>[]:;@\\,.\"");
	static const struct str mime = STR_INIT("()<>[]:;@\\,\"/?=");
	const struct str specials = syntax == TOKEN_MAIL ? mail : mime;

	return (uint8_t)c > 0x20 && c != 0x7f && str_find(specials, c) == specials.n;
}

/* The length of a line end that folds, at `at`: CR LF or LF, then a blank; or one that ends the
 * text.  0: none. */
static size_t
fold_at(struct str s, size_t at)
{
	size_t n = at + 1 < s.n && s.p[at] == '\r' && s.p[at + 1] == '\n' ? 2
		: s.p[at] == '\n'					  ? 1
									  : 0;

	return n && (at + n == s.n || is_blank(s.p[at + n])) ? n : 0;
}

/* Past one byte inside of quotation marks, brackets or a comment, with its backslash; false where
 * it cannot stand there. */
static bool
skip_quotable(struct token_reader *r)
{
	size_t fold = fold_at(r->text, r->at);

	if (fold)
		r->at += fold;
	else if (r->text.p[r->at] == '\\' && r->at + 1 < r->text.n)
		r->at += is_quotable(r->text.p[r->at + 1]) ? 2 : 1;
	else if (is_quotable(r->text.p[r->at]))
		r->at++;
	else
		return false;
	return true;
}

#define IMPOSSIBLE "has a byte that cannot stand in it"

static const char *
skip_comment(struct token_reader *r)
{
	size_t from = r->at;
	unsigned depth = 0;

	while (r->at < r->text.n) {
		char c = r->text.p[r->at];
		if (c == '(' && ++depth > TOKEN_DEPTH_MAX)
			return "has comments within comments, too deep";
		if (c == ')')
			depth--;
		if (!skip_quotable(r))
			return IMPOSSIBLE;
		if (depth == 0)
			return NULL;
	}
	r->at = from;
	return "has a comment that is not closed";
}

const char *
token_skip_blanks(struct token_reader *r)
{
	while (r->at < r->text.n) {
		size_t fold = fold_at(r->text, r->at);
		const char *wrong = NULL;
		if (fold)
			r->at += fold;
		else if (is_blank(r->text.p[r->at]))
			r->at++;
		else if (r->text.p[r->at] == '(')
			wrong = skip_comment(r);
		else
			return NULL;
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Nothing behind it is read: what it would mean is anybody's guess. */
static struct token
bad(struct token_reader *r, const char *wrong)
{
	r->text.n = r->at;
	return (struct token){
		.kind = TOKEN_BAD, .text = str_skip(r->text, r->at), .at = r->at, .wrong = wrong};
}

/* What begins at r->at and ends in `close`. */
static struct token
enclosed(struct token_reader *r, char close)
{
	size_t from = r->at++;

	while (r->at < r->text.n && r->text.p[r->at] != close)
		if (!skip_quotable(r))
			return bad(r, IMPOSSIBLE);
	if (r->at < r->text.n) {
		r->at++;
		return close == '"' ? (struct token){.kind = TOKEN_QUOTED,
					      .text = str_slice(r->text, from + 1, r->at - 1),
					      .at = from}
				    : (struct token){.kind = TOKEN_LITERAL,
					      .text = str_slice(r->text, from, r->at),
					      .at = from};
	}
	r->at = from;
	return bad(r,
		close == '"' ? "has a quotation mark that is not closed"
			     : "has a bracket that is not closed");
}

static struct token
atom(struct token_reader *r)
{
	size_t from = r->at;

	while (r->at < r->text.n && is_letter(r->text.p[r->at], r->syntax))
		r->at++;
	return (struct token){
		.kind = TOKEN_ATOM, .text = str_slice(r->text, from, r->at), .at = from};
}

struct token_reader
token_reader_on(struct str text, enum token_syntax syntax)
{
	return (struct token_reader){.text = text, .syntax = syntax};
}

struct token
token_next(struct token_reader *r)
{
	size_t from = r->at;
	const char *wrong = token_skip_blanks(r);
	bool spaced = r->at > from;
	struct token t = {.kind = TOKEN_END, .text = str_slice(r->text, r->at, r->at), .at = r->at};
	char c = r->at < r->text.n ? r->text.p[r->at] : '\0';

	if (wrong)
		t = bad(r, wrong);
	else if (r->at == r->text.n)
		;
	else if (c == '"' || c == '[')
		t = enclosed(r, c == '"' ? '"' : ']');
	else if (is_letter(c, r->syntax))
		t = atom(r);
	else if (!chr_is_print(c))
		t = bad(r, IMPOSSIBLE);
	else
		t = (struct token){.kind = TOKEN_SPECIAL,
			.text = str_slice(r->text, r->at, r->at + 1),
			.at = r->at++};
	t.spaced = spaced;
	return t;
}

bool
token_is(const struct token *t, char special)
{
	return t->kind == TOKEN_SPECIAL && t->text.p[0] == special;
}

void
token_unquote(struct str quoted, struct buf *out)
{
	for (size_t i = 0; i < quoted.n; i++) {
		char c = quoted.p[i];
		if (c == '\r' || c == '\n')
			continue;
		if (c == '\\' && i + 1 < quoted.n)
			c = quoted.p[++i];
		buf_putc(out, c);
	}
}
