/*
 * daemon/registrar: the process that asks registries when domains were registered.
 *
 * Registries are far away, slow, and speak TLS and JSON: nothing of that belongs into a process
 * that answers mail servers.  Workers say which domain they would like to know about
 * (registrar_line.h) and go on.  What becomes known is written to the store, where the next mail
 * finds it.
 *
 * It is there only where [domain_age] rdap says so.  When it dies, nothing is missing but what it
 * had not asked yet.
 */
#ifndef DAEMON_REGISTRAR_H
#define DAEMON_REGISTRAR_H

#include "daemon/fetcher.h"
#include "source/rdap.h"
#include "store/client.h"

struct registrar_options {
	const char *path;      /* of the settings file, NULL: defaults */
	struct config *config; /* as loaded by the parent; taken over */
	int fd;		       /* listening, see net/local.h; not owned */
	const struct store_client_names *store;
};

/* A process's life; the exit status. */
int registrar_run(const struct registrar_options *o);

/* Settings of the check domain_age. */
const struct domain_age_settings *registrar_settings(const struct config *c);
/* The file of [rdap] bootstrap, or where there is none what is built in; it lives in a. */
NODISCARD bool registrar_bootstrap(
	const struct config *c, struct arena *a, struct rdap_bootstrap *out, struct errbuf *e);
/* How a registry is asked; url is f's. */
struct fetcher_request registrar_request(const struct config *c, const struct rdap_fetch *f);

#endif
