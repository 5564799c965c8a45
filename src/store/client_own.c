/*
 * store/client_own: the kind of a client that owns its store, and works it from a timer.
 *
 * store_work() takes as long as it takes: for tests, and for commands that have a loop.
 */
#include "base/arena.h"
#include "store/client_private.h"

struct own {
	struct store_client c;
	struct store *store;
	struct timer *timer;
	uint64_t generation[STORE_TABLES]; /* of the images that were told */
};

static struct own *
own_of(struct store_client *c)
{
	return (struct own *)c;
}

static void
tell_images(struct own *w)
{
	for (int t = 0; t < STORE_TABLES; t++) {
		if (!store_tables[t].hot)
			continue;
		const struct store_image *image = store_image(w->store, (enum store_table)t);
		if (image->generation == w->generation[t])
			continue;
		w->generation[t] = image->generation;
		if (w->c.o.image)
			w->c.o.image(w->c.o.ctx, (enum store_table)t, image);
	}
}

static void
work(void *ctx)
{
	struct own *w = ctx;

	/* Whoever is answered may ask or write again, which sets the timer to less. */
	timer_clear(w->timer);
	uint64_t in_ms = store_work(w->store);
	tell_images(w);
	timer_set(w->timer, in_ms);
}

static void
own_free(struct store_client *c)
{
	struct own *w = own_of(c);

	timer_free(w->timer);
	store_close(w->store);
	heap_free(w);
}

static bool
own_write(struct store_client *c, const struct store_op *op)
{
	if (!store_write(own_of(c)->store, op)) {
		c->count.dropped++;
		return false;
	}
	c->count.written++;
	return true;
}

static bool
own_get(struct store_client *c, enum store_table table, struct str key, store_answer_fn *answer,
	void *ctx)
{
	struct own *w = own_of(c);

	if (!store_get(w->store, table, key, answer, ctx)) {
		c->count.failed++;
		return false;
	}
	c->count.asked++;
	timer_set(w->timer, 0);
	return true;
}

static void
own_forget(struct store_client *c, const void *ctx)
{
	store_forget(own_of(c)->store, ctx);
}

static const struct store_image *
own_image(const struct store_client *c, enum store_table table)
{
	return store_image(((const struct own *)c)->store, table);
}

static void
own_counters(const struct store_client *c, struct store_client_counters *out)
{
	struct store_counters s;

	store_counters(((const struct own *)c)->store, &s);
	*out = c->count;
	out->queued = s.queued;
	out->reachable = store_is_usable(((const struct own *)c)->store);
	out->answers = out->reachable;
}

struct store_client *
store_client_on(struct loop *l, struct store *s, const struct store_client_options *o)
{
	static const struct store_client_kind kind = {
		own_free, own_write, own_get, own_forget, own_image, own_counters};
	struct own *w = heap_calloc(1, sizeof(*w));

	store_client_init(&w->c, &kind, o);
	w->store = s;
	w->timer = timer_new(l, work, w);
	timer_set(w->timer, 0);
	return &w->c;
}
