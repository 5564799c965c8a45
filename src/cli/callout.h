/* cli/callout: parts of the command callout. */
#ifndef CLI_CALLOUT_H
#define CLI_CALLOUT_H

#include <stdbool.h>

/* "callout cache ...": what follows; the exit status. */
int callout_cache(const char *settings, bool json, int argc, char **argv);

#endif
