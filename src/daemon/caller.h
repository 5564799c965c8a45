/*
 * daemon/caller: the process that makes callouts.
 *
 * A stranger's mail server can be slow, broken or hostile, and what it says is read with TLS; so
 * nobody who answers mail servers speaks with it, and all workers have one budget.  Workers ask
 * through source/callout; equal questions are asked once.  What was learnt is kept in the store,
 * where several hosts share it, and in memory for when there is none or it is away:
 *
 *	"a:ADDRESS"	accepted 24 h, refused 2 h, unverifiable 30 min
 *	"d:DOMAIN"	accepts everything 7 d, takes no bounces 3 h
 *
 * Nobody is asked unless the name that we say and the address that we say it from pass our own
 * checks rdns and helo: whoever asks should be beyond reproach.
 */
#ifndef DAEMON_CALLER_H
#define DAEMON_CALLER_H

#include "daemon/callout_budget.h"
#include "daemon/config.h"
#include "store/client.h"

struct caller_options {
	const char *path;			/* of the settings file, NULL: defaults */
	struct config *config;			/* as loaded by the parent; taken over */
	int fd;					/* listening, see net/local.h; not owned */
	const struct store_client_names *store; /* NULL: none */
	/* In memory that outlives this process: whoever takes its place may do no more than what
	 * is left.  All zero at first. */
	struct callout_budget *budget;
};

/* A process's life; the exit status. */
int caller_run(const struct caller_options *o);

/* Where the store has what was learnt of an address, or of its domain; at most 256 bytes. */
void callout_key(bool of_domain, struct str address, struct buf *out);

#endif
