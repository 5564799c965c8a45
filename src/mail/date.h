/*
 * mail/date: the date-time of RFC 5322 3.3 with the obsolete forms of its section 4.3.
 *
 * Taken without complaint are comments and folding anywhere, years of two and three digits, times
 * without seconds, dates without a day of the week, leap seconds, and the named zones of RFC 5322
 * 4.3.  Whatever else is found is a fault, and more than one may be; where it is plain nonetheless
 * what was meant ("22-Aug-2002", "GMT+0100", "Thu Aug 22 12:00:00 2002"), the time is given as
 * well. No clock is read: a date is never too old or too new here.
 */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "base/str.h"

/* In the order in which a reply names them. */
enum date_fault {
	DATE_EMPTY,
	DATE_UNREADABLE,   /* bytes that cannot stand there, a comment that is not closed */
	DATE_NO_DAY,	   /* no day of the month */
	DATE_DAY,	   /* 0, 32, or not in that month */
	DATE_NO_MONTH,	   /* no month */
	DATE_MONTH,	   /* a name that no month has */
	DATE_NO_YEAR,	   /* no year */
	DATE_YEAR,	   /* before 1900 or after 9999 */
	DATE_NO_TIME,	   /* no time of day */
	DATE_HOUR,	   /* over 23 */
	DATE_MINUTE,	   /* over 59 */
	DATE_SECOND,	   /* over 60 */
	DATE_ZONE,	   /* an offset that no place on Earth has, or 60 minutes and more */
	DATE_NO_ZONE,	   /* no zone */
	DATE_ZONE_FORM,	   /* "+100", "GMT+0100", "+01:00" */
	DATE_ZONE_NAME,	   /* a name that mail does not have */
	DATE_WEEKDAY,	   /* another day of the week than that date's */
	DATE_WEEKDAY_NAME, /* a name that no day of the week has */
	DATE_DIGITS,	   /* one digit where two have to be */
	DATE_FORM, /* parts in another order, written out, or with something between or behind */
};
#define DATE_FAULTS (DATE_FORM + 1)

/* "names a day that this month does not have": continues "the field Date ...". */
const char *date_fault_text(enum date_fault f);

struct mail_date {
	uint32_t faults;	/* bit 1 << fault */
	size_t at[DATE_FAULTS]; /* index in the text where it was met */
	bool known;		/* time is what was meant */
	bool zone_known;	/* else the time was taken for UTC: up to 14 hours wrong */
	int64_t time;		/* seconds since 1970 */
	int32_t zone;		/* minutes east of UTC */
};

/* text: the value of a Date field. */
void mail_date_parse(struct str text, struct mail_date *out);

#endif
