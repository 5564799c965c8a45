/*
 * wire/control: the control socket's protocol.
 *
 * The asker says one line, "status" and LF; the daemon answers one line, a JSON object, and closes.
 * What is no command is answered by {"error":"..."}.  Neither side trusts the other: a request has
 * at most CONTROL_REQUEST_MAX bytes, an answer CONTROL_ANSWER_MAX, and an answer is printable ASCII
 * throughout, so that it cannot command a terminal.  What is in the object is not decided here.
 */
#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H

#include "base/buf.h"
#include "base/str.h"

#define CONTROL_REQUEST_MAX ((size_t)256)	/* with its line end */
#define CONTROL_ANSWER_MAX  ((size_t)256 << 10) /* likewise */

enum control_request {
	CONTROL_MORE, /* not yet complete: come again with these bytes and more behind them */
	CONTROL_STATUS,
	CONTROL_UNKNOWN,  /* *line_out is what it says */
	CONTROL_TOO_LONG, /* no line end within CONTROL_REQUEST_MAX bytes */
};

/* Read the request that bytes begin with; what follows it is nobody's concern.  *line_out borrows
 * from bytes: the line without its end and without blanks around it. */
enum control_request control_read(struct str bytes, struct str *line_out);
/* The name of a command, for the asker: "status\n". */
void control_put_request(struct buf *b, enum control_request command);

/* All that the daemon said until it closed: the answer without its line end in *line_out, borrowed;
 * false when it is not one whole line of printable ASCII within the limit. */
bool control_answer(struct str bytes, struct str *line_out) NODISCARD;

#endif
