/*
 * source/callout: answers on callouts from the process that makes them (daemon/caller), with a
 * small memory of its own before it.
 *
 * Equal questions are asked once.  Where that process is away, busy with too many, or says nothing
 * in time, the answer is "unverifiable" at once: a mail waits for a callout, never for trouble with
 * one.
 */
#ifndef SOURCE_CALLOUT_H
#define SOURCE_CALLOUT_H

#include "fact/fact.h"
#include "net/loop.h"

struct source_callout;

#define SOURCE_CALLOUT_OPEN_MAX 256 /* questions under way */

struct source_callout_options {
	struct loop *loop;
	const char *caller;  /* where it listens: net/local.h */
	uint64_t timeout_ms; /* for an answer */
	/* An answer to a fact given to start(): from the loop, exactly once, with a reference. */
	void (*answered)(struct fact *f, struct answer *a);
};

struct source_callout *source_callout_new(const struct source_callout_options *o);
/* All facts must have been answered or cancelled.  NULL is fine. */
void source_callout_free(struct source_callout *s);
struct callout_source *source_callout_source(struct source_callout *s);
/* From now on. */
void source_callout_set_timeout(struct source_callout *s, uint64_t timeout_ms);

#endif
