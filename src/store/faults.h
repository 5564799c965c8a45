/*
 * store/faults: what a back finds when it looks at everything, told one by one and not without end.
 */
#ifndef STORE_FAULTS_H
#define STORE_FAULTS_H

#include <stddef.h>

#include "base/must.h"

struct faults {
	void (*told)(void *ctx, const char *text);
	void *ctx;
	size_t n;
};

/* The first hundred are told, then that there are more; all are counted. */
void fault(struct faults *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
