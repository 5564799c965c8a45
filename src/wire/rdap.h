/*
 * wire/rdap: what a registry says of a domain (RFC 9083), and where it says it.
 *
 * Of all that stands in such an answer only the date of registration is read.  A domain that was
 * registered again after it had been free counts from then (reregistration); a transfer, a change
 * and an extension are no registration.  No I/O, no clock.
 */
#ifndef WIRE_RDAP_H
#define WIRE_RDAP_H

#include "base/arena.h"
#include "base/buf.h"

#define RDAP_BODY_MAX ((size_t)256 << 10)
#define RDAP_URL_MAX  1024

enum rdap_says {
	RDAP_BAD,  /* it is no answer about this domain */
	RDAP_NONE, /* it is, and tells no date */
	RDAP_DATE,
};

/* domain: in lower case.  now: seconds since 1970; dates after tomorrow are no dates.  *why: with
 * RDAP_BAD, a literal.  Of a only scratch. */
enum rdap_says rdap_read(struct arena *a, struct str body, struct str domain, int64_t now,
	int64_t *date_out, const char **why);
/* RFC 3339, and what registries write in its place: no zone (it is UTC then), no time. */
NODISCARD bool rdap_date_parse(struct str text, int64_t *out);

/* Parts of a URL; borrowed. */
struct rdap_url {
	bool https;	 /* else http */
	struct str host; /* a name in lower case, an address of IPv4, or one of IPv6 without [] */
	uint16_t port;
	struct str path; /* with the query; begins with a slash */
};

/* False for what no registry's URL has: another scheme, a user, a fragment, upper case in the host,
 * bytes that would have to be escaped, more than RDAP_URL_MAX. */
NODISCARD bool rdap_url_parse(struct str url, struct rdap_url *out);

#endif
