/*
 * mail/postfix_track: what Postfix did with whom, put together from the lines of its log.
 *
 * An attempt is what one client wanted of one recipient: client, HELO, sender, recipient, and what
 * became of it.  What was refused stands in one line; what was accepted has to be gathered from
 * many (client= when it comes, from= in the queue, to= as it is delivered), between which those of
 * other mail stand, so sessions are kept by process and messages by queue id until they end.
 *
 * HELO: Postfix logs it with what it refuses or remarks on, not with what it accepts.  It is taken
 * from any line of the same session, else from the last time that the same client came with the
 * same sender (it may have been deferred first), else it is not known.  It is never guessed.
 *
 * Memory is bounded whatever the log holds: when there are too many the session or message that was
 * touched longest ago is given up, and counted.  What must not be judged is left out and counted:
 * mail of users who logged in, mail handed in at the service for that (submission), mail from
 * loopback (filters giving mail back), and clients without an address.
 */
#ifndef MAIL_POSTFIX_TRACK_H
#define MAIL_POSTFIX_TRACK_H

#include "base/arena.h"
#include "mail/postfix_log.h"

enum postfix_outcome { POSTFIX_ACCEPTED, POSTFIX_PUT_OFF, POSTFIX_REFUSED };

/* p NULL of a string: not known.  Valid during the call. */
struct postfix_attempt {
	int64_t time; /* of its first line */
	struct ip client;
	struct str name; /* of the client, as Postfix saw it; "unknown" */
	struct str helo, from, rcpt;
	struct str queue;
	enum postfix_outcome outcome;
	enum postfix_status status; /* of what was accepted: what became of it at last */
	uint16_t code;		    /* of what was refused or put off; 0: not logged */
	struct str reason;	    /* likewise, see postfix_reason() */
};

struct postfix_counts {
	uint64_t lines;	      /* given to postfix_track_line() */
	uint64_t postfix;     /* of them of Postfix */
	uint64_t cut;	      /* of them cut off by the system log */
	uint64_t connections; /* that began */
	uint64_t attempts;
	uint64_t helo_known;	/* of them */
	uint64_t authenticated; /* left out: messages and refusals of users who logged in */
	uint64_t submission;	/* left out: of the service for users */
	uint64_t loopback;	/* left out */
	uint64_t no_address;	/* left out: "unknown[unknown]" */
	uint64_t unfinished;	/* messages that were begun and never came into the queue */
	uint64_t given_up;	/* sessions and messages that had to make room */
};

struct postfix_track;

struct postfix_track_options {
	size_t sessions, messages; /* kept at most; 0: 5,000 and 50,000 */
	size_t text;		   /* bytes of the recipients of messages, at most; 0: 64 MiB */
	void (*attempt)(void *ctx, const struct postfix_attempt *attempt);
	void *ctx;
};

/* Lives in a, whose memory grows up to about 600 bytes for each session, message and HELO that is
 * remembered.  The texts of messages come on top. */
struct postfix_track *postfix_track_new(struct arena *a, const struct postfix_track_options *o);
/* time: of the line, seconds since 1970. */
void postfix_track_line(struct postfix_track *t, const struct syslog_line *line, int64_t time);
/* The log ends here: what is still open is told of.  Frees what does not live in the arena. */
void postfix_track_end(struct postfix_track *t);
struct postfix_counts postfix_track_counts(const struct postfix_track *t);

#endif
