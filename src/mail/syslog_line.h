/*
 * mail/syslog_line: one line of a system log taken apart: when, who wrote it, what.
 *
 * Reads the form of RFC 3164 ("Nov  6 01:02:03 host postfix/smtpd[123]: text"), that with a time of
 * RFC 3339, and what journalctl prints (short, short-precise, short-iso, short-full, short-unix).
 * No line is an error: what has another form is no line of a log.  Results are slices of the line.
 * Nothing is known here of the year where the line has none, nor of the local time zone.
 */
#ifndef MAIL_SYSLOG_LINE_H
#define MAIL_SYSLOG_LINE_H

#include "base/str.h"

struct syslog_time {
	bool absolute;	 /* seconds counts from 1970 UTC, else it is the local second of the day */
	int64_t seconds; /* a day of local time has 0..86400, leap second included */
	uint16_t year;	 /* 0: the line has none */
	uint8_t month;	 /* 1..12 */
	uint8_t day;	 /* 1..31 */
};

struct syslog_line {
	struct syslog_time time;
	struct str host;    /* empty where there is none */
	struct str program; /* "postfix/smtpd" */
	struct str pid;	    /* its digits */
	struct str text;    /* without blanks at its ends */
};

/* line: without its end.  Lines without "program[pid]:" are passed over. */
bool syslog_line_parse(struct str line, struct syslog_line *out);
/* The time alone: what a line begins with.  *rest is what follows. */
bool syslog_time_parse(struct str line, struct syslog_time *out, struct str *rest);

/* Days from 1970-01-01 to a date of the Gregorian calendar; month 1..12, day 1..31 (a day that the
 * month does not have counts on into the next). */
int64_t days_of_date(int64_t year, unsigned month, unsigned day);

#endif
