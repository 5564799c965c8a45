/* store: see store.h.  What all backs have in common: the queue of changes, questions, retries. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/image.h"
#include "store/store_private.h"

#define BATCH_MAX	      2048
#define BATCH_MS	      200   /* a change waits at most so long */
#define SAFE_MS		      1000  /* and is safe from power failure after so long */
#define HOT_MS		      500   /* somebody else's exemption is seen within this */
#define SWEEP_MS	      10000 /* nothing was old: look again then */
#define SWEEP_STEP	      64
#define BUSY_PAUSE_MS	      20
#define PAUSE_MIN_MS	      1000
#define PAUSE_MAX_MS	      30000
#define ASKED_MAX	      1024
#define FORESEEN_MAX	      128
#define DEFAULT(v, otherwise) ((v) ? (v) : (otherwise))

struct queued {
	struct list link;
	struct store_op *op;
	size_t size;
	bool own; /* of the back */
};

struct asked {
	struct list link;
	enum store_table table;
	store_answer_fn *answer;
	void *ctx;
	size_t key_n;
	char key[];
};

struct store *
store_new(const struct store_back *back, const struct store_options *o)
{
	struct store *s = heap_calloc(1, sizeof(*s));

	s->back = back;
	if (o)
		s->o = *o;
	s->o.queue_max = DEFAULT(s->o.queue_max, 16384);
	s->o.queue_bytes_max = DEFAULT(s->o.queue_bytes_max, (size_t)16 << 20);
	s->o.busy_ms = DEFAULT(s->o.busy_ms, 50);
	list_init(&s->queue);
	list_init(&s->asked);
	s->pause_max_ms = PAUSE_MAX_MS;
	s->batch_max = BATCH_MAX;
	s->batch_bytes = SIZE_MAX;
	images_init(s);
	s->hot_ms = s->sweep_ms = store_ms(s);
	return s;
}

uint64_t
store_ms(const struct store *s)
{
	return s->o.clock ? s->o.clock->ms() : clock_ms();
}

int64_t
store_wall(const struct store *s)
{
	return s->o.clock ? s->o.clock->wall() : clock_wall();
}

int64_t
store_now(struct store *s)
{
	int64_t wall = s->back->wall ? s->back->wall(s) : store_wall(s);

	return age_tick(&s->age, wall, store_ms(s));
}

bool
store_is_pausing(const struct store *s)
{
	return s->pause_ms && s->retry_ms > store_ms(s);
}

bool
store_is_usable(const struct store *s)
{
	return s->pause_ms == 0;
}

void
store_say(struct store *s, enum store_say level, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	if (!s->o.say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->o.say(s->o.ctx, level, text);
}

enum store_status
store_trouble(struct store *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->trouble, sizeof(s->trouble), fmt, ap);
	va_end(ap);
	return STORE_FAIL;
}

/* --- changes --- */

static bool
enqueue(struct store *s, const struct store_op *op, bool own)
{
	size_t size;

	must(store_op_is_valid(op));
	if (s->count.queued >= s->o.queue_max || s->queue_bytes >= s->o.queue_bytes_max) {
		s->count.dropped++;
		return false;
	}
	struct queued *q = heap_alloc(sizeof(*q));
	q->op = store_op_copy(op, &size);
	q->size = size + sizeof(*q);
	q->own = own;
	if (list_is_empty(&s->queue))
		s->oldest_ms = store_ms(s);
	list_add_last(&s->queue, &q->link);
	s->queue_bytes += q->size;
	s->count.queued++;
	return true;
}

bool
store_write(struct store *s, const struct store_op *op)
{
	return enqueue(s, op, false);
}

bool
store_write_own(struct store *s, const struct store_op *op)
{
	return enqueue(s, op, true);
}

/* How many of them were not the back's own. */
static size_t
unqueue(struct store *s, size_t n)
{
	size_t others = 0;

	for (; n > 0; n--) {
		struct queued *q = LIST_ELEMENT(s->queue.next, struct queued, link);
		others += !q->own;
		list_remove(&q->link);
		s->queue_bytes -= q->size;
		s->count.queued--;
		heap_free(q->op);
		heap_free(q);
	}
	return others;
}

/* The first trouble is told, and the end of it; what lies between is counted. */
static void
went(struct store *s, enum store_status status)
{
	switch (status) {
	case STORE_OK:
	case STORE_NONE:
		if (s->pause_ms)
			store_say(s, STORE_SAY_INFO, "the store can be used again");
		s->pause_ms = s->retry_ms = 0;
		return;
	case STORE_BUSY:
		s->retry_ms = store_ms(s) + BUSY_PAUSE_MS;
		return;
	case STORE_FAIL:
		break;
	}
	s->count.failed++;
	if (!s->pause_ms)
		store_say(s, STORE_SAY_ERROR,
			"the store cannot be used: %s; what was to be written "
			"is kept, and it is tried again",
			s->trouble);
	s->pause_ms = s->pause_ms ? s->pause_ms * 2 : PAUSE_MIN_MS;
	if (s->pause_ms > s->pause_max_ms)
		s->pause_ms = s->pause_max_ms;
	s->retry_ms = store_ms(s) + s->pause_ms;
}

static enum store_status
write_batch(struct store *s, bool safely)
{
	const struct store_op *ops[BATCH_MAX] = {0};
	size_t n = 0, bytes = 0;

	for (struct list *l = s->queue.next; l != &s->queue && n < s->batch_max; l = l->next) {
		const struct queued *q = LIST_ELEMENT(l, struct queued, link);
		bytes += q->size;
		if (n > 0 && bytes > s->batch_bytes)
			break;
		ops[n++] = q->op;
	}
	enum store_status status = s->back->apply(s, ops, n, safely);
	went(s, status);
	if (status != STORE_OK)
		return status;
	size_t others = unqueue(s, n);
	s->count.written += n;
	s->oldest_ms = store_ms(s);
	if (safely)
		s->unsafe_ms = 0;
	else if (!s->unsafe_ms)
		s->unsafe_ms = store_ms(s);
	if (others && s->o.written)
		s->o.written(s->o.ctx, others);
	return STORE_OK;
}

static void
write_due(struct store *s, uint64_t now)
{
	bool overdue = !list_is_empty(&s->queue) && now - s->oldest_ms >= BATCH_MS;
	/* What is not overdue goes in whole batches, whatever steps the back takes. */
	size_t rest = overdue ? 0 : s->count.queued % BATCH_MAX;

	while (s->count.queued > rest) {
		bool safely = s->unsafe_ms && now - s->unsafe_ms >= SAFE_MS;
		if (write_batch(s, safely) != STORE_OK)
			return;
	}
	if (s->unsafe_ms && now - s->unsafe_ms >= SAFE_MS)
		(void)write_batch(s, true);
}

enum store_status
store_sync(struct store *s)
{
	enum store_status status;

	do
		status = write_batch(s, s->count.queued <= s->batch_max);
	while (status == STORE_OK && !list_is_empty(&s->queue));
	return status;
}

/* --- questions --- */

bool
store_get(
	struct store *s, enum store_table table, struct str key, store_answer_fn *answer, void *ctx)
{
	must((unsigned)table < STORE_TABLES && key.n > 0 && key.n <= STORE_KEY_MAX);
	if (s->n_asked >= ASKED_MAX)
		return false;
	struct asked *a = heap_alloc(sizeof(*a) + key.n);
	a->table = table;
	a->answer = answer;
	a->ctx = ctx;
	a->key_n = key.n;
	memcpy(a->key, key.p, key.n);
	list_add_last(&s->asked, &a->link);
	s->n_asked++;
	return true;
}

static void
drop_question(struct store *s, struct asked *a)
{
	list_remove(&a->link);
	s->n_asked--;
	heap_free(a);
}

void
store_forget(struct store *s, const void *ctx)
{
	for (struct list *l = s->asked.next, *next; l != &s->asked; l = next) {
		struct asked *a = LIST_ELEMENT(l, struct asked, link);
		next = l->next;
		if (a->ctx == ctx)
			drop_question(s, a);
	}
}

static enum store_status
read_now(struct store *s, enum store_table table, struct str key, struct rested *out)
{
	enum store_status status = s->back->read(s, table, key, out);
	int64_t now = store_now(s);

	if (status == STORE_OK && rested_is_over(out, now))
		return STORE_NONE;
	if (status == STORE_OK)
		rested_age(out, now);
	return status;
}

/* Of the questions that come next, how many are read in one go. */
static size_t
foresee(struct store *s)
{
	struct wish wish[FORESEEN_MAX];
	size_t n = 0;

	for (struct list *l = s->asked.next; l != &s->asked && n < COUNT(wish); l = l->next) {
		const struct asked *a = LIST_ELEMENT(l, struct asked, link);
		wish[n++] = (struct wish){a->table, {a->key, a->key_n}};
	}
	if (n > 1 && s->back->foresee)
		s->back->foresee(s, wish, n);
	return n;
}

/* Those that were open at the start: an answer may ask again, and may withdraw others. */
static void
answer_all(struct store *s)
{
	if (list_is_empty(&s->asked))
		return;
	struct rested *r = heap_alloc(sizeof(*r));
	for (size_t n = s->n_asked, next = 0; n > 0 && !list_is_empty(&s->asked); n--) {
		if (next-- == 0)
			next = foresee(s) - 1;
		struct asked *a = LIST_ELEMENT(s->asked.next, struct asked, link);
		struct str key = {a->key, a->key_n};
		enum store_status status = read_now(s, a->table, key, r);
		if (status == STORE_BUSY)
			status = STORE_FAIL; /* soon is too late for whoever waits */
		/* Out of the list before the call, which may store_forget(). */
		list_remove(&a->link);
		s->n_asked--;
		a->answer(a->ctx, status, status == STORE_OK ? &r->r : NULL);
		heap_free(a);
	}
	heap_free(r);
}

/* --- work --- */

static void
sweep_due(struct store *s, uint64_t now)
{
	size_t n = 0;

	if (now < s->sweep_ms)
		return;
	enum store_status status = s->back->sweep(s, SWEEP_STEP, &n);
	went(s, status);
	s->count.forgotten += n;
	s->sweep_ms = now + (status == STORE_OK && n == SWEEP_STEP ? BATCH_MS : SWEEP_MS);
}

static void
load_due(struct store *s, uint64_t now)
{
	if (s->o.no_images || now < s->hot_ms)
		return;
	s->hot_ms = now + HOT_MS;
	if (s->back->hot_changed(s))
		s->hot_stale = true;
	if (s->hot_stale)
		s->hot_stale = images_load(s) != STORE_OK;
}

static uint64_t
next_work(const struct store *s, uint64_t now)
{
	uint64_t next = s->o.no_images ? now + SWEEP_MS : s->hot_ms;

	if (!s->o.read_only && s->sweep_ms < next)
		next = s->sweep_ms;
	if (!list_is_empty(&s->queue) && s->oldest_ms + BATCH_MS < next)
		next = s->oldest_ms + BATCH_MS;
	if (s->count.queued >= BATCH_MAX)
		next = now;
	if (s->unsafe_ms && s->unsafe_ms + SAFE_MS < next)
		next = s->unsafe_ms + SAFE_MS;
	if (s->retry_ms)
		next = s->retry_ms;
	if (!list_is_empty(&s->asked))
		next = now;
	return next > now ? next - now : 0;
}

uint64_t
store_due(const struct store *s)
{
	return next_work(s, store_ms(s));
}

uint64_t
store_work(struct store *s)
{
	uint64_t now = store_ms(s);

	if (s->retry_ms <= now) {
		s->retry_ms = 0;
		if (!s->o.read_only)
			write_due(s, now);
		if (!s->retry_ms)
			load_due(s, now);
		if (!s->retry_ms && !s->o.read_only)
			sweep_due(s, now);
	}
	answer_all(s);
	return next_work(s, store_ms(s));
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	if (!s->o.read_only && (!list_is_empty(&s->queue) || s->unsafe_ms) &&
		store_sync(s) != STORE_OK)
		store_say(s, STORE_SAY_ERROR, "%zu changes are lost: %s", s->count.queued,
			s->trouble);
	(void)unqueue(s, s->count.queued);
	while (!list_is_empty(&s->asked))
		drop_question(s, LIST_ELEMENT(s->asked.next, struct asked, link));
	images_done(s);
	s->back->close(s);
	heap_free(s);
}

/* --- searching and keeping --- */

struct finding_ctx {
	store_each_fn *each;
	void *ctx;
	int64_t now;
	size_t left; /* 0: no limit */
	const struct store_query *q;
};

static bool
show_found(void *ctx, struct rested *r)
{
	struct finding_ctx *f = ctx;

	if (rested_is_over(r, f->now))
		return true;
	rested_age(r, f->now);
	if (!record_matches(&r->r, f->q))
		return true;
	return f->each(f->ctx, &r->r) && (!f->q->max || --f->left > 0);
}

enum store_status
store_find(struct store *s, const struct store_query *q, store_each_fn *each, void *ctx)
{
	struct finding_ctx f = {each, ctx, store_now(s), q->max, q};

	must((unsigned)q->table < STORE_TABLES && q->n_words <= STORE_QUERY_WORDS);
	return s->back->find(s, q, show_found, &f);
}

const char *
store_why(const struct store *s)
{
	return s->trouble;
}

void
store_set_keep(struct store *s, const struct store_keep *keep)
{
	s->o.keep = *keep;
	s->sweep_ms = store_ms(s);
}

enum store_status
store_stats(struct store *s, struct store_stats *out)
{
	*out = (struct store_stats){0};
	out->behind_s = store_wall(s) - store_now(s);
	return s->back->stats(s, out);
}

void
store_counters(const struct store *s, struct store_counters *out)
{
	*out = s->count;
}

enum store_status
store_check(
	struct store *s, void (*fault)(void *ctx, const char *text), void *ctx, uint64_t *records)
{
	*records = 0;
	return s->back->check(s, fault, ctx, records);
}

bool
store_backup(struct store *s, const char *path, struct errbuf *e)
{
	return s->back->backup(s, path, e);
}
