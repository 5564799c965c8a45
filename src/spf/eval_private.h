/* spf/eval_private: what the files of one evaluation share: eval.c (the order of things), match.c
 * (the mechanisms), width.c (the measure). */
#ifndef SPF_EVAL_PRIVATE_H
#define SPF_EVAL_PRIVATE_H

#include "spf/eval.h"
#include "spf/macro.h"

#define SPF_NAMES_MAX 10 /* hosts of an mx, names of a ptr: 4.6.4 */

struct spf_asked {
	struct str name;
	enum dns_type type;
};

/* A record that this run has parsed: the measure comes to it again. */
struct spf_read {
	const struct dns_answer *txt;
	struct spf_record record;
};

/* One run. */
struct spf {
	struct ask *q;
	const struct spf_request *r;
	struct spf_macros m;			   /* without domain and validated */
	struct spf_asked asked[SPF_QUESTIONS_MAX]; /* in this run: each question once */
	struct spf_read read[SPF_DNS_TERMS_MAX + 1];
	unsigned n_read;
	unsigned n_asked, budget;
	unsigned prefetch_budget; /* questions after which nothing is asked ahead of time */
	unsigned terms, voids;
	unsigned fetched; /* records asked for ahead of time */
	bool stale;	  /* an answer that was used has expired */
	struct str problem;
};

/* A record under evaluation. */
struct spf_level {
	struct str domain; /* raw bytes, as macros want it */
	struct str name;   /* the same in canonical text */
	struct spf_record record;
};

/* How check_host() came to its result. */
struct spf_match {
	struct spf_level level;	     /* the last record read at the top, redirects followed */
	const struct spf_term *term; /* of that record; NULL: none matched */
	bool dynamic; /* names on the way were made from the client's address or reverse name */
};

/* Letters whose values come from the client's address. */
#define SPF_CLIENT_LETTERS STR("ipc")

/* The answer, NULL while it is missing.  Over the budget: a failed answer. */
const struct dns_answer *spf_ask(struct spf *s, enum dns_type type, struct str name);
/* One of several hosts' addresses: whether an expired answer counts is the caller's business.  A
 * name of one label is no host. */
const struct dns_answer *spf_ask_host(struct spf *s, enum dns_type type, struct str name);
/* Ask for the records that this one includes or redirects to; terms: how many were counted before
 * it. */
void spf_prefetch(struct spf *s, const struct spf_level *l, unsigned terms);
/* Set the problem; the result is handed through. */
enum spf_result spf_trouble(struct spf *s, enum spf_result r, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
enum spf_result spf_failed(
	struct spf *s, enum dns_type type, struct str name, const struct dns_answer *a);
/* A, or AAAA for an IPv6 client. */
enum dns_type spf_address_type(const struct spf *s);

/* A raw name in canonical text; empty for one that is never asked. */
struct str spf_canonical(struct spf *s, struct str raw);
/* Macros for a text in this level; false: wait. */
bool spf_macros_at(
	struct spf *s, const struct spf_level *l, struct str text, struct spf_macros *out);
/* The target of a term: raw and canonical, the current domain where it has no domain-spec.  False:
 * wait. */
bool spf_target(struct spf *s, const struct spf_level *l, struct str spec, struct str *raw,
	struct str *name);

/* 4.4, 4.5.  SPF_NO_MATCH: *out is set. */
enum spf_result spf_load(struct spf *s, struct str domain, struct spf_level *out);
/* 4: evaluates domain and what it includes and redirects to; m is set as far as it came. */
enum spf_result spf_check_host(struct spf *s, struct str domain, struct spf_match *m);
/* Does this term match?  SPF_PASS: yes. */
enum spf_result spf_match_term(
	struct spf *s, const struct spf_level *l, const struct spf_term *t, bool *dynamic);
/* The %{p} of a level, "unknown" where there is none; false: wait. */
bool spf_validated(struct spf *s, const struct spf_level *l, struct str *out);

/* After a pass.  False: wait. */
bool spf_measure(
	struct spf *s, struct str domain, const struct spf_match *m, struct spf_width *out);

static inline bool
spf_causes_questions(const struct spf_term *t)
{
	return t->kind != SPF_ALL && t->kind != SPF_IP4 && t->kind != SPF_IP6;
}

#endif
