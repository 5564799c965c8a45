/*
 * explain/message: a mail message opened: what its parts say, not what they look like.
 *
 * Reads RFC 5322 and MIME through GMime, and what is only meant to be either: lines may end in CR,
 * LF or CR LF, parts may be broken off.  Nothing is executed, fetched or written.  What is kept is
 * small whatever comes in: text parts up to MESSAGE_TEXT_MAX bytes, reports up to a hundred
 * recipients.  Does not decide what a message means.
 */
#ifndef EXPLAIN_MESSAGE_H
#define EXPLAIN_MESSAGE_H

#include "base/arena.h"

#define MESSAGE_TEXT_MAX       ((size_t)32 << 10)
#define MESSAGE_RECIPIENTS_MAX 100

/* One recipient of a delivery report, RFC 3464 2.3; empty strings for what it does not say. */
struct report_recipient {
	struct str final, original; /* addresses, without the type before ';' */
	struct str action, status, remote;
	struct str diagnostic; /* without its type */
};

struct message {
	/* Of the message itself; decoded, UTF-8. */
	struct str from, to, subject, auto_submitted, failed_recipients;
	struct str text;     /* of its text parts, before any message that it encloses */
	bool dsn;	     /* has a delivery report */
	bool feedback;	     /* has an abuse report, RFC 5965 */
	bool disposition;    /* has a receipt, RFC 8098 */
	struct str reporter; /* Reporting-MTA */
	size_t n;
	struct report_recipient recipient[MESSAGE_RECIPIENTS_MAX];
	/* Of the message that is enclosed or quoted as a part. */
	bool encloses;
	struct str enclosed_from;
	struct message *enclosed; /* read like this one; NULL where it is only headers */
};

/* Whether text begins as a message does: with fields of a header. */
bool message_looks_like(struct str text);
/* Delivery reports that stand in a text instead of in a part of their own, because MIME was lost on
 * the way: their recipients are added to m.  False: there is none. */
bool message_report_in_text(struct arena *a, struct str text, struct message *m);
/* Everything in *out lives in a.  False when there is no header at all. */
bool message_parse(struct arena *a, struct str bytes, struct message *out);

#endif
