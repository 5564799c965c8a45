/*
 * checks/callout: does the mail server of the sender's domain take mail for the sender?
 *
 * Asking costs a stranger a connection, and who asks too much is listed for it.  So it is asked
 * only for mail whose verdict may turn on it (ask_leave()), never for the null sender, for a sender
 * whose domain is known to accept whatever it is asked or to punish whoever asks, or whom SPF has
 * confirmed as a customer of a large provider.  Only a clear no of that server accuses; what it
 * says to us, to null senders, or for now, does not (fact/callout.h).
 */
#include "checks/callout.h"
#include "checks/checks.h"
#include "checks/dnsbl.h"
#include "mail/address.h"

#define ADDRESS_MAX 254 /* RFC 5321 4.5.3.1.3 without <> */

enum { OK, REFUSED, ACCEPT_ALL, NULL_REFUSED, UNVERIFIABLE };

static const struct finding_code codes[] = {
	[OK] = {.id = "callout_ok",
		.label = "sender's mail server knows him",
		.text = "the mail server {server} takes mail for the sender <{sender}>",
		.cause = CAUSE_NOT_BOUNCE,
		.good = true,
		.reference = "RFC 5321 3.6.2"},
	[REFUSED] = {.id = "callout_refused",
		.label = "sender's mail server refuses mail for him",
		.text = "mail for the sender <{sender}> is refused by the mail server of its own "
			"domain, {server}: {said}",
		.fix = "send with an address that can be answered, or have the administrator of "
		       "{domain} let its mail server accept MAIL FROM:<> and that recipient",
		.expected = "the mail server of {domain} takes mail for the sender",
		.cause = CAUSE_SENDER_VERIFY_FAILED,
		.action = SCORE(500),
		.code = 550,
		.enhanced = "5.1.7",
		.reference = "RFC 5321 3.6.2, 4.5.5"},
	[ACCEPT_ALL] = {.id = "callout_accept_all",
		.label = "sender's mail server takes everything",
		.text = "the mail server {server} takes mail for any address of {domain}, so it "
			"says nothing about the sender <{sender}>",
		.cause = CAUSE_NOT_BOUNCE,
		.good = true},
	[NULL_REFUSED] = {.id = "callout_null_refused",
		.label = "sender's mail server takes no bounces",
		.text = "the mail server of the sender's domain, {server}, refuses bounces (MAIL "
			"FROM:<>): {said}",
		.fix = "the administrator of {domain} should let its mail server accept MAIL "
		       "FROM:<>, or nobody can tell its users that their mail was not delivered",
		.expected = "the mail server of {domain} takes bounces",
		.cause = CAUSE_SENDER_VERIFY_FAILED,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.1.7",
		.reference = "RFC 5321 4.5.5, 6.1"},
	[UNVERIFIABLE] = {.id = "callout_unverifiable",
		.label = "sender's mail server does not tell",
		.text = "the mail server of the sender's domain does not tell whether it takes "
			"mail for <{sender}>: {reason}{where}",
		.fix = "nothing is wrong with that: only a clear refusal counts",
		.cause = CAUSE_NETWORK_ERROR,
		.temporary = true,
		.code = 451,
		.enhanced = "4.1.7"},
};

#define ROW(member) offsetof(struct callout_settings, member)

static const struct setting settings[] = {
	{.name = "enabled",
		.type = SETTING_BOOL,
		.offset = ROW(enabled),
		.fallback = "no",
		.help = "Ask the mail servers of senders' domains at all.  Who is asked did not "
			"want to be: read CALLOUTS in this manual first."},
	{.name = "from",
		.type = SETTING_POINTS,
		.offset = ROW(from),
		.fallback = "3",
		.help = "Nobody is asked about mail that has fewer points than this without it, "
			"nor about mail that is refused without it."},
	{.name = "skip",
		.type = SETTING_WORDS,
		.offset = ROW(skip_words),
		.fallback = "",
		.help = "Further domains that are never asked, with all names below them: of "
			"senders, and of the hosts that receive their mail.  Those that are known "
			"to accept everything, or to punish whoever asks, are left out anyway."},
	{.name = "helo",
		.type = SETTING_STRING,
		.offset = ROW(helo),
		.fallback = "",
		.help = "The name to say in EHLO; nothing: hostname in [site].  Nobody is asked "
			"unless it passes our own checks for the address it is said from."},
	{.name = "address4",
		.type = SETTING_STRING,
		.offset = ROW(address4_text),
		.fallback = "",
		.help = "The IPv4 address to ask from; nothing: what the system takes.  An "
			"address that sends no mail keeps the one that does off lists."},
	{.name = "address6",
		.type = SETTING_STRING,
		.offset = ROW(address6_text),
		.fallback = "",
		.help = "The IPv6 address to ask from; nothing: what the system takes."},
	{.name = "tls",
		.type = SETTING_BOOL,
		.offset = ROW(tls),
		.fallback = "yes",
		.help = "Use STARTTLS where a server has it.  Certificates are not looked at."},
	{.name = "timeout",
		.type = SETTING_DURATION,
		.offset = ROW(timeout),
		.fallback = "6s",
		.min = 100,
		.max = 30000,
		.help = "For one callout from the first question of DNS to the last reply."},
	{.name = "per_server",
		.type = SETTING_NUMBER,
		.offset = ROW(per_server),
		.fallback = "6",
		.min = 1,
		.max = 600,
		.enough = 6,
		.why_enough = "a mail server may block whoever asks it so often",
		.help = "Callouts a minute to one mail server, one at a time.  More than 6 is "
			"taken with a warning."},
	{.name = "per_minute",
		.type = SETTING_NUMBER,
		.offset = ROW(per_minute),
		.fallback = "60",
		.min = 1,
		.max = 6000,
		.enough = 60,
		.why_enough = "whoever asks so often gets onto block lists",
		.help = "Callouts a minute in all.  More than 60 is taken with a warning."},
	{.name = "port",
		.type = SETTING_NUMBER,
		.offset = ROW(port),
		.fallback = "25",
		.min = 1,
		.max = 65535,
		.help = "The port of mail servers.  Only tests have reason to change it."},
	{.name = "unreachable",
		.type = SETTING_NETS,
		.offset = ROW(unreachable),
		.fallback = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 "
			    "172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 "
			    "198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 "
			    "::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 "
			    "2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8",
		.help = "Addresses that are never connected to: private, loopback, link-local, "
			"documentation, multicast, reserved (RFC 6890), and those that stand for "
			"one of them (RFC 6052, RFC 8215, RFC 3056, RFC 4380)."},
};

static bool
read_address(struct str text, uint8_t len, struct ip *out, struct errbuf *e)
{
	if (!text.n)
		return true;
	if (!ip_parse(text, out) || out->len != len)
		return err(e, "\"%.*s\" is no IPv%c address", STR_ARG(text), len == 4 ? '4' : '6');
	return true;
}

static bool
check_settings(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct callout_settings *s = section_struct;
	struct str *name = arena_calloc(a, s->skip_words.n + 1, sizeof(*name));

	for (size_t i = 0; i < s->skip_words.n; i++)
		if (!dns_name_parse(a, s->skip_words.word[i], &name[i]))
			return err(
				e, "\"%.*s\" in skip is no domain", STR_ARG(s->skip_words.word[i]));
	s->skip_words.word = name;
	return read_address(s->address4_text, 4, &s->address4, e) &&
		read_address(s->address6_text, 16, &s->address6, e);
}

const struct section callout_section = {
	.name = "callout",
	.help = "The check callout: whether the mail server of the sender's domain takes mail for "
		"the sender.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct callout_settings),
	.check = check_settings,
};

static bool
is_at_or_below(struct str name, struct str domain)
{
	if (!str_has_suffix(name, domain))
		return false;
	return name.n == domain.n || name.p[name.n - domain.n - 1] == '.';
}

bool
callout_skips(const struct callout_settings *s, struct str domain)
{
	if (domains_find(&callout_skip, domain).n)
		return true;
	for (size_t i = 0; i < s->skip_words.n; i++)
		if (is_at_or_below(domain, s->skip_words.word[i]))
			return true;
	return false;
}

static void
report(struct ask *q, struct findings *out, int code, struct str sender, const struct callout *c)
{
	struct finding *f = found(out, &codes[code]);
	struct str ip = c->ip.len ? ip_str(q, &c->ip) : STR("");

	finding_note(f, "sender", sender);
	finding_note(f, "domain", str_skip(sender, str_rfind(sender, '@') + 1));
	finding_note(f, "server",
		ip.n ? arena_printf(q->scratch, "%.*s [%.*s]", STR_ARG(c->mx), STR_ARG(ip))
		     : c->mx);
	finding_note(f, "said", c->said.n ? c->said : STR("nothing"));
	finding_note(f, "reason", c->reason);
	finding_note(f, "stage", c->stage);
	finding_note(f, "where",
		c->stage.n && c->mx.n ? arena_printf(q->scratch, " (%.*s, at %.*s)", STR_ARG(c->mx),
						STR_ARG(c->stage))
				      : STR(""));
}

/* The domain of a sender about whom a question could be asked; empty: there is none. */
static struct str
domain_of(struct ask *q, struct str sender)
{
	struct mail_address a;
	struct str domain;

	if (!sender.n || sender.n > ADDRESS_MAX || mail_address_parse(sender, &a) ||
		a.kind != MAIL_DOMAIN_NAME || !dns_name_parse(q->scratch, a.domain, &domain))
		return STR("");
	return domain;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	static const int code_of[CALLOUT_STATUSES] = {[CALLOUT_OK] = OK,
		[CALLOUT_REFUSED] = REFUSED,
		[CALLOUT_ACCEPT_ALL] = ACCEPT_ALL,
		[CALLOUT_NULL_REFUSED] = NULL_REFUSED,
		[CALLOUT_UNVERIFIABLE] = UNVERIFIABLE};
	const struct callout_settings *s = q->settings;
	const struct str *from = ask_env(q, ENV_MAIL_FROM);
	const struct findings *spf = from ? ask_findings(q, &check_spf) : NULL;

	if (!from || !spf)
		return CHECK_WAIT;
	struct str domain = domain_of(q, *from), provider;
	if (!domain.n || word_is_in(domain, &q->site->domains) || callout_skips(s, domain))
		return CHECK_DONE;
	/* A customer of a provider that knows its customers. */
	enum confirmed known = spf->spf_vouches && q->site->lists
		? ask_confirmed(q, &q->site->lists->providers, &provider)
		: CONFIRMED_NO;
	if (known == CONFIRMED_YES)
		return CHECK_DONE;
	if (known == CONFIRMED_WAIT)
		return CHECK_WAIT;
	const bool *leave = ask_leave(q);
	if (!leave)
		return CHECK_WAIT;
	const struct callout *c = *leave ? ask_callout(q, *from) : NULL;
	if (*leave && !c)
		return CHECK_WAIT;
	if (c && c->status != CALLOUT_UNKNOWN)
		report(q, out, code_of[c->status], *from, c);
	return CHECK_DONE;
}

const struct check check_callout = {
	.name = "callout",
	.help = "The mail server of the sender's domain is asked whether it takes mail for the "
		"sender, by a session that sends no mail.  Off unless enabled = yes.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &callout_section,
	.run = run,
};
