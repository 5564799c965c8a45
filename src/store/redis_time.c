/*
 * store/redis_time: one time for all hosts that share a store.
 *
 * Each host counts by its own monotonic clock (age.h), tells the server how far it is with each
 * transaction, and takes over what others have told when that is further: so it never runs faster
 * than for one host, however many there are.
 *
 * Where the time is behind the wall clock it catches up at double speed, but there are several wall
 * clocks now, and one of them may be wrong.  So it goes by all: it catches up only while it is
 * behind each of them, with the nearest, and slows down only while it is ahead of each.  A host
 * whose clock jumps changes nothing as long as another has the right one.  The server's clock is
 * not asked at all.
 *
 * A gap between two runs does not count at once, as it does for a file: it would have to be
 * measured with the clock of whoever wrote last.  It is caught up.
 */
#include "store/redis_private.h"

/* A host that has not written for so long has no say.  One that restarts has until then, so that
 * another one which comes back before it does not believe its own clock alone. */
#define GONE_S 7200

static void
learn_walls(struct store *s, const struct redis_value *walls)
{
	struct redis *q = s->own;

	q->has_others = false;
	for (size_t i = 0; walls->type == REDIS_LIST && i + 1 < walls->n; i += 2) {
		const struct redis_value *id = walls->item[i], *said = walls->item[i + 1];
		int64_t ahead, at;
		if (id->type != REDIS_TEXT || str_eq(id->text, str_of(q->id)) ||
			said->type != REDIS_TEXT || !redis_wall_parse(said->text, &ahead, &at) ||
			at < s->age.now - GONE_S)
			continue;
		int64_t wall = s->age.now + ahead;
		if (!q->has_others || wall < q->earliest)
			q->earliest = wall;
		if (!q->has_others || wall > q->latest)
			q->latest = wall;
		q->has_others = true;
	}
	q->their_ms = store_ms(s);
}

void
redis_time_learn(struct store *s, const struct redis_value *time, const struct redis_value *walls)
{
	struct redis *q = s->own;
	int64_t t;

	(void)store_now(s);
	if (time->type == REDIS_TEXT && redis_time_parse(time->text, &t)) {
		if (!q->has_time)
			age_begin(&s->age, t, store_wall(s), store_wall(s), store_ms(s));
		else if (t > s->age.now)
			s->age.now = t;
		q->has_time = true;
	}
	learn_walls(s, walls);
}

void
redis_time_ask(struct redis *q)
{
	redis_command(q, "HGETALL", 1);
	redis_put_name(q, "walls");
}

void
redis_time_tell(struct store *s, int64_t now)
{
	struct redis *q = s->own;
	char room[2 * REDIS_TIME_MAX];
	struct buf b = BUF(room);

	redis_time_print(now, &b);
	redis_command(q, "SET", 2);
	redis_put_name(q, "time");
	redis_put(q, buf_str(&b));
	redis_command(q, "HSET", 3);
	redis_put_name(q, "walls");
	redis_put_z(q, q->id);
	buf_reset(&b);
	redis_wall_print(store_wall(s) - now, now, &b);
	redis_put(q, buf_str(&b));
	q->has_time = true;
}

int64_t
redis_time_wall(struct store *s)
{
	const struct redis *q = s->own;
	int64_t wall = store_wall(s);
	uint64_t ms = store_ms(s), passed = (ms > s->age.ms ? ms - s->age.ms : 0) + s->age.rest;
	int64_t now = s->age.now + (int64_t)(passed / 1000); /* which is about to be */

	if (!q->has_others)
		return wall;
	/* The others' clocks have gone on meanwhile. */
	int64_t since = (int64_t)((ms - q->their_ms) / 1000);
	int64_t first = q->earliest + since, last = q->latest + since;
	if (wall < first)
		first = wall;
	if (wall > last)
		last = wall;
	return now < first ? first : now > last ? last : now;
}
