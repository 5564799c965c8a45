/*
 * explain/advice: what to do about it, with the names and addresses of the case filled in.
 *
 * The catalogue's steps (core/cause.h) are the ground; what a bounce tells makes them concrete: the
 * record as a line of a zone, the setting of the server that greets with a wrong name, the page of
 * the list, the form of the provider.  Asks nobody anything.
 */
#ifndef EXPLAIN_ADVICE_H
#define EXPLAIN_ADVICE_H

#include "core/texts.h"

#include "explain/explain.h"

#define ADVICE_STEPS_MAX 20

/* What is known of a DNS list; NULL for what is not. */
struct advice_list {
	const char *zone, *title, *owner;
	const char *lookup;  /* page, {address} or {domain} in it */
	const char *removal; /* page or sentence */
	const char *note;    /* on its state */
	const char *since;
	bool dead, policy; /* policy: of end users' lines, nobody is removed from it */
};

/* Texts can be shown as they are: what is a stranger's in them is escaped. */
struct advice {
	struct str what;   /* one sentence: what happened */
	struct str list;   /* the list, for people; empty: none */
	struct str lookup; /* page on this entry; empty: none */
	enum fixer fixer;
	size_t n;
	struct str step[ADVICE_STEPS_MAX];
};

/* texts: in whose language; list: what is known of x->list, or NULL. */
void advise(struct arena *a, const struct texts *texts, const struct explained *x,
	const struct advice_list *list, struct advice *out);
/* Whether trying again helps: as a sentence, and as a word for programs. */
enum saying explain_retry_saying(enum explain_retry retry);
const char *explain_retry_name(enum explain_retry retry);

#endif
