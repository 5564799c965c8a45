/*
 * checks/rdns_class: what the reverse name of an address says about the machine.
 *
 * A pure function of the address, its name and the word lists; see rdns_class.c for the rules.
 */
#ifndef CHECKS_RDNS_CLASS_H
#define CHECKS_RDNS_CLASS_H

#include "base/ip.h"
#include "checks/rdns_words.h"

enum rdns_class {
	RDNS_SERVER,	      /* nothing speaks against a server */
	RDNS_ENDUSER,	      /* the line of a customer, or an address out of a pool */
	RDNS_GENERIC_STATIC,  /* a fixed address under a name made from it */
	RDNS_GENERIC_HOSTING, /* a rented machine under the name it came with */
};

enum rdns_strength { RDNS_WEAK, RDNS_STRONG };

#define RDNS_REASON_MAX 256

struct rdns_verdict {
	enum rdns_class class;
	enum rdns_strength strength;
	/* For people: the sentence that begins with "the name", terminated.  The name's own bytes
	 * are escaped. */
	char reason[RDNS_REASON_MAX];
};

/* name: canonical text, lower case, without trailing dot; any bytes are safe.  w: NULL for the
 * built-in words.  Of a name longer than 255 bytes only those count. */
struct rdns_verdict rdns_classify(const struct rdns_words *w, const struct ip *ip, struct str name);

/* "enduser", "generic-static", "generic-hosting", "server"; "weak", "strong": for scripts. */
const char *rdns_class_name(enum rdns_class c);
const char *rdns_strength_name(enum rdns_strength s);

#endif
