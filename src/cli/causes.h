/* cli/causes: what the files of `mxward causes` share. */
#ifndef CLI_CAUSES_H
#define CLI_CAUSES_H

#include "core/finding.h"
#include "core/texts.h"
#include "explain/rules.h"

#define CAUSE_WORDINGS_MAX 12
#define CAUSE_CODES_MAX	   16
#define CAUSE_FINDINGS_MAX 48

/* What the tables of the program say about a cause beside its own words. */
struct cause_page {
	enum cause_id id;
	size_t n_wordings;
	struct {
		struct str text, provider; /* whose words these are; empty: many servers' */
	} wording[CAUSE_WORDINGS_MAX];	   /* examples of rules on bounces */
	size_t n_codes;
	struct str code[CAUSE_CODES_MAX]; /* "550 5.7.25", sorted */
	size_t n_findings;
	const struct finding_code *finding[CAUSE_FINDINGS_MAX];
};

/* rules: those that are built in.  Strings live in a or in the rules. */
void cause_page_make(struct arena *a, const struct bounce_rules *rules, enum cause_id id,
	struct cause_page *out);
/* What stands for the {places} of steps where there is no case. */
const struct place *cause_places(size_t *n);
enum saying cause_nature_saying(enum nature nature);

/* Pages for a web server in the folder dir, which is made if it is not there: a folder for each
 * language (only: for this one, or NULL) with a page for each cause and an index, and an index of
 * the languages.  An exit status; faults are told. */
int causes_html(const char *dir, const struct texts *only, struct arena *a,
	const struct bounce_rules *rules);

#endif
