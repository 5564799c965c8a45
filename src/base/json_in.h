/*
 * json_in: read JSON that somebody else wrote, as a tree in an arena.
 *
 * Strict (RFC 8259), and a little more so: no name twice in an object, no U+0000, strings are
 * UTF-8.  Bounded in depth, in values and in members of an object, so that no text costs more than
 * its length.  Made for many small texts: a record takes a few microseconds, and no heap.
 */
#ifndef BASE_JSON_IN_H
#define BASE_JSON_IN_H

#include "base/arena.h"

#define JSON_IN_DEPTH	64
#define JSON_IN_VALUES	200000
#define JSON_IN_MEMBERS 256 /* of one object */

enum json_in_kind {
	JSON_IN_NULL,
	JSON_IN_BOOL,
	JSON_IN_NUMBER,
	JSON_IN_TEXT,
	JSON_IN_LIST,
	JSON_IN_OBJECT,
};

struct json_in {
	enum json_in_kind kind;
	bool yes;		      /* BOOL */
	struct str text;	      /* TEXT: without its escapes; NUMBER: as written */
	struct str name;	      /* as a member of an object */
	size_t n;		      /* LIST, OBJECT: how many */
	struct json_in *first, *next; /* of those; the next one beside */
};

struct json_in_error {
	const char *why;
	size_t at; /* byte */
};

/* The one value that text is, or NULL with *e filled.  It may borrow from text. */
const struct json_in *json_in_parse(struct arena *a, struct str text, struct json_in_error *e);
/* A member that is not null; NULL where there is none, or o is no object, or NULL. */
const struct json_in *json_in_get(const struct json_in *o, const char *name);
/* The text of such a member; p NULL where there is none, or it is no text. */
struct str json_in_text(const struct json_in *o, const char *name);
/* A whole number; false for anything else. */
bool json_in_integer(const struct json_in *v, int64_t *out);

#endif
