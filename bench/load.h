/*
 * load: the core of the load generators: connections, pace, latencies, CPU and memory of the
 * servers, and the report.
 *
 * Closed loop: so many connections at a time work on one transaction each, with one outstanding
 * request, and take the next transaction when theirs is over.  A run has two passes: warm-up,
 * then, when its last answer has come, the measured one.  A protocol plugs in by struct
 * load_proto.  What would only happen on a broken server (a closed connection, silence for 30 s,
 * a malformed answer) is not measured but reported: errors are counted, silence ends the run.
 *
 * Connecting and writing block.  On loopback both are done by the kernel at once unless the
 * server's backlog or buffer is full, and then waiting is what the report should show.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "base/buf.h"
#include "base/str.h"

/* One line of the transaction file (workload.py): fields between tabs, `unknown` for a missing
 * name, an empty sender for bounces. */
struct load_tx {
	struct str kind;  /* good, none, mismatch, enduser */
	struct str addr;  /* the client's address */
	struct str name;  /* verified reverse name */
	struct str rname; /* reverse name, verified or not */
	struct str helo;
	struct str sender;
};

struct load_conn {
	int fd;		 /* -1: not connected */
	bool fresh;	 /* this is the connection's first transaction */
	uint64_t serial; /* number of the transaction in this run, from 1 */
	const struct load_tx *tx;
	/* The protocol's; zero at the start of a transaction. */
	unsigned stage, rcpt, header, refused;
	struct buf out; /* filled by the protocol, sent by the core */
	uint64_t begun_us, asked_us;
	size_t in_n, in_at;
	char in[4096];
	char room[16384];
};

enum load_step {
	LOAD_WAIT,  /* for more input */
	LOAD_DONE,  /* transaction over, the connection takes another */
	LOAD_CLOSE, /* transaction over, close when the rest is sent */
	LOAD_ERROR, /* the server broke the protocol */
};

/* `--name VALUE` for number and text, `--name` for flag; exactly one pointer is set. */
struct load_option {
	const char *name, *help;
	unsigned *number;
	const char **text;
	bool *flag;
};

struct load_proto {
	const char *name;
	const struct load_option *options; /* the protocol's own; ends with an empty name */
	/* The command line was read; may be NULL. */
	void (*prepare)(void);
	/* A transaction begins: fill c->out, or wait for the server's greeting. */
	void (*start)(struct load_conn *c);
	/* Bytes have come. */
	enum load_step (*input)(struct load_conn *c);
	/* Members of the report's object, each with a comma before it; may be NULL. */
	void (*report)(void);
};

/* Recipients of each transaction (--rcpts); the address of one of them. */
extern unsigned load_rcpts;
void load_put_rcpt(struct buf *out, unsigned i);

/* The next n bytes, or the next line without CR LF; false when they are not all there.  Valid
 * until input() returns. */
bool load_bytes(struct load_conn *c, size_t n, struct str *out);
bool load_line(struct load_conn *c, struct str *out);
/* An answer is complete: notes its latency since the last write, and its verdict in the tally. */
void load_answered(struct load_conn *c, struct str verdict);

/* Runs the program by its command line; returns the exit status. */
int load_main(const struct load_proto *proto, int argc, char **argv);

#endif
