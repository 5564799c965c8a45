/*
 * For tests of the store in Redis: a server of the test's own at a unix socket, without
 * persistence, that ends with the test, and a way to talk to it behind the store's back.
 */
#ifndef STORE_TEST_REDIS_H
#define STORE_TEST_REDIS_H

#include <sys/types.h>

#include "store/redis.h"

/* "unix:/..." */
extern char server_at[96];
extern char server_dir[64];
extern pid_t server_pid; /* 0: it does not run */

/* False: there is no redis-server on this machine. */
bool server_exists(void);
/* Start it and wait until it answers; options: more of them, blank-separated. */
void server_start(const char *options);
/* Kill it, if it runs. */
void server_stop(void);
/* Remove what it left. */
void server_done(void);

/* One command, its words blank-separated; the answer as text, lists as "a b c", nil as "nil",
 * errors as "-...".  Valid until the next. */
const char *server_says(const char *command);
/* The same with words of any bytes. */
const char *server_says_to(size_t n, const struct str *word);
/* How many connections it has, the asking one not counted. */
int server_clients(void);

#endif
