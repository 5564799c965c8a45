/*
 * dns/name: domain names as text in one canonical form.
 *
 * Everywhere inside the program a domain name is a struct str in canonical text: labels separated
 * by '.', no trailing dot (the root is "."), ASCII letters lowered, and inside a label every byte
 * outside 0x21..0x7e and the characters '.' and '\' written as \DDD (decimal).  Two names are the
 * same exactly when their texts are.  A name that cannot be asked (empty label, label over 63
 * bytes, more than 255 bytes on the wire) has no canonical form: parsing refuses it.
 * RFC 1035 2.3.4, 3.1, 4.1.4, 5.1; RFC 4343 (case).
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"

/* 255 bytes on the wire hold at most 250 data bytes, each up to four characters, and dots. */
#define DNS_NAME_TEXT_MAX 1016

/* The next byte of text in which \DDD (decimal) and \X stand for a byte: RFC 1035 5.1.  False: the
 * escape is broken. */
NODISCARD bool dns_text_next(struct cursor *c, char *out, bool *escaped);

/* From text as people, records and SMTP clients write it: \DDD and \X escapes understood, one
 * trailing dot dropped, other bytes taken as they are.  out lives in a. */
NODISCARD bool dns_name_parse(struct arena *a, struct str text, struct str *out);
/* Read a (possibly compressed) name at the cursor, which covers the whole message; pointers must
 * point backwards, so a loop is impossible.  The cursor ends after the name, failed on false. */
NODISCARD bool dns_name_read(struct arena *a, struct cursor *c, struct str *out);
/* The same into room of the caller, to which out points: for names that are only looked at. */
NODISCARD bool dns_name_read_text(struct cursor *c, char room[DNS_NAME_TEXT_MAX], struct str *out);
/* Pass over a name without following its pointers. */
void dns_name_skip(struct cursor *c);
/* Canonical text to uncompressed wire form. */
NODISCARD bool dns_name_write(struct str name, struct buf *out);

/* The name to ask PTR for: 5.2.0.192.in-addr.arpa, or 32 nibbles under ip6.arpa. */
struct str dns_reverse_name(struct arena *a, const struct ip *ip);
/* Labels of a canonical name; 0 for the root. */
unsigned dns_name_labels(struct str name);
/* Is name equal to zone or below it? */
bool dns_name_is_under(struct str name, struct str zone);
/* RFC 1123 2.1: letters, digits, hyphens; labels of 1..63 neither begin nor end with a hyphen. */
bool dns_name_is_hostname(struct str name);

#endif
