/*
 * cli/case_show: a case for the administrator, for the sender, and for programs.
 */
#ifndef CLI_CASE_SHOW_H
#define CLI_CASE_SHOW_H

#include "cli/case_read.h"
#include "cli/report.h"

/* All that is known: who, each recipient's verdict and reply, each finding with what was seen, what
 * is expected, who can repair it and how, the facts. */
void case_show(const struct page *p, const struct stored_case *c);
/* Words that can be mailed to the sender: nothing of the policy beyond what the reply said, nothing
 * of other recipients.  with_score: points may be named, as in replies. */
void case_show_sender(const struct page *p, const struct stored_case *c, bool with_score);
/* The object of `check --json` for each recipient. */
void case_show_json(FILE *out, const struct stored_case *c);

/* Parts. */
/* The sentence of a finding; of one that is not known, its evidence. */
struct str case_sentence(struct arena *a, const struct case_finding *f);
/* The record that is missing and what must be said of it; nothing where there is none. */
void page_put_advice(
	const struct page *p, const char *margin, const struct finding *f, const struct record *r);

#endif
