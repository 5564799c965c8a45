/*
 * daemon/keeper, inside: the process (keeper.c), and the workers that are connected to it
 * (keeper_workers.c).
 */
#ifndef DAEMON_KEEPER_PRIVATE_H
#define DAEMON_KEEPER_PRIVATE_H

#include <sys/types.h>

#include "base/fifo.h"
#include "base/list.h"
#include "daemon/keeper.h"
#include "net/channel.h"
#include "net/listen.h"
#include "wire/store.h"

/* An image as frames, for all workers alike. */
struct snapshot {
	unsigned refs;
	uint64_t number;
	size_t n;
	char *p;
};

struct worker {
	struct list link;
	struct keeper *keeper;
	struct channel *channel;
	struct list asked;	   /* of struct asked */
	struct fifo answers;	   /* of one call of store_work(): they leave together */
	bool watches;		   /* it wants images */
	uint32_t written, dropped; /* not told yet */
	struct snapshot *sending;  /* NULL: none */
	enum store_table sending_table;
	size_t sent; /* bytes of it */
	uint64_t has[STORE_TABLES];
};

struct asked {
	struct list link;
	struct worker *worker;
	uint32_t id;
};

/* Changes that a worker wrote in a row. */
struct run {
	struct list link;
	struct worker *worker; /* NULL: it has gone */
	size_t n;
};

struct keeper {
	const struct keeper_options *o;
	struct loop *loop;
	struct listener *listener;
	struct store *store; /* NULL: it could not be opened */
	struct timer *work, *state, *stop;
	char path[4100]; /* of the file; empty: it is no file */
	dev_t dev;	 /* which it was when it was opened */
	ino_t ino;
	uint64_t open_pause_ms;
	struct store_keep keep; /* by newer settings than those that we began with */
	bool has_keep;
	char said[512]; /* why it cannot be opened, said last */
	struct list workers;
	size_t n_workers;
	struct list runs; /* in the order of writing: all that is queued in the store */
	struct snapshot *shown[STORE_TABLES];
	uint64_t generation[STORE_TABLES]; /* of the store's image that was made one of it */
	uint64_t last_number;
	struct store_frame_state told;
	bool stopping;
	uint64_t stop_until, stranger_ms;
	char room[STORE_FRAME_MAX];
};

/* --- keeper.c --- */

/* It wants to be worked when its time has come, which may be earlier now. */
void keeper_work_due(struct keeper *k);

/* --- keeper_workers.c --- */

void keeper_accepted(void *ctx, int fd);
/* Without another word. */
void keeper_drop_workers(struct keeper *k);
/* To all: k->told, what became of their changes, answers. */
void keeper_tell_state(struct keeper *k);
void keeper_tell_done(struct keeper *k);
void keeper_send_answers(struct keeper *k);
/* Images that the store has loaded anew; to whoever wants them. */
void keeper_renew_images(struct keeper *k);
void keeper_free_images(struct keeper *k);
/* store_options.written */
void keeper_written(void *ctx, size_t n);

#endif
