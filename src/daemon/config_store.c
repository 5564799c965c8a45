/* daemon/config_store: see config_store.h. */
#include "daemon/config_store.h"

#define MS 1000 /* settings are in milliseconds, the store counts seconds */

bool
config_has_store(const struct config *c)
{
	return c->store.file.n > 0;
}

void
config_store_keep(const struct config *c, struct store_keep *out)
{
	const struct store_settings *s = &c->store;

	*out = (struct store_keep){.max_size = s->max_size};
	out->s[STORE_CASE][0] = s->keep_accepted / MS;
	out->s[STORE_CASE][1] = s->keep_refused / MS;
	out->s[STORE_HISTORY][0] = s->keep_history / MS;
	out->s[STORE_SEEN][0] = s->keep_seen / MS;
}

struct store *
config_open_store(const struct config *c, const struct store_options *o, struct errbuf *e)
{
	struct arena a;
	struct store_options with = *o;

	if (!config_has_store(c)) {
		(void)err(e, "there is no store: [store] file is empty");
		return NULL;
	}
	arena_init(&a, 512, 8192);
	config_store_keep(c, &with.keep);
	struct store *s = store_open_sqlite(arena_z(&a, c->store.file), &with, e);
	arena_done(&a);
	return s;
}
