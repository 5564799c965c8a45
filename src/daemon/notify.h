/*
 * daemon/notify: a word to the service manager, as sd_notify(3) does it.
 *
 * One datagram to the socket that NOTIFY_SOCKET names; nothing happens where there is none.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

/* state: "READY=1", "STOPPING=1", "WATCHDOG=1". */
void notify(const char *state);
/* How often a WATCHDOG=1 is due at least, in ms; 0: never. */
uint64_t notify_watchdog_ms(void);

#endif
