/*
 * core/record: one judged transaction as a line of JSON, with the facts it was judged by.
 *
 * {"v":1,"id":"x","time":1764000000,"client":{"ip":"192.0.2.1","port":25},"helo":"mx.example",
 *  "from":"a@example","rcpt":["b@example.org"],"unknown":"none","facts":[
 *  {"q":"dns","name":"example","type":"TXT","status":"ok","ttl":300,"rr":["v=spf1 -all"]}]}
 *
 * A fact's "seq" tells answers that came over the wire apart.
 * How somebody behaved before is a fact too; "n" as in struct history, score in thousandths,
 * times in seconds; status ok, none, fail:
 *  {"q":"history","what":"client","name":"192.0.2.1","status":"ok","n":[12,3,0,0,0,0],"score":9000,
 *   "age":86400,"idle":60}
 * And what the mail server of the sender's domain says about him (fact/callout.h):
 *  {"q":"callout","name":"a@example","status":"refused","code":550,"stage":"RCPT TO",
 *   "said":"550 5.1.1 who?","mx":"mx.example","ip":"192.0.2.7",
 *   "transcript":["S: 220 mx.example","C: EHLO mx.example.org"]}
 * In a record without any, nothing is known of anybody's history, and of one that is not among them
 * neither.
 * With DNS lists also "canary":"16 hex digits" and "suspended":["list",...]: struct lists_now.
 * "helo_hex", "from_hex": the bytes, where helo and from are no text (record_put.h).
 * A verdict with "stage":"message" was given at the end of the message, header and all.
 * "session":[2,2,0,0,0,3], "n" of struct session, "helo_before":
 * its other name ("helo_before_hex"); "recipients":3: how many the message had in all.  Without
 * them, nobody knows.
 * "headers": the header section of the message ("headers_hex": its bytes), "smtputf8":true.
 * status: ok, none, nxdomain, fail, stale; unknown: how a question without a recorded answer is
 * answered, none or fail (default).  Unknown members are ignored, so that newer records can be
 * read.  A record is somebody else's bytes: everything is checked.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "conf/schema.h"
#include "fact/ask.h"
#include "mail/header.h"

#define RECORD_FACTS_MAX 4096
#define RECORD_TEXTS_MAX 1000 /* recipients, lists */
#define RECORD_LINE_MAX	 ((size_t)4 << 20)

struct json_in;

struct record_fact {
	struct str name;
	enum fact_kind kind;
	union { /* as in struct fact */
		enum dns_type type;
		enum history_kind history;
		unsigned what;
	};
	uint64_t hash;
	struct answer *answer;
};

struct record {
	struct source source; /* answers from the facts below; first, so that it can be found */
	struct history_source history;
	struct callout_source callouts;
	struct str id;
	int64_t time;
	struct ip client;
	uint16_t port;
	struct str helo, from;
	bool has_helo, has_from; /* else they are not known */
	struct words rcpt;
	uint64_t canary;	/* struct lists_now; 0: not recorded, so lists are believed */
	struct words suspended; /* names of DNS lists */
	struct session session;
	unsigned n_rcpts;	 /* when all were named; 0: not known */
	struct headers *headers; /* NULL: nobody knows the message's */
	struct message_head head;
	struct answer *unknown;
	size_t n_facts;
	struct record_fact *fact;
	bool has_history, has_callout; /* some fact is one */
	/* All of it, for whoever knows more of its members; borrows from the line, too. */
	const struct json_in *json;
};

/* Read one line; what *out points to lives in a, answers until record_done().  On false nothing
 * is to be freed and e says what is wrong. */
NODISCARD bool record_parse(struct arena *a, struct str line, struct record *out, struct errbuf *e);
void record_done(struct record *r);
/* The record's answers on histories; NULL where it has none. */
struct history_source *record_history(struct record *r);
/* The same for callouts. */
struct callout_source *record_callouts(struct record *r);

/* "ok", "none", "nxdomain", "fail", "stale". */
const char *record_status(const struct dns_answer *a);

#endif
