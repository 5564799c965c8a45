/*
 * milter_event: packets of the mail server's side: events with the macros before them, by what the
 * filter negotiated.
 */
#ifndef BENCH_MILTER_EVENT_H
#define BENCH_MILTER_EVENT_H

#include "load.h"
#include "milter_wire.h"

/* In the order of a session. */
enum stage {
	S_NEGOTIATE,
	S_CONNECT,
	S_HELO,
	S_MAIL,
	S_RCPT,
	S_DATA,
	S_HEADER,
	S_EOH,
	S_BODY,
	S_EOM,
	S_COUNT,
};

/* Header fields of the message: c->header counts them. */
enum { MILTER_HEADERS = 10 };

/* Name of a stage, as --hold takes it. */
const char *milter_stage_name(enum stage stage);

/* Macros and event of c->stage (c->rcpt, c->header) to c->out; false where no answer will come. */
bool milter_put_event(struct load_conn *c);
/* A command without data. */
void milter_put_bare(struct load_conn *c, char command);

/* We offer everything. */
void milter_put_negotiation(struct load_conn *c);
/* The filter's answer, kept for all connections: they talk to one filter.  False when it is
 * malformed or takes what was not offered. */
bool milter_read_negotiation(struct str data);
/* Members of the report. */
void milter_report_negotiation(void);

#endif
