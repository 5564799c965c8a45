/*
 * core/advice: the DNS record that a finding says is missing, ready to be published.
 *
 * Made from the code's template (finding_code.record), the finding's evidence, and what else is
 * known of the transaction.  Pure; whatever strangers sent comes out escaped or not at all.
 */
#ifndef CORE_ADVICE_H
#define CORE_ADVICE_H

#include "core/finding.h"
#include "core/record.h"

struct advice {
	struct str record; /* a line of a zone */
	struct str more;   /* another that it needs, or empty */
	bool made_up;	   /* a name in it is only an example: say so */
};

/* False: no record would help, or it cannot be said which.  Strings live in a. */
bool advice_make(
	struct arena *a, const struct finding *f, const struct record *r, struct advice *out);

#endif
