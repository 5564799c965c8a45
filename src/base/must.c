/* must: see must.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

_Noreturn void
must_fail(const char *cond, const char *file, int line)
{
	fprintf(stderr, "mxward: bug at %s:%d: %s\n", file, line, cond);
	abort();
}
