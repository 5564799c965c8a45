/*
 * daemon/keeper: the process that owns the store.
 *
 * Nobody else in the daemon touches the disk for it, so nobody else ever waits for the disk: the
 * keeper may, and does, for as long as it takes.  Workers connect to it (store/client.h), give it
 * their changes and ask; it gives them the tables that they need for every message, and anew when
 * those change.
 *
 * Writing to a disk can take seconds, and whoever asks cannot wait for it.  So where the store is a
 * file there are two of these processes: the keeper proper, which writes and has images, and the
 * reader, which answers questions and does nothing else.
 *
 * A store that cannot be opened is said once and tried again, 1 s to 30 s later; workers are told
 * that nothing can be written, and serve.  It ends when it is told to and no worker is connected
 * any more, having written all it has.
 */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "daemon/config.h"
#include "store/store.h"

struct keeper_options {
	const char *path;      /* of the settings file, NULL: defaults */
	struct config *config; /* as loaded by the parent; taken over */
	int fd;		       /* listening, see net/local.h; not owned */
	bool reads;	       /* it is the reader */
};

/* A process's life; the exit status. */
int keeper_run(const struct keeper_options *o);

/* For struct store_options and store_client_options: what the store says goes to the log. */
void keeper_say(void *ctx, enum store_say level, const char *text);

#endif
