/*
 * daemon/caller_self: may we make callouts, as others see us?
 *
 * The name that is said in EHLO and the address that it is said from are put through the checks
 * rdns and helo, as any client's would be.  A finding against us keeps callouts off, and so does a
 * DNS that does not answer, until it has answered once.  Looked at again every ten minutes, and
 * every minute while they are off.
 */
#ifndef DAEMON_CALLER_SELF_H
#define DAEMON_CALLER_SELF_H

#include "daemon/config.h"

struct caller_self;

/* config, with its resolver, is borrowed until it is replaced or the end. */
struct caller_self *caller_self_new(struct loop *l, struct config *config);
/* Look again, by other settings. */
void caller_self_use(struct caller_self *s, struct config *config);
void caller_self_free(struct caller_self *s); /* NULL is fine */
/* NULL: servers of this family may be asked (len 4, 16); else why not, which lives until the loop
 * turns. */
const char *caller_self_objection(const struct caller_self *s, uint8_t len);
/* Is that the address that we ask from? */
bool caller_self_is(const struct caller_self *s, const struct ip *ip);

#endif
