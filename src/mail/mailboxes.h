/*
 * mail/mailboxes: the lists of addresses in From, Sender, Reply-To, To and Cc.
 *
 * RFC 5322 3.4 with the obsolete forms of 4.4 (routes, empty places in lists, dots in names, blanks
 * and comments anywhere), groups also in From (RFC 6854).  Nothing nests but comments, which
 * mail/token bounds; so does MAILBOXES_MAX the length.  A fault spoils one place of the list; what
 * stands behind the next comma is read all the same, unless a quotation mark, a bracket or a
 * comment is never closed: then nobody knows where anything ends. What domains and local parts may
 * be beyond this syntax is mail/address's.
 */
#ifndef MAIL_MAILBOXES_H
#define MAIL_MAILBOXES_H

#include "base/str.h"

#define MAILBOXES_MAX 5000

enum mailboxes_fault {
	MAILBOXES_FINE,
	MAILBOXES_EMPTY,	 /* nothing at all */
	MAILBOXES_UNREADABLE,	 /* something is not closed, or a byte that cannot stand there */
	MAILBOXES_NO_ADDRESS,	 /* a name, but no address */
	MAILBOXES_NO_DOMAIN,	 /* one word without @ */
	MAILBOXES_EMPTY_ADDRESS, /* <> */
	MAILBOXES_UNQUOTED,	 /* a name with characters that want quotation marks */
	MAILBOXES_LOCAL,	 /* what stands before the @ */
	MAILBOXES_DOMAIN,	 /* what stands behind it */
	MAILBOXES_ROUTE,	 /* of the obsolete kind, malformed */
	MAILBOXES_NOT_CLOSED,	 /* > is missing */
	MAILBOXES_TRAILING,	 /* something behind an address */
	MAILBOXES_GROUP,	 /* within a group, or not closed */
	MAILBOXES_TOO_MANY,	 /* more than MAILBOXES_MAX */
};
#define MAILBOXES_FAULTS (MAILBOXES_TOO_MANY + 1)

/* "names somebody, but no address": continues "the field From ...". */
const char *mailboxes_fault_text(enum mailboxes_fault f);

struct mailbox {
	struct str name; /* as written: quotation marks, comments, encoded words; may be empty */
	struct str local, domain; /* as written */
};

struct mailboxes {
	size_t n; /* mailboxes that are in order, those of groups with them */
	size_t groups;
	size_t broken;		    /* places of the list that are not */
	bool obsolete;		    /* a route, or an empty place */
	enum mailboxes_fault fault; /* the first one */
	size_t at;		    /* index of its first wrong byte */
	struct mailbox first;	    /* where n > 0 */
};

/* text: the value of the field. */
void mailboxes_parse(struct str text, struct mailboxes *out);

#endif
