/*
 * daemon/process: a small parent, its workers, and keepers: what these need beside them, as the
 * processes that own the store.
 *
 * The parent opens the listening sockets and the pid file, gives up root, starts the workers and
 * keeps them: one that dies is started anew (after 100 ms, doubling to 5 s while they die young),
 * one whose loop stands still is aborted first.  It reads no byte from the network.  Workers end
 * with their parent.
 *
 * Keepers (keeper.h) are kept like workers, but nobody waits for them: the daemon is ready without
 * them, and serves while they are away.  They may stand still for longer, and they end last.
 *
 * SIGHUP goes on to the workers (reload) and opens the log anew.  SIGTERM and SIGINT stop: the
 * parent closes its sockets and passes SIGTERM on; who is not gone after PROCESS_STOP_MS is killed,
 * then keepers get the same, and a second signal kills at once.  systemd hears READY, STOPPING
 * and WATCHDOG (Type=notify).
 *
 * Works as root (with CAP_SETUID and CAP_SETGID) and as an ordinary user, as a service and as the
 * first process of a container.
 */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include "base/errbuf.h"
#include "base/str.h"

#include "net/loop.h"

#define PROCESS_WORKERS_MAX 64
#define PROCESS_STOP_MS	    10000 /* a worker's time to answer what is in flight */
#define PROCESS_STALL_MS    10000
#define PROCESS_KEEPER_MS   60000 /* a keeper's loop may stand still so long: disks do */

struct process_socket {
	struct str spec; /* see listen_open() */
	unsigned unix_mode;
	struct str group; /* that a unix socket gets; empty: as it comes */
	bool given; /* a unix socket becomes the property of the user that is run as */
	/* Nobody asked for it: where it cannot be opened there is a warning in the log and the
	 * worker's descriptor is -1. */
	bool optional;
};

/* A worker's life, in a process of its own: fds are the listening sockets in the order of the
 * settings, to be closed at SIGTERM before requests in flight are answered.  Signals are held back
 * until process_ready(): install what handles SIGHUP and SIGTERM before.  SIGINT is ignored, the
 * parent sees to it.  Returns the exit status. */
typedef int process_worker(void *ctx, const int *fds, size_t n);

struct process_keeper {
	process_worker *run;
	const char *name; /* for the log */
};
#define PROCESS_KEEPERS_MAX 4

struct process_settings {
	struct str user;     /* when started as root; empty: mxward, or else nobody */
	struct str pid_file; /* empty: none */
	const struct process_socket *listen;
	size_t n_listen;
	unsigned workers;  /* 1..PROCESS_WORKERS_MAX */
	unsigned stall_ms; /* a loop that stands still longer is aborted; 0: PROCESS_STALL_MS */
	/* What workers need and nobody waits for; their ctx is the workers'. */
	const struct process_keeper *keeper;
	size_t n_keepers;
	unsigned keeper_stall_ms; /* 0: PROCESS_KEEPER_MS */
	/* Called with ctx in the parent once all workers serve for the first time: it may give back
	 * what they have inherited.  NULL: nothing is to be done. */
	void (*all_ready)(void *ctx);
};

/* Serve until told to stop.  The log is open.  Returns an exit status of sysexits(3): 0 after a
 * stop; with e filled when it could not start; a worker's own status when one ended before any was
 * ready. */
int process_run(const struct process_settings *settings, process_worker *worker, void *ctx,
	struct errbuf *e) NODISCARD;

/* Inside a worker: its number, from 1 on; 0 in a keeper, and outside of process_run(). */
unsigned process_number(void);

/* Called once by each worker: it serves now, and its loop shows by a timer that it turns.  Outside
 * of process_run() it has no effect. */
void process_ready(struct loop *l);

#endif
