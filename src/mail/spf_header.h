/*
 * mail/spf_header: what a message is told about its SPF check, as values of header fields.
 *
 * Received-SPF (RFC 7208 9.1) and the spf part of Authentication-Results (RFC 8601 2.7.2).  All
 * that comes from strangers is quoted and cleaned: no byte of theirs ends a value, a comment or a
 * line.  A name that is no proper host name never becomes a property that others act on.
 */
#ifndef MAIL_SPF_HEADER_H
#define MAIL_SPF_HEADER_H

#include "base/buf.h"
#include "base/ip.h"

struct spf_header {
	const char *result; /* "pass", ... */
	bool of_helo;	    /* the identity: HELO name or sender */
	struct ip client;
	struct str receiver; /* our own name */
	struct str helo, sender;
	struct str domain;    /* that was asked: the sender's, or the HELO name */
	struct str mechanism; /* that decided, or empty */
	struct str problem;   /* of an error, or empty */
};

/* The value after "Received-SPF: ", folded with LF and tab as milters want it; no line is longer
 * than 600 bytes. */
void received_spf_print(const struct spf_header *h, struct buf *out);
/* "spf=fail smtp.mailfrom=example.org", one result of Authentication-Results. */
void auth_results_spf_print(const struct spf_header *h, struct buf *out);

#endif
