/*
 * daemon/config_lists: the DNS lists of the settings, ready to be asked.
 */
#ifndef DAEMON_CONFIG_LISTS_H
#define DAEMON_CONFIG_LISTS_H

#include "daemon/config.h"

/* Make site.lists of c's generation from its sections; reads files of keys and of providers.
 * False with e filled.  No error shows a key. */
NODISCARD bool config_make_lists(struct config *c, struct errbuf *e);

#endif
