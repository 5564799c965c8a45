/*
 * explain/asked: what a receiver heard when it asked the sender's own mail server about the sender.
 *
 * Receivers that verify senders by callout mostly quote that in their replies and logs: Exim,
 * Postfix, mxward.  The words are those of a third server, the only ones in such a bounce that the
 * sender's administrator can do something about.
 */
#ifndef EXPLAIN_ASKED_H
#define EXPLAIN_ASKED_H

#include "base/arena.h"

/* Empty where it is not told. */
struct asked {
	struct str sender;  /* who was asked about */
	struct str server;  /* who was asked: "mx.example.com [192.0.2.1]", or one of both */
	struct str command; /* "RCPT TO:<ann@example.com>" */
	struct str reply;   /* to it; empty: nothing of this kind is told */
};

/* Of a reply or a line of a log, as it stands in a bounce; only its beginning is looked at.  What
 * is found lives in a. */
bool explain_asked(struct arena *a, struct str text, struct asked *out);

#endif
