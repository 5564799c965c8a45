/*
 * wire/policy: Postfix policy delegation, bytes to requests and answers to bytes.
 *
 * SMTPD_POLICY_README: a request is lines "name=value", ended by an empty line; an answer is one
 * line "action=..." and an empty line.  Does no I/O and allocates nothing: a request borrows the
 * bytes it was read from.  Attributes may come in any order, unknown ones are ignored, of equal
 * ones the last counts.
 */
#ifndef WIRE_POLICY_H
#define WIRE_POLICY_H

#include "base/buf.h"
#include "base/str.h"

#define POLICY_LINE_MAX	   ((size_t)16 << 10) /* without its line end */
#define POLICY_REQUEST_MAX ((size_t)64 << 10) /* with the empty line at its end */
#define POLICY_ANSWER_MAX  1100		      /* bytes that any answer needs at most */
#define POLICY_TEXT_MAX	   440		      /* octets of a reply text */
#define POLICY_HEADER_MAX  950 /* octets of a header line: RFC 5322 2.1.1 allows 998 */

/* The attributes that are used; empty where the request has none. */
struct policy_request {
	struct str request, protocol_state, protocol_name, helo_name, queue_id, sender, recipient,
		recipient_count, client_address, client_name, reverse_client_name, client_port,
		instance, sasl_username, sasl_method, server_address, server_port, policy_context,
		encryption_protocol;
};

/* Access to one attribute by name; NULL for a name that is not used. */
struct str *policy_attribute(struct policy_request *q, struct str name);

/* SMTP commands as protocol_state names them. */
enum policy_state {
	POLICY_CONNECT,
	POLICY_HELO, /* or EHLO */
	POLICY_MAIL,
	POLICY_RCPT,
	POLICY_DATA,
	POLICY_EOM,
	POLICY_OTHER, /* VRFY, ETRN, or one that was invented later */
};
enum policy_state policy_state_of(struct str protocol_state);

/* Where a reader stands in a request that has come in part; all zero at its beginning. */
struct policy_reader {
	size_t seen; /* whole lines of it that were looked at already, in bytes */
};

enum policy_status {
	POLICY_MORE,	/* not yet complete: come again with these bytes and more behind them */
	POLICY_REQUEST, /* *out and *used_out are set */
	POLICY_BAD,	/* a line without '=', a NUL, or a limit passed: close */
};

/* Read the request that bytes begin with.  The outcome does not depend on the pieces in which the
 * bytes came; lines seen once are not searched again until the request is complete. */
enum policy_status policy_read(
	struct policy_reader *r, struct str bytes, struct policy_request *out, size_t *used_out);

/* Answers.  Never OK: before reject_unauth_destination it would make an open relay. */
void policy_put_dunno(struct buf *b);
/* action=CODE ENHANCED TEXT, see wire/reply.h. */
void policy_put_reply(struct buf *b, unsigned code, struct str enhanced, struct str text);
/* action=PREPEND NAME: VALUE.  name is ours and well-formed; a value that is too long is cut. */
void policy_put_prepend(struct buf *b, struct str name, struct str value);
/* action=HOLD TEXT: take the message, for all its recipients, and hold it. */
void policy_put_hold(struct buf *b, struct str reason);

#endif
