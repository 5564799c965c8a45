/*
 * front/test_peer: the mail server's end in tests of the fronts.
 *
 * A real socket pair with a real stream and loop on the other side.
 */
#ifndef FRONT_TEST_PEER_H
#define FRONT_TEST_PEER_H

#include "front/front.h"

struct peer {
	int fd;
	char room[16 << 10];
	struct buf got; /* what has come since the last peer_said() */
	bool closed;	/* by the other side */
};

/* A fresh loop, the fake gate at its beginning; front_test_done() frees all. */
struct front *front_test_begin(
	struct front *(*make)(struct loop *l, struct gate *g, const struct front_limits *limits));
void front_test_done(void);
struct loop *front_test_loop(void);

void peer_connect(struct peer *p, struct front *f);
void peer_done(struct peer *p);
/* Let the other side work until nothing happens any more. */
void front_test_settle(void);
void peer_say(struct peer *p, struct str bytes);
/* What has come in answer, valid until the next call; settles before. */
struct str peer_hear(struct peer *p);

/* The fake gate's notes are these. */
void assert_notes(const char *want);

#endif
