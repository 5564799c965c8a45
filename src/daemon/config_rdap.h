/*
 * daemon/config_rdap: the section [rdap]: how registries are asked.
 */
#ifndef DAEMON_CONFIG_RDAP_H
#define DAEMON_CONFIG_RDAP_H

#include "daemon/config.h"

extern const struct section rdap_section;

/* What rows cannot say together: whether [domain_age] rdap has what it needs. */
NODISCARD bool config_check_rdap(const struct config *c, struct errbuf *e);

#endif
