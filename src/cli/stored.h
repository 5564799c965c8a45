/*
 * cli/stored: what the store knows, for commands that judge.
 *
 * Exemptions and switches of mailboxes as they are now, and histories on demand.  Nothing is
 * written.  A store that cannot be used is told of on standard error, and what it knows is not
 * known.
 */
#ifndef CLI_STORED_H
#define CLI_STORED_H

#include "daemon/config.h"
#include "source/history.h"
#include "store/client.h"

struct stored {
	struct store_client *store; /* NULL: none */
	struct source_history *history;
	struct generation *generation; /* the settings' with the rules of the store */
};

/* The store that the settings name, or none.  history: ask it for histories as well. */
void stored_open(struct stored *s, struct config *config, struct loop *loop, bool history);
/* Before the loop and the settings go, after the gate has. */
void stored_close(struct stored *s);

#endif
