/*
 * core/run: the driver of one transaction's checks.
 *
 * A transaction is what the mail server tells about one message: client, HELO, sender, and later
 * its recipients.  It owns the table of facts and one arena.  The driver runs each check, again
 * whenever a fact came that it waits for, until it is done.  Answers enter only through
 * transaction_answer() and transaction_env(), from the loop, never while a check runs.
 *
 * Wait states: a transaction "waits for the network" while a check that is not done waits for an
 * unanswered question, of DNS or for a history; only then may an SMTP command be held back.  A
 * check that waits for a later command (HELO, MAIL) or for leave holds up nothing, and one that
 * waits for what another check finds, no more than that one.
 *
 * A bug in a check (a false must(), a wait for nothing) ends its transaction, not the process: the
 * result says which check it was.
 *
 * Bounds: FACTS_MAX questions; each run of a check needs at least one new fact, so the number of
 * runs is bounded; memory by the arena's limit, past which open questions count as failed.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/check.h"

struct check_set {
	size_t n;
	const struct check *const *check;
	const void *const *settings; /* n pointers, NULL where a check has none */
};

struct transaction;

struct transaction_options {
	const struct check_set *checks;
	const struct site *site;
	struct source *source; /* may be NULL: then nothing but facts given beforehand is known */
	struct history_source *history; /* may be NULL: then every history is unknown */
	bool head_later;  /* transaction_head() will come; else nobody ever shows the headers */
	bool rcpts_later; /* transaction_rcpts() will come; else nobody ever says how many */
	struct callout_source *callouts; /* may be NULL: then nobody is asked about senders */
	bool leave_later;		 /* transaction_leave() will come; else there is leave */
	struct arena *arena;   /* the transaction's; its owner frees it after transaction_end() */
	struct arena *scratch; /* shared by all transactions of the process */
	uint64_t skip;	       /* bit i: do not run check i (exempted) */
	int64_t now;	       /* seconds since 1970, the same for all checks */
	struct lists_now lists;
	/* Called from transaction_answer() when the last network question that a check waits for
	 * was answered.  May be NULL. */
	void (*settled)(void *ctx);
	void *ctx;
};

/* Starts nothing yet: transaction_run() does. */
struct transaction *transaction_begin(const struct transaction_options *o, const struct ip *client);
/* Note an envelope item (once each).  Copies the value. */
void transaction_env(struct transaction *t, enum env_item item, struct str value);
/* Note instead that an envelope item will never be known, so that no check waits for it. */
void transaction_env_absent(struct transaction *t, enum env_item item);
/* The message's headers, once, where head_later said so; they live as long as the transaction.
 * headers NULL: they will not come after all. */
void transaction_head(struct transaction *t, const struct message_head *head);
/* Does a check wait for them? */
bool transaction_wants_head(const struct transaction *t);
/* What the client did in its session before this message, once and before ENV_MAIL_FROM is told;
 * where it is not told by then, it never will be.  Copies all. */
void transaction_session(struct transaction *t, const struct session *s);
/* All recipients are named: so many were not refused by the mail server.  Once, where rcpts_later
 * said so; 0: it will not be known after all. */
void transaction_rcpts(struct transaction *t, unsigned n);
/* Whether checks may ask strangers (ask_leave()), once, where leave_later said so. */
void transaction_leave(struct transaction *t, bool may);
/* A check waits for that, and for nothing else that is under way. */
bool transaction_wants_leave(const struct transaction *t);
/* Run every check that can get on, start the questions they asked. */
void transaction_run(struct transaction *t);
bool transaction_waits_for_network(const struct transaction *t);
/* An answer from a source; takes over the reference.  Runs the waiting checks. */
void transaction_answer(struct fact *f, struct answer *a);
/* Time is up (or the budget): every open question is answered with a failure. */
void transaction_expire(struct transaction *t, const char *reason);
/* Cancel what is under way and give the answers back.  The arena is its owner's to free. */
void transaction_end(struct transaction *t);

/* The findings of all checks that are done, and those that are certain of the others, in the order
 * of the checks. */
struct result {
	size_t n;
	const struct finding *const *finding;
	enum auth_result iprev, spf_helo, spf_mailfrom;
	struct str confirmed;	    /* confirmed reverse name or empty */
	struct str spf_domain;	    /* sender's domain that SPF was asked about, or empty */
	bool spf_vouches;	    /* with a pass that is worth something */
	struct str spf_explanation; /* the sender's domain's words, printable, or empty */
	bool sender_confirmed;	    /* the client may speak for the sender */
	struct list_reports lists;
	uint64_t done; /* bit i: check i has finished */
	/* A bug was met in this check, and the rest was given up: no verdict may rest on this.
	 * NULL: none. */
	const struct check *broken;
	unsigned runs; /* how many times a check was run in all */
};
/* Lives in the transaction's arena; valid until the next answer. */
struct result transaction_result(struct transaction *t);

/* The facts, for records and explanations. */
size_t transaction_facts(const struct transaction *t);
const struct fact *transaction_fact(const struct transaction *t, size_t i);
/* Every check has come to its end. */
bool transaction_is_done(const struct transaction *t);
uint64_t transaction_skip(const struct transaction *t); /* as in its options */
int64_t transaction_now(const struct transaction *t);	/* likewise */
struct lists_now transaction_lists(const struct transaction *t);
const struct ip *transaction_client(const struct transaction *t);
/* The value of an envelope item; p NULL while it is unknown. */
struct str transaction_env_get(const struct transaction *t, enum env_item item);
/* As it was told; not .known where it was not. */
struct session transaction_session_get(const struct transaction *t);
unsigned transaction_rcpts_get(const struct transaction *t); /* 0: not known */

#endif
