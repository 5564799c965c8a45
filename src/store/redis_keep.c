/*
 * store/redis_keep: forgetting what is old or too much, and figures.
 *
 * Nothing expires by the server's clock.  Indexes propose what may go, the record itself decides:
 * one that they propose wrongly is filed anew.
 */
#include <stdio.h>

#include "store/redis_private.h"

#define WRITER_GONE_S 86400
#define WRITERS_STEP  64

struct victim {
	enum store_table table;
	struct str key;
};

struct sweeping {
	size_t max, n_old; /* asked for; chosen because they are old, the rest for want of room */
	int64_t now, excess;
	struct victim *victim;
	size_t n, forgotten;
	bool hot;
};

/* --- choosing --- */

static void
choose(struct redis *q, struct sweeping *w, enum store_table table, const struct redis_value *v)
{
	for (size_t i = 0; v->type == REDIS_LIST && i < v->n && w->n < w->max; i++) {
		const struct redis_value *key = v->item[i];
		bool known = false;
		if (key->type != REDIS_TEXT || key->text.n == 0 || key->text.n > STORE_KEY_MAX)
			continue;
		for (size_t k = 0; k < w->n && !known; k++)
			known = w->victim[k].table == table && str_eq(w->victim[k].key, key->text);
		if (!known)
			w->victim[w->n++] = (struct victim){table, arena_str(&q->work, key->text)};
	}
}

static void
ask_over(struct redis *q, enum store_table table, int64_t now, size_t max)
{
	redis_command(q, "ZRANGEBYSCORE", 6);
	redis_put_index(q, 'x', table);
	redis_put_z(q, "-inf");
	redis_put_number(q, now);
	redis_put_z(q, "LIMIT");
	redis_put_number(q, 0);
	redis_put_number(q, (int64_t)max);
}

/* Scores are negative times: those from +inf down are the oldest. */
static void
ask_past(struct redis *q, enum store_table table, int kind, int64_t before, size_t max)
{
	redis_command(q, "ZREVRANGEBYSCORE", 6);
	redis_put_by_time(q, table, kind);
	redis_put_z(q, "+inf");
	redis_put_number(q, -before);
	redis_put_z(q, "LIMIT");
	redis_put_number(q, 0);
	redis_put_number(q, (int64_t)max);
}

static int64_t
total_size(const struct redis_value *size)
{
	int64_t total = 0, n;

	for (size_t i = 1; size->type == REDIS_LIST && i < size->n; i += 2)
		if (redis_number(size->item[i], &n) && n > 0 && n < (int64_t)1 << 56)
			total += n;
	return total;
}

/* What is over or past its keep; and whether all is too large. */
static enum store_status
choose_old(struct store *s, struct sweeping *w)
{
	struct redis *q = s->own;
	enum store_table of[STORE_TABLES * (1 + STORE_KINDS)];
	size_t n = 0;

	for (int t = 0; t < STORE_TABLES; t++) {
		of[n++] = (enum store_table)t;
		ask_over(q, (enum store_table)t, w->now, w->max);
		for (int k = 0; k < store_tables[t].kinds; k++) {
			if (s->o.keep.s[t][k] <= 0)
				continue;
			of[n++] = (enum store_table)t;
			ask_past(q, (enum store_table)t, k, w->now - s->o.keep.s[t][k], w->max);
		}
	}
	redis_command(q, "HGETALL", 1);
	redis_put_name(q, "size");
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	for (size_t i = 0; i < n; i++)
		choose(q, w, of[i], q->value[i]);
	w->n_old = w->n;
	if (s->o.keep.max_size)
		w->excess = total_size(q->value[n]) - s->o.keep.max_size;
	return STORE_OK;
}

/* The oldest ones of the table and kind that can be spared best. */
static enum store_status
choose_excess(struct store *s, struct sweeping *w)
{
	struct redis *q = s->own;
	enum store_table of[STORE_TABLES * STORE_KINDS];
	size_t n = 0;

	for (int rank = 1; rank <= STORE_TABLES; rank++) {
		for (int t = 0; t < STORE_TABLES; t++) {
			for (int k = 0; store_tables[t].evict == rank && k < store_tables[t].kinds;
				k++) {
				of[n++] = (enum store_table)t;
				redis_command(q, "ZREVRANGE", 3);
				redis_put_by_time(q, (enum store_table)t, k);
				redis_put_number(q, 0);
				redis_put_number(q, (int64_t)w->max - 1);
			}
		}
	}
	enum store_status status = redis_call(s);
	for (size_t i = 0; i < n && status == STORE_OK && w->n == 0; i++)
		choose(q, w, of[i], q->value[i]);
	return status;
}

/* --- doing it --- */

static enum store_status
ask_for(struct store *s, const struct sweeping *w)
{
	struct redis *q = s->own;

	redis_command(q, "UNWATCH", 0);
	redis_command(q, "WATCH", w->n);
	for (size_t i = 0; i < w->n; i++)
		redis_put_record(q, w->victim[i].table, w->victim[i].key);
	redis_command(q, "MGET", w->n);
	for (size_t i = 0; i < w->n; i++)
		redis_put_record(q, w->victim[i].table, w->victim[i].key);
	enum store_status status = redis_call(s);
	if (status == STORE_OK && !redis_is_list(q->value[2], w->n))
		return store_trouble(s, "Redis at %s says something else than was asked", q->at);
	return status;
}

static bool
is_past(const struct store *s, const struct rested *r, int64_t now)
{
	int64_t keep = s->o.keep.s[r->r.table][r->r.kind];

	return rested_is_over(r, now) || (keep > 0 && r->touched <= now - keep);
}

static void
file_anew(struct redis *q, const struct victim *v, const struct rested *r)
{
	for (int k = 0; k < store_tables[v->table].kinds; k++) {
		redis_command(q, k == r->r.kind ? "ZADD" : "ZREM", k == r->r.kind ? 3 : 2);
		redis_put_by_time(q, v->table, k);
		if (k == r->r.kind)
			redis_put_number(q, -r->touched);
		redis_put(q, v->key);
	}
	redis_command(q, r->expires ? "ZADD" : "ZREM", r->expires ? 3 : 2);
	redis_put_index(q, 'x', v->table);
	if (r->expires)
		redis_put_number(q, r->expires);
	redis_put(q, v->key);
}

static void
put_removals(struct store *s, struct sweeping *w, int64_t shrunk[STORE_TABLES])
{
	struct redis *q = s->own;
	int64_t excess = w->excess;

	for (size_t i = 0; i < w->n; i++) {
		const struct victim *v = &w->victim[i];
		const struct redis_value *there = q->value[2]->item[i];
		struct rested r;
		enum store_status status = redis_read_record(s, there, v->table, v->key, &r);
		bool old = i < w->n_old;
		if (!old && excess <= 0)
			break;
		if (status == STORE_OK && old && !is_past(s, &r, w->now)) {
			file_anew(q, v, &r);
			continue;
		}
		redis_take_out(q, v->table, v->key, status == STORE_OK ? &r : NULL);
		w->hot = w->hot || store_tables[v->table].hot;
		w->forgotten += status != STORE_NONE;
		if (status == STORE_OK) {
			shrunk[v->table] += redis_cost(&r);
			excess -= redis_cost(&r);
		}
	}
}

static enum store_status
remove_them(struct store *s, struct sweeping *w)
{
	struct redis *q = s->own;
	int64_t shrunk[STORE_TABLES] = {0};
	enum store_status status = ask_for(s, w);

	if (status != STORE_OK)
		return status;
	redis_command(q, "MULTI", 0);
	put_removals(s, w, shrunk);
	redis_put_sizes(q, shrunk, -1);
	if (w->hot) {
		redis_command(q, "INCR", 1);
		redis_put_name(q, "hot");
	}
	redis_time_tell(s, w->now);
	redis_command(q, "EXEC", 0);
	size_t asked = q->out.commands;
	status = redis_call(s);
	if (status != STORE_OK)
		return status;
	/* Somebody has changed one of them: another time. */
	if (q->value[asked - 1]->type == REDIS_NIL)
		return STORE_BUSY;
	q->hot_mine = q->hot_mine || w->hot;
	return STORE_OK;
}

static void
forget_writer(struct redis *q, struct str id)
{
	redis_command(q, "DEL", 1);
	redis_put_writer(q, id);
	redis_command(q, "ZREM", 2);
	redis_put_name(q, "writers");
	redis_put(q, id);
	redis_command(q, "HDEL", 2);
	redis_put_name(q, "walls");
	redis_put(q, id);
}

/* Processes that are long gone; and that the time has passed. */
static enum store_status
forget_writers(struct store *s, const struct sweeping *w)
{
	struct redis *q = s->own;

	redis_command(q, "ZRANGEBYSCORE", 6);
	redis_put_name(q, "writers");
	redis_put_z(q, "-inf");
	redis_put_number(q, w->now - WRITER_GONE_S);
	redis_put_z(q, "LIMIT");
	redis_put_number(q, 0);
	redis_put_number(q, WRITERS_STEP);
	redis_time_tell(s, w->now);
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	for (size_t i = 0; q->value[0]->type == REDIS_LIST && i < q->value[0]->n; i++) {
		const struct redis_value *id = q->value[0]->item[i];
		if (id->type == REDIS_TEXT)
			forget_writer(q, id->text);
	}
	return q->out.commands ? redis_call(s) : STORE_OK;
}

static enum store_status
sweep_step(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	struct sweeping *w = ctx;

	w->n = w->n_old = w->forgotten = 0;
	w->hot = false;
	w->victim = arena_alloc(&q->work, w->max * sizeof(*w->victim));
	w->now = store_now(s);
	enum store_status status = choose_old(s, w);
	if (status == STORE_OK && w->n == 0 && w->excess > 0)
		status = choose_excess(s, w);
	if (status != STORE_OK)
		return status;
	return w->n ? remove_them(s, w) : forget_writers(s, w);
}

enum store_status
redis_sweep(struct store *s, size_t max, size_t *n)
{
	struct sweeping w = {.max = max};
	enum store_status status = redis_try(s, true, sweep_step, &w);

	*n = status == STORE_OK ? w.forgotten : 0;
	return status;
}

/* --- figures --- */

#define ASKED_OF_A_KIND 3

static void
ask_figures(struct redis *q, enum store_table table, int kind)
{
	redis_command(q, "ZCARD", 1);
	redis_put_by_time(q, table, kind);
	for (int end = 0; end >= -1; end--) {
		redis_command(q, "ZRANGE", 4);
		redis_put_by_time(q, table, kind);
		redis_put_number(q, end);
		redis_put_number(q, end);
		redis_put_z(q, "WITHSCORES");
	}
}

static bool
score_of_one(const struct redis_value *v, int64_t *score)
{
	return redis_is_list(v, 2) && redis_number(v->item[1], score);
}

static void
add_figures(const struct redis_value *const *v, int64_t now, struct store_table_stats *t)
{
	int64_t n, first, last;

	if (!redis_number(v[0], &n) || n <= 0 || !score_of_one(v[1], &first) ||
		!score_of_one(v[2], &last))
		return;
	if (t->records == 0 || now + last > t->oldest_s)
		t->oldest_s = now + last;
	if (t->records == 0 || now + first < t->newest_s)
		t->newest_s = now + first;
	t->records += (uint64_t)n;
}

static enum store_status
stats_step(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	struct store_stats *out = ctx;
	int64_t now = store_now(s);
	size_t at = 0;

	for (int t = 0; t < STORE_TABLES; t++)
		for (int k = 0; k < store_tables[t].kinds; k++)
			ask_figures(q, (enum store_table)t, k);
	redis_command(q, "HGETALL", 1);
	redis_put_name(q, "size");
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	for (int t = 0; t < STORE_TABLES; t++)
		for (int k = 0; k < store_tables[t].kinds; k++, at += ASKED_OF_A_KIND)
			add_figures(q->value + at, now, &out->table[t]);
	const struct redis_value *size = q->value[at];
	for (size_t i = 0; size->type == REDIS_LIST && i + 1 < size->n; i += 2) {
		int64_t table, n;
		if (redis_number(size->item[i], &table) && table >= 0 && table < STORE_TABLES &&
			redis_number(size->item[i + 1], &n) && n > 0)
			out->table[table].bytes = (uint64_t)n;
	}
	out->size = (uint64_t)total_size(size);
	return STORE_OK;
}

enum store_status
redis_stats(struct store *s, struct store_stats *out)
{
	return redis_try(s, false, stats_step, out);
}
