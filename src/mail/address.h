/*
 * mail/address: a mail address as MAIL FROM and RCPT TO carry it, taken apart.
 *
 * RFC 5321 4.1.2 (Mailbox, source routes), 4.1.3 (address literals), 4.5.3.1 (lengths); RFC 6531
 * 3.3: bytes above 0x7f are letters, whether or not they make up UTF-8.  Milder than the letter in
 * one thing: a domain may have underscores, which DNS carries and senders use.  Nothing is asked of
 * DNS.  What is wrong comes back as a literal that continues "... is no valid address: "; results
 * are slices of the text that was given.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/buf.h"
#include "base/ip.h"

enum mail_domain_kind {
	MAIL_DOMAIN_NAME,    /* a name of letters, digits, hyphens, underscores */
	MAIL_DOMAIN_UTF8,    /* with other letters: not yet a name that DNS has */
	MAIL_DOMAIN_LITERAL, /* an IP address in brackets */
};

struct mail_address {
	struct str local;  /* as written, quotation marks included */
	struct str domain; /* as written, brackets included */
	enum mail_domain_kind kind;
	struct ip ip; /* of a literal */
};

/* text: without < >, not empty.  NULL, or what is wrong; *out is set only on NULL. */
const char *mail_address_parse(struct str text, struct mail_address *out);

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (the tag in any case).  NULL, or what is wrong. */
const char *mail_literal_parse(struct str text, struct ip *out);

/* What mail_domain_parse() saw. */
struct mail_domain {
	size_t labels;
	struct str last; /* label */
	bool underscore; /* no host name, strictly */
	bool utf8;	 /* has bytes above 0x7f */
};

/* The names of a Domain; lengths of labels are tested, that of the whole is the caller's.  NULL, or
 * what is wrong. */
const char *mail_domain_parse(struct str text, struct mail_domain *out);

/* An address whose local part may have lost its quotation marks, as Postfix tells it to policy
 * services, in the form that SMTP wants: they are added only where nothing else makes it valid. */
void mail_address_quote(struct str text, struct buf *out);

#endif
