/*
 * wire/callout: what a worker and the process that makes callouts say to each other.
 *
 *	length	2	of what follows
 *	type	1
 *	body
 *
 *	ASK	id 4, address		worker to caller
 *	ANSWER	id 4, hold 4, callout	the other way; hold: seconds for which it may be used again
 *
 * Integers are big-endian; a callout as fact/callout.h prints it, which is not looked at here. Both
 * sides are of one program and one user, and still neither believes the other.  No I/O.
 */
#ifndef WIRE_CALLOUT_H
#define WIRE_CALLOUT_H

#include "base/buf.h"

#define CALLOUT_FRAME_MAX 5120 /* of a whole frame */

struct callout_frame {
	bool is_answer;
	uint32_t id, hold_s;
	struct str body; /* the address, or the callout */
};

enum callout_frame_status {
	CALLOUT_FRAME_MORE, /* not yet complete */
	CALLOUT_FRAME_OK,
	CALLOUT_FRAME_BAD, /* close */
};
/* *out borrows from bytes. */
enum callout_frame_status callout_frame_read(
	struct str bytes, struct callout_frame *out, size_t *used_out);
/* Nothing is written where it does not fit (body too long, or out). */
void callout_frame_put(const struct callout_frame *f, struct buf *out);

#endif
