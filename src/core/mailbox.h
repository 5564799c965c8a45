/*
 * core/mailbox: switches of mailboxes, by which verdicts of one message differ.
 *
 * A mailbox has some switches, its domain has defaults, and a switch that the mailbox has stands in
 * the place of the domain's.  An address with an extension (user+tag@example.org) has the switches
 * of the mailbox behind it, unless it has its own.  Upper and lower case are the same, in the local
 * part too, as mail servers deliver.
 *
 * A table is built once, by whoever loads it, and never changed.  No I/O.
 */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include "core/kinds.h"

#include "base/arena.h"
#include "base/buf.h"

enum mailbox_key {
	MAILBOX_SKIP,	   /* what these checks find does not count */
	MAILBOX_ONLY,	   /* nor what others than these find */
	MAILBOX_POLICY,	   /* off: everything is accepted */
	MAILBOX_PROFILE,   /* another one than the settings' */
	MAILBOX_REJECT_AT, /* likewise */
	MAILBOX_DEFER_AT,
	MAILBOX_REFUSE, /* what a refusal becomes */
};
#define MAILBOX_KEYS 7
extern const char *const mailbox_keys[MAILBOX_KEYS]; /* "skip", "only", ... */

struct switches {
	unsigned set;	     /* bit k: switch k is there; the others have no value */
	uint64_t skip, only; /* bit i: check i */
	bool off;	     /* policy=off */
	enum profile profile;
	int32_t reject_at, defer_at; /* hundredths */
	/* REJECT: as ever.  DEFER: it is put off.  QUARANTINE: it is held.  TAG, ACCEPT: what would
	 * be refused, put off or held is let in. */
	enum verdict_kind refuse;
};

struct mailbox {
	struct str who; /* "user@example.org" or "@example.org", as mailbox_canonical() has it */
	struct switches switches;
	struct str text; /* for the log: who and the switches */
};

/* Keys of the store are no longer. */
#define MAILBOX_WHO_MAX 400

/* An address without < >, or "@" and a domain, in the form that is looked up: lower case, quotation
 * marks that need not be removed.  False: it has no domain, or is too long. */
NODISCARD bool mailbox_canonical(struct str address, struct buf *out);
/* Bits of what does not count: skip, and all but only.  n_checks: how many there are. */
uint64_t switches_spare(const struct switches *s, size_t n_checks);

struct mailboxes;

#define MAILBOXES_MAX 200000

/* A table for at most so many, in a. */
struct mailboxes *mailboxes_new(struct arena *a, size_t room);
/* What it points to must live as long as the table. */
void mailboxes_add(struct mailboxes *m, const struct mailbox *b);
size_t mailboxes_count(const struct mailboxes *m); /* NULL: 0 */
/* NULL: there is none of this name. */
const struct mailbox *mailboxes_get(const struct mailboxes *m, struct str who);

#define MAILBOX_LAYERS 3 /* domain, mailbox, address with extension */

/* What holds for a recipient. */
struct mailbox_found {
	struct switches switches;
	size_t n;
	const struct mailbox *by[MAILBOX_LAYERS]; /* the narrowest first */
};
/* delimiters: characters that begin an extension; empty: nothing does.  False: no switches. */
bool mailboxes_find(const struct mailboxes *m, struct str rcpt, struct str delimiters,
	struct mailbox_found *out);

#endif
