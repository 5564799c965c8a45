/*
 * noop_milter: says "continue" to everything.
 *
 * It negotiates what mxward does (no body, headers without answers, rejected recipients reported,
 * the macros that carry the client's names), so that both exchange the same packets.
 */
#include "base/cursor.h"

#include "milter_wire.h"
#include "noop.h"

#define HEAD	    5  /* length, command */
#define NEGOTIATION 12 /* version, actions, protocol */
#define FRAME_MAX   (1u << 20)

/* version, offered actions and protocol bits: answer with those of them that we want. */
static void
negotiate(struct str offer, struct buf *out)
{
	static const char macros[] = "j {daemon_name} {daemon_addr} {daemon_port} v _ "
				     "{client_addr} {client_name} {client_ptr} {client_port}";
	struct cursor c = cursor_on(offer);
	uint32_t version = cursor_u32(&c), actions = cursor_u32(&c), protocol = cursor_u32(&c);

	actions &= ACT_ADDHDRS | ACT_QUARANTINE | ACT_SETSYMLIST;
	protocol &= NO_BODY | NR_HDR | NR_EOH | RCPT_REJ;
	buf_put32(out, 1 + NEGOTIATION + (actions & ACT_SETSYMLIST ? 4 + sizeof macros : 0));
	buf_putc(out, 'O');
	buf_put32(out, version < MILTER_VERSION ? version : MILTER_VERSION);
	buf_put32(out, actions);
	buf_put32(out, protocol);
	if (actions & ACT_SETSYMLIST) {
		buf_put32(out, 0); /* at connect */
		buf_put(out, str_from(macros, sizeof macros));
	}
}

/* False ends the connection.  Macros and aborts have no answer, and what we negotiated away has
 * none either. */
static bool
answer(struct noop_conn *c, struct buf *out)
{
	switch (c->head[4]) {
	case 'O':
		if (c->have < HEAD + NEGOTIATION)
			return false;
		negotiate(str_from(c->head + HEAD, NEGOTIATION), out);
		return true;
	case 'D':
	case 'A':
	case 'K':
	case 'L':
	case 'N':
		return true;
	case 'Q':
		return false;
	default:
		buf_put32(out, 1);
		buf_putc(out, 'c');
		return true;
	}
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
