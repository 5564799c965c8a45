/*
 * cli/report: a decision shown to people or as JSON (DESIGN: `check --json`), and how commands
 * write for people.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdio.h>

#include "front/gate.h"

struct report_style {
	bool json;
	bool colour; /* only ever on a terminal */
	bool facts;  /* for people: list the questions and answers too */
};

/* One object and a line end, or a paragraph.  id: what names the decision.  txn may be NULL
 * (never checked). */
void report_decision(FILE *out, const struct report_style *style, struct str id,
	const struct decision *d, const struct transaction *txn);
/* Lines for people. */
struct page {
	FILE *out;
	bool colour;
};
/* Text that may hold anybody's bytes: they are escaped.  colour: the parameters of SGR ("1;31"), or
 * NULL. */
void page_put(const struct page *p, const char *colour, struct str s);
/* "3 d 4 h", "12.5 MiB". */
void page_put_duration(const struct page *p, uint64_t s);
void page_put_size(const struct page *p, uint64_t bytes);
/* Whether this stream should have colour: a terminal, NO_COLOR unset. */
bool report_wants_colour(FILE *out);

#endif
