/* daemon/memory: see memory.h. */
#include "daemon/keeper.h"
#include "daemon/memory.h"
#include "daemon/memory_cases.h"
#include "daemon/memory_history.h"
#include "daemon/memory_rules.h"
#include "daemon/registrar_line.h"

struct memory {
	struct store_client *store; /* NULL: none */
	struct config *config;	    /* in force */
	struct memory_cases *cases;
	struct source_history *history;	  /* NULL without a store */
	struct registrar_line *registrar; /* NULL: registries are not asked */
};

static void
image(void *ctx, enum store_table table, const struct store_image *shown)
{
	rules_watch_image(ctx, table, shown);
}

static void
wanted(void *ctx, struct str domain)
{
	registrar_line_want(ctx, domain);
}

struct memory *
memory_new(struct loop *l, struct config *c, struct rules_watch *rules,
	const struct store_client_names *names, const char *registrar)
{
	const struct store_client_options client = {
		.image = image, .say = keeper_say, .ctx = rules};
	struct memory *m = heap_calloc(1, sizeof(*m));

	m->config = c;
	if (!names)
		return m;
	m->cases = memory_cases_new();
	m->store = store_client_dial(l, names, &client);
	m->registrar = registrar ? registrar_line_new(l, registrar) : NULL;
	m->history = source_history_new(&(struct source_history_options){.loop = l,
		.store = m->store,
		.answered = transaction_answer,
		.wanted = m->registrar ? wanted : NULL,
		.ctx = m->registrar});
	memory_use(m, c);
	return m;
}

void
memory_use(struct memory *m, struct config *c)
{
	m->config = c;
	if (m->history)
		c->generation.history = source_history_source(m->history);
}

void
memory_free(struct memory *m)
{
	if (!m)
		return;
	source_history_free(m->history);
	registrar_line_free(m->registrar);
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
	memory_history_put(m->history, m->store, c);
}

void
memory_refused_rcpt(struct memory *m, const struct generation *g, const struct ip *client)
{
	if (m->store)
		memory_history_bad_rcpt(m->history, m->store, g, client);
}

void
memory_session_over(struct memory *m, const struct generation *g, const struct ip *client,
	const struct session *s)
{
	if (m->store)
		memory_history_session(m->history, m->store, g, client, s);
}
