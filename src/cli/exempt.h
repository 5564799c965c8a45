/*
 * cli/exempt: what the parts of `mxward exempt` share.
 */
#ifndef CLI_EXEMPT_H
#define CLI_EXEMPT_H

#include "cli/case_read.h"
#include "cli/open_store.h"
#include "core/exempt_value.h"

struct exempt_options {
	const char *settings, *reason, *owner, *skip, *expires;
	const char *verb, *what;
	bool json, force, dry_run;
};

/* An entry of either kind, with what is known of it. */
struct exempt_row {
	struct exemption x;
	struct exempt_value v; /* of the store */
	bool unread;	       /* of the store, and cannot be read: only x.what is set */
	int64_t age_s;	       /* of the store: since it was made */
	int64_t left_s;	       /* until it ends; 0: it does not */
	int64_t hits, idle_s;  /* idle_s: since the last hit, where there are any */
};

struct exempt_rows {
	struct arena arena;
	const struct check_set *checks;
	struct exempt_row *row; /* by what; that of the settings before that of the store */
	size_t n, room;
	struct exempts *all; /* of those that can be read */
};

/* Everything; false: the store could not be read, which was told. */
NODISCARD bool exempt_rows_read(struct exempt_rows *rows, struct opened *o, int *status);
void exempt_rows_done(struct exempt_rows *rows);

/* exempt list, exempt show: the exit status. */
int exempt_list(struct opened *o, const struct exempt_options *with);
int exempt_show(struct opened *o, const struct exempt_options *with);
struct exempt_proposal {
	char id[CASE_ID_SIZE];
	const char *what;
	uint64_t checks; /* those that counted against it */
};
/* What would have helped in this case.  -1, or an exit status and it was told why not. */
int exempt_propose(struct opened *o, const char *text, struct exempt_proposal *out);

/* What should be known of an entry before it is written: lines to standard error. */
void exempt_warn(const struct exemption *x);
/* "rdns, helo" */
void exempt_put_checks(uint64_t checks, struct buf *out);

#endif
