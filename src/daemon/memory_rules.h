/*
 * daemon/memory_rules: how often an exemption was of use.
 *
 * Stands in counters of its own, not beside the exemption: each change of those is told to every
 * worker.
 */
#ifndef DAEMON_MEMORY_RULES_H
#define DAEMON_MEMORY_RULES_H

#include "daemon/config.h"
#include "store/client.h"

/* The key of an exemption's counter in STORE_COUNTER; number[0] counts its hits. */
#define EXEMPT_COUNTER	      "exempt:"
#define EXEMPT_COUNTER_MAX    (sizeof(EXEMPT_COUNTER) + EXEMPT_WHAT_MAX)
#define EXEMPT_COUNTER_KEEP_S (400 * INT64_C(86400)) /* after the last hit */
struct str exempt_counter_key(struct str what, char room[EXEMPT_COUNTER_MAX]);

/* A recipient was judged: one more hit of each exemption that changed what was checked. */
void memory_rules_decided(struct store_client *store, const struct decision *d);

#endif
