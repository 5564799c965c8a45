/* cli: see cli.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/cli.h"

int
cli_fail(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("mxward: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int
cli_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mxward %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; try \"mxward %s --help\"\n", command);
	return EX_USAGE;
}

int
cli_finish(int status)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail(EX_IOERR, "cannot write the output: %s",
			errno ? strerror(errno) : "output error");
	return status;
}
