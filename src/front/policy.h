/*
 * front/policy: Postfix policy delegation at the gate (SMTPD_POLICY_README).
 *
 * Requests are answered in their order, each with one write.  The verdict is given at RCPT; at
 * any other state the answer is DUNNO at once, and what is known by then already starts the
 * questions.  All recipients of one message (same instance, client, HELO and sender) are judged by
 * one visit; a tagged message gets its field once (PREPEND), what is to be held is (HOLD), and who
 * asks at DATA gets the other fields, one for each time.  A request that cannot be read closes the
 * connection without an answer: Postfix then tries again or does its default action.
 */
#ifndef FRONT_POLICY_H
#define FRONT_POLICY_H

#include "front/front.h"

/* Borrows loop and gate, copies the limits. */
struct front *front_policy_new(struct loop *l, struct gate *g, const struct front_limits *limits);

#endif
