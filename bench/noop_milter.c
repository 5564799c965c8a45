/*
 * noop_milter: says "continue" to everything.
 *
 * It negotiates what mxward does (src/wire/milter.c: after RCPT the header without answers and the
 * end of the message, no answer to MAIL, the macros that are read), so that both
 * exchange the same packets.
 */
#include "base/cursor.h"

#include "milter_wire.h"
#include "noop.h"

#define HEAD	    5  /* length, command */
#define NEGOTIATION 12 /* version, actions, protocol */
#define FRAME_MAX   (1u << 20)

static const uint32_t wanted_actions = ACT_ADDHDRS | ACT_QUARANTINE | ACT_SETSYMLIST;
static const uint32_t wanted_protocol = NO_BODY | NO_UNKNOWN | NO_DATA | RCPT_REJ | NR_MAIL |
	NR_HDR | NR_EOH | NR_DATA | NR_UNKNOWN | NR_BODY;

/* By class: mail, rcpt, eom. */
static const char macros[] = "\0\0\0\2i {auth_type} {auth_authen}\0"
			     "\0\0\0\3i {rcpt_mailer}\0"
			     "\0\0\0\5i";

/* version, offered actions and protocol bits: answer with those of them that we want, and return
 * the agreed protocol bits. */
static uint32_t
negotiate(struct str offer, struct buf *out)
{
	struct cursor c = cursor_on(offer);
	uint32_t version = cursor_u32(&c);
	uint32_t actions = cursor_u32(&c) & wanted_actions;
	uint32_t protocol = cursor_u32(&c) & wanted_protocol;
	bool lists = actions & ACT_SETSYMLIST;

	buf_put32(out, (uint32_t)(1 + NEGOTIATION + (lists ? sizeof macros : 0)));
	buf_putc(out, 'O');
	buf_put32(out, version < MILTER_VERSION ? version : MILTER_VERSION);
	buf_put32(out, actions);
	buf_put32(out, protocol);
	if (lists)
		buf_put(out, str_from(macros, sizeof macros));
	return protocol;
}

/* Macros and aborts never have an answer, events only where none was negotiated away. */
static bool
is_answered(char command, uint32_t protocol)
{
	static const struct {
		char command;
		uint32_t silent;
	} events[] = {
		{'M', NR_MAIL},
		{'T', NR_DATA},
		{'L', NR_HDR},
		{'N', NR_EOH},
		{'B', NR_BODY},
		{'U', NR_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(events); i++)
		if (events[i].command == command)
			return !(protocol & events[i].silent);
	return command != 'D' && command != 'A' && command != 'K';
}

/* False ends the connection. */
static bool
answer(struct noop_conn *c, struct buf *out)
{
	char command = c->head[4];

	if (command == 'Q' || (command == 'O' && c->have < HEAD + NEGOTIATION))
		return false;
	if (command == 'O') {
		c->agreed = negotiate(str_from(c->head + HEAD, NEGOTIATION), out);
	} else if (is_answered(command, c->agreed)) {
		buf_put32(out, 1);
		buf_putc(out, 'c');
	}
	return true;
}

static uint32_t
frame_length(const struct noop_conn *c)
{
	struct cursor head = cursor_on(str_from(c->head, sizeof c->head));

	return cursor_u32(&head);
}

/* Passes over frames, keeping the first bytes of each: only a negotiation is ever read further
 * than its command.  have: bytes of this frame that have come. */
static bool
input(struct noop_conn *c, struct str bytes, struct buf *out)
{
	while (bytes.n) {
		uint32_t whole = c->have < 4 ? 4 : 4 + frame_length(c);
		struct str part = str_slice(bytes, 0, whole - c->have);

		if (c->have < sizeof c->head)
			memcpy(c->head + c->have, part.p,
				str_slice(part, 0, sizeof c->head - c->have).n);
		c->have += (uint32_t)part.n;
		bytes = str_skip(bytes, part.n);
		if (c->have == 4 && frame_length(c) - 1 >= FRAME_MAX)
			return false;
		if (c->have < whole || whole == 4)
			continue;
		if (!answer(c, out))
			return false;
		c->have = 0;
	}
	return true;
}

int
main(int argc, char **argv)
{
	return noop_main(argc, argv, input);
}
