/*
 * front/fake_gate: a gate for tests of the fronts, linked instead of gate.c.
 *
 * It checks that the fronts keep the contract of gate.h, writes down what they did, and gives the
 * verdict that the recipient's address asks for: "reject@...", "defer@...", "hold@...", "tag@...",
 * else accept.  At the end of a message it is what its field "Verdict" asks for: "reject", "defer",
 * "hold", "tag".
 */
#ifndef FRONT_FAKE_GATE_H
#define FRONT_FAKE_GATE_H

#include "front/gate.h"

/* Verdicts wait for fake_gate_answer() instead of coming at once. */
extern bool fake_gate_later;
/* Nobody wants to see the message's header. */
extern bool fake_gate_no_header;
/* Nothing is noted but what is said of sessions: "1 session mails=1 helo=NAME", "over
 * mails=3". */
extern bool fake_gate_sessions;
/* What a message gets that is tagged or held; the rest of it is empty where a test does not say
 * otherwise. */
extern struct stamp fake_gate_stamp;

/* To the beginning: the notes are empty, no visit may be open. */
void fake_gate_reset(void);
/* The notes, a line per call, visits by number from 1: "1 new 192.0.2.1:25 milter", "1 helo NAME",
 * "1 from ADDRESS", "1 authenticated", "1 judge RCPT [QUEUE_ID]", "1 header NAME: VALUE",
 * "1 head [utf8]" or "1 no head", "1 message [QUEUE_ID]", "1 cannot LACK", "1 end". */
struct str fake_gate_notes(void);
/* Give the verdict that was asked for first; false: none is pending. */
bool fake_gate_answer(void);
/* Visits that have not ended. */
unsigned fake_gate_open(void);

#endif
