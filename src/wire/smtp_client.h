/*
 * wire/smtp_client: the client's side of an SMTP session that asks whether an address takes mail,
 * and sends none (a callout).  RFC 5321 4.1, 4.2, 4.5.5; RFC 3207; RFC 3463.
 *
 * Does no I/O: the server's bytes go in, bytes to be sent come out, and in the end an outcome.
 * The dialogue: greeting, EHLO (else HELO), STARTTLS where both want it, MAIL FROM:<>, RCPT to an
 * address that cannot exist, RCPT to the one that is asked about, RSET, QUIT.  Never DATA, never
 * VRFY.  Where the impossible address is accepted, nothing is asked about the other.
 *
 * "Refused" is said only where the server speaks about the address: what it says about us, about
 * the null sender, or for now, is told apart.  The peer is hostile: bytes, lines and the length of
 * a line are bounded, what it says before it was asked ends the dialogue, and what it puts behind
 * its consent to STARTTLS is never read (CVE-2011-0411).  Time is the owner's business.
 */
#ifndef WIRE_SMTP_CLIENT_H
#define WIRE_SMTP_CLIENT_H

#include "base/buf.h"

#define SMTP_CLIENT_BYTES_MAX	(16 * 1024) /* that are read in all */
#define SMTP_CLIENT_LINE_MAX	2048	    /* RFC 5321 4.5.3.1.5 has 512; some say more */
#define SMTP_CLIENT_LINES_MAX	100	    /* of one reply */
#define SMTP_CLIENT_ADDRESS_MAX 254	    /* RFC 5321 4.5.3.1.3, without <> */
#define SMTP_CLIENT_OUT_MAX	320	    /* bytes that one call adds at most */

enum smtp_stage {
	SMTP_AT_GREETING,
	SMTP_AT_EHLO,
	SMTP_AT_HELO,
	SMTP_AT_STARTTLS,
	SMTP_AT_HANDSHAKE, /* of TLS: the owner's */
	SMTP_AT_MAIL,
	SMTP_AT_RCPT_NOBODY, /* the address that cannot exist */
	SMTP_AT_RCPT,
	SMTP_AT_RSET,
	SMTP_AT_QUIT,
};
#define SMTP_STAGES (SMTP_AT_QUIT + 1)
/* "greeting", "EHLO", "MAIL FROM", ... */
const char *smtp_stage_name(enum smtp_stage s);

enum smtp_outcome {
	SMTP_OPEN,	   /* nothing yet */
	SMTP_ACCEPTED,	   /* and the address that cannot exist was refused */
	SMTP_REFUSED,	   /* for good, and about this address */
	SMTP_ACCEPTS_ALL,  /* any address of the domain: nothing is learnt about this one */
	SMTP_NULL_REFUSED, /* takes no bounces, RFC 5321 4.5.5 */
	SMTP_UNVERIFIABLE, /* everything else */
};

struct smtp_client_options {
	/* Borrowed for as long as the client lives. */
	struct str helo;    /* our host name */
	struct str nobody;  /* the address that cannot exist, of the same domain */
	struct str address; /* that is asked about */
	struct str client;  /* our address as text: a reply that has it is about us; may be empty */
	bool tls;	    /* STARTTLS where the server has it */
};

struct smtp_client_result {
	enum smtp_outcome outcome;
	enum smtp_stage stage; /* whose reply decided, or at which it broke off */
	unsigned code;	       /* of that reply; 0: there was none */
	const char *reason;    /* literal, of SMTP_UNVERIFIABLE: "refused for now only", ... */
	struct str said; /* the first line of that reply, escaped; lives as long as the client */
};

#define SMTP_TRANSCRIPT_MAX 3072
#define SMTP_SAID_MAX	    250

struct smtp_client {
	struct smtp_client_options o;
	struct smtp_client_result result;
	enum smtp_stage stage;
	bool secure, starttls, closing;
	size_t bytes;
	/* the reply that is being read */
	unsigned lines, code;
	char enhanced_class; /* '5' of "5.1.1"; 0: it has none */
	unsigned subject, detail;
	uint32_t words; /* what its text speaks of */
	struct buf said;
	char said_room[SMTP_SAID_MAX], decided_room[SMTP_SAID_MAX];
	/* "S: 220 mx.example ESMTP", "C: EHLO mx.example.org", a line each, escaped */
	struct buf transcript;
	char transcript_room[SMTP_TRANSCRIPT_MAX];
};

enum smtp_client_want {
	SMTP_WANT_MORE,	 /* send what was put out, then read on */
	SMTP_WANT_TLS,	 /* shake hands, then smtp_client_secured() */
	SMTP_WANT_CLOSE, /* send what was put out, then close */
};

/* False: one of the names cannot be said (empty, too long, anything but visible ASCII, <, >): then
 * nothing may be asked.  *c must not be moved afterwards. */
NODISCARD bool smtp_client_init(struct smtp_client *c, const struct smtp_client_options *o);
/* Read what has come: *used_out bytes are done with, the others are to be shown again with more
 * behind them.  out needs room for SMTP_CLIENT_OUT_MAX bytes. */
enum smtp_client_want smtp_client_read(
	struct smtp_client *c, struct str bytes, size_t *used_out, struct buf *out);
/* TLS stands: goes on with EHLO. */
void smtp_client_secured(struct smtp_client *c, struct buf *out);
/* The connection is lost, time is up, there is no TLS after all: an outcome, where none is yet.
 * reason: a literal. */
void smtp_client_broken(struct smtp_client *c, const char *reason);
/* Once it is not SMTP_OPEN it stays as it is, whatever the farewell brings. */
const struct smtp_client_result *smtp_client_result(const struct smtp_client *c);
/* The dialogue so far, for people: lines with LF between them; a bounded part of it. */
struct str smtp_client_transcript(const struct smtp_client *c);

#endif
