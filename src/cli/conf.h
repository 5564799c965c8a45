/* cli/conf: what the subcommands of `mxward conf` share. */
#ifndef CLI_CONF_H
#define CLI_CONF_H

#include "core/finding.h"

/* `conf findings`: the tables for people or as JSON Lines. */
int conf_findings(int argc, char **argv);
/* `conf lists`: the known DNS lists, or all about one. */
int conf_lists(int argc, char **argv);
/* "score 4 (IPv6: score 6; strict: reject); reply 550 5.7.25; cause no_ptr" */
void conf_print_effect(const struct finding_code *code, struct buf *out);
/* `conf man`: fill in a page of the manual; for the build, so no help mentions it. */
int conf_man(int argc, char **argv);

#endif
