/*
 * cli/case_read: a case as it was kept (core/record_put.h), for those who show it.
 *
 * It may be older or newer than this program, or somebody else's work: everything is checked,
 * what is missing is empty, and a finding that is not known keeps its id and evidence.
 */
#ifndef CLI_CASE_READ_H
#define CLI_CASE_READ_H

#include "core/policy.h"
#include "core/record.h"

#define CASE_ID_SIZE 15 /* "7Q2K-M8RT-9FBC" and its NUL */

/* A case id as people write it: in any case, with or without hyphens, O for 0, I or L for 1.
 * False: it is none. */
NODISCARD bool case_id_parse(struct str s, char out[CASE_ID_SIZE]);

struct case_finding {
	struct str id;
	const char *check;	/* NULL: this version does not know it, nor its code */
	struct action action;	/* as it counted then */
	struct finding finding; /* code may be NULL */
};

struct case_rcpt {
	struct str rcpt;
	enum verdict_kind kind, would;
	int32_t score; /* hundredths */
	unsigned code; /* 0: none */
	bool at_end;   /* decided at the end of the message */
	struct str enhanced, reply, because, exemption, mailbox;
	const struct case_finding *main; /* may be NULL */
};

struct stored_case {
	struct record record;
	struct str way, queue_id;
	struct str iprev, spf_helo, spf_mailfrom; /* results as words, or empty */
	int64_t settings, took_us;
	bool cut;
	int reported; /* afterwards, for whoever knows: 1 as spam, -1 as wanted */
	size_t n_rcpts, n_findings;
	struct case_rcpt *rcpt;
	struct case_finding *finding;
};

/* What *out points to lives in a; answers until case_done().  False with e filled: nothing is to be
 * freed. */
NODISCARD bool case_read(
	struct arena *a, struct str line, struct stored_case *out, struct errbuf *e);
void case_done(struct stored_case *c);

/* Was it judged at the end of its message?  verdict: an item of "verdicts". */
bool case_is_at_end(const struct json_in *verdict);
/* What there is of a message's header in a record: the header itself, or, of a case that was judged
 * at the end of its message, what was found in it.  False: neither.  *out lives in a. */
bool case_head(struct arena *a, const struct record *r, struct message_head *out);

/* The recipient that fared worst; NULL: there is none. */
const struct case_rcpt *case_worst(const struct stored_case *c);
/* The reply as the mail server was given it, with its codes; empty: there was none. */
struct str case_reply(struct arena *a, const struct case_rcpt *r);

#endif
