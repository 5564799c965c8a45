/* explain/text: see text.h. */
#include "explain/text.h"

/* Letters of U+00C0..U+017F without their accents, one for each. */
static const char latin[] = "aaaaaaaceeeeiiiidnoooooxouuuuytsaaaaaaaceeeeiiiidnoooooxouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
			    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* The next character of s at *at, which moves on.  Bytes that are no UTF-8 are taken for Latin-1.
 */
static uint32_t
next_char(struct str s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.p + *at;
	size_t left = s.n - *at, more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc2 ? 1 : 0;
	uint32_t c = p[0];

	(*at)++;
	if (c < 0x80 || !more || left <= more || c > 0xf4)
		return c;
	c &= 0x3fu >> more;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return p[0];
		c = c << 6 | (p[i] & 0x3f);
	}
	*at += more;
	return c;
}

/* One byte for a character, or 0 where it has to be kept as it is. */
static char
fold_char(uint32_t c)
{
	if (c < 0x21 || c == 0x7f || c == 0xa0 || c == 0x3000)
		return ' ';
	if (c < 0x7f)
		return c == '`' ? '\'' : chr_lower((char)c);
	if (c >= 0xc0 && c < 0x180)
		return latin[c - 0xc0];
	if (c == 0x2018 || c == 0x2019 || c == 0xb4)
		return '\'';
	if (c == 0x201c || c == 0x201d || c == 0xab || c == 0xbb)
		return '"';
	if (c == 0x2013 || c == 0x2014)
		return '-';
	if (c < 0xc0 || (c >= 0x2000 && c < 0x2070) || c == 0xfeff)
		return ' ';
	return 0;
}

static bool
is_local(char c)
{
	return chr_is_alnum(c) || (c && strchr("._+-=&%~!#$*/?^{}|'", c));
}

static bool
is_host(char c)
{
	return chr_is_alnum(c) || c == '.' || c == '-' || c == '_';
}

static bool
starts_url(struct str s, size_t at)
{
	struct str rest = str_skip(s, at);

	return str_has_prefix_nocase(rest, STR("http:/")) ||
		str_has_prefix_nocase(rest, STR("https:/")) ||
		(str_has_prefix_nocase(rest, STR("www.")) && (at == 0 || !is_host(s.p[at - 1])));
}

static size_t
url_end(struct str s, size_t at)
{
	size_t end = at;

	while (end < s.n && (unsigned char)s.p[end] > 0x20 && !strchr("<>\"'`|\\^{}", s.p[end]))
		end++;
	while (end > at && strchr(".,;:)]!", s.p[end - 1]))
		end--;
	return end;
}

/* Length of an enhanced code at the beginning of s, or 0. */
static size_t
enhanced_length(struct str s)
{
	size_t n = 0;

	if (s.n < 5 || !strchr("245", s.p[0]))
		return 0;
	for (n = 1; n < s.n && (chr_is_digit(s.p[n]) || s.p[n] == '.'); n++)
		;
	if (s.p[n - 1] == '.')
		n--;
	struct str rest = str_slice(s, 0, n), part;
	size_t parts = 0;
	while (str_split(&rest, '.', &part)) {
		if (part.n == 0 || part.n > 3 || (parts == 0 && part.n != 1))
			return 0;
		parts++;
	}
	return parts == 3 ? n : 0;
}

/* The codes at a place where a line, real or run together, may begin: "550-5.7.1 ". */
static size_t
codes_length(struct str s)
{
	size_t n = 0;

	if (s.n >= 3 && strchr("45", s.p[0]) && chr_is_digit(s.p[1]) && chr_is_digit(s.p[2]) &&
		(s.n == 3 || strchr(" -\t\r\n", s.p[3])))
		n = s.n > 3 ? 4 : 3;
	while (n && n < s.n && s.p[n] == ' ')
		n++;
	struct str rest = str_skip(s, n);
	if (rest.n && rest.p[0] == '#')
		rest = str_skip(rest, 1);
	size_t more = enhanced_length(rest);
	if (more && (more == rest.n || strchr(" \t\r\n:", rest.p[more])))
		n = s.n - rest.n + more;
	return n;
}

struct folder {
	struct buf whole, plain;
	uint16_t *whole_at, *plain_at;
};

static void
put(struct folder *f, char c, size_t from)
{
	struct buf *const b[] = {&f->whole, &f->plain};
	uint16_t *const at[] = {f->whole_at, f->plain_at};

	for (size_t i = 0; i < 2; i++) {
		if (c == ' ' && (b[i]->n == 0 || b[i]->p[b[i]->n - 1] == ' '))
			continue;
		at[i][b[i]->n] = (uint16_t)from;
		buf_putc(b[i], c);
	}
}

static void
put_in(struct buf *b, uint16_t *at, struct str s, size_t from)
{
	for (size_t i = 0; i < s.n; i++) {
		at[b->n] = (uint16_t)(from + i);
		buf_putc(b, chr_lower(s.p[i]));
	}
}

static void
put_url(struct folder *f, struct str raw, size_t from, size_t to)
{
	put_in(&f->whole, f->whole_at, str_slice(raw, from, to), from);
	/* Long enough for its mark: a URL has more bytes than "<url>". */
	if (to - from >= 5)
		for (size_t i = 0; i < 5; i++) {
			f->plain_at[f->plain.n] = (uint16_t)from;
			buf_putc(&f->plain, "<url>"[i]);
		}
}

/* Where the local part that begins here ends at an '@', else at. */
static size_t
local_end(struct str s, size_t at)
{
	size_t end = at;

	while (end < s.n && end < at + 64 && is_local(s.p[end]))
		end++;
	return end > at && end + 1 < s.n && s.p[end] == '@' &&
			(chr_is_alnum(s.p[end + 1]) || s.p[end + 1] == '[')
		? end
		: at;
}

/* Where the name that begins at `at` ends: not beyond the dots of "a.example...". */
static size_t
host_end(struct str s, size_t at)
{
	while (at < s.n && is_host(s.p[at]) &&
		(s.p[at] != '.' || at + 1 == s.n || s.p[at + 1] != '.'))
		at++;
	return at;
}

/* An address whose local part begins at from: plain text has its '@' only, since names of domains
 * are no words either.  Returns its end. */
static size_t
put_address(struct folder *f, struct str raw, size_t from, size_t at)
{
	size_t end = at + 1;

	end = host_end(raw, end);
	while (end > at + 1 && !chr_is_alnum(raw.p[end - 1]))
		end--;
	put_in(&f->whole, f->whole_at, str_slice(raw, at, end), at);
	f->plain_at[f->plain.n] = (uint16_t)from;
	buf_putc(&f->plain, '@');
	return end;
}

/* What cannot be a word for a rule is passed over: codes that lines begin with, local parts. */
static size_t
skip_noise(struct str raw, size_t at)
{
	bool start = at == 0 || (unsigned char)raw.p[at - 1] <= ' ';

	if (start) {
		size_t n = codes_length(str_skip(raw, at));
		if (n)
			return at + n;
	}
	if (at == 0 || !is_local(raw.p[at - 1]))
		return local_end(raw, at);
	return at;
}

void
explain_text_fold(struct arena *a, struct str raw, struct explain_text *out)
{
	struct folder f;

	raw = str_slice(raw, 0, EXPLAIN_TEXT_MAX);
	size_t room = raw.n + 1;
	f.whole = buf_on(arena_alloc(a, room), room);
	f.plain = buf_on(arena_alloc(a, room), room);
	f.whole_at = arena_alloc(a, room * sizeof(uint16_t));
	f.plain_at = arena_alloc(a, room * sizeof(uint16_t));
	for (size_t at = 0; at < raw.n;) {
		size_t from = at;
		if (starts_url(raw, at)) {
			at = url_end(raw, at);
			put_url(&f, raw, from, at);
			continue;
		}
		at = skip_noise(raw, at);
		if (at != from) {
			if (at < raw.n && raw.p[at] == '@')
				at = put_address(&f, raw, from, at);
			else
				put(&f, ' ', from);
			continue;
		}
		char c = fold_char(next_char(raw, &at));
		if (c)
			put(&f, c, from);
		for (size_t i = from; !c && i < at; i++)
			put(&f, raw.p[i], i);
	}
	f.whole_at[f.whole.n] = f.plain_at[f.plain.n] = (uint16_t)raw.n;
	*out = (struct explain_text){.raw = raw,
		.whole = buf_str(&f.whole),
		.plain = buf_str(&f.plain),
		.whole_at = f.whole_at,
		.plain_at = f.plain_at,
		.whole_room = f.whole.p,
		.plain_room = f.plain.p};
}

void
explain_text_blank(struct explain_text *t, bool plain, size_t from, size_t to)
{
	char *room = plain ? t->plain_room : t->whole_room;
	size_t n = plain ? t->plain.n : t->whole.n;

	for (size_t i = from; i < to && i < n; i++)
		room[i] = ' ';
}

struct str
explain_text_source(const struct explain_text *t, const uint16_t *in_at, size_t from, size_t to)
{
	return str_slice(t->raw, in_at[from], in_at[to]);
}

struct str
explain_enhanced_find(struct str text)
{
	if (!text.p)
		return STR("");
	for (size_t i = 0; i < text.n; i++) {
		char before = i > 0 ? text.p[i - 1] : ' ';
		if (!strchr("245", text.p[i]) || (before != '-' && is_host(before)))
			continue;
		size_t n = enhanced_length(str_skip(text, i));
		if (n && (i + n == text.n || !is_host(text.p[i + n]) || text.p[i + n] == '.'))
			return str_slice(text, i, i + n);
	}
	return STR("");
}

/* Whether a reply may begin at this place: at the head, or behind what introduces one. */
static bool
may_begin(struct str text, size_t at)
{
	struct str before = str_slice(text, 0, at);

	while (before.n && strchr(" \t", before.p[before.n - 1]))
		before.n--;
	return before.n == 0 || strchr(":;>('\"-\n\r<[,=#", before.p[before.n - 1]);
}

/* A reply code (400..579) at p, before what ends one. */
static bool
is_code(const char *p, size_t n)
{
	return n >= 3 && (p[0] == '4' || p[0] == '5') && p[1] >= '0' && p[1] <= '7' &&
		chr_is_digit(p[2]) && (n == 3 || strchr(" -\t\r\n#;:\"',", p[3]));
}

struct explain_codes
explain_codes_find(struct str text)
{
	struct explain_codes out = {.enhanced = STR(""), .at = text.n};

	for (size_t i = 0; text.p && i < text.n && !out.code; i++) {
		const char *p = text.p + i;
		if (!is_code(p, text.n - i) || !may_begin(text, i))
			continue;
		out.code = (unsigned)((p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0');
		out.at = i;
	}
	/* What stands before the code is the reporter's own. */
	struct str enhanced = explain_enhanced_find(out.code ? str_skip(text, out.at) : text);
	if (enhanced.n && (!out.code || enhanced.p[0] - '0' == (int)(out.code / 100)))
		out.enhanced = enhanced;
	return out;
}

bool
explain_ip_next(struct str *rest, struct ip *out)
{
	while (rest->n) {
		size_t at = 0, end;
		while (at < rest->n && !is_host(rest->p[at]) && rest->p[at] != ':')
			at++;
		for (end = at; end < rest->n && (is_host(rest->p[end]) || rest->p[end] == ':');)
			end++;
		struct str token = str_slice(*rest, at, end);
		*rest = str_skip(*rest, end > at ? end : at + 1);
		if (str_has_prefix_nocase(token, STR("ipv6:")))
			token = str_skip(token, 5);
		while (token.n && strchr(".:-_", token.p[token.n - 1]) &&
			!str_has_suffix(token, STR("::")))
			token = str_slice(token, 0, token.n - 1);
		if (ip_parse(token, out))
			return true;
		/* "192.0.2.1:25" */
		size_t colon = str_find(token, ':');
		if (colon < token.n && ip_parse(str_slice(token, 0, colon), out))
			return true;
	}
	return false;
}

bool
explain_address_next(struct str *rest, struct str *out)
{
	for (size_t at; (at = str_find(*rest, '@')) < rest->n;) {
		size_t from = at, to = at + 1;
		while (from > 0 && is_local(rest->p[from - 1]) && at - from < 64)
			from--;
		to = host_end(*rest, to);
		while (to > at && strchr(".-_", rest->p[to - 1]))
			to--;
		struct str all = str_slice(*rest, from, to);
		*rest = str_skip(*rest, to > at ? to : at + 1);
		while (all.n && strchr("'=?&", all.p[0]))
			all = str_skip(all, 1);
		size_t middle = str_find(all, '@');
		if (middle > 0 && middle + 1 < all.n) {
			*out = all;
			return true;
		}
	}
	return false;
}

bool
explain_host_next(struct str *rest, struct str *out)
{
	while (rest->n) {
		size_t at = 0, end;
		while (at < rest->n && !is_host(rest->p[at]))
			at++;
		for (end = at; end < rest->n && is_host(rest->p[end]);)
			end++;
		struct str token = str_slice(*rest, at, end);
		*rest = str_skip(*rest, end > at ? end : at + 1);
		while (token.n && strchr(".-_", token.p[token.n - 1]))
			token = str_slice(token, 0, token.n - 1);
		while (token.n && strchr(".-_", token.p[0]))
			token = str_skip(token, 1);
		size_t dot = str_rfind(token, '.');
		if (dot < token.n && dot > 0 && token.n - dot > 2 &&
			chr_is_alpha(token.p[dot + 1])) {
			*out = token;
			return true;
		}
	}
	return false;
}

bool
explain_host_is_under(struct str host, struct str domain)
{
	return domain.n && str_has_suffix_nocase(host, domain) &&
		(host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}

struct str
explain_domain_of(struct str address)
{
	size_t at = str_rfind(address, '@');

	return at < address.n ? str_skip(address, at + 1) : (struct str){0};
}

struct str
explain_url_find(struct str text)
{
	for (size_t at = 0; at + 8 < text.n; at++)
		if ((text.p[at] == 'h' || text.p[at] == 'H') && starts_url(text, at)) {
			size_t end = url_end(text, at);
			return str_slice(text, at, end);
		}
	return STR("");
}

size_t
explain_find_nocase(struct str s, struct str part)
{
	/* The last byte is compared first too: most places are told by these two. */
	for (size_t at = 0; at + part.n <= s.n; at++)
		if (chr_lower(s.p[at]) == part.p[0] &&
			chr_lower(s.p[at + part.n - 1]) == part.p[part.n - 1] &&
			str_eq_nocase(str_slice(s, at, at + part.n), part))
			return at;
	return s.n;
}

bool
explain_holds(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (explain_find_nocase(s, str_of(words[i])) < s.n)
			return true;
	return false;
}
