/* daemon/memory: see memory.h. */
#include "daemon/config_store.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/memory_cases.h"
#include "daemon/memory_rules.h"

struct memory {
	struct store_client *store; /* NULL: none */
	struct config *config;	    /* in force */
	struct memory_cases *cases;
};

static void
say(void *ctx, enum store_say level, const char *text)
{
	static const enum log_level levels[] = {[STORE_SAY_INFO] = LOG_LEVEL_INFO,
		[STORE_SAY_WARN] = LOG_LEVEL_WARN,
		[STORE_SAY_ERROR] = LOG_LEVEL_ERROR};

	log_event(levels[level], "store", log_z("text", text));
}

static void
image(void *ctx, enum store_table table, const struct store_image *shown)
{
	rules_watch_image(ctx, table, shown);
}

struct memory *
memory_new(struct loop *l, struct config *c, struct rules_watch *rules)
{
	const struct store_client_options client = {.image = image, .ctx = rules};
	struct memory *m = heap_calloc(1, sizeof(*m));
	const struct store_options o = {.say = say};
	struct errbuf e = {0};

	m->config = c;
	if (!config_has_store(c))
		return m;
	m->cases = memory_cases_new();
	struct store *s = config_open_store(c, &o, &e);
	if (s)
		m->store = store_client_on(l, s, &client);
	else
		say(NULL, STORE_SAY_ERROR, e.text);
	return m;
}

void
memory_use(struct memory *m, struct config *c)
{
	m->config = c;
}

void
memory_free(struct memory *m)
{
	if (!m)
		return;
	store_client_free(m->store);
	memory_cases_free(m->cases);
	heap_free(m);
}

struct store_client *
memory_store(const struct memory *m)
{
	return m->store;
}

void
memory_decided(struct memory *m, const struct decision *d)
{
	if (!m->store)
		return;
	memory_rules_decided(m->store, d);
}

void
memory_remember(struct memory *m, const struct visit_case *c)
{
	memory_cases_put(m->cases, m->config, m->store, c);
}
