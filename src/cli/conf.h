/* cli/conf: what the subcommands of `mxward conf` share. */
#ifndef CLI_CONF_H
#define CLI_CONF_H

#include <stdio.h>

/* `conf findings` and `conf causes`: the tables for people or as JSON Lines. */
int conf_findings(int argc, char **argv);
int conf_causes(int argc, char **argv);
/* `conf man`: fill in a page of the manual; for the build, so no help mentions it. */
int conf_man(int argc, char **argv);

#endif
