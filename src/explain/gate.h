/*
 * explain/gate: which patterns cannot match a text, told without trying them.
 *
 * Most rules have nothing to do with a given text.  From a pattern the runs of letters are taken of
 * which it needs at least one, whatever else it allows; of a text it is noted which groups of three
 * bytes it has.  A pattern none of whose runs can be in the text is not tried.  A gate may let
 * through what does not match, never keep out what does; a pattern that it does not understand, or
 * that can do without any run, has no gate.
 */
#ifndef EXPLAIN_GATE_H
#define EXPLAIN_GATE_H

#include "base/arena.h"

#define GATE_BITS 4096

/* The groups of three bytes of a text. */
struct gate_text {
	uint64_t bits[GATE_BITS / 64];
};

/* A run is told by three of its groups. */
struct gate_run {
	uint16_t group[3];
};

struct gate {
	size_t n; /* 0: none, everything may match */
	const struct gate_run *run;
};

void gate_text_init(struct gate_text *t, struct str text);
/* Runs live in a. */
struct gate gate_of_pattern(struct arena *a, struct str pattern);

static inline bool
gate_has(const struct gate_text *t, uint16_t group)
{
	return t->bits[group / 64] >> (group % 64) & 1;
}

/* Whether the pattern may match the text. */
static inline bool
gate_is_open(const struct gate *g, const struct gate_text *t)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct gate_run *r = &g->run[i];
		if (gate_has(t, r->group[0]) && gate_has(t, r->group[1]) &&
			gate_has(t, r->group[2]))
			return true;
	}
	return g->n == 0;
}

#endif
