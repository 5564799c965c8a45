/*
 * source/dns_exchange: one question to one server, over UDP, over TCP where the answer was cut.
 *
 * A fresh connected UDP socket (the kernel draws its port) and a random id for each exchange.  Of
 * what arrives only an answer to this very question counts; anything else is passed over and the
 * wait goes on.  A server that stumbles over EDNS is asked once more without.  The exchange ends
 * exactly once, by a call from the loop, unless exchange_stop() comes first.
 */
#ifndef SOURCE_DNS_EXCHANGE_H
#define SOURCE_DNS_EXCHANGE_H

#include <sys/socket.h>

#include "fact/fact.h"
#include "net/loop.h"

struct dns_address {
	struct sockaddr_storage sa;
	socklen_t n;
	bool loopback; /* its AD bit is believed */
};

enum exchange_end {
	EXCHANGE_ANSWER, /* an answer, good or bad: answer->dns */
	EXCHANGE_CHASE,	 /* it ends in an alias, answer->dns.alias, to be asked for */
	EXCHANGE_SILENT, /* nothing in time, or nobody there: answer->dns.reason */
};

struct exchange;
/* The callee gets the reference to the answer. */
typedef void exchange_ended(void *ctx, enum exchange_end end, struct answer *answer);

/* name is borrowed until the end.  NULL when there are no descriptors. */
struct exchange *exchange_start(struct loop *l, const struct dns_address *to, struct str name,
	enum dns_type type, uint64_t timeout_ms, exchange_ended *ended, void *ctx);
/* Forget it without a call; NULL is fine. */
void exchange_stop(struct exchange *x);

#endif
