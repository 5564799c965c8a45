/*
 * usage: what a server costs, by the kernel's own books (Linux /proc).
 *
 * A server is a process and all its descendants, found anew on each call: a daemon's workers,
 * Postfix' smtpd under its master.
 */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stdint.h>

struct usage {
	/* User and system time in microseconds since each process began.  Of the living to the
	 * nanosecond (schedstat); of children that have ended and were waited for in steps of
	 * 10 ms (stat, cutime and cstime). */
	uint64_t cpu_us;
	/* Resident and proportional set; shared pages count once in the latter. */
	uint64_t rss_kib, pss_kib;
	unsigned processes;
};

/* A process that is gone counts as nothing. */
struct usage usage_of(int pid);

#endif
