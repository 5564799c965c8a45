/*
 * mail/message_id: the value of Message-ID, RFC 5322 3.6.4 with the obsolete forms of 4.5.4.
 *
 * The obsolete syntax has the parts of an address on both sides of the @: quoted strings, and dots
 * with blanks or comments around them.  The former is taken, the latter is MESSAGE_ID_BLANKS, since
 * no program has made it for thirty years.  Whether the domain exists is not asked.
 */
#ifndef MAIL_MESSAGE_ID_H
#define MAIL_MESSAGE_ID_H

#include "base/str.h"

enum message_id_fault {
	MESSAGE_ID_EMPTY,      /* nothing, or nothing between < and > */
	MESSAGE_ID_BRACKETS,   /* one or both are missing; the rest is judged without */
	MESSAGE_ID_SEVERAL,    /* another identifier follows */
	MESSAGE_ID_TRAILING,   /* something else follows */
	MESSAGE_ID_BLANKS,     /* blanks or comments between < and > */
	MESSAGE_ID_NO_DOMAIN,  /* no @, or nothing behind it */
	MESSAGE_ID_NO_LEFT,    /* nothing before the @ */
	MESSAGE_ID_TWO_AT,     /* more than one @ */
	MESSAGE_ID_DOTS,       /* a dot at either end of a part, or two in a row */
	MESSAGE_ID_CHARACTERS, /* others that cannot stand there */
	/* Right by the syntax, but no domain: */
	MESSAGE_ID_ADDRESS,    /* an IP address without brackets */
	MESSAGE_ID_UNQUALIFIED /* a domain of one label: "localhost" */
};
#define MESSAGE_ID_FAULTS (MESSAGE_ID_UNQUALIFIED + 1)

/* "has no domain": continues "the field Message-ID ...". */
const char *message_id_fault_text(enum message_id_fault f);

struct message_id {
	uint32_t faults;	      /* bit 1 << fault */
	size_t at[MESSAGE_ID_FAULTS]; /* index in the text */
	struct str left, right;	      /* of the @, as written; empty where there is none */
	bool literal;		      /* right is "[...]" */
};

/* text: the value of the field. */
void message_id_parse(struct str text, struct message_id *out);

#endif
