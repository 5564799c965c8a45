/*
 * dns/domains: a list of domains, read from a file's text and searched.
 *
 * One domain a line; "#" begins a comment; blank lines count for nothing.  A domain stands for
 * itself and all names below it.
 */
#ifndef DNS_DOMAINS_H
#define DNS_DOMAINS_H

#include "base/errbuf.h"
#include "dns/name.h"

#define DOMAINS_LINES_MAX 250000

struct domains {
	size_t n;
	const struct str *name; /* canonical, sorted */
};

/* All lines are read into a; name is the file's, for errors.  On false e names the first line that
 * is no domain. */
NODISCARD bool domains_parse(
	struct arena *a, const char *name, struct str text, struct domains *out, struct errbuf *e);
/* The entry that a canonical name is equal to or below, a part of name; empty: none. */
struct str domains_find(const struct domains *d, struct str name);

#endif
