/*
 * source/rdap_bootstrap: which registry is responsible for a domain: the file of RFC 9224.
 *
 * IANA's file (https://data.iana.org/rdap/dns.json), and the one that is built in (data/rdap/),
 * have the same form; of a registry's servers the first with https is used, and a registry without
 * such a one is left out.  No I/O.
 */
#ifndef SOURCE_RDAP_BOOTSTRAP_H
#define SOURCE_RDAP_BOOTSTRAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/errbuf.h"

#define RDAP_BOOTSTRAP_MAX ((size_t)1 << 20)

struct rdap_suffix {
	struct str name; /* "com", in lower case */
	size_t registry;
};

struct rdap_bootstrap {
	size_t n;
	const struct rdap_suffix *suffix; /* sorted by name */
	size_t n_registries;
	const struct str *url;	/* of a registry; ends with a slash */
	struct str publication; /* as written; may be empty */
};

/* What *out points to lives in a.  False with a sentence in e, place not included: it is no such
 * file, or one that is not to be used. */
NODISCARD bool rdap_bootstrap_parse(
	struct arena *a, struct str text, struct rdap_bootstrap *out, struct errbuf *e);
/* The registry of the longest suffix of a domain in lower case; false: none is known. */
NODISCARD bool rdap_bootstrap_find(
	const struct rdap_bootstrap *b, struct str domain, size_t *registry_out);
/* As a file that says the same; a registry on each line. */
void rdap_bootstrap_print(const struct rdap_bootstrap *b, struct buf *out);

/* The file that is built in, made by tools/text-file. */
extern const struct str rdap_bootstrap_builtin;

#endif
