/* spf/macro: see macro.h. */
#include "spf/macro.h"

enum piece_kind {
	PIECE_RUN,   /* literal text */
	PIECE_CHAR,  /* "%%", "%_", "%-" */
	PIECE_MACRO, /* "%{...}" */
};

struct piece {
	enum piece_kind kind;
	struct str literal; /* RUN, CHAR: what it stands for */
	/* MACRO */
	char letter;  /* lower case */
	bool escape;  /* written in upper case: URL-escape the value */
	bool reverse; /* "r" */
	size_t keep;  /* parts on the right; 0: all */
	struct str delimiters;
};

#define LETTERS		    STR("slodiphv")
#define EXPLANATION_LETTERS STR("slodiphvcrt")
#define DELIMITERS	    STR(".-+,/_=")

static bool
is_one_of(char c, struct str set)
{
	return str_find(set, c) < set.n;
}

/* "%{" macro-letter *DIGIT [ "r" ] *delimiter "}", the part between the braces. */
static bool
parse_macro(struct str body, struct piece *out)
{
	size_t i = 1;

	if (body.n == 0)
		return false;
	*out = (struct piece){.kind = PIECE_MACRO, .letter = chr_lower(body.p[0])};
	out->escape = out->letter != body.p[0];
	while (i < body.n && chr_is_digit(body.p[i]))
		i++;
	if (i > 1) {
		uint64_t keep;
		/* More parts than any value has: all of them. */
		if (!str_to_u64(str_slice(body, 1, i), UINT32_MAX, &keep))
			keep = UINT32_MAX;
		if (keep == 0)
			return false; /* 7.1: must be nonzero */
		out->keep = (size_t)keep;
	}
	if (i < body.n && chr_lower(body.p[i]) == 'r') {
		out->reverse = true;
		i++;
	}
	out->delimiters = str_skip(body, i);
	for (; i < body.n; i++)
		if (!is_one_of(body.p[i], DELIMITERS))
			return false;
	if (out->delimiters.n == 0)
		out->delimiters = STR(".");
	return true;
}

/* Cut the next piece off *rest, which is not empty; false on a syntax error. */
static bool
next_piece(struct str *rest, struct piece *out)
{
	size_t percent = str_find(*rest, '%');

	if (percent > 0) {
		*out = (struct piece){PIECE_RUN, .literal = str_slice(*rest, 0, percent)};
		*rest = str_skip(*rest, percent);
		return true;
	}
	char c = rest->n > 1 ? rest->p[1] : '\0';
	if (c == '{') {
		size_t close = str_find(*rest, '}');
		struct str body = str_slice(*rest, 2, close);
		if (close == rest->n)
			return false;
		*rest = str_skip(*rest, close + 1);
		return parse_macro(body, out);
	}
	*out = (struct piece){PIECE_CHAR,
		.literal = c == '%' ? STR("%")
			: c == '_'  ? STR(" ")
				    : STR("%20")};
	*rest = str_skip(*rest, 2);
	return c == '%' || c == '_' || c == '-';
}

static bool
is_visible(struct str s, bool blanks)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_print(s.p[i]) || (s.p[i] == ' ' && !blanks))
			return false;
	return true;
}

bool
spf_macro_string_ok(struct str text, bool explanation)
{
	struct str letters = explanation ? EXPLANATION_LETTERS : LETTERS;
	struct piece piece;

	if (!is_visible(text, explanation))
		return false;
	while (text.n) {
		if (!next_piece(&text, &piece))
			return false;
		if (piece.kind == PIECE_MACRO && !is_one_of(piece.letter, letters))
			return false;
	}
	return true;
}

/* ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool
is_toplabel(struct str s)
{
	bool numeric = true;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!chr_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
		numeric = numeric && chr_is_digit(s.p[i]);
	}
	return !numeric;
}

static struct piece
last_piece(struct str text)
{
	struct piece piece = {PIECE_RUN, .literal = STR("")};

	while (text.n && next_piece(&text, &piece))
		;
	return piece;
}

bool
spf_domain_spec_ok(struct str text)
{
	struct piece last = last_piece(text);
	struct str tail = last.literal;

	if (text.n == 0 || !spf_macro_string_ok(text, false))
		return false;
	if (last.kind != PIECE_RUN)
		return true;
	if (tail.p[tail.n - 1] == '.')
		tail.n--;
	size_t dot = str_rfind(tail, '.');
	return dot < tail.n && is_toplabel(str_skip(tail, dot + 1));
}

bool
spf_macro_uses(struct str text, struct str letters)
{
	struct piece piece;

	while (text.n && next_piece(&text, &piece))
		if (piece.kind == PIECE_MACRO && is_one_of(piece.letter, letters))
			return true;
	return false;
}

bool
spf_macro_ends_in(struct str text, struct str letters)
{
	struct piece last = last_piece(text);

	return last.kind == PIECE_MACRO && is_one_of(last.letter, letters);
}

/*
 * The writer.  A text is cut at its end.  Of a name the right end counts, so there old bytes make
 * room for new ones: the last TAIL_KEEP bytes at least are always there, and no more than
 * SPF_NAME_MAX and a dot of them are wanted.
 */
#define TAIL_ROOM 1024
#define TAIL_KEEP 512

struct writer {
	struct buf *out;
	bool tail;
};

static void
put(struct writer *w, struct str s)
{
	struct buf *b = w->out;

	if (w->tail && s.n > TAIL_KEEP)
		s = str_skip(s, s.n - TAIL_KEEP);
	if (w->tail && b->max - b->n < s.n) {
		memmove(b->p, b->p + b->n - TAIL_KEEP, TAIL_KEEP);
		b->n = TAIL_KEEP;
	}
	buf_put(b, s);
}

/* RFC 3986 2.1, 2.3. */
static void
put_escaped(struct writer *w, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char code[3] = {'%', hex[c >> 4], hex[c & 15]};
		if (chr_is_alnum(s.p[i]) || is_one_of(s.p[i], STR("-._~")))
			put(w, str_slice(s, i, i + 1));
		else
			put(w, str_from(code, sizeof(code)));
	}
}

/* Index of the first (last) delimiter, or s.n. */
static size_t
find_delimiter(struct str s, struct str delimiters, bool last)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t at = last ? s.n - 1 - i : i;
		if (is_one_of(s.p[at], delimiters))
			return at;
	}
	return s.n;
}

/* The parts of value that count: the keep rightmost ones after reversal, so the leftmost ones of
 * what is reversed. */
static struct str
kept_parts(struct str value, const struct piece *p)
{
	size_t left = p->keep;

	for (size_t i = 0; left && i < value.n; i++) {
		size_t at = p->reverse ? i : value.n - 1 - i;
		if (is_one_of(value.p[at], p->delimiters) && --left == 0)
			return p->reverse ? str_slice(value, 0, at) : str_skip(value, at + 1);
	}
	return value;
}

/* 7.3: split at each delimiter, reverse, keep the right-hand parts, join with dots. */
static void
put_value(struct writer *w, struct str value, const struct piece *p)
{
	struct str rest = kept_parts(value, p);
	bool more = true;

	while (more) {
		size_t at = find_delimiter(rest, p->delimiters, p->reverse);
		struct str part = str_slice(rest, 0, at), others = str_skip(rest, at + 1);
		more = at < rest.n;
		if (more && p->reverse) {
			others = part;
			part = str_skip(rest, at + 1);
		}
		if (p->escape)
			put_escaped(w, part);
		else
			put(w, part);
		if (more)
			put(w, STR("."));
		rest = others;
	}
}

/* 7.3: dotted quad, or the 32 nibbles with dots between them. */
static void
print_client(const struct ip *ip, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	if (ip->len == 4) {
		ip_print(ip, out);
		return;
	}
	for (size_t i = 0; i < ip->len; i++) {
		if (i)
			buf_putc(out, '.');
		buf_putc(out, hex[ip->b[i] >> 4]);
		buf_putc(out, '.');
		buf_putc(out, hex[ip->b[i] & 15]);
	}
}

#define VALUE_ROOM 64 /* 32 nibbles and 31 dots */

/* The value of a letter; numbers and addresses are printed into b. */
static struct str
value_of(char letter, const struct spf_macros *m, struct buf *b)
{
	switch (letter) {
	case 's':
		return m->sender;
	case 'l':
		return m->local;
	case 'o':
		return m->origin;
	case 'd':
		return m->domain;
	case 'h':
		return m->helo;
	case 'p':
		return m->validated;
	case 'r':
		return m->receiver;
	case 'i':
		print_client(&m->client, b);
		break;
	case 'c':
		ip_print(&m->client, b);
		break;
	case 'v':
		buf_puts(b, m->client.len == 4 ? "in-addr" : "ip6");
		break;
	case 't':
		buf_putu(b, m->now > 0 ? (uint64_t)m->now : 0);
		break;
	default:
		must(false); /* the grammar knows no other letter */
	}
	return buf_str(b);
}

static void
expand(struct str text, const struct spf_macros *m, struct writer *w)
{
	struct piece piece;

	while (text.n) {
		char room[VALUE_ROOM];
		struct buf b = BUF(room);
		must(next_piece(&text, &piece)); /* the caller has checked it */
		if (piece.kind == PIECE_MACRO)
			put_value(w, value_of(piece.letter, m, &b), &piece);
		else
			put(w, piece.literal);
	}
}

struct str
spf_expand_name(struct arena *a, struct str spec, const struct spf_macros *m)
{
	UNSET char room[TAIL_ROOM];
	struct buf b = BUF(room);
	struct writer w = {&b, .tail = true};
	struct str name = spec;
	bool literal = str_find(spec, '%') == spec.n;

	if (!literal) {
		expand(spec, m, &w);
		name = buf_str(&b);
	}
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	while (name.n > SPF_NAME_MAX) {
		size_t dot = str_find(name, '.');
		if (dot == name.n)
			break; /* one label of that length: no name anyway */
		name = str_skip(name, dot + 1);
	}
	return literal ? name : arena_str(a, name);
}

void
spf_expand_text(struct str text, const struct spf_macros *m, struct buf *out)
{
	struct writer w = {out, .tail = false};

	expand(text, m, &w);
}
