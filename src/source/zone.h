/*
 * source/zone: records answered without asking anyone.
 *
 * For demonstrations, tests and overrides.  The file is the usual master-file form (RFC 1035 5),
 * one record a line:
 *
 *	$ORIGIN example.
 *	$TTL 300
 *	mail          A      203.0.113.5        ; a comment, also with #
 *	5.113.0.203.in-addr.arpa. 60 IN PTR mail.example.
 *	*             TXT    "one string " "and another"
 *	broken        A      !servfail          ; also !timeout, !nxdomain
 *
 * Without $ORIGIN every name is absolute, with or without its dot.  A name that the zone has is
 * answered from it, also with "no such data"; any other name is not the zone's business.  Aliases
 * are followed inside the zone.
 */
#ifndef SOURCE_ZONE_H
#define SOURCE_ZONE_H

#include "base/errbuf.h"
#include "fact/fact.h"

#define ZONE_FILE_MAX ((size_t)16 << 20)
#define ZONE_LINE_MAX ((size_t)64 << 10)

struct zone;

/* From the text of a file, whose name is for errors.  NULL with e filled at the first fault. */
struct zone *zone_parse(const char *file, struct str text, struct errbuf *e);
/* Read a file; as zone_parse(). */
struct zone *zone_load(const char *path, struct errbuf *e);
void zone_free(struct zone *z); /* NULL is fine; answers given out live on */

/* The answer with a reference for the caller, or NULL when the zone does not have the name. */
struct answer *zone_get(struct zone *z, struct str name, enum dns_type type);

#endif
