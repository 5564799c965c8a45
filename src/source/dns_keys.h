/*
 * source/dns_keys: customers' keys in the names of questions.
 *
 * Operators of paid DNS lists have their customers put a key into each question's name.  Everything
 * in the program works with a label in its place (FACT_KEY_LABEL); here, on the way to the wire, it
 * becomes the key, and here whatever an answer repeats of the key is made unreadable.  So no reply,
 * log, record or error text can show one: nobody else has it.
 */
#ifndef SOURCE_DNS_KEYS_H
#define SOURCE_DNS_KEYS_H

#include "fact/fact.h"

struct dns_key {
	struct str zone; /* canonical, with FACT_KEY_LABEL in it */
	struct str key;	 /* a label */
};

struct dns_keys {
	size_t n;
	const struct dns_key *key;
};

/* A copy of the keys in a. */
struct dns_keys dns_keys_copy(struct arena *a, const struct dns_keys *keys);
/* The name as it is asked, in a, and the key in it; name itself and an empty key where it is in
 * none of the zones. */
struct str dns_keys_expand(
	const struct dns_keys *keys, struct arena *a, struct str name, struct str *key_out);
/* Put 'x' for each byte of the key, in any case, wherever it stands in the answer's texts. */
void dns_keys_scrub(struct answer *a, struct str key);

#endif
