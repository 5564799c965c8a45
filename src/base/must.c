/*
 * must: see must.h.
 *
 * What is contained is left by longjmp(): it is the one place in the program that jumps.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

struct containment {
	jmp_buf back;
	struct containment *outer;
};

static bool contains;
static must_hook_fn *must_hooked;
static struct containment *containment;
static struct must_failure failure;

void
must_hook(must_hook_fn *hook)
{
	must_hooked = hook;
}

void
must_containment(bool on)
{
	contains = on;
}

bool
must_contain(void (*run)(void *ctx), void *ctx, struct must_failure *out)
{
	struct containment here = {.outer = containment};

	if (!contains) {
		run(ctx);
		return true;
	}
	if (setjmp(here.back) == 0) {
		containment = &here;
		run(ctx);
		containment = here.outer;
		return true;
	}
	*out = failure;
	return false;
}

struct containment *
must_hold(void)
{
	struct containment *held = containment;

	containment = NULL;
	return held;
}

void
must_resume(struct containment *held)
{
	containment = held;
}

_Noreturn void
must_fail(const char *cond, const char *file, int line)
{
	must_hook_fn *hook = must_hooked;
	struct containment *c = containment;

	must_hooked = NULL; /* a bug in the hook itself ends here too */
	containment = NULL;
	failure = (struct must_failure){cond, file, line, c != NULL};
	if (hook)
		hook(&failure);
	else
		fprintf(stderr, "mxward: bug at %s:%d: %s\n", file, line, cond);
	if (!c)
		abort();
	must_hooked = hook;
	containment = c->outer;
	longjmp(c->back, 1);
}
