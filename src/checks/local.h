/*
 * checks/local: lists of the administrator's own, in files, as the check of that name has them.
 *
 * The sections [list NAME] and what they mean; the files are read by whoever loads the settings.
 */
#ifndef CHECKS_LOCAL_H
#define CHECKS_LOCAL_H

#include "conf/schema.h"
#include "core/finding.h"
#include "lists/table.h"

/* What of a transaction is looked up, as bits. */
enum local_match {
	LOCAL_CLIENT = 1, /* the address */
	LOCAL_RDNS = 2,	  /* its reverse names */
	LOCAL_HELO = 4,
	LOCAL_SENDER = 8 /* the address or its domain */
};

#define LOCAL_LISTS_MAX 64

struct local_list {
	struct str name;
	bool allow; /* else it blocks */
	bool show_comment;
	unsigned match;		    /* bits of local_match */
	struct finding_reply reply; /* where an entry has none */
	struct table *table;
};

struct local_lists {
	size_t n;
	const struct local_list *list;
	unsigned block, allow; /* match of all that block, of all that allow */
};

/* What a section is read into. */
struct list_settings {
	struct str name;
	struct str file;
	int kind; /* 0: block, 1: allow */
	struct words match;
	struct str reply;
	bool show_comment;
	unsigned match_line, reply_line;
};
extern const struct section local_list_section;

/* All but the table of a list.  Strings stay where the settings are. */
NODISCARD bool local_list_compile(
	const struct list_settings *s, struct local_list *out, struct errbuf *e);
/* The kinds of entries that a list with this match can use: bits of table_kind. */
unsigned local_kinds(unsigned match);

#endif
