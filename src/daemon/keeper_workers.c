/*
 * daemon/keeper: see keeper.h.  Here are the workers that are connected: what they say, and what
 * they are told.
 */
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "daemon/keeper_private.h"
#include "daemon/process.h"
#include "net/local.h"
#include "store/record.h"

#define WORKERS_MAX	(4 * PROCESS_WORKERS_MAX) /* two each, and old ones may still be going */
#define PUSH		((size_t)64 << 10)	  /* of an image in one write */
#define OUTPUT_MAX	((size_t)4 << 20)
#define SAY_STRANGER_MS 60000

/* --- images --- */

static void
snapshot_free(struct snapshot *s)
{
	if (!s || --s->refs > 0)
		return;
	heap_free(s->p);
	heap_free(s);
}

static void
put_frame(struct keeper *k, struct fifo *out, const struct store_frame *f,
	const struct store_record *r)
{
	struct buf b = BUF(k->room);
	size_t at = store_frame_begin(f, &b);

	if (r)
		store_record_print(r, &b);
	must(!buf_is_cut(&b));
	store_frame_end(&b, at);
	fifo_put(out, buf_str(&b));
}

static struct snapshot *
snapshot_new(struct keeper *k, enum store_table table, const struct store_image *image)
{
	struct snapshot *s = heap_calloc(1, sizeof(*s));
	struct fifo out = {0};
	struct store_frame f = {.type = STORE_FRAME_BEGIN,
		.table = (uint8_t)table,
		.cut = image->cut,
		.generation = ++k->last_number,
		.count = (uint32_t)image->n};

	s->refs = 1;
	s->number = f.generation;
	put_frame(k, &out, &f, NULL);
	f.type = STORE_FRAME_RECORD;
	for (size_t i = 0; i < image->n; i++) {
		f.key = image->record[i]->key;
		put_frame(k, &out, &f, image->record[i]);
	}
	f.type = STORE_FRAME_END;
	f.key = STR("");
	put_frame(k, &out, &f, NULL);
	s->p = out.p; /* nothing of it was used yet */
	s->n = out.n;
	return s;
}

/* Frames that belong together as far as they fit into one write, and at least one. */
static struct str
next_slice(const struct worker *w)
{
	struct str all = str_skip(str_from(w->sending->p, w->sending->n), w->sent);
	size_t n = store_frame_size(all);

	while (n < all.n && n + store_frame_size(str_skip(all, n)) <= PUSH)
		n += store_frame_size(str_skip(all, n));
	return str_slice(all, 0, n);
}

static bool
find_image(struct worker *w)
{
	struct keeper *k = w->keeper;

	for (int t = 0; t < STORE_TABLES; t++) {
		if (!k->shown[t] || k->shown[t]->number == w->has[t])
			continue;
		w->sending = k->shown[t];
		w->sending->refs++;
		w->sending_table = (enum store_table)t;
		w->sent = 0;
		return true;
	}
	return false;
}

/* What the worker does not have yet, as fast as it takes it.  An image that has begun is sent to
 * its end even when there is a newer one: a table that changes all the time would never come. */
static void
push(struct worker *w)
{
	while (w->watches && channel_unsent(w->channel) == 0 && (w->sending || find_image(w))) {
		struct str slice = next_slice(w);
		if (!channel_write(w->channel, slice))
			return;
		w->sent += slice.n;
		if (w->sent < w->sending->n)
			continue;
		w->has[w->sending_table] = w->sending->number;
		snapshot_free(w->sending);
		w->sending = NULL;
	}
}

void
keeper_renew_images(struct keeper *k)
{
	for (int t = 0; t < STORE_TABLES; t++) {
		const struct store_image *image =
			store_tables[t].hot ? store_image(k->store, (enum store_table)t) : NULL;
		if (!image || image->status != STORE_OK || image->generation == k->generation[t])
			continue;
		snapshot_free(k->shown[t]);
		k->shown[t] = snapshot_new(k, (enum store_table)t, image);
		k->generation[t] = image->generation;
	}
	for (struct list *l = k->workers.next; l != &k->workers; l = l->next)
		push(LIST_ELEMENT(l, struct worker, link));
}

void
keeper_free_images(struct keeper *k)
{
	for (size_t t = 0; t < STORE_TABLES; t++)
		snapshot_free(k->shown[t]);
}

/* --- saying how it is --- */

static void
send_frame(struct worker *w, const struct store_frame *f)
{
	struct buf b = BUF(w->keeper->room);

	store_frame_print(f, &b);
	(void)channel_write(w->channel, buf_str(&b)); /* else its end is on its way */
}

void
keeper_tell_state(struct keeper *k)
{
	const struct store_frame f = {.type = STORE_FRAME_STATE, .state = k->told};

	for (struct list *l = k->workers.next; l != &k->workers; l = l->next)
		send_frame(LIST_ELEMENT(l, struct worker, link), &f);
}

void
keeper_tell_done(struct keeper *k)
{
	for (struct list *l = k->workers.next; l != &k->workers; l = l->next) {
		struct worker *w = LIST_ELEMENT(l, struct worker, link);
		const struct store_frame f = {
			.type = STORE_FRAME_DONE, .written = w->written, .dropped = w->dropped};
		if (w->written || w->dropped)
			send_frame(w, &f);
		w->written = w->dropped = 0;
	}
}

void
keeper_written(void *ctx, size_t n)
{
	struct keeper *k = ctx;

	while (n > 0) {
		must(!list_is_empty(&k->runs));
		struct run *run = LIST_ELEMENT(k->runs.next, struct run, link);
		size_t some = run->n < n ? run->n : n;
		if (run->worker)
			run->worker->written += (uint32_t)some;
		n -= some;
		run->n -= some;
		if (run->n > 0)
			return;
		list_remove(&run->link);
		heap_free(run);
	}
}

/* --- workers --- */

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct asked *a = ctx;
	struct worker *w = a->worker;
	const struct store_frame f = {
		.type = STORE_FRAME_ANSWER, .id = a->id, .status = (uint8_t)status};

	list_remove(&a->link);
	heap_free(a);
	put_frame(w->keeper, &w->answers, &f, r);
}

void
keeper_send_answers(struct keeper *k)
{
	for (struct list *l = k->workers.next; l != &k->workers; l = l->next) {
		struct worker *w = LIST_ELEMENT(l, struct worker, link);
		if (fifo_size(&w->answers) == 0)
			continue;
		(void)channel_write(w->channel, fifo_bytes(&w->answers));
		fifo_use(&w->answers, fifo_size(&w->answers));
	}
}

static bool
take_question(struct worker *w, const struct store_frame *f)
{
	struct keeper *k = w->keeper;
	const struct store_frame fail = {
		.type = STORE_FRAME_ANSWER, .id = f->id, .status = STORE_FAIL};

	if (f->table >= STORE_TABLES || f->key.n == 0 || f->key.n > STORE_KEY_MAX)
		return false;
	struct asked *a = heap_calloc(1, sizeof(*a));
	a->worker = w;
	a->id = f->id;
	if (!k->store || !store_get(k->store, (enum store_table)f->table, f->key, on_answer, a)) {
		heap_free(a);
		send_frame(w, &fail);
		return true;
	}
	list_add_last(&w->asked, &a->link);
	return true;
}

static void
note_written(struct worker *w)
{
	struct keeper *k = w->keeper;
	struct run *last =
		list_is_empty(&k->runs) ? NULL : LIST_ELEMENT(k->runs.prev, struct run, link);

	if (!last || last->worker != w) {
		last = heap_calloc(1, sizeof(*last));
		last->worker = w;
		list_add_last(&k->runs, &last->link);
	}
	last->n++;
}

static bool
take_change(struct worker *w, const struct store_frame *f)
{
	struct keeper *k = w->keeper;
	struct store_op op;

	if (k->o->reads || !store_op_parse(f->blob, &op))
		return false;
	if (k->store && store_write(k->store, &op))
		note_written(w);
	else
		w->dropped++;
	return true;
}

static bool
take(struct worker *w, const struct store_frame *f)
{
	switch (f->type) {
	case STORE_FRAME_CHANGE:
		return take_change(w, f);
	case STORE_FRAME_ASK:
		return take_question(w, f);
	case STORE_FRAME_WATCH:
		w->watches = true;
		push(w);
		return true;
	case STORE_FRAME_STATE:
	case STORE_FRAME_DONE:
	case STORE_FRAME_ANSWER:
	case STORE_FRAME_BEGIN:
	case STORE_FRAME_RECORD:
	case STORE_FRAME_END:
		break;
	}
	return false;
}

/* The channel is no more. */
static void
worker_free(struct worker *w)
{
	struct keeper *k = w->keeper;

	while (!list_is_empty(&w->asked)) {
		struct asked *a = LIST_ELEMENT(w->asked.next, struct asked, link);
		store_forget(k->store, a);
		list_remove(&a->link);
		heap_free(a);
	}
	for (struct list *l = k->runs.next; l != &k->runs; l = l->next) {
		struct run *run = LIST_ELEMENT(l, struct run, link);
		if (run->worker == w)
			run->worker = NULL;
	}
	snapshot_free(w->sending);
	fifo_done(&w->answers);
	list_remove(&w->link);
	heap_free(w);
	k->n_workers--;
}

static size_t
on_input(void *ctx, struct str bytes)
{
	struct worker *w = ctx;
	struct keeper *k = w->keeper;
	struct store_frame f;
	size_t used = 0, n;

	for (;;) {
		enum store_frame_read read = store_frame_read(str_skip(bytes, used), &f, &n);
		if (read == FRAME_MORE)
			break;
		if (read == FRAME_BAD || !take(w, &f)) {
			keeper_say(NULL, STORE_SAY_ERROR,
				"a worker said what makes no sense: its connection is closed");
			channel_free(w->channel);
			worker_free(w);
			return used;
		}
		used += n;
	}
	keeper_work_due(k);
	return used;
}

static void
on_sent(void *ctx)
{
	push(ctx);
}

static void
on_closed(void *ctx, const char *why)
{
	worker_free(ctx);
}

void
keeper_accepted(void *ctx, int fd)
{
	static const struct channel_limits limits = {
		.slice = (size_t)256 << 10, .input_max = STORE_FRAME_MAX, .output_max = OUTPUT_MAX};
	static const struct channel_handler handler = {on_input, on_sent, on_closed};
	struct keeper *k = ctx;
	uint64_t now = clock_ms();

	if (!local_is_ours(fd) || k->n_workers >= WORKERS_MAX) {
		close(fd);
		if (k->stranger_ms && now - k->stranger_ms < SAY_STRANGER_MS)
			return;
		k->stranger_ms = now;
		keeper_say(NULL, STORE_SAY_WARN,
			"somebody who is no worker connected to the store's process: closed");
		return;
	}
	struct worker *w = heap_calloc(1, sizeof(*w));
	w->keeper = k;
	list_init(&w->asked);
	list_add_last(&k->workers, &w->link);
	k->n_workers++;
	w->channel = channel_new(k->loop, fd, &limits, &handler, w);
	const struct store_frame f = {.type = STORE_FRAME_STATE, .state = k->told};
	send_frame(w, &f);
}

void
keeper_drop_workers(struct keeper *k)
{
	for (struct list *l = k->workers.next, *next; l != &k->workers; l = next) {
		struct worker *w = LIST_ELEMENT(l, struct worker, link);
		next = l->next;
		channel_free(w->channel);
		worker_free(w);
	}
}
