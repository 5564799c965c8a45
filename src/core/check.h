/*
 * core/check: what a check is.
 *
 * One file, one struct check: a pure function from facts to findings.  It can reach no network, no
 * store, no clock and no heap; it reads top-down like blocking code (see fact/ask.h).
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include "conf/schema.h"
#include "core/finding.h"
#include "fact/ask.h"

enum check_status {
	CHECK_WAIT,   /* nothing is reported yet */
	CHECK_SO_FAR, /* it waits too, but what it has found is certain and counts already; it will
		       * report that again, and perhaps more */
	CHECK_DONE
};

struct check {
	const char *name; /* settings section, log key, chapter of the manual, word in [exempt] */
	const char *help; /* one paragraph for the manual */
	const struct finding_code *codes; /* everything it can report */
	size_t n_codes;
	const struct section *section; /* its settings, or NULL */
	enum check_status (*run)(struct ask *q, struct findings *out);
};

/* What another check has found, one that stands before this one in the table of checks; NULL until
 * it is done.  One that is not made has found nothing. */
const struct findings *ask_findings(struct ask *q, const struct check *check);

#define CHECKS_MAX 16

struct dnsbl_set;
struct domains;
struct local_lists;
struct rdns_words;

/* What the checks may know about the receiving site; from [site]. */
struct site {
	struct str hostname;		     /* our host name, lower case */
	struct words hostnames;		     /* further names of ours */
	struct words domains;		     /* domains that we receive mail for */
	struct nets addresses;		     /* our own addresses */
	const struct rdns_words *rdns_words; /* of reverse names; NULL: built-in */
	const struct domains *spf_cheaters;  /* whose SPF pass proves nothing; NULL: nobody's */
	const struct dnsbl_set *lists;	     /* DNS lists; NULL: none */
	const struct local_lists *local;     /* lists in files; NULL: none */
};

#endif
