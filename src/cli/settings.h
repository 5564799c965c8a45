/*
 * cli/settings: the settings that a command works by.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "daemon/config.h"

/* The file that is meant: the one that the command line names, or else, named NULL, CONFIG_FILE
 * where there is one.  NULL: none, the defaults. */
const char *settings_path(const char *named);
/* Those of this very file; path NULL: the defaults.  NULL: there are errors, and each was told. */
struct config *settings_load(const char *path);
/* A conf_report_fn: one error on a line of standard error. */
void settings_report(const struct errbuf *one, void *ctx);

#endif
