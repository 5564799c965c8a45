/* core/kinds: see kinds.h. */
#include "core/kinds.h"

const char *
profile_name(enum profile p)
{
	static const char *const names[] = {[PROFILE_SCORE] = "score",
		[PROFILE_STRICT] = "strict",
		[PROFILE_MONITOR] = "monitor"};

	return names[p];
}

const char *
verdict_name(enum verdict_kind v)
{
	static const char *const names[] = {[VERDICT_ACCEPT] = "accept",
		[VERDICT_TAG] = "tag",
		[VERDICT_QUARANTINE] = "quarantine",
		[VERDICT_DEFER] = "defer",
		[VERDICT_REJECT] = "reject"};

	return names[v];
}

bool
verdict_refuses(enum verdict_kind v)
{
	return v == VERDICT_DEFER || v == VERDICT_REJECT;
}
