/*
 * mail/mailboxes: the lists of addresses in From, Sender, Reply-To, To and Cc.
 *
 * RFC 5322 3.4 with the obsolete forms of 4.4 (routes, empty places in lists, dots in names, blanks
 * and comments anywhere), groups also in From (RFC 6854).  Nothing nests but comments, which
 * mail/token bounds; so does MAIL_MAILBOXES_MAX the length.  A fault spoils one place of the list;
 * what stands behind the next comma is read all the same, unless a quotation mark, a bracket or a
 * comment is never closed: then nobody knows where anything ends. What domains and local parts may
 * be beyond this syntax is mail/address's.
 */
#ifndef MAIL_MAILBOXES_H
#define MAIL_MAILBOXES_H

#include "base/str.h"

#define MAIL_MAILBOXES_MAX 5000

enum mail_mailboxes_fault {
	MAIL_MAILBOXES_FINE,
	MAIL_MAILBOXES_EMPTY,	   /* nothing at all */
	MAIL_MAILBOXES_UNREADABLE, /* something is not closed, or a byte that cannot stand there */
	MAIL_MAILBOXES_NO_ADDRESS, /* a name, but no address */
	MAIL_MAILBOXES_NO_DOMAIN,  /* one word without @ */
	MAIL_MAILBOXES_EMPTY_ADDRESS, /* <> */
	MAIL_MAILBOXES_UNQUOTED,      /* a name with characters that want quotation marks */
	MAIL_MAILBOXES_LOCAL,	      /* what stands before the @ */
	MAIL_MAILBOXES_DOMAIN,	      /* what stands behind it */
	MAIL_MAILBOXES_ROUTE,	      /* of the obsolete kind, malformed */
	MAIL_MAILBOXES_NOT_CLOSED,    /* > is missing */
	MAIL_MAILBOXES_TRAILING,      /* something behind an address */
	MAIL_MAILBOXES_GROUP,	      /* within a group, or not closed */
	MAIL_MAILBOXES_TOO_MANY,      /* more than MAIL_MAILBOXES_MAX */
};
#define MAIL_MAILBOXES_FAULTS (MAIL_MAILBOXES_TOO_MANY + 1)

/* "names somebody, but no address": continues "the field From ...". */
const char *mail_mailboxes_fault_text(enum mail_mailboxes_fault f);

struct mail_mailbox {
	struct str name; /* as written: quotation marks, comments, encoded words; may be empty */
	struct str local, domain; /* as written */
};

struct mail_mailboxes {
	size_t n; /* mailboxes that are in order, those of groups with them */
	size_t groups;
	size_t broken;			 /* places of the list that are not */
	bool obsolete;			 /* a route, or an empty place */
	enum mail_mailboxes_fault fault; /* the first one */
	size_t at;			 /* index of its first wrong byte */
	struct mail_mailbox first;	 /* where n > 0 */
};

/* text: the value of the field. */
void mail_mailboxes_parse(struct str text, struct mail_mailboxes *out);

#endif
