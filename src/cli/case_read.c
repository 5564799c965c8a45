/* cli/case_read: see case_read.h. */
#include <jansson.h>

#include "checks/checks.h"
#include "cli/case_read.h"
#include "wire/reply.h"

#define ITEMS_MAX 1000 /* findings, recipients */
#define WORD_LIKE 64   /* bytes of an id or a key */

bool
case_id_parse(struct str s, char out[CASE_ID_SIZE])
{
	struct buf b = buf_on(out, CASE_ID_SIZE - 1);

	for (size_t i = 0; i < s.n; i++) {
		char c = chr_lower(s.p[i]);
		if (c == '-' || c == ' ')
			continue;
		if (!chr_is_alnum(c) || c == 'u')
			return false;
		if (b.n == 4 || b.n == 9)
			buf_putc(&b, '-');
		c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
		buf_putc(&b, chr_is_alpha(c) ? (char)(c - 32) : c);
	}
	out[b.n] = '\0';
	return b.n == CASE_ID_SIZE - 1 && !buf_is_cut(&b);
}

static struct str
get_str(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v)
		? arena_str(a, str_from(json_string_value(v), json_string_length(v)))
		: STR("");
}

static int64_t
get_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : 0;
}

static int32_t
get_points(const json_t *o, const char *key)
{
	double v = json_number_value(json_object_get(o, key)) * 100;

	if (!(v > -1e8 && v < 1e8))
		return 0;
	return (int32_t)(v < 0 ? v - 0.5 : v + 0.5);
}

static enum verdict_kind
get_verdict(const json_t *o, const char *key, enum verdict_kind fallback)
{
	const char *word = json_string_value(json_object_get(o, key));

	for (int v = VERDICT_ACCEPT; word && v <= VERDICT_REJECT; v++)
		if (strcmp(word, verdict_name((enum verdict_kind)v)) == 0)
			return (enum verdict_kind)v;
	return fallback;
}

static struct action
get_action(const json_t *o)
{
	struct errbuf e = {0};
	struct action action = {ACTION_OFF, 0};
	const char *word = json_string_value(json_object_get(o, "action"));

	if (!word)
		return action;
	if (strcmp(word, "score") == 0)
		return (struct action){ACTION_SCORE, get_points(o, "points")};
	if (!action_parse(str_of(word), &action, &e) || action.kind == ACTION_SCORE ||
		action.kind == ACTION_OWN)
		action.kind = ACTION_OFF;
	return action;
}

static void
find_code(struct case_finding *f)
{
	size_t n;
	const struct check *const *checks = checks_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < checks[i]->n_codes; k++)
			if (str_eq(f->id, str_of(checks[i]->codes[k].id))) {
				f->check = checks[i]->name;
				f->finding.code = &checks[i]->codes[k];
				f->finding.check = (uint8_t)i;
			}
}

/* Undo buf_put_escaped(); a backslash that begins no \DDD stands for itself. */
static struct str
unescaped(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint64_t byte;
		struct str ddd = str_slice(s, i + 1, i + 4);
		p[n++] = s.p[i];
		if (s.p[i] == '\\' && ddd.n == 3 && str_to_u64(ddd, UINT8_MAX, &byte)) {
			p[n - 1] = (char)byte;
			i += 3;
		}
	}
	return str_from(p, n);
}

static bool
is_in(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		if (s && strcmp(s, word) == 0)
			return true;
	}
	return false;
}

static void
read_finding(struct arena *a, const json_t *o, struct case_finding *f)
{
	json_t *evidence = json_object_get(o, "evidence");
	const json_t *escaped = json_object_get(o, "escaped");
	const char *key;
	json_t *value;

	f->id = str_slice(get_str(a, o, "id"), 0, WORD_LIKE);
	f->action = get_action(o);
	find_code(f);
	json_object_foreach(evidence, key, value)
	{
		struct str name = str_of(key);
		if (f->finding.n == EVIDENCE_MAX || name.n > WORD_LIKE || !json_is_string(value))
			continue;
		struct str text = str_from(json_string_value(value), json_string_length(value));
		finding_note(&f->finding, arena_z(a, name),
			is_in(escaped, key) ? unescaped(a, text) : arena_str(a, text));
	}
}

static void
read_findings(struct arena *a, const json_t *list, struct stored_case *out)
{
	size_t n = json_array_size(list);

	n = n < ITEMS_MAX ? n : ITEMS_MAX;
	out->finding = arena_calloc(a, n + 1, sizeof(*out->finding));
	out->n_findings = n;
	for (size_t i = 0; i < n; i++)
		read_finding(a, json_array_get(list, i), &out->finding[i]);
}

static void
read_rcpt(struct arena *a, const json_t *o, const struct stored_case *c, struct case_rcpt *r)
{
	int64_t code = get_int(o, "code");
	struct str main = get_str(a, o, "main");

	r->kind = get_verdict(o, "verdict", VERDICT_ACCEPT);
	r->would = get_verdict(o, "would", r->kind);
	r->score = get_points(o, "score");
	r->code = code >= 400 && code <= 599 ? (unsigned)code : 0;
	r->enhanced = get_str(a, o, "enhanced");
	r->reply = get_str(a, o, "reply");
	r->because = get_str(a, o, "because");
	r->exemption = get_str(a, o, "exemption");
	r->mailbox = get_str(a, o, "mailbox");
	for (size_t i = 0; i < c->n_findings && main.n; i++)
		if (str_eq(c->finding[i].id, main)) {
			r->main = &c->finding[i];
			break;
		}
}

static void
read_rcpts(struct arena *a, const json_t *list, struct stored_case *out)
{
	const struct words *rcpt = &out->record.rcpt;
	size_t n = json_array_size(list);

	n = n < ITEMS_MAX ? n : ITEMS_MAX;
	out->rcpt = arena_calloc(a, n + 1, sizeof(*out->rcpt));
	out->n_rcpts = n;
	for (size_t i = 0; i < n; i++) {
		read_rcpt(a, json_array_get(list, i), out, &out->rcpt[i]);
		out->rcpt[i].rcpt = i < rcpt->n ? rcpt->word[i] : STR("");
	}
}

bool
case_read(struct arena *a, struct str line, struct stored_case *out, struct errbuf *e)
{
	json_error_t why;

	*out = (struct stored_case){.n_rcpts = 0};
	if (!record_parse(a, line, &out->record, e))
		return false;
	json_t *root = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why);
	must(root); /* record_parse() has read the same */
	const json_t *auth = json_object_get(root, "auth");
	out->way = get_str(a, root, "way");
	out->queue_id = get_str(a, root, "queue");
	out->iprev = get_str(a, auth, "iprev");
	out->spf_helo = get_str(a, auth, "spf_helo");
	out->spf_mailfrom = get_str(a, auth, "spf_mailfrom");
	out->settings = get_int(root, "settings");
	out->took_us = get_int(root, "took_us");
	out->cut = json_is_true(json_object_get(root, "cut"));
	read_findings(a, json_object_get(root, "findings"), out);
	read_rcpts(a, json_object_get(root, "verdicts"), out);
	json_decref(root);
	return true;
}

void
case_done(struct stored_case *c)
{
	record_done(&c->record);
}

const struct case_rcpt *
case_worst(const struct stored_case *c)
{
	const struct case_rcpt *worst = NULL;

	for (size_t i = 0; i < c->n_rcpts; i++)
		if (!worst || c->rcpt[i].kind > worst->kind)
			worst = &c->rcpt[i];
	return worst;
}

struct str
case_reply(struct arena *a, const struct case_rcpt *r)
{
	char room[REPLY_MAX + 64];
	struct buf b = BUF(room), enhanced;
	char enhanced_room[16];

	if (!r->code)
		return STR("");
	enhanced = BUF(enhanced_room);
	buf_put_escaped(&enhanced, str_slice(r->enhanced, 0, 9), 9);
	reply_put_codes(&b, (uint16_t)r->code, ' ', buf_str(&enhanced));
	buf_putc(&b, ' ');
	reply_put_text(&b, r->reply, REPLY_MAX);
	return arena_str(a, buf_str(&b));
}
