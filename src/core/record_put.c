/* core/record_put: see record_put.h. */
#include "core/record.h"
#include "core/record_put.h"

#define TAIL_ROOM   64	 /* lists and their ends, and what closes a record */
#define BYTES_SHOWN 512	 /* of what is no text, beside its bytes */
#define VALUE_MAX   1024 /* of one piece of evidence */
#define TEXT_MAX    300	 /* of words of ours, or the administrator's */
#define ENV_MAX	    2048 /* as core/run keeps them */

/* --- text --- */

/* Bytes that stand in a JSON string as they are, without their meaning being lost. */
static size_t
plain(struct str s)
{
	size_t i = 0;

	while (i < s.n && chr_is_print(s.p[i]) && s.p[i] != '"' && s.p[i] != '\\')
		i++;
	return i;
}

/* Length of the character beyond ASCII that s begins with; 0: it is none, or a control character,
 * as U+0080..U+009F are too. */
static size_t
text_length(struct str s)
{
	size_t n = utf8_length(s);

	return n == 1 || (n == 2 && s.p[0] == '\xc2' && (unsigned char)s.p[1] < 0xa0) ? 0 : n;
}

/* Printable ASCII, as JSON wants it. */
static void
put_printable(struct buf *out, struct str s)
{
	for (;;) {
		size_t n = plain(s);
		buf_put(out, str_slice(s, 0, n));
		if (n == s.n)
			return;
		buf_putc(out, '\\');
		buf_putc(out, s.p[n]);
		s = str_skip(s, n + 1);
	}
}

/* Beyond ASCII as \\uXXXX, so that a record can be shown on any terminal. */
static void
put_utf8(struct buf *out, struct str s)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t c = s.n == 2 ? p[0] & 31u : s.n == 3 ? p[0] & 15u : p[0] & 7u;
	uint32_t unit[2];
	size_t n = 1;

	for (size_t i = 1; i < s.n; i++)
		c = c << 6 | (p[i] & 63u);
	unit[0] = c;
	if (c > 0xffff) {
		unit[0] = 0xd800 + ((c - 0x10000) >> 10);
		unit[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
		n = 2;
	}
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, "\\u");
		for (int shift = 12; shift >= 0; shift -= 4)
			buf_putc(out, digits[unit[i] >> shift & 15]);
	}
}

/* False where it is no text: what has been written then is to be taken back. */
static bool
put_inside(struct buf *out, struct str s)
{
	for (;;) {
		size_t n = plain(s);
		buf_put(out, str_slice(s, 0, n));
		s = str_skip(s, n);
		if (!s.n)
			return true;
		if (s.p[0] == '"' || s.p[0] == '\\') {
			buf_putc(out, '\\');
			buf_putc(out, s.p[0]);
			n = 1;
		} else {
			n = text_length(s);
			if (!n)
				return false;
			put_utf8(out, str_slice(s, 0, n));
		}
		s = str_skip(s, n);
	}
}

/* As buf_put_escaped(), with what JSON wants in addition. */
static void
put_escaped(struct buf *out, struct str s)
{
	while (s.n) {
		UNSET char room[256];
		struct buf b = BUF(room);
		struct str part = str_slice(s, 0, sizeof(room) / 4);
		buf_put_escaped(&b, part, part.n);
		put_printable(out, buf_str(&b));
		s = str_skip(s, part.n);
	}
}

bool
json_put_text(struct buf *out, struct str s)
{
	size_t before = out->n;
	bool cut = out->cut;

	buf_putc(out, '"');
	bool text = put_inside(out, s);
	if (!text) {
		out->n = before;
		out->cut = cut;
		buf_putc(out, '"');
		put_escaped(out, s);
	}
	buf_putc(out, '"');
	return text;
}

/* "key": of literals. */
static void
put_key(struct buf *out, const char *key)
{
	buf_puts(out, ",\"");
	buf_puts(out, key);
	buf_puts(out, "\":");
}

static void
put_literal(struct buf *out, const char *key, const char *value)
{
	put_key(out, key);
	buf_putc(out, '"');
	buf_puts(out, value);
	buf_putc(out, '"');
}

static void
put_text(struct buf *out, const char *key, struct str s, size_t max)
{
	put_key(out, key);
	(void)json_put_text(out, str_slice(s, 0, max));
}

static void
put_hex(struct buf *out, struct str s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		buf_putc(out, digits[(unsigned char)s.p[i] >> 4]);
		buf_putc(out, digits[(unsigned char)s.p[i] & 15]);
	}
}

/* What a stranger said, so that it can be read back byte by byte; unknown: nothing. */
static void
put_env(struct buf *out, const char *key, const char *hex_key, struct str s)
{
	size_t before = out->n;

	if (!s.p)
		return;
	put_key(out, key);
	if (json_put_text(out, str_slice(s, 0, ENV_MAX)))
		return;
	out->n = before;
	put_text(out, key, s, BYTES_SHOWN);
	put_key(out, hex_key);
	buf_putc(out, '"');
	put_hex(out, str_slice(s, 0, ENV_MAX));
	buf_putc(out, '"');
}

/* --- facts --- */

static void
put_txt(struct buf *out, struct str s)
{
	for (;;) {
		size_t n = plain(s);
		buf_put(out, str_slice(s, 0, n));
		if (n == s.n)
			return;
		char c = s.p[n];
		if (c == '"')
			buf_puts(out, "\\\"");
		else if (c == '\\')
			buf_puts(out, "\\\\\\\\");
		else
			put_escaped(out, str_slice(s, n, n + 1));
		s = str_skip(s, n + 1);
	}
}

static void
put_rr(struct buf *out, enum dns_type type, const struct dns_rr *rr)
{
	buf_putc(out, '"');
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		ip_print(&rr->ip, out);
		break;
	case DNS_MX:
		buf_putu(out, rr->preference);
		buf_putc(out, ' ');
		put_printable(out, rr->text);
		break;
	case DNS_TXT:
		put_txt(out, rr->text);
		break;
	case DNS_PTR:
	case DNS_CNAME:
	case DNS_NS:
	case DNS_SOA:
		put_printable(out, rr->text);
		break;
	}
	buf_putc(out, '"');
}

static void
put_number(struct buf *out, const char *key, uint64_t n)
{
	put_key(out, key);
	buf_putu(out, n);
}

static void
put_signed(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_putc(out, '-');
	buf_putu(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void
put_history(struct buf *out, const struct fact *f)
{
	const struct history *h = &f->answer->history;

	buf_puts(out, "{\"q\":\"history\"");
	put_literal(out, "what", history_kind_name(f->history));
	put_text(out, "name", f->name, SIZE_MAX);
	put_literal(out, "status", history_status_name(h->status));
	if (h->status != HISTORY_OK) {
		buf_putc(out, '}');
		return;
	}
	for (size_t i = 0; i < HISTORY_NUMBERS; i++) {
		buf_puts(out, i ? "," : ",\"n\":[");
		put_signed(out, h->n[i]);
	}
	buf_puts(out, "],\"score\":");
	put_signed(out, h->score);
	put_number(out, "age", (uint64_t)h->age_s);
	put_number(out, "idle", (uint64_t)h->idle_s);
	buf_putc(out, '}');
}

static void
put_dns(struct buf *out, const struct fact *f)
{
	const struct dns_answer *a = &f->answer->dns;

	buf_puts(out, "{\"q\":\"dns\"");
	put_text(out, "name", f->name, SIZE_MAX);
	put_literal(out, "type", dns_type_name(f->type));
	put_literal(out, "status", record_status(a));
	if (a->status == DNS_FAIL) {
		if (a->reason)
			put_literal(out, "reason", a->reason);
		buf_putc(out, '}');
		return;
	}
	put_number(out, "ttl", a->ttl);
	if (a->alias.n)
		put_text(out, "alias", a->alias, SIZE_MAX);
	if (a->seq)
		put_number(out, "seq", a->seq);
	for (size_t i = 0; i < a->n; i++) {
		buf_puts(out, i ? "," : ",\"rr\":[");
		put_rr(out, f->type, &a->rr[i]);
	}
	buf_puts(out, a->n ? "]}" : "}");
}

static void
put_callout(struct buf *out, const struct fact *f)
{
	const struct callout *c = &f->answer->callout;
	char ip[IP_TEXT_MAX];

	buf_puts(out, "{\"q\":\"callout\"");
	put_text(out, "name", f->name, SIZE_MAX);
	put_literal(out, "status", callout_status_name(c->status));
	if (c->code)
		put_number(out, "code", c->code);
	put_text(out, "stage", c->stage, SIZE_MAX);
	if (c->reason.n)
		put_text(out, "reason", c->reason, SIZE_MAX);
	if (c->said.n)
		put_text(out, "said", c->said, SIZE_MAX);
	if (c->mx.n)
		put_text(out, "mx", c->mx, SIZE_MAX);
	if (c->ip.len)
		put_literal(out, "ip", ip_text(&c->ip, ip));
	struct str rest = c->transcript, line;
	const char *before = ",\"transcript\":[";
	while (rest.n && str_split(&rest, '\n', &line)) {
		buf_puts(out, before);
		json_put_text(out, line);
		before = ",";
	}
	buf_puts(out, c->transcript.n ? "]}" : "}");
}

static void
put_fact(struct buf *out, const struct fact *f)
{
	switch (f->kind) {
	case FACT_DNS:
		put_dns(out, f);
		return;
	case FACT_HISTORY:
		put_history(out, f);
		return;
	case FACT_CALLOUT:
		put_callout(out, f);
		return;
	}
}

/* A record without a fact says as much as one that says that it is unknown. */
static bool
is_known(const struct fact *f)
{
	return f->answer &&
		!(f->kind == FACT_HISTORY && f->answer->history.status == HISTORY_UNKNOWN) &&
		!(f->kind == FACT_CALLOUT && f->answer->callout.status == CALLOUT_UNKNOWN);
}

/* --- what was found and decided --- */

/* That of the recipient for whom it went worst: it is what somebody will ask about. */
static const struct verdict *
gravest(const struct record_out *r)
{
	must(r->n > 0);
	const struct verdict *v = r->rcpt[0].verdict;

	for (size_t i = 1; i < r->n; i++) {
		const struct verdict *w = r->rcpt[i].verdict;
		if (w->kind > v->kind || (w->kind == v->kind && w->would > v->would))
			v = w;
	}
	return v;
}

static void
put_finding(struct buf *out, const struct record_out *r, const struct verdict *v,
	const struct finding *f)
{
	const struct ip *client = transaction_client(r->transaction);
	struct action a = policy_action_in(v, r->checks, f, client);

	buf_puts(out, "{\"id\":\"");
	buf_puts(out, f->code->id);
	buf_putc(out, '"');
	put_literal(out, "action", action_name(a.kind));
	if (a.kind == ACTION_SCORE) {
		put_key(out, "points");
		points_print(a.points, false, out);
	}
	uint64_t escaped = 0;
	for (size_t i = 0; i < f->n; i++) {
		buf_puts(out, i ? ",\"" : ",\"evidence\":{\"");
		buf_puts(out, f->evidence[i].key);
		buf_puts(out, "\":");
		if (!json_put_text(out, str_slice(f->evidence[i].value, 0, VALUE_MAX)))
			escaped |= (uint64_t)1 << i;
	}
	buf_puts(out, f->n ? "}" : "");
	for (size_t i = 0; escaped >> i; i++) {
		if (!(escaped >> i & 1))
			continue;
		buf_puts(out, escaped & (((uint64_t)1 << i) - 1) ? ",\"" : ",\"escaped\":[\"");
		buf_puts(out, f->evidence[i].key);
		buf_putc(out, '"');
	}
	buf_puts(out, escaped ? "]}" : "}");
}

static void
put_verdict(struct buf *out, const struct record_out *r, const struct record_rcpt *rcpt)
{
	const struct verdict *v = rcpt->verdict;

	buf_puts(out, "{\"verdict\":\"");
	buf_puts(out, verdict_name(v->kind));
	buf_putc(out, '"');
	if (v->would != v->kind)
		put_literal(out, "would", verdict_name(v->would));
	if (rcpt->at_end)
		buf_puts(out, ",\"stage\":\"message\"");
	if (v->passing)
		buf_puts(out, ",\"passing\":true");
	put_key(out, "score");
	points_print(v->score, false, out);
	if (v->main)
		put_literal(out, "main", v->main->code->id);
	if (v->because)
		put_text(out, "because", str_of(v->because), TEXT_MAX);
	if (v->exemption)
		put_text(out, "exemption", v->exemption->text, TEXT_MAX);
	if (v->mailbox.n && !r->hides_mailboxes)
		put_text(out, "mailbox", v->mailbox, TEXT_MAX);
	if (v->code) {
		put_number(out, "code", v->code);
		put_text(out, "enhanced", v->enhanced, TEXT_MAX);
		put_text(out, "reply", v->one_line, REPLY_MAX);
	}
	buf_putc(out, '}');
}

/* --- the whole --- */

static void
put_lists(struct buf *out, const struct record_out *r)
{
	uint64_t canary = transaction_lists(r->transaction).canary;
	unsigned char b[8];

	if (!r->has_lists || !canary)
		return;
	for (size_t i = 0; i < 8; i++)
		b[i] = (unsigned char)(canary >> (56 - 8 * i));
	put_key(out, "canary");
	buf_putc(out, '"');
	put_hex(out, str_from((const char *)b, sizeof(b)));
	buf_putc(out, '"');
	put_key(out, "suspended");
	buf_putc(out, '[');
	for (size_t i = 0; i < r->suspended.n; i++) {
		buf_puts(out, i ? "," : "");
		(void)json_put_text(out, r->suspended.word[i]);
	}
	buf_putc(out, ']');
}

static void
put_skip(struct buf *out, const struct record_out *r)
{
	uint64_t skip = transaction_skip(r->transaction);
	bool first = true;

	for (size_t i = 0; i < r->checks->n; i++) {
		if (!(skip >> i & 1))
			continue;
		buf_puts(out, first ? ",\"skip\":[\"" : ",\"");
		buf_puts(out, r->checks->check[i]->name);
		buf_putc(out, '"');
		first = false;
	}
	buf_puts(out, first ? "" : "]");
}

static void
put_result(struct buf *out, const char *key, enum auth_result r, bool *any)
{
	if (r == AUTH_UNSET || r == AUTH_NONE)
		return;
	buf_puts(out, *any ? ",\"" : ",\"auth\":{\"");
	buf_puts(out, key);
	buf_puts(out, "\":\"");
	buf_puts(out, auth_result_name(r));
	buf_putc(out, '"');
	*any = true;
}

static void
put_auth(struct buf *out, const struct record_out *r)
{
	struct result result = transaction_result(r->transaction);
	bool any = false;

	put_result(out, "iprev", result.iprev, &any);
	put_result(out, "spf_helo", result.spf_helo, &any);
	put_result(out, "spf_mailfrom", result.spf_mailfrom, &any);
	buf_puts(out, any ? "}" : "");
}

static void
put_session(struct buf *out, const struct transaction *t)
{
	struct session s = transaction_session_get(t);

	for (size_t i = 0; s.known && i < SESSION_NUMBERS; i++) {
		buf_puts(out, i ? "," : ",\"session\":[");
		buf_putu(out, s.n[i]);
	}
	buf_puts(out, s.known ? "]" : "");
	if (s.helo_before.n)
		put_env(out, "helo_before", "helo_before_hex", s.helo_before);
	if (transaction_rcpts_get(t))
		put_number(out, "recipients", transaction_rcpts_get(t));
}

static void
put_client(struct buf *out, const struct record_out *r)
{
	buf_puts(out, ",\"client\":{\"ip\":\"");
	ip_print(transaction_client(r->transaction), out);
	buf_putc(out, '"');
	if (r->port)
		put_number(out, "port", r->port);
	buf_putc(out, '}');
}

static void
put_rcpts(struct buf *out, const struct record_out *r)
{
	uint64_t longest = 0;

	buf_puts(out, ",\"rcpt\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_puts(out, i ? "," : "");
		(void)json_put_text(out, str_slice(r->rcpt[i].rcpt, 0, RECORD_PUT_RCPT));
		longest = r->rcpt[i].took_us > longest ? r->rcpt[i].took_us : longest;
	}
	buf_putc(out, ']');
	if (r->queue_id.n)
		put_text(out, "queue", r->queue_id, TEXT_MAX);
	put_literal(out, "way", r->way);
	put_number(out, "settings", r->settings);
	put_number(out, "took_us", longest);
	buf_puts(out, ",\"verdicts\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_puts(out, i ? "," : "");
		put_verdict(out, r, &r->rcpt[i]);
	}
	buf_putc(out, ']');
}

/* One item of a list, taken back where it goes beyond the limit, so that what stands there is
 * whole. */
struct items {
	struct buf *out;
	size_t limit, max, before;
	bool any, cut;
};

static void
begin_item(struct items *l)
{
	l->before = l->out->n;
	l->out->max = l->limit;
	buf_puts(l->out, l->any ? "," : "");
}

static void
end_item(struct items *l)
{
	l->out->max = l->max;
	if (l->out->cut) {
		l->out->n = l->before;
		l->out->cut = false;
		l->cut = true;
	} else {
		l->any = true;
	}
}

static bool
put_findings(struct buf *out, const struct record_out *r, size_t limit)
{
	struct items l = {.out = out, .limit = limit, .max = out->max};
	struct result result = transaction_result(r->transaction);
	const struct verdict *v = gravest(r);

	buf_puts(out, ",\"findings\":[");
	for (size_t i = 0; i < result.n; i++) {
		begin_item(&l);
		put_finding(out, r, v, result.finding[i]);
		end_item(&l);
	}
	buf_putc(out, ']');
	return !l.cut;
}

static bool
put_facts(struct buf *out, const struct record_out *r, size_t limit)
{
	struct items l = {.out = out, .limit = limit, .max = out->max};

	buf_puts(out, ",\"facts\":[");
	for (size_t i = 0; i < transaction_facts(r->transaction); i++) {
		const struct fact *f = transaction_fact(r->transaction, i);
		if (!is_known(f))
			continue;
		begin_item(&l);
		put_fact(out, f);
		end_item(&l);
	}
	buf_putc(out, ']');
	return !l.cut;
}

void
record_put(const struct record_out *r, struct buf *out)
{
	const struct transaction *t = r->transaction;
	int64_t now = transaction_now(t);

	buf_puts(out, "{\"v\":1,\"id\":");
	(void)json_put_text(out, r->id);
	put_number(out, "time", now > 0 ? (uint64_t)now : 0);
	put_client(out, r);
	put_env(out, "helo", "helo_hex", transaction_env_get(t, ENV_HELO));
	put_env(out, "from", "from_hex", transaction_env_get(t, ENV_MAIL_FROM));
	put_session(out, t);
	if (transaction_result(r->transaction).sender_confirmed)
		buf_puts(out, ",\"confirmed\":true");
	put_rcpts(out, r);
	put_auth(out, r);
	put_lists(out, r);
	put_skip(out, r);
	out->cut |= out->max - out->n < TAIL_ROOM;
	if (out->cut)
		return;
	/* What stands so far is needed; the rest goes as far as it fits. */
	size_t limit = out->max - TAIL_ROOM;
	if (limit > RECORD_PUT_SOFT)
		limit = out->n > RECORD_PUT_SOFT ? out->n : RECORD_PUT_SOFT;
	bool whole = put_findings(out, r, limit);
	whole &= put_facts(out, r, limit > out->n ? limit : out->n);
	buf_puts(out, whole ? "}" : ",\"cut\":true}");
}
