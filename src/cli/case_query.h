/*
 * cli/case_query: which cases are meant: the options that several commands share.
 */
#ifndef CLI_CASE_QUERY_H
#define CLI_CASE_QUERY_H

#include <getopt.h>

#include "cli/open_store.h"

struct case_query {
	const char *client, *sender, *rcpt, *helo, *finding, *verdict, *queue, *since, *until;
};

/* Values of struct option.val, and their rows. */
enum {
	OPT_Q_CLIENT = 512,
	OPT_Q_SENDER,
	OPT_Q_RCPT,
	OPT_Q_HELO,
	OPT_Q_FINDING,
	OPT_Q_VERDICT,
	OPT_Q_QUEUE,
	OPT_Q_SINCE,
	OPT_Q_UNTIL
};
#define CASE_QUERY_OPTIONS                                           \
	{"client", required_argument, NULL, OPT_Q_CLIENT},           \
		{"sender", required_argument, NULL, OPT_Q_SENDER},   \
		{"rcpt", required_argument, NULL, OPT_Q_RCPT},       \
		{"helo", required_argument, NULL, OPT_Q_HELO},       \
		{"finding", required_argument, NULL, OPT_Q_FINDING}, \
		{"verdict", required_argument, NULL, OPT_Q_VERDICT}, \
		{"queue", required_argument, NULL, OPT_Q_QUEUE},     \
		{"since", required_argument, NULL, OPT_Q_SINCE},     \
	{                                                            \
		"until", required_argument, NULL, OPT_Q_UNTIL        \
	}

#define CASE_QUERY_HELP                                                                    \
	"  --client WHO        client address or network: 192.0.2.1, 192.0.2.0/24\n"       \
	"  --sender ADDRESS    sender; @example.org: all of this domain; <>: bounces\n"    \
	"  --rcpt ADDRESS      recipient; @example.org: all of this domain\n"              \
	"  --helo NAME         what the client said in HELO\n"                             \
	"  --finding ID        a finding, such as rdns_none\n"                             \
	"  --verdict VERDICT   accept, tag, quarantine, defer, reject: of one recipient\n" \
	"  --queue ID          queue id of the mail server\n"                              \
	"  --since TIME        not older than this: 7d, 12h, 30m; or 2026-01-31\n"         \
	"  --until TIME        not newer than this\n"

/* True: the option was one of these. */
bool case_query_option(struct case_query *q, int option, const char *value);
/* EX_OK, or an exit status after having said what is wrong.  Words live in a. */
int case_query_make(const char *command, const struct case_query *q, const struct config *c,
	struct arena *a, struct store_query *out);

#endif
