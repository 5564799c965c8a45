/* explain/bounce: lines of the logs of Postfix, Exim, sendmail, OpenSMTPD and qmail.  A line stands
 * for itself. */
#include "explain/bounce_private.h"
#include "explain/text.h"

/* The value of "key=" in a line: up to the comma or blank, without < >. */
static struct str
value_of(struct str line, struct str key)
{
	for (size_t at = 0; at + key.n < line.n; at++) {
		if (line.p[at] != key.p[0] || !str_has_prefix(str_skip(line, at), key) ||
			(at > 0 && (chr_is_alnum(line.p[at - 1]) || line.p[at - 1] == '_')))
			continue;
		struct str v = str_skip(line, at + key.n);
		if (v.n && v.p[0] == '<')
			return str_slice(v, 1, str_find(v, '>'));
		size_t n = 0;
		while (n < v.n && !strchr(", ;", v.p[n]))
			n++;
		return str_slice(v, 0, n);
	}
	return (struct str){0};
}

static size_t
find(struct str s, struct str part)
{
	for (size_t at = 0; at + part.n <= s.n; at++)
		if (s.p[at] == part.p[0] && str_has_prefix(str_skip(s, at), part))
			return at;
	return s.n;
}

/* "mx.example.org[192.0.2.1]:25" */
static struct str
bare_host(struct str relay)
{
	size_t n = 0;

	while (n < relay.n && !strchr("[: (", relay.p[n]))
		n++;
	return str_slice(relay, 0, n);
}

/* Postfix: what became of a message. */
static bool
postfix_delivery(struct str line, struct bounce *out)
{
	struct str status = value_of(line, STR("status=")), to = value_of(line, STR("to="));

	if (!status.n || !to.n)
		return false;
	out->kind = BOUNCE_LOG;
	if (str_eq(status, STR("sent")))
		return true;
	size_t at = find(line, STR("status="));
	struct str rest = str_skip(line, at), text = str_skip(rest, str_find(rest, '(') + 1);
	if (str_has_suffix(text, STR(")")))
		text = str_slice(text, 0, text.n - 1);
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->recipient = to;
	f->status = value_of(line, STR("dsn="));
	f->delayed = str_eq(status, STR("deferred"));
	bounce_set_reply(f, text.n ? text : status);
	if (!f->host.n)
		f->host = bare_host(value_of(line, STR("relay=")));
	return true;
}

/* OpenSMTPD: "... evpid=.., result="PermFail", ... to=<a@b>, ... stat="550 no"", older ones with
 * "status=PermFail" and without quotation marks. */
static bool
opensmtpd_delivery(struct str line, struct bounce *out)
{
	static const struct str fields[] = {STR_INIT("result="), STR_INIT("status=")};
	size_t stat = find(line, STR("stat="));
	struct str result = {0}, text = str_skip(line, stat + STR("stat=").n);

	for (size_t i = 0; i < COUNT(fields) && !result.n; i++)
		result = value_of(line, fields[i]);
	while (result.n && result.p[0] == '"')
		result = str_skip(result, 1);
	bool delayed = str_has_prefix(result, STR("TempFail"));
	if (stat == line.n || find(line, STR("evpid=")) == line.n || !result.n)
		return false;
	out->kind = BOUNCE_LOG;
	if (!delayed && !str_has_prefix(result, STR("PermFail")))
		return true;
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->recipient = value_of(line, STR("to="));
	f->delayed = delayed;
	struct str relay = value_of(line, STR("relay="));
	f->host = bare_host(str_has_prefix(relay, STR("\"")) ? str_skip(relay, 1) : relay);
	while (text.n && text.p[0] == '"')
		text = str_skip(text, 1);
	if (str_has_suffix(text, STR("\"")))
		text = str_slice(text, 0, text.n - 1);
	bounce_set_reply(f, text);
	return true;
}

/* Postfix, Exim: "reject: RCPT from name[192.0.2.1]: 450 ...; from=<a> to=<b> proto=SMTP helo=<c>",
 * the view of the server that refuses. */
static bool
postfix_reject(struct str line, struct bounce *out)
{
	size_t at = find(line, STR("reject: "));

	if (at == line.n)
		return false;
	struct str rest = str_skip(line, at + 8), client = str_skip(rest, str_find(rest, '[') + 1);
	struct ip ip = {0};
	if (!ip_parse(str_slice(client, 0, str_find(client, ']')), &ip))
		return false;
	out->kind = BOUNCE_LOG;
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->client = ip;
	f->recipient = value_of(rest, STR("to="));
	f->sender = value_of(rest, STR("from="));
	f->helo = value_of(rest, STR("helo="));
	struct str text = str_skip(client, str_find(client, ']') + 1);
	size_t end = find(text, STR("; from="));
	bounce_set_reply(f, str_slice(text, 0, end));
	return true;
}

/* Exim: "... ** addr <orig> R=router T=transport H=host [ip]: text", "==" for what is put off. */
static bool
exim_delivery(struct str line, struct bounce *out)
{
	size_t at = find(line, STR(" ** ")), later = find(line, STR(" == "));
	bool delayed = later < at;

	at = delayed ? later : at;
	/* Behind date, time and the id of the message. */
	if (at < 20 || at == line.n || !chr_is_digit(line.p[0]))
		return false;
	struct str rest = str_skip(line, at + 4), to = {0};
	(void)explain_address_next(&(struct str){rest.p, str_find(rest, ':')}, &to);
	out->kind = BOUNCE_LOG;
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->recipient = to;
	f->delayed = delayed;
	size_t host = find(rest, STR(" H="));
	if (host < rest.n)
		f->host = bare_host(str_skip(rest, host + 3));
	size_t text = find(rest, STR(": "));
	bounce_set_reply(f, text < rest.n ? str_skip(rest, text + 2) : rest);
	return true;
}

/* Exim, the view of the server that refuses: "... H=name [192.0.2.1] F=<a> rejected RCPT <b>: no".
 * What it says of a HELO or a connection is left whole: the command is part of the reason. */
static bool
exim_reject(struct str line, struct bounce *out)
{
	size_t host = find(line, STR(" H=")), at = find(line, STR(" rejected "));
	struct str name = str_skip(line, host), rest = str_skip(line, at);
	struct str address = str_skip(name, str_find(name, '[') + 1);
	struct ip ip;

	if (host >= at || at == line.n ||
		!ip_parse(str_slice(address, 0, str_find(address, ']')), &ip))
		return false;
	rest = str_skip(rest, STR(" rejected ").n);
	out->kind = BOUNCE_LOG;
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->client = ip;
	f->sender = value_of(line, STR("F="));
	size_t text = find(rest, STR(": "));
	(void)explain_address_next(&(struct str){rest.p, text}, &f->recipient);
	bool of_message = str_has_prefix(rest, STR("RCPT ")) ||
		str_has_prefix(rest, STR("MAIL ")) || str_has_prefix(rest, STR("after "));
	bounce_set_reply(f, of_message && text < rest.n ? str_skip(rest, text + 2) : rest);
	return true;
}

/* qmail: "delivery 7: failure: mx_said:_550_no./Giving_up_on_mx./", which has underscores for
 * blanks and slashes for line ends. */
static bool
qmail_delivery(struct arena *a, struct str line, struct bounce *out)
{
	static const struct str words[] = {STR_INIT("failure: "), STR_INIT("deferral: ")};

	for (size_t i = 0; i < COUNT(words); i++) {
		size_t at = find(line, words[i]);
		struct str rest = str_trim(str_skip(line, at + (at < line.n ? words[i].n : 0)));
		if (at == line.n || rest.n < 8 || str_find(rest, ' ') < rest.n ||
			str_find(rest, '_') == rest.n)
			continue;
		out->kind = BOUNCE_LOG;
		struct failure *f = bounce_add(out);
		if (!f)
			return true;
		char *text = arena_alloc(a, rest.n);
		for (size_t k = 0; k < rest.n; k++) {
			bool ends =
				rest.p[k] == '/' && (k + 1 == rest.n || rest.p[k - (k > 0)] == '.');
			text[k] = rest.p[k] == '_' ? ' ' : ends ? '\n' : rest.p[k];
		}
		f->delayed = i == 1;
		bounce_set_reply(f, str_from(text, rest.n));
		return true;
	}
	return false;
}

/* sendmail: "to=<a@b>, ..., relay=..., dsn=5.1.1, stat=User unknown", and "reject=550 ...". */
static bool
sendmail_line(struct str line, struct bounce *out)
{
	size_t stat = find(line, STR("stat=")), reject = find(line, STR("reject="));
	bool refuses = reject < line.n && find(line, STR("ruleset=")) < line.n;

	if (!refuses && (stat == line.n || !value_of(line, STR("to=")).n))
		return false;
	out->kind = BOUNCE_LOG;
	struct str text = str_skip(line, refuses ? reject + 7 : stat + 5);
	if (str_has_prefix(text, STR("Sent")))
		return true;
	struct failure *f = bounce_add(out);
	if (!f)
		return true;
	f->recipient = value_of(line, refuses ? STR("arg1=") : STR("to="));
	f->status = value_of(line, STR("dsn="));
	f->delayed = str_has_prefix(text, STR("Deferred"));
	size_t relay = find(line, STR("relay="));
	struct str host = str_skip(line, relay + (relay < line.n ? 6 : 0));
	struct str ip = str_skip(host, str_find(host, '[') + 1);
	if (refuses)
		(void)ip_parse(str_slice(ip, 0, str_find(ip, ']')), &f->client);
	else
		f->host = bare_host(host);
	bounce_set_reply(f, text);
	return true;
}

static bool
read_line(struct arena *a, struct str line, struct bounce *out)
{
	return opensmtpd_delivery(line, out) || postfix_delivery(line, out) ||
		postfix_reject(line, out) || exim_delivery(line, out) || exim_reject(line, out) ||
		sendmail_line(line, out) || qmail_delivery(a, line, out);
}

bool
bounce_from_log(struct arena *a, struct str text, struct bounce *out)
{
	struct str rest = text, line;
	bool any = false;

	while (str_split(&rest, '\n', &line) && out->n < BOUNCE_FAILURES_MAX)
		any = read_line(a, str_trim(line), out) || any;
	if (!any)
		return false;
	out->text = text;
	if (!out->n) {
		out->kind = BOUNCE_NONE;
		out->why = SAY_NONE_DELIVERED_LOG;
	}
	return true;
}
