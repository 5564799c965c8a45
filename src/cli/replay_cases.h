/*
 * cli/replay_cases: judge the cases of the store again (`mxward replay --since`).
 */
#ifndef CLI_REPLAY_CASES_H
#define CLI_REPLAY_CASES_H

#include "cli/case_query.h"
#include "cli/report.h"

struct replay_cases_options {
	struct case_query query;
	const char *settings; /* to judge by; NULL: those of CONFIG_FILE, or the defaults */
	const char *against;  /* to compare with; NULL: what was decided then */
	const char *file;     /* the store; NULL: of settings, or else of CONFIG_FILE */
	bool diff;
	bool json; /* with diff: the summary */
	unsigned samples;
	struct report_style style; /* without diff */
};

/* Exit status. */
int cli_replay_cases(const struct replay_cases_options *o);

/* Settings to judge records by: no state of a daemon leaks from one to the next.  NULL after having
 * said what is wrong. */
struct config *replay_load(const char *path);

#endif
