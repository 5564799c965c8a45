/* checks/header: its settings; see header.c. */
#include "checks/header_private.h"

#define ROW(member) offsetof(struct header_settings, member)
#define HOUR	    3600000LL
#define DAY	    (24 * HOUR)

static const struct setting settings[] = {
	{"old", SETTING_DURATION, ROW(old), "7d", 0, 3650 * DAY, NULL,
		"header_old_date: the Date is so long ago; 0: never.  Servers try to deliver for "
		"five days."},
	{"future", SETTING_DURATION, ROW(future), "72h", 0, 3650 * DAY, NULL,
		"header_future_date: the Date is so far ahead; 0: never."},
	{"clock", SETTING_DURATION, ROW(clock), "2h", HOUR / 60, 3650 * DAY, NULL,
		"header_clock: the sending server's own Received and the Date are both so far "
		"ahead, by the same time.  A clock that is late is told from a message that had to "
		"wait only where both are longer ago than \"old\"."},
	{"fields", SETTING_NUMBER, ROW(fields), "500", 10, HEADER_FIELDS_MAX, NULL,
		"header_too_big: more fields than this ..."},
	{"bytes", SETTING_SIZE, ROW(bytes), "256K", 1024, (int64_t)HEADER_BYTES_MAX, NULL,
		"... or more bytes in all."},
	{"received", SETTING_NUMBER, ROW(received), "50", 10, HEADER_FIELDS_MAX, NULL,
		"header_received_loop: more fields Received than this."},
};

const struct section header_section = {
	.name = "header",
	.help = "The check header: what a message's header section says and how it is written.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct header_settings),
};
