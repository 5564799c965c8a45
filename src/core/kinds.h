/*
 * core/kinds: the words of a policy that settings, switches and verdicts share.
 */
#ifndef CORE_KINDS_H
#define CORE_KINDS_H

#include <stdbool.h>

enum profile { PROFILE_SCORE, PROFILE_STRICT, PROFILE_MONITOR };
#define PROFILES 3
const char *profile_name(enum profile p); /* "score", "strict", "monitor" */

/* The milder first. */
enum verdict_kind {
	VERDICT_ACCEPT,
	VERDICT_TAG,
	VERDICT_QUARANTINE, /* taken, and held by the mail server until somebody has looked at it */
	VERDICT_DEFER,
	VERDICT_REJECT
};
#define VERDICT_KINDS 5
const char *verdict_name(enum verdict_kind v); /* "accept", "tag", "quarantine", ... */
/* The mail is not let in, for now or for good.  What is held was let in. */
bool verdict_refuses(enum verdict_kind v);

#endif
