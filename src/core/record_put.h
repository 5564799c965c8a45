/*
 * core/record_put: write a judged transaction as the line of JSON that core/record reads.
 *
 * Beside what a record needs to be judged again it says what was decided:
 *
 *	"way":"policy", "queue":"4F3C", "settings":3 (generation), "took_us":812 (the longest)
 *	"auth":{"iprev":"pass","spf_mailfrom":"fail"}	results that are not none
 *	"skip":["dnsbl",...]	checks that were not made: switched off, or exempted
 *	"verdicts":[...]	one for each of "rcpt", in the same order:
 *		{"verdict":"reject","code":550,"enhanced":"5.7.25","score":9,"main":"rdns_none",
 *		 "reply":"without the codes"}; where they differ or apply also "would", "because",
 *		"exemption", "mailbox", "passing":true (by the daemon's state or an earlier try:
 *		the settings say "would")
 *	"findings":[{"id":"rdns_none","action":"score","points":4,"evidence":{"client":...}}]
 *		"escaped":["helo"]	keys of evidence that was no text and is escaped;
 *		the action as it counted for the recipient with the gravest verdict
 *	"confirmed":true	the client may speak for the sender: see checks/history
 *	"session", "helo_before", "recipients"	of the SMTP session, where somebody told of it
 *	"cut":true		there was no room for all findings and facts
 *
 * What somebody sent that is not UTF-8, or has control bytes in it, is no text: "helo" and "from"
 * are then escaped for people, and "helo_hex" and "from_hex" have the bytes.
 * No I/O, no memory; fast enough for each message.
 */
#ifndef CORE_RECORD_PUT_H
#define CORE_RECORD_PUT_H

#include "core/policy.h"

struct record_rcpt {
	struct str rcpt; /* as it is to be kept */
	const struct verdict *verdict;
	uint64_t took_us;
	bool at_end; /* decided at the end of the message, header and all */
};

struct record_out {
	struct str id, queue_id; /* queue_id may be empty */
	const char *way;
	uint16_t port;
	struct transaction *transaction;
	const struct check_set *checks;
	bool has_lists;		/* DNS lists were asked: "canary" and "suspended" count */
	struct words suspended; /* names of those that were not asked */
	bool hides_mailboxes;	/* the switches of a mailbox, which name it, are left out */
	unsigned settings;
	size_t n; /* at least one */
	const struct record_rcpt *rcpt;
};

#define RECORD_PUT_SOFT ((size_t)32 << 10) /* past it findings and facts are left out */
#define RECORD_PUT_MAX	((size_t)64 << 10) /* room enough for 10 recipients, whatever they are */
#define RECORD_PUT_RCPT 320		   /* bytes of a recipient that are kept */

/* No line end.  out->cut: there was no room; what stands there is no record. */
void record_put(const struct record_out *r, struct buf *out);

/* A JSON string with its quotes: what is no text is escaped as for people, and false told. */
bool json_put_text(struct buf *out, struct str s);

#endif
