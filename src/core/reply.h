/*
 * core/reply: the words of a refusal.
 *
 * Says what was seen, what was expected, who can repair it, and what else counted.  Made from the
 * finding codes' templates; peers' bytes are escaped there.
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include "core/policy.h"

#define TALLY_MAX 24

struct tally_item {
	const struct finding *finding;
	struct action action;
};

/* How the findings of one transaction add up under one policy. */
struct tally {
	int32_t score, slack; /* hundredths; slack: points that missing evidence might take off */
	int32_t late;	      /* of score: points of findings that waiting may put right */
	bool reject_stands;   /* a finding refuses that waiting does not put right */
	const struct finding *reject, *defer, *temporary; /* the first of each, or NULL */
	const struct finding *quarantine, *tag, *accept;  /* likewise */
	struct tally_item final; /* the first that decides alone, or with finding NULL */
	bool doubt; /* an answer that is missing might have let it in, whatever else there is */
	const struct finding *heaviest;
	int32_t heaviest_points;
	const struct finding
		*unproved; /* refuses, defers or holds, if it counts: that is not known */
	uint64_t spared;   /* checks that do not count */
	size_t n;
	struct tally_item item[TALLY_MAX];
};

/* Fill v->code, enhanced, line[], one_line for a verdict of kind reject or defer. */
void reply_make(
	const struct judgement *j, const struct tally *t, struct arena *a, struct verdict *v);
/* The same for a deferral because of a bug of ours. */
void reply_make_broken(const struct judgement *j, struct arena *a, struct verdict *v);

#endif
