/*
 * checks: all checks of the program, and what several of them share.
 *
 * The order is the order of findings in replies and records.
 */
#ifndef CHECKS_CHECKS_H
#define CHECKS_CHECKS_H

#include "core/check.h"

extern const struct check check_local, check_rdns, check_generic_rdns, check_helo, check_spf,
	check_sender, check_dnsbl, check_history, check_domain_age, check_session, check_header,
	check_callout;

/* Every check, in order. */
const struct check *const *checks_all(size_t *n);

/* Settings of generic_rdns; the files are read by whoever loads the settings. */
struct generic_rdns_settings {
	struct words words;
};

/* Settings of spf; the file of cheaters is read by whoever loads the settings. */
struct spf_settings {
	bool helo, explanation;
	int64_t questions, voids;
	int64_t open_from, wide_from;
	struct words providers;
	struct str cheaters; /* path */
};

extern const struct section history_section;

/* Settings of history; those that write histories count by them too.  Times in milliseconds. */
struct history_settings {
	int64_t half_life;
	int64_t good_at, bad_at; /* messages */
	int64_t good_refused;	 /* per cent */
	int64_t spam_outweighs;	 /* messages; 0: whatever their number */
	int64_t too_many, within;
};

extern const struct section session_section;

/* Settings of session; those that count over sessions do it by them.  Limits: 0: none. */
struct session_settings {
	int64_t resets, commands, recipients, empty;
	int64_t null_rcpts;
	int64_t half_life; /* milliseconds */
	bool disconnect;
};

extern const struct section domain_age_section;

/* Whose domains are looked at, as bits; said by the bits of of. */
enum { DOMAIN_AGE_SENDER = 1, DOMAIN_AGE_HELO = 2, DOMAIN_AGE_RDNS = 4 };
#define DOMAIN_AGE_GRADES 3

/* Settings of domain_age; a registry is asked by whoever runs the checks. */
struct domain_age_settings {
	bool rdap;
	struct words whose;
	unsigned of; /* the same as bits */
	/* Younger than this, in milliseconds, a domain costs so much; the youngest first. */
	int64_t under[DOMAIN_AGE_GRADES];
	int32_t points[DOMAIN_AGE_GRADES];
};

#define REVERSE_NAMES_MAX 10 /* RFC 8601 3 points at the ten of RFC 7208 4.6.4 */

/* PTR of the client; NULL while unknown. */
const struct dns_answer *ask_reverse_names(struct ask *q);
/* How many of its names count. */
size_t reverse_names_count(const struct dns_answer *ptr);
/* A or AAAA, as the client's family wants. */
enum dns_type address_type(const struct ip *client);

/* Is it one of these, in upper or lower case? */
bool word_is_in(struct str s, const struct words *w);

struct domains;

/* Is one of the client's reverse names at or below one of these domains, and does it resolve back?
 * UNKNOWN: DNS did not answer, so it might be.  Asks for nothing where the list is empty. */
enum confirmed { CONFIRMED_WAIT, CONFIRMED_NO, CONFIRMED_YES, CONFIRMED_UNKNOWN };
enum confirmed ask_confirmed(struct ask *q, const struct domains *d, struct str *name_out);

#define LIST_SHOWN 4

/* Evidence as text, in scratch: an address, a list whose first few are shown ("a, b and 3 more").
 */
struct str ip_str(struct ask *q, const struct ip *ip);
struct str names_list(struct ask *q, const struct dns_answer *answer);
struct str addresses_list(struct ask *q, const struct dns_answer *answer);

#endif
