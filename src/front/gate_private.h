/*
 * front/gate_private: the inside of a visit, for the gate's files alone.
 *
 *	gate.c		the gate, the visit, a recipient's judgement
 *	gate_cases.c	what was decided, for whoever remembers it
 *	gate_message.c	the message's header, and the judgement at its end
 *	gate_stamp.c	what travels on with the message
 */
#ifndef FRONT_GATE_PRIVATE_H
#define FRONT_GATE_PRIVATE_H

#include "base/list.h"
#include "front/gate.h"
#include "front/memo.h"
#include "mail/header.h"

/* What stands under one case id. */
struct kept_case {
	struct kept_case *next;
	char id[CASE_ID_MAX];
	size_t n;
	/* Bit i: recipient i was told to whoever remembers; waits for the message's end. */
	unsigned told, waits;
	bool changed; /* something was learnt of it since it was told */
	struct visit_rcpt rcpt[VISIT_RCPTS];
};

struct visit {
	struct gate *gate;
	struct visit *next_spare;
	struct generation *generation;
	struct arena arena;
	struct transaction *txn; /* NULL: never checked */
	struct kept *kept;	 /* txn's memory, where it is not the visit's arena */
	struct visit_client client;
	struct exempted exempted; /* by its address */
	const char *unchecked_because;
	bool counted; /* seen by health */
	/* Of recipients that were not refused, and then of the message: the gravest verdict, how
	 * many, and of these who is held.  tagged: anybody's was more than accepted. */
	const struct verdict *let_in;
	size_t n_let_in, n_held;
	bool tagged;
	/* what was decided */
	struct kept_case first, *last; /* last: the one that recipients are added to */
	struct list untold; /* in the gate's list, while there is something to be told soon */
	bool is_untold;
	uint64_t decided_ms; /* the last of it */
	size_t n_waiting;    /* recipients that wait for the end of the message */
	unsigned marks;
	/* the message's header */
	bool collects;		 /* a check wants to see it */
	bool head_given;	 /* it is complete */
	bool ended;		 /* and the message has come to its end */
	bool health_waits;	 /* health is to learn from what is decided at the end */
	uint64_t seen;		 /* checks that had finished when the last recipient was judged */
	bool was_broken;	 /* a bug had been met by then */
	struct headers *headers; /* NULL: no field has come */
	struct message_head head;
	struct stamp_forged forged;
	/* the pending judgement */
	struct timer *timer;
	bool pending, at_end; /* at_end: of the message, not of a recipient */
	uint64_t asked_us;
	struct str rcpt, queue_id;
	void (*done)(void *ctx, const struct verdict *verdict);
	void *done_ctx;
};

struct gate {
	struct gate_options o;
	struct generation *generation;
	struct arena scratch;
	struct memo *memo;
	struct health health;
	struct visit *spare;
	unsigned n_spare;
	uint8_t random[256];
	unsigned random_left;
	uint64_t canary, canary_ms; /* and when it was drawn; 0: never */
	unsigned lacks;		    /* bit i of enum gate_lack: that was told */
	size_t visits;
	struct list untold; /* visits, whoever was silent for longest first */
	struct timer *untold_timer;
};

/* --- gate.c --- */

void visit_make_case_id(struct gate *g, char out[CASE_ID_MAX]);
/* Judge as soon as the network is not waited for any more, or the time is over. */
void visit_ask(struct visit *v, bool at_end, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx);
/* For policy_judge(): all but the recipient and the case id. */
struct judgement visit_judgement(struct visit *v, const struct result *r);
/* What a verdict turns into because of earlier tries, or for want of such. */
void visit_remember_tries(
	struct visit *v, struct verdict *verdict, const struct str *rcpt, size_t n);
void visit_teach_health(struct visit *v, const struct verdict *verdict, const struct result *r);
/* Tell the log and the statistics, then whoever asked.  d: rcpt, n_rcpts, result, case_id and
 * took_us are set.  The visit may be gone afterwards. */
void visit_answer(struct visit *v, const struct verdict *verdict, struct decision *d);

/* --- gate_cases.c --- */

void visit_cases_begin(struct visit *v, struct str id);
/* Room for one more recipient: a case has room for so many. */
void visit_cases_make_room(struct visit *v);
void visit_cases_note(struct visit *v, const struct verdict *verdict, uint64_t took_us);
/* The message has come to its end: this holds for all recipients that waited for it. */
void visit_cases_end_message(struct visit *v, const struct verdict *verdict, uint64_t took_us);
/* The recipients that wait for the end; in the visit's arena. */
struct str *visit_cases_waiting(struct visit *v);
/* The case that the first of them stands in. */
const char *visit_cases_waiting_id(const struct visit *v);
/* Everything that was not told. */
void visit_cases_tell(struct visit *v);
/* For a timer: tell what visits that are silent have decided. */
void visit_cases_tell_silent(void *ctx);

/* --- gate_stamp.c --- */

/* A recipient's verdict; then that of the message as a whole, where it has one. */
void visit_note_let_in(struct visit *v, const struct verdict *verdict);
void visit_note_message_let_in(struct visit *v, const struct verdict *verdict);

/* --- gate_message.c --- */

void visit_conclude_message(struct visit *v);

#endif
