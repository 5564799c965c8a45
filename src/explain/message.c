/* explain/message: see message.h. */
#include <gmime/gmime.h>

#include "explain/message.h"
#include "explain/text.h"

/* Parts within parts, and parts beside each other: what lies beyond is not looked at. */
#define DEPTH_MAX 24
#define PARTS_MAX 200
/* Lines that are read at all: each may be a field, for which GMime takes hundreds of bytes. */
#define LINES_MAX 20000

struct walk {
	struct arena *a;
	struct message *out;
	unsigned depth, parts;
};

static void read_message(struct walk *w, GMimeMessage *m, struct message *out);

/* --- text of parts --- */

static struct str
keep(struct arena *a, const char *z, size_t max)
{
	struct str s = str_of(z);

	return s.n ? arena_str(a, str_slice(s, 0, max)) : STR("");
}

static void
add_text(struct walk *w, struct str text)
{
	struct str have = w->out->text;
	size_t room = have.n < MESSAGE_TEXT_MAX ? MESSAGE_TEXT_MAX - have.n : 0;

	text = str_slice(text, 0, room);
	if (!str_trim(text).n)
		return;
	struct buf b = buf_on(arena_alloc(w->a, have.n + text.n + 1), have.n + text.n + 1);
	buf_put(&b, have);
	if (have.n)
		buf_putc(&b, '\n');
	buf_put(&b, text);
	w->out->text = buf_str(&b);
}

/* "&lt;" and the like; 0 where it is none that matters. */
static char
entity(struct str name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"nbsp", ' '},
		{"apos", '\''}, {"#39", '\''}, {"#64", '@'}, {"#46", '.'}, {"#160", ' '},
		{"#8203", ' '}};

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(name, str_of(known[i].name)))
			return known[i].c;
	return 0;
}

static bool
ends_line(struct str tag)
{
	static const char *const tags[] = {"br", "p", "/p", "div", "/div", "tr", "/tr", "li", "h1",
		"h2", "h3", "hr", "table", "pre", "/pre"};
	size_t n = 0;

	while (n < tag.n && (chr_is_alnum(tag.p[n]) || (n == 0 && tag.p[n] == '/')))
		n++;
	for (size_t i = 0; i < COUNT(tags); i++)
		if (str_eq_nocase(str_slice(tag, 0, n), str_of(tags[i])))
			return true;
	return false;
}

/* What a reader sees of HTML, more or less. */
static struct str
html_text(struct arena *a, struct str html)
{
	html = str_slice(html, 0, MESSAGE_TEXT_MAX * 4);
	struct buf b = buf_on(arena_alloc(a, html.n + 1), html.n + 1);
	for (size_t i = 0; i < html.n; i++) {
		struct str rest = str_skip(html, i);
		size_t end;
		if (html.p[i] == '<') {
			struct str inside = str_skip(rest, 1);
			if (str_has_prefix_nocase(inside, STR("style")))
				end = explain_find_nocase(rest, STR("</style"));
			else if (str_has_prefix_nocase(inside, STR("script")))
				end = explain_find_nocase(rest, STR("</script"));
			else
				end = 0;
			end += str_find(str_skip(rest, end), '>');
			if (ends_line(inside))
				buf_putc(&b, '\n');
			i += end;
		} else if (html.p[i] == '&' && (end = str_find(rest, ';')) < 8 &&
			entity(str_slice(rest, 1, end))) {
			buf_putc(&b, entity(str_slice(rest, 1, end)));
			i += end;
		} else {
			buf_putc(&b, html.p[i] == '\n' || html.p[i] == '\r' ? ' ' : html.p[i]);
		}
	}
	return buf_str(&b);
}

/* The bytes of a part, decoded; charset not looked at. */
static struct str
part_bytes(struct arena *a, GMimePart *part, size_t max)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	struct str out = STR("");

	if (!content)
		return out;
	GMimeStream *mem = g_mime_stream_mem_new();
	if (g_mime_data_wrapper_write_to_stream(content, mem) > 0) {
		GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
		out = arena_str(
			a, str_slice(str_from((const char *)bytes->data, bytes->len), 0, max));
	}
	g_object_unref(mem);
	return out;
}

static struct str
text_part(struct walk *w, GMimeObject *part)
{
	char *z = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
	struct str text = keep(w->a, z, MESSAGE_TEXT_MAX * 4);

	g_free(z);
	if (!text.n)
		text = part_bytes(w->a, GMIME_PART(part), MESSAGE_TEXT_MAX * 4);
	GMimeContentType *type = g_mime_object_get_content_type(part);
	return g_mime_content_type_is_type(type, "text", "html") ? html_text(w->a, text) : text;
}

/* --- delivery reports --- */

/* Whether rest begins with a line that goes on with the field before it. */
static bool
next_folded(struct str *rest, struct str *more)
{
	struct str line;

	if (!rest->n || (rest->p[0] != ' ' && rest->p[0] != '\t') || !str_split(rest, '\n', &line))
		return false;
	*more = str_trim(line);
	return more->n > 0;
}

/* One field, unfolded, of a group of fields; false at the end or at the empty line that ends it.  A
 * value takes memory once, however many lines it has. */
static bool
next_field(struct arena *a, struct str *rest, struct str *name, struct str *value)
{
	struct str line, more;

	if (!rest->p || !str_split(rest, '\n', &line) || !str_trim(line).n)
		return false;
	size_t colon = str_find(line, ':');
	*name = str_trim(str_slice(line, 0, colon));
	*value = str_trim(str_skip(line, colon + 1));
	struct str ahead = *rest;
	size_t room = value->n;
	while (next_folded(&ahead, &more))
		room += more.n + 1;
	if (room == value->n) {
		*rest = ahead;
		return true;
	}
	room = room < EXPLAIN_TEXT_MAX ? room : EXPLAIN_TEXT_MAX;
	struct buf b = buf_on(arena_alloc(a, room), room);
	buf_put(&b, *value);
	while (next_folded(rest, &more)) {
		if (b.n)
			buf_putc(&b, '\n');
		buf_put(&b, more);
	}
	*value = buf_str(&b);
	return true;
}

/* "rfc822; joe@example.org" without what stands before the ';'. */
static struct str
without_type(struct str value)
{
	size_t semicolon = str_find(value, ';');

	for (size_t i = 0; i < semicolon && semicolon < value.n; i++)
		if (!chr_is_alnum(value.p[i]) && value.p[i] != '-' && value.p[i] != ' ')
			return value;
	return semicolon < value.n ? str_trim(str_skip(value, semicolon + 1)) : value;
}

static struct str
without_brackets(struct str s)
{
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		return str_slice(s, 1, s.n - 1);
	return s;
}

static void
note_field(struct message *m, struct report_recipient *r, struct str name, struct str value)
{
	static const char *const names[] = {"final-recipient", "original-recipient", "action",
		"status", "remote-mta", "diagnostic-code", "reporting-mta"};
	struct str *const places[] = {&r->final, &r->original, &r->action, &r->status, &r->remote,
		&r->diagnostic, &m->reporter};

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(name, str_of(names[i]))) {
			if (i == 2 || i == 3)
				*places[i] = str_slice(value, 0, str_find(value, '\n'));
			else
				*places[i] = without_brackets(without_type(value));
		}
}

static void
read_report(struct walk *w, struct str rest)
{
	struct message *m = w->out;
	struct report_recipient none = {0}, *r = &none;

	m->dsn = true;
	while (rest.p && m->n < MESSAGE_RECIPIENTS_MAX) {
		struct report_recipient one = {0};
		struct str name, value;
		r = &one;
		while (next_field(w->a, &rest, &name, &value)) {
			/* A group that lost its empty line: a new recipient begins all the same. */
			if (r->final.n && str_eq_nocase(name, STR("final-recipient")) &&
				m->n + 1 < MESSAGE_RECIPIENTS_MAX) {
				m->recipient[m->n++] = one;
				one = (struct report_recipient){0};
			}
			note_field(m, r, name, value);
		}
		if (one.final.n || one.original.n || one.action.n || one.diagnostic.n)
			m->recipient[m->n++] = one;
	}
}

bool
message_report_in_text(struct arena *a, struct str text, struct message *m)
{
	struct walk w = {.a = a, .out = m};
	bool first = str_has_prefix_nocase(text, STR("final-recipient:"));
	size_t at = first ? 0 : explain_find_nocase(text, STR("\nfinal-recipient:"));

	if (at == text.n ||
		explain_find_nocase(str_skip(text, at), STR("\naction:")) == text.n - at)
		return false;
	read_report(&w, str_skip(text, first ? 0 : at + 1));
	return m->n > 0;
}

/* --- parts --- */

static void
read_headers_part(struct walk *w, struct str text)
{
	struct str name, value;
	struct message *m = w->out;

	m->encloses = true;
	while (next_field(w->a, &text, &name, &value))
		if (str_eq_nocase(name, STR("from")))
			m->enclosed_from = value;
}

static void
read_leaf(struct walk *w, GMimeObject *o)
{
	GMimeContentType *type = g_mime_object_get_content_type(o);
	GMimePart *part = GMIME_PART(o);

	if (g_mime_content_type_is_type(type, "message", "feedback-report"))
		w->out->feedback = true;
	else if (g_mime_content_type_is_type(type, "message", "disposition-notification"))
		w->out->disposition = true;
	else if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
		g_mime_content_type_is_type(type, "message", "global-delivery-status"))
		read_report(w, part_bytes(w->a, part, MESSAGE_TEXT_MAX * 4));
	else if (g_mime_content_type_is_type(type, "text", "rfc822-headers") ||
		g_mime_content_type_is_type(type, "message", "rfc822-headers") ||
		g_mime_content_type_is_type(type, "message", "global-headers"))
		read_headers_part(w, part_bytes(w->a, part, MESSAGE_TEXT_MAX));
	else if (GMIME_IS_TEXT_PART(o) && !w->out->encloses && w->out->text.n < MESSAGE_TEXT_MAX)
		add_text(w, text_part(w, o));
}

static void
read_enclosed(struct walk *w, GMimeMessagePart *part)
{
	GMimeMessage *m = g_mime_message_part_get_message(part);

	if (!m || w->out->encloses)
		return;
	w->out->encloses = true;
	struct message *in = arena_new(w->a, struct message);
	w->out->enclosed = in;
	read_message(w, m, in);
	w->out->enclosed_from = in->from;
}

static void read_part(struct walk *w, GMimeObject *o);

/* Of alternatives the plain text is read, unless there is nothing in it. */
static void
read_alternative(struct walk *w, GMimeMultipart *multi, int n)
{
	for (int pass = 0; pass < 2; pass++) {
		struct str before = w->out->text;
		for (int i = 0; i < n; i++) {
			GMimeObject *o = g_mime_multipart_get_part(multi, i);
			GMimeContentType *type = g_mime_object_get_content_type(o);
			bool plain = g_mime_content_type_is_type(type, "text", "plain");
			if (plain == (pass == 0))
				read_part(w, o);
		}
		if (w->out->text.n > before.n + 20)
			return;
	}
}

static void
read_part(struct walk *w, GMimeObject *o)
{
	if (!o || w->depth >= DEPTH_MAX || w->parts++ >= PARTS_MAX)
		return;
	w->depth++;
	if (GMIME_IS_MESSAGE_PART(o)) {
		read_enclosed(w, GMIME_MESSAGE_PART(o));
	} else if (GMIME_IS_MULTIPART(o)) {
		GMimeMultipart *multi = GMIME_MULTIPART(o);
		GMimeContentType *type = g_mime_object_get_content_type(o);
		int n = g_mime_multipart_get_count(multi);
		if (g_mime_content_type_is_type(type, "multipart", "alternative"))
			read_alternative(w, multi, n);
		else
			for (int i = 0; i < n; i++)
				read_part(w, g_mime_multipart_get_part(multi, i));
	} else if (GMIME_IS_PART(o)) {
		read_leaf(w, o);
	}
	w->depth--;
}

/* A field of the header, decoded; folding undone. */
static struct str
header(struct arena *a, GMimeObject *o, const char *name)
{
	return keep(a, g_mime_object_get_header(o, name), 1000);
}

static struct str
decoded(struct arena *a, GMimeObject *o, const char *name)
{
	const char *raw = g_mime_object_get_header(o, name);

	if (!raw)
		return STR("");
	char *z = g_mime_utils_header_decode_text(NULL, raw);
	struct str out = keep(a, z, 1000);
	g_free(z);
	return out;
}

static void
read_message(struct walk *w, GMimeMessage *m, struct message *out)
{
	GMimeObject *o = GMIME_OBJECT(m);
	struct message *before = w->out;

	out->from = decoded(w->a, o, "From");
	out->to = decoded(w->a, o, "To");
	out->subject = decoded(w->a, o, "Subject");
	out->auto_submitted = header(w->a, o, "Auto-Submitted");
	out->failed_recipients = header(w->a, o, "X-Failed-Recipients");
	w->out = out;
	read_part(w, g_mime_message_get_mime_part(m));
	w->out = before;
}

/* --- from bytes --- */

static bool
is_field_name(struct str s)
{
	static const char *const names[] = {"received", "return-path", "from", "to", "subject",
		"date", "message-id", "mime-version", "content-type", "delivered-to", "reply-to",
		"x-failed-recipients", "auto-submitted", "content-transfer-encoding", "sender",
		"envelope-to", "delivery-date", "x-original-to", "authentication-results",
		"dkim-signature", "arc-seal", "x-mailer", "errors-to", "precedence", "cc",
		"content-disposition", "references", "in-reply-to", "x-priority"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(s, str_of(names[i])))
			return true;
	return false;
}

/* "Name: value", or the rest of one. */
static bool
is_header_line(struct str line)
{
	size_t colon = str_find(line, ':');

	if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		return true;
	for (size_t i = 0; i < colon; i++)
		if (!chr_is_alnum(line.p[i]) && !strchr("-_", line.p[i]))
			return false;
	return colon > 0 && colon < line.n;
}

bool
message_looks_like(struct str text)
{
	struct str line;
	unsigned known = 0, lines = 0;

	while (lines < 40 && known < 2 && str_split(&text, '\n', &line)) {
		if (str_has_suffix(line, STR("\r")))
			line = str_slice(line, 0, line.n - 1);
		if (!str_trim(line).n && lines == 0)
			continue;
		lines++;
		if (lines == 1 && str_has_prefix(line, STR("From ")))
			continue;
		if (!str_trim(line).n)
			break;
		if (!is_header_line(line))
			return false;
		known += is_field_name(str_slice(line, 0, str_find(line, ':')));
	}
	return known >= 2;
}

static struct str
first_lines(struct str s)
{
	size_t at = 0;

	for (size_t lines = 0; lines < LINES_MAX && at < s.n; lines++)
		at += str_find(str_skip(s, at), '\n') + 1;
	return str_slice(s, 0, at);
}

static void
init_once(void)
{
	static bool done;

	if (!done)
		g_mime_init();
	done = true;
}

/* What lies behind the header, where MIME is too broken for any part to be found, or where no empty
 * line ends it: somebody copied it from a mail program. */
static struct str
raw_body(struct arena *a, struct str bytes)
{
	struct str rest = bytes, line;

	while (str_split(&rest, '\n', &line))
		if (!is_header_line(line))
			return arena_str(a,
				str_slice(bytes, (size_t)(line.p - bytes.p),
					(size_t)(line.p - bytes.p) + MESSAGE_TEXT_MAX));
	return STR("");
}

bool
message_parse(struct arena *a, struct str bytes, struct message *out)
{
	struct walk w = {.a = a, .out = out};
	struct str line;

	init_once();
	while (bytes.n && strchr(" \t\r\n", bytes.p[0]))
		bytes = str_skip(bytes, 1);
	if (str_has_prefix(bytes, STR("From ")) || str_has_prefix(bytes, STR(">From ")))
		(void)str_split(&bytes, '\n', &line);
	bytes = first_lines(bytes);
	if (!bytes.n)
		return false;
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.n);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
	*out = (struct message){0};
	if (m) {
		read_message(&w, m, out);
		g_object_unref(m);
		if (!str_trim(out->text).n && !out->dsn && !out->feedback && !out->disposition)
			out->text = raw_body(a, bytes);
		if (!out->dsn)
			(void)message_report_in_text(a, out->text, out);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	return m != NULL;
}
