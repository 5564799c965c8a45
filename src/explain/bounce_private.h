/* explain/bounce: what its files share. */
#ifndef EXPLAIN_BOUNCE_PRIVATE_H
#define EXPLAIN_BOUNCE_PRIVATE_H

#include "explain/bounce.h"
#include "explain/message.h"

/* A new failure, or NULL when there are too many. */
struct failure *bounce_add(struct bounce *b);
/* reply, code, enhanced code and host from a text that holds a reply somewhere. */
void bounce_set_reply(struct failure *f, struct str text);
/* Whether a message is a bounce, and what its report or else its words say. */
void bounce_from_message(struct arena *a, const struct message *m, struct bounce *out);
/* Lines of a log in text; false when there is none. */
bool bounce_from_log(struct arena *a, struct str text, struct bounce *out);
/* Text without a header: what it says of each recipient. */
void bounce_from_text(struct arena *a, struct str text, struct bounce *out);
/* Whether a reply of a server stands somewhere in it. */
bool bounce_has_reply(struct str text);
/* The part before a copy of the message that failed. */
struct str bounce_before_copy(struct str text);

#endif
