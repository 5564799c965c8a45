/* scenario/head: the header section of a scenario's message. */
#ifndef SCENARIO_HEAD_H
#define SCENARIO_HEAD_H

#include "core/record.h"
#include "core/run.h"

/* "Subject: a\n\x20b\xfc": one line of the section, its end added.  False: an escape that is none.
 */
bool head_add(struct buf *section, struct str line);
/* Becomes the record's headers, which live in a. */
void head_read(struct arena *a, struct str section, struct record *r);
/* The record's headers, where it has them and they have not been told. */
void head_tell(const struct record *r, struct transaction *t, bool *told);

#endif
