/*
 * checks/session: the table of its findings; see session.c.
 *
 * What is counted puts off and does no more: it says nothing of the message at hand, and the
 * mailing that was sent to an old list is over tomorrow.
 */
#include "checks/session_private.h"

#define PUT_OFF                                                                                 \
	.action = {ACTION_DEFER}, .passing = true, .cause = CAUSE_TOO_MANY_ERRORS, .code = 550, \
	.enhanced = "5.7.1"

const struct finding_code session_codes[SESSION_CODES] = {
	[HELO_CHANGED] = {.id = "session_helo_changed",
		.label = "sending system changed its name",
		.text = "the sending system said HELO {before} and then HELO {helo} in one session",
		.fix = "ask the administrator of {client} to give its mail server one HELO name",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(200),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.4"},
	[MANY_RSETS] = {.id = "session_many_rsets",
		.label = "many messages given up",
		.text = "{whom} began {count} messages here of late and gave them up, so its mail "
			"has to wait",
		.fix = "find out what gives the messages up; mail is let in again by itself when a "
		       "while has passed",
		.reference = "RFC 5321 4.1.1.5",
		PUT_OFF},
	[BAD_COMMANDS] = {.id = "session_bad_commands",
		.label = "many commands that do not exist",
		.text = "{whom} gave {count} commands here of late that do not exist, so its mail "
			"has to wait",
		.fix = "find out what sends them; mail is let in again by itself when a while has "
		       "passed",
		.reference = "RFC 5321 4.2.4",
		PUT_OFF},
	[BAD_RECIPIENTS] = {.id = "session_bad_recipients",
		.label = "many recipients that do not exist",
		.text = "{whom} wrote to {count} recipients of late who do not exist here, more "
			"than to those who do, so its mail has to wait",
		.fix = "take those addresses out of the list; mail is let in again by itself when "
		       "a "
		       "while has passed",
		.reference = "RFC 5321 7.3",
		PUT_OFF},
	[EMPTY] = {.id = "session_empty",
		.label = "connects and leaves",
		.text = "{whom} connected {count} times of late without sending anything, so its "
			"mail has to wait",
		.fix = "find out what connects; mail is let in again by itself when a while has "
		       "passed",
		.reference = "RFC 5321 4.5.4.1",
		PUT_OFF},
	[NULL_RCPTS] = {.id = "session_null_sender_many_rcpts",
		.label = "bounce for many",
		.text = "the message has no sender, as a bounce, and {count} recipients; a bounce "
			"goes to the one who sent the message",
		.fix = "ask the administrator of {client} to send what is no bounce with a sender",
		.cause = CAUSE_PROTOCOL_ERROR,
		.action = SCORE(400),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.5.5"},
};
