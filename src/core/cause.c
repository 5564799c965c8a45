/* core/cause: see cause.h.  The texts are in cause_sender.c, cause_message.c, cause_recipient.c. */
#include "base/must.h"

#include "core/cause_private.h"

const struct cause *
cause_get(enum cause_id id)
{
	must(id < CAUSE_COUNT);
	if (id < CAUSE_MESSAGE_FIRST)
		return &cause_rows_sender[id - CAUSE_SENDER_FIRST];
	if (id < CAUSE_RECIPIENT_FIRST)
		return &cause_rows_message[id - CAUSE_MESSAGE_FIRST];
	return &cause_rows_recipient[id - CAUSE_RECIPIENT_FIRST];
}

const struct cause *
cause_find(struct str id)
{
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++)
		if (str_eq(id, str_of(cause_get(i)->id)))
			return cause_get(i);
	return NULL;
}

static const struct {
	const char *name, *text;
} fixers[FIXER_COUNT] = {
	[FIXER_SENDER_USER] = {"sender_user", "the sender"},
	[FIXER_SENDER_ADMIN] = {"sender_admin", "the administrator of the sending server"},
	[FIXER_SENDER_ISP] = {"sender_isp", "whoever owns the sending address's network"},
	[FIXER_RECIPIENT] = {"recipient", "the recipient"},
	[FIXER_RECIPIENT_ADMIN] = {"recipient_admin", "the administrator of the receiving server"},
	[FIXER_NOBODY] = {"nobody", "nobody: there is nothing to repair"},
	[FIXER_UNKNOWN] = {"unknown", "not known"},
};

const char *
fixer_name(enum fixer f)
{
	must(f < FIXER_COUNT);
	return fixers[f].name;
}

const char *
fixer_text(enum fixer f)
{
	must(f < FIXER_COUNT);
	return fixers[f].text;
}
