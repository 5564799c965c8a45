/*
 * daemon/control: the socket at which an administrator asks a worker about its state.
 *
 * One question a connection, see wire/control.h.  At most CONTROL_CONNECTIONS_MAX are served at
 * once, one more is told so and closed; who says nothing for CONTROL_WAIT_MS is dropped.  Nothing
 * can be changed from here.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <jansson.h>

#include "net/loop.h"

#define CONTROL_CONNECTIONS_MAX 8
#define CONTROL_WAIT_MS		5000

struct control;

/* Serve a listening descriptor, which stays its owner's.  status() gives the answer to "status",
 * with a reference; its strings are printable ASCII. */
struct control *control_new(struct loop *l, int fd, json_t *(*status)(void *ctx), void *ctx);
/* Take no more connections; those that are open come to their end. */
void control_stop(struct control *c);
/* Connections that are open: they are among the streams of the loop. */
size_t control_count(const struct control *c);
/* The loop must not run any more; loop_free() closes the descriptors.  NULL is fine, also above. */
void control_free(struct control *c);

#endif
