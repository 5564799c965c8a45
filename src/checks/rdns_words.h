/*
 * checks/rdns_words: what the words and the domains of reverse names mean.
 *
 * The knowledge that the program comes with is data/rdns/, compiled in as tables by
 * tools/rdns_words.  An administrator's file has the same form and lies over it:
 *
 *     # a comment
 *     access: dsl adsl *dsl
 *     isp: provider.example
 *
 * A line is a kind, a colon and words.  A word is letters a-z; "*" before, behind or on both sides
 * makes it match the end, the beginning or any part of a run of letters.  A domain is a domain
 * name, and covers what is below it.  What is listed again gets the later kind, and "plain" takes
 * it from all kinds: so a file can take back what the program knows.
 *
 * Lookups write nothing: one table serves a whole process.  The words of a table never come from
 * the network, so its hash needs no key.
 */
#ifndef CHECKS_RDNS_WORDS_H
#define CHECKS_RDNS_WORDS_H

#include "base/arena.h"
#include "base/errbuf.h"
#include "base/str.h"

enum rdns_kind {
	RDNS_PLAIN = 0, /* says nothing */
	/* kinds of words */
	RDNS_ACCESS,   /* a way of access or of handing out addresses: dsl, dhcp */
	RDNS_CUSTOMER, /* whose address it is: cust, user */
	RDNS_UNNAMED,  /* instead of a name: unassigned */
	RDNS_HOSTING,  /* a rented machine: vps, cloud */
	RDNS_MAIL,     /* a mail server: mx, smtp */
	RDNS_INFRA,    /* another server or a part of the network: www, ns, gw */
	/* kinds of both */
	RDNS_STATIC, /* a fixed address: static */
	/* kinds of domains */
	RDNS_MAILER, /* sends mail from hosts with any kind of name */
	RDNS_HOSTER, /* rents out machines */
	RDNS_ISP,    /* its numbered names are access lines, if nothing speaks against it */
	RDNS_LINES,  /* all that is numbered below is an access line, for certain */
	RDNS_KINDS
};

struct rdns_entry {
	uint32_t hash;
	uint32_t at; /* in the text */
	uint8_t n;   /* 0: free slot */
	uint8_t kind;
};

struct rdns_table {
	const struct rdns_entry *slot;
	uint32_t size; /* a power of two, at least twice what it holds; or 0 */
};

struct rdns_affix {
	uint32_t at;	  /* in the text */
	uint32_t letters; /* that it has, a bit each: most words lack one, and need no search */
	uint8_t n, kind;
	bool front, back; /* where it may stand; both: anywhere */
};

struct rdns_words {
	const struct rdns_words *under; /* asked for what is not listed here; or NULL */
	struct str text;
	struct rdns_table words, domains;
	const struct rdns_affix *affix;
	size_t n_affixes;
};

extern const struct rdns_words rdns_words_builtin;

/* Lay the lines of one file over under (NULL: the built-in).  file: its name, for the errors.
 * Reads on after an error, so that e counts them all; false if there was one.  What out holds
 * lives in a; text need not. */
NODISCARD bool rdns_words_load(struct rdns_words *out, const struct rdns_words *under,
	struct arena *a, const char *file, struct str text, struct errbuf *e);

/* The kind of a run of letters.  w NULL: the built-in words. */
enum rdns_kind rdns_word_kind(const struct rdns_words *w, struct str word);
/* The kind of the longest listed domain that name is equal to or below, which goes to *domain
 * (a slice of name, empty if there is none). */
enum rdns_kind rdns_domain_kind(const struct rdns_words *w, struct str name, struct str *domain);

#endif
