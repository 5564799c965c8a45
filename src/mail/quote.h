/*
 * mail/quote: strangers' bytes in values of header fields.
 *
 * No byte of theirs ends a value, a comment or a line.
 */
#ifndef MAIL_QUOTE_H
#define MAIL_QUOTE_H

#include "base/buf.h"

/* The first max bytes of s, where those of `escape` get a backslash and what is not printable ASCII
 * becomes "?". */
void quote_put_clean(struct buf *out, struct str s, size_t max, const char *escape);
/* The same between quotation marks: a quoted-string of RFC 5322 3.2.4 and RFC 2045 5.1. */
void quote_put_string(struct buf *out, struct str s, size_t max);

/* Labels of letters, digits, hyphens and underscores with single dots between them, at most 255
 * bytes: what may stand unquoted as a property that others act on. */
bool quote_is_domain(struct str s);

#endif
