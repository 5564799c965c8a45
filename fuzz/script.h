/*
 * fuzz/script: one check and a transaction whose every answer a stranger has written.
 *
 * The first line is "ADDRESS HELO SENDER".  Each further line is the answer to one question, in the
 * order of asking, from the first again when they are used up: "n" no data, "x" no such name, "f"
 * failure, "s" or "=" and records with '|' between them (stale or fresh): TXT as they are, names,
 * addresses ("c" stands for the client's).
 */
#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include "core/run.h"
#include "daemon/config.h"

/* What must hold whatever was answered. */
typedef void script_judge_fn(const struct result *r, const struct transaction *t);

/* Play it under these settings with this check alone, all answers known at once and then one by one
 * in the opposite order: it must come to an end, and to the same findings. */
void script_play(struct config *config, const struct check *check, struct lists_now lists,
	struct str text, script_judge_fn *judge);

#endif
