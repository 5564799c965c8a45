/*
 * daemon/callout_hosts: which servers may be asked about an address of a domain.
 *
 * A check like others, run in a transaction of its own: from the MX records of the domain (RFC 5321
 * 5.1), or the domain itself where it has none, to the addresses of its hosts by preference.  Left
 * out are addresses that are nobody's on the Internet, and our own; a domain whose hosts are never
 * to be asked, or that takes no mail, has none.
 */
#ifndef DAEMON_CALLOUT_HOSTS_H
#define DAEMON_CALLOUT_HOSTS_H

#include "checks/callout.h"

#define CALLOUT_HOSTS_MAX 3 /* addresses that are tried at most */

struct callout_host {
	struct str name;
	struct ip ip;
};

struct callout_hosts {
	const struct callout_settings *settings;
	struct str domain; /* canonical */
	struct arena *a;   /* of the result */
	size_t n;
	struct callout_host host[CALLOUT_HOSTS_MAX];
	const char *reason; /* n 0: why, a literal */
};

/* Its settings are a pointer to a pointer to a struct callout_hosts with the first three filled in,
 * which it completes. */
extern const struct check check_callout_hosts;

#endif
