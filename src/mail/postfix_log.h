/*
 * mail/postfix_log: what one line of a Postfix log says.
 *
 * Knows smtpd(8), postscreen(8), cleanup(8), qmgr(8) and the delivery agents in all instances, and
 * of others what tells a client's HELO: policyd-spf and the decisions of mxward itself.  Each line
 * stands for itself; postfix_track.h puts lines together.
 *
 * A line is somebody else's bytes twice over: what clients say in HELO, MAIL and RCPT stands in it,
 * and the system log may have cut it anywhere.  So values are read with their quotation marks, and
 * envelope items only where everything up to the end of the line reads as such; what was cut counts
 * as not known.  Results are slices of the line.
 */
#ifndef MAIL_POSTFIX_LOG_H
#define MAIL_POSTFIX_LOG_H

#include "base/ip.h"
#include "mail/syslog_line.h"

#define POSTFIX_ADDRESS_MAX 320 /* bytes of an address or HELO; what is longer counts as cut */

enum postfix_what {
	POSTFIX_OTHER,	    /* nothing that matters here */
	POSTFIX_CONNECT,    /* client */
	POSTFIX_DISCONNECT, /* client */
	POSTFIX_HOSTNAME,   /* name: the client's reverse name, which does not resolve to it */
	POSTFIX_ACTION,	    /* action and all that it was about */
	POSTFIX_MESSAGE,    /* a message begins: queue, client, authenticated */
	POSTFIX_QUEUED,	    /* queue, from */
	POSTFIX_DELIVERY,   /* queue, to, orig_to, status */
	POSTFIX_REMOVED,    /* queue: the message has left */
	POSTFIX_HELO,	    /* client, helo, from: told by another program */
};

enum postfix_action {
	POSTFIX_REJECT, /* code tells whether for good */
	POSTFIX_ACCEPT, /* a filter behind smtpd took the message */
	POSTFIX_NOTE,	/* reject_warning, info, hold, filter, ...: the mail was let in */
};

enum postfix_status { POSTFIX_SENT, POSTFIX_DEFERRED, POSTFIX_BOUNCED };

/* What is not known of a string has p NULL. */
struct postfix_line {
	enum postfix_what what;
	enum postfix_action action;
	enum postfix_status status;
	bool smtpd;	    /* written by smtpd: its process is a session */
	bool screen;	    /* written by postscreen */
	bool whole_message; /* the action was about more than one recipient */
	bool submission;    /* written by the service where users hand in mail */
	bool authenticated;
	bool cut;	  /* the line ended too early */
	struct str queue; /* NULL before the message has an id */
	struct ip client; /* len 0: not known */
	struct str name;  /* of the client, "unknown" or empty where it has none */
	uint16_t code;	  /* 550; 0 where the line has none */
	struct str reply; /* what follows it: "5.7.1 <...>: Relay access denied" */
	struct str from, to, orig_to, helo;
};

/* Whether Postfix, in whatever instance, wrote it.  A program that is not Postfix may have
 * something to tell all the same. */
bool postfix_log_parse(const struct syslog_line *line, struct postfix_line *out);

/* The reply without what differs from mail to mail: "Relay access denied" of "5.7.1 <a@b>: Relay
 * access denied"; a slice, at most 100 bytes. */
struct str postfix_reason(struct str reply);

#endif
