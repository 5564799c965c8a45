/*
 * checks/rdns_spell: does a host name spell an address?
 *
 * A name is cut into tokens: runs of letters and runs of digits; everything else, and the change
 * from letters to digits, is a border.  The tokens are compared with one known address, never
 * searched for any address: "10-20" in the name of 192.0.2.1 means nothing.
 *
 * Found are, for IPv4: decimal bytes in any order, padded with zeros or not, one in a run of
 * digits or several, in one label or many; hexadecimal forwards or backwards, with separators or
 * without, or its last three bytes; one decimal integer; base 32 with seven digits, as some cable
 * operators write it.  For IPv6: twelve consecutive nibbles forwards or backwards, or three
 * consecutive groups, with any separators and zeros left out.
 */
#ifndef CHECKS_RDNS_SPELL_H
#define CHECKS_RDNS_SPELL_H

#include "base/ip.h"
#include "base/str.h"

#define RDNS_HOST_MAX	255 /* bytes of a host part */
#define RDNS_TOKENS_MAX 48  /* the rest of a longer name is not looked at */

struct rdns_token {
	uint8_t from, n; /* place in the host part */
	uint8_t label;	 /* number of its label, from the left */
	bool digits;
	uint8_t bytes; /* of digits: which bytes of an IPv4 address they may spell, a bit mask */
};

struct rdns_tokens {
	struct str host;
	uint8_t n;
	struct rdns_token token[RDNS_TOKENS_MAX];
};

enum rdns_notation { RDNS_DECIMAL, RDNS_HEX, RDNS_INTEGER, RDNS_BASE32 };

struct rdns_spelling {
	uint8_t bytes;	/* how many bytes of the address, each counted once */
	uint8_t digits; /* of those bytes: how little of it can be chance */
	bool tail;	/* the last two bytes stand side by side, in either order */
	enum rdns_notation notation;
	uint8_t from, to; /* the part of the host part that does it */
};

/* Borrows host, of at most RDNS_HOST_MAX bytes. */
void rdns_tokenize(struct str host, struct rdns_tokens *out);
struct str rdns_token_text(const struct rdns_tokens *t, size_t i);
/* Marks the tokens' bytes as well. */
struct rdns_spelling rdns_spell(struct rdns_tokens *t, const struct ip *ip);

#endif
