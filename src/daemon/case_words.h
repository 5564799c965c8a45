/*
 * daemon/case_words: the words by which a case is found in the store.
 *
 * Each begins with a letter and ':', all in lower case, cut to what a word may have:
 *
 *	c: client, as 32 hexadecimal digits in the order of addresses (IPv4 as ::ffff:a.b.c.d)
 *	s: sender, S: its domain	r: recipient, R: its domain (privacy.h)
 *	h: HELO		f: finding	v: verdict	q: queue id
 *
 * Whoever writes and whoever searches make them here.
 */
#ifndef DAEMON_CASE_WORDS_H
#define DAEMON_CASE_WORDS_H

#include "daemon/privacy.h"
#include "store/store.h"

#define CASE_NULL_SENDER "<>" /* the word of a bounce's sender */

/* "s:" and the value; in a. */
struct str case_word(struct arena *a, char kind, struct str value);
/* The range of an address or network. */
struct store_range case_client_range(struct arena *a, const struct ip_net *net);
/* Part behind the last '@', or empty. */
struct str address_domain(struct str address);

/* Adds to the words of op what is not there yet, as long as there is room. */
void case_words_add(struct store_op *op, struct str word);
/* All words of a case, those that are asked for most first.  kept: the recipients as privacy.h
 * wants them, in the case's order. */
void case_words_fill(
	struct arena *a, const struct visit_case *c, const struct str *kept, struct store_op *op);

#endif
