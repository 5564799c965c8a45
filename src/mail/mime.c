/* mail/mime: see mime.h. */
#include "base/buf.h"

#include "mail/mime.h"
#include "mail/token.h"

const char *
mime_fault_text(enum mime_fault f)
{
	static const char *const text[MIME_FAULTS] = {
		[MIME_VERSION] = "is not 1.0",
		[MIME_TYPE] = "does not begin with a type, a slash and a subtype",
		[MIME_PARAMETER] = "has a malformed parameter",
		[MIME_NO_BOUNDARY] = "says multipart, but has no boundary",
		[MIME_TWO_BOUNDARIES] = "has more than one boundary",
		[MIME_LONG_BOUNDARY] = "has a boundary longer than 70 characters",
		[MIME_BOUNDARY] = "has a boundary with characters that it cannot have",
		[MIME_ENCODING] = "names an encoding that does not exist",
		[MIME_MULTIPART_ENCODING] =
			"names an encoding that a multipart message cannot have",
	};

	return text[f];
}

enum mime_field
mime_fault_field(enum mime_fault f)
{
	if (f == MIME_VERSION)
		return MIME_FIELD_VERSION;
	return f == MIME_ENCODING || f == MIME_MULTIPART_ENCODING ? MIME_FIELD_ENCODING
								  : MIME_FIELD_TYPE;
}

static void
fault(struct mime *m, enum mime_fault f, size_t at)
{
	if (!(m->faults & 1u << f))
		m->at[f] = at;
	m->faults |= 1u << f;
}

/* RFC 2045 4: comments may stand anywhere in it, and "1 . 0" is 1.0. */
static void
read_version(struct mime *m, struct str text)
{
	struct token_reader r = token_reader_on(text, TOKEN_MIME);
	char room[8];
	struct buf b = BUF(room);
	struct token t = token_next(&r);

	for (; t.kind == TOKEN_ATOM; t = token_next(&r))
		buf_put(&b, t.text);
	if (t.kind != TOKEN_END || buf_is_cut(&b) || !str_eq(buf_str(&b), STR("1.0")))
		fault(m, MIME_VERSION, t.kind == TOKEN_END ? 0 : t.at);
}

/* RFC 2046 5.1.1: bchars; the last one is no blank. */
static void
judge_boundary(struct mime *m, struct str boundary, size_t at)
{
	static const struct str more = STR_INIT("'()+_,-./:=? ");

	if (boundary.n == 0)
		fault(m, MIME_NO_BOUNDARY, at);
	else if (boundary.n > MIME_BOUNDARY_MAX)
		fault(m, MIME_LONG_BOUNDARY, at);
	for (size_t i = 0; i < boundary.n; i++)
		if (!chr_is_alnum(boundary.p[i]) && str_find(more, boundary.p[i]) == more.n)
			fault(m, MIME_BOUNDARY, at);
	if (str_has_suffix(boundary, STR(" ")))
		fault(m, MIME_BOUNDARY, at);
}

static void
read_boundary(struct mime *m, const struct token *value)
{
	char room[MIME_BOUNDARY_MAX + 1];
	struct buf b = BUF(room);

	if (value->kind == TOKEN_QUOTED)
		token_unquote(value->text, &b);
	else
		buf_put(&b, value->text);
	judge_boundary(m, buf_str(&b), value->at);
}

/* "boundary", or one in pieces (RFC 2231 3), which is left to others. */
enum part { PART_OTHER, PART_WHOLE, PART_PIECE };

static enum part
boundary_part(struct str name)
{
	if (str_eq_nocase(name, STR("boundary")))
		return PART_WHOLE;
	return str_has_prefix_nocase(name, STR("boundary*")) ? PART_PIECE : PART_OTHER;
}

/* One parameter behind its semicolon; *boundaries counts.  False: it cannot be read. */
static bool
read_parameter(struct mime *m, struct token_reader *r, struct token *t, unsigned *boundaries)
{
	struct token name = *t, equals = token_next(r), value = token_next(r);

	*t = value;
	if (name.kind != TOKEN_ATOM || !token_is(&equals, '=') ||
		(value.kind != TOKEN_ATOM && value.kind != TOKEN_QUOTED)) {
		fault(m, MIME_PARAMETER, name.at);
		return false;
	}
	*t = token_next(r);
	switch (m->multipart ? boundary_part(name.text) : PART_OTHER) {
	case PART_OTHER:
		break;
	case PART_WHOLE:
		if ((*boundaries)++)
			fault(m, MIME_TWO_BOUNDARIES, name.at);
		read_boundary(m, &value);
		break;
	case PART_PIECE:
		if (!*boundaries)
			*boundaries = 1;
	}
	return true;
}

/* "; name=value" again and again.  A semicolon at the end is nobody's harm. */
static void
read_parameters(struct mime *m, struct token_reader *r)
{
	unsigned boundaries = 0;
	struct token t = token_next(r);

	while (token_is(&t, ';')) {
		t = token_next(r);
		if (t.kind == TOKEN_END || token_is(&t, ';'))
			continue;
		if (!read_parameter(m, r, &t, &boundaries))
			break;
	}
	if (t.kind != TOKEN_END)
		fault(m, MIME_PARAMETER, t.at);
	if (m->multipart && !boundaries)
		fault(m, MIME_NO_BOUNDARY, 0);
}

static void
read_type(struct mime *m, struct str text)
{
	struct token_reader r = token_reader_on(text, TOKEN_MIME);
	struct token type = token_next(&r), slash = token_next(&r), subtype = token_next(&r);

	if (type.kind != TOKEN_ATOM || !token_is(&slash, '/') || subtype.kind != TOKEN_ATOM) {
		fault(m, MIME_TYPE, type.at);
		return;
	}
	m->multipart = str_eq_nocase(type.text, STR("multipart"));
	read_parameters(m, &r);
}

static bool
is_encoding(struct str s, bool identity)
{
	static const char *const names[] = {"7bit", "8bit", "binary", "quoted-printable", "base64"};

	for (size_t i = 0; i < (identity ? 3 : COUNT(names)); i++)
		if (str_eq_nocase(s, str_of(names[i])))
			return true;
	return !identity && str_has_prefix_nocase(s, STR("x-")) && s.n > 2;
}

static void
read_encoding(struct mime *m, struct str text)
{
	struct token_reader r = token_reader_on(text, TOKEN_MIME);
	struct token name = token_next(&r), end = token_next(&r);

	if (name.kind != TOKEN_ATOM || !is_encoding(name.text, false))
		fault(m, MIME_ENCODING, name.at);
	else if (end.kind != TOKEN_END)
		fault(m, MIME_ENCODING, end.at);
	else if (m->multipart && !is_encoding(name.text, true))
		fault(m, MIME_MULTIPART_ENCODING, name.at);
}

void
mime_parse(struct str version, struct str type, struct str encoding, struct mime *out)
{
	*out = (struct mime){.faults = 0};
	if (version.p)
		read_version(out, version);
	if (type.p)
		read_type(out, type);
	if (encoding.p)
		read_encoding(out, encoding);
}
