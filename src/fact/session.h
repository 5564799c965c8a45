/*
 * fact/session: what a client has done in its SMTP session so far, beside sending mail: what
 * ask_session() answers, and what of it is counted over sessions.
 *
 * A way in counts what it is shown; a session that nobody shows is unknown, which is not the same
 * as one in which nothing happened.  What everybody does for good reason is no count: see
 * session_count().
 */
#ifndef FACT_SESSION_H
#define FACT_SESSION_H

#include "fact/history.h"

/* Places in struct session.n.  The order stands in records: never change it. */
enum session_number {
	SESSION_MAILS,	   /* MAIL commands */
	SESSION_MESSAGES,  /* that came to their end */
	SESSION_RESETS,	   /* messages given up, though no recipient of theirs was refused */
	SESSION_COMMANDS,  /* that do not exist */
	SESSION_BAD_RCPTS, /* recipients that the mail server itself refused ... */
	SESSION_RCPTS,	   /* ... and that it did not */
};
#define SESSION_NUMBERS 6

struct session {
	bool known;
	struct str
		helo_before; /* another name than now, given in the same state of TLS; or empty */
	uint32_t n[SESSION_NUMBERS];
};

/* A client may be told to speak another way so many times: what stands between it and us may have
 * made XXXX of its EHLO, and not each mail server has HELP. */
#define SESSION_COMMANDS_FREE 3

/*
 * How much of the session counts as what (HISTORY_RESETS, HISTORY_COMMANDS, HISTORY_RECIPIENTS,
 * HISTORY_EMPTY); 0 where it is unknown.
 *
 *	resets		beyond one for each message that came to its end
 *	commands	beyond SESSION_COMMANDS_FREE
 *	recipients	by which the refused ones outnumber the others: the list server whose list
 *			has aged is no guesser of names
 *	empty		1 where no MAIL was given, so of a session that is over
 */
int64_t session_count(const struct session *s, enum history_kind what);

#endif
