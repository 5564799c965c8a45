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
enum verdict_kind { VERDICT_ACCEPT, VERDICT_TAG, VERDICT_DEFER, VERDICT_REJECT };
#define VERDICT_KINDS 4
const char *verdict_name(enum verdict_kind v); /* "accept", "tag", "defer", "reject" */
/* The mail is not let in, for now or for good. */
bool verdict_refuses(enum verdict_kind v);

#endif
