/*
 * conf/load: a settings file into the structs of the sections' owners.
 *
 * Defaults come first, then the file's lines.  A section may come several times; a key may come
 * once only in all of them.  Nothing unknown is passed over: unknown sections, keys and choices are
 * errors that name the nearest known one.  Reading goes on after an error, so that one run shows
 * all of them (up to CONF_ERRORS_MAX).
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf/schema.h"

#define CONF_FILE_MAX	((size_t)4 << 20)
#define CONF_ERRORS_MAX 100

/* Told each error, place included. */
typedef void conf_report_fn(const struct errbuf *one, void *ctx);

/* Give every setting of the section (or of one of those with names) its default. */
void conf_defaults(const struct section *section, void *section_struct, struct arena *a);

/* Read the file into structs[i], whose shape is sections[i]; what they point to lives in a.  ctx is
 * handed to the sections' callbacks.  False when there was any error: e has the first one, report
 * (unless NULL) was told all, and the structs are not to be used. */
NODISCARD bool conf_load_file(const char *path, const struct section *const *sections, size_t n,
	void *const *structs, void *ctx, struct arena *a, conf_report_fn *report, void *report_ctx,
	struct errbuf *e);
/* The same from memory; name stands in errors.  The text may go afterwards. */
NODISCARD bool conf_load_text(const char *name, struct str text,
	const struct section *const *sections, size_t n, void *const *structs, void *ctx,
	struct arena *a, conf_report_fn *report, void *report_ctx, struct errbuf *e);

/* The text of a file of at most CONF_FILE_MAX bytes into a. */
NODISCARD bool conf_read_file(const char *path, struct arena *a, struct str *out, struct errbuf *e);

#endif
