/*
 * source/dns_servers: the resolvers, and which of them answer.
 *
 * A server that let three questions in a row go unanswered is probed with a question that every
 * live resolver answers from memory (the root's NS).  Whatever comes back shows that it lives: the
 * silence was somebody else's zone.  Only when the probe, too, stays unanswered the server counts
 * as dead: then nobody waits for it, and it is probed again every PROBE_AGAIN_MS.
 */
#ifndef SOURCE_DNS_SERVERS_H
#define SOURCE_DNS_SERVERS_H

#include "base/errbuf.h"
#include "source/dns_exchange.h"

#define SERVERS_MAX    8
#define SERVER_MISSES  3
#define PROBE_WAIT_MS  1000
#define PROBE_AGAIN_MS 2000

struct server {
	struct servers *all;
	struct dns_address address;
	unsigned misses; /* in a row */
	bool dead;
	struct exchange *probe;
	struct timer *again;
};

struct servers {
	struct loop *loop;
	size_t n;
	struct server server[SERVERS_MAX];
	void (*died)(void *ctx, struct server *s); /* tell whoever waits for it */
	void *ctx;
};

/* "none" (no servers), "system" (/etc/resolv.conf, else 127.0.0.1), or ADDRESS[@PORT] ...,
 * separated by blanks.  The loop, died() and ctx are set by the caller afterwards. */
NODISCARD bool servers_parse(struct str text, struct servers *out, struct errbuf *e);
void servers_done(struct servers *s);

/* "192.0.2.1@53": as the settings would write it. */
void server_print(const struct server *s, struct buf *out);

/* A live server other than `not`; failing that `not` itself while it lives; NULL: all are dead. */
struct server *servers_pick(struct servers *s, const struct server * not );
void server_answered(struct server *s);
void server_missed(struct server *s);

#endif
