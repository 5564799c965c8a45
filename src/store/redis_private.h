/*
 * store/redis, inside: the connection and what is known about the server, shared by the parts that
 * connect, read and write, search, keep order and time.
 *
 * Keys of the server, behind the prefix; T is a table's number, K a kind:
 *
 *	rT:KEY	   a record: the blob of record.h
 *	tTK	   sorted set of keys by the negative of the last change: newest first
 *	xT	   sorted set of keys by the date of expiry
 *	wT	   sorted set of words, all of score 0: see redis_word_print()
 *	hot	   a number that each change of a hot table increases
 *	time	   the store's time
 *	format	   of all this: 1
 *	size	   hash: bytes of each table, as redis_cost() counts them
 *	writer:ID  how many changes the writer has made
 *	writers	   sorted set of writers by the time of that
 *	walls	   hash: what each writer's wall clock is ahead of the store's time, and when it was
 */
#ifndef STORE_REDIS_PRIVATE_H
#define STORE_REDIS_PRIVATE_H

#include "store/redis.h"
#include "store/redis_reply.h"
#include "store/store_private.h"

/* Commands that wait to be sent. */
struct redis_out {
	char *p;
	size_t n, room, commands;
};

struct redis {
	char *at, *prefix, *user, *password; /* terminated; lengths below */
	size_t prefix_n;
	int64_t db;
	uint64_t timeout_ms;

	int fd;		  /* -1: not connected */
	bool fresh;	  /* connected by this very call */
	bool again;	  /* the connection was stale: another one may do better, at once */
	uint64_t rest_ms; /* length of the pause, and its end: nobody waits for a dead server */
	uint64_t rest_until;
	struct redis_reader *reader;
	struct redis_out out;
	const struct redis_value **value; /* answers of the last round */
	size_t n_values, value_room;

	bool has_format; /* the server holds a store of ours */
	bool had_format; /* and did before */
	bool told_damaged, told_partly;

	/* Of this writer's transactions: see apply. */
	char id[17];
	int64_t position; /* changes that it has made, as the server last said */
	size_t doubt;	  /* of those sent since, nobody knows whether they were made; at most */
	size_t done;	  /* changes at the head of the queue that are made already */

	bool hot_known, hot_mine;
	int64_t hot;

	/* Wall clocks of others, as of their_ms: see redis_time.c. */
	bool has_time, has_others;
	int64_t earliest, latest;
	uint64_t their_ms;

	struct foreseen *foreseen; /* in the work arena; answers are those of the last round */
	size_t n_foreseen, next_foreseen;

	struct arena work; /* of one call */
	char blob[STORE_BLOB_MAX];
	char room[65536];
};

/* --- redis_link.c --- */

/* Connected; insist: also during a pause.  Each call of the back begins here. */
enum store_status redis_ready(struct store *s, bool insist);
/* step() with a connection, and once more where the connection was stale. */
enum store_status redis_try(struct store *s, bool insist,
	enum store_status (*step)(struct store *s, void *ctx), void *ctx);
void redis_disconnect(struct redis *q);

/* A command with so many arguments, its name not counted. */
void redis_command(struct redis *q, const char *name, size_t n_args);
void redis_put(struct redis *q, struct str arg);
void redis_put_z(struct redis *q, const char *arg);
void redis_put_number(struct redis *q, int64_t n);
/* Keys. */
void redis_put_name(struct redis *q, const char *name);
void redis_put_record(struct redis *q, enum store_table table, struct str key);
void redis_put_index(struct redis *q, char which, enum store_table table);
void redis_put_by_time(struct redis *q, enum store_table table, int kind);
void redis_put_writer(struct redis *q, struct str id);

/* Send what was put together, and wait for all answers: q->value[0..n_values).  STORE_FAIL, with
 * the trouble noted, where there is none or one of them is an error; but that a key is of another
 * type is an answer. */
enum store_status redis_call(struct store *s);
/* Note what an error means; always STORE_FAIL. */
enum store_status redis_error(struct store *s, struct str text);

/* --- redis.c --- */

/* As redis_record(); what is damaged is counted, and told once. */
enum store_status redis_read_record(struct store *s, const struct redis_value *v,
	enum store_table table, struct str key, struct rested *out);
/* Bytes of the server's memory that a record takes, about. */
int64_t redis_cost(const struct rested *r);
/* Commands that take a record out, with all that leads to it.  r: what is there, NULL where that
 * cannot be read. */
void redis_take_out(
	struct redis *q, enum store_table table, struct str key, const struct rested *r);

/* Commands by which the tables have grown so much. */
void redis_put_sizes(struct redis *q, const int64_t grown[STORE_TABLES], int sign);

/* --- redis_time.c --- */

/* What the server says about time, which is the store's from now on. */
void redis_time_learn(
	struct store *s, const struct redis_value *time, const struct redis_value *walls);
/* Commands by which others learn. */
void redis_time_ask(struct redis *q); /* the walls */
void redis_time_tell(struct store *s, int64_t now);
/* The wall clock that the store's time should go by. */
int64_t redis_time_wall(struct store *s);

/* --- redis_find.c --- */

enum store_status redis_find(
	struct store *s, const struct store_query *q, rested_each_fn *each, void *ctx);

/* --- redis_keep.c --- */

enum store_status redis_sweep(struct store *s, size_t max, size_t *n);
enum store_status redis_stats(struct store *s, struct store_stats *out);

/* --- redis_check.c --- */

enum store_status redis_check(
	struct store *s, void (*fault)(void *ctx, const char *text), void *ctx, uint64_t *records);

#endif
