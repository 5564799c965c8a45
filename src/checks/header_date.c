/*
 * checks/header: the Date and the sending server's clock; see header.c.
 *
 * A date without a certain zone may be fourteen hours off and is not held against anybody within
 * these.  The topmost Received was written by the server that sends the message now: if it is ahead
 * of us, and the Date by the same time, then that server's clock is wrong, and the date is not
 * looked at any further.  That it is long ago proves the same only where no queue is so patient.
 */
#include "checks/header_private.h"
#include "mail/date.h"
#include "mail/received.h"

#define ZONE_DOUBT (14 * 3600) /* seconds */
#define SAME_CLOCK 3600	       /* between writing a message and sending it */

#define BIT(f) (1u << DATE_##f)
/* Nobody's way of writing: parts that cannot be. */
#define IMPOSSIBLE                                                                                \
	(BIT(EMPTY) | BIT(UNREADABLE) | BIT(NO_DAY) | BIT(DAY) | BIT(NO_MONTH) | BIT(MONTH) |     \
		BIT(NO_YEAR) | BIT(YEAR) | BIT(NO_TIME) | BIT(HOUR) | BIT(MINUTE) | BIT(SECOND) | \
		BIT(ZONE) | BIT(WEEKDAY))

static struct str
span(struct ask *q, int64_t seconds)
{
	if (seconds < 0)
		seconds = -seconds;
	if (seconds < 2 * 86400)
		return arena_printf(q->scratch, "%lld hours", (long long)(seconds / 3600));
	return arena_printf(q->scratch, "%lld days", (long long)(seconds / 86400));
}

/* All that is wrong of one kind, as one sentence: "has an hour over 23 and a ...". */
static void
report_faults(const struct message *m, int code, const struct mail_date *d, uint32_t faults)
{
	UNSET char room[400];
	struct buf b = BUF(room);
	size_t first = DATE_FAULTS;

	for (size_t i = 0; i < DATE_FAULTS; i++) {
		if (!(faults & 1u << i))
			continue;
		if (first == DATE_FAULTS)
			first = i;
		else
			buf_puts(&b, ", ");
		buf_puts(&b, date_fault_text((enum date_fault)i));
	}
	finding_note(header_report_value(m, code, HEADER_DATE,
			     arena_str(m->q->scratch, buf_str(&b)), d->at[first]),
		"value", str_slice(m->h->known[HEADER_DATE].value, 0, 80));
}

/* Seconds by which the sending server's clock is wrong; 0: nobody can say that it is. */
static int64_t
wrong_clock(const struct message *m, const struct mail_date *d)
{
	const struct header_known *top = &m->h->known[HEADER_RECEIVED];
	struct mail_date sent;

	if (!top->count || !d->zone_known)
		return 0;
	mail_date_parse(received_parse(top->value).time, &sent);
	if (!sent.known || !sent.zone_known)
		return 0;
	int64_t dated = d->time - m->q->now, off = sent.time - m->q->now;
	bool same = dated - off <= SAME_CLOCK && off - dated <= SAME_CLOCK;
	bool ahead = off > m->set->clock / 1000;
	bool late = m->set->old && -off > m->set->old / 1000;
	return same && (ahead || late) ? off : 0;
}

static void
report_age(const struct message *m, int code, int64_t seconds)
{
	struct finding *f = header_report(m, code);

	finding_note(f, "field", header_name(HEADER_DATE));
	finding_note(f, "value", str_slice(m->h->known[HEADER_DATE].value, 0, 80));
	finding_note(f, "span", span(m->q, seconds));
}

static void
judge_age(const struct message *m, const struct mail_date *d)
{
	int64_t ahead = d->time - m->q->now, clock = wrong_clock(m, d);
	int64_t doubt = d->zone_known ? 0 : ZONE_DOUBT;

	if (clock)
		finding_note(header_report(m, CLOCK), "span", span(m->q, clock));
	else if (m->set->future && ahead - doubt > m->set->future / 1000)
		report_age(m, FUTURE_DATE, ahead);
	else if (m->set->old && -ahead - doubt > m->set->old / 1000)
		report_age(m, OLD_DATE, ahead);
}

void
header_judge_date(const struct message *m)
{
	const struct header_known *k = &m->h->known[HEADER_DATE];
	struct mail_date d;

	if (!k->count && !m->h->too_big)
		header_report(m, NO_DATE);
	if (!k->count || k->cut)
		return;
	mail_date_parse(k->value, &d);
	if (d.faults & IMPOSSIBLE)
		report_faults(m, BAD_DATE, &d, d.faults & IMPOSSIBLE);
	else if (d.faults)
		report_faults(m, DATE_ODD, &d, d.faults);
	if (d.known)
		judge_age(m, &d);
}
