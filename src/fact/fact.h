/*
 * fact: a question and its answer; the table of them that one transaction keeps.
 *
 * Kinds of question in this table: of DNS, for how somebody behaved here before, and what a
 * sender's mail server says about him.  Beside it stand the items of the SMTP envelope (a check may
 * ask for the sender before MAIL was given and is told when it comes).  A fact, once answered,
 * never changes; a deadline is an answer too (DNS_FAIL, "timeout"; HISTORY_FAIL).  Checks see this
 * only through ask.h; the engine (core/run) owns the table and is the only one that answers.
 */
#ifndef FACT_FACT_H
#define FACT_FACT_H

#include "dns/message.h"
#include "fact/callout.h"
#include "fact/history.h"

#define FACTS_MAX 128 /* questions per transaction: the budget over all checks */

/* A label that stands in the names of questions for a customer's key of a paid list; only whoever
 * sends the question (source/dns_keys) knows the key. */
#define FACT_KEY_LABEL "mxward-key"

enum fact_kind { FACT_DNS, FACT_HISTORY, FACT_CALLOUT };

enum env_item {
	ENV_HELO,      /* the name of HELO/EHLO as given, "" where the client gave none */
	ENV_MAIL_FROM, /* the sender without <>, "" for the null sender */
	ENV_COUNT
};

/*
 * An answer as sources and the cache hand it out: one block of memory, counted.  The transaction
 * takes a reference with each fact and gives it back when it ends, so a cache may drop an entry
 * at any time.
 */
struct answer {
	union { /* by the kind of the fact */
		struct dns_answer dns;
		struct history history;
		struct callout callout; /* its texts live in arena */
	};
	unsigned refs;
	uint64_t expires_ms; /* clock_ms(), set by the cache */
	struct arena arena;  /* what dns points to */
};

/* A fresh answer with one reference, DNS_FAIL until filled in by its maker, whose strings go into
 * answer->arena. */
struct answer *answer_new(void);
/* A failure with one reference; reason is a literal. */
struct answer *answer_fail(const char *reason);
/* The same, of a failure on this side: no resolver, no time, no room. */
struct answer *answer_fail_ours(const char *reason);
/* Of FACT_HISTORY, with one reference. */
struct answer *answer_history(const struct history *h);
/* Of FACT_CALLOUT, with one reference; texts are copied. */
struct answer *answer_callout(const struct callout *c);
struct answer *answer_ref(struct answer *a);
void answer_unref(struct answer *a); /* NULL is fine */

struct fact {
	struct str name; /* canonical; lives in the transaction's arena */
	enum fact_kind kind;
	union {
		enum dns_type type;	   /* of FACT_DNS */
		enum history_kind history; /* of FACT_HISTORY: whose */
		unsigned what;		   /* whichever of them; 0 of FACT_CALLOUT */
	};
	uint64_t hash;	       /* question_hash(), history_hash(), callout_hash() */
	uint64_t waiters;      /* bit i: check i asked and is to be run again on the answer */
	struct answer *answer; /* NULL: open */
	bool sent;	       /* a source is working on it */
	void *source_data;     /* for the source while sent */
	struct transaction *owner;
	uint8_t index; /* place in the owner's table */
};

uint64_t question_hash(struct str name, enum dns_type type);
uint64_t history_hash(struct str name, enum history_kind what);
uint64_t callout_hash(struct str address);

/*
 * What answers questions of DNS.  lookup() is the fast path and may be called inside a running
 * check: it answers from memory or says NULL; it gives a reference.  start() is called from the
 * loop only; the source later calls transaction_answer(fact, answer) from the loop, exactly once,
 * unless cancel() came first.  start() itself never answers: what is known at once is lookup()'s
 * job.
 */
struct source {
	struct answer *(*lookup)(
		struct source *s, struct str name, enum dns_type type, uint64_t hash);
	void (*start)(struct source *s, struct fact *f);
	void (*cancel)(struct source *s, struct fact *f);
};

/* The same for histories. */
struct history_source {
	struct answer *(*lookup)(
		struct history_source *s, struct str name, enum history_kind what, uint64_t hash);
	void (*start)(struct history_source *s, struct fact *f);
	void (*cancel)(struct history_source *s, struct fact *f);
};

/* The same for callouts. */
struct callout_source {
	struct answer *(*lookup)(struct callout_source *s, struct str address, uint64_t hash);
	void (*start)(struct callout_source *s, struct fact *f);
	void (*cancel)(struct callout_source *s, struct fact *f);
};

#endif
