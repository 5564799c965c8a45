/* store/client: see client.h.  Here is the kind that owns its store. */
#include "base/arena.h"
#include "base/list.h"
#include "store/client.h"

struct store_client {
	struct store_client_options o;
	struct store *store;
	struct timer *timer;
	struct store_client_counters count;
	uint64_t generation[STORE_TABLES]; /* of the images that were told */
};

static void
tell_images(struct store_client *c)
{
	for (int t = 0; t < STORE_TABLES; t++) {
		if (!store_tables[t].hot)
			continue;
		const struct store_image *image = store_image(c->store, (enum store_table)t);
		if (image->generation == c->generation[t])
			continue;
		c->generation[t] = image->generation;
		if (c->o.image)
			c->o.image(c->o.ctx, (enum store_table)t, image);
	}
}

static void
work(void *ctx)
{
	struct store_client *c = ctx;

	/* Whoever is answered may ask or write again, which sets the timer to less. */
	timer_clear(c->timer);
	uint64_t in_ms = store_work(c->store);
	tell_images(c);
	timer_set(c->timer, in_ms);
}

struct store_client *
store_client_on(struct loop *l, struct store *s, const struct store_client_options *o)
{
	struct store_client *c = heap_calloc(1, sizeof(*c));

	if (o)
		c->o = *o;
	c->store = s;
	c->count.reachable = true;
	c->timer = timer_new(l, work, c);
	timer_set(c->timer, 0);
	return c;
}

void
store_client_free(struct store_client *c)
{
	if (!c)
		return;
	timer_free(c->timer);
	store_close(c->store);
	heap_free(c);
}

bool
store_client_write(struct store_client *c, const struct store_op *op)
{
	if (!store_write(c->store, op)) {
		c->count.dropped++;
		return false;
	}
	c->count.written++;
	return true;
}

bool
store_client_get(struct store_client *c, enum store_table table, struct str key,
	store_answer_fn *answer, void *ctx)
{
	if (!store_get(c->store, table, key, answer, ctx)) {
		c->count.failed++;
		return false;
	}
	c->count.asked++;
	timer_set(c->timer, 0);
	return true;
}

void
store_client_forget(struct store_client *c, const void *ctx)
{
	store_forget(c->store, ctx);
}

const struct store_image *
store_client_image(const struct store_client *c, enum store_table table)
{
	return store_image(c->store, table);
}

void
store_client_counters(const struct store_client *c, struct store_client_counters *out)
{
	*out = c->count;
}
