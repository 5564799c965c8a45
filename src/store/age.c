/* store/age: see age.h. */
#include <stddef.h>

#include "base/must.h"
#include "store/age.h"

/* Times outside of this were written by nobody: about the years 0 to 10000. */
#define SANE_MAX ((int64_t)253402300799)

static int64_t
sane(int64_t t)
{
	return t < 1 ? 1 : t > SANE_MAX ? SANE_MAX : t;
}

void
age_begin(struct age *a, int64_t saved, int64_t saved_wall, int64_t wall, uint64_t ms)
{
	wall = sane(wall);
	*a = (struct age){.now = wall, .ms = ms};
	if (saved <= 0)
		return;
	int64_t gap = wall - sane(saved_wall);
	if (gap < 0)
		gap = 0;
	if (gap > AGE_GAP_MAX_S)
		gap = AGE_GAP_MAX_S;
	a->now = sane(saved) + gap;
}

int64_t
age_tick(struct age *a, int64_t wall, uint64_t ms)
{
	uint64_t passed = (ms > a->ms ? ms - a->ms : 0) + a->rest;
	int64_t s = (int64_t)(passed / 1000);

	wall = sane(wall);
	a->ms = ms > a->ms ? ms : a->ms;
	a->rest = passed % 1000;
	a->now += s;
	if (a->now < wall) {
		int64_t behind = wall - a->now;
		a->now += behind < s ? behind : s;
		a->halves = 0;
	} else if (a->now > wall) {
		a->halves += (uint64_t)s;
		int64_t ahead = a->now - wall, back = (int64_t)(a->halves / 2);
		a->halves %= 2;
		a->now -= ahead < back ? ahead : back;
	}
	return a->now;
}

/* Fixed point with 32 bits: no two machines compute a different score. */
int64_t
age_decay(int64_t score, int64_t seconds, uint32_t half_life_s)
{
	/* 2^32 * 2^(-1/2), 2^(-1/4), ... 2^(-1/1024) */
	static const uint64_t root[] = {3037000500, 3611622603, 3938502376, 4112874773, 4202935003,
		4248701965, 4271771996, 4283353945, 4289156690, 4292061010};

	if (half_life_s == 0 || seconds <= 0 || score == 0)
		return score;
	int64_t whole = seconds / half_life_s;
	uint64_t part = ((uint64_t)(seconds % half_life_s) << COUNT(root)) / half_life_s;
	if (whole >= 63)
		return 0;
	uint64_t left = (uint64_t)(score < 0 ? -score : score), factor = (uint64_t)1 << 32;
	for (size_t i = 0; i < COUNT(root); i++)
		if (part >> (COUNT(root) - 1 - i) & 1)
			factor = factor * root[i] >> 32;
	/* Rounded down at the end only, so that it never rises again. */
	left = (uint64_t)((unsigned __int128)left * factor >> (32 + whole));
	return score < 0 ? -(int64_t)left : (int64_t)left;
}
