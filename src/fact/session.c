/* fact/session: see session.h. */
#include "fact/session.h"

static int64_t
beyond(uint32_t n, uint32_t free)
{
	return n > free ? (int64_t)n - free : 0;
}

int64_t
session_count(const struct session *s, enum history_kind what)
{
	if (!s->known)
		return 0;
	switch (what) {
	case HISTORY_RESETS:
		return beyond(s->n[SESSION_RESETS], s->n[SESSION_MESSAGES]);
	case HISTORY_COMMANDS:
		return beyond(s->n[SESSION_COMMANDS], SESSION_COMMANDS_FREE);
	case HISTORY_RECIPIENTS:
		return beyond(s->n[SESSION_BAD_RCPTS], s->n[SESSION_RCPTS]);
	case HISTORY_EMPTY:
		return s->n[SESSION_MAILS] == 0;
	case HISTORY_CLIENT:
	case HISTORY_REFUSALS:
	case HISTORY_SENDER:
	case HISTORY_DOMAIN:
	case HISTORY_SEEN:
	case HISTORY_REGISTERED:
		break;
	}
	return 0;
}
