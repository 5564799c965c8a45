/*
 * store/registration: when a domain was registered, as it stands in the store: in STORE_SEEN under
 * "r:DOMAIN", whose value is seconds since 1970 or "none".
 *
 * A date is kept as long as the table keeps anything, since it does not change; that there is none
 * for a day, as registries begin to tell, and names are registered.
 */
#ifndef STORE_REGISTRATION_H
#define STORE_REGISTRATION_H

#include "base/buf.h"
#include "store/store.h"

enum registration {
	REGISTRATION_UNREADABLE,
	REGISTRATION_DATE,
	REGISTRATION_NONE, /* whoever could know it does not say it, or there is no such domain */
};

#define REGISTRATION_NONE_S 86400

/* The change that notes it.  key: of this domain; room: for the value, which the change borrows.
 * date NULL: none. */
struct store_op registration_op(struct str key, const int64_t *date, struct buf *room);
/* *date_out: seconds since 1970, with REGISTRATION_DATE. */
enum registration registration_parse(struct str value, int64_t *date_out);

#endif
