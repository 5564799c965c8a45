/*
 * spf/macro: macro strings of SPF, RFC 7208 7.
 *
 * Grammar and expansion, nothing else: what a macro stands for is given by the caller, so this file
 * asks nobody.  One bounded writer serves both kinds of text; no length is computed beforehand
 * (every known overflow in other people's expanders came from a length computed apart from the
 * writing).
 */
#ifndef SPF_MACRO_H
#define SPF_MACRO_H

#include "base/arena.h"
#include "base/ip.h"

/* What the macro letters stand for; texts as they came, not canonical names. */
struct spf_macros {
	struct str sender;    /* s: local-part@domain */
	struct str local;     /* l */
	struct str origin;    /* o: the sender's domain */
	struct str domain;    /* d: the domain whose record is being read */
	struct str helo;      /* h */
	struct str validated; /* p: the client's confirmed reverse name, or "unknown" */
	struct str receiver;  /* r: our own name, or "unknown" */
	struct ip client;     /* i, c, v */
	int64_t now;	      /* t: seconds since 1970 */
};

#define SPF_NAME_MAX 253 /* bytes of an expanded name, 7.3 */

/* Is this a macro-string (7.1)?  The letters c, r and t are for explanations; in an explanation
 * blanks may stand between macro strings too. */
NODISCARD bool spf_macro_string_ok(struct str text, bool explanation);
/* Is this a domain-spec: a macro-string that ends in a macro or in "." and a top-level label? */
NODISCARD bool spf_domain_spec_ok(struct str text);
/* Does a macro in it have one of these letters (lower case)? */
bool spf_macro_uses(struct str text, struct str letters);
/* Does it end in a macro with one of these letters? */
bool spf_macro_ends_in(struct str text, struct str letters);

/* Expand a valid domain-spec to a name as raw bytes: without the trailing dot, labels dropped from
 * the left until it has at most SPF_NAME_MAX bytes.  It may still be no name that DNS could carry.
 * Lives in a, or is a part of spec. */
struct str spf_expand_name(struct arena *a, struct str spec, const struct spf_macros *m);
/* Expand a valid explanation into out, cut at its end. */
void spf_expand_text(struct str text, const struct spf_macros *m, struct buf *out);

#endif
