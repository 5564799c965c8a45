/*
 * daemon/memory_cases: what was decided, for the store: a case for each visit, and which mailboxes
 * there are.
 *
 * Written and forgotten: whatever becomes of it in the store, mail goes on.
 */
#ifndef DAEMON_MEMORY_CASES_H
#define DAEMON_MEMORY_CASES_H

#include "daemon/config.h"
#include "store/client.h"

struct memory_cases;

struct memory_cases *memory_cases_new(void);
void memory_cases_free(struct memory_cases *m);
/* Which are kept, and how, is said by the settings in force. */
void memory_cases_put(struct memory_cases *m, const struct config *config,
	struct store_client *store, const struct visit_case *c);

#endif
