/*
 * explain/bounce: from bytes to what is to be explained.
 *
 * Takes whatever people have: a bounce as a message (RFC 3464 reports, qmail, Exim, Exchange,
 * Notes, Postfix, sendmail and what mail programs make of them), lines of a mail log (Postfix,
 * Exim, sendmail), or a reply pasted as text.  Finds out who did not get the message and what was
 * said about each.  Does not judge what it means: that is explain.h.
 */
#ifndef EXPLAIN_BOUNCE_H
#define EXPLAIN_BOUNCE_H

#include "base/arena.h"
#include "base/ip.h"

#include "core/texts.h"

/* Of a longer input the rest is passed over. */
#define BOUNCE_INPUT_MAX    ((size_t)1 << 20)
#define BOUNCE_FAILURES_MAX 100

enum bounce_kind {
	BOUNCE_REPLY,	/* text: a reply, or what somebody copied of a bounce */
	BOUNCE_LOG,	/* lines of a mail log */
	BOUNCE_REPORT,	/* a message with a delivery report */
	BOUNCE_MESSAGE, /* a message that says it in words only */
	BOUNCE_NONE,	/* a message that is no bounce: see why */
};

/* One recipient that was not served.  What is not known is empty. */
struct failure {
	struct str recipient;
	struct str reply;    /* what the server said, or the reporter, on one or more lines */
	struct str words;    /* what the bounce says to its reader about it; may have the reply */
	unsigned code;	     /* 550 */
	struct str enhanced; /* "5.7.1": the server's, else the report's */
	struct str status;   /* the report's own */
	struct str host;     /* who refused: name or address as written */
	struct ip client;    /* the sending address, where a log line tells it */
	struct str helo, sender;
	bool delayed; /* not given up yet */
};

struct bounce {
	enum bounce_kind kind;
	enum saying why;     /* BOUNCE_NONE: what it is instead */
	struct str reporter; /* the server that wrote the report, where it is the sender's own */
	struct str sender;   /* of the message that failed */
	struct str from, subject; /* of the bounce itself */
	struct str said;	  /* the words for people before any copy of the message */
	struct str text;	  /* all that was read of it for people */
	bool cut;		  /* the input was longer than what was read */
	size_t n;
	struct failure failure[BOUNCE_FAILURES_MAX];
};

/* bytes: at most BOUNCE_INPUT_MAX are looked at, and changed in place (line ends, NUL, UTF-16).
 * Everything in *out lives in a or in bytes.  False: there is nothing to read in it. */
bool bounce_read(struct arena *a, char *bytes, size_t n, struct bounce *out);
const char *bounce_kind_name(enum bounce_kind kind);

#endif
