/*
 * core/exempt_value: an exemption as the store keeps it.
 *
 *	{"checks":["rdns","helo"],"reason":"...","owner":"...","case":"7Q2K-...","by":"..."}
 *
 * Only "checks" must be there.  Other members are ignored, and so are checks that this version does
 * not know, as long as it knows one: a newer one may have written it.  The store's bytes are
 * somebody else's: lengths are bounded, what cannot be read is nothing.
 */
#ifndef CORE_EXEMPT_VALUE_H
#define CORE_EXEMPT_VALUE_H

#include "core/run.h"

#define EXEMPT_VALUE_MAX 4096 /* bytes of JSON */
#define EXEMPT_TEXT_MAX	 500  /* of each text */

struct exempt_value {
	uint64_t checks;		       /* bit i: check i is skipped; at least one */
	struct str reason, owner, case_id, by; /* empty: nothing is known */
};

/* Texts of *out live in a. */
NODISCARD bool exempt_value_parse(
	struct arena *a, struct str json, const struct check_set *checks, struct exempt_value *out);
/* False: a text is no UTF-8, or too long; nothing was written then. */
NODISCARD bool exempt_value_print(
	const struct exempt_value *v, const struct check_set *checks, struct buf *out);

#endif
