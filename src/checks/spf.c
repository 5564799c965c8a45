/*
 * checks/spf: may this client send for the sender's domain, and for the name in its HELO?
 *
 * RFC 7208 for both identities; a null sender stands for postmaster at the HELO name (2.4).  The
 * evaluation is in spf/.  The two share one budget of questions, divided beforehand, so that they
 * run side by side without one's length deciding what the other may ask.
 *
 * A pass is worth as much as the policy behind it is narrow: where the domain lets the whole
 * Internet send in its name (spf_open), or so much that it cannot know who sends (spf_wide), or
 * where the administrator does not believe it (spf_untrusted), that is reported in place of
 * spf_pass, and a reward for spf_pass is not earned.  The result for headers stays the RFC's.
 *
 * By default a fail alone does not refuse mail, not even together with a fail of the HELO:
 * forwarders make honest mail fail.  Trouble in DNS costs nothing and defers nobody: a sender whose
 * policy is asked for slow names would otherwise delay his own mail for ever.
 */
#include "checks/checks.h"
#include "checks/spf_cheaters.h"
#include "dns/name.h"
#include "spf/eval.h"

enum {
	PASS,
	FAIL,
	SOFTFAIL,
	NEUTRAL,
	NONE,
	PERMERROR,
	TEMPERROR,
	HELO_FAIL,
	OPEN,
	WIDE,
	UNTRUSTED
};

#define FIX_SENDER                                                                               \
	"send through that domain's own mail server, or have its administrator add this server " \
	"to the SPF record"
#define FIX_RECORD "the administrator of {domain} must correct the SPF record"

static const struct finding_code codes[] = {
	[PASS] = {.id = "spf_pass",
		.label = "SPF pass",
		.text = "{client} may send for {domain} (SPF record of {record}: {term})",
		.cause = CAUSE_NOT_BOUNCE,
		.good = true,
		.reference = "RFC 7208 8.3"},
	[FAIL] = {.id = "spf_fail",
		.label = "SPF fail",
		.text = "{domain} does not allow {client} to send in its name (SPF record of "
			"{record}: {term})",
		.fix = FIX_SENDER,
		.expected = "the SPF record of {domain} names every server that sends its mail, "
			    "and {client} among them",
		.record = "{domain}. IN TXT \"{policy}\"",
		.cause = CAUSE_SPF_FAIL,
		.action = SCORE(400),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.23",
		.reference = "RFC 7208 8.4, RFC 7372 3.2",
		.words = "explanation",
		.whose = "domain"},
	[SOFTFAIL] = {.id = "spf_softfail",
		.label = "SPF softfail",
		.text = "{client} is probably not allowed to send for {domain} (SPF record of "
			"{record}: {term})",
		.fix = FIX_SENDER,
		.expected = "the SPF record of {domain} names every server that sends its mail, "
			    "and {client} among them",
		.record = "{domain}. IN TXT \"{policy}\"",
		.cause = CAUSE_SPF_FAIL,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.7.23",
		.reference = "RFC 7208 8.5"},
	[NEUTRAL] = {.id = "spf_neutral",
		.label = "SPF neutral",
		.text = "{domain} does not say whether {client} may send for it",
		.fix = "have the administrator of {domain} add this server to the SPF record",
		.expected = "the SPF record of {domain} says whether {client} may send its mail",
		.record = "{domain}. IN TXT \"{policy}\"",
		.cause = CAUSE_AUTH_MISSING,
		.code = 550,
		.enhanced = "5.7.23",
		.reference = "RFC 7208 8.2"},
	[NONE] = {.id = "spf_none",
		.label = "no SPF record",
		.text = "{problem}, so nothing says which servers send for it",
		.fix = "publish an SPF record that names the servers which send for this domain",
		.expected = "the sender's domain publishes an SPF record that names every server "
			    "that sends its mail",
		.record = "{domain}. IN TXT \"{policy}\"",
		.cause = CAUSE_AUTH_MISSING,
		.code = 550,
		.enhanced = "5.7.23",
		.reference = "RFC 7208 8.1"},
	[PERMERROR] = {.id = "spf_permerror",
		.label = "SPF record in error",
		.text = "the SPF policy of {domain} cannot be used: {problem}",
		.fix = FIX_RECORD,
		.expected = "the SPF record can be evaluated: one record, without errors of "
			    "syntax, within the limits of RFC 7208",
		.cause = CAUSE_SPF_FAIL,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.7.24",
		.reference = "RFC 7208 8.7, RFC 7372 3.2"},
	[TEMPERROR] = {.id = "spf_temperror",
		.label = "SPF could not be checked",
		.text = "the SPF policy of {domain} could not be checked: {problem}",
		.fix = "the DNS servers of that domain, or the way to them, need repair",
		.cause = CAUSE_NETWORK_ERROR,
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.24",
		.reference = "RFC 7208 8.6, RFC 7372 3.2"},
	[HELO_FAIL] = {.id = "spf_helo_fail",
		.label = "SPF fail of the HELO name",
		.text = "HELO {helo} does not allow {client} to use its name (SPF record of "
			"{record}: {term})",
		.fix = "the sending server must greet with its own name, or the administrator of "
		       "{helo} add it to the SPF record",
		.expected = "the SPF record of the HELO name allows the server that greets with it",
		.record = "{helo}. IN TXT \"{policy}\"",
		.cause = CAUSE_SPF_FAIL,
		.action = SCORE(300),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.23",
		.reference = "RFC 7208 2.3"},
	[OPEN] = {.id = "spf_open",
		.label = "SPF record lets anybody send",
		.text = "the SPF policy of {domain} proves nothing: it lets {addresses} send in "
			"its name ({term} in the record of {record})",
		.fix = FIX_RECORD,
		.expected = "an SPF record names the servers that send, not the whole world",
		.cause = CAUSE_AUTH_MISSING,
		.action = SCORE(300),
		.code = 550,
		.enhanced = "5.7.24",
		.reference = "RFC 7208 8.3"},
	[WIDE] = {.id = "spf_wide",
		.label = "SPF record lets very many send",
		.text = "the SPF policy of {domain} proves little: it lets {addresses} send in its "
			"name ({term} in the record of {record})",
		.fix = FIX_RECORD,
		.expected = "an SPF record names the servers that send, not millions of addresses",
		.cause = CAUSE_AUTH_MISSING,
		.code = 550,
		.enhanced = "5.7.24",
		.reference = "RFC 7208 8.3"},
	[UNTRUSTED] = {.id = "spf_untrusted",
		.label = "SPF pass of a domain that is not believed",
		.text = "{client} may send for {domain}, but {entry} is {where} as a domain whose "
			"SPF records prove nothing",
		.fix = "{remedy}",
		.cause = CAUSE_AUTH_MISSING,
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 7208 8.3"},
};

#define ROW(member) offsetof(struct spf_settings, member)

static const struct setting settings[] = {
	{"helo", SETTING_BOOL, ROW(helo), "yes", 0, 0, NULL, "Check the HELO name too."},
	{"explanation", SETTING_BOOL, ROW(explanation), "no", 0, 0, NULL,
		"On a fail, show at the end of the reply what the domain itself says about it "
		"(exp=), with its name before it; as much as there is room for, 450 bytes at "
		"most.  Whoever owns the domain chooses that text."},
	{"questions", SETTING_NUMBER, ROW(questions), "40", 8, SPF_QUESTIONS_MAX, NULL,
		"DNS questions for one message at most; a quarter is for the HELO name.  A policy "
		"that needs more counts as not answering."},
	{"voids", SETTING_NUMBER, ROW(voids), "2", 0, 10, NULL,
		"How many terms of a policy may name what is not in DNS before it counts as in "
		"error."},
	{"open_from", SETTING_NUMBER, ROW(open_from), "16777216", 0, (int64_t)1 << 32, NULL,
		"A policy that lets so many IPv4 addresses pass, or a /16 for a client with IPv6, "
		"proves nothing; 0: not measured."},
	{"wide_from", SETTING_NUMBER, ROW(wide_from), "100000", 0, (int64_t)1 << 32, NULL,
		"A policy that lets more IPv4 addresses pass than this, not counting big "
		"providers, "
		"proves little; 0: not measured."},
	{"providers", SETTING_WORDS, ROW(providers),
		"google.com protection.outlook.com outlook.com hotmail.com amazonses.com "
		"icloud.com yahoo.com sendgrid.net mailgun.org mailgun.us mcsv.net mandrillapp.com "
		"salesforce.com exacttarget.com zendesk.com hubspotemail.net sparkpostmail.com "
		"mailjet.com sendinblue.com mimecast.com pphosted.com messagelabs.com "
		"secureserver.net emailsrvr.com zoho.com zohomail.com protonmail.ch "
		"messagingengine.com ovh.com kundenserver.de ionos.com gandi.net yandex.net "
		"mail.ru qq.com",
		0, 0, NULL,
		"Domains of providers whose addresses do not make a customer's policy wide: their "
		"records and those below are left out."},
	{"cheaters", SETTING_STRING, ROW(cheaters), "", 0, 0, NULL,
		"A file of domains, one a line, whose SPF pass counts for nothing because they let "
		"anybody in.  DNS lists of such domains are sections [dnsbl NAME] with spf in "
		"ask."},
};

/* Names are compared in canonical form. */
static bool
check_settings(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct spf_settings *s = section_struct;
	struct str *name = arena_calloc(a, s->providers.n + 1, sizeof(*name));

	for (size_t i = 0; i < s->providers.n; i++)
		if (!dns_name_parse(a, s->providers.word[i], &name[i]))
			return err(e, "\"%.*s\" in providers is no domain",
				STR_ARG(s->providers.word[i]));
	s->providers.word = name;
	return true;
}

static const struct section section = {
	.name = "spf",
	.help = "The check spf: whether the client may send for the sender's domain.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct spf_settings),
	.check = check_settings,
};

/* Whom the transaction says it is from.  p NULL: that is not known and never will be. */
struct identities {
	struct str helo, local, domain;
	bool null_sender;    /* so domain is the HELO name */
	bool sender_to_come; /* MAIL was not given yet */
};

static enum auth_result
auth_word(enum spf_result r)
{
	static const enum auth_result words[] = {[SPF_NONE] = AUTH_NONE,
		[SPF_NEUTRAL] = AUTH_NEUTRAL,
		[SPF_PASS] = AUTH_PASS,
		[SPF_FAIL] = AUTH_FAIL,
		[SPF_SOFTFAIL] = AUTH_SOFTFAIL,
		[SPF_TEMPERROR] = AUTH_TEMPERROR,
		[SPF_PERMERROR] = AUTH_PERMERROR};

	must(r < COUNT(words));
	return words[r];
}

static struct spf_request
request(struct ask *q, const struct identities *who)
{
	const struct spf_settings *s = q->settings;

	/* 7.3 has this word for the other names that may not be known, %{p} and %{r}. */
	return (struct spf_request){.helo = who->helo.p ? who->helo : STR("unknown"),
		.receiver = q->site->hostname,
		.client = q->client,
		.now = q->now,
		.voids = (unsigned)s->voids,
		.providers = s->providers.word,
		.n_providers = s->providers.n};
}

static unsigned
helo_budget(const struct spf_settings *s)
{
	return (unsigned)s->questions / 4;
}

static enum spf_result
check_helo_name(struct ask *q, const struct identities *who, struct spf_outcome *out)
{
	const struct spf_settings *s = q->settings;
	struct spf_request r = request(q, who);

	r.local = STR("");
	r.domain = who->helo;
	r.questions = helo_budget(s);
	return spf_check(q, &r, out);
}

static enum spf_result
check_mail_from(struct ask *q, const struct identities *who, struct spf_outcome *out)
{
	const struct spf_settings *s = q->settings;
	struct spf_request r = request(q, who);

	r.local = who->local;
	r.domain = who->domain;
	r.questions = (unsigned)s->questions - helo_budget(s);
	r.measure = s->open_from > 0 || s->wide_from > 0;
	return spf_check(q, &r, out);
}

/* "16,777,216" */
static void
put_grouped(struct buf *b, uint64_t v)
{
	if (v >= 1000) {
		put_grouped(b, v / 1000);
		buf_printf(b, ",%03u", (unsigned)(v % 1000));
	} else {
		buf_putu(b, v);
	}
}

static struct str
addresses(struct ask *q, uint64_t n, bool partial)
{
	bool six = q->client.len == 16;
	char room[64];
	struct buf b = BUF(room);

	if (n > (six ? UINT64_MAX - 1 : UINT32_MAX))
		return six ? STR("every IPv6 address") : STR("every IPv4 address");
	if (partial)
		buf_puts(&b, "at least ");
	put_grouped(&b, n);
	buf_puts(&b, six ? " IPv6 networks (/64)" : " IPv4 addresses");
	return arena_str(q->scratch, buf_str(&b));
}

static struct finding *
report(struct ask *q, struct findings *out, int code, const struct identities *who)
{
	struct finding *f = found(out, &codes[code]);

	finding_note(f, "client", ip_str(q, &q->client));
	finding_note(f, "domain", who->domain);
	if (who->helo.p)
		finding_note(f, "helo", who->helo);
	finding_note(f, "identity",
		who->null_sender ? STR("postmaster at the HELO name") : STR("sender"));
	return f;
}

static void
note_term(struct finding *f, struct str term, struct str record)
{
	finding_note(f, "term", term.n ? term : STR("no term matches"));
	finding_note(f, "record", record);
}

/* IPv4: so many addresses.  IPv6: a /16, which is 2^48 networks of 64 bits. */
static bool
is_open(const struct ask *q, const struct spf_width *w)
{
	const struct spf_settings *s = q->settings;

	if (s->open_from == 0)
		return false;
	return q->client.len == 16 ? w->all >= (uint64_t)1 << 48 : w->all >= (uint64_t)s->open_from;
}

static bool
is_wide(const struct ask *q, const struct spf_width *w)
{
	const struct spf_settings *s = q->settings;

	return s->wide_from > 0 && q->client.len == 4 && w->outside > (uint64_t)s->wide_from;
}

/* What is it worth?  False: wait. */
static bool
report_pass(struct ask *q, struct findings *out, const struct identities *who,
	const struct spf_outcome *o)
{
	const struct spf_width *w = &o->width;
	struct spf_cheater cheater;
	struct finding *f;

	if (is_open(q, w)) {
		f = report(q, out, OPEN, who);
		finding_note(f, "addresses", addresses(q, w->all, w->partial));
		note_term(f, w->term, w->domain);
	} else if (!spf_find_cheater(q, who->domain, &out->lists, &cheater)) {
		return false;
	} else if (cheater.entry.n) {
		f = report(q, out, UNTRUSTED, who);
		finding_note(f, "entry", cheater.entry);
		finding_note(f, "where", cheater.where);
		finding_note(f, "remedy", cheater.remedy);
		note_term(f, o->term, o->record);
	} else if (is_wide(q, w)) {
		f = report(q, out, WIDE, who);
		finding_note(f, "addresses", addresses(q, w->outside, w->partial));
		note_term(f, w->outside_term, w->outside_domain);
	} else {
		note_term(report(q, out, PASS, who), o->term, o->record);
		out->spf_vouches = true;
	}
	return true;
}

/* False: wait. */
static bool
report_sender(struct ask *q, struct findings *out, const struct identities *who,
	const struct spf_outcome *o)
{
	const struct spf_settings *s = q->settings;
	static const int code_of[] = {[SPF_NONE] = NONE,
		[SPF_NEUTRAL] = NEUTRAL,
		[SPF_PASS] = PASS,
		[SPF_FAIL] = FAIL,
		[SPF_SOFTFAIL] = SOFTFAIL,
		[SPF_TEMPERROR] = TEMPERROR,
		[SPF_PERMERROR] = PERMERROR};

	out->spf_mailfrom = auth_word(o->result);
	out->spf_explanation = o->explanation;
	if (!dns_name_parse(q->scratch, who->domain, &out->spf_domain))
		out->spf_domain = STR("");
	if (o->result == SPF_PASS)
		return report_pass(q, out, who, o);
	struct finding *f = report(q, out, code_of[o->result], who);
	if (o->problem.n)
		finding_note(f, "problem", o->problem);
	else
		note_term(f, o->term, o->record);
	if (s->explanation && o->explanation.n)
		finding_note(f, "explanation", o->explanation);
	return true;
}

/* The same policy is not held against a client twice. */
static void
report_helo(struct ask *q, struct findings *out, const struct identities *who,
	const struct spf_outcome *o)
{
	out->spf_helo = auth_word(o->result);
	if (o->result != SPF_FAIL || str_eq_nocase(who->helo, who->domain))
		return;
	note_term(report(q, out, HELO_FAIL, who), o->term, o->record);
}

/* What is known so far; false: not even the HELO. */
static bool
ask_identities(struct ask *q, struct identities *out)
{
	const struct str *helo = ask_env(q, ENV_HELO), *from = ask_env(q, ENV_MAIL_FROM);

	*out = (struct identities){.sender_to_come = !from};
	if (!helo)
		return false;
	out->helo = *helo;
	if (!from || !from->p)
		return true;
	/* RFC 5321 allows one sender without a domain, "<>"; others have none to ask. */
	size_t at = str_rfind(*from, '@');
	out->null_sender = from->n == 0;
	out->local = str_slice(*from, 0, at);
	out->domain = out->null_sender ? out->helo : str_skip(*from, at + 1);
	return true;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct spf_settings *s = q->settings;
	struct spf_outcome helo = {.result = SPF_NONE}, sender = {.result = SPF_NONE};
	struct identities who;

	if (!ask_identities(q, &who))
		return CHECK_WAIT;
	/* While MAIL is to come, the HELO name is looked up; for a null sender it is all there is.
	 */
	bool by_helo = s->helo && who.helo.p;
	if (by_helo && !who.null_sender)
		helo.result = check_helo_name(q, &who, &helo);
	if (who.domain.p)
		sender.result = check_mail_from(q, &who, &sender);
	if (who.sender_to_come || helo.result == SPF_WAIT || sender.result == SPF_WAIT)
		return CHECK_WAIT;
	if (who.domain.p && !report_sender(q, out, &who, &sender))
		return CHECK_WAIT;
	if (by_helo)
		report_helo(q, out, &who, who.null_sender ? &sender : &helo);
	return CHECK_DONE;
}

const struct check check_spf = {
	.name = "spf",
	.help = "The sender's domain says in DNS which servers send its mail (SPF, RFC 7208); so "
		"does the name of the HELO.  A domain that lets the whole world send proves "
		"nothing by it, which is measured.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &section,
	.run = run,
};
