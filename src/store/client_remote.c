/*
 * store/client_remote: the kind of a client that speaks with the process that owns the store.
 *
 * Changes are encoded at once and gather for some milliseconds, so that many leave in one write.
 * Of those that the keeper was given it has to have told of all but WINDOW before it is given more:
 * what it might take with it when it dies is bounded, and while it can write nothing it is given
 * nothing.  Questions do not wait behind changes.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fifo.h"
#include "base/list.h"
#include "net/channel.h"
#include "net/local.h"
#include "store/client_image.h"
#include "store/client_private.h"
#include "store/record.h"
#include "wire/store.h"

#define QUEUE_MAX   16384
#define QUEUE_BYTES ((size_t)4 << 20)
#define WINDOW	    8192
#define GATHER_MS   10
#define GATHER	    ((size_t)32 << 10) /* as much leaves earlier */
#define WRITE_MAX   ((size_t)64 << 10) /* in one write, but for a single larger change */
#define OPEN_MAX    1024	       /* questions */
#define DIAL_MIN_MS 100
#define DIAL_MAX_MS 1000
#define FLUSH_MS    1000 /* at the end */
#define SAY_MS	    60000

/* The breaker: after so many questions in a row without an answer it is asked no more for a while,
 * then one question tries. */
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

struct remote {
	struct store_client c;
	struct loop *loop;
	char name[LOCAL_NAME_MAX];
	struct channel *channel; /* NULL: none */
	bool heard;		 /* it has told its state */
	struct store_frame_state state;
	struct timer *dial;
	uint64_t pause_ms; /* the last one before dialling */

	struct fifo out; /* changes that wait, as frames */
	size_t n_out;
	size_t n_given; /* to the keeper, which has not told what became of them */
	struct timer *gather;
	bool gathering;

	struct list asked;  /* in the order of their time */
	struct list failed; /* to be told so by the loop */
	size_t n_open;
	uint32_t last_id;
	struct timer *due;

	unsigned misses;
	uint64_t rest_ms, rest_until; /* rest_ms 0: the breaker is closed */
	uint32_t probe;		      /* the question that tries; 0: none */

	struct pictures pictures;
	uint64_t said_ms;
	bool said;
	char room[STORE_FRAME_MAX];
};

static struct remote *
remote_of(struct store_client *c)
{
	return (struct remote *)c;
}

static void PRINTF_LIKE(3, 4) say(struct remote *r, enum store_say level, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!r->c.o.say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->c.o.say(r->c.o.ctx, level, text);
}

/* --- changes --- */

/* So many bytes of whole frames may leave now, and how many frames they are. */
static size_t
next_bytes(const struct remote *r, size_t window, size_t *n)
{
	struct str all = fifo_bytes(&r->out);
	size_t size = 0;

	for (*n = 0; *n < window && size < all.n; (*n)++) {
		size_t one = store_frame_size(str_skip(all, size));
		if (*n > 0 && size + one > WRITE_MAX)
			break;
		size += one;
	}
	return size;
}

/* False: the connection is about to end. */
static bool
give(struct remote *r, size_t window)
{
	size_t n, size = next_bytes(r, window, &n);

	if (!channel_write(r->channel, str_slice(fifo_bytes(&r->out), 0, size)))
		return false;
	fifo_use(&r->out, size);
	r->n_out -= n;
	r->n_given += n;
	return true;
}

static void
pump(struct remote *r)
{
	while (r->channel && r->state.usable && r->n_out > 0 && r->n_given < WINDOW &&
		channel_unsent(r->channel) == 0)
		if (!give(r, WINDOW - r->n_given))
			return;
}

static void
gathered(void *ctx)
{
	struct remote *r = ctx;

	r->gathering = false;
	pump(r);
}

static bool
remote_write(struct store_client *c, const struct store_op *op)
{
	static const struct store_frame change = {.type = STORE_FRAME_CHANGE};
	struct remote *r = remote_of(c);
	struct buf b = BUF(r->room);

	size_t at = store_frame_begin(&change, &b);
	store_op_print(op, &b);
	must(!buf_is_cut(&b));
	store_frame_end(&b, at);
	if (r->n_out >= QUEUE_MAX || fifo_size(&r->out) + b.n > QUEUE_BYTES) {
		c->count.dropped++;
		return false;
	}
	fifo_put(&r->out, buf_str(&b));
	r->n_out++;
	c->count.written++;
	if (fifo_size(&r->out) >= GATHER) {
		pump(r);
	} else if (!r->gathering) {
		r->gathering = true;
		timer_set(r->gather, GATHER_MS);
	}
	return true;
}

/* --- questions --- */

static void
set_due(struct remote *r)
{
	uint64_t now = clock_ms();

	if (!list_is_empty(&r->failed)) {
		timer_set(r->due, 0);
	} else if (!list_is_empty(&r->asked)) {
		uint64_t due = LIST_ELEMENT(r->asked.next, struct question, link)->due_ms;
		timer_set(r->due, due > now ? due - now : 0);
	}
}

static void
end_question(struct remote *r, struct question *q, enum store_status status,
	const struct store_record *record)
{
	list_remove(&q->link);
	r->n_open--;
	if (status == STORE_FAIL)
		r->c.count.failed++;
	q->answer(q->ctx, status, record);
	heap_free(q);
}

static void
fail_later(struct remote *r, struct question *q)
{
	list_remove(&q->link);
	list_add_last(&r->failed, &q->link);
}

/* Rest longer each time; the next question after it tries. */
static void
open_breaker(struct remote *r, uint64_t now)
{
	r->rest_ms = r->rest_ms ? r->rest_ms * 2 : REST_MIN_MS;
	if (r->rest_ms > REST_MAX_MS)
		r->rest_ms = REST_MAX_MS;
	r->rest_until = now + r->rest_ms;
	r->probe = 0;
}

static void
close_breaker(struct remote *r)
{
	r->misses = 0;
	r->rest_ms = 0;
	r->probe = 0;
}

static void
missed(struct remote *r, const struct question *q, uint64_t now)
{
	r->misses++;
	if (r->rest_ms ? q->id == r->probe : r->misses >= MISSES)
		open_breaker(r, now);
}

static void
on_due(void *ctx)
{
	struct remote *r = ctx;
	uint64_t now = clock_ms();

	while (!list_is_empty(&r->asked)) {
		struct question *q = LIST_ELEMENT(r->asked.next, struct question, link);
		if (q->due_ms > now)
			break;
		missed(r, q, now);
		fail_later(r, q);
	}
	/* Those that fail while these are told have their turn later; an answer may withdraw any.
	 */
	for (size_t n = r->n_open; n > 0 && !list_is_empty(&r->failed); n--)
		end_question(
			r, LIST_ELEMENT(r->failed.next, struct question, link), STORE_FAIL, NULL);
	set_due(r);
}

static bool
may_ask(const struct remote *r, uint64_t now)
{
	return r->channel && r->heard && (!r->rest_ms || (now >= r->rest_until && !r->probe));
}

static void
ask(struct remote *r, struct question *q)
{
	const struct store_frame f = {.type = STORE_FRAME_ASK,
		.id = q->id,
		.table = (uint8_t)q->table,
		.key = str_from(q->key, q->key_n)};
	struct buf b = BUF(r->room);

	if (r->rest_ms)
		r->probe = q->id;
	store_frame_print(&f, &b);
	list_add_last(&r->asked, &q->link);
	(void)channel_write(r->channel, buf_str(&b)); /* else it fails with the others */
}

static bool
remote_get(struct store_client *c, enum store_table table, struct str key, store_answer_fn *answer,
	void *ctx)
{
	struct remote *r = remote_of(c);
	uint64_t now = clock_ms();

	if (r->n_open >= OPEN_MAX) {
		c->count.failed++;
		return false;
	}
	struct question *q = heap_alloc(sizeof(*q) + key.n);
	*q = (struct question){.id = ++r->last_id ? r->last_id : ++r->last_id,
		.table = table,
		.due_ms = now + c->o.get_ms,
		.answer = answer,
		.ctx = ctx,
		.key_n = key.n};
	memcpy(q->key, key.p, key.n);
	list_init(&q->link);
	r->n_open++;
	c->count.asked++;
	if (may_ask(r, now))
		ask(r, q);
	else
		fail_later(r, q);
	set_due(r);
	return true;
}

static void
forget_in(struct remote *r, struct list *in, const void *ctx)
{
	for (struct list *l = in->next, *next; l != in; l = next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		next = l->next;
		if (q->ctx != ctx)
			continue;
		if (q->id == r->probe)
			r->probe = 0;
		list_remove(l);
		r->n_open--;
		heap_free(q);
	}
}

static void
remote_forget(struct store_client *c, const void *ctx)
{
	struct remote *r = remote_of(c);

	forget_in(r, &r->asked, ctx);
	forget_in(r, &r->failed, ctx);
}

/* --- what the keeper says --- */

static bool
take_answer(struct remote *r, const struct store_frame *f)
{
	struct store_record record;

	if (f->status > STORE_FAIL || (f->blob.n > 0) != (f->status == STORE_OK))
		return false;
	for (struct list *l = r->asked.next; l != &r->asked; l = l->next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		if (q->id != f->id)
			continue;
		if (f->status == STORE_OK &&
			!store_record_parse(f->blob, q->table, str_from(q->key, q->key_n), &record))
			return false;
		close_breaker(r);
		end_question(
			r, q, (enum store_status)f->status, f->status == STORE_OK ? &record : NULL);
		set_due(r);
		return true;
	}
	return true; /* too late */
}

static bool
take_done(struct remote *r, const struct store_frame *f)
{
	if (f->written > r->n_given || f->dropped > r->n_given - f->written)
		return false;
	r->n_given -= f->written + f->dropped;
	r->c.count.dropped += f->dropped;
	pump(r);
	return true;
}

static bool
take(struct remote *r, const struct store_frame *f)
{
	bool whole;

	switch (f->type) {
	case STORE_FRAME_STATE:
		r->heard = true;
		r->pause_ms = 0;
		r->state = f->state;
		pump(r);
		return true;
	case STORE_FRAME_DONE:
		return take_done(r, f);
	case STORE_FRAME_ANSWER:
		return take_answer(r, f);
	case STORE_FRAME_BEGIN:
	case STORE_FRAME_RECORD:
	case STORE_FRAME_END:
		if (!pictures_take(&r->pictures, f, &whole))
			return false;
		if (whole && r->c.o.image)
			r->c.o.image(r->c.o.ctx, (enum store_table)f->table,
				pictures_image(&r->pictures, (enum store_table)f->table));
		return true;
	case STORE_FRAME_CHANGE:
	case STORE_FRAME_ASK:
		break;
	}
	return false;
}

/* --- the connection --- */

/* The channel is no more. */
static void
gone(struct remote *r)
{
	r->channel = NULL;
	r->heard = false;
	r->state = (struct store_frame_state){0};
	r->c.count.lost += r->n_given;
	r->n_given = 0;
	pictures_break(&r->pictures);
	while (!list_is_empty(&r->asked))
		fail_later(r, LIST_ELEMENT(r->asked.next, struct question, link));
	close_breaker(r);
	set_due(r);
	r->pause_ms = r->pause_ms ? r->pause_ms * 2 : DIAL_MIN_MS;
	if (r->pause_ms > DIAL_MAX_MS)
		r->pause_ms = DIAL_MAX_MS;
	timer_set(r->dial, r->pause_ms);
}

static void
complain(struct remote *r, const char *what)
{
	uint64_t now = clock_ms();

	if (r->said && now - r->said_ms < SAY_MS)
		return;
	r->said = true;
	r->said_ms = now;
	say(r, STORE_SAY_ERROR, "the connection to the store's process is begun anew: %s", what);
}

static size_t
on_input(void *ctx, struct str bytes)
{
	struct remote *r = ctx;
	struct store_frame f;
	size_t used = 0, n;

	for (;;) {
		enum store_frame_read read = store_frame_read(str_skip(bytes, used), &f, &n);
		if (read == FRAME_MORE)
			return used;
		if (read == FRAME_BAD || !take(r, &f)) {
			complain(r,
				read == FRAME_BAD ? "what came was no frame"
						  : "it said what makes no sense");
			channel_free(r->channel);
			gone(r);
			return used;
		}
		used += n;
	}
}

static void
on_sent(void *ctx)
{
	pump(ctx);
}

static void
on_closed(void *ctx, const char *why)
{
	struct remote *r = ctx;

	if (strcmp(why, "too much") == 0)
		complain(r, why);
	gone(r);
}

static void
dial(void *ctx)
{
	/* A slice of records is taken in a fraction of a millisecond. */
	static const struct channel_limits limits = {.slice = (size_t)32 << 10,
		.input_max = STORE_FRAME_MAX,
		.output_max = (size_t)2 << 20};
	static const struct channel_handler handler = {on_input, on_sent, on_closed};
	struct remote *r = ctx;
	int fd = local_dial(r->name);

	if (fd < 0)
		gone(r);
	else
		r->channel = channel_new(r->loop, fd, &limits, &handler, r);
}

/* --- the rest of a client --- */

/* What waits is given even to a keeper that can write nothing now: it tries once more at its end.
 */
static void
give_all(struct remote *r)
{
	uint64_t until = clock_ms() + FLUSH_MS, now;

	while (r->channel && r->heard && r->n_out > 0 && (now = clock_ms()) < until) {
		if (!give(r, r->n_out) || !channel_flush(r->channel, until - now))
			break;
	}
	if (r->n_out > 0)
		say(r, STORE_SAY_ERROR, "%zu changes of the store are lost: its process is away",
			r->n_out);
}

static void
remote_free(struct store_client *c)
{
	struct remote *r = remote_of(c);

	give_all(r);
	channel_free(r->channel);
	while (!list_is_empty(&r->asked))
		fail_later(r, LIST_ELEMENT(r->asked.next, struct question, link));
	while (!list_is_empty(&r->failed)) {
		struct question *q = LIST_ELEMENT(r->failed.next, struct question, link);
		list_remove(&q->link);
		heap_free(q);
	}
	pictures_done(&r->pictures);
	fifo_done(&r->out);
	timer_free(r->dial);
	timer_free(r->gather);
	timer_free(r->due);
	heap_free(r);
}

static const struct store_image *
remote_image(const struct store_client *c, enum store_table table)
{
	return pictures_image(&((const struct remote *)c)->pictures, table);
}

static void
remote_counters(const struct store_client *c, struct store_client_counters *out)
{
	const struct remote *r = (const struct remote *)c;

	*out = c->count;
	out->queued = r->n_out;
	out->reachable = r->heard && r->state.usable;
	out->keeper = r->heard ? &r->state : NULL;
}

struct store_client *
store_client_dial(struct loop *l, const char *name, const struct store_client_options *o)
{
	static const struct store_client_kind kind = {remote_free, remote_write, remote_get,
		remote_forget, remote_image, remote_counters};
	struct remote *r = heap_calloc(1, sizeof(*r));

	store_client_init(&r->c, &kind, o);
	must(strlen(name) < sizeof(r->name));
	memcpy(r->name, name, strlen(name));
	r->loop = l;
	list_init(&r->asked);
	list_init(&r->failed);
	r->dial = timer_new(l, dial, r);
	r->gather = timer_new(l, gathered, r);
	r->due = timer_new(l, on_due, r);
	pictures_init(&r->pictures, l);
	dial(r);
	return &r->c;
}
