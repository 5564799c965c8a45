/*
 * core/health: is it the world that is broken, or are we?
 *
 * Watches decisions and says when they can no longer be believed:
 *	- most clients come from one private address: the real client address was lost on the way
 *	  (NAT, container proxy), so nothing found about it is worth anything; such clients are
 *	  accepted;
 *	- one finding suddenly refuses most clients: a resolver that invents answers, say.  That
 *	  finding is suspended (monitor mode) for a while.
 * Each comes with an alarm for the log.  State is per process and of a fixed size.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include "core/policy.h"

#define HEALTH_NAT_WINDOW  100 /* clients looked back on */
#define HEALTH_NAT_MIN	   50  /* fewer than these say nothing */
#define HEALTH_NAT_PERCENT 95
#define HEALTH_RECENT	   64  /* a client counts once while it is among the last so many */
#define HEALTH_SURGE_MIN   100 /* distinct clients before a finding can be suspended */
#define HEALTH_ALL_REFUSED 200 /* so many in a row refused by one finding: suspended anyway */
#define HEALTH_CODES_MAX   32  /* finding codes of one check */

struct health_code {
	float fast, slow; /* share of distinct clients that this finding did not refuse */
	unsigned seen, in_a_row;
	uint64_t until_ms; /* suspended until; 0: not */
};

struct health {
	/* Lost client addresses. */
	struct ip ring[HEALTH_NAT_WINDOW];
	unsigned ring_n, ring_at;
	struct ip suspect;
	unsigned suspect_n;
	bool nat;
	/* Findings gone wild. */
	uint64_t recent[HEALTH_RECENT];
	unsigned recent_at;
	struct health_code code[CHECKS_MAX][HEALTH_CODES_MAX];
	struct circumstances now; /* what policy_judge() is given */
	/* settings */
	bool watch_nat, watch_findings;
	uint64_t suspend_ms;
};

struct health_alarm {
	enum { HEALTH_NAT_ON, HEALTH_NAT_OFF, HEALTH_SUSPENDED, HEALTH_RESUMED } kind;
	struct ip ip;
	const struct finding_code *code;
};
typedef void health_alarm_fn(void *ctx, const struct health_alarm *alarm);

void health_init(struct health *h, bool watch_nat, bool watch_findings, uint64_t suspend_ms);
/* A client has come (once per message). */
void health_client(struct health *h, const struct ip *client, health_alarm_fn *alarm, void *ctx);
/* What to judge this client under. */
const struct circumstances *health_circumstances(struct health *h, const struct ip *client,
	const struct check_set *checks, uint64_t now_ms, health_alarm_fn *alarm, void *ctx);
/* A decision was made (once per message): learn from it. */
void health_decided(struct health *h, const struct ip *client, const struct verdict *v,
	const struct result *r, const struct check_set *checks, uint64_t now_ms,
	health_alarm_fn *alarm, void *ctx);

#endif
