/*
 * wire/reply: the SMTP reply inside other protocols' messages.
 *
 * Postfix policy actions and milter reply codes carry an SMTP reply.  Whatever text is given, what
 * is printed here is well-formed for the strictest reader known (Postfix 3.12, libmilter): one
 * line, printable ASCII, an enhanced code of the same class as the code.
 * RFC 5321 4.2, RFC 3463 2, RFC 2034 4.
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/buf.h"
#include "base/str.h"

#define REPLY_CODES_MAX 13 /* "550 5.123.456" */

/* "550 5.7.25" with sep after the code (' ', or '-' for all but the last line).  code: 400..599.
 * An enhanced code that is malformed or of another class becomes x.7.1, the MTA's own default. */
void reply_put_codes(struct buf *b, unsigned code, char sep, struct str enhanced);
/* text as printable ASCII (anything else becomes '?'), at most max octets. */
void reply_put_text(struct buf *b, struct str text, size_t max);
/* The same with each '%' doubled, as milter wants it: the doubled ones count as two octets and are
 * never cut apart. */
void reply_put_format(struct buf *b, struct str text, size_t max);

#endif
