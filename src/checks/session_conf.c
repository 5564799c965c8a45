/* checks/session: its settings; see session.c. */
#include "checks/checks.h"

#define ROW(member) offsetof(struct session_settings, member)
#define MANY	    1000000

static const struct setting settings[] = {
	{"resets", SETTING_NUMBER, ROW(resets), "100", 0, MANY, NULL,
		"session_many_rsets: more messages that were begun and given up; 0: never.  One "
		"for "
		"each message that came to its end does not count, nor where a recipient was "
		"refused.  RSET outside of a message is not seen."},
	{"bad_commands", SETTING_NUMBER, ROW(commands), "25", 0, MANY, NULL,
		"session_bad_commands: more commands that the mail server does not know; 0: never. "
		" The first three of a session do not count."},
	{"bad_recipients", SETTING_NUMBER, ROW(recipients), "20", 0, MANY, NULL,
		"session_bad_recipients: more recipients that the mail server itself refuses; 0: "
		"never.  It counts by how many they outnumber the other recipients of the same "
		"session."},
	{"empty", SETTING_NUMBER, ROW(empty), "100", 0, MANY, NULL,
		"session_empty: more sessions without MAIL; 0: never.  A host that is monitored "
		"every five minutes counts for about 17."},
	{"half_life", SETTING_DURATION, ROW(half_life), "1h", 1000, 2592000000LL, NULL,
		"All these count half after this time, a quarter after twice as long, over all "
		"sessions of one IPv4 address or IPv6 network of 64 bits; and only while no more "
		"messages of the client were accepted than that."},
	{"disconnect", SETTING_BOOL, ROW(disconnect), "no", 0, 0, NULL,
		"Answer with 421, so that the mail server ends the session, instead of 451.  That "
		"spares connections; but it also takes away the way to postmaster, and what else "
		"the client would have sent in this session."},
	{"null_sender_recipients", SETTING_NUMBER, ROW(null_rcpts), "1", 0, MANY, NULL,
		"session_null_sender_many_rcpts: more recipients of one message with the null "
		"sender; 0: any number is right.  Seen by the milter, at the message's end."},
};

const struct section session_section = {
	.name = "session",
	.help = "The check session: how a client behaves beside what it sends.  What is counted "
		"over sessions needs a store (section store); without one only what happens in the "
		"same session counts.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct session_settings),
};
