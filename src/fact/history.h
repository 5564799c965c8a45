/*
 * fact/history: how somebody behaved here before: what ask_history() answers, and under which name
 * it is kept.
 *
 * A history is of a client, a sender's address or a sender's domain: how many messages were
 * accepted, refused, put off, and a score that halves with time.  The refusals of a client of the
 * last hour or so are a history of their own, with a short half-life, and so is each thing that a
 * client does too often in its sessions (fact/session).  Two more tell how old a domain is: when
 * its mail was first seen here, and when it was registered; of those only status and age count.
 *
 * Names: a client is its address, or its network of 64 bits for IPv6, where a host changes its
 * address as it likes.  A sender is the address in lower case, a domain the registrable one, also
 * where it is not a sender's.  Who
 * may be believed to be that sender is for others to say: see checks/history.
 */
#ifndef FACT_HISTORY_H
#define FACT_HISTORY_H

#include "base/ip.h"

enum history_kind {
	HISTORY_CLIENT,
	HISTORY_REFUSALS, /* of a client, lately: only the score counts */
	HISTORY_SENDER,
	HISTORY_DOMAIN,
	/* Of a client, lately, over its sessions: only the score counts. */
	HISTORY_RESETS,
	HISTORY_COMMANDS,
	HISTORY_RECIPIENTS,
	HISTORY_EMPTY,
	HISTORY_SEEN,	    /* the first mail of a domain's: remembered longer than its history */
	HISTORY_REGISTERED, /* a domain, as its registry says; NONE: it does not say when */
};
#define HISTORY_KINDS 10
/* "client", "refusals", "sender", "domain", "resets", "commands", "recipients", "empty", "seen",
 * "registered". */
const char *history_kind_name(enum history_kind what);
NODISCARD bool history_kind_parse(struct str s, enum history_kind *out);

enum history_status {
	HISTORY_UNKNOWN, /* nobody keeps histories here, or a record was made without them; of a
			  * registration: not known yet */
	HISTORY_OK,
	HISTORY_NONE, /* never seen: known for certain */
	HISTORY_FAIL, /* whoever keeps it did not answer: never the same as none */
};
/* "unknown", "ok", "none", "fail". */
const char *history_status_name(enum history_status s);

/* Places in struct history.n; messages, but for bad recipients.  The order stands in stores and
 * records: never change it. */
enum history_number {
	HISTORY_ACCEPTED,
	HISTORY_REFUSED,
	HISTORY_DEFERRED,
	HISTORY_BAD_RCPTS,
	HISTORY_SPAM, /* reported to have been spam */
	HISTORY_HAM,  /* reported to have been wanted */
};
#define HISTORY_NUMBERS 6
/* "accepted", "refused", "deferred", "bad_recipients", "spam", "ham". */
const char *history_number_name(enum history_number n);

#define HISTORY_POINT 1000		     /* of a score: one message; good positive */
#define HISTORY_MAX   INT64_C(1000000000000) /* what no number and no score exceeds */

struct history {
	enum history_status status;
	int64_t n[HISTORY_NUMBERS]; /* since it was first seen, 0..HISTORY_MAX */
	int64_t score;		    /* as decayed until now */
	int64_t age_s, idle_s;	    /* since it was seen first, last */
};

/* Numbers from a stranger (a store's file, a record) brought into their limits. */
void history_clamp(struct history *h);

#define HISTORY_NAME_MAX 320 /* longest address of RFC 5321 4.5.3.1 */

/* Of HISTORY_CLIENT and whatever else is of a client. */
void history_client_name(const struct ip *client, struct buf *out);
/* Of HISTORY_SENDER and HISTORY_DOMAIN; false where such a sender has none: the null sender, what
 * is no address, not ASCII or longer than HISTORY_NAME_MAX, one at an address literal, and for the
 * domain one that belongs to a registry. */
NODISCARD bool history_sender_name(struct str sender, struct buf *out);
NODISCARD bool history_domain_name(struct str sender, struct buf *out);

#endif
