/*
 * ask: how a check asks.
 *
 * Each function returns the fact or NULL.  NULL means: noted, run me again when it is known.  A
 * check then asks for whatever else it already can and returns CHECK_WAIT.  Because a check is run
 * again from its top, it remembers nothing; what it computes on the way lives in the scratch arena
 * and is gone after the run.
 *
 * A check that may not be answered (budget of FACTS_MAX questions used up, name that cannot be
 * asked) gets a failed answer, never NULL: so it ends.
 */
#ifndef FACT_ASK_H
#define FACT_ASK_H

#include "fact/fact.h"
#include "fact/session.h"

struct headers; /* mail/header.h */

/*
 * What is known of the site's DNS lists when the transaction begins; fixed for it, like the clock.
 * canary: a number that changes every minute and that nobody can foresee, for a name that no list
 * can have on it; 0: unknown (a record that was made elsewhere).  Bit i of suspended: list i is not
 * to be asked or believed.
 */
struct lists_now {
	uint64_t canary, suspended;
};

struct findings;

/* What a message says of itself; fixed once it is known. */
struct message_head {
	const struct headers *headers; /* NULL: nobody will ever show them */
	bool smtputf8;		       /* the client has said that they may have UTF-8, RFC 6531 */
	/* Of a record that was made without keeping them: what the check header found in them;
	 * NULL: nobody says. */
	const struct findings *found;
};

struct ask {
	struct transaction *txn;
	unsigned check;		 /* number of the running check: its waiter bit */
	bool waits;		 /* some ask returned NULL in this run */
	struct ip client;	 /* known from the start */
	struct str reverse;	 /* where the PTR records of client would be */
	int64_t now;		 /* seconds since 1970, fixed per transaction */
	struct lists_now lists;	 /* state of the DNS lists */
	struct arena *scratch;	 /* emptied before each run */
	const void *settings;	 /* the running check's own settings */
	const struct site *site; /* facts about the receiver's own site, fixed per transaction */
};

/* name in canonical text (dns_name_parse()); it may live in scratch. */
const struct dns_answer *ask_dns(struct ask *q, enum dns_type type, struct str name);
/* name as in fact/history.h; it may live in scratch.  HISTORY_UNKNOWN at once where nobody keeps
 * histories. */
const struct history *ask_history(struct ask *q, enum history_kind what, struct str name);
/* Somebody keeps them; who does not need to know more can save himself the names. */
bool ask_has_histories(const struct ask *q);
/* What the mail server of a sender's domain says about his address; CALLOUT_UNKNOWN at once where
 * nobody is asked.  To be asked only with leave. */
const struct callout *ask_callout(struct ask *q, struct str address);
/* May others be bothered for this mail?  NULL until all that can be known without them is: then
 * whoever decides says whether their answer could change anything. */
const bool *ask_leave(struct ask *q);
/* NULL until the SMTP dialogue has brought it.  A value whose p is NULL: nobody will ever say, as
 * in a record that was made without it.  That is not the same as "", which is what the client said:
 * of what is not known a check reports nothing. */
const struct str *ask_env(struct ask *q, enum env_item item);
/* NULL until the message's headers have come. */
const struct message_head *ask_head(struct ask *q);
/* What the client has done in its session when it gave MAIL; NULL until then. */
const struct session *ask_session(struct ask *q);
/* How many recipients the message has that the mail server did not refuse, when all are named; NULL
 * until then.  0: nobody will ever say. */
const unsigned *ask_rcpts(struct ask *q);

#endif
