/* daemon/keeper: see keeper.h.  Here is the process: the store, its time, its end. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "daemon/config_local.h"
#include "daemon/config_store.h"
#include "daemon/keeper_private.h"
#include "daemon/log.h"
#include "daemon/process.h"

#define QUEUE_MAX    ((size_t)1 << 20) /* changes; each worker gives 8192 at most */
#define QUEUE_BYTES  ((size_t)64 << 20)
#define STATE_MS     2000
#define OPEN_MIN_MS  1000
#define OPEN_MAX_MS  30000
#define READER_MS    200 /* the reader looks again for a store, or for another one */
#define STOP_MS	     (PROCESS_STOP_MS + 500) /* for workers that are still there */
#define STOP_LOOK_MS 20
#define NICE	     5 /* more than the workers */

void
keeper_say(void *ctx, enum store_say level, const char *text)
{
	static const enum log_level levels[] = {[STORE_SAY_INFO] = LOG_LEVEL_INFO,
		[STORE_SAY_WARN] = LOG_LEVEL_WARN,
		[STORE_SAY_ERROR] = LOG_LEVEL_ERROR};

	log_event(levels[level], "store", log_z("text", text));
}

/* --- saying how it is --- */

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

	if (!k->store)
		return s;
	s.usable = store_is_usable(k->store);
	if (k->o->reads) /* nobody asks about the rest */
		return s;
	store_counters(k->store, &c);
	if (k->path[0])
		s.size = size_of(k->path, "") + size_of(k->path, "-wal");
	s.queued = c.queued;
	s.written = c.written;
	s.dropped = c.dropped;
	s.failed = c.failed;
	s.damaged = c.damaged;
	s.forgotten = c.forgotten;
	s.put_aside = c.put_aside;
	return s;
}

/* A damaged file is put aside by whoever writes, and another one begun in its place. */
static bool
is_same_file(const struct keeper *k)
{
	struct stat st;

	return !k->path[0] ||
		(stat(k->path, &st) == 0 && st.st_dev == k->dev && st.st_ino == k->ino);
}

static void
on_state(void *ctx)
{
	struct keeper *k = ctx;

	if (k->o->reads && k->store && !is_same_file(k)) {
		(void)store_work(k->store); /* the last answers of the old one */
		keeper_send_answers(k);
		store_close(k->store);
		k->store = NULL;
		timer_set(k->work, 0);
	}
	struct store_frame_state now = state_now(k);
	if (memcmp(&now, &k->told, sizeof(now)) != 0) {
		k->told = now;
		keeper_tell_state(k);
	}
	timer_set(k->state, k->o->reads ? READER_MS : STATE_MS);
}

/* --- the store --- */

/* False: not now. */
static bool
open_store(struct keeper *k)
{
	const struct store_options o = {.queue_max = QUEUE_MAX,
		.queue_bytes_max = QUEUE_BYTES,
		.read_only = k->o->reads,
		.no_images = k->o->reads,
		.say = keeper_say,
		.written = keeper_written,
		.ctx = k};
	struct errbuf e = {0};
	struct stat st = {0};
	char text[600];

	/* Before, so that one that is replaced meanwhile is seen to be another one. */
	if (k->path[0] && stat(k->path, &st) == 0) {
		k->dev = st.st_dev;
		k->ino = st.st_ino;
	}
	k->store = config_open_store(k->o->config, &o, &e);
	if (k->store) {
		if (k->said[0])
			keeper_say(NULL, STORE_SAY_INFO, "the store can be used again");
		k->said[0] = '\0';
		if (k->has_keep)
			store_set_keep(k->store, &k->keep);
		return true;
	}
	if (!k->o->reads && strcmp(k->said, e.text) != 0) {
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
		if (k->o->reads)
			k->open_pause_ms = READER_MS;
		timer_set(k->work, k->open_pause_ms);
		return;
	}
	k->open_pause_ms = 0;
	uint64_t in_ms = store_work(k->store);
	keeper_send_answers(k);
	if (store_is_usable(k->store) != k->told.usable)
		on_state(k);
	keeper_tell_done(k);
	if (!k->o->reads)
		keeper_renew_images(k);
	timer_set(k->work, in_ms);
}

void
keeper_work_due(struct keeper *k)
{
	if (k->store)
		timer_set(k->work, store_due(k->store));
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
	if (k->o->reads)
		return;
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
	keeper_drop_workers(k);
	listener_free(k->listener);
	store_close(k->store);
	while (!list_is_empty(&k->runs)) {
		struct run *run = LIST_ELEMENT(k->runs.next, struct run, link);
		list_remove(&run->link);
		heap_free(run);
	}
	keeper_free_images(k);
	timer_free(k->work);
	timer_free(k->state);
	timer_free(k->stop);
}

int
keeper_run(const struct keeper_options *o)
{
	struct keeper *k = heap_calloc(1, sizeof(*k));

	k->o = o;
	/* Where processors are short, whoever answers mail servers goes first. */
	if (!o->reads)
		(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
	snprintf(k->path, sizeof(k->path), "%.*s", STR_ARG(o->config->store.file));
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
	k->listener = listener_new(k->loop, o->fd, keeper_accepted, k);
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
