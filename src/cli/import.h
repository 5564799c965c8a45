/*
 * cli/import: the parts of `mxward import-log`.
 *
 * The log is read once, from beginning to end, and what clients wanted is gathered in memory of
 * bounded size (import_set).  Then each distinct transaction is judged, which takes as long as DNS
 * takes (import_judge), and its outcome is added up (import_tally) and reported (import_report).
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include <stdio.h>

#include "daemon/config.h"
#include "mail/postfix_track.h"

/* What one client wanted of one recipient, under one HELO and sender. */
struct import_attempt {
	struct import_attempt *next;
	struct str rcpt;  /* p NULL: not known, or one of more than are kept apart */
	struct str name;  /* of the client, as Postfix saw it */
	struct str queue; /* may be empty */
	struct str reason;
	enum postfix_outcome outcome;
	enum postfix_status status;
	uint16_t code;
	uint64_t count; /* how often it stands in the log */
	int64_t time;	/* the last time */
};

/* A distinct transaction. */
struct import_key {
	struct import_key *next;
	uint64_t hash, sample;
	struct arena arena;
	struct ip client;
	struct str helo, from; /* p NULL: not known */
	struct import_attempt *attempts;
	size_t n, bytes;
	bool judged;
};

/* Distinct transactions in bounded memory: when there are more than allowed, every second one is
 * dropped and no longer taken, so that a fair sample is left. */
struct import_set {
	size_t max, n, room;
	struct import_key **key; /* in the order of the log */
	struct import_key **slot;
	size_t n_slots;
	unsigned halved; /* one of 2^halved is kept */
	size_t bytes;	 /* of memory, about */
};

void import_set_init(struct import_set *s, size_t max);
void import_set_done(struct import_set *s);
void import_set_add(struct import_set *s, const struct postfix_attempt *a);
/* NULL where there is none. */
struct import_key *import_set_find(
	const struct import_set *s, const struct ip *client, struct str helo, struct str from);

/* Reading. */

struct import_span {
	int64_t first, last; /* seconds since 1970 of the first and last line; 0: none */
	uint64_t lines;	     /* all, also those that are of no log */
	uint64_t too_long;
};

/* Read the files in the order of time, compressed by gzip or not, "-" being standard input; line by
 * line into track.  progress is called now and then: bytes read, of all; all is 0 where nobody
 * knows. */
int import_read(char **files, int n, struct postfix_track *track, struct import_span *span,
	void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx);

/* Adding up. */

enum import_now { NOW_ACCEPTED, NOW_UNSURE, NOW_PUT_OFF, NOW_REFUSED };
#define NOW_COUNT (NOW_REFUSED + 1)

struct import_row {
	struct str name;
	uint64_t n[NOW_COUNT];
};

/* Counters by name; with too many names those that come late count as "others". */
struct import_rows {
	size_t n, room, n_slots;
	struct import_row *row;
	uint32_t *slot; /* number of the row and 1 */
	struct arena arena;
};

void import_rows_init(struct import_rows *r);
void import_rows_done(struct import_rows *r);
void import_rows_add(struct import_rows *r, struct str name, enum import_now now, uint64_t count);
/* The largest first, by their count in one column.  The last thing that is done with them. */
void import_rows_sort(struct import_rows *r, enum import_now by);

struct import_sample {
	struct ip client;
	struct str domain;				  /* of the sender */
	struct str name, helo, from, rcpt, queue, reason; /* helo, from, rcpt: p NULL: not known */
	int64_t time;
	uint16_t code;
	enum postfix_outcome outcome;
	enum postfix_status status;
	enum verdict_kind now;
	struct str reply, findings; /* "rdns_none +4, spf_fail +4" */
};

#define IMPORT_SAMPLES 20

/* Mail that is treated otherwise than it was; its rows have one column only. */
struct import_change {
	enum import_now column;
	uint64_t n, sent, private; /* mails; of them delivered, from private addresses */
	uint64_t transactions;
	const struct import_key *last; /* whose attempt came last */
	struct import_rows findings, senders, rcpts;
	struct import_sample sample[IMPORT_SAMPLES];
	size_t n_samples;
};

struct import_tally {
	uint64_t judged, resumed; /* transactions; of them without asking again */
	uint64_t ours;		  /* mails of the own networks, which are never checked */
	uint64_t table[POSTFIX_REFUSED + 1][NOW_COUNT];
	struct import_rows reasons;  /* of Postfix, for what it did not accept */
	struct import_rows findings; /* of all mails */
	struct import_change refused, accepted;
	struct arena arena;
};

void import_tally_init(struct import_tally *t);
void import_tally_done(struct import_tally *t);
/* One attempt was judged; result is NULL where nothing is checked.  Those of one transaction come
 * one after the other. */
void import_tally_add(struct import_tally *t, const struct import_key *key,
	const struct import_attempt *a, const struct generation *g, const struct result *result,
	const struct verdict *v);

/* Judging. */

struct import_judge_options {
	struct generation *generation; /* with a resolver */
	struct loop *loop;
	struct import_set *set;
	struct import_tally *tally;
	unsigned rate;	    /* transactions that have to ask, in a second */
	const char *resume; /* records of what was judged before, and from now on; or NULL */
	const char *out;    /* records of everything; or NULL */
	void (*progress)(void *ctx, size_t done, size_t all);
	void *ctx;
};

/* Judge every transaction of the set.  *interrupted: a signal came first. */
int import_judge(const struct import_judge_options *o, bool *interrupted);

/* Reporting. */

struct import_facts {
	const char *config; /* file, or NULL */
	enum profile profile;
	bool monitor; /* the settings only watch; judged as if they did not */
	struct import_span span;
	struct postfix_counts counts;
	uint64_t too_old; /* mails before --since */
	size_t distinct;
	size_t helo_known; /* of these */
	unsigned halved;
	bool interrupted;
	const char *out;
};

void import_report_text(
	FILE *out, bool colour, const struct import_facts *f, struct import_tally *t);
void import_report_json(FILE *out, const struct import_facts *f, struct import_tally *t);

#endif
