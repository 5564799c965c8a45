/* mail/header: see header.h. */
#include "mail/header.h"

#define NAME_KEPT 80

static const struct {
	struct str name;
	bool single;
} rows[HEADER_IDS] = {
	[HEADER_OTHER] = {STR_INIT(""), false},
	[HEADER_DATE] = {STR_INIT("Date"), true},
	[HEADER_FROM] = {STR_INIT("From"), true},
	[HEADER_SENDER] = {STR_INIT("Sender"), true},
	[HEADER_REPLY_TO] = {STR_INIT("Reply-To"), true},
	[HEADER_TO] = {STR_INIT("To"), true},
	[HEADER_CC] = {STR_INIT("Cc"), true},
	[HEADER_BCC] = {STR_INIT("Bcc"), true},
	[HEADER_MESSAGE_ID] = {STR_INIT("Message-ID"), true},
	[HEADER_IN_REPLY_TO] = {STR_INIT("In-Reply-To"), true},
	[HEADER_REFERENCES] = {STR_INIT("References"), true},
	[HEADER_SUBJECT] = {STR_INIT("Subject"), true},
	[HEADER_MIME_VERSION] = {STR_INIT("MIME-Version"), true},
	[HEADER_CONTENT_TYPE] = {STR_INIT("Content-Type"), true},
	[HEADER_ENCODING] = {STR_INIT("Content-Transfer-Encoding"), true},
	[HEADER_RECEIVED] = {STR_INIT("Received"), false},
	[HEADER_AUTH_RESULTS] = {STR_INIT("Authentication-Results"), false},
};

const char *
header_fault_text(enum header_fault f)
{
	static const char *const text[HEADER_FAULTS] = {
		[HEADER_BAD_NAME] = "has a name with a byte that no name may have",
		[HEADER_BARE_CR] = "has a carriage return without a line feed",
		[HEADER_BARE_LF] = "has a line end that is none",
		[HEADER_NUL] = "has a byte 0",
		[HEADER_CONTROL] = "has a control character",
		[HEADER_UTF8] = "has letters beyond ASCII that are not encoded",
		[HEADER_8BIT] = "has bytes beyond ASCII that are not even UTF-8",
		[HEADER_LONG_LINE] = "has a line longer than 998 bytes",
		[HEADER_BLANK_LINE] = "has a line with nothing but blanks",
	};

	return text[f];
}

static struct str
without_blanks_behind(struct str s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static size_t
blanks_before(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

enum header_id
header_id_of(struct str name)
{
	name = without_blanks_behind(name);
	for (size_t i = HEADER_OTHER + 1; i < HEADER_IDS; i++)
		if (rows[i].name.n == name.n && str_eq_nocase(rows[i].name, name))
			return (enum header_id)i;
	return HEADER_OTHER;
}

struct str
header_name(enum header_id id)
{
	return rows[id].name;
}

bool
header_is_single(enum header_id id)
{
	return rows[id].single;
}

/* The first one stands. */
static void
fault(struct header_field *f, enum header_fault which, size_t at)
{
	if (!(f->faults & 1u << which))
		f->at[which] = at;
	f->faults |= 1u << which;
}

/* RFC 5322 2.2: printable ASCII but the colon. */
static void
scan_name(struct header_field *f)
{
	if (f->name.n == 0)
		fault(f, HEADER_BAD_NAME, 0);
	for (size_t i = 0; i < f->name.n; i++)
		if (!chr_is_print(f->name.p[i]) || f->name.p[i] == ' ' || f->name.p[i] == ':')
			fault(f, HEADER_BAD_NAME, i);
}

/* One field is either UTF-8 or not; a single wrong byte makes it the latter. */
static void
scan_8bit(struct header_field *f, size_t first)
{
	for (size_t i = first; i < f->value.n; i++) {
		if ((uint8_t)f->value.p[i] <= 0x7f)
			continue;
		size_t n = utf8_length(str_skip(f->value, i));
		if (n == 0) {
			fault(f, HEADER_8BIT, i);
			return;
		}
		i += n - 1;
	}
	fault(f, HEADER_UTF8, first);
}

/* Where lines end and which of them are in order. */
struct lines {
	bool crlf;    /* an LF alone ends none */
	size_t from;  /* index of the line's first byte */
	size_t extra; /* bytes of it that stand before from: name and colon */
	bool first;
};

/* The line [from, end) of the value. */
static void
scan_line(struct header_field *f, const struct lines *l, size_t end)
{
	struct str line = str_slice(f->value, l->from, end);

	if (l->extra + line.n > HEADER_LINE_MAX)
		fault(f, HEADER_LONG_LINE,
			l->extra < HEADER_LINE_MAX ? l->from + HEADER_LINE_MAX - l->extra
						   : l->from);
	if (!l->first && blanks_before(line) == line.n)
		fault(f, HEADER_BLANK_LINE, l->from);
}

/* The LF at i. */
static void
scan_line_end(struct header_field *f, struct lines *l, size_t i)
{
	bool cr = i > 0 && f->value.p[i - 1] == '\r';
	bool folds = i + 1 < f->value.n && (f->value.p[i + 1] == ' ' || f->value.p[i + 1] == '\t');

	if (!folds || (l->crlf && !cr))
		fault(f, HEADER_BARE_LF, i);
	scan_line(f, l, cr ? i - 1 : i);
	*l = (struct lines){.crlf = l->crlf, .from = i + 1};
}

static void
scan_control(struct header_field *f, size_t i)
{
	char c = f->value.p[i];

	if (c == '\0')
		fault(f, HEADER_NUL, i);
	else if (c != '\r')
		fault(f, HEADER_CONTROL, i);
	else if (i + 1 == f->value.n || f->value.p[i + 1] != '\n')
		fault(f, HEADER_BARE_CR, i);
}

/* lead: bytes of the first line before the value. */
static void
scan(struct str name, struct str value, size_t lead, bool crlf, struct header_field *f)
{
	struct lines l = {.crlf = crlf, .extra = lead, .first = true};
	bool eight = false;

	*f = (struct header_field){.name = without_blanks_behind(name), .value = value};
	f->id = header_id_of(f->name);
	scan_name(f);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (chr_is_print(c) || c == '\t')
			continue;
		if (c == '\n') {
			scan_line_end(f, &l, i);
		} else if ((uint8_t)c <= 0x7f) {
			scan_control(f, i);
		} else if (!eight) {
			scan_8bit(f, i);
			eight = true;
		}
	}
	scan_line(f, &l, value.n);
}

static struct str
without_line_end(struct str s)
{
	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

void
header_field_scan(struct str name, struct str value, struct header_field *out)
{
	/* A milter may be told the value without the blank that it began with. */
	scan(name, without_line_end(str_skip(value, blanks_before(value))), name.n + strlen(": "),
		false, out);
}

struct header_place
header_place_of(struct str value, size_t at)
{
	struct header_place p = {1, 0};
	size_t from = 0;

	for (size_t i = 0; i < at && i < value.n; i++)
		if (value.p[i] == '\n') {
			p.line++;
			from = i + 1;
		}
	p.byte = at - from + 1;
	return p;
}

void
headers_init(struct headers *h, struct arena *arena)
{
	*h = (struct headers){.arena = arena};
}

static void
keep_faults(struct headers *h, const struct header_field *f)
{
	for (size_t i = 0; i < HEADER_FAULTS; i++) {
		struct header_met *m = &h->fault[i];
		struct str in = i == HEADER_BAD_NAME ? f->name : f->value;
		if (!(f->faults & 1u << i) || m->count++)
			continue;
		m->number = h->fields;
		m->name = arena_str(h->arena, str_slice(f->name, 0, NAME_KEPT));
		m->place = header_place_of(in, f->at[i]);
		m->byte = f->at[i] < in.n ? (uint8_t)in.p[f->at[i]] : 0;
	}
}

static void
keep_value(struct headers *h, const struct header_field *f)
{
	struct header_known *k = &h->known[f->id];
	struct str value = str_slice(f->value, 0, HEADER_VALUE_KEPT);

	if (f->id == HEADER_OTHER)
		return;
	if (k->count++ == 0) {
		k->number = h->fields;
		k->value = arena_str(h->arena, value);
		k->cut = value.n < f->value.n;
		return;
	}
	if (!k->second)
		k->second = h->fields;
	k->differs |= !str_eq(value, k->value) || k->cut || value.n < f->value.n;
}

/* Bytes on the wire of a value that was folded with LF or CR LF. */
static size_t
wire_bytes(struct str name, struct str value)
{
	size_t n = name.n + strlen(": ") + value.n + strlen("\r\n");

	for (size_t i = 0; i < value.n; i++)
		n += value.p[i] == '\n' && (i == 0 || value.p[i - 1] != '\r');
	return n;
}

/* Counts a field of so many bytes; false: it is beyond a limit. */
static bool
takes(struct headers *h, size_t bytes)
{
	h->fields++;
	h->bytes += bytes;
	h->too_big |= h->bytes > HEADER_BYTES_MAX || h->fields > HEADER_FIELDS_MAX;
	return !h->too_big;
}

void
headers_add(struct headers *h, struct str name, struct str value)
{
	struct header_field f;

	/* What is too long for the whole section is not walked through to count its lines. */
	if (!takes(h, value.n > HEADER_BYTES_MAX ? value.n : wire_bytes(name, value)))
		return;
	header_field_scan(name, value, &f);
	keep_faults(h, &f);
	keep_value(h, &f);
}

/* The next line, its end with it. */
static struct str
next_line(struct str s)
{
	return str_slice(s, 0, str_find(s, '\n') + 1);
}

static bool
continues(struct str s)
{
	return blanks_before(s) > 0;
}

/* The lines of one field. */
static struct str
next_field(struct str s)
{
	size_t n = next_line(s).n;

	while (n < s.n && continues(str_skip(s, n)))
		n += next_line(str_skip(s, n)).n;
	return str_slice(s, 0, n);
}

static void
read_field(struct headers *h, struct str field, size_t colon, bool crlf)
{
	struct str behind = str_skip(field, colon + 1);
	size_t blanks = blanks_before(behind);
	struct str name = str_slice(field, 0, colon);
	struct str value = without_line_end(str_skip(behind, blanks));
	struct header_field f;

	if (!takes(h, wire_bytes(name, value)))
		return;
	scan(name, value, colon + 1 + blanks, crlf, &f);
	keep_faults(h, &f);
	keep_value(h, &f);
}

/* The line of a mailbox file before each message; "From : a" is a field. */
static bool
begins_mailbox(struct str message)
{
	struct str behind = str_skip(message, strlen("From"));
	size_t blanks = blanks_before(behind);

	return str_has_prefix(message, STR("From ")) &&
		!str_has_prefix(str_skip(behind, blanks), STR(":"));
}

size_t
headers_read(struct headers *h, struct str message)
{
	struct str rest = message;
	bool crlf = str_has_suffix(next_line(message), STR("\r\n"));

	h->end = HEADER_END_OF_TEXT;
	if (begins_mailbox(message))
		rest = str_skip(rest, next_line(rest).n);
	while (rest.n) {
		struct str line = next_line(rest);
		if (without_line_end(line).n == 0) {
			h->end = HEADER_END_EMPTY_LINE;
			return message.n - rest.n + line.n;
		}
		size_t colon = str_find(line, ':');
		if (colon == line.n) {
			h->end = HEADER_END_NO_FIELD;
			return message.n - rest.n;
		}
		struct str field = next_field(rest);
		read_field(h, field, colon, crlf);
		rest = str_skip(rest, field.n);
	}
	return message.n;
}
