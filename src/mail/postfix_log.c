/* mail/postfix_log: see postfix_log.h. */
#include "base/must.h"

#include "mail/postfix_log.h"

#define CANDIDATES_MAX 64  /* places where the envelope might begin */
#define REASON_MAX     100 /* bytes */

/* Small readers: each cuts off what it takes. */

static bool
take(struct str *s, struct str prefix)
{
	if (!str_has_prefix(*s, prefix))
		return false;
	*s = str_skip(*s, prefix.n);
	return true;
}

/* Index of part in s, or s.n. */
static size_t
find(struct str s, struct str part)
{
	const char *at = s.n >= part.n ? memmem(s.p, s.n, part.p, part.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

static struct str
known(struct str s)
{
	return s.n <= POSTFIX_ADDRESS_MAX ? str_from(s.n ? s.p : "", s.n) : str_from(NULL, 0);
}

/* "mail.example.org[192.0.2.1]:25", "[2001:db8::1]:25", "unknown[unknown]" */
static bool
take_client(struct str *s, struct postfix_line *out)
{
	size_t open = str_find(*s, '['), close = str_find(*s, ']');

	if (close == s->n || open > close || open > 255)
		return false;
	struct str name = str_slice(*s, 0, open), addr = str_slice(*s, open + 1, close);
	if (str_find(name, ' ') < name.n)
		return false;
	take(&addr, STR("IPv6:"));
	out->name = name;
	if (!ip_parse(addr, &out->client))
		out->client.len = 0;
	*s = str_skip(*s, close + 1);
	if (s->n && s->p[0] == ':') {
		size_t n = 1;
		while (n < s->n && chr_is_digit(s->p[n]))
			n++;
		/* Not the colon that ends "RCPT from name[address]:". */
		if (n > 1)
			*s = str_skip(*s, n);
		else if (take(s, STR(":unknown")))
			return true;
	}
	return true;
}

static bool
is_queue_id(struct str s)
{
	static const struct str vowels = STR_INIT("aeiou");

	if (s.n < 5 || s.n > 32)
		return false;
	/* Short ones are upper case hexadecimal; long ones (postconf(5), enable_long_queue_ids)
	 * have no vowels, unlike "warning" and "statistics". */
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) || str_find(vowels, s.p[i]) < vowels.n)
			return false;
	return true;
}

/* "4F1B2C3D4E: ", "NOQUEUE: " */
static bool
take_queue(struct str *s, struct str *out)
{
	struct str id = str_slice(*s, 0, str_find(*s, ':'));

	if (!str_has_prefix(str_skip(*s, id.n), STR(": ")))
		return false;
	if (str_eq(id, STR("NOQUEUE")))
		*out = str_from(NULL, 0);
	else if (is_queue_id(id))
		*out = id;
	else
		return false;
	*s = str_skip(*s, id.n + 2);
	return true;
}

/* An address behind '<', up to the '>' that ends it: one outside of quotation marks that is
 * followed by what may follow an address.  False where the line ends first. */
static bool
take_address(struct str *s, struct str *out)
{
	bool quoted = false;

	for (size_t i = 0; i < s->n; i++) {
		char c = s->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"' && (quoted || i == 0))
			quoted = !quoted;
		if (quoted || c != '>')
			continue;
		if (i + 1 < s->n && s->p[i + 1] != ' ' && s->p[i + 1] != ',' &&
			s->p[i + 1] != ':' && s->p[i + 1] != ';')
			continue;
		*out = known(str_slice(*s, 0, i));
		*s = str_skip(*s, i + 1);
		return true;
	}
	return false;
}

#define ITEMS 7

struct envelope {
	struct str from, to, helo;
	bool authenticated, cut;
	bool seen[ITEMS];
};

/* In a HELO Postfix has replaced what could be taken for its end. */
static bool
take_helo(struct str *s, struct str *out)
{
	size_t n = str_find(*s, '>');

	if (n == s->n)
		return false;
	*out = known(str_slice(*s, 0, n));
	*s = str_skip(*s, n + 1);
	return true;
}

static void
skip_value(struct str *s)
{
	size_t n = str_find(*s, ' '), comma = str_find(*s, ',');

	*s = str_skip(*s, comma < n ? comma : n);
}

enum item { ITEM_FROM, ITEM_TO, ITEM_PROTO, ITEM_HELO, ITEM_SASL };

static const struct {
	struct str key;
	enum item item;
} items[ITEMS] = {
	{STR_INIT("from=<"), ITEM_FROM},
	{STR_INIT("to=<"), ITEM_TO},
	{STR_INIT("proto="), ITEM_PROTO},
	{STR_INIT("helo=<"), ITEM_HELO},
	{STR_INIT("sasl_method="), ITEM_SASL},
	{STR_INIT("sasl_username="), ITEM_SASL},
	{STR_INIT("sasl_sender="), ITEM_SASL},
};

/* One of the items, of which each stands there once. */
static bool
take_item(struct str *s, struct envelope *e)
{
	size_t i = 0;
	bool whole = true;

	while (i < COUNT(items) && !take(s, items[i].key))
		i++;
	if (i == COUNT(items) || e->seen[i])
		return false;
	e->seen[i] = true;
	switch (items[i].item) {
	case ITEM_FROM:
		whole = take_address(s, &e->from);
		break;
	case ITEM_TO:
		whole = take_address(s, &e->to);
		break;
	case ITEM_HELO:
		whole = take_helo(s, &e->helo);
		break;
	case ITEM_SASL:
		e->authenticated = true;
		skip_value(s);
		break;
	case ITEM_PROTO:
		skip_value(s);
		break;
	}
	if (!whole) {
		e->cut = true;
		*s = str_skip(*s, s->n);
	}
	return true;
}

/* The beginning of an item: that is where the line was cut. */
static bool
is_cut_key(struct str s)
{
	for (size_t i = 0; i < COUNT(items); i++)
		if (str_has_prefix(items[i].key, s))
			return true;
	return false;
}

/* "from=<a@b> to=<c@d> proto=ESMTP helo=<x>" to its end, or to the colon that cleanup(8) puts
 * behind it. */
static bool
read_envelope(struct str s, struct envelope *out)
{
	struct envelope e = {.cut = false};

	while (s.n && s.p[0] != ':') {
		if (is_cut_key(s)) {
			e.cut = true;
			break;
		}
		if (!take_item(&s, &e))
			return false;
		if (s.n && s.p[0] != ':' && !take(&s, STR(", ")) && !take(&s, STR(" ")))
			return false;
	}
	*out = e;
	return true;
}

/* The envelope behind "; ".  What stands before it may be a recipient that looks like one, so the
 * first that reads as one to the end of the line counts.  *before is what was before it. */
static bool
find_envelope(struct str s, struct envelope *out, struct str *before)
{
	size_t at = 0;
	struct envelope e;
	bool any = false;

	for (int i = 0; i < CANDIDATES_MAX; i++) {
		size_t n = find(str_skip(s, at), STR("; "));
		if (at + n >= s.n)
			break;
		at += n + 2;
		if (at == s.n || !read_envelope(str_skip(s, at), &e))
			continue;
		/* One that was cut may be inside of another. */
		if (!any || !e.cut) {
			*out = e;
			*before = str_slice(s, 0, at - 2);
			any = true;
		}
		if (!e.cut)
			break;
	}
	return any;
}

static void
use_envelope(struct postfix_line *out, const struct envelope *e)
{
	out->from = e->from;
	out->to = e->to;
	out->helo = e->helo;
	out->authenticated |= e->authenticated;
	out->cut |= e->cut;
}

/* "554 5.7.1 <x>: Relay access denied" */
static void
read_reply(struct postfix_line *out, struct str s)
{
	uint64_t code;

	s = str_trim(s);
	if (s.n >= 4 && s.p[3] == ' ' && str_to_u64(str_slice(s, 0, 3), 599, &code) &&
		code >= 200) {
		out->code = (uint16_t)code;
		s = str_skip(s, 4);
	} else if (s.n > 3 && s.p[1] == '.' && (s.p[0] == '4' || s.p[0] == '5')) {
		/* cleanup(8) gives the enhanced code alone. */
		out->code = s.p[0] == '4' ? 450 : 550;
	}
	out->reply = s;
}

static bool
read_action_word(struct str word, struct postfix_line *out)
{
	static const struct {
		struct str word;
		enum postfix_action action;
	} words[] = {
		{STR_INIT("reject"), POSTFIX_REJECT},
		{STR_INIT("milter-reject"), POSTFIX_REJECT},
		{STR_INIT("proxy-reject"), POSTFIX_REJECT},
		{STR_INIT("proxy-accept"), POSTFIX_ACCEPT},
		{STR_INIT("reject_warning"), POSTFIX_NOTE},
		{STR_INIT("hold"), POSTFIX_NOTE},
		{STR_INIT("milter-hold"), POSTFIX_NOTE},
		{STR_INIT("discard"), POSTFIX_NOTE},
		{STR_INIT("milter-discard"), POSTFIX_NOTE},
		{STR_INIT("filter"), POSTFIX_NOTE},
		{STR_INIT("redirect"), POSTFIX_NOTE},
		{STR_INIT("info"), POSTFIX_NOTE},
		{STR_INIT("warn"), POSTFIX_NOTE},
		{STR_INIT("warning"), POSTFIX_NOTE},
		{STR_INIT("bcc"), POSTFIX_NOTE},
		{STR_INIT("delay"), POSTFIX_NOTE},
		{STR_INIT("permit"), POSTFIX_NOTE},
		{STR_INIT("prepend"), POSTFIX_NOTE},
		{STR_INIT("replace"), POSTFIX_NOTE},
		{STR_INIT("strip"), POSTFIX_NOTE},
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_eq(word, words[i].word)) {
			out->action = words[i].action;
			return true;
		}
	}
	return false;
}

/* "header Subject: whatever from name[addr]; from=<> to=<> proto=ESMTP helo=<x>: 5.7.1 text": of
 * cleanup(8), which looks into messages. */
static void
read_content_action(struct str s, struct postfix_line *out)
{
	struct envelope e;
	struct str before;

	out->whole_message = true;
	if (!find_envelope(s, &e, &before))
		return;
	use_envelope(out, &e);
	size_t at = str_rfind(before, ' ');
	struct str client = str_skip(before, at + 1);
	if (str_has_suffix(str_slice(before, 0, at), STR(" from")))
		take_client(&client, out);
	/* The envelope holds no "<x>: " but at its end. */
	struct str rest = str_skip(s, before.n);
	size_t end = find(rest, STR(">: "));
	if (end < rest.n)
		read_reply(out, str_skip(rest, end + 3));
}

static bool
is_content(struct str stage)
{
	return str_has_prefix(stage, STR("header ")) || str_has_prefix(stage, STR("body ")) ||
		str_has_prefix(stage, STR("mime-header ")) ||
		str_has_prefix(stage, STR("nested-header ")) ||
		str_has_prefix(stage, STR("content "));
}

/* "reject: RCPT from name[addr]: 554 5.7.1 <x>: text; from=<> to=<x> proto=ESMTP helo=<y>" */
static bool
read_action(struct str s, struct postfix_line *out)
{
	size_t n = str_find(s, ':');
	struct envelope e;
	struct str before;

	if (n > 20 || !str_has_prefix(str_skip(s, n), STR(": ")) ||
		!read_action_word(str_slice(s, 0, n), out))
		return false;
	s = str_skip(s, n + 2);
	if (is_content(s)) {
		read_content_action(s, out);
		return true;
	}
	size_t from = find(s, STR(" from "));
	if (from == s.n || from > 40)
		return false;
	struct str stage = str_slice(s, 0, from);
	s = str_skip(s, from + 6);
	if (!take_client(&s, out))
		return false;
	take(&s, STR(":"));
	out->whole_message = str_eq(stage, STR("DATA")) || str_eq(stage, STR("END-OF-MESSAGE")) ||
		str_eq(stage, STR("BDAT"));
	if (find_envelope(s, &e, &before)) {
		use_envelope(out, &e);
		s = before;
	}
	read_reply(out, s);
	return true;
}

/* "name[addr]:port, sasl_method=PLAIN, sasl_username=joe" */
static bool
read_message(struct str s, struct postfix_line *out)
{
	if (!take_client(&s, out))
		return false;
	out->authenticated = str_contains(s, STR(", sasl_username="));
	return true;
}

/* "from=<a@b>, size=..." */
static bool
read_queued(struct str s, struct postfix_line *out)
{
	if (!take_address(&s, &out->from))
		return false;
	return str_has_prefix(s, STR(", size="));
}

static bool
read_status(struct str s, struct postfix_line *out)
{
	struct str item;

	while (str_word(&s, &item)) {
		if (item.n && item.p[item.n - 1] == ',')
			item.n--;
		if (!take(&item, STR("status=")))
			continue;
		if (str_eq(item, STR("sent")))
			out->status = POSTFIX_SENT;
		else if (str_eq(item, STR("bounced")) || str_eq(item, STR("undeliverable")))
			out->status = POSTFIX_BOUNCED;
		else if (str_eq(item, STR("deferred")))
			out->status = POSTFIX_DEFERRED;
		else
			return false;
		return true;
	}
	return false;
}

/* "to=<a@b>, orig_to=<c>, relay=..., status=sent (...)" */
static bool
read_delivery(struct str s, struct postfix_line *out)
{
	if (!take_address(&s, &out->to))
		return false;
	if (take(&s, STR(", orig_to=<")) && !take_address(&s, &out->orig_to))
		return false;
	return read_status(s, out);
}

/* "warning: hostname x.example does not resolve to address 192.0.2.1: reason" */
static bool
read_hostname(struct str s, struct postfix_line *out)
{
	struct str name, word, rest = s;

	if (!str_word(&rest, &name) || !take(&rest, STR(" does not resolve to address ")) ||
		!str_word(&rest, &word))
		return false;
	if (word.p[word.n - 1] == ':')
		word.n--;
	out->name = name;
	return ip_parse(word, &out->client);
}

static bool
read_session(struct str s, struct postfix_line *out)
{
	if (take(&s, STR("connect from "))) {
		out->what = POSTFIX_CONNECT;
	} else if (take(&s, STR("disconnect from "))) {
		out->what = POSTFIX_DISCONNECT;
	} else if (take(&s, STR("warning: hostname "))) {
		out->what = POSTFIX_HOSTNAME;
		return read_hostname(s, out);
	} else {
		return false;
	}
	return take_client(&s, out);
}

static bool
read_screen(struct str s, struct postfix_line *out)
{
	if (!take(&s, STR("CONNECT from ")))
		return false;
	out->what = POSTFIX_CONNECT;
	return take_client(&s, out);
}

/* Lines that begin with a queue id. */
static bool
read_queue_line(struct str s, struct postfix_line *out)
{
	if (!take_queue(&s, &out->queue))
		return false;
	if (take(&s, STR("client="))) {
		out->what = POSTFIX_MESSAGE;
		return read_message(s, out);
	}
	if (take(&s, STR("from=<"))) {
		out->what = POSTFIX_QUEUED;
		return read_queued(s, out);
	}
	if (take(&s, STR("to=<"))) {
		out->what = POSTFIX_DELIVERY;
		return read_delivery(s, out);
	}
	if (str_eq(s, STR("removed"))) {
		out->what = POSTFIX_REMOVED;
		return true;
	}
	out->what = POSTFIX_ACTION;
	return read_action(s, out);
}

/* key=value; with its end given; p NULL where it is not there. */
static struct str
value_of(struct str s, struct str key, char end)
{
	size_t at = find(s, key);

	if (at == s.n)
		return str_from(NULL, 0);
	s = str_skip(s, at + key.n);
	size_t n = str_find(s, end);
	return n < s.n ? known(str_slice(s, 0, n)) : str_from(NULL, 0);
}

/* Another program that knows what the client said in HELO. */
static bool
read_helo_of_others(const struct syslog_line *line, struct postfix_line *out)
{
	struct str addr, s = line->text;

	if (str_eq(line->program, STR("policyd-spf"))) {
		addr = value_of(s, STR("client-ip="), ';');
		out->helo = value_of(s, STR("; helo="), ';');
		out->from = value_of(s, STR("; envelope-from="), ';');
	} else if (str_eq(line->program, STR("mxward"))) {
		addr = value_of(s, STR(" client="), ' ');
		out->helo = value_of(s, STR(" helo="), ' ');
		out->from = value_of(s, STR(" from="), ' ');
		/* Quoted and escaped: nothing that is worth the trouble. */
		if (!str_contains(s, STR("event=decision")) ||
			str_find(out->helo, '"') < out->helo.n ||
			str_find(out->helo, '\\') < out->helo.n)
			return false;
	} else {
		return false;
	}
	if (str_eq(out->from, STR("\"\"")) || str_eq(out->from, STR("<>")))
		out->from = STR("");
	if (!out->from.p || (out->from.n && out->from.p[0] == '"'))
		return false;
	out->what = POSTFIX_HELO;
	return ip_parse(addr, &out->client) && out->helo.n;
}

/* "postfix/smtpd", "postfix-out/submission/smtpd": the daemon is the last word. */
static bool
split_program(struct str program, struct str *instance, struct str *daemon)
{
	static const struct str daemons = STR_INIT(
		" smtpd postscreen cleanup qmgr oqmgr smtp lmtp local virtual pipe discard error "
		"pickup bounce anvil postsuper trivial-rewrite tlsproxy dnsblog verify scache "
		"master "
		"postfix-script proxymap flush showq postlogd tlsmgr qmqpd sendmail postdrop "
		"spawn ");
	char room[40];
	struct buf b = BUF(room);
	size_t slash = str_rfind(program, '/');

	*instance = str_slice(program, 0, slash);
	*daemon = str_skip(program, slash + 1);
	buf_putc(&b, ' ');
	buf_put(&b, *daemon);
	buf_putc(&b, ' ');
	return slash < program.n && daemon->n && !buf_is_cut(&b) &&
		str_find(*daemon, ' ') == daemon->n && str_contains(daemons, buf_str(&b));
}

static bool
is_submission(struct str instance)
{
	struct str part;

	while (str_split(&instance, '/', &part))
		if (str_contains(part, STR("submission")) || str_contains(part, STR("smtps")))
			return true;
	return false;
}

bool
postfix_log_parse(const struct syslog_line *line, struct postfix_line *out)
{
	static const struct postfix_line nothing = {.what = POSTFIX_OTHER};
	struct str instance, daemon;
	bool ok;

	*out = nothing;
	if (!split_program(line->program, &instance, &daemon)) {
		if (!read_helo_of_others(line, out))
			*out = nothing;
		return false;
	}
	out->submission = is_submission(instance);
	out->screen = str_eq(daemon, STR("postscreen"));
	out->smtpd = str_eq(daemon, STR("smtpd"));
	ok = (out->smtpd && read_session(line->text, out)) ||
		(out->screen && read_screen(line->text, out));
	if (!ok && out->what == POSTFIX_OTHER)
		ok = read_queue_line(line->text, out);
	if (!ok) {
		bool cut = out->cut;
		*out = nothing;
		out->cut = cut;
	}
	return true;
}

struct str
postfix_reason(struct str reply)
{
	struct str word, rest = reply;

	/* "5.7.1" */
	if (str_word(&rest, &word) && word.n >= 5 && chr_is_digit(word.p[0]) && word.p[1] == '.')
		reply = str_trim(rest);
	/* "<a@b>: ", "Service unavailable; Client host [192.0.2.1] blocked using x" */
	if (reply.n && reply.p[0] == '<') {
		size_t end = find(reply, STR(">: "));
		if (end < reply.n)
			reply = str_skip(reply, end + 3);
	}
	size_t blocked = find(reply, STR("blocked using "));
	if (blocked < reply.n) {
		reply = str_skip(reply, blocked);
		struct str name = str_skip(reply, 14);
		reply = str_slice(reply, 0, 14 + str_find(name, ';'));
	}
	/* "cannot find your hostname, [192.0.2.1]" */
	reply = str_trim(str_slice(reply, 0, str_find(reply, '[')));
	if (reply.n && reply.p[reply.n - 1] == ',')
		reply.n--;
	return str_slice(reply, 0, REASON_MAX);
}
