/*
 * lists/known: what is known about public DNS lists, so that settings need only a list's name.
 *
 * The table is data/lists/known.txt, made into C by tools/known-lists, which also checks it.  It
 * has the lists that are in use and those that are dead: many configurations still ask the
 * latter, and some of them answered "listed" for every address in the end.  Does not decide
 * whether a list is asked.
 */
#ifndef LISTS_KNOWN_H
#define LISTS_KNOWN_H

#include "lists/codes.h"

enum list_kind { LIST_OF_ADDRESSES, LIST_OF_DOMAINS };

enum list_state {
	LIST_LIVE,
	LIST_CHANGED, /* still there, but another name or way is right today: see note */
	LIST_DEAD     /* must not be asked any more: see note */
};

/* What a list of domains is asked for. */
enum list_names { LIST_NAMES_FULL, LIST_NAMES_REGISTRABLE };

/* Strings that may be missing are NULL. */
struct known_list {
	const char *zone;  /* lower case, no dot at the end, no key */
	const char *title; /* "Spamhaus ZEN" */
	const char *owner; /* who runs it */
	enum list_kind kind;
	enum list_state state;
	enum list_names names;
	bool ipv4, ipv6;	   /* addresses that a list of addresses has, or may have */
	bool allow;		   /* a list of good senders (DNSWL) */
	bool default_ok;	   /* may be asked without registration, within terms */
	bool under;		   /* what is said holds for every zone below it as well */
	const char *since;	   /* when the state began: "2024-06" or shorter; may be missing */
	const char *note;	   /* sentences on the state; always there unless live */
	const char *terms;	   /* one sentence: who may ask; missing for dead lists */
	const char *lookup;	   /* page on one entry, {address} or {domain} in its place */
	const char *removal;	   /* how to be removed: a page or a sentence; may be missing */
	const char *signup;	   /* page where a key or access is had; may be missing */
	const char *keyed;	   /* "{key}.zen.dq.spamhaus.net"; missing: none needed */
	const char *test_listed;   /* entry that is always listed; missing: none */
	const char *test_unlisted; /* entry that never is; missing: none */
	struct list_codes codes;   /* listings and errors; none for dead lists */
};

/* All of them, sorted by zone. */
const struct known_list *known_lists(size_t *n_out);
/* The list that is asked under this name, or NULL.  Upper case and a dot at the end do not matter,
 * nor does a customer's key where the list has keys ("abc.zen.dq.spamhaus.net"); of a list that
 * stands for all below it (under) also any name there. */
const struct known_list *known_list_find(struct str zone);
/* "live", "changed", "dead". */
const char *list_state_name(enum list_state state);

/* Made by tools/known-lists. */
extern const struct known_list known_list_table[];
extern const size_t known_list_count;

#endif
