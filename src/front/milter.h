/*
 * front/milter: the milter protocol at the gate (wire/milter.h).
 *
 * Questions start at CONNECT and HELO; the verdict is given at RCPT, for each recipient alone, and
 * at the end of the message, where also what travels on with it is said.  Nothing is refused
 * earlier: at CONNECT a mail server throws the text away, and no recipient is known there that must
 * always be reachable.
 *
 * Each command that wants an answer gets exactly one, in one write; what comes while a verdict is
 * pending waits.  What the mail server says about the client's name is not believed.  A frame that
 * cannot be read, or a command out of all order, closes the connection: then the mail server does
 * its default action.
 */
#ifndef FRONT_MILTER_H
#define FRONT_MILTER_H

#include "front/front.h"

/* Borrows loop and gate, copies the limits. */
struct front *front_milter_new(struct loop *l, struct gate *g, const struct front_limits *limits);

#endif
