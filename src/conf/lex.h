/*
 * conf/lex: the lines of a settings file.
 *
 * Grammar, line by line:
 *
 *	[section]		a section begins; one that was there before goes on
 *	[kind name]		likewise, one of several of its kind
 *	key = value ; comment	the key ends at the first '='
 *	key = "value"		quotes hold blanks at the ends and " ;" and " #"
 *	; comment		also with '#'
 *
 * A comment on a line with other content begins with a blank and ';' or '#'.  A quote can only
 * enclose a whole value, and nothing is escaped inside.  A line ends with LF or CR LF, is at most
 * LEX_LINE_MAX long and cannot be continued.  Control bytes other than the tab are errors; bytes
 * above 0x7f are whatever the file's author meant.  A UTF-8 byte order mark at the start is
 *skipped.
 *
 * Nothing is copied: everything handed out points into the text.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include "conf/schema.h"

#define LEX_LINE_MAX ((size_t)64 << 10)

enum lex_kind {
	LEX_END,
	LEX_SECTION, /* section, name */
	LEX_ENTRY,   /* entry */
	LEX_ERROR,   /* e is filled; the next call goes on with the next line */
};

struct lex {
	const char *file; /* for errors */
	struct str rest;
	unsigned line; /* of what was handed out last */
};

struct lex_item {
	struct str section, name; /* name is empty in "[section]" */
	struct entry entry;
};

struct lex lex_on(const char *file, struct str text);
/* The next section head or entry.  e must hold no error; its place is set to the item's line in
 * any case, so that whoever judges the item can complain about it. */
enum lex_kind lex_next(struct lex *l, struct lex_item *out, struct errbuf *e);

/* A line that reads back as this entry. */
void lex_print_entry(const struct entry *entry, struct buf *out);

#endif
