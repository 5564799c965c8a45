/*
 * daemon/config_lines: sections whose lines are not key = value of a fixed set, and checks that
 * rows cannot express.  All are callbacks of struct section; ctx is unused.
 */
#ifndef DAEMON_CONFIG_LINES_H
#define DAEMON_CONFIG_LINES_H

#include "conf/schema.h"

/* [actions] FINDING[/ipv6] = ACTION into struct actions_settings. */
bool action_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e);
#define EXEMPT_LINES_MAX 16384
/* [exempt] WHO = CHECK... ; reason into struct exempt_settings. */
bool exempt_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e);
/* Names of checks between blanks or commas, or "all": bit i for check i.  Nothing, or an unknown
 * name, is an error with the nearest known one. */
NODISCARD bool read_checks(struct str rest, struct arena *a, uint64_t *out, struct errbuf *e);
/* How sockets are written; those that are used where the file names none. */
bool listen_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);
bool dns_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);
/* Bit i: check i is not among the names. */
uint64_t checks_off(const struct words *names);
bool headers_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);
bool policy_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);

bool store_section_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e);

#endif
