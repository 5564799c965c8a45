/*
 * daemon/lists_watch: keeps an eye on the DNS lists of the settings in force.
 *
 * Tests each list at the start, every so often, and while it is suspended, by questions to its
 * own entries (RFC 5782 5) and to what cannot be listed; takes in what transactions have seen; says
 * which lists are suspended.  Rules: core/lists_health.  Each change is a line of the log.
 */
#ifndef DAEMON_LISTS_WATCH_H
#define DAEMON_LISTS_WATCH_H

#include "daemon/config.h"

struct lists_watch;

struct lists_watch *lists_watch_new(struct loop *loop);
/* The tests under way are given up. */
void lists_watch_free(struct lists_watch *w); /* NULL is fine */
/* Watch the lists of these settings, whose source must be attached.  Takes a reference to the
 * generation.  What is known of lists that were there before is kept. */
void lists_watch_use(struct lists_watch *w, struct config *config);
/* For struct gate_options; ctx is the watch. */
uint64_t lists_watch_suspended(void *ctx, const struct generation *g);
void lists_watch_seen(void *ctx, const struct generation *g, const struct list_reports *reports);

/* How a list does, for people and for status. */
struct list_status {
	struct str name;
	bool allow;
	const char *state;    /* "fine", "silent", ..., or "dead": known to be, never asked */
	const char *text;     /* a sentence about it; NULL where it is fine */
	uint64_t suspended_s; /* for so long; 0 where it is not */
	uint64_t tested_s;    /* since the last test; UINT64_MAX: none yet */
};
/* List i of the settings in force; false behind the last. */
bool lists_watch_get(const struct lists_watch *w, size_t i, struct list_status *out);

#endif
