/*
 * lists/codes: what the addresses mean that a DNS list answers with.
 *
 * A list (DNSBL, DNSWL; RFC 5782) says "listed" with an address inside 127.0.0.0/8, and which
 * address it is says why.  Operators also use such addresses to complain: "your resolver may not
 * ask here".  Software that takes every answer for a listing then refuses all mail, so an answer
 * counts only as far as a row here declares it.  Does not ask anybody anything.
 */
#ifndef LISTS_CODES_H
#define LISTS_CODES_H

#include "base/errbuf.h"
#include "base/ip.h"

/* What one answer says. */
enum list_meaning {
	LIST_NOT_DECLARED, /* inside 127.0.0.0/8, but no row knows it: not a listing */
	LIST_LISTED,
	LIST_ERROR /* the list complains, or is no list any more: not a listing */
};

struct list_code {
	uint32_t from, to; /* host order, inclusive: (address & mask) lies between them */
	uint32_t mask;
	bool error;	/* such an answer is an error of the asker or the list, no listing */
	bool weighs;	/* points are given; else those that the list has by default */
	int32_t points; /* hundredths; negative: a reward */
	struct str text;
};

struct list_codes {
	size_t n;
	const struct list_code *code;
};

#define LIST_CODE_TEXT_MAX 32 /* longest pattern as list_code_print() writes it */

/* Read a pattern of answers inside 127.0.0.0/8:
 *   127.0.0.2             this address
 *   127.0.0.4-127.0.0.7   these, both ends included
 *   127.0.1.0/24          this network
 *   127.0.*.3             any third byte (each but the first may be *)
 *   127.0.0.&4            a last byte with this bit set; of several bits any one
 * Sets from, to and mask and clears the rest; for anything else false, with a sentence in e. */
NODISCARD bool list_code_parse(struct str pattern, struct list_code *out, struct errbuf *e);
/* The pattern, in a form that list_code_parse() reads to the same from, to and mask. */
void list_code_print(const struct list_code *c, struct buf *out);

/* Does the pattern match?  127.0.0.1 is matched only by a row for it alone: a wider pattern that
 * happens to cover it must not turn the answer of a parked or rewritten name into a listing. */
bool list_code_has(const struct list_code *c, const struct ip *a);
/* The first row that matches one A record of an answer, or NULL. */
const struct list_code *list_codes_find(const struct list_codes *c, const struct ip *a);
/* What one A record of an answer means.  *row_out: the row that says so, or NULL.  Without a row
 * 127.255.255.0/24 (errors by convention of all who use it), 127.0.0.1 and every address outside
 * 127.0.0.0/8 are errors. */
enum list_meaning list_codes_read(
	const struct list_codes *c, const struct ip *a, const struct list_code **row_out);

#endif
