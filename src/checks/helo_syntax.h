/*
 * checks/helo_syntax: what the argument of HELO or EHLO is, by its text alone.
 *
 * RFC 5321 4.1.2 (Domain), 4.1.3 (address literals), with RFC 1123's leading digit.
 */
#ifndef CHECKS_HELO_SYNTAX_H
#define CHECKS_HELO_SYNTAX_H

#include "base/ip.h"

enum helo_kind {
	HELO_NAME,	 /* a host name of at least two labels */
	HELO_UNDERSCORE, /* the same but for underscores */
	HELO_ONE_LABEL,	 /* a host name without a domain */
	HELO_LITERAL,	 /* [192.0.2.1] or [IPv6:2001:db8::1] (the tag in any case) */
	HELO_BARE_IP,	 /* an address without brackets */
	HELO_MALFORMED,	 /* none of these; wrong says why */
};

struct helo_form {
	enum helo_kind kind;
	struct ip ip;	   /* LITERAL, BARE_IP */
	const char *wrong; /* MALFORMED: literal, continues "HELO x is no host name: ..." */
};

void helo_parse(struct str helo, struct helo_form *out);
/* For names that only exist inside a private network, what is wrong ("is ..."), else NULL. */
const char *helo_is_private(struct str helo);

#endif
