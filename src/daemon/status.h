/*
 * daemon/status: what a worker can tell about itself: counters, and the answer to `status`.
 *
 * Counting is a few additions at each decision; everything else is looked up when somebody asks.
 * Each worker counts for itself, since it was started.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <jansson.h>

#include "daemon/config.h"
#include "store/client.h"

/* Decisions, one for each recipient as in the log, and the findings that they were made from. */
struct tally {
	uint64_t verdict[VERDICT_KINDS];
	uint64_t message[VERDICT_KINDS]; /* at the end of messages whose header gave cause */
	uint64_t finding[CHECKS_MAX][HEALTH_CODES_MAX]; /* by check, by its code */
	uint64_t exempted, switched; /* decisions that exemptions, mailbox switches applied to */
};
void tally_add(struct tally *t, const struct decision *d);

/* What there is to tell; all borrowed. */
struct status {
	const char *path;	  /* of the settings, NULL: defaults */
	unsigned worker, workers; /* number of how many; 0: not known */
	int64_t started;	  /* clock_wall() */
	uint64_t started_ms;	  /* clock_ms() */
	size_t streams;		  /* of mail servers */
	const struct tally *tally;
	const struct config *config;
	const struct gate *gate;
	/* Puts an object for each DNS list into the array; NULL: there are none. */
	void (*lists)(void *ctx, json_t *array);
	void *lists_ctx;
	const struct store_client *store; /* NULL: none */
};

/* The object, with one reference for the caller.  Strings in it are printable ASCII. */
json_t *status_json(const struct status *s);

#endif
