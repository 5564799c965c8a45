/*
 * front/gate: what every way in shares.
 *
 * A front (policy, milter, ...) turns its wire into visits: one visit per message at the gate.  The
 * gate runs the checks, keeps the deadline, applies the state of the daemon (capped deferrals, lost
 * client addresses, findings gone wild), and hands each recipient's verdict back through a call, at
 * once when nothing is pending, else from the loop, exactly once, before the budget is over.
 */
#ifndef FRONT_GATE_H
#define FRONT_GATE_H

#include "core/policy.h"
#include "net/loop.h"

struct gate;
struct visit;
struct generation; /* one set of settings in force; counted */

struct visit_client {
	struct ip ip; /* len 0: unknown (not an Internet client): everything is accepted */
	uint16_t port;
	bool authenticated;
	const char *way; /* "policy", "milter": literal, for the log */
};

/* Begin with the client; questions about it start at once. */
struct visit *visit_new(struct gate *g, const struct visit_client *client);
/* HELO, MAIL FROM as they become known, once each; give the value without <>. */
void visit_env(struct visit *v, enum env_item item, struct str value);
/* Judge one recipient.  done() is called exactly once, perhaps before this returns, unless
 * visit_end() comes first.  Only one judgement may be pending per visit.  The verdict lives until
 * the visit ends. */
void visit_judge(struct visit *v, struct str rcpt,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx);
/* The message is over or aborted, or the peer has gone.  NULL is fine. */
void visit_end(struct visit *v);
/* Headers that a tagged message is to get: value of X-Mxward, empty if none. */
struct str visit_tag(struct visit *v);

#endif
