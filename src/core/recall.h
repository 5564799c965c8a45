/*
 * core/recall: who was deferred for want of DNS, or because waiting may put a fault right, so that
 * nobody is deferred twice.
 *
 * A table of a fixed size in memory that its owner gives: the daemon maps it shared before it
 * forks, so it serves all workers and survives their restarts.  A slot is one 64-bit word (40 bits
 * of keyed hash, 24 bits of time in seconds), read and written atomically: no locks, and the worst
 * a race can do is to forget one entry.  When a bucket is full the oldest entry goes: that sender
 * may be deferred once more, never refused for it.
 */
#ifndef CORE_RECALL_H
#define CORE_RECALL_H

#include "base/ip.h"

struct recall;

/* Bytes needed for about n entries. */
size_t recall_size(size_t n);
/* Use zeroed memory of that size, suitably aligned; not owned. */
struct recall *recall_on(void *memory, size_t n);
/* Was (client, sender, rcpt) noted less than window_ms ago?  If not, note it now and say false:
 * the caller defers exactly when this says false.  Times are clock_ms(). */
bool recall_seen(struct recall *r, const struct ip *client, struct str sender, struct str rcpt,
	uint64_t now_ms, uint64_t window_ms);

#endif
