/*
 * mail/auth_results: the field Authentication-Results, RFC 8601.
 *
 * Whoever reads that field believes those that bear the name of a server he trusts; so those that
 * come from outside and bear ours have to go (RFC 8601 5), however they are written.  Readers
 * differ in what they make of a malformed one, so a malformed one goes where our name is anywhere
 * in it, or where it has what some reader might fold into our name; others stay as they came.
 */
#ifndef MAIL_AUTH_RESULTS_H
#define MAIL_AUTH_RESULTS_H

#include "mail/spf_header.h"

#define AUTH_RESULTS_ID_MAX 255 /* bytes of a name */

/* "Authentication-Results" in any case, with blanks before the colon. */
bool auth_results_is_field(struct str name);

enum auth_results_owner {
	AUTH_RESULTS_OTHER,	/* somebody else's */
	AUTH_RESULTS_OURS,	/* says that it is ours */
	AUTH_RESULTS_MALFORMED, /* some reader may think that it says so: to be removed likewise */
};

/* Whose a field says that it is; id is one of our names.  value: of the field, as it came. */
enum auth_results_owner auth_results_owner(struct str value, struct str id);

struct auth_results {
	struct str id;			 /* our name: authserv-id */
	const char *iprev;		 /* "pass", ...; NULL: not known */
	struct ip client;		 /* that was looked at */
	struct str confirmed;		 /* reverse name of it, of a pass; may be empty */
	const struct spf_header *spf[2]; /* one for each identity; NULL: none */
};

/* The value after "Authentication-Results: ", folded with LF and tab as milters want it; no line is
 * longer than 600 bytes. */
void auth_results_print(const struct auth_results *r, struct buf *out);

#endif
