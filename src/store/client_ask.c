/* store/client_ask: see client_ask.h. */
#include "base/arena.h"
#include "base/clock.h"
#include "store/client_ask.h"
#include "store/record.h"

#define OPEN_MAX    1024
#define MISSES	    5
#define REST_MIN_MS 1000
#define REST_MAX_MS 30000

struct question {
	struct list link;
	uint32_t id;
	enum store_table table;
	uint64_t due_ms;
	store_answer_fn *answer;
	void *ctx;
	size_t key_n;
	char key[];
};

/* --- questions --- */

static void
set_due(struct asker *a)
{
	uint64_t now = clock_ms();

	if (!list_is_empty(&a->failed)) {
		timer_set(a->due, 0);
	} else if (!list_is_empty(&a->asked)) {
		uint64_t due = LIST_ELEMENT(a->asked.next, struct question, link)->due_ms;
		timer_set(a->due, due > now ? due - now : 0);
	}
}

static void
end_question(struct asker *a, struct question *q, enum store_status status,
	const struct store_record *record)
{
	list_remove(&q->link);
	a->n_open--;
	if (status == STORE_FAIL)
		a->n_failed++;
	q->answer(q->ctx, status, record);
	heap_free(q);
}

static void
fail_later(struct asker *a, struct question *q)
{
	list_remove(&q->link);
	list_add_last(&a->failed, &q->link);
}

/* Rest longer each time; the next question after it tries. */
static void
open_breaker(struct asker *a, uint64_t now)
{
	a->rest_ms = a->rest_ms ? a->rest_ms * 2 : REST_MIN_MS;
	if (a->rest_ms > REST_MAX_MS)
		a->rest_ms = REST_MAX_MS;
	a->rest_until = now + a->rest_ms;
	a->probe = 0;
}

static void
close_breaker(struct asker *a)
{
	a->misses = 0;
	a->rest_ms = 0;
	a->probe = 0;
}

static void
missed(struct asker *a, const struct question *q, uint64_t now)
{
	a->misses++;
	if (a->rest_ms ? q->id == a->probe : a->misses >= MISSES)
		open_breaker(a, now);
}

static void
on_due(void *ctx)
{
	struct asker *a = ctx;
	uint64_t now = clock_ms();

	while (!list_is_empty(&a->asked)) {
		struct question *q = LIST_ELEMENT(a->asked.next, struct question, link);
		if (q->due_ms > now)
			break;
		missed(a, q, now);
		fail_later(a, q);
	}
	/* Those that fail while these are told have their turn later; an answer may withdraw any.
	 */
	for (size_t n = a->n_open; n > 0 && !list_is_empty(&a->failed); n--)
		end_question(
			a, LIST_ELEMENT(a->failed.next, struct question, link), STORE_FAIL, NULL);
	set_due(a);
}

static bool
may_ask(const struct asker *a, uint64_t now)
{
	return a->line.heard && (!a->rest_ms || (now >= a->rest_until && !a->probe));
}

static void
ask(struct asker *a, struct question *q)
{
	const struct store_frame f = {.type = STORE_FRAME_ASK,
		.id = q->id,
		.table = (uint8_t)q->table,
		.key = str_from(q->key, q->key_n)};
	char room[STORE_KEY_MAX + 64];
	struct buf b = BUF(room);

	if (a->rest_ms)
		a->probe = q->id;
	store_frame_print(&f, &b);
	must(!buf_is_cut(&b));
	list_add_last(&a->asked, &q->link);
	fifo_put(&a->out, buf_str(&b));
	timer_set(a->send, 0);
}

static void
on_send(void *ctx)
{
	struct asker *a = ctx;

	(void)line_write(&a->line, fifo_bytes(&a->out)); /* else they fail with the connection */
	fifo_use(&a->out, fifo_size(&a->out));
}

bool
asker_get(
	struct asker *a, enum store_table table, struct str key, store_answer_fn *answer, void *ctx)
{
	uint64_t now = clock_ms();

	if (a->n_open >= OPEN_MAX) {
		a->n_failed++;
		return false;
	}
	struct question *q = heap_alloc(sizeof(*q) + key.n);
	*q = (struct question){.id = ++a->last_id ? a->last_id : ++a->last_id,
		.table = table,
		.due_ms = now + a->get_ms,
		.answer = answer,
		.ctx = ctx,
		.key_n = key.n};
	memcpy(q->key, key.p, key.n);
	list_init(&q->link);
	a->n_open++;
	a->n_asked++;
	if (may_ask(a, now))
		ask(a, q);
	else
		fail_later(a, q);
	set_due(a);
	return true;
}

static void
forget_in(struct asker *a, struct list *in, const void *ctx)
{
	for (struct list *l = in->next, *next; l != in; l = next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		next = l->next;
		if (q->ctx != ctx)
			continue;
		if (q->id == a->probe)
			a->probe = 0;
		list_remove(l);
		a->n_open--;
		heap_free(q);
	}
}

void
asker_forget(struct asker *a, const void *ctx)
{
	forget_in(a, &a->asked, ctx);
	forget_in(a, &a->failed, ctx);
}

/* --- the other side --- */

static bool
take_answer(struct asker *a, const struct store_frame *f)
{
	struct store_record record;

	if (f->status > STORE_FAIL || (f->blob.n > 0) != (f->status == STORE_OK))
		return false;
	for (struct list *l = a->asked.next; l != &a->asked; l = l->next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		if (q->id != f->id)
			continue;
		if (f->status == STORE_OK &&
			!store_record_parse(f->blob, q->table, str_from(q->key, q->key_n), &record))
			return false;
		close_breaker(a);
		end_question(
			a, q, (enum store_status)f->status, f->status == STORE_OK ? &record : NULL);
		set_due(a);
		return true;
	}
	return true; /* too late */
}

static bool
on_frame(void *ctx, const struct store_frame *f)
{
	switch (f->type) {
	case STORE_FRAME_STATE:
		return true;
	case STORE_FRAME_ANSWER:
		return take_answer(ctx, f);
	case STORE_FRAME_CHANGE:
	case STORE_FRAME_ASK:
	case STORE_FRAME_WATCH:
	case STORE_FRAME_DONE:
	case STORE_FRAME_BEGIN:
	case STORE_FRAME_RECORD:
	case STORE_FRAME_END:
		break;
	}
	return false;
}

static void
on_gone(void *ctx)
{
	struct asker *a = ctx;

	while (!list_is_empty(&a->asked))
		fail_later(a, LIST_ELEMENT(a->asked.next, struct question, link));
	fifo_use(&a->out, fifo_size(&a->out));
	close_breaker(a);
	set_due(a);
}

static void
on_say(void *ctx, enum store_say level, const char *text)
{
	const struct asker *a = ctx;

	if (a->o->say)
		a->o->say(a->o->ctx, level, text);
}

void
asker_init(struct asker *a, struct loop *l, const char *name, const struct store_client_options *o)
{
	static const struct line_handler handler = {
		.frame = on_frame, .gone = on_gone, .say = on_say};

	*a = (struct asker){.get_ms = o->get_ms, .o = o};
	list_init(&a->asked);
	list_init(&a->failed);
	a->due = timer_new(l, on_due, a);
	a->send = timer_new(l, on_send, a);
	line_init(&a->line, l, name, &handler, a);
	line_dial(&a->line);
}

void
asker_done(struct asker *a)
{
	while (!list_is_empty(&a->asked))
		fail_later(a, LIST_ELEMENT(a->asked.next, struct question, link));
	while (!list_is_empty(&a->failed)) {
		struct question *q = LIST_ELEMENT(a->failed.next, struct question, link);
		list_remove(&q->link);
		heap_free(q);
	}
	line_done(&a->line);
	fifo_done(&a->out);
	timer_free(a->due);
	timer_free(a->send);
}
