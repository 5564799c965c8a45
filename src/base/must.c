/* must: see must.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

static void (*must_hooked)(const char *cond, const char *file, int line);

void
must_hook(void (*hook)(const char *cond, const char *file, int line))
{
	must_hooked = hook;
}

_Noreturn void
must_fail(const char *cond, const char *file, int line)
{
	void (*hook)(const char *cond, const char *file, int line) = must_hooked;

	must_hooked = NULL; /* a bug in the hook itself ends here too */
	if (hook)
		hook(cond, file, line);
	else
		fprintf(stderr, "mxward: bug at %s:%d: %s\n", file, line, cond);
	abort();
}
