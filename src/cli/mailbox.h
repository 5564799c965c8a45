/*
 * cli/mailbox: what the parts of `mxward mailbox` share.
 */
#ifndef CLI_MAILBOX_H
#define CLI_MAILBOX_H

#include "cli/open_store.h"
#include "cli/report.h"
#include "core/mailbox_value.h"

/* A mailbox or domain with what is known of it. */
struct mailbox_row {
	struct str who;
	bool has_switches, unread, seen; /* unread: it has some that cannot be read */
	struct switches switches;
	int64_t accepted, refused, deferred, idle_s; /* where mail was seen */
};

/* mailbox list: the exit status. */
int mailbox_list(struct opened *o, bool seen, bool json);
/* One object on a line. */
void mailbox_put_json(const struct mailbox_row *r, const struct check_set *checks);
/* The switches behind these words, and the end of the line. */
void mailbox_put_switches(const struct page *p, const char *before, const struct switches *s,
	const struct check_set *checks);

#endif
