/*
 * fact/callout: what the mail server of a sender's domain said when it was asked whether it takes
 * mail for that sender: what ask_callout() answers, and how it is kept.
 *
 * The name of the fact is the sender's address, as it was said.  What a peer said is kept as text
 * for people, escaped by whoever made it: bytes 0x20 to 0x7e, and LF between the lines of the
 * dialogue.
 */
#ifndef FACT_CALLOUT_H
#define FACT_CALLOUT_H

#include "base/ip.h"

enum callout_status {
	CALLOUT_UNKNOWN,      /* nobody asks here, or a record was made without */
	CALLOUT_OK,	      /* it takes mail for the address, and not for one that cannot exist */
	CALLOUT_REFUSED,      /* it refuses the address for good: the only one that accuses */
	CALLOUT_ACCEPT_ALL,   /* it takes mail for any address of the domain */
	CALLOUT_NULL_REFUSED, /* it takes no bounces (RFC 5321 4.5.5) */
	CALLOUT_UNVERIFIABLE, /* no answer that means anything */
};
#define CALLOUT_STATUSES 6
/* "unknown", "ok", "refused", "accept_all", "null_refused", "unverifiable". */
const char *callout_status_name(enum callout_status s);
NODISCARD bool callout_status_parse(struct str s, enum callout_status *out);

struct callout {
	enum callout_status status;
	unsigned code;	   /* of the reply that decided; 0: none came */
	struct str stage;  /* "RCPT TO": the command it was the reply to, or where it broke off */
	struct str reason; /* of unverifiable: why */
	struct str said;   /* the first line of that reply; empty: none came */
	struct str mx;	   /* the host that was asked; empty: none */
	struct ip ip;	   /* of it */
	struct str transcript; /* lines "C: ..." and "S: ..." */
};

#define CALLOUT_TEXT_MAX 4600 /* bytes that callout_print() writes at most */

/* As it is kept and handed on. */
void callout_print(const struct callout *c, struct buf *out);
/* Borrows.  False: this is none. */
NODISCARD bool callout_parse(struct str s, struct callout *out);

#endif
