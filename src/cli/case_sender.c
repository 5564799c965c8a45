/*
 * cli/case_sender: a case in words for the sender, ready to be mailed.
 *
 * Whoever reads it has a bounce in his hand and is no friend of abbreviations.  What he learns of
 * the site's policy is what the reply has told him already: the finding that decided, and others
 * only where the reply itemises them.
 */
#include "base/clock.h"
#include "cli/case_show.h"

#define WIDTH	  78
#define TEXT_ROOM 4096
#define INDENT	  "    "

static struct str
filled(struct arena *a, const struct finding *f, const char *template)
{
	char room[TEXT_ROOM];
	struct buf b = BUF(room);

	finding_fill(f, template, &b);
	return arena_str(a, buf_str(&b));
}

static const char *
what_became_of_it(enum verdict_kind k)
{
	switch (k) {
	case VERDICT_REJECT:
		return "The message was refused.";
	case VERDICT_DEFER:
		return "The message was not accepted at this time; the sending server was asked to "
		       "try again later.";
	case VERDICT_QUARANTINE:
		return "The message was accepted, and is held until a person has looked at it.";
	case VERDICT_TAG:
	case VERDICT_ACCEPT:
		break;
	}
	return "The message was accepted.";
}

static void
show_opening(const struct page *p, const struct stored_case *c, enum verdict_kind kind)
{
	const struct record *r = &c->record;
	char room[TEXT_ROOM], ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX];
	struct buf b = BUF(room);

	/* "2026-01-02T03:04:05Z" */
	struct str day = str_of(clock_text(r->time, when)), hour = str_slice(day, 11, 19);
	buf_printf(&b, "On %.*s at %.*s UTC the server %s", STR_ARG(str_slice(day, 0, 10)),
		STR_ARG(hour), ip_text(&r->client, ip));
	if (r->has_helo && r->helo.n) {
		buf_puts(&b, ", which calls itself \"");
		buf_put_escaped(&b, r->helo, 255);
		buf_puts(&b, "\",");
	}
	buf_puts(&b, " offered us a message");
	if (r->has_from && r->from.n) {
		buf_puts(&b, " from <");
		buf_put_escaped(&b, r->from, 255);
		buf_putc(&b, '>');
	} else if (r->has_from) {
		buf_puts(&b, " without a sender (a bounce)");
	}
	buf_puts(&b, ".  ");
	buf_puts(&b, what_became_of_it(kind));
	fputs("Case ", p->out);
	page_put(p, NULL, r->id);
	fputs("\n\n", p->out);
	page_put_wrapped(p, "", "", buf_str(&b), WIDTH);
}

/* Does the reply say as much?  An administrator's own words for an entry of his list, and terse
 * replies, do not. */
static bool
is_said(struct arena *a, const struct case_rcpt *r, const struct case_finding *f)
{
	const struct finding_code *code = f->finding.code;

	/* The label may begin the reply, with a capital letter. */
	return str_contains(r->reply, filled(a, &f->finding, code->text)) ||
		str_contains(r->reply, str_skip(str_of(code->label), 1));
}

static void
show_finding(const struct page *p, const struct stored_case *c, const struct case_finding *f,
	struct arena *a)
{
	const struct finding_code *code = f->finding.code;

	fputs("\nWhat was seen:\n", p->out);
	page_put_wrapped(p, INDENT, INDENT, filled(a, &f->finding, code->text), WIDTH);
	if (code->expected) {
		fputs("What is expected:\n", p->out);
		page_put_wrapped(p, INDENT, INDENT, filled(a, &f->finding, code->expected), WIDTH);
	}
	fprintf(p->out, "Who can repair it:\n" INDENT "%s\n", fixer_text(finding_fixer(code)));
	fputs("What to do:\n", p->out);
	page_put_steps(p, INDENT, &f->finding, WIDTH);
	page_put_advice(p, INDENT, &f->finding, &c->record);
}

/* Of the others those that the reply counts up. */
static bool
is_itemised(const struct case_rcpt *r, const struct case_finding *f)
{
	return f != r->main && f->finding.code && !f->finding.code->good &&
		f->action.kind == ACTION_SCORE && f->action.points > 0 &&
		str_contains(r->reply, str_of("Score ")) &&
		str_contains(r->reply, str_of(f->finding.code->label));
}

void
case_show_sender(const struct page *p, const struct stored_case *c, bool with_score)
{
	const struct case_rcpt *r = case_worst(c);
	struct arena a;

	arena_init(&a, 8192, (size_t)64 << 20);
	show_opening(p, c, r ? r->kind : VERDICT_ACCEPT);
	struct str reply = r ? case_reply(&a, r) : STR("");
	if (reply.n) {
		fputs("\nOur server answered:\n", p->out);
		page_put_wrapped(p, INDENT, INDENT, reply, WIDTH);
	}
	if (reply.n && r->main && r->main->finding.code && is_said(&a, r, r->main))
		show_finding(p, c, r->main, &a);
	for (size_t i = 0; reply.n && with_score && i < c->n_findings; i++)
		if (is_itemised(r, &c->finding[i]))
			show_finding(p, c, &c->finding[i], &a);
	arena_done(&a);
}
