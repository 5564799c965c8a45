/*
 * checks/callout: settings of callouts, for the check and for whoever makes them.
 */
#ifndef CHECKS_CALLOUT_H
#define CHECKS_CALLOUT_H

#include "core/check.h"
#include "dns/domains.h"

struct callout_settings {
	bool enabled, tls;
	int32_t from;		 /* hundredths of points */
	struct words skip_words; /* canonical */
	struct str helo;	 /* empty: [site] hostname */
	struct str address4_text, address6_text;
	struct ip address4, address6; /* len 0: any */
	int64_t timeout;	      /* milliseconds */
	int64_t per_server, per_minute;
	int64_t port;
	struct nets unreachable;
};

extern const struct section callout_section;
extern const struct domains callout_skip; /* made from data/callout/skip.txt */

/* This domain, or one above it, is never asked: of a sender, or of a host that receives mail.
 * domain: canonical. */
bool callout_skips(const struct callout_settings *s, struct str domain);

#endif
