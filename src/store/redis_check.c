/*
 * store/redis_check: looking at everything.
 *
 * All keys are gone through with SCAN, which promises that each that stays is seen at least once;
 * a record must be whole and filed under all that it says.  And each entry of an index must lead to
 * a record.  Others write meanwhile: what looks wrong is read once more, all of it in one moment,
 * before it is told.
 */
#include <stdio.h>

#include "store/faults.h"
#include "store/redis_private.h"

#define SCAN_STEP "200"
#define SCAN_MAX  ((size_t)50000) /* a server may say more than that, but not by so much */

struct checking {
	struct faults faults;
	uint64_t records;
};

/* --- a record --- */

/* How it is filed, after the record: by time for each kind, by expiry, by each word. */
static void
ask_filed(struct redis *q, const struct rested *r)
{
	enum store_table table = r->r.table;

	for (int k = 0; k < store_tables[table].kinds; k++) {
		redis_command(q, "ZSCORE", 2);
		redis_put_by_time(q, table, k);
		redis_put(q, r->r.key);
	}
	redis_command(q, "ZSCORE", 2);
	redis_put_index(q, 'x', table);
	redis_put(q, r->r.key);
	for (size_t i = 0; i < r->r.n_words; i++) {
		char room[REDIS_WORD_MAX];
		struct buf b = BUF(room);
		redis_word_print(r->r.word[i], r->r.key, &b);
		redis_command(q, "ZSCORE", 2);
		redis_put_index(q, 'w', table);
		redis_put(q, buf_str(&b));
	}
}

static bool
is_score(const struct redis_value *v, int64_t want)
{
	int64_t n;

	return redis_number(v, &n) && n == want;
}

static const char *
judge(const struct redis_value *const *v, const struct rested *r)
{
	int kinds = store_tables[r->r.table].kinds;

	for (int k = 0; k < kinds; k++, v++)
		if (k == r->r.kind ? !is_score(*v, -r->touched) : (*v)->type != REDIS_NIL)
			return "is filed with other times than its own";
	if (r->expires ? !is_score(*v, r->expires) : (*v)->type != REDIS_NIL)
		return "is filed with another end than its own";
	for (size_t i = 0; i < r->r.n_words; i++)
		if (!is_score(v[1 + i], 0))
			return "cannot be found by all of its words";
	return NULL;
}

/* What is wrong with it, NULL: nothing.  *changed: somebody has changed it meanwhile. */
static enum store_status
look(struct store *s, enum store_table table, struct str key, const char **what, bool *changed)
{
	struct redis *q = s->own;
	struct rested r;

	*what = NULL;
	*changed = false;
	redis_command(q, "UNWATCH", 0);
	redis_command(q, "WATCH", 1);
	redis_put_record(q, table, key);
	redis_command(q, "GET", 1);
	redis_put_record(q, table, key);
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	if (q->value[2]->type == REDIS_ERROR) {
		*what = "is no record: something else has its key";
		return STORE_OK;
	}
	status = redis_record(q->value[2], table, key, &r);
	if (status == STORE_FAIL)
		*what = "is damaged";
	if (status != STORE_OK)
		return STORE_OK;
	redis_command(q, "MULTI", 0);
	ask_filed(q, &r);
	redis_command(q, "EXEC", 0);
	size_t asked = q->out.commands, n = asked - 2;
	/* The record is needed once its answer is gone. */
	struct buf b = BUF(q->blob);
	rested_print(&r, &b);
	status = redis_call(s);
	if (status != STORE_OK)
		return status;
	const struct redis_value *last = q->value[asked - 1];
	*changed = last->type == REDIS_NIL;
	if (*changed)
		return STORE_OK;
	if (!redis_is_list(last, n) || !rested_parse(buf_str(&b), table, key, &r))
		return store_trouble(s, "Redis at %s says something else than was asked", q->at);
	*what = judge((const struct redis_value *const *)last->item, &r);
	return STORE_OK;
}

static enum store_status
check_record(struct store *s, struct checking *c, enum store_table table, struct str key)
{
	char room[400];
	struct buf shown = BUF(room);
	const char *what;
	bool changed;
	int tries = 5;
	enum store_status status;

	do
		status = look(s, table, key, &what, &changed);
	while (status == STORE_OK && changed && --tries > 0);
	if (status != STORE_OK)
		return status;
	buf_put_escaped(&shown, key, 64);
	if (what)
		fault(&c->faults, "record \"%.*s\" of table %s %s", STR_ARG(buf_str(&shown)),
			store_tables[table].name, what);
	return STORE_OK;
}

/* "rT:KEY" behind the prefix. */
static bool
is_record(const struct redis *q, struct str name, enum store_table *table, struct str *key)
{
	struct str rest = str_skip(name, q->prefix_n);

	if (!str_has_prefix(name, str_from(q->prefix, q->prefix_n)) || rest.n < 4 ||
		rest.p[0] != 'r' || rest.p[2] != ':' || rest.p[1] < '0' ||
		rest.p[1] >= '0' + STORE_TABLES || rest.n - 3 > STORE_KEY_MAX)
		return false;
	*table = (enum store_table)(rest.p[1] - '0');
	*key = str_skip(rest, 3);
	return true;
}

static void
put_pattern(struct redis *q)
{
	struct str prefix = {q->prefix, q->prefix_n};
	char *room = arena_alloc(&q->work, 2 * prefix.n + 1);
	struct buf b = buf_on(room, 2 * prefix.n + 1);

	for (size_t i = 0; i < prefix.n; i++) {
		if (str_find(STR("*?[]\\^-"), prefix.p[i]) < 7)
			buf_putc(&b, '\\');
		buf_putc(&b, prefix.p[i]);
	}
	buf_putc(&b, '*');
	redis_put(q, buf_str(&b));
}

/* The next part of a SCAN or ZSCAN, with its texts copied.  *n 0 and cursor "0": the end. */
static enum store_status
take_part(struct store *s, char cursor[24], struct str **list, size_t *n)
{
	struct redis *q = s->own;
	enum store_status status = redis_call(s);

	if (status != STORE_OK)
		return status;
	const struct redis_value *v = q->value[0];
	if (!redis_is_list(v, 2) || v->item[0]->type != REDIS_TEXT || v->item[0]->text.n > 20 ||
		v->item[1]->type != REDIS_LIST || v->item[1]->n > SCAN_MAX)
		return store_trouble(s, "Redis at %s says something else than was asked", q->at);
	snprintf(cursor, 24, "%.*s", STR_ARG(v->item[0]->text));
	*n = v->item[1]->n;
	*list = arena_alloc(&q->work, *n * sizeof(**list));
	for (size_t i = 0; i < *n; i++)
		(*list)[i] = v->item[1]->item[i]->type == REDIS_TEXT
			? arena_str(&q->work, v->item[1]->item[i]->text)
			: STR("");
	return STORE_OK;
}

static enum store_status
check_records(struct store *s, struct checking *c)
{
	struct redis *q = s->own;
	char cursor[24] = "0";

	do {
		struct str *name;
		size_t n;
		arena_reset(&q->work);
		redis_command(q, "SCAN", 5);
		redis_put_z(q, cursor);
		redis_put_z(q, "MATCH");
		put_pattern(q);
		redis_put_z(q, "COUNT");
		redis_put_z(q, SCAN_STEP);
		enum store_status status = take_part(s, cursor, &name, &n);
		for (size_t i = 0; i < n && status == STORE_OK; i++) {
			enum store_table table;
			struct str key;
			if (is_record(q, name[i], &table, &key))
				status = check_record(s, c, table, key);
		}
		if (status != STORE_OK)
			return status;
	} while (strcmp(cursor, "0") != 0);
	return STORE_OK;
}

/* --- an index --- */

struct index {
	char which; /* 't', 'x', 'w' */
	enum store_table table;
	int kind;
};

static void
put_index(struct redis *q, const struct index *x)
{
	if (x->which == 't')
		redis_put_by_time(q, x->table, x->kind);
	else
		redis_put_index(q, x->which, x->table);
}

/* Is the entry still there, and what it leads to? */
static enum store_status
check_entry(struct store *s, struct checking *c, const struct index *x, struct str entry)
{
	struct redis *q = s->own;
	struct str key = entry;
	char room[400];
	struct buf shown = BUF(room);

	if (x->which == 'w' && !redis_word_key(entry, &key))
		key = STR("");
	redis_command(q, "MULTI", 0);
	redis_command(q, "ZSCORE", 2);
	put_index(q, x);
	redis_put(q, entry);
	redis_command(q, "EXISTS", 1);
	redis_put_record(q, x->table, key);
	redis_command(q, "EXEC", 0);
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	int64_t there;
	const struct redis_value *last = q->value[3];
	if (!redis_is_list(last, 2) || !redis_number(last->item[1], &there))
		return store_trouble(s, "Redis at %s says something else than was asked", q->at);
	if (last->item[0]->type == REDIS_NIL || there)
		return STORE_OK;
	buf_put_escaped(&shown, entry, 64);
	fault(&c->faults, "an index of table %s leads to \"%.*s\", which is not there",
		store_tables[x->table].name, STR_ARG(buf_str(&shown)));
	return STORE_OK;
}

/* Those that seem to lead nowhere are looked at again, one by one. */
static enum store_status
check_entries(struct store *s, struct checking *c, const struct index *x, const struct str *list,
	size_t n)
{
	struct redis *q = s->own;

	for (size_t i = 0; i + 1 < n; i += 2) {
		struct str key = list[i];
		if (x->which == 'w' && !redis_word_key(list[i], &key))
			key = STR("");
		redis_command(q, "EXISTS", 1);
		redis_put_record(q, x->table, key);
	}
	if (q->out.commands == 0)
		return STORE_OK;
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	bool *gone = arena_calloc(&q->work, q->n_values, sizeof(*gone));
	size_t asked = q->n_values;
	for (size_t i = 0; i < asked; i++)
		gone[i] = q->value[i]->type != REDIS_NUMBER || q->value[i]->number == 0;
	for (size_t i = 0; i < asked && status == STORE_OK; i++)
		if (gone[i])
			status = check_entry(s, c, x, list[2 * i]);
	return status;
}

static enum store_status
check_index(struct store *s, struct checking *c, const struct index *x)
{
	struct redis *q = s->own;
	char cursor[24] = "0";

	do {
		struct str *list;
		size_t n;
		arena_reset(&q->work);
		redis_command(q, "ZSCAN", 4);
		put_index(q, x);
		redis_put_z(q, cursor);
		redis_put_z(q, "COUNT");
		redis_put_z(q, SCAN_STEP);
		enum store_status status = take_part(s, cursor, &list, &n);
		if (status == STORE_OK)
			status = check_entries(s, c, x, list, n);
		if (status != STORE_OK)
			return status;
	} while (strcmp(cursor, "0") != 0);
	return STORE_OK;
}

static enum store_status
check_table(struct store *s, struct checking *c, enum store_table table)
{
	struct redis *q = s->own;
	enum store_status status = STORE_OK;
	int64_t n;

	for (int k = 0; k < store_tables[table].kinds && status == STORE_OK; k++) {
		redis_command(q, "ZCARD", 1);
		redis_put_by_time(q, table, k);
		status = redis_call(s);
		if (status != STORE_OK)
			return status;
		if (redis_number(q->value[0], &n) && n > 0)
			c->records += (uint64_t)n;
		status = check_index(s, c, &(struct index){'t', table, k});
	}
	if (status == STORE_OK)
		status = check_index(s, c, &(struct index){'x', table, 0});
	if (status == STORE_OK)
		status = check_index(s, c, &(struct index){'w', table, 0});
	return status;
}

static enum store_status
nothing(struct store *s, void *ctx)
{
	return STORE_OK;
}

enum store_status
redis_check(
	struct store *s, void (*told)(void *ctx, const char *text), void *ctx, uint64_t *records)
{
	struct redis *q = s->own;
	struct checking c = {.faults = {told, ctx, 0}};

	q->told_damaged = true; /* each is told as a fault */
	enum store_status status = redis_try(s, true, nothing, NULL);
	if (status == STORE_OK)
		status = check_records(s, &c);
	for (int t = 0; t < STORE_TABLES && status == STORE_OK; t++)
		status = check_table(s, &c, (enum store_table)t);
	if (status != STORE_OK)
		fault(&c.faults, "%s", s->trouble);
	*records = c.records;
	return c.faults.n ? store_trouble(s, "Redis at %s has %zu faults", q->at, c.faults.n)
			  : STORE_OK;
}
