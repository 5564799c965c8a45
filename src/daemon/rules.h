/*
 * daemon/rules: exemptions and mailbox switches of the store, made ready for judging.
 *
 * An image of the store (store/client.h) becomes tables that the policy looks up, and a generation
 * that has them beside those of the settings.  The records are read a slice at a time, so that a
 * hundred thousand of them hold up no loop.  One that cannot be read counts as absent; how many
 * those are is known afterwards.
 */
#ifndef DAEMON_RULES_H
#define DAEMON_RULES_H

#include "front/gate.h"
#include "store/store.h"

/* One of the two tables, STORE_EXEMPT or STORE_MAILBOX, as of one image.  Counted. */
struct rules;
struct rules *rules_ref(struct rules *r); /* NULL is fine here and below */
void rules_unref(struct rules *r);
/* NULL: none. */
const struct exempts *rules_exempts(const struct rules *r);
const struct mailboxes *rules_mailboxes(const struct rules *r);
size_t rules_count(const struct rules *r);
/* Records that could not be read, and the key of the first of them. */
size_t rules_unread(const struct rules *r);
struct str rules_unread_key(const struct rules *r);

struct rules_reading;

/* Begin.  The image must outlive it; before: the rules of the image before, from
 * which is taken what has not changed, or NULL. */
struct rules_reading *rules_reading_new(enum store_table table, const struct store_image *image,
	const struct check_set *checks, struct rules *before);
/* Read for about so long; true: there is more. */
bool rules_reading_step(struct rules_reading *r, uint64_t max_us);
/* The rules, with one reference.  Only at the end; r is gone. */
struct rules *rules_reading_done(struct rules_reading *r);
void rules_reading_free(struct rules_reading *r); /* NULL is fine */

/* All at once, for commands. */
struct rules *rules_read(
	enum store_table table, const struct store_image *image, const struct check_set *checks);

/* What the store says in a moment. */
struct rules_now {
	struct rules *exempt, *mailbox; /* NULL: none */
	bool unknown; /* it has not said anything yet: nobody is refused for good */
};

/* A generation that differs from base by its stored rules, with one reference for the caller. */
struct generation *rules_generation(struct generation *base, const struct rules_now *now);

#endif
