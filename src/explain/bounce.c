/* explain/bounce: see bounce.h.  Here: the bytes made readable, and which kind they are. */
#include "explain/bounce_private.h"
#include "explain/text.h"

const char *
bounce_kind_name(enum bounce_kind kind)
{
	static const char *const names[] = {[BOUNCE_REPLY] = "reply",
		[BOUNCE_LOG] = "log",
		[BOUNCE_REPORT] = "report",
		[BOUNCE_MESSAGE] = "message",
		[BOUNCE_NONE] = "none"};

	return names[kind];
}

struct failure *
bounce_add(struct bounce *b)
{
	if (b->n == BOUNCE_FAILURES_MAX)
		return NULL;
	struct failure *f = &b->failure[b->n++];
	*f = (struct failure){0};
	return f;
}

/* The host of "host mx.example.org[192.0.2.1] said: 550 ..." and of its kin. */
static struct str
host_before(struct str head)
{
	static const struct str words[] = {STR_INIT("host "), STR_INIT("talking to "),
		STR_INIT("mailer at "), STR_INIT("server for the recipient domain ")};
	struct str host = {0};

	for (size_t i = 0; i < COUNT(words) && !host.n; i++) {
		size_t at = explain_find_nocase(head, words[i]);
		if (at == head.n)
			continue;
		struct str rest = str_skip(head, at + words[i].n), name;
		if (explain_host_next(&rest, &name))
			host = name;
	}
	return host;
}

/* A line of a delivery report, of which somebody copied a part. */
static bool
is_report_field(struct str line)
{
	static const struct str fields[] = {STR_INIT("last-attempt-date:"),
		STR_INIT("final-log-id:"), STR_INIT("will-retry-until:"), STR_INIT("remote-mta:"),
		STR_INIT("final-recipient:"), STR_INIT("original-recipient:"), STR_INIT("action:"),
		STR_INIT("status:"), STR_INIT("reporting-mta:"), STR_INIT("x-postfix-")};

	for (size_t i = 0; i < COUNT(fields); i++)
		if (str_has_prefix_nocase(line, fields[i]))
			return true;
	return false;
}

/* A line of what programs print of where they were: "    at Sender.send(Sender.java:7)". */
static bool
is_of_trace(struct str line)
{
	return (str_has_prefix(line, STR(" ")) || str_has_prefix(line, STR("\t"))) &&
		str_has_prefix(str_trim(line), STR("at ")) && str_find(line, '(') < line.n;
}

/* What a program quotes ends where its quotation does: "returned '550 no', port: 25".  A code that
 * is quoted alone is not the reply. */
static struct str
unquoted(struct str reply, char mark)
{
	if (mark != '\'' && mark != '"')
		return reply;
	for (size_t i = sizeof("550"); i < reply.n; i++)
		if (reply.p[i] == mark && (i + 1 == reply.n || strchr(",;)}]\n", reply.p[i + 1])))
			return str_slice(reply, 0, i);
	return reply;
}

/* A reply ends where a line begins with another code (sendmail shows one after the other), is a
 * field of a report, or is a program's. */
static struct str
one_reply(struct str s, unsigned code)
{
	struct str rest = s, line;

	while (str_split(&rest, '\n', &line)) {
		if (line.p > s.p && (is_report_field(line) || is_of_trace(line)))
			return str_slice(s, 0, (size_t)(line.p - s.p));
		struct explain_codes c = explain_codes_find(str_trim(line));
		if (c.code && c.at == 0 && c.code != code)
			return str_slice(s, 0, (size_t)(line.p - s.p));
	}
	return s;
}

/* Whether s begins with words, which have single blanks; s may have more, and line ends. */
static bool
begins_with_words(struct str s, struct str words)
{
	for (size_t i = 0; i < words.n; i++) {
		if (!s.n)
			return false;
		if (words.p[i] == ' ') {
			if ((unsigned char)s.p[0] > ' ')
				return false;
			s = str_trim(s);
		} else {
			if (chr_lower(s.p[0]) != words.p[i])
				return false;
			s = str_skip(s, 1);
		}
	}
	return true;
}

/* The reply without what the reporter adds at its end: "(in reply to MAIL FROM command)" of
 * Postfix, "Giving up on 192.0.2.1." of qmail.  Names of commands are no reasons. */
static struct str
without_reporter(struct str reply)
{
	for (size_t i = reply.n; i-- > 0;) {
		struct str rest = str_skip(reply, i);
		if ((reply.p[i] == '(' && begins_with_words(rest, STR("(in reply to "))) ||
			(reply.p[i] == 'G' && begins_with_words(rest, STR("giving up on "))))
			return str_trim(str_slice(reply, 0, i));
	}
	return reply;
}

void
bounce_set_reply(struct failure *f, struct str text)
{
	struct explain_codes c = explain_codes_find(text);
	struct str reply = str_trim(text);

	if (c.code) {
		struct str head = str_slice(text, 0, c.at);
		if (!f->host.n)
			f->host = host_before(head);
		/* What stands before a reply is the reporter's; a short name of the protocol too.
		 */
		if (head.n < 300) {
			reply = str_trim(one_reply(str_skip(text, c.at), c.code));
			reply = without_reporter(unquoted(reply, c.at ? text.p[c.at - 1] : ' '));
		}
	}
	f->reply = reply;
	f->code = c.code;
	if (c.enhanced.n)
		f->enhanced = c.enhanced;
}

/* --- readable bytes --- */

/* UTF-16 to UTF-8, in place: ASCII and Latin stay, the rest becomes '?' where it would not fit. */
static size_t
from_utf16(char *p, size_t n, bool big)
{
	size_t out = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		unsigned lo = (unsigned char)p[i + big], hi = (unsigned char)p[i + !big];
		unsigned c = hi << 8 | lo;
		if (c == 0xfeff)
			continue;
		if (c >= 0x80 && c < 0x800) {
			p[out++] = (char)(0xc0 | c >> 6);
			p[out++] = (char)(0x80 | (c & 0x3f));
		} else {
			p[out++] = c < 0x80 ? (char)c : '?';
		}
	}
	return out;
}

/* "\n550" in a line of Exim's log: the next line of a reply. */
static bool
is_escaped_line_end(struct str s)
{
	return s.n > 5 && s.p[0] == '\\' && s.p[1] == 'n' && (s.p[2] == '4' || s.p[2] == '5') &&
		chr_is_digit(s.p[3]) && chr_is_digit(s.p[4]) && (s.p[5] == '-' || s.p[5] == ' ');
}

static size_t
make_readable(char *p, size_t n)
{
	size_t nul_even = 0, nul_odd = 0, look = n < 512 ? n : 512;
	bool has_lf = false;

	for (size_t i = 0; i < look; i++) {
		nul_even += p[i] == 0 && i % 2 == 0;
		nul_odd += p[i] == 0 && i % 2 == 1;
	}
	if (n >= 2 && p[0] == '\xff' && p[1] == '\xfe')
		n = from_utf16(p, n, false);
	else if (n >= 2 && p[0] == '\xfe' && p[1] == '\xff')
		n = from_utf16(p, n, true);
	else if (look >= 8 && (nul_even > look / 3) != (nul_odd > look / 3))
		n = from_utf16(p, n, nul_even > nul_odd);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == 0)
			p[i] = ' ';
		has_lf = has_lf || p[i] == '\n';
	}
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r' && !has_lf) {
			p[out++] = '\n';
		} else if (is_escaped_line_end(str_from(p + i, n - i))) {
			p[out++] = ' ';
			i++;
		} else if (p[i] != '\r' || i + 1 == n || p[i + 1] != '\n') {
			p[out++] = p[i];
		}
	}
	return out;
}

/* Mail programs put "> " in front of the lines of a message that is answered or passed on: taken
 * away where nearly all lines have it. */
static size_t
without_marks(char *p, size_t n)
{
	struct str rest = str_from(p, n), line;
	size_t lines = 0, marked = 0, out = 0;

	while (str_split(&rest, '\n', &line)) {
		lines += str_trim(line).n > 0;
		marked += line.n > 0 && line.p[0] == '>';
	}
	if (marked < 2 || marked * 10 < lines * 8)
		return n;
	for (size_t i = 0; i < n;) {
		bool is_marked = p[i] == '>';
		while (i < n && p[i] == '>')
			i++;
		if (is_marked && i < n && p[i] == ' ')
			i++;
		while (i < n) {
			p[out++] = p[i++];
			if (p[out - 1] == '\n')
				break;
		}
	}
	return out;
}

bool
bounce_read(struct arena *a, char *bytes, size_t n, struct bounce *out)
{
	bool cut = n > BOUNCE_INPUT_MAX;

	*out = (struct bounce){.kind = BOUNCE_REPLY, .cut = cut};
	n = make_readable(bytes, cut ? BOUNCE_INPUT_MAX : n);
	n = without_marks(bytes, n);
	struct str text = str_from(bytes, n);
	if (str_has_prefix(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	if (!str_trim(text).n)
		return false;
	if (message_looks_like(text)) {
		struct message *m = arena_new(a, struct message);
		if (message_parse(a, text, m)) {
			bounce_from_message(a, m, out);
			return true;
		}
	}
	if (bounce_from_log(a, text, out))
		return true;
	struct message *m = arena_new(a, struct message);
	m->text = text;
	if (message_report_in_text(a, text, m))
		bounce_from_message(a, m, out);
	else
		bounce_from_text(a, text, out);
	return true;
}
