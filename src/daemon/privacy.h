/*
 * daemon/privacy: what of a recipient's address may be written into the store: [privacy].
 *
 * Whoever writes and whoever searches use the same function, so that what is asked for is turned
 * into what was written.
 */
#ifndef DAEMON_PRIVACY_H
#define DAEMON_PRIVACY_H

#include "base/buf.h"
#include "daemon/config.h"

enum privacy_recipients { PRIVACY_PLAIN, PRIVACY_HASHED, PRIVACY_NONE };

#define PRIVACY_RCPT_MAX 320 /* bytes of an address that are looked at */

/* The recipient as it is to be kept, in lower case: itself, "HASH@example.org", or "@example.org".
 * postmaster and abuse are never hidden. */
void privacy_put_rcpt(const struct privacy_settings *p, struct str rcpt, struct buf *out);
/* Addresses are kept as they are. */
bool privacy_is_plain(const struct privacy_settings *p);

/* For conf/schema. */
bool privacy_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);

#endif
