/*
 * wire/milter: the milter protocol, versions 2 to 6, bytes to commands and replies to bytes.
 *
 * Does no I/O and allocates nothing: what is read borrows the bytes it was read from.  A frame is
 * a length (32 bits, network order, counts what follows), a command byte and its data; strings end
 * with NUL.  Described by libmilter's mfdef.h and Postfix's milter8.c; there is no RFC.
 *
 * The writers make well-formed replies whatever text they are given: Postfix 3.12 answers a
 * malformed one with "421 4.3.5 Server configuration problem", older ones wrote past their buffer.
 */
#ifndef WIRE_MILTER_H
#define WIRE_MILTER_H

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/str.h"

#define MILTER_FRAME_MAX  ((size_t)1 << 20) /* command byte and data */
#define MILTER_LINES_MAX  4		    /* of a reply code */
#define MILTER_LINE_MAX	  400		    /* octets of text of one line */
#define MILTER_HEADER_MAX 4000		    /* octets of an added header: name and value */
#define MILTER_OUT_MAX	  4096		    /* bytes that any one writer needs at most */
#define MILTER_VERSION	  6

/* What the mail server sends. */
enum milter_command {
	MILTER_OPTNEG = 'O',
	MILTER_MACRO = 'D',
	MILTER_CONNECT = 'C',
	MILTER_HELO = 'H',
	MILTER_MAIL = 'M',
	MILTER_RCPT = 'R',
	MILTER_DATA = 'T',
	MILTER_HEADER = 'L',
	MILTER_EOH = 'N',
	MILTER_BODY = 'B',
	MILTER_EOM = 'E',
	MILTER_UNKNOWN = 'U',
	MILTER_ABORT = 'A',
	MILTER_QUIT = 'Q',
	MILTER_QUIT_NC = 'K',
};

/* Actions that a filter may want (SMFIF_...) ... */
#define MILTER_CAN_ADDHDRS    0x01u
#define MILTER_CAN_CHGHDRS    0x10u
#define MILTER_CAN_QUARANTINE 0x20u
#define MILTER_CAN_SETSYMLIST 0x100u
/* ... and changes to the protocol (SMFIP_...): NO: do not send it; NR: no reply will come. */
#define MILTER_NO_BODY	  0x10u
#define MILTER_NO_HDRS	  0x20u
#define MILTER_NO_EOH	  0x40u
#define MILTER_NR_HDR	  0x80u
#define MILTER_NO_UNKNOWN 0x100u
#define MILTER_NO_DATA	  0x200u
#define MILTER_RCPT_REJ	  0x800u
#define MILTER_NR_CONN	  0x1000u
#define MILTER_NR_HELO	  0x2000u
#define MILTER_NR_MAIL	  0x4000u
#define MILTER_NR_RCPT	  0x8000u
#define MILTER_NR_DATA	  0x10000u
#define MILTER_NR_UNKNOWN 0x20000u
#define MILTER_NR_EOH	  0x40000u
#define MILTER_NR_BODY	  0x80000u

struct milter_frame {
	char command; /* any byte: not only those of enum milter_command */
	struct str data;
};

enum milter_status {
	MILTER_MORE,  /* not yet complete */
	MILTER_FRAME, /* *out and *used_out are set */
	MILTER_BAD,   /* length 0 or above MILTER_FRAME_MAX: close */
};
enum milter_status milter_read(struct str bytes, struct milter_frame *out, size_t *used_out);

/* Negotiation: what the mail server offers, what was agreed on. */
struct milter_terms {
	uint32_t version, actions, protocol;
};
/* Pure; false for data that is too short or a version below 2.  *out has the lower version and
 * nothing but what was offered.  header: the message's header is to come; one of version 2 may send
 * it all the same. */
NODISCARD bool milter_negotiate(struct str data, bool header, struct milter_terms *out);
/* The answer to OPTNEG; with MILTER_CAN_SETSYMLIST it asks for the macros that we read. */
void milter_put_terms(struct buf *b, const struct milter_terms *t);

/* Data of commands.  False: malformed, *out is not set. */
struct milter_connect {
	struct str name; /* what the mail server calls the client: not to be believed */
	char family;	 /* '4', '6', 'L' (local), 'U' (unknown) or whatever was sent */
	struct ip ip;	 /* len 0 unless an Internet address was given and could be read */
	uint16_t port;
};
NODISCARD bool milter_connect_parse(struct str data, struct milter_connect *out);
/* HELO: the name. */
NODISCARD bool milter_helo_parse(struct str data, struct str *out);
/* MAIL and RCPT: the address without <>, and the ESMTP arguments, each ended by NUL. */
struct milter_path {
	struct str address, args;
};
NODISCARD bool milter_path_parse(struct str data, struct milter_path *out);
/* Is this an ESMTP argument without a value ("SMTPUTF8")?  In any case. */
bool milter_path_has(const struct milter_path *p, struct str keyword);
/* HEADER: a field; the value as it stood in the message but for one blank behind the colon, its
 * lines ending in LF where it is folded.  A NUL in it, which only a forged frame can have, is part
 * of it. */
NODISCARD bool milter_header_parse(struct str data, struct str *name_out, struct str *value_out);
/* MACRO: the command that they belong to, and a reader for milter_macro_next(). */
NODISCARD bool milter_macros_parse(struct str data, char *command_out, struct cursor *out);
/* The next macro; false at the end (a name without value ends the list, too). */
bool milter_macro_next(struct cursor *c, struct str *name_out, struct str *value_out);

/* Replies.  Each is one frame; room for MILTER_OUT_MAX must be left. */
enum milter_reply {
	MILTER_CONTINUE = 'c',
	MILTER_ACCEPT = 'a',
	MILTER_REJECT = 'r',
	MILTER_TEMPFAIL = 't',
	MILTER_PROGRESS = 'p',
};
void milter_put(struct buf *b, enum milter_reply reply);
/* SMTP reply of n lines (1 to MILTER_LINES_MAX), see wire/reply.h; longer lines are cut. */
void milter_put_replycode(
	struct buf *b, unsigned code, struct str enhanced, const struct str *line, size_t n);
/* What follows is for the end of the message only, before the final reply, and each where its
 * MILTER_CAN_... was agreed on.  Names are ours and well-formed; a value's lines end with LF, and
 * each but the first begins with a tab.  Anything else that is not printable becomes "?". */
/* A field behind all others. */
void milter_put_addheader(struct buf *b, struct str name, struct str value);
/* A field before all others, even those of the mail server itself; the last one put stands first.
 * CAN_ADDHDRS.  Version 2 does not tell whether it is understood: Sendmail 8.12 does not. */
void milter_put_insheader(struct buf *b, struct str name, struct str value);
/* Remove the index-th field (1, 2, ...) of this name, in any case.  Postfix counts what is still
 * there, Sendmail also what was removed: from the highest index down both mean the same. */
void milter_put_delheader(struct buf *b, uint32_t index, struct str name);
/* Hold the message; reason is for the administrator.  The final reply must still follow, and let
 * it in. */
void milter_put_quarantine(struct buf *b, struct str reason);
#define MILTER_DELHEADER_SIZE(name_n) (4 + 1 + 4 + (name_n) + 2) /* bytes of one */

#endif
