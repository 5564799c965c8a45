/*
 * checks/session: how does the client behave, beside what it sends?
 *
 * What it did in this session comes from a way in that sees it (the milter; a policy service sees
 * another HELO name only).  What it did in others is in the store, as counts that halve with time,
 * so one who is over a limit is put off for longer the further he is over it and while he goes on,
 * and is let in again by himself.  Being put off adds nothing: who comes again with the same
 * message does as he should.
 *
 * Nobody is over a limit of whom more messages were accepted here than things are counted: a busy
 * server that is monitored, verifies senders and has old lists does more of all that than a
 * stranger.  What is not known of a client is not held against him.
 */
#include "checks/session_private.h"

/* What is counted over sessions. */
static const struct counted {
	enum history_kind what;
	int code;
	size_t limit; /* of struct session_settings */
} counted[] = {
	{HISTORY_RESETS, MANY_RSETS, offsetof(struct session_settings, resets)},
	{HISTORY_COMMANDS, BAD_COMMANDS, offsetof(struct session_settings, commands)},
	{HISTORY_RECIPIENTS, BAD_RECIPIENTS, offsetof(struct session_settings, recipients)},
	{HISTORY_EMPTY, EMPTY, offsetof(struct session_settings, empty)},
};

/* What the client is known as, and what is known. */
struct known {
	struct str name;
	const struct history *client, *count[COUNT(counted)];
};

static int64_t
limit_of(const struct session_settings *set, const struct counted *c)
{
	return *(const int64_t *)(const void *)((const char *)set + c->limit);
}

static struct finding *
report(struct ask *q, struct findings *out, int code)
{
	struct finding *f = found(out, &session_codes[code]);

	finding_note(f, "client", ip_str(q, &q->client));
	return f;
}

/* False: not all of it is known yet. */
static bool
ask_counts(struct ask *q, struct known *k)
{
	const struct session_settings *set = q->settings;
	char room[HISTORY_NAME_MAX + 1];
	struct buf name = BUF(room);
	bool any = false, all = true;

	history_client_name(&q->client, &name);
	k->name = arena_str(q->scratch, buf_str(&name));
	for (size_t i = 0; i < COUNT(counted); i++) {
		if (!limit_of(set, &counted[i]))
			continue;
		k->count[i] = ask_history(q, counted[i].what, k->name);
		all &= k->count[i] != NULL;
		any = true;
	}
	if (any)
		k->client = ask_history(q, HISTORY_CLIENT, k->name);
	return all && (!any || k->client);
}

/* Were more of its messages accepted than that?  Of what cannot be told, too. */
static bool
is_trusted(const struct history *client, int64_t count)
{
	return client->status == HISTORY_FAIL ||
		(client->status == HISTORY_OK && client->n[HISTORY_ACCEPTED] > count);
}

static void
judge_count(struct ask *q, struct findings *out, const struct counted *c, const struct known *k,
	const struct history *before, const struct session *s)
{
	const struct session_settings *set = q->settings;
	int64_t limit = limit_of(set, c), count = session_count(s, c->what);

	if (before->status == HISTORY_OK && before->score > 0)
		count += before->score / HISTORY_POINT;
	if (count <= limit || is_trusted(k->client, count))
		return;
	struct finding *f = report(q, out, c->code);
	finding_note(f, "whom", k->name);
	finding_note(f, "count", arena_printf(q->scratch, "%lld", (long long)count));
	finding_note(f, "limit", arena_printf(q->scratch, "%lld", (long long)limit));
	if (set->disconnect)
		f->reply = (struct finding_reply){.code = 421, .enhanced = STR("4.7.0")};
}

/* The recipients of a message without sender are known at its end only. */
static enum check_status
judge_rcpts(struct ask *q, struct findings *out, const struct str *sender)
{
	const struct session_settings *set = q->settings;

	if (!set->null_rcpts || !sender->p || sender->n)
		return CHECK_DONE;
	const unsigned *rcpts = ask_rcpts(q);
	if (!rcpts)
		return CHECK_SO_FAR;
	if (*rcpts > set->null_rcpts)
		finding_note(report(q, out, NULL_RCPTS), "count",
			arena_printf(q->scratch, "%u", *rcpts));
	return CHECK_DONE;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	struct known k = {.client = NULL};
	bool counts = ask_counts(q, &k);
	const struct session *s = ask_session(q);
	const struct str *helo = ask_env(q, ENV_HELO), *sender = ask_env(q, ENV_MAIL_FROM);

	if (!counts || !s || !helo || !sender)
		return CHECK_WAIT;
	if (s->helo_before.n && helo->n) {
		struct finding *f = report(q, out, HELO_CHANGED);
		finding_note(f, "helo", *helo);
		finding_note(f, "before", s->helo_before);
	}
	for (size_t i = 0; i < COUNT(counted); i++)
		if (k.count[i])
			judge_count(q, out, &counted[i], &k, k.count[i], s);
	return judge_rcpts(q, out, sender);
}

const struct check check_session = {
	.name = "session",
	.help = "How the client behaves beside what it sends: another HELO name in the same "
		"session, "
		"RSET, commands and recipients that do not exist, connections without a message, "
		"bounces for many.  What is counted over sessions needs a store; what happened in "
		"a session is seen by the milter, a policy service sees only that the HELO name "
		"changed between two messages.  Whoever is over a limit is put off, longer the "
		"further he is over it, and is let in again by himself.",
	.codes = session_codes,
	.n_codes = SESSION_CODES,
	.section = &session_section,
	.run = run,
};
