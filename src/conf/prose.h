/*
 * conf/prose: help texts laid out for people.
 *
 * The tables hold each text as one long line.  Here it becomes wrapped lines with a prefix
 * (comments of a settings file, a terminal) or mdoc(7) source.
 */
#ifndef CONF_PROSE_H
#define CONF_PROSE_H

#include <stdio.h>

#include "base/str.h"

/* Lines of at most width bytes, each beginning with prefix; a longer word gets its own line. */
void prose_wrap(FILE *out, const char *prefix, struct str text, size_t width);

/* A paragraph of mdoc: escaped, short lines, each sentence on a new one. */
void prose_mdoc(FILE *out, struct str text);
/* The words as arguments on a macro line, none of which is taken for a macro or
 * punctuation. */
void prose_mdoc_args(FILE *out, struct str text);

#endif
