/* explain/asked: see asked.h. */
#include "explain/asked.h"

#include "base/buf.h"

#define LOOKED_AT 4096

/* Line ends and runs of blanks as one blank: bounces fold lines where they like. */
static struct str
unfold(struct arena *a, struct str s)
{
	struct buf b;

	s = str_slice(s, 0, LOOKED_AT);
	b = buf_on(arena_alloc(a, s.n + 1), s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = (unsigned char)s.p[i] <= ' ' ? ' ' : s.p[i];
		if (c != ' ' || (b.n && b.p[b.n - 1] != ' '))
			buf_putc(&b, c);
	}
	return str_trim(buf_str(&b));
}

/* Where part begins, or s.n. */
static size_t
find(struct str s, struct str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (str_has_prefix_nocase(str_skip(s, i), part))
			return i;
	return s.n;
}

/* Go behind part; false: it is not there. */
static bool
pass(struct str *s, const char *part)
{
	size_t at = find(*s, str_of(part));

	if (at == s->n)
		return false;
	*s = str_skip(*s, at + strlen(part));
	return true;
}

/* What stands before part, or all where it does not come. */
static struct str
before(struct str s, const char *part)
{
	return str_trim(str_slice(s, 0, find(s, str_of(part))));
}

static struct str
sender_behind(struct str text, const char *words)
{
	return pass(&text, words) ? before(text, ">") : STR("");
}

static bool
of_mxward(struct str text, struct asked *out)
{
	struct str rest = text;

	if (!pass(&rest, " is refused by the mail server of its own domain, "))
		return false;
	out->sender = sender_behind(text, "mail for the sender <");
	out->server = before(rest, ": ");
	if (!pass(&rest, ": "))
		return false;
	out->reply = before(before(rest, ": send with an address "), " Case ");
	return true;
}

/* The same without the last word, a code; empty where there is no other. */
static struct str
before_code_and(struct str s, const char *part)
{
	s = before(s, part);
	size_t at = str_rfind(s, ' ');
	return at < s.n ? str_trim(str_slice(s, 0, at)) : STR("");
}

/* "550-Called: 192.0.2.1 550-Sent: RCPT TO:<ann@a.example> 550-Response: 550 no such user 550
 * Sender verify failed" */
static bool
of_exim(struct str text, struct asked *out)
{
	static const char end[] = "Sender verify failed";
	struct str rest = text;

	if (!pass(&rest, "-Called: "))
		return false;
	out->server = before_code_and(rest, "-Sent: ");
	if (!pass(&rest, "-Sent: "))
		return false;
	out->command = before_code_and(rest, "-Response: ");
	if (!pass(&rest, "-Response: "))
		return false;
	out->sender = sender_behind(text, "verification failed for <");
	out->reply = find(rest, str_of(end)) < rest.n ? before_code_and(rest, end) : rest;
	return true;
}

/* "sender verify fail for <ann@a.example>: response to "RCPT TO:<ann@a.example>" from mx.a.example
 * [192.0.2.1] was: 550 no such user" */
static bool
of_exim_log(struct str text, struct asked *out)
{
	struct str rest = text;

	if (!pass(&rest, "response to "))
		return false;
	struct str head = rest;
	if (!pass(&rest, " was: "))
		return false;
	head = before(head, " was: ");
	size_t from = find(head, STR(" from "));
	out->sender = sender_behind(text, "sender verify fail for <");
	out->command = str_slice(head, 0, from);
	out->server = str_trim(str_skip(head, from < head.n ? from + 6 : head.n));
	if (out->command.n > 1 && out->command.p[0] == '"')
		out->command = str_slice(out->command, 1, str_rfind(out->command, '"'));
	out->reply = str_trim(rest);
	return true;
}

/* "<ann@a.example>: Sender address rejected: unverified address: host mx.a.example[192.0.2.1] said:
 * 550 no such user (in reply to RCPT TO command)" */
static bool
of_postfix(struct str text, struct asked *out)
{
	struct str rest = text;

	if (!pass(&rest, "Sender address rejected: un") || !pass(&rest, " address: host "))
		return false;
	out->server = before(rest, " said: ");
	if (!pass(&rest, " said: "))
		return false;
	out->sender = sender_behind(text, "<");
	out->reply = before(rest, " (in reply to ");
	return true;
}

bool
explain_asked(struct arena *a, struct str text, struct asked *out)
{
	static bool (*const forms[])(struct str text, struct asked * out) = {
		of_mxward, of_exim, of_exim_log, of_postfix};

	text = unfold(a, text);
	for (size_t i = 0; i < COUNT(forms); i++) {
		*out = (struct asked){0};
		if (forms[i](text, out) && out->reply.n)
			return true;
	}
	*out = (struct asked){0};
	return false;
}
