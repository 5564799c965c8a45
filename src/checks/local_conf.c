/* checks/local_conf: the sections [list NAME]; see local.h. */
#include <assert.h>

#include "checks/local.h"
#include "conf/value.h"

#define ROW(member) offsetof(struct list_settings, member)

static const char *const kinds[] = {"block", "allow", NULL};

static const struct setting rows[] = {
	{"file", SETTING_STRING, ROW(file), "", 0, 0, NULL,
		"The file of the list; needed.  One entry a line: an address, a network, a domain "
		"(with all names below it; \"=NAME\" for the name alone, \".NAME\" for those below "
		"it alone) or a sender's address; \"!\" before it makes an exception from a wider "
		"entry; after it a reply of its own and a comment (\"# ...\") where wanted.  It is "
		"read again when it changes."},
	{"kind", SETTING_CHOICE, ROW(kind), "block", 0, 0, kinds,
		"What it means to be on the list: refused, or let in whatever else is found.  "
		"block goes before allow."},
	{"match", SETTING_WORDS, ROW(match), "", 0, 0, NULL,
		"What is looked up in it: client (the address), rdns (its reverse names), helo, "
		"sender (the address or its domain).  Empty: all of them; in a list that allows "
		"all but the sender, whom anybody can forge.  A reverse name or a HELO lets "
		"somebody in only where the name resolves to the client.",
		ROW(match_line)},
	{"reply", SETTING_STRING, ROW(reply), "", 0, 0, NULL,
		"What is said for an entry that has no reply of its own, as in \"553 5.7.1 "
		"user-defined policy: write to postmaster\".  A code 4xx defers.  Empty: what the "
		"finding local_block says.",
		ROW(reply_line)},
	{"show_comment", SETTING_BOOL, ROW(show_comment), "no", 0, 0, NULL,
		"Show the comment of the entry in the reply.  In the log it always stands."},
};

static bool
read_match(const struct list_settings *s, bool allow, unsigned *out, struct errbuf *e)
{
	static const char *const names[] = {"client", "rdns", "helo", "sender"};

	static_assert(LOCAL_CLIENT == 1 && LOCAL_RDNS == 2 && LOCAL_HELO == 4 && LOCAL_SENDER == 8,
		"bits in the order of the names");
	if (!words_to_bits(&s->match, "match", names, COUNT(names), out, e))
		return false;
	if (!*out)
		*out = LOCAL_CLIENT | LOCAL_RDNS | LOCAL_HELO | (allow ? 0 : LOCAL_SENDER);
	if (allow && (*out & LOCAL_SENDER))
		return err(e,
			"a list that allows cannot match the sender: anybody can write one, so it "
			"would let in whoever forges it; match client or rdns");
	return true;
}

bool
local_list_compile(const struct list_settings *s, struct local_list *out, struct errbuf *e)
{
	struct local_list l = {.name = s->name, .allow = s->kind, .show_comment = s->show_comment};
	struct table_reply reply;

	if (!s->file.n)
		return err(e, "the list has no file: file = /PATH");
	e->line = s->match_line ? s->match_line : e->line;
	if (!read_match(s, l.allow, &l.match, e))
		return false;
	e->line = s->reply_line ? s->reply_line : e->line;
	if (s->reply.n && l.allow)
		return err(e, "a list that allows says nothing: reply is for lists that block");
	if (s->reply.n) {
		if (!table_reply_parse(s->reply, &reply, e))
			return false;
		l.reply = (struct finding_reply){reply.code, reply.enhanced, reply.text};
	}
	*out = l;
	return true;
}

unsigned
local_kinds(unsigned match)
{
	unsigned kind = 0;

	if (match & LOCAL_CLIENT)
		kind |= TABLE_ADDRESSES;
	if (match & (LOCAL_RDNS | LOCAL_HELO | LOCAL_SENDER))
		kind |= TABLE_NAMES;
	if (match & LOCAL_SENDER)
		kind |= TABLE_SENDERS;
	return kind;
}

static bool
check_section(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct local_list ignored;

	return local_list_compile(section_struct, &ignored, e);
}

const struct section local_list_section = {
	.name = "list",
	.help = "A list of the administrator's own in a file, looked up without DNS by the check "
		"local.",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct list_settings),
	.named = true,
	.check = check_section,
};
