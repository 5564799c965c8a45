/*
 * clock: the only file that reads a clock.
 *
 * Inside the program time is monotonic milliseconds: steps of the wall clock age nothing.  Wall
 * time is for log lines and records only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since an arbitrary start; never goes back. */
uint64_t clock_ms(void);
/* Microseconds, for measuring ourselves. */
uint64_t clock_us(void);
/* Seconds since 1970. */
int64_t clock_wall(void);

/* Seconds since 1970 of what a clock on the wall shows here: local, the same as if it were UTC.  Of
 * an hour that the clock shows twice either. */
int64_t clock_of_local(int64_t local);

#define CLOCK_TEXT_MAX 32
/* Seconds since 1970 as "2026-01-02T03:04:05Z" (RFC 3339) in out, which is returned; empty for a
 * time that has no such form. */
const char *clock_text(int64_t seconds, char out[CLOCK_TEXT_MAX]);

#endif
