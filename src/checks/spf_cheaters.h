/*
 * checks/spf_cheaters: is this a domain whose SPF pass proves nothing?
 *
 * So says the administrator's file of such domains, or a DNS list that is asked about it (a section
 * [dnsbl NAME] with "spf" in ask).  Such a list is believed no further than checks/dnsbl would
 * believe it: it is not asked while it is suspended, only a declared answer is a listing, and only
 * after the canary.  One that does not answer costs nobody his pass.
 */
#ifndef CHECKS_SPF_CHEATERS_H
#define CHECKS_SPF_CHEATERS_H

#include "core/check.h"

struct spf_cheater {
	struct str entry; /* the domain as listed; empty: it is none */
	struct str where; /* "listed here", "on the list NAME" */
	struct str remedy;
};

/* domain as it was said.  Asks nobody about one that is in the file.  False: wait. */
NODISCARD bool spf_find_cheater(
	struct ask *q, struct str domain, struct list_reports *reports, struct spf_cheater *out);

#endif
