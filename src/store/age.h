/*
 * store/age: the store's own time, by which records grow old.
 *
 * The wall clock of a mail server jumps: a dead battery, a virtual machine that slept, a wrong time
 * server.  A store that believed it would forget everybody at a step of 41 days.  So time is
 * counted, not read: the seconds that the store has lived by the monotonic clock, and between two
 * runs the wall clock's difference, but a day at most and never backwards.
 *
 * Where that is behind the wall clock (the machine was off for a week) it runs at double speed
 * until it has caught up; where it is ahead it runs at half speed.  A wrong clock of an hour ages
 * records by an hour more, not by its error.
 *
 * No I/O, no clock: readings are handed in.
 */
#ifndef STORE_AGE_H
#define STORE_AGE_H

#include <stdint.h>

/* A gap between two runs counts at most so much. */
#define AGE_GAP_MAX_S ((int64_t)86400)

struct age {
	int64_t now;	 /* seconds, the store's time */
	uint64_t ms;	 /* monotonic reading of the last tick */
	uint64_t rest;	 /* milliseconds not counted yet */
	uint64_t halves; /* seconds waiting for their other half while the time is ahead */
};

/* saved, saved_wall: the store's time and the wall clock's at the last writing; saved 0: none. */
void age_begin(struct age *a, int64_t saved, int64_t saved_wall, int64_t wall, uint64_t ms);
/* The store's time now. */
int64_t age_tick(struct age *a, int64_t wall, uint64_t ms);

/* What is left of a score (above INT64_MIN) after so many seconds. */
int64_t age_decay(int64_t score, int64_t seconds, uint32_t half_life_s);

#endif
