/*
 * daemon/resolver: give a configuration its source of DNS answers.
 */
#ifndef DAEMON_RESOLVER_H
#define DAEMON_RESOLVER_H

#include "daemon/config.h"

/* Make the source that [dns] describes and put it into config's generation, which from then on
 * owns it.  False with e filled when the zone file or the resolver's address is wrong. */
NODISCARD bool resolver_attach(struct config *config, struct loop *loop, struct errbuf *e);

#endif
