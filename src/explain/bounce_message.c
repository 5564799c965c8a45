/* explain/bounce: messages: whether one is a bounce at all, and what its report says. */
#include "explain/bounce_private.h"
#include "explain/text.h"

#define HOLDS(s, words) explain_holds(s, words, COUNT(words))

/* Who writes bounces, and how they are titled. */
static const char *const writers[] = {"mailer-daemon", "postmaster", "post_master", "mail delivery",
	"mailerdaemon", "mdaemon", "delivery subsystem", "mail-daemon", "bounce", "maildaemon",
	"mail system", "mail administrator", "mailer daemon", "mailsystem", "mail router",
	"exchange", "emailadmin", "system administrator", "systemadministrator",
	"administrateur syst", "mailgate"};
static const char *const titles[] = {"undeliver", "returned mail", "failure notice",
	"mail delivery", "delivery fail", "delivery status", "delivery error", "delivery problem",
	"delivery report", "non-deliver", "nondeliver", "non deliver", "not deliver",
	"unable to deliver", "could not", "returned to sender", "mail failure", "mail fail",
	"delivery has", "delivery notif", "delivery incomplete", "delivery delay", "delayed mail",
	"message delay", "bounce", "nicht zustell", "unzustell", "zustellung", "non remis",
	"chec de remise", "remise", "mancato recapito", "recapito", "no se puede", "no entregad",
	"no se entreg", "entrega", "onbestelbaar", "kan niet", "mail system error", "error sending",
	"rejected", "refused", "ndn:", "dsn:", "warning:", "mail error", "message undelivered",
	"message could", "delivery unsuccess", "failed", "send error", "niet bezorgd",
	"olevererbar", "toimittamaton", "nie mo\xc5\xbcna", "niedostarcz",
	"\xe9\x85\x8d\xe4\xbf\xa1", "\xe9\x80\x81\xe4\xbf\xa1",
	"\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc", "\xe9\x80\x80\xe4\xbf\xa1",
	"\xe9\x80\x80\xe5\x9b\x9e",
	"\xd0\xbd\xd0\xb5 \xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2", "error in mail"};
/* How the words of bounces begin. */
static const char *const words[] = {"could not be delivered", "couldn't be delivered",
	"wasn't able to deliver", "was not delivered", "wasn't delivered", "not been delivered",
	"unable to deliver", "undeliverable", "delivery has failed", "delivery failed",
	"permanent error", "permanent fatal error", "did not reach", "failed permanently",
	"cannot be delivered", "can't be delivered", "returned to you", "delivery attempts",
	"delivery to the following", "could not deliver", "said: 5", "has not been delivered",
	"nicht zugestellt", "konnte nicht", "permanent failure", "failed to deliver",
	"delivery to these recipients", "n'a pas pu", "non \xc3\xa8 stato", "no se pudo",
	"message has been rejected", "message was rejected", "could not send your message",
	"notificationtype\":\"bounce", "not a valid user"};
/* What answers by itself without being a bounce. */
static const char *const answers[] = {"out of office", "out of the office", "automatic reply",
	"autoreply", "auto-reply", "auto reply", "vacation", "abwesenheit", "abwesend",
	"automatische antwort", "auto:", "autoresponder", "auto response", "away from"};
static const char *const answer_words[] = {"out of the office", "on vacation", "on holiday",
	"will respond to your", "im urlaub", "nicht im b\xc3\xbcro", "i am away", "i'm away",
	"auto-generated reply", "automatic reply", "automated response"};

static bool
is_served(struct str action)
{
	return str_has_prefix_nocase(action, STR("deliver")) ||
		str_has_prefix_nocase(action, STR("relay")) ||
		str_has_prefix_nocase(action, STR("expand"));
}

static struct str
address_in(struct str s)
{
	struct str out = STR("");

	(void)explain_address_next(&s, &out);
	return out;
}

/* What the words for people say of one recipient, or all of them. */
static struct str
words_about(const struct bounce *said, struct str recipient, struct str all)
{
	for (size_t i = 0; i < said->n; i++)
		if (str_eq_nocase(said->failure[i].recipient, recipient) &&
			said->failure[i].words.n)
			return said->failure[i].words;
	return all;
}

static void
from_report(struct arena *a, const struct message *m, struct str text, struct bounce *out)
{
	struct bounce *said = arena_new(a, struct bounce);

	bounce_from_text(a, text, said);
	for (size_t i = 0; i < m->n; i++) {
		const struct report_recipient *r = &m->recipient[i];
		if (is_served(r->action))
			continue;
		struct failure *f = bounce_add(out);
		if (!f)
			return;
		f->recipient = r->original.n && !r->final.n ? r->original : r->final;
		f->status = r->status;
		f->host = r->remote;
		f->delayed = str_has_prefix_nocase(r->action, STR("delay"));
		f->words = words_about(said, f->recipient, text);
		if (r->diagnostic.n)
			bounce_set_reply(f, r->diagnostic);
		else if (said->n == 1 && said->failure[0].code)
			bounce_set_reply(f, said->failure[0].reply);
		if (!f->enhanced.n)
			f->enhanced = explain_enhanced_find(r->status);
	}
	/* The reporter is the sender's own server unless it is where the mail should have gone. */
	for (size_t i = 0; i < out->n; i++)
		if (explain_host_is_under(
			    m->reporter, explain_domain_of(out->failure[i].recipient)) ||
			str_eq_nocase(m->reporter, out->failure[i].host))
			return;
	out->reporter = m->reporter;
}

static enum saying
why_no_bounce(const struct message *m, struct str text)
{
	bool by_machine = HOLDS(m->from, writers) || m->failed_recipients.n;
	bool titled = HOLDS(m->subject, titles);

	if (m->feedback)
		return SAY_NONE_ABUSE;
	if (m->dsn && m->n) {
		for (size_t i = 0; i < m->n; i++)
			if (!is_served(m->recipient[i].action))
				return SAY_NOTHING;
		return SAY_NONE_DELIVERED;
	}
	if (m->disposition)
		return SAY_NONE_RECEIPT;
	if ((HOLDS(m->subject, answers) || HOLDS(text, answer_words)) && !m->failed_recipients.n &&
		!(by_machine && titled))
		return SAY_NONE_ABSENCE;
	if (by_machine || titled || HOLDS(text, words) || bounce_has_reply(text))
		return SAY_NOTHING;
	if (str_has_prefix_nocase(m->auto_submitted, STR("auto-replied")))
		return SAY_NONE_ANSWER;
	return SAY_NONE_AT_ALL;
}

void
bounce_from_message(struct arena *a, const struct message *m, struct bounce *out)
{
	struct str text = bounce_before_copy(m->text);

	/* Somebody passes a bounce on as an attachment. */
	if (!m->dsn && !m->feedback && m->enclosed &&
		(m->enclosed->dsn ||
			(!HOLDS(m->from, writers) && HOLDS(m->enclosed->from, writers)))) {
		bounce_from_message(a, m->enclosed, out);
		return;
	}
	out->from = m->from;
	out->subject = m->subject;
	out->text = m->text;
	out->said = text;
	out->sender = address_in(m->enclosed_from.n ? m->enclosed_from : m->to);
	out->why = why_no_bounce(m, text);
	if (out->why != SAY_NOTHING) {
		out->kind = BOUNCE_NONE;
		return;
	}
	out->kind = m->dsn && m->n ? BOUNCE_REPORT : BOUNCE_MESSAGE;
	if (out->kind == BOUNCE_REPORT) {
		from_report(a, m, text, out);
		return;
	}
	struct str whole = out->text;
	bounce_from_text(a, text, out);
	out->text = whole;
	for (size_t i = 0; i < out->n; i++)
		if (out->n == 1 && m->failed_recipients.n)
			out->failure[i].recipient = address_in(m->failed_recipients);
}
