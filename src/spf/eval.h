/*
 * spf/eval: check_host() of RFC 7208 as a restartable evaluation over facts.
 *
 * It reads top-down like blocking code: a fact that is missing gives SPF_WAIT, and the caller runs
 * it again from the top when the fact is there.  Counters live on the stack and are counted afresh
 * in each run.
 *
 * Questions.  A run goes through the record in the order of the RFC and stops at the first answer
 * that it needs and does not have, so each run asks a longer beginning of one and the same list of
 * questions, whatever order the answers come in: what a run has counted is all that was ever asked,
 * and a limit strikes at the same place each time.  Asked side by side is what is needed anyway:
 * the records that a record includes (at most ten; when the client passes before they are read,
 * the measure reads them), the hosts of an mx, the names of a ptr.
 *
 * Limits (4.6.4): ten terms that cause questions, ten hosts per mx, ten names per ptr and %{p}, a
 * number of terms that find nothing; and, because all that still allows 111 questions, a budget of
 * different questions, past which the result is temperror.  A term is counted as finding nothing
 * once, however many lookups it takes, as the RFC's words are; what the client's reverse zone lacks
 * and an IPv4-only host asked for by an IPv6 client are not the domain's fault and not counted.
 *
 * Names with an empty or overlong label, of one label, or over 253 bytes are never asked.
 * A stale answer may let pass; where it would lead to anything else the result is temperror.
 */
#ifndef SPF_EVAL_H
#define SPF_EVAL_H

#include "fact/ask.h"
#include "spf/record.h"

#define SPF_QUESTIONS_MAX   40
#define SPF_EXPLANATION_MAX 450 /* bytes */

struct spf_request {
	struct str local, domain; /* the identity; an empty local-part is "postmaster" (4.3) */
	struct str helo;
	struct str receiver; /* our own name, may be empty */
	struct ip client;
	int64_t now;	    /* seconds since 1970, for %{t} */
	unsigned questions; /* budget, at most SPF_QUESTIONS_MAX */
	unsigned voids;	    /* terms that may find nothing */
	bool measure;	    /* fill in width when the result is pass */
	/* Records of these domains and below are big providers': width.outside leaves them out. */
	const struct str *providers;
	size_t n_providers;
};

/* How much of the client's address family earns pass under the domain's policy: see width.c. */
struct spf_width {
	uint64_t all;	   /* IPv4 addresses, or IPv6 networks of 64 bits; UINT64_MAX: all */
	uint64_t outside;  /* the same without the records of big providers */
	struct str term;   /* the term that adds most to the figure that matters, ... */
	struct str domain; /* ... and in whose record it stands; empty where nothing was added */
	struct str outside_term, outside_domain;
	bool partial; /* something could not be read: there may be more */
};

struct spf_outcome {
	enum spf_result result;
	struct str term;    /* the directive that decided; empty: none (result by default) */
	struct str record;  /* in whose record it stands: the domain, or where it redirects to */
	struct str problem; /* none and the errors: a sentence for people */
	struct str explanation; /* fail: the domain's own words, printable ASCII; or empty */
	struct spf_width width;
	unsigned terms, voids, questions;
};

/* Strings of *out live in scratch or in facts.  SPF_WAIT: *out is not set. */
NODISCARD enum spf_result spf_check(
	struct ask *q, const struct spf_request *r, struct spf_outcome *out);

/* "pass", "softfail", ... */
const char *spf_result_name(enum spf_result r);

#endif
