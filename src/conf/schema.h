/*
 * conf/schema: settings described by tables that their users own.
 *
 * A part of the program that has settings keeps a struct for them and a table of rows, one per
 * key: name, type, place in the struct, default, range, one line of help.  Reading, checking,
 * printing (`mxward conf show`) and the manual's chapter on settings all work from these rows.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "base/arena.h"
#include "base/errbuf.h"
#include "base/ip.h"

enum setting_type {
	SETTING_BOOL,	  /* bool: yes/no, true/false, on/off */
	SETTING_NUMBER,	  /* int64_t, min..max */
	SETTING_POINTS,	  /* int32_t in hundredths of a point: "8", "-0.5"; min..max likewise */
	SETTING_DURATION, /* int64_t in ms: "500ms", "8s", "4h", "7d"; min..max in ms */
	SETTING_SIZE,	  /* int64_t in bytes: "4096", "32K", "64M"; min..max */
	SETTING_STRING,	  /* struct str, may be empty */
	SETTING_CHOICE,	  /* int: index into choices */
	SETTING_WORDS,	  /* struct words: blank- or comma-separated */
	SETTING_NETS,	  /* struct nets: addresses and networks, blank- or comma-separated */
	SETTING_MODE,	  /* int64_t: permissions of a file, written in octal: "660" */
};

struct words {
	size_t n;
	const struct str *word;
};

struct nets {
	size_t n;
	const struct ip_net *net;
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;		    /* offsetof() in the section's struct */
	const char *fallback;	    /* the default, as an administrator would write it */
	int64_t min, max;	    /* of a number; both 0: no limit but the type's */
	const char *const *choices; /* CHOICE: NULL-terminated */
	const char *help;	    /* one line, for people */
	/* offsetof() an unsigned that is told in which line of the file the setting stands: it
	 * stays 0 where the default holds.  0: nobody wants to know. */
	size_t line;
	/* Of a number: more than this is taken with a warning, which says why (a literal, "as
	 * whoever ...").  NULL: nothing is to be said. */
	int64_t enough;
	const char *why_enough;
	bool secret; /* whoever prints the settings prints SETTING_HIDDEN in the place of a value */
};

#define SETTING_HIDDEN "***"

/* What is read of the sections [kind NAME]: one struct for each name, in the order of the file. */
struct named {
	size_t n, room;
	struct named_item {
		struct str name; /* as first written */
		void *values;	 /* of the size that the section says */
	} * item;
};

/* One line of a section whose keys are not known beforehand. */
struct entry {
	struct str key, value;
	struct str comment; /* text after ';' or '#' on the same line, trimmed; may be empty */
};

struct section {
	const char *name; /* "policy" */
	const char *help; /* one paragraph, for the manual */
	const struct setting *settings;
	size_t n;
	size_t size; /* of the struct that offsets are into */
	/* [kind NAME], several of them: what the reader is given for the section is a struct named,
	 * and each name gets a struct of its own, with defaults, which the callbacks are given.  It
	 * begins with a struct str that the name is written to. */
	bool named;
	/* A section with free keys (actions, exempt): called for each line whose key is no row of
	 * settings.  What it keeps lives in a.  Returns false with e filled (the place is set by
	 * the caller).  NULL: unknown keys are errors with the nearest known name. */
	bool (*entry)(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
		struct errbuf *e);
	/* Called once all lines are read, to check what rows cannot say; may be NULL. */
	bool (*check)(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);
	const char *entry_help; /* how such a line reads, for the manual; NULL if entry is */
};

#endif
