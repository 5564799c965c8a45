/*
 * daemon/worker: what one serving process does.
 *
 * Owns the loop, the gate and the fronts; turns decisions and alarms into log lines; loads new
 * settings on request without touching messages under way.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "daemon/config.h"
#include "store/client.h"

struct worker_options {
	const char *path;      /* of the settings file, NULL: defaults */
	struct config *config; /* as loaded by the parent; taken over */
	void *recall_memory;   /* shared between workers; recall_size(WORKER_RECALL) bytes */
	/* Listening descriptors, in the order of [listen] milter, then policy. */
	const int *fds;
	size_t n_milter, n_policy;
	int control;	  /* listening descriptor of the control socket; -1: none */
	unsigned workers; /* how many there are */
	const struct store_client_names *store; /* NULL: none */
	const char *caller; /* where the process that makes callouts listens; NULL: none */
	const char *registrar; /* its name, see registrar_line.h; NULL: none */
};

#define WORKER_RECALL ((size_t)128 << 10) /* deferred messages remembered: 1 MiB */

/* Serve until told to stop (SIGTERM, SIGINT); the exit status. */
int worker_run(const struct worker_options *o);

#endif
