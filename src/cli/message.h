/*
 * cli/message: the header section of a message in a file, for a command that judges it.
 *
 * The body is not read further than a header section may be long.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "core/check.h"
#include "mail/header.h"

struct cli_message {
	struct arena arena;
	struct headers headers;
};

/* path: "-" is standard input.  EX_OK, or what is wrong has been said. */
int cli_message_read(const char *path, struct cli_message *out);
void cli_message_done(struct cli_message *m);

/* When this site's own server took the message, in seconds since 1970: what the topmost Received
 * says, if one of our names stands in it.  0: nobody knows. */
int64_t cli_message_taken(const struct cli_message *m, const struct site *site);

/* A time as somebody types it: seconds since 1970, "2026-01-02T03:04:05Z", or as in Date. */
bool cli_time_parse(struct str text, int64_t *out);

#endif
