/*
 * mail/dmarc_record: the text of a DMARC record, RFC 9989 4.7 (which took the place of RFC 7489).
 *
 * Asks nobody anything: where records are looked for is the caller's business.
 */
#ifndef MAIL_DMARC_RECORD_H
#define MAIL_DMARC_RECORD_H

#include "base/arena.h"

enum dmarc_policy { DMARC_UNSAID, DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };

#define DMARC_REMARKS_MAX 6

struct dmarc_record {
	enum dmarc_policy policy;     /* p; never DMARC_UNSAID */
	enum dmarc_policy subdomains; /* sp */
	enum dmarc_policy missing;    /* np: of names that do not exist */
	bool strict_dkim, strict_spf; /* adkim, aspf */
	bool testing;		      /* t=y: as if the policy were one step milder */
	bool public_suffix;	      /* psd=y */
	struct str reports;	      /* rua; may be empty */
	/* What is odd, though it does not make the record void: sentences without full stop. */
	size_t n_remarks;
	struct str remark[DMARC_REMARKS_MAX];
};

/* Is this TXT record one of ours: does it begin with the tag v=DMARC1? */
bool dmarc_record_is(struct str txt);
/* A record of which dmarc_record_is() is true.  False: receivers must take it for none; *problem
 * says why.  Texts live in a; peer's bytes in them are escaped. */
NODISCARD bool dmarc_record_parse(
	struct arena *a, struct str txt, struct dmarc_record *out, struct str *problem);
/* "none", "quarantine", "reject"; "" for DMARC_UNSAID. */
const char *dmarc_policy_name(enum dmarc_policy policy);

#endif
