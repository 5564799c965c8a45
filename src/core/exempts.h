/*
 * core/exempts: who is spared which checks.
 *
 * An entry names an address, a network or a domain.  Where the client's address is in it, the
 * checks are not made at all.  A domain counts only for what it is proved by, never for what a
 * client says of itself: the reverse name that forward DNS confirms, or the sender's domain where
 * SPF vouches for it.  All entries that match add up.
 *
 * A table is built once, by whoever loads it, and never changed; looking up costs a hash for each
 * length of network, or each label of a name, that the table has, however many entries there are.
 * No I/O, no clock: the time is handed in.
 */
#ifndef CORE_EXEMPTS_H
#define CORE_EXEMPTS_H

#include "base/arena.h"
#include "base/errbuf.h"
#include "base/ip.h"

struct exemption {
	bool by_domain;
	bool stored;	   /* of the store, not of the settings */
	struct ip_net net; /* unless by_domain */
	struct str what;   /* canonical: "192.0.2.0/24", "2001:db8::1", "example.org" */
	uint64_t checks;   /* bit i: check i is skipped */
	uint64_t until_ms; /* it counts no more from this clock_ms() on; 0: it always does */
	struct str reason; /* may be empty */
	struct str text;   /* for the log: what, and the reason */
};

/* Longer than any address and any name that DNS carries; a key of the store with its prefix. */
#define EXEMPT_WHAT_MAX 255

/* Fill in by_domain, net and what from "192.0.2.7/24" (its host bits are dropped) or a host or
 * domain name of at least two labels.  what lives in a.  On false e says what is wrong. */
NODISCARD bool exemption_parse(
	struct arena *a, struct str text, struct exemption *out, struct errbuf *e);
/* out->text, in a. */
void exemption_describe(struct arena *a, struct exemption *x);
/* Most of the Internet: wider than a /16, or a /32 of IPv6. */
bool exemption_is_wide(const struct exemption *x);

struct exempts;

#define EXEMPTS_MAX 200000 /* entries of one table */

/* A table for at most so many entries, in a. */
struct exempts *exempts_new(struct arena *a, size_t room);
/* The entry is kept as it stands; what it points to must live as long as the table. */
void exempts_add(struct exempts *x, const struct exemption *e);
size_t exempts_count(const struct exempts *x); /* NULL: 0 */
const struct exemption *exempts_get(const struct exempts *x, size_t i);

/* An entry around e, of which e is one, that spares all that e does and does not end before it;
 * NULL: none.  Of two for the same the one of the settings counts as wider. */
const struct exemption *exempts_wider(const struct exempts *x, const struct exemption *e);

/* What is in force: the tables of the settings and of the store; NULL where there is none. */
struct exempt_tables {
	const struct exempts *table[2];
};
enum { EXEMPTS_SETTINGS, EXEMPTS_STORED };

#define EXEMPTED_MAX 4

/* Who was spared what, and by what. */
struct exempted {
	uint64_t skip; /* bit i: check i */
	/* The entries, the narrowest first: addresses and networks, then domains.  One that spares
	 * nothing more than those before it is left out, and so are those behind the first few. */
	size_t n;
	const struct exemption *by[EXEMPTED_MAX];
};

/* Add what matches this client to *out, which begins as all zero. */
void exempts_by_ip(const struct exempt_tables *t, const struct ip *client, uint64_t now_ms,
	struct exempted *out);
/* Likewise by names that are proved, canonical; empty: none. */
void exempts_by_name(const struct exempt_tables *t, struct str reverse, struct str sender,
	uint64_t now_ms, struct exempted *out);
/* There are entries that name a domain. */
bool exempts_have_domains(const struct exempt_tables *t);

#endif
