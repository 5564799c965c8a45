/*
 * cli/selfcheck: the DNS records that would mend what was found, as lines of a zone.
 *
 * Pure.  Names that DNS brought can stand in a zone or are left out; where a name can only be
 * guessed, the record says so.  Records that nobody but a signing program can make (DKIM) are not
 * made up.
 */
#ifndef CLI_SELFCHECK_RECORDS_H
#define CLI_SELFCHECK_RECORDS_H

#include "cli/selfcheck_items.h"

#define SELF_RECORDS_MAX (SELF_ADDRESSES_MAX * 3 + 4)

struct self_record {
	struct str line; /* owner, IN, type, data */
	struct str why;	 /* a clause for people */
	enum fixer who;	 /* whose zone it belongs into */
	bool guessed;	 /* a name in it is only an example */
	bool replaces;	 /* a record that stands there now has to go */
};

/* How many were written to out. */
size_t self_records(const struct self_report *r, struct self_record out[SELF_RECORDS_MAX]);
/* Text as a TXT record wants it: quoted, escaped, cut into strings of 255 bytes. */
struct str self_txt(struct arena *a, struct str text);

#endif
