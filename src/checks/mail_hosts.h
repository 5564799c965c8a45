/*
 * checks/mail_hosts: is one of the hosts that receive a domain's mail on the Internet?
 *
 * Asks for the addresses of MX hosts (RFC 5321 5.1), side by side, until one is found that mail can
 * be sent to.  Which questions are asked depends on nothing but the MX records, never on who
 * answers first.
 */
#ifndef CHECKS_MAIL_HOSTS_H
#define CHECKS_MAIL_HOSTS_H

#include "checks/checks.h"

#define MAIL_HOSTS_MAX 10 /* of one domain, by preference */

struct mail_hosts {
	bool found; /* an address on the Internet: nothing else matters, whatever is still open */
	bool waiting;
	bool skipped;	   /* some host was not asked about, or only for IPv4 */
	struct str failed; /* a host of which an answer is missing or has expired; p NULL: none */
	enum dns_type failed_type;
	const char *reason;
	size_t n_bad; /* addresses that are not on the Internet, all of them */
	struct dns_rr bad[LIST_SHOWN];
	struct dns_rr host[MAIL_HOSTS_MAX]; /* the first of mx by preference, as many as it has */
};

/* mx: with records.  questions: that may be asked, at least 1.  First goes A for every host, then
 * AAAA for those that have no good one, as far as the questions reach. */
void mail_hosts_ask(struct ask *q, const struct dns_answer *mx, size_t questions,
	const struct nets *unreachable, struct mail_hosts *out);
/* A domain without MX is its own host: A and AAAA. */
void mail_hosts_ask_itself(
	struct ask *q, struct str domain, const struct nets *unreachable, struct mail_hosts *out);

#endif
