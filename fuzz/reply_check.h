/*
 * reply_check: is this what the strictest mail server takes?
 *
 * Written from the rules (Postfix 3.12's milter8_valid_smtp_reply(), libmilter's smfi_setmlreply(),
 * RFC 5321 4.2), apart from the code that it judges.
 */
#ifndef FUZZ_REPLY_CHECK_H
#define FUZZ_REPLY_CHECK_H

#include "base/str.h"

/* "550 5.7.25 text" without line end; sep is the byte after the code. */
void check_reply_line(struct str line, char sep);
/* Data of a milter's reply code. */
void check_replycode(struct str data);
/* A policy answer with its empty line. */
void check_policy_answer(struct str answer);

#endif
