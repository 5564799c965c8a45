/* store/client: see client.h.  Whatever kind it is, the way to it leads through here. */
#include "store/client_private.h"

void
store_client_init(struct store_client *c, const struct store_client_kind *kind,
	const struct store_client_options *o)
{
	if (o)
		c->o = *o;
	if (!c->o.get_ms)
		c->o.get_ms = STORE_CLIENT_GET_MS;
	c->kind = kind;
}

void
store_client_free(struct store_client *c)
{
	if (c)
		c->kind->free(c);
}

bool
store_client_write(struct store_client *c, const struct store_op *op)
{
	must(store_op_is_valid(op));
	return c->kind->write(c, op);
}

bool
store_client_get(struct store_client *c, enum store_table table, struct str key,
	store_answer_fn *answer, void *ctx)
{
	must((unsigned)table < STORE_TABLES && key.n > 0 && key.n <= STORE_KEY_MAX);
	return c->kind->get(c, table, key, answer, ctx);
}

void
store_client_forget(struct store_client *c, const void *ctx)
{
	c->kind->forget(c, ctx);
}

const struct store_image *
store_client_image(const struct store_client *c, enum store_table table)
{
	must((unsigned)table < STORE_TABLES && store_tables[table].hot);
	return c->kind->image(c, table);
}

void
store_client_counters(const struct store_client *c, struct store_client_counters *out)
{
	c->kind->counters(c, out);
}
