/*
 * mail/psl: where a domain name stops being the registry's and starts being somebody's.
 *
 * A thin wrapper of libpsl with its built-in copy of the Public Suffix List (publicsuffix.org).
 * All names are canonical text (dns/name.h): lower case, no trailing dot.  Results are slices of
 * the name that was given.  A name of more than 255 bytes, or with an empty label, has no
 * registrable domain.
 */
#ifndef MAIL_PSL_H
#define MAIL_PSL_H

#include "base/str.h"

/* The organisational domain (RFC 7489 3.2): the longest public suffix, private ones included, and
 * one label more.  Empty for a public suffix itself, a single label, an address, or no domain. */
struct str psl_registrable(struct str name);

/* The same by the registries' suffixes alone: "a.b.provider.example" gives "provider.example"
 * also where that provider has itself listed as a suffix for its customers.  This is the border
 * between a network operator's name and the host names that he makes under it. */
struct str psl_delegated(struct str name);

/* The same name, or two names of one organisational domain. */
bool psl_same_org(struct str a, struct str b);

/* Can the last label be a top-level domain?  True for those of the list, and for "example" and
 * "test" (RFC 2606), in which documentation and tests live.  False for "local", "lan",
 * "localhost", "invalid", "internal" and for anything that no registry has, digits included. */
bool psl_tld_is_known(struct str name);

#endif
