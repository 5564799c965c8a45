/*
 * core/rules_json: what the values of exemptions and of mailbox switches have in common as JSON.
 *
 * Everything that is read is bounded; what is not as it should be is false, never half of it.
 */
#ifndef CORE_RULES_JSON_H
#define CORE_RULES_JSON_H

#include <jansson.h>

#include "core/run.h"

/* One object in at most max bytes, or NULL. */
json_t *rules_json_read(struct str json, size_t max);
/* On one line; false, with nothing written, where it takes more than max bytes or out's room. */
NODISCARD bool rules_json_write(const json_t *o, size_t max, struct buf *out);
/* A list of names of checks: bit i for check i.  Names that are not known are passed over. */
NODISCARD bool rules_json_checks(const json_t *list, const struct check_set *checks, uint64_t *out);
json_t *rules_json_of_checks(uint64_t bits, const struct check_set *checks);
/* A text of at most max bytes, copied to a; what is not there is an empty one. */
NODISCARD bool rules_json_text(struct arena *a, const json_t *v, size_t max, struct str *out);

#endif
