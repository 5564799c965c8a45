/*
 * daemon/local_watch: reads the lists in files again when they change.
 *
 * Looks at each file every few seconds.  One that is another one or has another time or size is
 * read anew, a piece at a time between the work of the loop, into a table of its own; only when it
 * is right as a whole, messages from then on are judged by it.  A file with an error, or none, is
 * one line of the log, and the old entries stay.  A file that was written in this moment is left
 * for the next look: whoever makes a list should rename it into place, but one that is being
 * written to is mostly told by its time.
 *
 * Meanwhile both tables are in memory.  A million entries take half a second of CPU, of which the
 * last fifth of a second stops the loop.
 */
#ifndef DAEMON_LOCAL_WATCH_H
#define DAEMON_LOCAL_WATCH_H

#include "daemon/config_local.h"

#define LOCAL_WATCH_MS 5000 /* between two looks */

struct local_watch;

/* renewed() is told of each generation that follows, which is the same but for its lists. */
struct local_watch *local_watch_new(struct loop *loop, uint64_t every_ms,
	void (*renewed)(void *ctx, struct generation *next), void *ctx);
void local_watch_free(struct local_watch *w); /* NULL is fine */
/* Watch the files of these settings, whose generation has its source and number.  The generation
 * that is to be used for messages, borrowed; the settings' own has no lists any more.  The first
 * look comes at once. */
struct generation *local_watch_use(struct local_watch *w, struct config *config);

#endif
