/* store/faults: see faults.h. */
#include <stdarg.h>
#include <stdio.h>

#include "store/faults.h"

#define FAULTS_MAX 100

void
fault(struct faults *f, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	f->n++;
	if (f->n == FAULTS_MAX + 1)
		f->told(f->ctx, "and more");
	if (f->n > FAULTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->told(f->ctx, text);
}
