/* daemon/keeper: see keeper.h. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fifo.h"
#include "base/list.h"
#include "daemon/config_local.h"
#include "daemon/config_store.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "net/channel.h"
#include "net/listen.h"
#include "net/local.h"
#include "store/record.h"
#include "wire/store.h"

#define WORKERS_MAX	(2 * PROCESS_WORKERS_MAX) /* old ones may still be going */
#define QUEUE_MAX	((size_t)1 << 20)	  /* changes; each worker gives 8192 at most */
#define QUEUE_BYTES	((size_t)64 << 20)
#define PUSH		((size_t)64 << 10) /* of an image in one write */
#define OUTPUT_MAX	((size_t)4 << 20)
#define STATE_MS	2000
#define OPEN_MIN_MS	1000
#define OPEN_MAX_MS	30000
#define STOP_MS		(PROCESS_STOP_MS + 500) /* for workers that are still there */
#define STOP_LOOK_MS	20
#define SAY_STRANGER_MS 60000

/* An image as frames, for all workers alike. */
struct snapshot {
	unsigned refs;
	uint64_t number;
	size_t n;
	char *p;
};

struct worker {
	struct list link;
	struct keeper *keeper;
	struct channel *channel;
	struct list asked;	   /* of struct asked */
	uint32_t written, dropped; /* not told yet */
	struct snapshot *sending;  /* NULL: none */
	enum store_table sending_table;
	size_t sent; /* bytes of it */
	uint64_t has[STORE_TABLES];
};

struct asked {
	struct list link;
	struct worker *worker;
	uint32_t id;
};

/* Changes that a worker wrote in a row. */
struct run {
	struct list link;
	struct worker *worker; /* NULL: it has gone */
	size_t n;
};

struct keeper {
	const struct keeper_options *o;
	struct loop *loop;
	struct listener *listener;
	struct store *store; /* NULL: it could not be opened */
	struct timer *work, *state, *stop;
	uint64_t open_pause_ms;
	struct store_keep keep; /* by newer settings than those that we began with */
	bool has_keep;
	char said[512]; /* why it cannot be opened, said last */
	struct list workers;
	size_t n_workers;
	struct list runs; /* in the order of writing: all that is queued in the store */
	struct snapshot *shown[STORE_TABLES];
	uint64_t generation[STORE_TABLES]; /* of the store's image that was made one of it */
	uint64_t last_number;
	struct store_frame_state told;
	bool stopping;
	uint64_t stop_until, stranger_ms;
	char room[STORE_FRAME_MAX];
};

void
keeper_say(void *ctx, enum store_say level, const char *text)
{
	static const enum log_level levels[] = {[STORE_SAY_INFO] = LOG_LEVEL_INFO,
		[STORE_SAY_WARN] = LOG_LEVEL_WARN,
		[STORE_SAY_ERROR] = LOG_LEVEL_ERROR};

	log_event(levels[level], "store", log_z("text", text));
}

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
	while (channel_unsent(w->channel) == 0 && (w->sending || find_image(w))) {
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

static void
renew_images(struct keeper *k)
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

/* --- saying how it is --- */

static void
send_frame(struct worker *w, const struct store_frame *f)
{
	struct buf b = BUF(w->keeper->room);

	store_frame_print(f, &b);
	(void)channel_write(w->channel, buf_str(&b)); /* else its end is on its way */
}

static uint64_t
size_of(const char *path, const char *suffix)
{
	char full[4200];
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", path, suffix);
	return stat(full, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static struct store_frame_state
state_now(const struct keeper *k)
{
	struct store_frame_state s = {.pid = (uint64_t)getpid()};
	struct store_counters c;
	char path[4100];

	if (!k->store)
		return s;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(k->o->config->store.file));
	store_counters(k->store, &c);
	s.usable = store_is_usable(k->store);
	s.size = size_of(path, "") + size_of(path, "-wal");
	s.queued = c.queued;
	s.written = c.written;
	s.dropped = c.dropped;
	s.failed = c.failed;
	s.damaged = c.damaged;
	s.forgotten = c.forgotten;
	s.put_aside = c.put_aside;
	return s;
}

static void
tell_state(struct keeper *k)
{
	const struct store_frame f = {.type = STORE_FRAME_STATE, .state = k->told};

	for (struct list *l = k->workers.next; l != &k->workers; l = l->next)
		send_frame(LIST_ELEMENT(l, struct worker, link), &f);
}

static void
on_state(void *ctx)
{
	struct keeper *k = ctx;

	k->told = state_now(k);
	tell_state(k);
	timer_set(k->state, STATE_MS);
}

static void
tell_done(struct keeper *k)
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

/* --- the store --- */

static void
on_written(void *ctx, size_t n)
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

/* False: not now. */
static bool
open_store(struct keeper *k)
{
	const struct store_options o = {.queue_max = QUEUE_MAX,
		.queue_bytes_max = QUEUE_BYTES,
		.say = keeper_say,
		.written = on_written,
		.ctx = k};
	struct errbuf e = {0};
	char text[600];

	k->store = config_open_store(k->o->config, &o, &e);
	if (k->store) {
		if (k->said[0])
			keeper_say(NULL, STORE_SAY_INFO, "the store can be used again");
		k->said[0] = '\0';
		if (k->has_keep)
			store_set_keep(k->store, &k->keep);
		return true;
	}
	if (strcmp(k->said, e.text) != 0) {
		snprintf(k->said, sizeof(k->said), "%s", e.text);
		snprintf(text, sizeof(text), "there is no store for now: %s; it is tried again",
			e.text);
		keeper_say(NULL, STORE_SAY_ERROR, text);
	}
	return false;
}

static void
on_work(void *ctx)
{
	struct keeper *k = ctx;

	/* Whatever comes in meanwhile sets the timer to less. */
	timer_clear(k->work);
	if (!k->store && !open_store(k)) {
		k->open_pause_ms = k->open_pause_ms ? 2 * k->open_pause_ms : OPEN_MIN_MS;
		if (k->open_pause_ms > OPEN_MAX_MS)
			k->open_pause_ms = OPEN_MAX_MS;
		timer_set(k->work, k->open_pause_ms);
		return;
	}
	uint64_t in_ms = store_work(k->store);
	if (store_is_usable(k->store) != k->told.usable)
		on_state(k);
	tell_done(k);
	renew_images(k);
	timer_set(k->work, in_ms);
}

/* --- workers --- */

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct asked *a = ctx;
	struct worker *w = a->worker;
	const struct store_frame f = {
		.type = STORE_FRAME_ANSWER, .id = a->id, .status = (uint8_t)status};
	struct buf b = BUF(w->keeper->room);

	list_remove(&a->link);
	heap_free(a);
	size_t at = store_frame_begin(&f, &b);
	if (r)
		store_record_print(r, &b);
	must(!buf_is_cut(&b));
	store_frame_end(&b, at);
	(void)channel_write(w->channel, buf_str(&b));
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

	if (!store_op_parse(f->blob, &op))
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
	if (k->store)
		timer_set(k->work, store_due(k->store));
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

static void
on_accepted(void *ctx, int fd)
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
	push(w);
}

/* --- life --- */

/* How long what is kept; another file takes a restart.  What is wrong with the settings is told by
 * the workers. */
static void
reload(void *ctx)
{
	struct keeper *k = ctx;
	struct errbuf e = {0};

	bool reopened = log_reopen(&e); /* likewise */
	(void)reopened;
	struct config *next = config_load_file(k->o->path, NULL, NULL, &e);
	if (!next)
		return;
	config_store_keep(next, &k->keep);
	config_free(next);
	k->has_keep = true;
	if (k->store)
		store_set_keep(k->store, &k->keep);
}

static void
look_whether_to_stop(void *ctx)
{
	struct keeper *k = ctx;

	if (k->n_workers == 0 || clock_ms() >= k->stop_until)
		loop_stop(k->loop);
	else
		timer_set(k->stop, STOP_LOOK_MS);
}

static void
on_term(void *ctx)
{
	struct keeper *k = ctx;

	if (k->stopping) {
		loop_stop(k->loop); /* asked twice */
		return;
	}
	k->stopping = true;
	k->stop_until = clock_ms() + STOP_MS;
	timer_set(k->stop, STOP_LOOK_MS); /* who has connected by now is taken in before */
}

static void
keeper_done(struct keeper *k)
{
	for (struct list *l = k->workers.next, *next; l != &k->workers; l = next) {
		struct worker *w = LIST_ELEMENT(l, struct worker, link);
		next = l->next;
		channel_free(w->channel);
		worker_free(w);
	}
	listener_free(k->listener);
	store_close(k->store);
	while (!list_is_empty(&k->runs)) {
		struct run *run = LIST_ELEMENT(k->runs.next, struct run, link);
		list_remove(&run->link);
		heap_free(run);
	}
	for (size_t t = 0; t < STORE_TABLES; t++)
		snapshot_free(k->shown[t]);
	timer_free(k->work);
	timer_free(k->state);
	timer_free(k->stop);
}

int
keeper_run(const struct keeper_options *o)
{
	struct keeper *k = heap_calloc(1, sizeof(*k));

	k->o = o;
	k->loop = loop_new();
	if (!k->loop)
		return EX_OSERR;
	log_use_loop(k->loop);
	config_free_local(o->config); /* lists are the workers' */
	list_init(&k->workers);
	list_init(&k->runs);
	struct watch *hup = loop_on_signal(k->loop, SIGHUP, reload, k);
	struct watch *term = loop_on_signal(k->loop, SIGTERM, on_term, k);
	k->work = timer_new(k->loop, on_work, k);
	k->state = timer_new(k->loop, on_state, k);
	k->stop = timer_new(k->loop, look_whether_to_stop, k);
	k->told = state_now(k);
	process_ready(k->loop);
	on_work(k);
	on_state(k);
	k->listener = listener_new(k->loop, o->fd, on_accepted, k);
	listener_use_reserve(k->listener);
	loop_run(k->loop);
	log_use_loop(NULL);
	keeper_done(k);
	watch_free(hup);
	watch_free(term);
	config_free(o->config);
	loop_free(k->loop);
	heap_free(k);
	return EX_OK;
}
