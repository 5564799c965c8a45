/*
 * front/gate: what every way in shares.
 *
 * A front (policy, milter, ...) turns its wire into visits: one visit per message at the gate.
 * The gate runs the checks, keeps the deadline, applies the state of the daemon (capped
 * deferrals, first tries, lost client addresses, findings gone wild), and hands each recipient's
 * verdict back through a call: at once when nothing is pending, else from the loop, exactly once,
 * before the budget is over.
 */
#ifndef FRONT_GATE_H
#define FRONT_GATE_H

#include "core/health.h"
#include "core/policy.h"
#include "core/recall.h"
#include "front/stamp.h"
#include "net/loop.h"

struct gate;
struct visit;

/* One set of settings in force.  Counted: a visit keeps the one it began under, so a reload never
 * changes the rules in the middle of a message. */
struct generation {
	unsigned refs;
	unsigned number; /* 1, 2, ... for the log */
	struct check_set checks;
	uint64_t off;	   /* bit i: check i is not made at all */
	bool wants_header; /* somebody looks at a message's header */
	struct site site;
	struct policy policy;
	struct stamp_settings stamp;
	struct source *source;		 /* may be NULL */
	struct history_source *history;	 /* may be NULL: nobody keeps any */
	struct callout_source *callouts; /* may be NULL: nobody is asked about senders */
	int32_t callout_from;		 /* points (hundredths) from which somebody may be */
	uint64_t budget_ms;		 /* from a recipient to its verdict, at most */
	uint64_t again_ms; /* the same message is deferred for want of DNS, or the first time,
			    * once in this time */
	bool watch_nat, watch_findings;
	uint64_t suspend_ms;
	size_t remember;		       /* bytes for transactions that may be used again */
	void (*release)(struct generation *g); /* called when the last reference goes */
};
struct generation *generation_ref(struct generation *g);
void generation_unref(struct generation *g); /* NULL is fine */

#define CASE_ID_MAX 64

struct visit_client {
	struct ip ip; /* len 0: unknown (not an Internet client): everything is accepted */
	uint16_t port;
	bool authenticated;
	const char *way;    /* "policy", "milter": literal, for the log */
	struct str case_id; /* of a record; empty: a new one is drawn */
	int64_t time;	    /* seconds since 1970, of a record that is judged again; 0: now */
	/* Where they are there from the beginning, as in a file; lives as long as the visit.  NULL:
	 * the checks never see the message's headers. */
	const struct message_head *head;
	/* Or visit_head() and visit_judge_message() will come, after the recipients. */
	bool head_later;
	const struct lists_now *lists; /* of a record that is judged again; NULL: as they are now */
	const struct session *session; /* likewise; NULL: see visit_session() */
	unsigned rcpts; /* likewise, of the message; 0: as visit_judge_message() finds them */
};

/* One recipient's decision, or at the end of a message that of all who were not refused before, for
 * the log and the statistics. */
struct decision {
	const struct visit_client *client;
	struct str helo, from, rcpt; /* helo, from: p NULL where not known */
	size_t n_rcpts; /* at the end of a message: whom it is for, rcpt is the first; else 0 */
	struct str queue_id; /* may be empty */
	const struct verdict *verdict;
	const struct result *result; /* NULL: nothing was checked */
	/* Bit i: check i; at the end of a message those only that had not finished before. */
	uint64_t fresh;
	const struct generation *generation;
	struct str case_id;
	uint64_t took_us; /* since the recipient, or the end of the message, was asked about */
};

/* What is to be remembered of a visit: all that was decided under one case id. */
#define VISIT_RCPTS 10 /* what follows after so many recipients is a case of its own */

struct visit_rcpt {
	struct str rcpt;
	const struct verdict *verdict;
	uint64_t took_us;
	bool at_end; /* it was decided at the end of the message */
};

struct visit_case {
	const struct visit_client *client;
	struct transaction *transaction;
	const struct generation *generation;
	struct str case_id, queue_id; /* queue_id may be empty */
	size_t n;
	unsigned before; /* bit i: recipient i was told before, and is as it was then */
	const struct visit_rcpt *rcpt;
	bool given_up;	 /* the message will not come to its end: who was accepted gets nothing */
	unsigned *marks; /* the message's, in all its cases: 0 at first, for whoever remembers */
};

/* What a mail server may lack. */
enum gate_lack {
	LACKS_ADD,	  /* it lets us add no field */
	LACKS_REMOVE,	  /* nor remove one, and one claims to be ours */
	LACKS_QUARANTINE, /* it cannot hold a message, which is tagged instead */
	LACKS_PATIENCE, /* more fields claim to be ours than are removed: the message is refused */
};

struct gate_options {
	struct loop *loop;
	/* May be NULL: then each temporary error defers, and each try is the first. */
	struct recall *recall;
	void (*decided)(void *ctx, const struct decision *d);
	/* A visit in which something was checked and decided is over, or has the most recipients
	 * that a case can have, or has been silent for a second.  In the last case it may go on:
	 * then this is called again with more recipients, or a queue id, under the same case id.
	 * Where the message's end is still to come, recipients who wait for it are left out until
	 * it has.  May be NULL. */
	void (*remember)(void *ctx, const struct visit_case *c);
	/* A mail server cannot do what a message needed; told once for each thing.  May be NULL. */
	void (*cannot)(void *ctx, enum gate_lack lack);
	/* A recipient of somebody who is checked, whom the mail server refused by itself.  May be
	 * NULL. */
	void (*refused_rcpt)(void *ctx, const struct generation *g, const struct ip *client);
	/* A session of somebody who is checked has ended.  May be NULL. */
	void (*session_over)(void *ctx, const struct generation *g, const struct ip *client,
		const struct session *s);
	health_alarm_fn *alarm;
	/* Which DNS lists of this generation are suspended; may be NULL: none. */
	uint64_t (*suspended)(void *ctx, const struct generation *g);
	/* What a transaction has seen of them, where it is anything bad; may be NULL. */
	void (*lists_seen)(
		void *ctx, const struct generation *g, const struct list_reports *reports);
	void *ctx;
};

/* Takes its own reference to the generation. */
struct gate *gate_new(const struct gate_options *o, struct generation *g);
/* New settings for visits from now on. */
void gate_use(struct gate *g, struct generation *next);
/* The same settings with newer data: what was learnt about findings stays. */
void gate_renew(struct gate *g, struct generation *next);
/* All visits must have ended. */
void gate_free(struct gate *g);
/* Is anything to be seen in a message's header, under the settings in force? */
bool gate_wants_header(const struct gate *g);
/* For reports: visits that have not ended; what is no longer believed. */
size_t gate_visits(const struct gate *g);
const struct health *gate_health(const struct gate *g);

/* Begin with the client; questions about it start at once. */
struct visit *visit_new(struct gate *g, const struct visit_client *client);
/* As visit_new() and visit_env() for both items: everything is known at once.  Where the same
 * client came with the same HELO and sender a moment ago, and all that was learnt then still holds,
 * nothing is asked again (memo.h). */
struct visit *visit_new_known(
	struct gate *g, const struct visit_client *client, const struct str env[ENV_COUNT]);
/* The client has logged in after all (SMTP AUTH comes after CONNECT). */
void visit_authenticated(struct visit *v);
/* HELO, MAIL FROM as they become known, once each; give the value without <>. */
void visit_env(struct visit *v, enum env_item item, struct str value);
/* The same from a record or by hand: what is not known of it never will be, so that no check waits.
 */
void visit_env_if(struct visit *v, enum env_item item, bool known, struct str value);
/* What the client did in its session before this message: before ENV_MAIL_FROM is told, or never.
 */
void visit_session(struct visit *v, const struct session *s);
/* Judge one recipient.  done() is called exactly once, perhaps before this returns, unless
 * visit_end() comes first.  Only one judgement may be pending per visit.  The verdict lives until
 * the visit ends.  done() may end the visit. */
void visit_judge(struct visit *v, struct str rcpt, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx);
/*
 * The end of a message, where head_later said that it would come: each field of the header, then
 * the header as a whole, then the judgement.  Who is never checked costs nothing.
 */
/* A field, as a milter tells it (mail/header.h). */
void visit_header(struct visit *v, struct str name, struct str value);
/* The header is complete; smtputf8: the client has said at MAIL that it may have UTF-8. */
void visit_head_end(struct visit *v, bool smtputf8);
/* The same for a header that is there already, of a record; it lives as long as the visit. */
void visit_head(struct visit *v, const struct message_head *head);
/* Judge the message for all recipients that were not refused: one verdict, the mildest that any of
 * them would get.  As visit_judge(); where its header brought nothing to light it is what they had,
 * and nobody is told of a decision.  No recipient may follow. */
void visit_judge_message(struct visit *v, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx);
/* The mail server itself has refused a recipient: there is nothing to judge, but it is told. */
void visit_rcpt_refused(struct visit *v);
/* The queue id that the mail server gave the message, where it is told so late. */
void visit_queue_id(struct visit *v, struct str queue_id);
/* The message is over or aborted, or the peer has gone.  NULL is fine. */
void visit_end(struct visit *v);
/* The client has left; s is all that it did.  Of a session that broke off, nothing is told. */
void gate_session_over(struct gate *g, const struct visit_client *client, const struct session *s);
/* What travels on with the message, where any recipient's was let in.  can_hold: the mail server
 * can hold a message; it is held where that is every such recipient's verdict, or, with at_once,
 * anybody's so far, and else tagged.  Lives until the visit ends. */
const struct stamp *visit_stamp(struct visit *v, bool can_hold, bool at_once);
/* The mail server cannot do something that this message needed. */
void visit_cannot(struct visit *v, enum gate_lack lack);
/* The transaction inside, for explanations and records; NULL where nothing is checked. */
struct transaction *visit_transaction(struct visit *v);
struct str visit_case_id(const struct visit *v);

/* The verdict on somebody who is never checked. */
extern const struct verdict verdict_unchecked;

#endif
