/*
 * daemon/rules_watch: puts exemptions and mailbox switches of the store in force as they change.
 *
 * Told of each image of the store, it makes tables of it between the work of the loop and hands the
 * gate a generation that differs by those only, as daemon/local_watch does for lists in files: one
 * wraps the other.  A reload keeps the tables.  Until the store has told what it has, refusals are
 * deferrals, but not for longer than RULES_WAIT_MS: somebody exempted must not lose mail because
 * a daemon has just begun, nor must a store that is gone hold up judging.
 */
#ifndef DAEMON_RULES_WATCH_H
#define DAEMON_RULES_WATCH_H

#include "daemon/config.h"
#include "daemon/rules.h"
#include "net/loop.h"

#define RULES_WAIT_MS 5000

struct rules_watch;

/* renewed() is told of each generation that follows, which is the same but for its rules.
 * wait: there is a store that will tell its images. */
struct rules_watch *rules_watch_new(struct loop *loop, bool wait,
	void (*renewed)(void *ctx, struct generation *next), void *ctx);
void rules_watch_free(struct rules_watch *w); /* NULL is fine */
/* The generation to be used for messages: base, which is that of the settings or made of it, with
 * the rules of the store.  Borrowed until the next call or renewal. */
struct generation *rules_watch_use(
	struct rules_watch *w, struct config *config, struct generation *base);
/* The store has not told all it has. */
bool rules_watch_waits(const struct rules_watch *w);
/* For struct store_client_options. */
void rules_watch_image(
	struct rules_watch *w, enum store_table table, const struct store_image *image);

#endif
