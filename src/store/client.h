/*
 * store/client: the store as a loop sees it.
 *
 * A loop that answers mail servers must not wait for a disk or a network, and a store does.  So a
 * loop speaks with a client: writes are handed over and forgotten, questions are answered by a call
 * from the loop, or fail when their time is over, and what every message needs (exemptions,
 * switches) is an image in memory that is renewed by itself.
 *
 * Two kinds: one that owns a store in this very process and works it from a timer (tests, and
 * commands that have a loop), and one that speaks with the process that owns it.  Nobody who uses
 * a client can tell which it is.
 *
 * Whatever happens behind it, nothing here blocks, and nothing fails worse than this: an answer is
 * STORE_FAIL, an image stays as it was, a change is dropped and counted.
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include "net/loop.h"
#include "store/store.h"
#include "wire/store.h"

struct store_client;

#define STORE_CLIENT_GET_MS 200 /* a mail waits so long for the store, and no longer */

struct store_client_options {
	uint64_t get_ms; /* 0: STORE_CLIENT_GET_MS */
	/* A hot table was loaded, or loaded anew.  The image is borrowed until the next such call
	 * for its table.  May be NULL. */
	void (*image)(void *ctx, enum store_table table, const struct store_image *image);
	/* What an administrator should read.  May be NULL. */
	void (*say)(void *ctx, enum store_say level, const char *text);
	void *ctx;
};

/* Work a store from this loop, which the client takes over and closes. */
struct store_client *store_client_on(
	struct loop *l, struct store *s, const struct store_client_options *o);
/* Who listens where (net/local.h): the process that owns the store, and the one that answers
 * questions; both may be one. */
struct store_client_names {
	const char *keeper, *reader;
};
/* Speak with the process that owns a store.  While it is
 * away changes wait, at most 16384 and 4 MiB, questions fail at once, and images stay as they were;
 * it is looked for every 100 ms to 1 s.  A change reaches it once or not at all: when it dies,
 * those that it had been given and had not written yet are lost, as a rule what came within its
 * last 0.2 s; they are counted, with the few whose writing it could not tell of any more.  While it
 * is slow questions fail after get_ms, and when several in a row have, at once, for 1 s to 30 s. */
struct store_client *store_client_dial(struct loop *l, const struct store_client_names *names,
	const struct store_client_options *o);
/* What is queued is written, as far as that is possible within a second; open questions are not
 * answered.  NULL is fine. */
void store_client_free(struct store_client *c);

/* Copies a valid change.  False: there is no room, the change is dropped and counted. */
bool store_client_write(struct store_client *c, const struct store_op *op);
/* answer() is called exactly once, from the loop, within get_ms, unless store_client_forget() comes
 * first.  False: too many are open, there will be no answer. */
NODISCARD bool store_client_get(struct store_client *c, enum store_table table, struct str key,
	store_answer_fn *answer, void *ctx);
/* No answer with this ctx comes any more. */
void store_client_forget(struct store_client *c, const void *ctx);
/* Never NULL; status STORE_FAIL until it was loaded.  Borrowed until the loop turns. */
const struct store_image *store_client_image(const struct store_client *c, enum store_table table);

struct store_client_counters {
	uint64_t written; /* handed over */
	uint64_t dropped; /* for want of room, here or behind */
	uint64_t lost;	  /* with whoever should have written them, at most */
	uint64_t asked, failed;
	size_t queued;	/* handed over, and not yet out of our hands */
	bool reachable; /* the store can be used, as far as is known */
	bool answers;	/* and questions are answered */
	/* What the process that owns it said last; NULL: there is none, or it has said nothing.
	 * Borrowed until the loop turns. */
	const struct store_frame_state *keeper;
};
void store_client_counters(const struct store_client *c, struct store_client_counters *out);

#endif
