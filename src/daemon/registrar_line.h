/*
 * daemon/registrar_line: a worker's way to the process that asks registries (registrar.h).
 *
 * One way: which domain is to be asked about.  Nothing is waited for, and nothing comes back: the
 * answer is in the store some time later.  What cannot be sent at once is not sent.
 */
#ifndef DAEMON_REGISTRAR_LINE_H
#define DAEMON_REGISTRAR_LINE_H

#include "base/str.h"
#include "net/loop.h"

struct registrar_line;

/* name: who listens there, see net/local.h. */
struct registrar_line *registrar_line_new(struct loop *l, const char *name);
void registrar_line_free(struct registrar_line *l); /* NULL is fine */
/* domain: a registrable one. */
void registrar_line_want(struct registrar_line *l, struct str domain);

#endif
