/* cli/case_show: see case_show.h.  Here for the administrator and for programs. */
#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "cli/case_show.h"
#include "core/advice.h"
#include "core/texts.h"

#define WIDTH	  100
#define TEXT_ROOM 4096
#define MARGIN	  "          "

/* --- parts --- */

struct str
case_sentence(struct arena *a, const struct case_finding *f)
{
	char room[TEXT_ROOM];
	struct buf b = BUF(room);

	if (f->finding.code) {
		finding_fill(&f->finding, f->finding.code->text, &b);
		if (finding_why(&f->finding).n) {
			buf_puts(&b, " [");
			buf_put_escaped(&b, finding_why(&f->finding), 255);
			buf_putc(&b, ']');
		}
	} else {
		buf_puts(&b, "not known to this version:");
		for (size_t i = 0; i < f->finding.n; i++) {
			buf_putc(&b, ' ');
			buf_put_escaped(&b, str_of(f->finding.evidence[i].key), 64);
			buf_putc(&b, '=');
			buf_put_escaped(&b, f->finding.evidence[i].value, 255);
		}
	}
	return arena_str(a, buf_str(&b));
}

void
page_put_advice(
	const struct page *p, const char *margin, const struct finding *f, const struct record *r)
{
	struct arena a;
	struct advice advice;

	arena_init(&a, 4096, (size_t)1 << 20);
	if (advice_make(&a, f, r, &advice)) {
		fprintf(p->out, "%sThe record, as a line of a zone:\n", margin);
		fprintf(p->out, "%s    %.*s\n", margin, STR_ARG(advice.record));
		if (advice.more.n)
			fprintf(p->out, "%s    %.*s\n", margin, STR_ARG(advice.more));
		if (advice.made_up)
			fprintf(p->out,
				"%s(with the server's own full host name in the place of "
				"mail.example.com)\n",
				margin);
	}
	arena_done(&a);
}

/* --- for the administrator --- */

static void
show_client(const struct page *p, const struct stored_case *c)
{
	const struct record *r = &c->record;
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX];

	fputs("case      ", p->out);
	page_put(p, "1", r->id);
	fprintf(p->out, "  %s", clock_text(r->time, when));
	if (c->way.n) {
		fputs("  ", p->out);
		page_put(p, NULL, c->way);
	}
	if (c->queue_id.n) {
		fputs("  queue ", p->out);
		page_put(p, NULL, c->queue_id);
	}
	fprintf(p->out, "  settings %" PRId64 "\nclient    %s", c->settings,
		ip_text(&r->client, ip));
	if (r->has_helo) {
		fputs("  HELO ", p->out);
		page_put(p, NULL, r->helo);
	}
	if (r->has_from) {
		fputs("  from <", p->out);
		page_put(p, NULL, r->from);
		fputc('>', p->out);
	}
	fputc('\n', p->out);
}

static const char *
verdict_colour(enum verdict_kind k)
{
	return k == VERDICT_REJECT ? "1;31" : k == VERDICT_ACCEPT ? "1;32" : "1;33";
}

static void
show_line(const struct page *p, struct str text, const char *before)
{
	if (!text.n)
		return;
	fprintf(p->out, MARGIN "%s", before);
	page_put(p, NULL, text);
	fputc('\n', p->out);
}

static void
show_rcpt(const struct page *p, const struct case_rcpt *r, struct arena *a)
{
	char room[16];
	struct buf score = BUF(room);

	points_print(r->score, false, &score);
	fputs("to        <", p->out);
	page_put(p, NULL, r->rcpt);
	fputs(">: ", p->out);
	page_put(p, verdict_colour(r->kind), str_of(verdict_name(r->kind)));
	fprintf(p->out, ", score %.*s%s", STR_ARG(buf_str(&score)),
		r->at_end ? ", at the end of the message" : "");
	if (r->because.n && r->would != r->kind)
		fprintf(p->out, "; it would be %s", verdict_name(r->would));
	if (r->because.n) {
		fputs(": ", p->out);
		page_put(p, NULL, r->because);
	}
	fputc('\n', p->out);
	struct str reply = case_reply(a, r);
	if (reply.n)
		page_put_wrapped(p, MARGIN, MARGIN, reply, WIDTH);
	show_line(p, r->exemption, "exempt: ");
	show_line(p, r->mailbox, "mailbox: ");
}

static struct str
points_text(struct arena *a, struct action action)
{
	char room[16];
	struct buf b = BUF(room);

	if (action.kind == ACTION_SCORE)
		points_print(action.points, true, &b);
	else
		buf_puts(&b, action.kind == ACTION_OFF ? "-" : action_name(action.kind));
	return arena_str(a, buf_str(&b));
}

static void
show_finding(const struct page *p, const struct case_finding *f, bool first, struct arena *a)
{
	char start[128], id_room[70];
	struct buf id = BUF(id_room);

	buf_put_escaped(&id, f->id, 60);
	snprintf(start, sizeof(start), "%-10s%6.*s  %-21.*s ", first ? "findings" : "",
		STR_ARG(points_text(a, f->action)), STR_ARG(buf_str(&id)));
	page_put_wrapped(p, start, MARGIN MARGIN MARGIN MARGIN, case_sentence(a, f), WIDTH);
}

/* What is wrong, and how it is put right. */
static void
show_remedy(const struct page *p, const struct case_finding *f, const struct record *r)
{
	const struct finding_code *code = f->finding.code;
	char room[TEXT_ROOM];
	struct buf b = BUF(room);

	fputs("remedy    ", p->out);
	page_put(p, "1", f->id);
	fprintf(p->out, ": %s\n",
		code->temporary ? code->label : texts_english()->cause[code->cause].title);
	if (code->expected) {
		finding_fill(&f->finding, code->expected, &b);
		page_put_wrapped(p, MARGIN "expected: ", MARGIN MARGIN, buf_str(&b), WIDTH);
	}
	fprintf(p->out, MARGIN "who: %s\n", fixer_text(finding_fixer(code)));
	page_put_steps(p, MARGIN, &f->finding, WIDTH);
	page_put_advice(p, MARGIN, &f->finding, r);
}

static bool
wants_remedy(const struct case_finding *f)
{
	return f->finding.code && !f->finding.code->good && f->action.kind != ACTION_OFF;
}

static struct fact
fact_of(const struct record_fact *f)
{
	return (struct fact){
		.name = f->name, .kind = f->kind, .what = f->what, .answer = f->answer};
}

void
case_show(const struct page *p, const struct stored_case *c)
{
	const struct record *r = &c->record;
	struct arena a;

	arena_init(&a, 8192, (size_t)64 << 20);
	show_client(p, c);
	if (c->reported)
		fprintf(p->out, "reported  as %s\n", c->reported > 0 ? "spam" : "wanted");
	for (size_t i = 0; i < c->n_rcpts; i++)
		show_rcpt(p, &c->rcpt[i], &a);
	for (size_t i = 0; i < c->n_findings; i++)
		show_finding(p, &c->finding[i], i == 0, &a);
	for (size_t i = 0; i < c->n_findings; i++)
		if (wants_remedy(&c->finding[i]))
			show_remedy(p, &c->finding[i], r);
	for (size_t i = 0; i < r->n_facts; i++) {
		const struct fact f = fact_of(&r->fact[i]);
		fputs(i ? MARGIN : "asked     ", p->out);
		page_put_fact(p, &f);
	}
	if (c->cut)
		fputs(MARGIN "(more was found or asked than a case has room for)\n", p->out);
	arena_done(&a);
}

/* --- for programs --- */

static json_t *
word_or_none(struct str s)
{
	return s.n ? report_str(s) : json_string("none");
}

static json_t *
json_auth(const struct stored_case *c)
{
	json_t *auth = json_object();

	json_object_set_new(auth, "iprev", word_or_none(c->iprev));
	json_object_set_new(auth, "spf_helo", word_or_none(c->spf_helo));
	json_object_set_new(auth, "spf_mailfrom", word_or_none(c->spf_mailfrom));
	return auth;
}

static json_t *
json_finding(const struct case_finding *f)
{
	if (f->finding.code)
		return report_finding(&f->finding, f->check, f->action);
	json_t *o = json_object(), *evidence = json_object();
	json_object_set_new(o, "id", report_str(f->id));
	json_object_set_new(o, "action", json_string(action_name(f->action.kind)));
	json_object_set_new(o, "score", report_points(f->action.points));
	for (size_t i = 0; i < f->finding.n; i++)
		json_object_set_new(evidence, f->finding.evidence[i].key,
			report_str(f->finding.evidence[i].value));
	json_object_set_new(o, "evidence", evidence);
	return o;
}

static void
set_text(json_t *o, const char *key, struct str s)
{
	if (s.n)
		json_object_set_new(o, key, report_str(s));
}

static void
set_transaction(json_t *o, const struct stored_case *c)
{
	const struct record *r = &c->record;
	char when[CLOCK_TEXT_MAX], ip[IP_TEXT_MAX];

	json_object_set_new(o, "time", json_integer(r->time));
	json_object_set_new(o, "when", json_string(clock_text(r->time, when)));
	json_object_set_new(o, "client", json_string(ip_text(&r->client, ip)));
	if (r->has_helo)
		json_object_set_new(o, "helo", report_str(r->helo));
	if (r->has_from)
		json_object_set_new(o, "from", report_str(r->from));
	set_text(o, "way", c->way);
	set_text(o, "queue", c->queue_id);
	if (c->reported)
		json_object_set_new(o, "reported", json_string(c->reported > 0 ? "spam" : "ham"));
}

static void
show_json(FILE *out, const struct stored_case *c, const struct case_rcpt *r, struct arena *a)
{
	json_t *o = json_object(), *findings = json_array(), *facts = json_array();

	json_object_set_new(o, "id", report_str(c->record.id));
	json_object_set_new(o, "verdict", json_string(verdict_name(r->kind)));
	json_object_set_new(o, "code", r->code ? json_integer(r->code) : json_null());
	json_object_set_new(o, "enhanced", r->code ? report_str(r->enhanced) : json_null());
	json_object_set_new(o, "reply", r->code ? report_str(case_reply(a, r)) : json_null());
	json_object_set_new(o, "score", report_points(r->score));
	set_text(o, "rcpt", r->rcpt);
	if (r->because.n) {
		set_text(o, "because", r->because);
		json_object_set_new(o, "would", json_string(verdict_name(r->would)));
	}
	set_text(o, "exemption", r->exemption);
	set_text(o, "mailbox", r->mailbox);
	set_transaction(o, c);
	for (size_t i = 0; i < c->n_findings; i++)
		json_array_append_new(findings, json_finding(&c->finding[i]));
	json_object_set_new(o, "findings", findings);
	json_object_set_new(o, "auth", json_auth(c));
	for (size_t i = 0; i < c->record.n_facts; i++) {
		const struct fact f = fact_of(&c->record.fact[i]);
		json_array_append_new(facts, report_fact(&f));
	}
	json_object_set_new(o, "facts", facts);
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(o);
}

void
case_show_json(FILE *out, const struct stored_case *c)
{
	struct arena a;

	arena_init(&a, 4096, (size_t)64 << 20);
	for (size_t i = 0; i < c->n_rcpts; i++)
		show_json(out, c, &c->rcpt[i], &a);
	arena_done(&a);
}
