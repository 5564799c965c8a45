/*
 * daemon/config_store: the store that the settings name, for the daemon and for commands.
 */
#ifndef DAEMON_CONFIG_STORE_H
#define DAEMON_CONFIG_STORE_H

#include "daemon/config.h"
#include "store/store.h"

/* The settings name a store. */
bool config_has_store(const struct config *c);
/* How long what is kept, by the settings. */
void config_store_keep(const struct config *c, struct store_keep *out);
/* Open it; o->keep is filled in from the settings.  NULL with e filled where that cannot be, or
 * where there is none. */
struct store *config_open_store(
	const struct config *c, const struct store_options *o, struct errbuf *e);

#endif
