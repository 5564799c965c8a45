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
#include "store/client_ask.h"
#include "store/client_image.h"
#include "store/client_line.h"
#include "store/client_private.h"
#include "store/record.h"
#include "wire/store.h"

#define QUEUE_MAX   16384
#define QUEUE_BYTES ((size_t)4 << 20)
#define WINDOW	    8192
#define GATHER_MS   10
#define GATHER	    ((size_t)32 << 10) /* as much leaves earlier */
#define WRITE_MAX   ((size_t)64 << 10) /* in one write, but for a single larger change */
#define FLUSH_MS    1000	       /* at the end */

struct remote {
	struct store_client c;
	struct line line;
	struct asker asker;

	struct fifo out; /* changes that wait, as frames */
	size_t n_out;
	size_t n_given; /* to the keeper, which has not told what became of them */
	struct timer *gather;
	bool gathering;
	bool watching; /* it was told that we want images */

	struct pictures pictures;
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

	if (!line_write(&r->line, str_slice(fifo_bytes(&r->out), 0, size)))
		return false;
	fifo_use(&r->out, size);
	r->n_out -= n;
	r->n_given += n;
	return true;
}

static void
pump(struct remote *r)
{
	while (r->line.state.usable && r->n_out > 0 && r->n_given < WINDOW &&
		channel_unsent(r->line.channel) == 0)
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

/* --- what the keeper says --- */

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
on_frame(void *ctx, const struct store_frame *f)
{
	static const struct store_frame watch = {.type = STORE_FRAME_WATCH};
	struct remote *r = ctx;
	struct buf b = BUF(r->room);
	bool whole;

	switch (f->type) {
	case STORE_FRAME_STATE:
		if (!r->watching) {
			r->watching = true;
			store_frame_print(&watch, &b);
			(void)line_write(&r->line, buf_str(&b));
		}
		pump(r);
		return true;
	case STORE_FRAME_DONE:
		return take_done(r, f);
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
	case STORE_FRAME_WATCH:
	case STORE_FRAME_ANSWER:
		break;
	}
	return false;
}

/* What it had been given is lost with it, for all that anybody knows. */
static void
on_gone(void *ctx)
{
	struct remote *r = ctx;

	r->c.count.lost += r->n_given;
	r->n_given = 0;
	r->watching = false;
	pictures_break(&r->pictures);
}

static void
on_sent(void *ctx)
{
	pump(ctx);
}

static void
on_say(void *ctx, enum store_say level, const char *text)
{
	say(ctx, level, "%s", text);
}

/* --- the rest of a client --- */

/* What waits is given even to a keeper that can write nothing now: it tries once more at its end.
 */
static void
give_all(struct remote *r)
{
	uint64_t until = clock_ms() + FLUSH_MS, now;

	while (r->line.heard && r->n_out > 0 && (now = clock_ms()) < until) {
		if (!give(r, r->n_out) || !channel_flush(r->line.channel, until - now))
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
	asker_done(&r->asker);
	line_done(&r->line);
	pictures_done(&r->pictures);
	fifo_done(&r->out);
	timer_free(r->gather);
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
	out->asked = r->asker.n_asked;
	out->failed = r->asker.n_failed;
	out->reachable = r->line.state.usable;
	out->answers = r->asker.line.state.usable;
	out->keeper = r->line.heard ? &r->line.state : NULL;
}

static bool
remote_get(struct store_client *c, enum store_table table, struct str key, store_answer_fn *answer,
	void *ctx)
{
	return asker_get(&remote_of(c)->asker, table, key, answer, ctx);
}

static void
remote_forget(struct store_client *c, const void *ctx)
{
	asker_forget(&remote_of(c)->asker, ctx);
}

struct store_client *
store_client_dial(struct loop *l, const struct store_client_names *names,
	const struct store_client_options *o)
{
	static const struct store_client_kind kind = {remote_free, remote_write, remote_get,
		remote_forget, remote_image, remote_counters};
	static const struct line_handler handler = {on_frame, on_sent, on_gone, on_say};
	struct remote *r = heap_calloc(1, sizeof(*r));

	store_client_init(&r->c, &kind, o);
	r->gather = timer_new(l, gathered, r);
	pictures_init(&r->pictures, l);
	line_init(&r->line, l, names->keeper, &handler, r);
	asker_init(&r->asker, l, names->reader, &r->c.o);
	line_dial(&r->line);
	return &r->c;
}
