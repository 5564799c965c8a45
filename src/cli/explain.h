/* cli/explain: what the files of `mxward explain` share. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <jansson.h>

#include "cli/explain_live.h"
#include "cli/report.h"

struct explain_view {
	struct page page;
	const struct texts *texts; /* in whose language */
	bool json;
	const struct live_resolver *live; /* NULL: nobody is asked */
};

/* One object and a line end, or a page for people.  id may be NULL. */
void explain_show(
	const struct explain_view *v, struct arena *a, json_t *id, const struct explanation *e);
void explain_show_error(const struct explain_view *v, json_t *id, const char *why);
/* The built-in rules, and in front of them those that the settings of a file name; path NULL: only
 * the former.  resolver is set likewise, where there is one.  An exit status; what is in *out is
 * the caller's to free in any case. */
int explain_rules_load(const char *path, struct arena *a, struct bounce_rules **out,
	struct live_resolver *resolver);

#endif
