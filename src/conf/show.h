/*
 * conf/show: the settings printed from their tables, as a settings file and as manual.
 */
#ifndef CONF_SHOW_H
#define CONF_SHOW_H

#include <stdio.h>

#include "conf/schema.h"

/* All sections with their values in structs, as a valid settings file whose comments explain each,
 * but for secrets, which are not told.
 * Lines with free keys (actions, exemptions) are taken over from text, the file that the structs
 * were loaded from; it may be empty. */
void conf_show(FILE *out, const struct section *const *sections, size_t n, void *const *structs,
	struct str text);
/* The chapter on settings as mdoc(7). */
void conf_show_mdoc(FILE *out, const struct section *const *sections, size_t n);

#endif
