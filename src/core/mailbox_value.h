/*
 * core/mailbox_value: the switches of a mailbox as the store keeps them, and as people write them.
 *
 *	{"skip":["rdns"],"only":["spf","dnsbl"],"policy":"off","profile":"strict",
 *	 "reject_at":5.5,"defer_at":4,"refuse":"tag"}
 *	skip=rdns only=spf,dnsbl policy=off profile=strict reject_at=5.5 defer_at=4 refuse=tag
 *
 * Each member is a switch that is there; others are ignored.  The store's bytes are somebody
 * else's: what cannot be read is nothing.
 */
#ifndef CORE_MAILBOX_VALUE_H
#define CORE_MAILBOX_VALUE_H

#include "core/mailbox.h"
#include "core/run.h"

#define MAILBOX_VALUE_MAX 4096 /* bytes of JSON */
#define MAILBOX_TEXT_MAX  512  /* bytes of switches_print() */

/* False: not an object, no switch that is known, or one whose value is not. */
NODISCARD bool mailbox_value_parse(
	struct str json, const struct check_set *checks, struct switches *out);
/* At most MAILBOX_VALUE_MAX bytes; there must be a switch. */
void mailbox_value_print(const struct switches *s, const struct check_set *checks, struct buf *out);

/* "skip", "only", ...; false: unknown, and e names the nearest, or all. */
NODISCARD bool mailbox_key_parse(struct str name, enum mailbox_key *out, struct errbuf *e);
/* "skip=rdns,helo": one switch more in *s, or another value of it.  skip=none, only=all and
 * policy=on are what holds without a switch; they serve to undo the domain's.  False with e filled.
 */
NODISCARD bool switches_parse(
	struct str word, const struct check_set *checks, struct switches *s, struct errbuf *e);
/* What switches_parse() reads, between blanks. */
void switches_print(const struct switches *s, const struct check_set *checks, struct buf *out);

#endif
