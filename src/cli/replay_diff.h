/*
 * cli/replay_diff: what changes between two ways to judge, summed up.
 *
 * By what became of it, by the finding that decided and by the sender's domain, with a few samples
 * of each.  Bounded: of more findings and domains than DIFF_NAMES the rest is counted together, and
 * samples are kept of those that were seen first.
 */
#ifndef CLI_REPLAY_DIFF_H
#define CLI_REPLAY_DIFF_H

#include "cli/report.h"

#define DIFF_NAMES   50000
#define DIFF_SAMPLES 20000 /* in all */

struct diff;

/* samples: at most so many of each. */
struct diff *diff_new(unsigned samples);
void diff_free(struct diff *d);

struct changed {
	enum verdict_kind before, after;
	struct str case_id, from, rcpt, finding; /* finding: that decided, or empty */
	bool has_from;
	const struct ip *client;
};
void diff_add(struct diff *d, const struct changed *c);
/* A decision that cannot be told: facts are missing. */
void diff_add_untold(struct diff *d);

uint64_t diff_count(const struct diff *d);
uint64_t diff_newly_refused(const struct diff *d);

/* What the changes are among. */
struct diff_scope {
	uint64_t cases, rcpts, unreadable;
	int64_t first, last; /* seconds since 1970; 0: none */
	bool interrupted;
};
void diff_show(const struct page *p, struct diff *d, const struct diff_scope *s);
void diff_show_json(FILE *out, struct diff *d, const struct diff_scope *s);

#endif
