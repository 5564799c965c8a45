/* cli/report: see report.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "checks/dnsbl.h"
#include "cli/report.h"
#include "core/record.h"
#include "core/texts.h"
#include "wire/reply.h"

#define TEXT_MAX 2048

void
page_put_duration(const struct page *p, uint64_t s)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (i < COUNT(units) - 1 && s < units[i].s)
		i++;
	fprintf(p->out, "%" PRIu64 " %s", s / units[i].s, units[i].name);
	if (i < COUNT(units) - 1 && s % units[i].s / units[i + 1].s)
		fprintf(p->out, " %" PRIu64 " %s", s % units[i].s / units[i + 1].s,
			units[i + 1].name);
}

void
page_put_size(const struct page *p, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB"};
	double n = (double)bytes / 1024;
	size_t i = 0;

	while (i < COUNT(units) - 1 && n >= 1024) {
		n /= 1024;
		i++;
	}
	fprintf(p->out, "%.1f %s", n, units[i]);
}

bool
report_wants_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fileno(out)) && (!no || !*no);
}

/* JSON is UTF-8 and terminals obey control bytes: strangers' bytes go out escaped. */
json_t *
report_str(struct str s)
{
	char room[TEXT_MAX * 4];
	struct buf b = BUF(room);

	buf_put_escaped(&b, s, TEXT_MAX);
	return json_stringn_nocheck(b.p, b.n);
}

json_t *
report_points(int32_t hundredths)
{
	return json_real((double)hundredths / 100);
}

static json_t *
json_template(const struct finding *f, const char *template)
{
	char room[TEXT_MAX];
	struct buf b = BUF(room);

	finding_fill(f, template, &b);
	return json_stringn_nocheck(b.p, b.n);
}

/* The steps of the cause whose places the evidence can fill.  The cause of a temporary finding
 * speaks of mail that cannot be delivered; here only somebody's DNS is to be mended. */
static json_t *
json_steps(const struct finding *f)
{
	const struct cause_text *cause = &texts_english()->cause[f->code->cause];
	json_t *steps = json_array();

	if (f->code->temporary)
		json_array_append_new(steps, json_template(f, f->code->fix));
	for (size_t i = f->code->temporary ? CAUSE_STEPS_MAX : 0;
		i < CAUSE_STEPS_MAX && cause->steps[i]; i++) {
		char room[TEXT_MAX];
		struct buf b = BUF(room);
		if (finding_fill(f, cause->steps[i], &b))
			json_array_append_new(steps, json_stringn_nocheck(b.p, b.n));
	}
	return steps;
}

json_t *
report_finding(const struct finding *f, const char *check, struct action a)
{
	const struct cause *cause = cause_get(f->code->cause);
	json_t *evidence = json_object();
	json_t *o = json_object();

	for (size_t i = 0; i < f->n; i++)
		json_object_set_new(evidence, f->evidence[i].key, report_str(f->evidence[i].value));
	json_object_set_new(o, "id", json_string(f->code->id));
	json_object_set_new(o, "check", json_string(check));
	json_object_set_new(o, "action", json_string(action_name(a.kind)));
	json_object_set_new(o, "score", report_points(a.kind == ACTION_SCORE ? a.points : 0));
	json_object_set_new(o, "text", json_template(f, f->code->text));
	if (f->code->fix)
		json_object_set_new(o, "fix", json_template(f, f->code->fix));
	if (!f->code->good) {
		json_object_set_new(o, "cause", json_string(cause->id));
		json_object_set_new(o, "fixer", json_string(fixer_name(finding_fixer(f->code))));
		json_object_set_new(o, "steps", json_steps(f));
	}
	json_object_set_new(o, "evidence", evidence);
	return o;
}

static json_t *
json_history(const struct fact *f)
{
	json_t *o = json_object(), *numbers = json_array();
	const struct history *h = f->answer ? &f->answer->history : NULL;

	json_object_set_new(o, "q", json_string("history"));
	json_object_set_new(o, "what", json_string(history_kind_name(f->history)));
	json_object_set_new(o, "name", report_str(f->name));
	json_object_set_new(o, "status", json_string(h ? history_status_name(h->status) : "open"));
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		json_array_append_new(numbers, json_integer(h ? h->n[i] : 0));
	if (!h || h->status != HISTORY_OK) {
		json_decref(numbers);
		return o;
	}
	json_object_set_new(o, "n", numbers);
	json_object_set_new(o, "score", json_integer(h->score));
	json_object_set_new(o, "age", json_integer(h->age_s));
	json_object_set_new(o, "idle", json_integer(h->idle_s));
	return o;
}

static json_t *
json_dns(const struct fact *f)
{
	json_t *o = json_object();
	const struct dns_answer *a = f->answer ? &f->answer->dns : NULL;

	json_object_set_new(o, "q", json_string("dns"));
	json_object_set_new(o, "name", report_str(f->name));
	json_object_set_new(o, "type", json_string(dns_type_name(f->type)));
	if (!a) {
		json_object_set_new(o, "status", json_string("open"));
		return o;
	}
	json_object_set_new(o, "status", json_string(record_status(a)));
	if (a->status == DNS_FAIL) {
		if (a->reason)
			json_object_set_new(o, "reason", json_string(a->reason));
		return o;
	}
	json_object_set_new(o, "ttl", json_integer(a->ttl));
	if (a->alias.n)
		json_object_set_new(o, "alias", report_str(a->alias));
	if (a->seq)
		json_object_set_new(o, "seq", json_integer((json_int_t)a->seq));
	if (!a->n)
		return o;
	json_t *rr = json_array();
	for (size_t i = 0; i < a->n; i++) {
		static char room[DNS_ANSWER_MAX * 4]; /* a TXT of the largest size, escaped */
		struct buf b = BUF(room);
		dns_rr_print(f->type, &a->rr[i], &b);
		json_array_append_new(rr, json_stringn_nocheck(b.p, b.n));
	}
	json_object_set_new(o, "rr", rr);
	return o;
}

json_t *
report_lines(struct str text)
{
	json_t *lines = json_array();
	struct str line;

	while (text.n && str_split(&text, '\n', &line))
		json_array_append_new(lines, report_str(line));
	return lines;
}

static json_t *
json_callout(const struct fact *f)
{
	const struct callout *c = &f->answer->callout;
	json_t *o = json_object();
	char ip[IP_TEXT_MAX];

	json_object_set_new(o, "q", json_string("callout"));
	json_object_set_new(o, "name", report_str(f->name));
	json_object_set_new(o, "status", json_string(callout_status_name(c->status)));
	if (c->code)
		json_object_set_new(o, "code", json_integer(c->code));
	json_object_set_new(o, "stage", report_str(c->stage));
	if (c->reason.n)
		json_object_set_new(o, "reason", report_str(c->reason));
	if (c->said.n)
		json_object_set_new(o, "said", report_str(c->said));
	if (c->mx.n)
		json_object_set_new(o, "mx", report_str(c->mx));
	if (c->ip.len)
		json_object_set_new(o, "ip", json_string(ip_text(&c->ip, ip)));
	if (c->transcript.n)
		json_object_set_new(o, "transcript", report_lines(c->transcript));
	return o;
}

/* NULL: nothing that a record needs. */
json_t *
report_fact(const struct fact *f)
{
	switch (f->kind) {
	case FACT_DNS:
		break;
	case FACT_HISTORY:
		if (f->answer && f->answer->history.status == HISTORY_UNKNOWN)
			return NULL;
		return json_history(f);
	case FACT_CALLOUT:
		if (!f->answer || f->answer->callout.status == CALLOUT_UNKNOWN)
			return NULL;
		return json_callout(f);
	}
	return json_dns(f);
}

/* As it goes out to a policy server: printable, strangers' bytes in it are escaped already. */
static struct str
whole_reply(const struct verdict *v, struct buf *b)
{
	reply_put_codes(b, v->code, ' ', v->enhanced);
	buf_putc(b, ' ');
	reply_put_text(b, v->one_line, REPLY_MAX);
	return buf_str(b);
}

static json_t *
json_reply(const struct verdict *v)
{
	char room[REPLY_MAX + 32];
	struct buf b = BUF(room);
	struct str reply = v->code ? whole_reply(v, &b) : STR("");

	return v->code ? json_stringn_nocheck(reply.p, reply.n) : json_null();
}

static json_t *
json_auth(const struct result *r)
{
	json_t *auth = json_object();

	json_object_set_new(auth, "iprev", json_string(auth_result_name(r->iprev)));
	if (r->confirmed.n)
		json_object_set_new(auth, "iprev_name", report_str(r->confirmed));
	json_object_set_new(auth, "spf_helo", json_string(auth_result_name(r->spf_helo)));
	json_object_set_new(auth, "spf_mailfrom", json_string(auth_result_name(r->spf_mailfrom)));
	if (r->spf_explanation.n)
		json_object_set_new(auth, "spf_explanation", report_str(r->spf_explanation));
	return auth;
}

/* What a record needs besides facts where DNS lists were asked (core/record.h). */
static void
add_lists(json_t *o, const struct dnsbl_set *set, struct lists_now now)
{
	char hex[17];

	if (!set || !set->n || !now.canary)
		return;
	json_t *names = json_array();
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)now.canary);
	json_object_set_new(o, "canary", json_string(hex));
	for (size_t i = 0; i < set->n; i++)
		if (now.suspended >> i & 1)
			json_array_append_new(names, report_str(set->list[i].name));
	json_object_set_new(o, "suspended", names);
}

static void
report_json(FILE *out, struct str id, const struct decision *d, const struct transaction *txn)
{
	const struct verdict *v = d->verdict;
	json_t *o = json_object(), *findings = json_array(), *facts = json_array();

	json_object_set_new(o, "id", report_str(id));
	json_object_set_new(o, "verdict", json_string(verdict_name(v->kind)));
	json_object_set_new(o, "code", v->code ? json_integer(v->code) : json_null());
	json_object_set_new(o, "enhanced", v->code ? report_str(v->enhanced) : json_null());
	json_object_set_new(o, "reply", json_reply(v));
	json_object_set_new(o, "score", report_points(v->score));
	if (d->rcpt.n)
		json_object_set_new(o, "rcpt", report_str(d->rcpt));
	if (v->because) {
		json_object_set_new(o, "because", json_string(v->because));
		json_object_set_new(o, "would", json_string(verdict_name(v->would)));
	}
	if (v->exemption)
		json_object_set_new(o, "exemption", report_str(v->exemption->text));
	if (v->mailbox.n)
		json_object_set_new(o, "mailbox", report_str(v->mailbox));
	for (size_t i = 0; d->result && i < d->result->n; i++) {
		const struct finding *f = d->result->finding[i];
		const struct check_set *checks = &d->generation->checks;
		json_array_append_new(findings,
			report_finding(f, checks->check[f->check]->name,
				policy_action_in(v, checks, f, &d->client->ip)));
	}
	json_object_set_new(o, "findings", findings);
	if (d->result)
		json_object_set_new(o, "auth", json_auth(d->result));
	for (size_t i = 0; txn && i < transaction_facts(txn); i++)
		(void)json_array_append_new(facts, report_fact(transaction_fact(txn, i)));
	json_object_set_new(o, "facts", facts);
	if (txn)
		add_lists(o, d->generation->site.lists, transaction_lists(txn));
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(o);
}

/* Lines for people. */

void
page_put(const struct page *p, const char *colour, struct str s)
{
	char room[TEXT_MAX * 4];
	struct buf b = BUF(room);

	buf_put_escaped(&b, s, TEXT_MAX);
	if (p->colour && colour)
		fprintf(p->out, "\033[%sm%.*s\033[0m", colour, STR_ARG(buf_str(&b)));
	else
		fprintf(p->out, "%.*s", STR_ARG(buf_str(&b)));
}

size_t
page_columns(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

void
page_put_wrapped(
	const struct page *p, const char *first, const char *margin, struct str text, size_t width)
{
	size_t at = page_columns(str_of(first));
	bool begun = false;
	struct str word;

	fputs(first, p->out);
	while (str_word(&text, &word)) {
		size_t columns = page_columns(word);
		if (begun && at + 1 + columns > width) {
			fprintf(p->out, "\n%s", margin);
			at = strlen(margin);
			begun = false;
		}
		fprintf(p->out, "%s%.*s", begun ? " " : "", STR_ARG(word));
		at += columns + begun;
		begun = true;
	}
	fputc('\n', p->out);
}

static const char *
verdict_colour(enum verdict_kind k)
{
	static const char *const colours[] = {[VERDICT_ACCEPT] = "1;32",
		[VERDICT_TAG] = "1;33",
		[VERDICT_QUARANTINE] = "1;33",
		[VERDICT_DEFER] = "1;33",
		[VERDICT_REJECT] = "1;31"};

	return colours[k];
}

static void
print_verdict(const struct page *p, const struct decision *d)
{
	const struct verdict *v = d->verdict;
	char points[16], at[16], room[REPLY_MAX + 32];
	struct buf b = BUF(points), c = BUF(at), reply = BUF(room);

	points_print(v->score, false, &b);
	points_print((v->policy ? v->policy : &d->generation->policy)->reject_at, false, &c);
	fputs("verdict   ", p->out);
	page_put(p, verdict_colour(v->kind), str_of(verdict_name(v->kind)));
	if (d->result)
		fprintf(p->out, ", score %.*s (refused from %.*s on)", STR_ARG(buf_str(&b)),
			STR_ARG(buf_str(&c)));
	if (v->because && v->would != v->kind)
		fprintf(p->out, "; it would be %s: %s", verdict_name(v->would), v->because);
	else if (v->because)
		fprintf(p->out, ": %s", v->because);
	fputc('\n', p->out);
	if (v->code) {
		fputs("reply     ", p->out);
		struct str text = whole_reply(v, &reply);
		fprintf(p->out, "%.*s\n", STR_ARG(text));
	}
	if (v->exemption) {
		fputs("exempt    ", p->out);
		page_put(p, NULL, v->exemption->text);
		fputc('\n', p->out);
	}
	if (v->mailbox.n) {
		fputs("mailbox   ", p->out);
		page_put(p, NULL, v->mailbox);
		fputc('\n', p->out);
	}
}

static void
print_finding(const struct page *p, const struct decision *d, const struct finding *f, bool first)
{
	const struct generation *g = d->generation;
	struct action a = policy_action_in(d->verdict, &g->checks, f, &d->client->ip);
	char room[TEXT_MAX], points[16];
	struct buf b = BUF(room), pts = BUF(points);

	if (a.kind == ACTION_SCORE)
		points_print(a.points, true, &pts);
	else
		buf_puts(&pts, a.kind == ACTION_OFF ? "-" : action_name(a.kind));
	finding_fill(f, f->code->text, &b);
	if (finding_why(f).n) {
		buf_puts(&b, " [");
		buf_put_escaped(&b, finding_why(f), 255);
		buf_putc(&b, ']');
	}
	fprintf(p->out, "%-10s%6.*s  %-21s %.*s\n", first ? "findings" : "", STR_ARG(buf_str(&pts)),
		f->code->id, STR_ARG(buf_str(&b)));
}

void
page_put_steps(const struct page *p, const char *margin, const struct finding *f, size_t width)
{
	json_t *steps = json_steps(f), *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		char first[64], next[64];
		snprintf(first, sizeof(first), "%s%zu. ", margin, i + 1);
		snprintf(next, sizeof(next), "%s   ", margin);
		page_put_wrapped(p, first, next, str_of(json_string_value(step)), width);
	}
	json_decref(steps);
}

static void
print_remedy(const struct page *p, const struct finding *f)
{
	const char *title = texts_english()->cause[f->code->cause].title;

	fprintf(p->out, "remedy    %s\n", f->code->temporary ? f->code->label : title);
	fprintf(p->out, "          who: %s\n", fixer_text(finding_fixer(f->code)));
	page_put_steps(p, "          ", f, SIZE_MAX);
}

static void
print_dns(const struct page *p, const struct fact *f)
{
	const struct dns_answer *a = f->answer ? &f->answer->dns : NULL;

	fprintf(p->out, "%-5s ", dns_type_name(f->type));
	page_put(p, NULL, f->name);
	fputs(" -> ", p->out);
	if (a && a->alias.n) {
		fputs("alias of ", p->out);
		page_put(p, NULL, a->alias);
		fputs(": ", p->out);
	}
	for (size_t k = 0; a && k < a->n && k < 5; k++) {
		char room[TEXT_MAX];
		struct buf b = BUF(room);
		dns_rr_print(f->type, &a->rr[k], &b);
		fputs(k ? ", " : "", p->out);
		fwrite(b.p, 1, b.n, p->out); /* presentation form: printable already */
	}
	if (a && a->n > 5)
		fprintf(p->out, " and %zu more", a->n - 5);
	if (!a || !a->n)
		fputs(a ? record_status(a) : "open", p->out);
	if (a && a->status == DNS_FAIL && a->reason) {
		fputs(": ", p->out);
		page_put(p, NULL, str_of(a->reason)); /* perhaps out of a record */
	}
}

static void
print_history(const struct page *p, const struct fact *f)
{
	const struct history *h = f->answer ? &f->answer->history : NULL;

	fprintf(p->out, "history of %s ", history_kind_name(f->history));
	page_put(p, NULL, f->name);
	fputs(" -> ", p->out);
	if (!h || h->status != HISTORY_OK) {
		fputs(h ? history_status_name(h->status) : "open", p->out);
		return;
	}
	if (f->history == HISTORY_SEEN || f->history == HISTORY_REGISTERED) {
		page_put_duration(p, (uint64_t)h->age_s);
		fputs(" ago", p->out);
		return;
	}
	for (unsigned i = 0; i < HISTORY_NUMBERS; i++)
		if (h->n[i])
			fprintf(p->out, "%" PRId64 " %s, ", h->n[i],
				history_number_name((enum history_number)i));
	fprintf(p->out, "score %.1f, last ", (double)h->score / HISTORY_POINT);
	page_put_duration(p, (uint64_t)h->idle_s);
	fputs(" ago", p->out);
}

static void
print_callout(const struct page *p, const struct fact *f)
{
	const struct callout *c = f->answer ? &f->answer->callout : NULL;

	fputs("callout ", p->out);
	page_put(p, NULL, f->name);
	if (!c) {
		fputs(" -> open", p->out);
		return;
	}
	fprintf(p->out, " -> %s", callout_status_name(c->status));
	if (c->mx.n) {
		fputs(" at ", p->out);
		page_put(p, NULL, c->mx);
	}
	if (c->reason.n) {
		fputs(" (", p->out);
		page_put(p, NULL, c->reason);
		fputc(')', p->out);
	}
	for (struct str rest = c->transcript; rest.n;) {
		size_t end = str_find(rest, '\n');
		fputs("\n            ", p->out);
		page_put(p, NULL, str_slice(rest, 0, end));
		rest = str_skip(rest, end + 1);
	}
}

void
page_put_fact(const struct page *p, const struct fact *f)
{
	switch (f->kind) {
	case FACT_DNS:
		print_dns(p, f);
		break;
	case FACT_HISTORY:
		print_history(p, f);
		break;
	case FACT_CALLOUT:
		print_callout(p, f);
		break;
	}
	fputc('\n', p->out);
}

static void
print_facts(const struct page *p, const struct transaction *txn)
{
	const char *before = "asked     ";

	for (size_t i = 0; i < transaction_facts(txn); i++) {
		fputs(before, p->out);
		before = "          ";
		page_put_fact(p, transaction_fact(txn, i));
	}
}

static void
report_text(const struct page *p, const struct report_style *style, const struct decision *d,
	const struct transaction *txn)
{
	char ip[IP_TEXT_MAX];

	fprintf(p->out, "client    %s", ip_text(&d->client->ip, ip));
	if (d->helo.n) {
		fputs("  HELO ", p->out);
		page_put(p, NULL, d->helo);
	}
	if (d->from.p) {
		fputs("  from <", p->out);
		page_put(p, NULL, d->from);
		fputs(">", p->out);
	}
	if (d->rcpt.n) {
		fputs("  to <", p->out);
		page_put(p, NULL, d->rcpt);
		fputs(">", p->out);
	}
	fputc('\n', p->out);
	print_verdict(p, d);
	for (size_t i = 0; d->result && i < d->result->n; i++)
		print_finding(p, d, d->result->finding[i], i == 0);
	if (d->verdict->main && d->verdict->would != VERDICT_ACCEPT)
		print_remedy(p, d->verdict->main);
	if (style->facts && txn)
		print_facts(p, txn);
}

void
report_decision(FILE *out, const struct report_style *style, struct str id,
	const struct decision *d, const struct transaction *txn)
{
	const struct page page = {out, style->colour};

	if (style->json)
		report_json(out, id, d, txn);
	else
		report_text(&page, style, d, txn);
}
