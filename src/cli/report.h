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
/* Its parts. */
struct json_t;
struct json_t *report_str(struct str s); /* anybody's bytes, escaped */
struct json_t *report_points(int32_t hundredths);
struct json_t *report_finding(const struct finding *f, const char *check, struct action a);
/* A list of its lines. */
struct json_t *report_lines(struct str text);
/* NULL where there is nothing to tell. */
struct json_t *report_fact(const struct fact *f);

/* Lines for people. */
struct page {
	FILE *out;
	bool colour;
};
/* Text that may hold anybody's bytes: they are escaped.  colour: the parameters of SGR ("1;31"), or
 * NULL. */
void page_put(const struct page *p, const char *colour, struct str s);
/* A question and its answer, on one line. */
void page_put_fact(const struct page *p, const struct fact *f);
/* Columns that UTF-8 takes: none for the bytes that go on with a letter. */
size_t page_columns(struct str s);
/* Printable text in lines of at most width columns, where its words let it; the first begins with
 * first, the others with margin. */
void page_put_wrapped(
	const struct page *p, const char *first, const char *margin, struct str text, size_t width);
/* What to do, numbered, in lines of at most width columns. */
void page_put_steps(
	const struct page *p, const char *margin, const struct finding *f, size_t width);
/* "3 d 4 h", "12.5 MiB". */
void page_put_duration(const struct page *p, uint64_t s);
void page_put_size(const struct page *p, uint64_t bytes);
/* Whether this stream should have colour: a terminal, NO_COLOR unset. */
bool report_wants_colour(FILE *out);

#endif
