/* daemon/local_watch: see local_watch.h. */
#include <errno.h>

#include "daemon/local_watch.h"
#include "daemon/log.h"

#define PAUSE_MS 1 /* between two pieces of a file */

/* A list and its file. */
struct watched {
	struct local_list list; /* its table is ours */
	struct local_source source;
	struct file_stamp refused; /* what was read in vain and told; all zero: nothing */
	bool missing;		   /* which was told */
};

/* A generation that differs from that of the settings by its lists. */
struct renewed {
	struct generation generation; /* first */
	struct generation *base;
	struct local_lists lists;
	struct local_list list[];
};

struct local_watch {
	struct timer *timer;
	uint64_t every_ms;
	void (*renewed)(void *ctx, struct generation *next);
	void *ctx;
	struct config *config; /* with a reference; NULL: none yet */
	struct generation *current;
	struct watched *watched;
	size_t n, at;		       /* at: the one that is looked at next */
	struct local_reading *reading; /* of watched[at] */
	struct local_source read;      /* what it reads */
};

static void
release(struct generation *g)
{
	struct renewed *r = (struct renewed *)g;

	for (size_t i = 0; i < r->lists.n; i++)
		table_unref(r->list[i].table);
	generation_unref(r->base);
	heap_free(r);
}

/* The settings with the tables that there are now. */
static struct generation *
renew(const struct local_watch *w)
{
	struct generation *base = config_generation(w->config);

	if (w->n == 0)
		return generation_ref(base);
	struct renewed *r = heap_calloc(1, sizeof(*r) + w->n * sizeof(r->list[0]));
	r->generation = *base;
	r->generation.refs = 1;
	r->generation.release = release;
	r->generation.site.local = &r->lists;
	r->base = generation_ref(base);
	r->lists = (struct local_lists){.n = w->n, .list = r->list};
	for (size_t i = 0; i < w->n; i++) {
		r->list[i] = w->watched[i].list;
		table_ref(r->list[i].table);
		*(r->list[i].allow ? &r->lists.allow : &r->lists.block) |= r->list[i].match;
	}
	return &r->generation;
}

static void
tell_error(const struct watched *f, const struct errbuf *e)
{
	char text[1024];

	errbuf_print(e, text, sizeof(text));
	log_event(LOG_LEVEL_ERROR, "list_error", log_s("list", f->list.name), log_z("text", text),
		log_z("hint", "the entries from before stay"));
}

/* Has the file changed, and is it worth reading? */
static bool
wants_reading(struct watched *f)
{
	struct file_stamp now;

	if (!file_stamp_take(f->source.path, &now)) {
		struct errbuf e = {0};
		if (f->missing)
			return false;
		f->missing = true;
		errbuf_at(&e, f->source.path, 0);
		err(&e, "cannot be looked at: %s", strerror(errno));
		tell_error(f, &e);
		return false;
	}
	f->missing = false;
	return !file_stamp_eq(&now, &f->source.stamp) && !file_stamp_eq(&now, &f->refused) &&
		!file_stamp_is_young(&now);
}

static void
take(struct local_watch *w, struct watched *f, struct table *table)
{
	table_unref(f->list.table);
	f->list.table = table;
	f->source = w->read;
	f->refused = (struct file_stamp){0};
	w->config->generation.number++;
	struct generation *next = renew(w), *before = w->current;
	w->current = next;
	w->renewed(w->ctx, next);
	generation_unref(before);
	log_event(LOG_LEVEL_INFO, "list_read", log_s("list", f->list.name),
		log_z("file", f->source.path), log_u("entries", table_count(table)),
		log_u("generation", next->number));
}

/* A piece of the file; false when it is over, one way or the other. */
static bool
read_on(struct local_watch *w, struct watched *f)
{
	struct errbuf e = {0};

	errbuf_at(&e, f->source.path, 0);
	if (local_reading_step(w->reading, &e))
		return true;
	struct table *table = local_reading_done(w->reading, &e);
	w->reading = NULL;
	if (table) {
		take(w, f, table);
	} else {
		f->refused = w->read.stamp;
		tell_error(f, &e);
	}
	return false;
}

static void
begin(struct local_watch *w, struct watched *f)
{
	struct errbuf e = {0};

	w->read = f->source;
	w->reading = local_reading_new(&w->read, &e);
	if (w->reading)
		return;
	if (!file_stamp_take(f->source.path, &f->refused))
		f->refused = (struct file_stamp){0};
	tell_error(f, &e);
}

static void
look(void *ctx)
{
	struct local_watch *w = ctx;

	if (w->reading) {
		w->at += !read_on(w, &w->watched[w->at]);
		timer_set(w->timer, PAUSE_MS);
		return;
	}
	for (; w->at < w->n; w->at++) {
		if (!wants_reading(&w->watched[w->at]))
			continue;
		begin(w, &w->watched[w->at]);
		if (w->reading) {
			timer_set(w->timer, PAUSE_MS);
			return;
		}
	}
	w->at = 0;
	timer_set(w->timer, w->every_ms);
}

/* Forget everything; the timer rests. */
static void
clear(struct local_watch *w)
{
	timer_clear(w->timer);
	local_reading_free(w->reading);
	w->reading = NULL;
	for (size_t i = 0; i < w->n; i++)
		table_unref(w->watched[i].list.table);
	heap_free(w->watched);
	w->watched = NULL;
	w->n = w->at = 0;
	generation_unref(w->current);
	w->current = NULL;
	if (w->config)
		generation_unref(config_generation(w->config));
	w->config = NULL;
}

struct local_watch *
local_watch_new(struct loop *loop, uint64_t every_ms,
	void (*renewed)(void *ctx, struct generation *next), void *ctx)
{
	struct local_watch *w = heap_calloc(1, sizeof(*w));

	w->timer = timer_new(loop, look, w);
	w->every_ms = every_ms;
	w->renewed = renewed;
	w->ctx = ctx;
	return w;
}

void
local_watch_free(struct local_watch *w)
{
	if (!w)
		return;
	clear(w);
	timer_free(w->timer);
	heap_free(w);
}

struct generation *
local_watch_use(struct local_watch *w, struct config *config)
{
	const struct local_lists *lists = &config->local;

	clear(w);
	w->config = config;
	generation_ref(config_generation(config));
	w->n = lists->n;
	w->watched = heap_calloc(w->n, sizeof(*w->watched));
	for (size_t i = 0; i < w->n; i++) {
		w->watched[i] =
			(struct watched){.list = lists->list[i], .source = config->local_source[i]};
		table_ref(w->watched[i].list.table);
	}
	config_free_local(config); /* or the first tables would stay for ever */
	w->current = renew(w);
	if (w->n)
		timer_set(w->timer, PAUSE_MS);
	return w->current;
}
