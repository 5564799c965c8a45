/*
 * conf/warn: settings that are taken, and should be thought over.
 *
 * What is wrong is an error (conf/load.h); this is what an administrator may want and others may
 * suffer from.
 */
#ifndef CONF_WARN_H
#define CONF_WARN_H

#include "conf/schema.h"

#define CONF_WARNING_MAX 300 /* bytes of one, with the final zero */

/* Told each, as "[callout] per_server = 10 is more than 6: ...". */
typedef void conf_warn_fn(const char *text, void *ctx);

/* structs[i] was read by sections[i].  Sections with names are not looked at. */
void conf_warn(const struct section *const *sections, size_t n, void *const *structs,
	conf_warn_fn *warn, void *ctx);

#endif
