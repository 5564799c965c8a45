/* cli/case_read: see case_read.h. */
#include "base/json_in.h"
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
get_str(struct arena *a, const struct json_in *o, const char *key)
{
	return arena_str(a, json_in_text(o, key));
}

static int64_t
get_int(const struct json_in *o, const char *key)
{
	int64_t n;

	return json_in_integer(json_in_get(o, key), &n) ? n : 0;
}

static int32_t
get_points(const struct json_in *o, const char *key)
{
	const struct json_in *v = json_in_get(o, key);
	int32_t points;

	return v && v->kind == JSON_IN_NUMBER && points_parse(v->text, &points) ? points : 0;
}

static enum verdict_kind
get_verdict(const struct json_in *o, const char *key, enum verdict_kind fallback)
{
	struct str word = json_in_text(o, key);

	for (int v = VERDICT_ACCEPT; v <= VERDICT_REJECT; v++)
		if (str_eq(word, str_of(verdict_name((enum verdict_kind)v))))
			return (enum verdict_kind)v;
	return fallback;
}

static struct action
get_action(const struct json_in *o)
{
	struct errbuf e = {0};
	struct action action = {ACTION_OFF, 0};
	struct str word = json_in_text(o, "action");

	if (str_eq(word, STR("score")))
		return (struct action){ACTION_SCORE, get_points(o, "points")};
	if (!action_parse(word, &action, &e) || action.kind == ACTION_SCORE ||
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
is_in(const struct json_in *list, struct str word)
{
	for (const struct json_in *v = list ? list->first : NULL; v; v = v->next)
		if (v->kind == JSON_IN_TEXT && str_eq(v->text, word))
			return true;
	return false;
}

/* Keys of evidence are ours; what else somebody wrote there is not shown. */
static bool
is_key(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= WORD_LIKE;
}

static void
read_finding(struct arena *a, const struct json_in *o, struct case_finding *f)
{
	const struct json_in *evidence = json_in_get(o, "evidence");
	const struct json_in *escaped = json_in_get(o, "escaped");

	f->id = str_slice(get_str(a, o, "id"), 0, WORD_LIKE);
	f->action = get_action(o);
	find_code(f);
	for (const struct json_in *v = evidence ? evidence->first : NULL; v; v = v->next) {
		if (f->finding.n == EVIDENCE_MAX || !is_key(v->name) || v->kind != JSON_IN_TEXT)
			continue;
		finding_note(&f->finding, arena_z(a, v->name),
			is_in(escaped, v->name) ? unescaped(a, v->text) : arena_str(a, v->text));
	}
}

static size_t
count(const struct json_in *list)
{
	size_t n = list && list->kind == JSON_IN_LIST ? list->n : 0;

	return n < ITEMS_MAX ? n : ITEMS_MAX;
}

bool
case_is_at_end(const struct json_in *verdict)
{
	return str_eq(json_in_text(verdict, "stage"), STR("message"));
}

static bool
was_judged_at_end(const struct record *r)
{
	const struct json_in *list = json_in_get(r->json, "verdicts");

	for (const struct json_in *v = list ? list->first : NULL; v; v = v->next)
		if (case_is_at_end(v))
			return true;
	return false;
}

bool
case_head(struct arena *a, const struct record *r, struct message_head *out)
{
	const struct json_in *list = json_in_get(r->json, "findings");
	struct findings *found = arena_new(a, struct findings);

	if (r->headers) {
		*out = r->head;
		return true;
	}
	if (!was_judged_at_end(r))
		return false;
	for (const struct json_in *v = list ? list->first : NULL; v; v = v->next) {
		struct case_finding f = {.check = NULL};
		read_finding(a, v, &f);
		if (f.check && str_eq(str_of(f.check), str_of(check_header.name)) &&
			found->n < FINDINGS_MAX)
			found->item[found->n++] = f.finding;
	}
	*out = (struct message_head){.found = found};
	return true;
}

static void
read_findings(struct arena *a, const struct json_in *list, struct stored_case *out)
{
	size_t n = count(list);
	const struct json_in *v = n ? list->first : NULL;

	out->finding = arena_calloc(a, n + 1, sizeof(*out->finding));
	out->n_findings = n;
	for (size_t i = 0; i < n; i++, v = v->next)
		read_finding(a, v, &out->finding[i]);
}

static void
read_rcpt(
	struct arena *a, const struct json_in *o, const struct stored_case *c, struct case_rcpt *r)
{
	int64_t code = get_int(o, "code");
	struct str main = get_str(a, o, "main");

	r->kind = get_verdict(o, "verdict", VERDICT_ACCEPT);
	r->would = get_verdict(o, "would", r->kind);
	r->score = get_points(o, "score");
	r->code = code >= 400 && code <= 599 ? (unsigned)code : 0;
	r->at_end = case_is_at_end(o);
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
read_rcpts(struct arena *a, const struct json_in *list, struct stored_case *out)
{
	const struct words *rcpt = &out->record.rcpt;
	size_t n = count(list);
	const struct json_in *v = n ? list->first : NULL;

	out->rcpt = arena_calloc(a, n + 1, sizeof(*out->rcpt));
	out->n_rcpts = n;
	for (size_t i = 0; i < n; i++, v = v->next) {
		read_rcpt(a, v, out, &out->rcpt[i]);
		out->rcpt[i].rcpt = i < rcpt->n ? rcpt->word[i] : STR("");
	}
}

bool
case_read(struct arena *a, struct str line, struct stored_case *out, struct errbuf *e)
{
	*out = (struct stored_case){.n_rcpts = 0};
	if (!record_parse(a, line, &out->record, e))
		return false;
	const struct json_in *root = out->record.json, *cut = json_in_get(root, "cut");
	const struct json_in *auth = json_in_get(root, "auth");
	out->way = get_str(a, root, "way");
	out->queue_id = get_str(a, root, "queue");
	out->iprev = get_str(a, auth, "iprev");
	out->spf_helo = get_str(a, auth, "spf_helo");
	out->spf_mailfrom = get_str(a, auth, "spf_mailfrom");
	out->settings = get_int(root, "settings");
	out->took_us = get_int(root, "took_us");
	out->cut = cut && cut->kind == JSON_IN_BOOL && cut->yes;
	read_findings(a, json_in_get(root, "findings"), out);
	read_rcpts(a, json_in_get(root, "verdicts"), out);
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
