/*
 * cli/explain: whether what a bounce says is still so: the receiver's own checks, run now.
 */
#ifndef CLI_EXPLAIN_LIVE_H
#define CLI_EXPLAIN_LIVE_H

#include "daemon/config.h"
#include "explain/advice.h"

enum live_state {
	LIVE_FIXED,
	LIVE_STILL,
	LIVE_UNKNOWN, /* no answer, or nothing that can be asked about */
};

struct live {
	enum live_state state;
	struct str text; /* what was found, a sentence without full stop; in the caller's arena, and
			  * to be shown as it is */
};

/* What is asked with: [dns] of settings. */
struct live_resolver {
	struct str resolver, zone;
};

/* Ask about one case: reverse name and HELO of its client, SPF of its sender, its list. */
struct live live_check(struct arena *a, const struct texts *texts, const struct live_resolver *with,
	const struct explained *x);
/* "fixed", "still", "unknown" */
const char *live_name(enum live_state state);
/* "fixed since", "still so", "not known" */
enum saying live_saying(enum live_state state);

#endif
