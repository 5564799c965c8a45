/*
 * mail/received: just enough of the trace field Received, RFC 5321 4.4 and RFC 5322 3.6.7.
 *
 * Real ones obey no grammar.  So only two things are read: the name behind "by", by which a server
 * knows its own in a loop, and the time behind the last semicolon.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include "mail/date.h"

struct received {
	struct str by;	 /* who took it, as written; empty where that is not said */
	struct str time; /* what stands behind the last semicolon; empty where there is none */
};

/* value: of the field.  Slices of it. */
struct received received_parse(struct str value);

#endif
