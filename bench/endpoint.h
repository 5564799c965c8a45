/*
 * endpoint: where a server listens, as its settings write it: `inet:ADDR:PORT`,
 * `inet6:[ADDR]:PORT` or `unix:/PATH`.
 *
 * Addresses only, no host names: a benchmark asks no resolver.
 */
#ifndef BENCH_ENDPOINT_H
#define BENCH_ENDPOINT_H

#include <sys/socket.h>

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* Prints the sentence to standard error and leaves with status 1. */
_Noreturn void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Leaves by bench_die() when text is none of the three forms. */
struct endpoint endpoint_of(const char *text);
/* A blocking stream socket of its family; on TCP without Nagle's delay. */
int endpoint_socket(const struct endpoint *e);

#endif
