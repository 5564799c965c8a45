/*
 * mail/dkim_key: the text of a DKIM key record, RFC 6376 3.6.1, RFC 8301 (sizes), RFC 8463
 * (Ed25519).
 *
 * Of a key only its kind and size are read; no signature is ever verified here.
 */
#ifndef MAIL_DKIM_KEY_H
#define MAIL_DKIM_KEY_H

#include "base/arena.h"

enum dkim_kind { DKIM_RSA, DKIM_ED25519 };

struct dkim_key {
	enum dkim_kind kind;
	unsigned bits; /* of an RSA modulus; 256 for Ed25519 */
	bool revoked;  /* p= is empty */
	bool testing;  /* t=y */
	bool sha1;     /* h= leaves out sha256 */
};

/* False: receivers cannot use it; *problem says why.  Texts live in a, peer's bytes escaped. */
NODISCARD bool dkim_key_parse(
	struct arena *a, struct str txt, struct dkim_key *out, struct str *problem);
/* "RSA", "Ed25519". */
const char *dkim_kind_name(enum dkim_kind kind);

#endif
