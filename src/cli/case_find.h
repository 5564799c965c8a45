/*
 * cli/case_find: the case that an id names, in the store.
 */
#ifndef CLI_CASE_FIND_H
#define CLI_CASE_FIND_H

#include "cli/case_read.h"
#include "cli/open_store.h"

/* take is given the record, if there is one.  EX_OK, or what was wrong has been told: none, where
 * there is no such case, and how long one is kept. */
int case_find(struct opened *o, const char *id, int none,
	void (*take)(void *ctx, const struct store_record *r), void *ctx);

#endif
