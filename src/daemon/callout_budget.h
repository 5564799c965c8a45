/*
 * daemon/callout_budget: how many callouts may be made.
 *
 * So many a minute in all, so many a minute to one mail server, and one at a time to each.  Exact,
 * whatever is asked: what was begun within the last minute is counted one by one.  It has no
 * pointers, so that it can lie in memory that several processes see, one after the other.  Times
 * are clock_ms() of the caller.
 */
#ifndef DAEMON_CALLOUT_BUDGET_H
#define DAEMON_CALLOUT_BUDGET_H

#include "base/ip.h"

#define CALLOUT_BUDGET_MAX 6000 /* callouts a minute that can be allowed */
#define CALLOUT_MINUTE_MS  60000

struct callout_begun {
	struct ip server;
	uint64_t at_ms;
	bool under_way;
};

struct callout_budget {
	unsigned per_minute, per_server;
	size_t n;
	struct callout_begun begun[CALLOUT_BUDGET_MAX]; /* the oldest first */
};

void callout_budget_init(struct callout_budget *b, unsigned per_minute, unsigned per_server);
/* Other limits; what was begun still counts. */
void callout_budget_set(struct callout_budget *b, unsigned per_minute, unsigned per_server);
/* Whoever had sessions under way is no more. */
void callout_budget_resume(struct callout_budget *b);
/* May this server be asked now?  NULL: yes, and it is begun; else why not, a literal. */
const char *callout_budget_begin(
	struct callout_budget *b, const struct ip *server, uint64_t now_ms);
/* Why nobody may be asked now, whoever it is, a literal; NULL: that depends on the server. */
const char *callout_budget_spent(struct callout_budget *b, uint64_t now_ms);
/* The session with it is over. */
void callout_budget_end(struct callout_budget *b, const struct ip *server);

#endif
