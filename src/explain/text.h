/*
 * explain/text: what a mail server said, made ready for rules, and the facts in it.
 *
 * Rules are written for one spelling only: ASCII in lower case, single blanks, letters without
 * accents, no reply codes, no names of mailboxes.  explain_text_fold() makes that of whatever was
 * found, and remembers where each byte came from, so that people are shown the words as they were.
 * Decides nothing.
 */
#ifndef EXPLAIN_TEXT_H
#define EXPLAIN_TEXT_H

#include "base/arena.h"
#include "base/ip.h"

/* What is longer is cut: the reason stands at the beginning of whatever a server says. */
#define EXPLAIN_TEXT_MAX 6144

struct explain_text {
	struct str raw;			     /* as found, at most EXPLAIN_TEXT_MAX bytes */
	struct str whole;		     /* folded */
	struct str plain;		     /* folded, each URL in it is "<url>" */
	const uint16_t *whole_at, *plain_at; /* place in raw of each byte, and of the end */
	char *whole_room, *plain_room;	     /* the bytes of both, for explain_text_blank() */
};

/* raw has to live as long as *out. */
void explain_text_fold(struct arena *a, struct str raw, struct explain_text *out);
/* Make blanks of what does not count: of plain, else of whole. */
void explain_text_blank(struct explain_text *t, bool plain, size_t from, size_t to);
/* The part of raw from which plain[from..to) (or whole, as `in` says) was made. */
struct str explain_text_source(
	const struct explain_text *t, const uint16_t *in_at, size_t from, size_t to);

/* A reply code (400..599) and an enhanced code, as servers put them at the head of a reply or
 * behind "said:" and the like.  A number amid a sentence is neither. */
struct explain_codes {
	unsigned code;	     /* 0: none */
	size_t at;	     /* place of the code */
	struct str enhanced; /* "5.7.1"; empty: none */
};

struct explain_codes explain_codes_find(struct str text);
/* The first enhanced code from a place on; empty where there is none. */
struct str explain_enhanced_find(struct str text);

/* The next token of *rest that is an address of IPv4 or IPv6, public or not; false: none left. */
bool explain_ip_next(struct str *rest, struct ip *out);
/* The next mail address of *rest, without < >; false: none left. */
bool explain_address_next(struct str *rest, struct str *out);
/* The next host name (two labels or more, the last of letters) of *rest, also within URLs. */
bool explain_host_next(struct str *rest, struct str *out);
/* Whether host is domain or a name below it; case ignored, and nothing is below an empty name. */
bool explain_host_is_under(struct str host, struct str domain);
/* What stands behind the last '@'; empty where there is none. */
struct str explain_domain_of(struct str address);
/* The first URL; empty where there is none. */
struct str explain_url_find(struct str text);
/* Where `part`, which is in lower case, first stands in s, case ignored; s.n: nowhere. */
size_t explain_find_nocase(struct str s, struct str part);
/* Whether one of n words, which are in lower case, stands in s, case ignored. */
bool explain_holds(struct str s, const char *const *words, size_t n);

#endif
