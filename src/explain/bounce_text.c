/* explain/bounce: words for people: whom they are about, and where a copy of the message begins. */
#include "base/buf.h"
#include "explain/bounce_private.h"
#include "explain/text.h"

#define SEGMENT_LINES 14

/* A line that says that what follows is the message that failed. */
static bool
announces_copy(struct str line)
{
	static const char *const words[] = {"copy of the", "copy of your", "original message",
		"unsent message", "returned message", "message follows", "message header",
		"headers follow", "header follows", "undelivered message", "returned mail",
		"original mail", "message text follows", "message contents", "message is attached",
		"rrlichen nachricht", "nachricht folgt", "prungliche nachricht",
		"originalnachricht", "message d'origine", "mensaje original", "messaggio originale",
		"copia del mensaje", "copia del messaggio", "original headers", "first 30 lines",
		"headers of the message", "forwarded message", "included below", "is included",
		"message body follows", "rest of your message", "original text",
		"the header of the", "text of the original"};

	if (line.n > 200 || !explain_holds(line, words, COUNT(words)))
		return false;
	char last = line.p[line.n - 1];
	return strchr("-=_*#+", line.p[0]) || strchr(":-=_*#", last) ||
		explain_find_nocase(line, STR("below")) < line.n ||
		explain_find_nocase(line, STR("follow")) < line.n;
}

/* The head of a message that is quoted without an announcement. */
static bool
begins_header(struct str line)
{
	return str_has_prefix(line, STR("Received: ")) ||
		str_has_prefix(line, STR("Return-Path: ")) ||
		str_has_prefix(line, STR("Return-path: ")) ||
		str_has_prefix(line, STR("Message-ID: ")) ||
		str_has_prefix(line, STR("X-Received: ")) ||
		str_has_prefix(line, STR("DKIM-Signature: "));
}

struct str
bounce_before_copy(struct str text)
{
	struct str rest = text, line;
	size_t said = 0;

	while (str_split(&rest, '\n', &line)) {
		struct str trimmed = str_trim(line);
		while (trimmed.n && strchr("> |", trimmed.p[0]))
			trimmed = str_skip(trimmed, 1);
		if (!trimmed.n)
			continue;
		if (said > 80 && (announces_copy(trimmed) || begins_header(trimmed)))
			return str_slice(text, 0, (size_t)(line.p - text.p));
		said += trimmed.n;
	}
	return text;
}

static bool
is_machine(struct str address)
{
	static const struct str local[] = {STR_INIT("postmaster@"), STR_INIT("mailer-daemon@"),
		STR_INIT("abuse@"), STR_INIT("helpdesk@"), STR_INIT("support@")};

	for (size_t i = 0; i < COUNT(local); i++)
		if (str_has_prefix_nocase(address, local[i]))
			return true;
	return false;
}

/* A line that begins with the address of a recipient and either has nothing else or a colon behind
 * it.  *rest: what it says after that. */
static bool
is_address_line(struct str line, struct str *address, struct str *rest)
{
	static const struct str heads[] = {STR_INIT("to:"), STR_INIT("recipient:"),
		STR_INIT("recipient address:"), STR_INIT("final-recipient:"), STR_INIT("rfc822;"),
		STR_INIT("user:"), STR_INIT("address:"), STR_INIT("smtp:"), STR_INIT("mailto:")};
	struct str s = str_trim(line);

	for (size_t i = 0; i < COUNT(heads); i++)
		if (str_has_prefix_nocase(s, heads[i]))
			s = str_trim(str_skip(s, heads[i].n));
	while (s.n && strchr("<>*'\"-[( ", s.p[0]))
		s = str_skip(s, 1);
	size_t at = str_find(s, '@'), blank = str_find(s, ' ');
	if (at == s.n || at == 0 || at > blank)
		return false;
	struct str left = s;
	if (!explain_address_next(&left, address) || address->p != s.p || is_machine(*address))
		return false;
	while (left.n && strchr(">)'\"] ", left.p[0]))
		left = str_skip(left, 1);
	if (str_has_prefix_nocase(left, STR("<mailto:")))
		left = str_skip(left, str_find(left, '>') + 1);
	if (left.n && left.p[0] != ':' && left.p[0] != ',' && left.p[0] != ';' &&
		!str_has_prefix(left, STR("...")) && !str_has_prefix(left, STR("- ")) &&
		!str_has_prefix(left, STR("on ")) && left.p[0] != '\t' && left.p[0] != '(')
		return false;
	while (left.n && strchr(":.,;- \t", left.p[0]))
		left = str_skip(left, 1);
	*rest = left;
	return true;
}

/* Whether s ends in a code of a reply: "said: 550", "said: 550 5.7.1".  *both: in both kinds. */
static bool
ends_in_code(struct str s, bool *both)
{
	size_t at = s.n;

	while (at > 0 && (chr_is_digit(s.p[at - 1]) || s.p[at - 1] == '.'))
		at--;
	size_t n = s.n - at;
	if (n < 3 || n > 8 || (s.p[at] != '4' && s.p[at] != '5') || !at || s.p[at - 1] != ' ')
		return false;
	struct explain_codes c = explain_codes_find(str_skip(s, at > 4 ? at - 4 : 0));
	*both = c.code && c.enhanced.n;
	return true;
}

static size_t
indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return n;
}

/* Whether line stands below one that says something of an address and is indented less: what
 * Postfix wraps. */
static bool
is_below_another(struct str before, struct str line)
{
	size_t indent = indent_of(line);
	struct str above, address, more;

	for (size_t i = 0; i < SEGMENT_LINES && indent && before.n; i++) {
		before = str_slice(before, 0, before.n - 1);
		size_t start = str_rfind(before, '\n');
		above = str_skip(before, start < before.n ? start + 1 : 0);
		if (!str_trim(above).n)
			return false;
		if (indent_of(above) < indent)
			return is_address_line(above, &address, &more) && more.n > 0;
		before = str_slice(before, 0, before.n - above.n);
	}
	return false;
}

/* Whether a line that begins with an address goes on with what the line before says: "said: 550
 * 5.7.1", "    <ann@b.example>: no"; "<ann@b.example> (expanded from", "    <all@b.example>): no".
 * Where lines are not indented it takes more to believe it. */
static bool
continues_line(struct str text, struct str line)
{
	struct str before = str_slice(text, 0, (size_t)(line.p - text.p));
	bool both;

	if (str_has_suffix(before, STR("\n\n")))
		return false;
	if (is_below_another(before, line))
		return true;
	before = str_trim(before);
	if (str_has_suffix(before, STR("(expanded from")))
		return true;
	return ends_in_code(before, &both) &&
		(both || (line.n && (line.p[0] == ' ' || line.p[0] == '\t')));
}

/* What is said about one recipient: from p to the empty line behind the first words. */
static struct str
segment(struct str text, const char *from)
{
	struct str rest = str_skip(text, (size_t)(from - text.p)), line, address, more;
	size_t end = 0, lines = 0;
	bool words = false;

	while (lines++ < SEGMENT_LINES && rest.p && str_split(&rest, '\n', &line)) {
		bool empty = !str_trim(line).n;
		if ((empty && words) ||
			(lines > 1 && is_address_line(line, &address, &more) &&
				!continues_line(text, line)))
			break;
		words = words || !empty;
		end = (size_t)(line.p - from) + line.n;
	}
	return str_from(from, end);
}

/* Whether something is said at all: not a line of dashes, nor fields of the message's header, nor
 * when it is tried again. */
static bool
says_something(struct str said)
{
	static const struct str fields[] = {STR_INIT("subject:"), STR_INIT("sent:"),
		STR_INIT("date:"), STR_INIT("message-id:"), STR_INIT("from:"), STR_INIT("to:"),
		STR_INIT("cc:"), STR_INIT("message will be retried")};
	size_t letters = 0;

	said = str_trim(said);
	if (str_has_prefix(said, STR("---")))
		return false;
	for (size_t i = 0; i < COUNT(fields); i++)
		if (str_has_prefix_nocase(said, fields[i]))
			return false;
	for (size_t i = 0; i < said.n; i++)
		letters += chr_is_alnum(said.p[i]) || (unsigned char)said.p[i] >= 0x80;
	return letters > 4;
}

static struct failure *
known_failure(struct bounce *b, struct str address)
{
	for (size_t i = 0; i < b->n; i++)
		if (str_eq_nocase(b->failure[i].recipient, address))
			return &b->failure[i];
	return NULL;
}

static void
find_segments(struct str text, struct bounce *out)
{
	struct str rest = text, line, address, more;

	while (str_split(&rest, '\n', &line)) {
		if (!is_address_line(line, &address, &more) || continues_line(text, line))
			continue;
		struct str said = segment(text, more.p ? more.p : line.p + line.n);
		struct failure *f = known_failure(out, address);
		if (f) {
			/* Exchange tells its readers first, its administrators later. */
			if (!f->code && explain_codes_find(said).code) {
				bounce_set_reply(f, said);
			} else if (!f->words.n && says_something(said)) {
				f->words = said;
				bounce_set_reply(f, said);
			}
			continue;
		}
		/* A field of a header that is quoted. */
		if (!says_something(said) && str_has_prefix_nocase(str_trim(line), STR("to:")))
			continue;
		f = bounce_add(out);
		if (!f)
			return;
		f->recipient = address;
		if (!says_something(said))
			continue;
		f->words = said;
		bounce_set_reply(f, said);
	}
}

/* The first address in text that could be the recipient's. */
static struct str
first_address(struct str text, struct str sender)
{
	struct str address;

	while (explain_address_next(&text, &address))
		if (!is_machine(address) && !str_eq_nocase(address, sender))
			return address;
	return STR("");
}

/* Lines of addresses that nothing is said about: what is said is said for all. */
static bool
is_only_list(const struct bounce *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->failure[i].code || b->failure[i].words.n > 20)
			return false;
	return true;
}

/* A line that begins with a reply. */
static struct str
find_reply_line(struct str text)
{
	struct str rest = text, line;

	while (str_split(&rest, '\n', &line)) {
		struct str s = str_trim(line);
		while (s.n && strchr("<>*\"'|( ", s.p[0]))
			s = str_skip(s, 1);
		struct explain_codes c = explain_codes_find(s);
		if (c.code && c.at == 0 && s.n > 8)
			return segment(text, s.p);
	}
	return (struct str){0};
}

/* The place of a server's reply amid many words: a line of a dialogue, behind "said:" and the like,
 * or a line that begins with one. */
static struct str
find_reply(struct str text)
{
	static const char *const marks[] = {"<<< ", "said: ", "out: ", "reason: ",
		"diagnostic-code: ", "error was: ", "response was: ", "responded: ", "returned: ",
		"replied: ", "error below:", "smtp error:", "diagnosticcode\":\"",
		"server returned was:", "server returned: ", "error was:", "response:",
		"reported error:", "smtp;", "error:", "<-- ", "meldete: "};

	for (size_t i = 0; i < COUNT(marks); i++) {
		struct str rest = text;
		for (;;) {
			size_t at = explain_find_nocase(rest, str_of(marks[i]));
			if (at == rest.n)
				break;
			rest = str_skip(rest, at + strlen(marks[i]));
			struct explain_codes c = explain_codes_find(str_slice(rest, 0, 40));
			if (c.code && c.at < 8)
				return segment(text, rest.p);
		}
	}
	return find_reply_line(text);
}

/* PHPMailer tells the parts of a reply in an order of its own: "Detail: no SMTP code: 550
 * Additional SMTP info: 5.7.1". */
static struct str
of_php(struct arena *a, struct str text)
{
	size_t detail = explain_find_nocase(text, STR("detail: "));
	size_t code = explain_find_nocase(text, STR("smtp code: "));
	struct str more = STR("additional smtp info: "), digits = str_skip(text, code);

	if (detail >= code || code == text.n)
		return (struct str){0};
	digits = str_skip(digits, STR("smtp code: ").n);
	size_t info = explain_find_nocase(digits, more);
	struct str enhanced = str_skip(digits, info + (info < digits.n ? more.n : 0));
	struct str words = str_trim(str_slice(text, detail + STR("detail: ").n, code));
	struct buf b = buf_on(arena_alloc(a, words.n + 32), words.n + 32);
	buf_put(&b, str_slice(digits, 0, 3));
	buf_putc(&b, ' ');
	buf_put(&b, explain_enhanced_find(str_slice(enhanced, 0, 9)));
	buf_putc(&b, ' ');
	buf_put(&b, words);
	return buf_str(&b);
}

bool
bounce_has_reply(struct str text)
{
	return find_reply(str_slice(text, 0, MESSAGE_TEXT_MAX)).n > 0;
}

void
bounce_from_text(struct arena *a, struct str text, struct bounce *out)
{
	struct str php = of_php(a, str_slice(text, 0, MESSAGE_TEXT_MAX));

	out->text = out->said = text;
	if (php.n) {
		struct failure *f = bounce_add(out);
		f->words = str_slice(text, 0, EXPLAIN_TEXT_MAX);
		f->recipient = first_address(f->words, out->sender);
		bounce_set_reply(f, php);
		return;
	}
	find_segments(str_slice(text, 0, MESSAGE_TEXT_MAX), out);
	if (out->n && !is_only_list(out)) {
		struct failure *only = out->n == 1 ? &out->failure[0] : NULL;
		struct str reply = only && !only->code ? find_reply(text) : (struct str){0};
		if (reply.n)
			bounce_set_reply(only, reply);
		return;
	}
	out->n = out->n ? out->n : 1;
	struct str reply = find_reply(str_slice(text, 0, MESSAGE_TEXT_MAX));
	/* What begins with a code is a reply, whatever else it quotes. */
	if (explain_codes_find(str_trim(text)).at == 0)
		reply = (struct str){0};
	for (size_t i = 0; i < out->n; i++) {
		struct failure *f = &out->failure[i];
		f->words = str_slice(text, 0, EXPLAIN_TEXT_MAX);
		bounce_set_reply(f, reply.n ? reply : f->words);
		if (!f->recipient.n)
			f->recipient = first_address(f->words, out->sender);
	}
}
