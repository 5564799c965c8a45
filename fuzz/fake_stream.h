/*
 * fake_stream: one stream without a socket, linked instead of net/stream.c.
 *
 * It keeps the contract of net/stream.h towards its handler, with the fuzz target as peer.  A
 * write that does not end with a whole answer, or holds two, cannot be seen from the bytes alone:
 * fake_stream_on_write is told of each.
 */
#ifndef FUZZ_FAKE_STREAM_H
#define FUZZ_FAKE_STREAM_H

#include "base/buf.h"
#include "net/stream.h"

/* To the beginning; the stream of the last run must have ended. */
void fake_stream_reset(void);
/* The peer says this. */
void fake_stream_say(struct str bytes);
/* Let the handler go on after stream_resume(), as the loop would. */
void fake_stream_turn(void);
/* The peer goes, unless the stream was closed before. */
void fake_stream_end(void);
bool fake_stream_is_closed(void);

/* Each stream_write(). */
extern void (*fake_stream_on_write)(struct str bytes);

#endif
