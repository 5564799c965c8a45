/* core/record: see record.h. */
#include "base/json_in.h"
#include "core/record.h"

#define REASON_MAX 100 /* bytes */
#define LINES_MAX  200 /* of a dialogue */

struct reader {
	struct arena *a;
	struct errbuf *e;
};

static bool
get_text(struct reader *r, const struct json_in *object, const char *key, bool needed,
	struct str *out)
{
	const struct json_in *v = json_in_get(object, key);

	if (!v) {
		*out = STR("");
		return needed ? err(r->e, "\"%s\" is missing", key) : true;
	}
	if (v->kind != JSON_IN_TEXT)
		return err(r->e, "\"%s\" is not a text", key);
	*out = arena_str(r->a, v->text);
	return true;
}

static bool
get_number(struct reader *r, const struct json_in *object, const char *key, int64_t min,
	int64_t max, int64_t fallback, int64_t *out)
{
	const struct json_in *v = json_in_get(object, key);

	*out = fallback;
	if (!v)
		return true;
	int64_t n;
	if (!json_in_integer(v, &n) || n < min || n > max)
		return err(r->e, "\"%s\" is not a whole number from %lld to %lld", key,
			(long long)min, (long long)max);
	*out = n;
	return true;
}

static bool
read_rr(struct reader *r, const struct json_in *list, enum dns_type type, struct answer *answer)
{
	size_t n = list->n;

	if (n > DNS_RR_MAX)
		return err(r->e, "more than %d records in one answer", DNS_RR_MAX);
	struct dns_rr *rr = arena_calloc(&answer->arena, n + 1, sizeof(*rr));
	size_t i = 0;
	for (const struct json_in *v = list->first; v; v = v->next, i++) {
		if (v->kind != JSON_IN_TEXT)
			return err(r->e, "record %zu in \"rr\" is not a text", i + 1);
		if (!dns_rr_parse(&answer->arena, type, v->text, &rr[i]))
			return err(r->e, "\"%.*s\" is no %s record",
				STR_ARG(str_slice(v->text, 0, 80)), dns_type_name(type));
	}
	answer->dns.rr = rr;
	answer->dns.n = n;
	return true;
}

static bool
read_answer(struct reader *r, const struct json_in *fact, enum dns_type type, struct answer *answer)
{
	static const struct {
		struct str word;
		enum dns_status status;
		bool nxdomain;
	} statuses[] = {
		{STR_INIT("ok"), DNS_OK, false},
		{STR_INIT("none"), DNS_NONE, false},
		{STR_INIT("nxdomain"), DNS_NONE, true},
		{STR_INIT("fail"), DNS_FAIL, false},
		{STR_INIT("stale"), DNS_STALE, false},
	};
	struct dns_answer *d = &answer->dns;
	const struct json_in *rr = json_in_get(fact, "rr");
	struct str word, alias, reason;
	int64_t ttl, seq;
	size_t i = 0;

	if (!get_text(r, fact, "status", true, &word) ||
		!get_text(r, fact, "alias", false, &alias) ||
		!get_text(r, fact, "reason", false, &reason) ||
		!get_number(r, fact, "ttl", 0, INT32_MAX, 300, &ttl) ||
		!get_number(r, fact, "seq", 0, INT64_MAX, 0, &seq))
		return false;
	while (i < COUNT(statuses) && !str_eq(word, statuses[i].word))
		i++;
	if (i == COUNT(statuses))
		return err(r->e, "status \"%.*s\" is none of ok, none, nxdomain, fail, stale",
			STR_ARG(word));
	d->status = statuses[i].status;
	d->nxdomain = statuses[i].nxdomain;
	d->ttl = (uint32_t)ttl;
	d->seq = (uint64_t)seq;
	if (d->status == DNS_FAIL)
		d->reason = reason.n ? arena_z(&answer->arena, str_slice(reason, 0, REASON_MAX))
				     : "recorded failure";
	if (alias.n && !dns_name_parse(&answer->arena, alias, &d->alias))
		return err(r->e, "alias \"%.*s\" is no domain name", STR_ARG(alias));
	if (rr && rr->kind != JSON_IN_LIST)
		return err(r->e, "\"rr\" is not a list");
	if (rr && !read_rr(r, rr, type, answer))
		return false;
	bool has = d->status == DNS_OK || d->status == DNS_STALE;
	if (has != (d->n > 0))
		return err(r->e, has ? "status %s without records" : "status %s with records",
			record_status(d));
	return true;
}

static bool
read_dns(struct reader *r, const struct json_in *item, struct str name, struct record_fact *out)
{
	struct str word;
	enum dns_type type;

	if (!get_text(r, item, "type", true, &word))
		return false;
	if (!dns_type_parse(word, &type))
		return err(r->e, "unknown record type \"%.*s\"", STR_ARG(word));
	if (!dns_name_parse(r->a, name, &out->name))
		return err(r->e, "\"%.*s\" is no domain name", STR_ARG(name));
	out->kind = FACT_DNS;
	out->what = type;
	out->hash = question_hash(out->name, type);
	out->answer = answer_new();
	return read_answer(r, item, type, out->answer);
}

static bool
read_numbers(struct reader *r, const struct json_in *item, struct history *h)
{
	const struct json_in *list = json_in_get(item, "n");

	if (!list || list->kind != JSON_IN_LIST || list->n != HISTORY_NUMBERS)
		return err(r->e, "\"n\" is not a list of %d numbers", HISTORY_NUMBERS);
	size_t i = 0;
	for (const struct json_in *v = list->first; v; v = v->next, i++)
		if (!json_in_integer(v, &h->n[i]))
			return err(r->e, "number %zu in \"n\" is no whole number", i + 1);
	return get_number(r, item, "score", -HISTORY_MAX, HISTORY_MAX, 0, &h->score) &&
		get_number(r, item, "age", 0, HISTORY_MAX, 0, &h->age_s) &&
		get_number(r, item, "idle", 0, HISTORY_MAX, 0, &h->idle_s);
}

static bool
read_history(struct reader *r, const struct json_in *item, struct str name, struct record_fact *out)
{
	struct history h = {.status = HISTORY_NONE};
	struct str word, status;
	enum history_kind what;

	if (!get_text(r, item, "what", true, &word) || !get_text(r, item, "status", true, &status))
		return false;
	if (!history_kind_parse(word, &what))
		return err(r->e, "nobody has a history as \"%.*s\"", STR_ARG(word));
	if (name.n == 0 || name.n > HISTORY_NAME_MAX)
		return err(r->e, "a history's name has 1 to %d bytes", HISTORY_NAME_MAX);
	if (str_eq(status, STR("ok")))
		h.status = HISTORY_OK;
	else if (str_eq(status, STR("fail")))
		h.status = HISTORY_FAIL;
	else if (!str_eq(status, STR("none")))
		return err(r->e, "status \"%.*s\" is none of ok, none, fail", STR_ARG(status));
	if (h.status == HISTORY_OK && !read_numbers(r, item, &h))
		return false;
	history_clamp(&h);
	out->name = name;
	out->kind = FACT_HISTORY;
	out->what = what;
	out->hash = history_hash(name, what);
	out->answer = answer_history(&h);
	return true;
}

static bool
read_texts(struct reader *r, const struct json_in *root, const char *key, struct words *out)
{
	const struct json_in *list = json_in_get(root, key);
	size_t n = list ? list->n : 0, i = 0;

	if (list && list->kind != JSON_IN_LIST)
		return err(r->e, "\"%s\" is not a list", key);
	if (n > RECORD_TEXTS_MAX)
		return err(r->e, "more than %d texts in \"%s\"", RECORD_TEXTS_MAX, key);
	struct str *word = arena_calloc(r->a, n + 1, sizeof(*word));
	for (const struct json_in *v = list ? list->first : NULL; v; v = v->next, i++) {
		if (v->kind != JSON_IN_TEXT)
			return err(r->e, "item %zu of \"%s\" is not a text", i + 1, key);
		word[i] = arena_str(r->a, v->text);
	}
	*out = (struct words){n, word};
	return true;
}

/* A list of texts, as one with LF between them. */
static bool
get_lines(struct reader *r, const struct json_in *item, const char *key, struct str *out)
{
	const struct json_in *list = json_in_get(item, key);
	struct words lines;
	size_t n = 0;

	*out = STR("");
	if (list && list->n > LINES_MAX)
		return err(r->e, "more than %d lines in \"%s\"", LINES_MAX, key);
	if (!list)
		return true;
	if (!read_texts(r, item, key, &lines))
		return false;
	for (size_t i = 0; i < lines.n; i++)
		n += lines.word[i].n + 1;
	struct buf b = buf_on(arena_alloc(r->a, n + 1), n + 1);
	for (size_t i = 0; i < lines.n; i++) {
		buf_puts(&b, i ? "\n" : "");
		buf_put(&b, lines.word[i]);
	}
	*out = buf_str(&b);
	return true;
}

static bool
read_callout(struct reader *r, const struct json_in *item, struct str name, struct record_fact *out)
{
	struct callout c = {.status = CALLOUT_UNKNOWN};
	struct str status, ip;
	int64_t code;

	if (!get_text(r, item, "status", true, &status) ||
		!get_number(r, item, "code", 0, 599, 0, &code) ||
		!get_text(r, item, "stage", false, &c.stage) ||
		!get_text(r, item, "reason", false, &c.reason) ||
		!get_text(r, item, "said", false, &c.said) ||
		!get_text(r, item, "mx", false, &c.mx) || !get_text(r, item, "ip", false, &ip) ||
		!get_lines(r, item, "transcript", &c.transcript))
		return false;
	if (!callout_status_parse(status, &c.status))
		return err(r->e, "status \"%.*s\" is none of a callout", STR_ARG(status));
	if (ip.n && !ip_parse(ip, &c.ip))
		return err(r->e, "\"%.*s\" is no address", STR_ARG(ip));
	c.code = (unsigned)code;
	out->name = name;
	out->kind = FACT_CALLOUT;
	out->what = 0;
	out->hash = callout_hash(name);
	out->answer = answer_callout(&c);
	return true;
}

static bool
read_fact(struct reader *r, const struct json_in *item, struct record_fact *out)
{
	struct str kind, name;

	if (!get_text(r, item, "q", true, &kind) || !get_text(r, item, "name", true, &name))
		return false;
	if (str_eq(kind, STR("dns")))
		return read_dns(r, item, name, out);
	if (str_eq(kind, STR("history")))
		return read_history(r, item, name, out);
	if (str_eq(kind, STR("callout")))
		return read_callout(r, item, name, out);
	return err(r->e, "unknown kind of fact \"%.*s\"", STR_ARG(kind));
}

static bool
read_facts(struct reader *r, const struct json_in *list, struct record *out)
{
	size_t n = list ? list->n : 0, i = 0;

	if (list && list->kind != JSON_IN_LIST)
		return err(r->e, "\"facts\" is not a list");
	if (n > RECORD_FACTS_MAX)
		return err(r->e, "more than %d facts", RECORD_FACTS_MAX);
	out->fact = arena_calloc(r->a, n + 1, sizeof(*out->fact));
	for (const struct json_in *item = list ? list->first : NULL; item; item = item->next, i++) {
		out->n_facts = i + 1; /* also a half-read one is to be given back */
		if (!read_fact(r, item, &out->fact[i]))
			return false;
		out->has_history |= out->fact[i].kind == FACT_HISTORY;
		out->has_callout |= out->fact[i].kind == FACT_CALLOUT;
	}
	return true;
}

/* What a stranger said: a text, or, where it is none, its bytes under hex_key. */
static bool
get_bytes(struct reader *r, const struct json_in *root, const char *key, const char *hex_key,
	struct str *out, bool *has_out)
{
	struct str hex;

	*has_out = json_in_text(root, key).p != NULL;
	if (!get_text(r, root, key, false, out) || !get_text(r, root, hex_key, false, &hex))
		return false;
	if (!hex.n)
		return true;
	char *p = arena_alloc(r->a, hex.n / 2 + 1);
	for (size_t i = 0; i < hex.n / 2; i++) {
		int high = chr_hex(hex.p[2 * i]), low = chr_hex(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return err(r->e, "\"%s\" has no hexadecimal digits", hex_key);
		p[i] = (char)(high << 4 | low);
	}
	if (hex.n % 2)
		return err(r->e, "\"%s\" has half a byte", hex_key);
	*out = str_from(p, hex.n / 2);
	*has_out = true;
	return true;
}

/* Sixteen hexadecimal digits, as numbers of JSON do not have 64 bits. */
static bool
read_canary(struct reader *r, const struct json_in *root, uint64_t *out)
{
	struct str text;

	*out = 0;
	if (!get_text(r, root, "canary", false, &text))
		return false;
	if (text.n > 16)
		return err(r->e, "\"canary\" has more than 16 digits");
	for (size_t i = 0; i < text.n; i++) {
		int digit = chr_hex(text.p[i]);
		if (digit < 0)
			return err(r->e, "\"canary\" is no hexadecimal number");
		*out = *out << 4 | (unsigned)digit;
	}
	return true;
}

static bool
read_client(struct reader *r, const struct json_in *client, struct record *out)
{
	struct str ip;
	int64_t port;

	if (!client || client->kind != JSON_IN_OBJECT)
		return err(r->e, "\"client\" is missing or no object");
	if (!get_text(r, client, "ip", true, &ip) ||
		!get_number(r, client, "port", 0, 65535, 0, &port))
		return false;
	if (!ip_parse(ip, &out->client))
		return err(r->e, "\"%.*s\" is no address", STR_ARG(ip));
	out->port = (uint16_t)port;
	return true;
}

static bool
read_headers(struct reader *r, const struct json_in *root, struct record *out)
{
	const struct json_in *utf8 = json_in_get(root, "smtputf8");
	struct str section;
	bool has;

	if (!get_bytes(r, root, "headers", "headers_hex", &section, &has))
		return false;
	if (!has)
		return true;
	out->headers = arena_new(r->a, struct headers);
	headers_init(out->headers, r->a);
	(void)headers_read(out->headers, section);
	out->head = (struct message_head){.headers = out->headers,
		.smtputf8 = utf8 && utf8->kind == JSON_IN_BOOL && utf8->yes};
	return true;
}

static bool
read_session(struct reader *r, const struct json_in *root, struct record *out)
{
	const struct json_in *list = json_in_get(root, "session");
	struct session *s = &out->session;
	int64_t n, n_rcpts;
	bool has;

	if (!get_number(r, root, "recipients", 0, INT32_MAX, 0, &n_rcpts) ||
		!get_bytes(r, root, "helo_before", "helo_before_hex", &s->helo_before, &has))
		return false;
	out->n_rcpts = (unsigned)n_rcpts;
	if (!list)
		return true;
	if (list->kind != JSON_IN_LIST || list->n != SESSION_NUMBERS)
		return err(r->e, "\"session\" is not a list of %d numbers", SESSION_NUMBERS);
	size_t i = 0;
	for (const struct json_in *v = list->first; v; v = v->next, i++) {
		if (!json_in_integer(v, &n) || n < 0 || n > INT32_MAX)
			return err(r->e, "number %zu in \"session\" is no count", i + 1);
		s->n[i] = (uint32_t)n;
	}
	s->known = true;
	return true;
}

static struct answer *
find(const struct record *r, enum fact_kind kind, unsigned what, struct str name, uint64_t hash)
{
	for (size_t i = 0; i < r->n_facts; i++) {
		const struct record_fact *f = &r->fact[i];
		if (f->hash == hash && f->kind == kind && f->what == what && str_eq(f->name, name))
			return answer_ref(f->answer);
	}
	return NULL;
}

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	const struct record *r = (struct record *)s;
	struct answer *a = find(r, FACT_DNS, type, name, hash);

	return a ? a : answer_ref(r->unknown);
}

static struct answer *
lookup_history(struct history_source *s, struct str name, enum history_kind what, uint64_t hash)
{
	const struct record *r = (const void *)((const char *)s - offsetof(struct record, history));
	struct answer *a = find(r, FACT_HISTORY, what, name, hash);

	return a ? a : answer_history(&(struct history){.status = HISTORY_UNKNOWN});
}

struct history_source *
record_history(struct record *r)
{
	return r->has_history ? &r->history : NULL;
}

static struct answer *
lookup_callout(struct callout_source *s, struct str address, uint64_t hash)
{
	const struct record *r =
		(const void *)((const char *)s - offsetof(struct record, callouts));
	struct answer *a = find(r, FACT_CALLOUT, 0, address, hash);

	return a ? a : answer_callout(&(struct callout){.status = CALLOUT_UNKNOWN});
}

struct callout_source *
record_callouts(struct record *r)
{
	return r->has_callout ? &r->callouts : NULL;
}

static bool
read_record(struct reader *r, const struct json_in *root, struct record *out)
{
	struct str unknown;
	int64_t version;

	if (root->kind != JSON_IN_OBJECT)
		return err(r->e, "a record is a JSON object");
	if (!get_number(r, root, "v", 1, 1, 1, &version) ||
		!get_text(r, root, "id", false, &out->id) ||
		!get_number(r, root, "time", 0, INT64_MAX, 0, &out->time) ||
		!read_client(r, json_in_get(root, "client"), out) ||
		!get_bytes(r, root, "helo", "helo_hex", &out->helo, &out->has_helo) ||
		!get_bytes(r, root, "from", "from_hex", &out->from, &out->has_from) ||
		!get_text(r, root, "unknown", false, &unknown) ||
		!read_texts(r, root, "rcpt", &out->rcpt) ||
		!read_texts(r, root, "suspended", &out->suspended) || !read_headers(r, root, out) ||
		!read_session(r, root, out) || !read_canary(r, root, &out->canary))
		return false;
	if (unknown.n && !str_eq(unknown, STR("none")) && !str_eq(unknown, STR("fail")))
		return err(r->e, "\"unknown\" is neither none nor fail");
	if (str_eq(unknown, STR("none"))) {
		out->unknown = answer_new();
		out->unknown->dns = (struct dns_answer){.status = DNS_NONE, .nxdomain = true};
	} else {
		out->unknown = answer_fail("not recorded");
	}
	return read_facts(r, json_in_get(root, "facts"), out);
}

bool
record_parse(struct arena *a, struct str line, struct record *out, struct errbuf *e)
{
	struct reader r = {a, e};
	struct record record = {.source = {.lookup = lookup},
		.history = {.lookup = lookup_history},
		.callouts = {.lookup = lookup_callout}};
	struct json_in_error why;

	if (line.n > RECORD_LINE_MAX)
		return err(e, "the record is longer than %zu bytes", RECORD_LINE_MAX);
	const struct json_in *root = json_in_parse(a, line, &why);
	if (!root)
		return err(e, "no JSON: %s (at byte %zu)", why.why, why.at);
	record.json = root;
	bool ok = read_record(&r, root, &record);
	if (ok)
		*out = record;
	else
		record_done(&record);
	return ok;
}

void
record_done(struct record *r)
{
	for (size_t i = 0; i < r->n_facts; i++)
		answer_unref(r->fact[i].answer);
	answer_unref(r->unknown);
	r->n_facts = 0;
	r->unknown = NULL;
}

const char *
record_status(const struct dns_answer *a)
{
	switch (a->status) {
	case DNS_OK:
		return "ok";
	case DNS_NONE:
		return a->nxdomain ? "nxdomain" : "none";
	case DNS_STALE:
		return "stale";
	case DNS_FAIL:
		break;
	}
	return "fail";
}
