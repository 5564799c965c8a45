/* checks/header: who wrote the message; see header.c. */
#include "checks/header_private.h"
#include "mail/mailboxes.h"

static void
judge_authors(const struct message *m, size_t mailboxes)
{
	const struct header_known *k = &m->h->known[HEADER_FROM];
	struct str what = STR("");

	if (k->count > 1)
		what = arena_printf(m->q->scratch,
			"the field From stands there %u times (fields %u and %u)", k->count,
			k->number, k->second);
	else if (mailboxes > 1 && !m->h->known[HEADER_SENDER].count && !m->h->too_big)
		what = arena_printf(m->q->scratch,
			"the field From (field %u) names %zu authors, and "
			"no field Sender says who of them sent it",
			k->number, mailboxes);
	if (!what.n)
		return;
	struct finding *f = header_report(m, MANY_FROM);
	finding_note(f, "field", header_name(HEADER_FROM));
	finding_note(f, "what", what);
}

void
header_judge_from(const struct message *m)
{
	const struct header_known *k = &m->h->known[HEADER_FROM];
	struct mail_mailboxes from;

	if (!k->count && !m->h->too_big)
		header_report(m, NO_FROM);
	if (!k->count || k->cut)
		return;
	mail_mailboxes_parse(k->value, &from);
	const struct str domain = from.first.domain;
	bool literal = str_has_prefix(domain, STR("["));
	if (from.fault != MAIL_MAILBOXES_FINE)
		header_report_value(m, BAD_FROM, HEADER_FROM,
			str_of(mail_mailboxes_fault_text(from.fault)), from.at);
	else if (from.n && !literal && str_find(domain, '.') == domain.n)
		header_report_value(m, BAD_FROM, HEADER_FROM,
			STR("has an address whose domain has one label only"),
			(size_t)(domain.p - k->value.p));
	judge_authors(m, from.n);
}
