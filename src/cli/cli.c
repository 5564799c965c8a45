/* cli: see cli.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/errbuf.h"
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
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bool asks = text[0] && text[strlen(text) - 1] == '?';
	fprintf(stderr, "mxward %s: %s%s \"mxward %s --help\"\n", command, text,
		asks ? "  Try" : "; try", command);
	return EX_USAGE;
}

static const char *
name_of(const void *rows, size_t i, size_t size)
{
	return *(const char *const *)((const char *)rows + i * size);
}

const void *
cli_verb(const char *command, const char *word, const void *rows, size_t n, size_t size)
{
	const char *names[CLI_VERBS_MAX];
	char room[256];
	struct buf all = BUF(room);

	must(n <= COUNT(names));
	for (size_t i = 0; i < n; i++) {
		names[i] = name_of(rows, i, size);
		if (word && strcmp(word, names[i]) == 0)
			return (const char *)rows + i * size;
		buf_printf(&all, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
	}
	const char *near = word ? nearest_name(str_of(word), names, n) : NULL;
	if (!word)
		cli_usage(command, "what is to be done: %.*s?", STR_ARG(buf_str(&all)));
	else if (near)
		cli_usage(command, "unknown command \"%s\": did you mean \"%s\"?", word, near);
	else
		cli_usage(command, "unknown command \"%s\"", word);
	return NULL;
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
