/*
 * daemon/resolver: give a configuration its source of DNS answers: the zone file first, then the
 * cache and the stub resolver.
 */
#ifndef DAEMON_RESOLVER_H
#define DAEMON_RESOLVER_H

#include "daemon/config.h"
#include "source/dns.h"

/* Make the source that [dns] describes and put it into config's generation, which from then on
 * owns it.  The zone file is read anew; the stub and its cache are shared with `before` where the
 * settings are the same (NULL: no such).  False with e filled when the zone file or the resolver's
 * address is wrong. */
NODISCARD bool resolver_attach(
	struct config *config, const struct config *before, struct loop *loop, struct errbuf *e);
/* The same source without the answer cache before it: for tests of what has been asked before.
 * Belongs to config. */
struct source *resolver_uncached(struct config *config);
/* The stub behind a configuration, for statistics. */
const struct source *resolver_stub(const struct config *config);

#endif
