/*
 * cli/receivers: what large receivers demand of senders, and what they answer where it is not met.
 *
 * Demands are text: data/receivers/, whose first file tells the form.  Each names the items of
 * `mxward selfcheck` that have to pass.  Nothing is asked here.
 */
#ifndef CLI_RECEIVERS_H
#define CLI_RECEIVERS_H

#include "base/errbuf.h"
#include "cli/selfcheck_items.h"

#define RECEIVERS_MAX	 32
#define DEMAND_ITEMS_MAX 6

enum audience { AUDIENCE_SMALL, AUDIENCE_BULK, AUDIENCE_COUNT };

struct receiver {
	struct str name, title;
	struct str bulk; /* who counts as a bulk sender there; may be empty */
};

struct demand {
	struct str name;
	size_t receiver; /* number of it */
	bool of[AUDIENCE_COUNT];
	bool any;  /* one of the items is enough */
	bool ipv6; /* of IPv6 addresses only */
	size_t n_items;
	enum self_item_id item[DEMAND_ITEMS_MAX];
	struct str answer; /* what is answered otherwise: code, enhanced code, a few words */
	struct str source; /* page */
	struct str since;  /* date: YYYY-MM-DD, or shorter; may be empty where seen is not */
	struct str seen;   /* the page was known to say so then */
	unsigned line;
};

struct receivers {
	size_t n, n_demands;
	struct receiver *receiver; /* RECEIVERS_MAX of them */
	struct demand *demand;
};

/* Add what a file says to r, which begins as all zero; what r points to lives in a or in text.
 * False with e. */
NODISCARD bool receivers_read(
	struct arena *a, const char *file, struct str text, struct receivers *r, struct errbuf *e);
/* All that is built in. */
NODISCARD bool receivers_builtin(struct arena *a, struct receivers *r, struct errbuf *e);

/* Whether a demand is met; DEMAND_HAND: as far as can be seen from here. */
enum demand_met { DEMAND_MET, DEMAND_HAND, DEMAND_UNKNOWN, DEMAND_NOT_MET };
enum demand_met demand_judge(const struct demand *d, const struct self_report *r);
/* Number i of its items alone. */
enum demand_met demand_judge_item(const struct demand *d, size_t i, const struct self_report *r);

/* "small", "bulk". */
const char *audience_name(enum audience a);

/* Made of data/receivers/ by tools/receivers: name and text of each file, in their order. */
extern const struct receivers_file {
	const char *name;
	struct str text;
} receivers_files[];
extern const size_t receivers_files_count;

#endif
