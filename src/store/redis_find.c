/*
 * store/redis_find: searching.
 *
 * Two ways, the one that reads less is taken: through the records from the newest on, until enough
 * of them match; or from the entries of the rarest word, whose records are then put in order.  The
 * last word has always the record itself (record_matches()): indexes may lead astray.
 *
 * Each round is small.  What others change meanwhile may be seen as it was or as it is, and a
 * record that is touched while a search is under way may be missed by it; a hot table is loaded
 * again after each change.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/redis_private.h"

#define RECORDS_STEP 64 /* of up to 256 KiB each */
#define INDEX_STEP   512
#define HOT_STEP     20000 /* most hot tables are read in one piece */
#define WORDS_STEP   5000
#define SCORES_STEP  2000
#define CHEAPER	     4 /* an entry of an index costs so much less than a record */

struct filed {
	struct str key;
	int64_t score; /* the negative of the last change */
};

struct finding {
	const struct store_query *q;
	rested_each_fn *each;
	void *ctx;
	int64_t min, max; /* of the score */
	bool over;	  /* nothing more is wanted */
	uint64_t read;	  /* entries of an index */
	int64_t total, word_n[STORE_QUERY_WORDS];
};

static enum store_status
astray(struct store *s)
{
	const struct redis *q = s->own;

	return store_trouble(s, "Redis at %s says something else than was asked", q->at);
}

/* A server could keep us reading. */
static bool
goes_on_for_ever(struct finding *f, size_t n)
{
	uint64_t all = (uint64_t)f->total * STORE_WORDS_MAX;

	f->read += n;
	return f->read > 2 * all + 1000000;
}

/* The records of these keys, told. */
static enum store_status
tell(struct store *s, struct finding *f, const struct filed *list, size_t n)
{
	struct redis *q = s->own;
	struct rested r;

	for (size_t from = 0, step; from < n && !f->over; from += step) {
		step = n - from < RECORDS_STEP ? n - from : RECORDS_STEP;
		redis_command(q, "MGET", step);
		for (size_t i = 0; i < step; i++)
			redis_put_record(q, f->q->table, list[from + i].key);
		enum store_status status = redis_call(s);
		if (status != STORE_OK)
			return status;
		if (!redis_is_list(q->value[0], step))
			return astray(s);
		for (size_t i = 0; i < step && !f->over; i++) {
			const struct redis_value *v = q->value[0]->item[i];
			if (redis_read_record(s, v, f->q->table, list[from + i].key, &r) ==
				STORE_OK)
				f->over = !f->each(f->ctx, &r);
		}
	}
	return STORE_OK;
}

/* --- from the newest on --- */

/* The records of one kind, read ahead. */
struct stream {
	struct arena arena;
	struct filed *item;
	size_t n, at;
	int64_t next; /* score to go on with, and how many of that score are known */
	size_t skip;
	bool done;
};

static void
put_score(struct redis *q, int64_t score)
{
	if (score == INT64_MIN)
		redis_put_z(q, "-inf");
	else if (score == INT64_MAX)
		redis_put_z(q, "+inf");
	else
		redis_put_number(q, score);
}

static void
ask_more(struct redis *q, const struct finding *f, const struct stream *st, int kind, size_t step)
{
	redis_command(q, "ZRANGEBYSCORE", 7);
	redis_put_by_time(q, f->q->table, kind);
	put_score(q, st->next);
	put_score(q, f->max);
	redis_put_z(q, "WITHSCORES");
	redis_put_z(q, "LIMIT");
	redis_put_number(q, (int64_t)st->skip);
	redis_put_number(q, (int64_t)step);
}

static void
take_more(struct stream *st, const struct redis_value *v, size_t step)
{
	size_t n = v->type == REDIS_LIST ? v->n / 2 : 0;

	arena_reset(&st->arena);
	heap_free(st->item);
	st->item = heap_calloc(n, sizeof(*st->item));
	st->n = st->at = 0;
	st->done = n < step;
	for (size_t i = 0; i < n; i++) {
		const struct redis_value *key = v->item[2 * i];
		int64_t score;
		if (!redis_number(v->item[2 * i + 1], &score))
			score = st->next; /* not ours: the record will tell */
		st->skip = score == st->next ? st->skip + 1 : 1;
		st->next = score;
		if (key->type == REDIS_TEXT && key->text.n > 0 && key->text.n <= STORE_KEY_MAX)
			st->item[st->n++] = (struct filed){arena_str(&st->arena, key->text), score};
	}
}

static bool
is_dry(const struct stream *st)
{
	return st->at == st->n && !st->done;
}

static enum store_status
refill(struct store *s, struct finding *f, struct stream *st, int kinds)
{
	struct redis *q = s->own;
	size_t step = store_tables[f->q->table].hot ? HOT_STEP : INDEX_STEP, at = 0;
	bool dry[STORE_KINDS] = {false};

	for (int k = 0; k < kinds; k++) {
		dry[k] = is_dry(&st[k]);
		if (dry[k])
			ask_more(q, f, &st[k], k, step);
	}
	if (q->out.commands == 0)
		return STORE_OK;
	enum store_status status = redis_call(s);
	for (int k = 0; k < kinds && status == STORE_OK; k++) {
		if (!dry[k])
			continue;
		take_more(&st[k], q->value[at++], step);
		if (goes_on_for_ever(f, st[k].n))
			status = astray(s);
	}
	return status;
}

/* Newest first; of the same second, by key. */
static int
in_order(const void *a, const void *b)
{
	const struct filed *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return str_cmp(x->key, y->key);
}

/* The next of both kinds, until one of them has to be read on. */
static size_t
merge(struct stream *st, int kinds, struct filed *out, size_t max)
{
	size_t n = 0;

	while (n < max) {
		struct stream *first = NULL;
		for (int k = 0; k < kinds; k++) {
			if (is_dry(&st[k]))
				return n;
			if (st[k].at < st[k].n &&
				(!first ||
					in_order(&st[k].item[st[k].at], &first->item[first->at]) <
						0))
				first = &st[k];
		}
		if (!first)
			break;
		out[n++] = first->item[first->at++];
	}
	return n;
}

static enum store_status
walk(struct store *s, struct finding *f)
{
	int kinds = store_tables[f->q->table].kinds;
	struct stream st[STORE_KINDS] = {0};
	enum store_status status = STORE_OK;

	for (int k = 0; k < kinds; k++) {
		arena_init(&st[k].arena, 4096, SIZE_MAX);
		st[k].next = f->min;
	}
	while (!f->over && status == STORE_OK) {
		struct filed next[RECORDS_STEP];
		status = refill(s, f, st, kinds);
		if (status != STORE_OK)
			break;
		size_t n = merge(st, kinds, next, COUNT(next));
		bool dry = false;
		for (int k = 0; k < kinds; k++)
			dry = dry || is_dry(&st[k]);
		if (n == 0 && !dry)
			break;
		status = tell(s, f, next, n);
	}
	for (int k = 0; k < kinds; k++) {
		arena_done(&st[k].arena);
		heap_free(st[k].item);
	}
	return status;
}

/* --- from a word --- */

static void
put_from(struct redis *q, const struct store_range *r)
{
	char room[REDIS_WORD_MAX + 1];
	struct buf b = BUF(room);

	buf_putc(&b, '[');
	redis_word_from(r->from, &b);
	redis_put(q, buf_str(&b));
}

/* Longer than any word: nothing is cut off. */
static void
put_to(struct redis *q, const struct store_range *r)
{
	char room[REDIS_WORD_MAX + 1];
	struct buf b = BUF(room);

	buf_putc(&b, '(');
	redis_word_to(r->to, &b);
	redis_put(q, buf_is_cut(&b) ? STR("+") : buf_str(&b));
}

struct matches {
	struct arena arena;
	struct filed *item;
	size_t n, room;
};

static void
add_match(struct matches *m, struct str key)
{
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 256;
		m->item = heap_realloc(m->item, m->room * sizeof(*m->item));
	}
	m->item[m->n++] = (struct filed){arena_str(&m->arena, key), INT64_MAX};
}

/* The keys of one answer; *last: the entry to go on behind. */
static bool
take_words(struct matches *m, const struct redis_value *v, struct buf *last)
{
	for (size_t i = 0; v->type == REDIS_LIST && i < v->n; i++) {
		struct str key;
		if (v->item[i]->type != REDIS_TEXT || v->item[i]->text.n > REDIS_WORD_MAX)
			return false;
		if (redis_word_key(v->item[i]->text, &key))
			add_match(m, key);
		buf_reset(last);
		buf_putc(last, '(');
		buf_put(last, v->item[i]->text);
	}
	return v->type == REDIS_LIST;
}

static enum store_status
read_words(struct store *s, struct finding *f, const struct store_range *r, struct matches *m)
{
	struct redis *q = s->own;
	char room[REDIS_WORD_MAX + 1];
	struct buf last = BUF(room);

	do {
		redis_command(q, "ZRANGEBYLEX", 6);
		redis_put_index(q, 'w', f->q->table);
		if (last.n)
			redis_put(q, buf_str(&last));
		else
			put_from(q, r);
		put_to(q, r);
		redis_put_z(q, "LIMIT");
		redis_put_number(q, 0);
		redis_put_number(q, WORDS_STEP);
		enum store_status status = redis_call(s);
		if (status != STORE_OK)
			return status;
		if (!take_words(m, q->value[0], &last) || goes_on_for_ever(f, q->value[0]->n))
			return astray(s);
	} while (q->value[0]->n == WORDS_STEP);
	return STORE_OK;
}

static enum store_status
read_scores(struct store *s, const struct finding *f, struct matches *m)
{
	struct redis *q = s->own;
	int kinds = store_tables[f->q->table].kinds;

	for (size_t from = 0, step; from < m->n; from += step) {
		step = m->n - from < SCORES_STEP ? m->n - from : SCORES_STEP;
		for (size_t i = 0; i < step; i++) {
			for (int k = 0; k < kinds; k++) {
				redis_command(q, "ZSCORE", 2);
				redis_put_by_time(q, f->q->table, k);
				redis_put(q, m->item[from + i].key);
			}
		}
		enum store_status status = redis_call(s);
		if (status != STORE_OK)
			return status;
		for (size_t i = 0; i < step * (size_t)kinds; i++) {
			int64_t score;
			if (redis_number(q->value[i], &score))
				m->item[from + i / (size_t)kinds].score = score;
		}
	}
	return STORE_OK;
}

/* In order, each once, and only those of the time asked for. */
static void
put_in_order(const struct finding *f, struct matches *m)
{
	size_t n = 0;

	if (m->n)
		qsort(m->item, m->n, sizeof(*m->item), in_order);
	for (size_t i = 0; i < m->n; i++) {
		const struct filed *x = &m->item[i];
		if (x->score == INT64_MAX || x->score < f->min || x->score > f->max ||
			(n > 0 && in_order(x, &m->item[n - 1]) == 0))
			continue;
		m->item[n++] = *x;
	}
	m->n = n;
}

static enum store_status
follow_word(struct store *s, struct finding *f, const struct store_range *r)
{
	struct matches m = {0};

	arena_init(&m.arena, 4096, SIZE_MAX);
	enum store_status status = read_words(s, f, r, &m);
	if (status == STORE_OK)
		status = read_scores(s, f, &m);
	if (status == STORE_OK) {
		put_in_order(f, &m);
		status = tell(s, f, m.item, m.n);
	}
	arena_done(&m.arena);
	heap_free(m.item);
	return status;
}

/* --- which way --- */

static enum store_status
survey(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	struct finding *f = ctx;
	int kinds = store_tables[f->q->table].kinds;

	for (int k = 0; k < kinds; k++) {
		redis_command(q, "ZCARD", 1);
		redis_put_by_time(q, f->q->table, k);
	}
	for (size_t i = 0; i < f->q->n_words; i++) {
		redis_command(q, "ZLEXCOUNT", 3);
		redis_put_index(q, 'w', f->q->table);
		put_from(q, &f->q->word[i]);
		put_to(q, &f->q->word[i]);
	}
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	for (size_t i = 0; i < q->n_values; i++) {
		int64_t n;
		if (!redis_number(q->value[i], &n) || n < 0 || n > (int64_t)1 << 40)
			return astray(s);
		if (i < (size_t)kinds)
			f->total += n;
		else
			f->word_n[i - (size_t)kinds] = n;
	}
	return STORE_OK;
}

enum store_status
redis_find(struct store *s, const struct store_query *query, rested_each_fn *each, void *ctx)
{
	int64_t now = store_now(s);
	struct finding f = {.q = query,
		.each = each,
		.ctx = ctx,
		.min = query->until_s ? query->until_s - now : INT64_MIN,
		.max = query->since_s ? query->since_s - now : INT64_MAX};
	size_t rarest = 0;

	enum store_status status = redis_try(s, false, survey, &f);
	if (status != STORE_OK)
		return status;
	if (query->n_words == 0)
		return walk(s, &f);
	for (size_t i = 1; i < query->n_words; i++)
		if (f.word_n[i] < f.word_n[rarest])
			rarest = i;
	/* If those that match lie anywhere, so many records pass before there are enough. */
	int64_t few = f.word_n[rarest], passed = f.total;
	if (query->max && query->max < INT32_MAX &&
		f.total / (few + 1) < passed / (int64_t)query->max)
		passed = f.total / (few + 1) * (int64_t)query->max;
	return passed < few / CHEAPER ? walk(s, &f) : follow_word(s, &f, &query->word[rarest]);
}
