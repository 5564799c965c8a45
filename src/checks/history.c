/*
 * checks/history: how did this client, this sender, this sender's domain behave here before?
 *
 * What counts is the share of its messages that was refused, not their number: a score grows by one
 * with each message that was accepted, falls by one with each that was refused, and halves with
 * time.  So it is negative exactly where, of late, more than half was refused, and who sends much
 * that is good may have some refused.  Good is who is far above zero and had few refused in all.
 *
 * The narrowest that is known decides: the sender before the domain before the client, or one bad
 * address at a large provider would be forgiven for the provider's sake.
 *
 * A sender's address can be forged.  So good news about sender and domain counts only for a client
 * that may speak for it: SPF passes for it, by a record that does not let in the whole world, or
 * the client's confirmed reverse name is in that domain.  Bad news counts for everybody who says
 * the name: a forger hurts only himself.  By the same rule whoever writes histories charges a
 * message to its sender or to the client alone (findings.sender_confirmed), or forgers would ruin
 * the name.
 *
 * Trouble of the store is never absence: nobody is new while it is away.  It is a temporary
 * finding, since a reward may be missing.  The null sender has no history.
 */
#include "checks/history_private.h"
#include "mail/psl.h"

/* Whose history it is. */
struct subject {
	enum history_kind what;
	char room[HISTORY_NAME_MAX + 1];
	struct str name;	 /* empty: there is none */
	const struct history *h; /* NULL: not known yet */
};

enum { SENDER, DOMAIN, CLIENT, SUBJECTS }; /* the narrowest first */

static enum history_status
status_of(const struct subject *s)
{
	return s->h ? s->h->status : HISTORY_UNKNOWN;
}

static struct finding *
report(struct ask *q, struct findings *out, int code, const struct subject *s)
{
	static const char *const whose[] = {[HISTORY_CLIENT] = "the client ",
		[HISTORY_REFUSALS] = "the client ",
		[HISTORY_SENDER] = "the sender ",
		[HISTORY_DOMAIN] = "the sender's domain "}; /* of others it does not ask */
	struct finding *f = found(out, &history_codes[code]);
	const struct history *h = s->h;
	struct str name = arena_str(q->scratch, s->name);

	finding_note(f, "client", ip_str(q, &q->client));
	finding_note(f, "what", str_of(history_kind_name(s->what)));
	finding_note(f, "value", name);
	finding_note(f, "whom", arena_printf(q->scratch, "%s%.*s", whose[s->what], STR_ARG(name)));
	if (s->what == HISTORY_DOMAIN)
		finding_note(f, "domain", name);
	if (h->status != HISTORY_OK || s->what == HISTORY_REFUSALS)
		return f;
	long long all = h->n[HISTORY_ACCEPTED] + h->n[HISTORY_REFUSED], spam = h->n[HISTORY_SPAM];
	struct str reported =
		spam ? arena_printf(q->scratch, ", %lld reported for spam", spam) : STR("");
	finding_note(f, "record",
		arena_printf(q->scratch, "%lld message%s, %lld of them refused%.*s", all,
			all == 1 ? "" : "s", (long long)h->n[HISTORY_REFUSED], STR_ARG(reported)));
	return f;
}

static enum check_status
temperror(struct ask *q, struct findings *out, const struct subject *s, const char *reason)
{
	finding_note(report(q, out, TEMPERROR, s), "reason", str_of(reason));
	return CHECK_DONE;
}

static bool
is_good(const struct history_settings *s, const struct history *h)
{
	int64_t all = h->n[HISTORY_ACCEPTED] + h->n[HISTORY_REFUSED];

	return h->status == HISTORY_OK && h->score >= s->good_at * HISTORY_POINT &&
		h->n[HISTORY_REFUSED] * 100 <= s->good_refused * all;
}

static bool
is_bad(const struct history_settings *s, const struct history *h)
{
	return h->status == HISTORY_OK && h->score <= -s->bad_at * HISTORY_POINT;
}

static bool
is_abused(const struct history_settings *s, const struct history *h)
{
	int64_t reports = h->n[HISTORY_SPAM] - h->n[HISTORY_HAM];

	return h->status == HISTORY_OK && reports > 0 &&
		(s->spam_outweighs == 0 || h->n[HISTORY_ACCEPTED] / s->spam_outweighs < reports);
}

/* May the client speak for the sender?  The domain is the registrable one. */
static enum confirmed
ask_sender_confirmed(struct ask *q, struct str domain)
{
	const struct findings *spf = ask_findings(q, &check_spf);
	const struct findings *rdns = ask_findings(q, &check_rdns);

	if (!spf || !rdns)
		return CONFIRMED_WAIT;
	if (spf->spf_vouches || str_eq(psl_registrable(rdns->confirmed), domain))
		return CONFIRMED_YES;
	return spf->spf_mailfrom == AUTH_TEMPERROR || rdns->iprev == AUTH_TEMPERROR
		? CONFIRMED_UNKNOWN
		: CONFIRMED_NO;
}

/* The first who is clearly good or bad, or of whom it cannot be told. */
static enum check_status
judge(struct ask *q, struct findings *out, const struct subject who[SUBJECTS],
	enum confirmed confirmed)
{
	const struct history_settings *set = q->settings;

	if (who[SENDER].h && is_abused(set, who[SENDER].h))
		return report(q, out, ABUSED, &who[SENDER]), CHECK_DONE;
	for (const struct subject *s = who; s < &who[SUBJECTS]; s++) {
		if (status_of(s) == HISTORY_UNKNOWN)
			continue;
		if (s->h->status == HISTORY_FAIL)
			return temperror(q, out, s, "the store did not answer");
		if (is_bad(set, s->h))
			return report(q, out, BAD, s), CHECK_DONE;
		if (!is_good(set, s->h))
			continue;
		if (s == &who[CLIENT] || confirmed == CONFIRMED_YES)
			return report(q, out, GOOD, s), CHECK_DONE;
		if (confirmed == CONFIRMED_UNKNOWN)
			return temperror(q, out, s, "DNS did not answer whether this client is it");
	}
	return CHECK_DONE;
}

static void
judge_client(struct ask *q, struct findings *out, const struct subject *client,
	const struct subject *refusals)
{
	const struct history_settings *set = q->settings;
	int64_t count = refusals->h->score / HISTORY_POINT;

	if (client->h->status == HISTORY_NONE)
		report(q, out, NEW_CLIENT, client);
	if (set->too_many == 0 || refusals->h->status != HISTORY_OK || count < set->too_many ||
		client->h->status == HISTORY_FAIL || is_good(set, client->h))
		return;
	finding_note(report(q, out, TOO_MANY, refusals), "count",
		arena_printf(q->scratch, "%lld", (long long)count));
}

static void
ask_about(struct ask *q, struct subject *s, enum history_kind what, const struct str *sender)
{
	struct buf b = BUF(s->room);

	s->what = what;
	if (!sender)
		history_client_name(&q->client, &b);
	else if (!(what == HISTORY_SENDER ? history_sender_name(*sender, &b)
					  : history_domain_name(*sender, &b)))
		return;
	s->name = buf_str(&b);
	s->h = ask_history(q, what, s->name);
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	struct subject who[SUBJECTS] = {0}, refusals = {0};
	enum confirmed confirmed = CONFIRMED_NO;
	bool waits;

	ask_about(q, &who[CLIENT], HISTORY_CLIENT, NULL);
	if (who[CLIENT].h && who[CLIENT].h->status == HISTORY_UNKNOWN)
		return CHECK_DONE;
	ask_about(q, &refusals, HISTORY_REFUSALS, NULL);
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);
	waits = !who[CLIENT].h || !refusals.h || !sender;
	if (sender && sender->n) {
		ask_about(q, &who[SENDER], HISTORY_SENDER, sender);
		ask_about(q, &who[DOMAIN], HISTORY_DOMAIN, sender);
		if (who[DOMAIN].name.n)
			confirmed = ask_sender_confirmed(q, who[DOMAIN].name);
		waits |= (who[SENDER].name.n && !who[SENDER].h) ||
			(who[DOMAIN].name.n && !who[DOMAIN].h) || confirmed == CONFIRMED_WAIT;
	}
	if (waits)
		return CHECK_WAIT;
	out->sender_confirmed = confirmed == CONFIRMED_YES;
	judge_client(q, out, &who[CLIENT], &refusals);
	return judge(q, out, who, confirmed);
}

const struct check check_history = {
	.name = "history",
	.help = "How client, sender and sender's domain behaved here before: how many of their "
		"messages were accepted, refused, reported for spam.  Good news about a sender "
		"counts only where SPF or the reverse name confirms the client; bad news always.  "
		"While the store does not answer, a refusal that history_good might have averted "
		"is put off, and let in when it comes again.",
	.codes = history_codes,
	.n_codes = HISTORY_CODES,
	.section = &history_section,
	.run = run,
};
