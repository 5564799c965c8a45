/*
 * daemon/memory: what a worker remembers of the mail that it has judged, and what it is reminded
 * of.
 *
 * Stands between the gate and the store.  After each decision it writes what is to be kept; before,
 * it tells the gate what is known.  Without a store, or while there is trouble with it, everything
 * here does nothing, and mail is judged as if nobody were known.
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include "daemon/config.h"
#include "daemon/rules_watch.h"
#include "store/client.h"

struct memory;

/* For the settings in force; never NULL.  names: where the store is, NULL: there is none.
 * registrar: where the process is that asks registries, NULL: there is none.  What is
 * wrong with the store is told to the log, and what it has of exemptions and switches to rules,
 * which is borrowed. */
struct memory *memory_new(struct loop *l, struct config *c, struct rules_watch *rules,
	const struct store_client_names *names, const char *registrar);
/* Other settings from now on, before the gate uses them: their generation is given the source of
 * histories.  Another store takes a restart. */
void memory_use(struct memory *m, struct config *c);
void memory_free(struct memory *m); /* NULL is fine */
/* NULL: there is none. */
struct store_client *memory_store(const struct memory *m);
/* A recipient was judged. */
void memory_decided(struct memory *m, const struct decision *d);
/* All of a visit's recipients were judged: gate_options.remember.  Only with a store. */
void memory_remember(struct memory *m, const struct visit_case *c);
/* gate_options.refused_rcpt. */
void memory_refused_rcpt(struct memory *m, const struct generation *g, const struct ip *client);
/* gate_options.session_over. */
void memory_session_over(struct memory *m, const struct generation *g, const struct ip *client,
	const struct session *s);

#endif
