/* cli/import_report: what import-log tells, for people and as JSON; see import.h. */
#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "cli/import.h"
#include "cli/report.h"

#define TOP 10 /* rows of a list */

static const char *const then_names[] = {[POSTFIX_ACCEPTED] = "accepted",
	[POSTFIX_PUT_OFF] = "put off",
	[POSTFIX_REFUSED] = "refused"};
static const char *const now_names[] = {[NOW_ACCEPTED] = "accepted",
	[NOW_UNSURE] = "no answer",
	[NOW_PUT_OFF] = "put off",
	[NOW_REFUSED] = "refused"};

/* For people. */

static void
put_head(const struct page *p, const char *text)
{
	fputc('\n', p->out);
	page_put(p, "1", str_of(text));
	fputc('\n', p->out);
}

static void
put_date(const struct page *p, int64_t t)
{
	char text[CLOCK_TEXT_MAX];

	fprintf(p->out, "%.10s", clock_text(t, text));
}

static void
put_log(const struct page *p, const struct import_facts *f)
{
	const struct postfix_counts *c = &f->counts;

	fprintf(p->out, "log         %" PRIu64 " lines, of Postfix %" PRIu64, f->span.lines,
		c->postfix);
	if (f->span.first) {
		fputs(", ", p->out);
		put_date(p, f->span.first);
		fputs(" to ", p->out);
		put_date(p, f->span.last);
	}
	fprintf(p->out, "; %" PRIu64 " connections\n", c->connections);
	fprintf(p->out,
		"left out    %" PRIu64 " of users (%" PRIu64 " logged in, %" PRIu64
		" by submission), %" PRIu64 " of loopback, %" PRIu64 " without address",
		c->authenticated + c->submission, c->authenticated, c->submission, c->loopback,
		c->no_address);
	if (f->too_old)
		fprintf(p->out, ", %" PRIu64 " too old", f->too_old);
	fputc('\n', p->out);
	if (c->given_up || c->cut || f->span.too_long)
		fprintf(p->out,
			"incomplete  %" PRIu64 " lines cut, %" PRIu64 " lines too long, %" PRIu64
			" sessions or messages given up for want of memory\n",
			c->cut, f->span.too_long, c->given_up);
}

static void
put_what(const struct page *p, const struct import_facts *f, const struct import_tally *t)
{
	fprintf(p->out, "judged      %" PRIu64 " transactions (client, HELO, sender) of %zu",
		t->judged, f->distinct);
	if (t->resumed)
		fprintf(p->out, ", of them %" PRIu64 " as they were found before", t->resumed);
	fputc('\n', p->out);
	if (f->interrupted)
		fputs("            interrupted: what follows is of a part\n", p->out);
	if (f->halved)
		fprintf(p->out,
			"            a sample: one of %" PRIu64
			" transactions of the log, as there "
			"are so many\n",
			(uint64_t)1 << f->halved);
	fprintf(p->out,
		"HELO        known of %zu of %zu; Postfix logs it of mail that it does not accept, "
		"and where\n"
		"            it is not known nothing is said of it (see mxward(1))\n",
		f->helo_known, f->distinct);
	fputs("settings    ", p->out);
	page_put(p, NULL, str_of(f->config ? f->config : "the defaults"));
	if (f->monitor)
		fputs("; profile monitor only watches: judged as profile score", p->out);
	fputc('\n', p->out);
	if (t->ours)
		fprintf(p->out, "own         %" PRIu64 " mails of own networks: never checked\n",
			t->ours);
}

static void
put_table(const struct page *p, const struct import_tally *t)
{
	put_head(p, "What became of mail then (down), and what would now (across)");
	fputs("            ", p->out);
	for (size_t now = 0; now < NOW_COUNT; now++)
		fprintf(p->out, "%12s", now_names[now]);
	fputc('\n', p->out);
	for (size_t then = 0; then < COUNT(then_names); then++) {
		fprintf(p->out, "%-12s", then_names[then]);
		for (size_t now = 0; now < NOW_COUNT; now++)
			fprintf(p->out, "%12" PRIu64, t->table[then][now]);
		fputc('\n', p->out);
	}
	fputs("Counted are mails, one for each recipient.  \"no answer\": DNS failed today; the "
	      "first try\n"
	      "would be put off, the next one let in.  The mail is of then, what DNS says is of "
	      "today:\n"
	      "who has repaired or lost a name since is judged by what there is now.\n",
		p->out);
}

/* The largest of a column. */
static void
put_rows(const struct page *p, const char *title, struct import_rows *r, enum import_now by)
{
	import_rows_sort(r, by);
	if (!r->n || !r->row[0].n[by])
		return;
	fprintf(p->out, "  %s\n", title);
	for (size_t i = 0; i < r->n && i < TOP && r->row[i].n[by]; i++) {
		fprintf(p->out, "%12" PRIu64 "  ", r->row[i].n[by]);
		page_put(p, NULL, r->row[i].name);
		fputc('\n', p->out);
	}
	if (r->n > TOP && r->row[TOP].n[by])
		fprintf(p->out, "              and others\n");
}

static void
put_address(const struct page *p, const char *before, struct str s)
{
	fputs(before, p->out);
	if (s.p) {
		fputc('<', p->out);
		page_put(p, NULL, s);
		fputc('>', p->out);
	} else {
		fputs("(not known)", p->out);
	}
}

static void
put_sample(const struct page *p, const struct import_sample *s)
{
	static const char *const statuses[] = {[POSTFIX_SENT] = "delivered",
		[POSTFIX_DEFERRED] = "not delivered yet",
		[POSTFIX_BOUNCED] = "bounced"};
	char ip[IP_TEXT_MAX];

	fputs("  ", p->out);
	put_date(p, s->time);
	fprintf(p->out, " %s ", ip_text(&s->client, ip));
	page_put(p, NULL, s->name);
	fputs(" HELO ", p->out);
	page_put(p, NULL, s->helo.p ? s->helo : STR("(not known)"));
	put_address(p, "\n    from ", s->from);
	put_address(p, " to ", s->rcpt);
	if (s->queue.n) {
		fputc(' ', p->out);
		page_put(p, NULL, s->queue);
	}
	fputs("\n    then: ", p->out);
	if (s->outcome == POSTFIX_ACCEPTED) {
		fputs(statuses[s->status], p->out);
	} else {
		fprintf(p->out, "%s, %u ", then_names[s->outcome], s->code);
		page_put(p, NULL, s->reason);
	}
	fprintf(p->out, "\n    now: %s", verdict_name(s->now));
	if (s->findings.n)
		fprintf(p->out, ", %.*s", STR_ARG(s->findings));
	if (s->reply.n) {
		fputs("\n    ", p->out);
		page_put(p, NULL, s->reply);
	}
	fputc('\n', p->out);
}

static void
put_change(const struct page *p, struct import_change *c)
{
	enum import_now by = c->column;

	if (!c->n)
		return;
	put_rows(p, "by finding", &c->findings, by);
	put_rows(p, "by sender's domain", &c->senders, by);
	put_rows(p, "by recipient's domain", &c->rcpts, by);
	fputs("  samples\n", p->out);
	for (size_t i = 0; i < c->n_samples; i++)
		put_sample(p, &c->sample[i]);
}

static void
put_newly_refused(const struct page *p, struct import_change *c)
{
	put_head(p, "Accepted then, refused or put off now");
	fprintf(p->out, "%" PRIu64 " mails of %" PRIu64 " transactions, %" PRIu64 " delivered\n",
		c->n, c->transactions, c->sent);
	if (c->private)
		fprintf(p->out,
			"%" PRIu64 " are of private addresses: are all of yours in [networks] "
			"ours?\n",
			c->private);
	put_change(p, c);
}

static void
put_reasons(const struct page *p, struct import_rows *r)
{
	import_rows_sort(r, NOW_ACCEPTED);
	if (!r->n)
		return;
	put_head(
		p, "What Postfix said to mail that it did not accept, and what would become of it");
	fprintf(p->out, "%12s%12s%12s%12s\n", now_names[0], now_names[1], now_names[2],
		now_names[3]);
	for (size_t i = 0; i < r->n && i < 2 * TOP; i++) {
		for (size_t now = 0; now < NOW_COUNT; now++)
			fprintf(p->out, "%12" PRIu64, r->row[i].n[now]);
		fputs("  ", p->out);
		page_put(p, NULL, r->row[i].name);
		fputc('\n', p->out);
	}
	if (r->n > 2 * TOP)
		fputs("              and others\n", p->out);
	fputs("Postfix goes on refusing by its own rules: mxward is asked besides.\n", p->out);
}

void
import_report_text(FILE *out, bool colour, const struct import_facts *f, struct import_tally *t)
{
	const struct page page = {out, colour}, *p = &page;

	put_log(p, f);
	put_what(p, f, t);
	put_table(p, t);
	put_newly_refused(p, &t->refused);
	put_head(p, "Refused or put off then, accepted now");
	fprintf(p->out, "%" PRIu64 " mails of %" PRIu64 " transactions\n", t->accepted.n,
		t->accepted.transactions);
	put_change(p, &t->accepted);
	put_reasons(p, &t->reasons);
	if (f->out)
		fprintf(p->out,
			"\nTry other settings without asking again: mxward replay -c NEW --diff "
			"--against %s %s\n",
			f->config ? f->config : "OLD", f->out);
}

/* For programs. */

static json_t *
json_str(struct str s)
{
	char room[4096];
	struct buf b = BUF(room);

	if (!s.p)
		return json_null();
	buf_put_escaped(&b, s, 1000);
	return json_stringn_nocheck(b.p, b.n);
}

static json_t *
json_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
json_now(const uint64_t n[NOW_COUNT])
{
	static const char *const names[] = {[NOW_ACCEPTED] = "accepted",
		[NOW_UNSURE] = "no_answer",
		[NOW_PUT_OFF] = "put_off",
		[NOW_REFUSED] = "refused"};
	json_t *o = json_object();

	for (size_t i = 0; i < NOW_COUNT; i++)
		json_object_set_new(o, names[i], json_count(n[i]));
	return o;
}

/* {"name": count}, the first thousand; one column, or all of them. */
static json_t *
json_rows(struct import_rows *r, enum import_now by, bool all)
{
	json_t *o = json_object();

	import_rows_sort(r, by);
	for (size_t i = 0; i < r->n && i < 1000; i++) {
		char room[1100];
		struct buf b = BUF(room);
		buf_put_escaped(&b, r->row[i].name, 255);
		buf_putc(&b, '\0');
		json_object_set_new_nocheck(
			o, b.p, all ? json_now(r->row[i].n) : json_count(r->row[i].n[by]));
	}
	return o;
}

static json_t *
json_time(int64_t t)
{
	char text[CLOCK_TEXT_MAX];

	return t ? json_string(clock_text(t, text)) : json_null();
}

static json_t *
json_sample(const struct import_sample *s)
{
	static const char *const statuses[] = {[POSTFIX_SENT] = "sent",
		[POSTFIX_DEFERRED] = "deferred",
		[POSTFIX_BOUNCED] = "bounced"};
	char ip[IP_TEXT_MAX];
	json_t *o = json_object();
	bool accepted = s->outcome == POSTFIX_ACCEPTED;

	json_object_set_new(o, "time", json_time(s->time));
	json_object_set_new(o, "client", json_string(ip_text(&s->client, ip)));
	json_object_set_new(o, "name", json_str(s->name));
	json_object_set_new(o, "helo", json_str(s->helo));
	json_object_set_new(o, "from", json_str(s->from));
	json_object_set_new(o, "rcpt", json_str(s->rcpt));
	json_object_set_new(o, "queue", s->queue.n ? json_str(s->queue) : json_null());
	json_object_set_new(o, "then",
		json_string(accepted				? statuses[s->status]
				: s->outcome == POSTFIX_PUT_OFF ? "put_off"
								: "refused"));
	json_object_set_new(o, "code", accepted ? json_null() : json_integer(s->code));
	json_object_set_new(o, "reason", accepted ? json_null() : json_str(s->reason));
	json_object_set_new(o, "now", json_string(verdict_name(s->now)));
	json_object_set_new(o, "reply", s->reply.n ? json_str(s->reply) : json_null());
	json_object_set_new(o, "findings", json_str(s->findings));
	return o;
}

static json_t *
json_change(struct import_change *c)
{
	json_t *o = json_object(), *samples = json_array();

	json_object_set_new(o, "mails", json_count(c->n));
	json_object_set_new(o, "delivered", json_count(c->sent));
	json_object_set_new(o, "private", json_count(c->private));
	json_object_set_new(o, "transactions", json_count(c->transactions));
	json_object_set_new(o, "findings", json_rows(&c->findings, c->column, false));
	json_object_set_new(o, "sender_domains", json_rows(&c->senders, c->column, false));
	json_object_set_new(o, "rcpt_domains", json_rows(&c->rcpts, c->column, false));
	for (size_t i = 0; i < c->n_samples; i++)
		json_array_append_new(samples, json_sample(&c->sample[i]));
	json_object_set_new(o, "samples", samples);
	return o;
}

static json_t *
json_log(const struct import_facts *f)
{
	const struct postfix_counts *c = &f->counts;
	json_t *o = json_object();

	json_object_set_new(o, "lines", json_count(f->span.lines));
	json_object_set_new(o, "postfix", json_count(c->postfix));
	json_object_set_new(o, "cut", json_count(c->cut));
	json_object_set_new(o, "too_long", json_count(f->span.too_long));
	json_object_set_new(o, "first", json_time(f->span.first));
	json_object_set_new(o, "last", json_time(f->span.last));
	json_object_set_new(o, "connections", json_count(c->connections));
	json_object_set_new(o, "mails", json_count(c->attempts));
	json_object_set_new(o, "authenticated", json_count(c->authenticated));
	json_object_set_new(o, "submission", json_count(c->submission));
	json_object_set_new(o, "loopback", json_count(c->loopback));
	json_object_set_new(o, "no_address", json_count(c->no_address));
	json_object_set_new(o, "too_old", json_count(f->too_old));
	json_object_set_new(o, "unfinished", json_count(c->unfinished));
	json_object_set_new(o, "given_up", json_count(c->given_up));
	return o;
}

void
import_report_json(FILE *out, const struct import_facts *f, struct import_tally *t)
{
	json_t *o = json_object(), *table = json_object();

	json_object_set_new(o, "log", json_log(f));
	json_object_set_new(o, "transactions", json_count(f->distinct));
	json_object_set_new(o, "sample_of", json_count((uint64_t)1 << f->halved));
	json_object_set_new(o, "judged", json_count(t->judged));
	json_object_set_new(o, "resumed", json_count(t->resumed));
	json_object_set_new(o, "interrupted", json_boolean(f->interrupted));
	json_object_set_new(o, "helo_known", json_count(f->helo_known));
	json_object_set_new(o, "monitor", json_boolean(f->monitor));
	json_object_set_new(o, "own_networks", json_count(t->ours));
	json_object_set_new(table, "accepted", json_now(t->table[POSTFIX_ACCEPTED]));
	json_object_set_new(table, "put_off", json_now(t->table[POSTFIX_PUT_OFF]));
	json_object_set_new(table, "refused", json_now(t->table[POSTFIX_REFUSED]));
	json_object_set_new(o, "then_now", table);
	json_object_set_new(o, "findings", json_rows(&t->findings, NOW_REFUSED, true));
	json_object_set_new(o, "newly_refused", json_change(&t->refused));
	json_object_set_new(o, "newly_accepted", json_change(&t->accepted));
	json_object_set_new(o, "reasons", json_rows(&t->reasons, NOW_ACCEPTED, true));
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}
