/*
 * cli: the commands of mxward.
 *
 * Each takes its own arguments (argv[0] is its name) and returns the exit status: 0 for success,
 * else as sysexits.h, unless its manual says otherwise.  Diagnostics go to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/must.h"
#include "base/str.h"

int cli_serve(int argc, char **argv);
int cli_callout(int argc, char **argv);
int cli_case(int argc, char **argv);
int cli_cases(int argc, char **argv);
int cli_causes(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_rdap(int argc, char **argv);
int cli_rdns(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_selfcheck(int argc, char **argv);
int cli_import_log(int argc, char **argv);
int cli_conf(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_store(int argc, char **argv);
int cli_exempt(int argc, char **argv);
int cli_mailbox(int argc, char **argv);

/* "mxward: ..." to standard error; returns status, so that a command can `return cli_fail(...)`. */
int cli_fail(int status, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* For an option or argument that is wrong: adds where help is; EX_USAGE. */
int cli_usage(const char *command, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The row of a command's table of n rows, size bytes each, that word names; a row begins with its
 * name.  NULL: none does, which was told, with the nearest; word NULL: with all there are. */
#define CLI_VERBS_MAX 8
const void *cli_verb(
	const char *command, const char *word, const void *rows, size_t n, size_t size);
/* After output: a full disk or closed pipe is an error too (EX_IOERR), else status. */
int cli_finish(int status);

#endif
