/*
 * checks/sender: is the sender an address that could be answered?
 *
 * First its text (mail/address), then its domain.  Mail for a domain goes to its MX hosts, or where
 * it has none to its own address (RFC 5321 5.1): so MX is asked first, then the addresses of the
 * hosts side by side, and the first one that is on the Internet ends the matter, whatever the
 * others would say.  What was not looked at, because there are too many hosts, speaks for the
 * domain.  Trouble in DNS is sender_temperror unless another answer confirms the domain; a stale
 * answer may confirm, never accuse.
 *
 * The null sender of a bounce is not judged; a domain with letters beyond ASCII is not asked for;
 * an address literal needs no DNS.  An MX host that is an alias (RFC 2181 10.3 forbids it) works
 * everywhere and is no fault here.  Whether the client may use the address is the business of spf.
 */
#include "checks/checks.h"
#include "checks/mail_hosts.h"
#include "mail/address.h"

enum { OK, SYNTAX, NO_DOMAIN, NO_MAIL, NULL_MX, BOGUS_MX, IS_OURS, TEMPERROR };

static const struct finding_code codes[] = {
	[OK] = {.id = "sender_ok",
		.label = "sender's domain receives mail",
		.text = "mail to the sender's domain {domain} goes to {mx}",
		.cause = CAUSE_NOT_BOUNCE,
		.good = true,
		.reference = "RFC 5321 5.1"},
	[SYNTAX] = {.id = "sender_syntax",
		.label = "sender is no valid address",
		.text = "the sender <{sender}> is no valid address: {problem}",
		.fix = "correct the sender's address in the program that sent this",
		.expected = "the sender is a valid address, to which an answer can be sent",
		.cause = CAUSE_SENDER_DOMAIN_INVALID,
		.action = SCORE(400),
		.code = 550,
		.enhanced = "5.1.7",
		.reference = "RFC 5321 4.1.2"},
	[NO_DOMAIN] = {.id = "sender_no_domain",
		.label = "sender's domain does not exist",
		.text = "the sender's domain {domain} does not exist in DNS{alias}",
		.fix = "correct the sender's address, or have the domain's administrator see to "
		       "its registration and name servers",
		.expected = "the sender's domain exists in DNS",
		.cause = CAUSE_SENDER_DOMAIN_INVALID,
		.action = SCORE(800),
		.strict = {ACTION_REJECT},
		.late = true,
		.code = 550,
		.enhanced = "5.1.8",
		.reference = "RFC 5321 2.3.5, RFC 3463 3.2"},
	[NO_MAIL] = {.id = "sender_no_mail",
		.label = "sender's domain has no mail server",
		.text = "the sender's domain {domain} has neither an MX record nor an "
			"address{alias}",
		.fix = "the domain's administrator must publish an MX record, or the sender use "
		       "another address",
		.expected = "the sender's domain has a mail server to which an answer can be sent",
		.record = "{domain}. IN MX 10 mail.{domain}.",
		.cause = CAUSE_SENDER_DOMAIN_INVALID,
		.action = SCORE(800),
		.strict = {ACTION_REJECT},
		.late = true,
		.code = 550,
		.enhanced = "5.1.8",
		.reference = "RFC 5321 5.1, RFC 3463 3.2"},
	[NULL_MX] = {.id = "sender_null_mx",
		.label = "sender's domain takes no mail",
		.text = "the sender's domain {domain} says that it takes no mail (MX record \"0 "
			".\")",
		.fix = "send from an address that can be answered, or have the domain's "
		       "administrator replace that record",
		.expected = "the sender's domain takes answers",
		.record = "{domain}. IN MX 10 mail.{domain}.",
		.cause = CAUSE_SENDER_DOMAIN_INVALID,
		.action = SCORE(800),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.27",
		.reference = "RFC 7505 4.2"},
	[BOGUS_MX] = {.id = "sender_bogus_mx",
		.label = "mail to the sender's domain leads nowhere",
		.text = "mail to the sender's domain {domain} leads nowhere: {problem}",
		.fix = "the domain's administrator must correct its MX records or the addresses "
		       "of those hosts",
		.expected =
			"the mail servers of the sender's domain have addresses on the Internet",
		.cause = CAUSE_SENDER_DOMAIN_INVALID,
		.action = SCORE(500),
		.code = 550,
		.enhanced = "5.1.8",
		.reference = "RFC 5321 5.1, RFC 6890 2.2"},
	[IS_OURS] = {.id = "sender_is_ours",
		.label = "sender is of our own domain",
		.text = "the sender <{sender}> is of a domain of this site, but {client} has not "
			"logged in",
		.fix = "send through this site's mail server with user name and password, or ask "
		       "its administrator to allow that server",
		.expected = "whoever sends with an address of this site logs in with user name and "
			    "password",
		.cause = CAUSE_SENDER_SPOOFED,
		.action = SCORE(300),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 6409 6.1"},
	[TEMPERROR] = {.id = "sender_temperror",
		.label = "DNS of the sender's domain did not answer",
		.text = "DNS did not answer for the sender's domain {domain} ({question}: "
			"{reason})",
		.fix = "the DNS servers of that domain, or the way to them, need repair",
		.cause = CAUSE_NETWORK_ERROR,
		.action = {ACTION_DEFER},
		.temporary = true,
		.code = 451,
		.enhanced = "4.1.8",
		.reference = "RFC 5321 5.1"},
};

#define NAME_MAX_TEXT 253 /* of plain characters: 255 bytes on the wire, RFC 1035 2.3.4 */

struct sender_settings {
	int64_t questions;
	struct nets unreachable;
};

#define ROW(member) offsetof(struct sender_settings, member)

static const struct setting settings[] = {
	{.name = "questions",
		.type = SETTING_NUMBER,
		.offset = ROW(questions),
		.fallback = "12",
		.min = 3,
		.max = 1 + 2 * MAIL_HOSTS_MAX,
		.help = "DNS questions for one sender's domain at most: one for its MX records, "
			"then one or two for each of the first ten hosts.  A domain with more "
			"hosts than that allows is not accused."},
	{.name = "unreachable",
		.type = SETTING_NETS,
		.offset = ROW(unreachable),
		.fallback = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 "
			    "172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 "
			    "198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 "
			    "::/127 100::/64 2001:db8::/32 3fff::/20 fc00::/7 fe80::/10 fec0::/10 "
			    "ff00::/8",
		.help = "Addresses at which nobody on the Internet receives mail: private, "
			"loopback, link-local, documentation, multicast, reserved (RFC 6890)."},
};

static const struct section section = {
	.name = "sender",
	.help = "The check sender: whether the sender's domain could receive an answer.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct sender_settings),
};

/* Who is judged, and where what is found goes. */
struct subject {
	struct ask *q;
	struct findings *out;
	struct str sender, domain;
};

static struct finding *
report(const struct subject *s, int code)
{
	struct finding *f = found(s->out, &codes[code]);

	finding_note(f, "sender", s->sender);
	if (s->domain.n)
		finding_note(f, "domain", s->domain);
	return f;
}

static enum check_status
temperror(const struct subject *s, struct str question, const char *reason)
{
	struct finding *f = report(s, TEMPERROR);

	finding_note(f, "question", question);
	finding_note(f, "reason", str_of(reason));
	return CHECK_DONE;
}

static enum check_status
mx_temperror(const struct subject *s, const struct dns_answer *mx)
{
	return temperror(s, STR("MX"), mx->status == DNS_STALE ? "answer has expired" : mx->reason);
}

static enum check_status
hosts_temperror(const struct subject *s, const struct mail_hosts *h)
{
	return temperror(s,
		arena_printf(s->q->scratch, "%s of %.*s", dns_type_name(h->failed_type),
			STR_ARG(h->failed)),
		h->reason);
}

static void
report_absent(const struct subject *s, int code, const struct dns_answer *mx)
{
	finding_note(report(s, code), "alias",
		mx->alias.n ? arena_printf(s->q->scratch, " (it is an alias of %.*s)",
				      STR_ARG(mx->alias))
			    : STR(""));
}

/* whose: a sentence that goes on with "no address". */
static struct finding *
report_bogus(const struct subject *s, struct str whose, const struct mail_hosts *h)
{
	struct finding *f = report(s, BOGUS_MX);
	const struct dns_answer bad = {.n = h->n_bad, .rr = h->bad};
	struct str addresses = addresses_list(s->q, &bad);

	if (h->n_bad == 0) {
		finding_note(f, "problem",
			arena_printf(s->q->scratch, "%.*s no address", STR_ARG(whose)));
		return f;
	}
	finding_note(f, "problem",
		arena_printf(s->q->scratch, "%.*s no address on the Internet (%.*s)",
			STR_ARG(whose), STR_ARG(addresses)));
	finding_note(f, "addresses", addresses);
	return f;
}

/* No MX record: the domain's own address, RFC 5321 5.1. */
static enum check_status
judge_implicit(const struct subject *s, const struct dns_answer *mx)
{
	const struct sender_settings *set = s->q->settings;
	struct mail_hosts h;

	mail_hosts_ask_itself(s->q, s->domain, &set->unreachable, &h);
	if (h.found)
		finding_note(report(s, OK), "mx", STR("its own address (it has no MX record)"));
	else if (h.waiting)
		return CHECK_WAIT;
	else if (h.failed.p)
		return hosts_temperror(s, &h);
	else if (h.n_bad == 0)
		report_absent(s, NO_MAIL, mx);
	else
		report_bogus(s, STR("it has no MX record and"), &h);
	return CHECK_DONE;
}

static enum check_status
judge_mx(const struct subject *s, const struct dns_answer *mx)
{
	const struct sender_settings *set = s->q->settings;
	struct mail_hosts h;

	mail_hosts_ask(s->q, mx, (size_t)set->questions - 1, &set->unreachable, &h);
	if (h.waiting && !h.found)
		return CHECK_WAIT;
	/* All of them are counted, the first few shown. */
	const struct dns_answer sorted = {.n = mx->n, .rr = h.host};
	struct str list = names_list(s->q, &sorted);
	if (h.found)
		return finding_note(report(s, OK), "mx", list), CHECK_DONE;
	if (h.skipped) /* what nobody looked at speaks for the domain */
		return CHECK_DONE;
	if (h.failed.p)
		return hosts_temperror(s, &h);
	if (mx->status == DNS_STALE)
		return mx_temperror(s, mx);
	struct str whose = arena_printf(s->q->scratch,
		mx->n > 1 ? "its mail servers (%.*s) have" : "its mail server %.*s has",
		STR_ARG(list));
	finding_note(report_bogus(s, whose, &h), "mx", list);
	return CHECK_DONE;
}

static enum check_status
judge_domain(const struct subject *s)
{
	const struct dns_answer *mx = ask_dns(s->q, DNS_MX, s->domain);

	if (!mx)
		return CHECK_WAIT;
	if (mx->status == DNS_FAIL)
		return mx_temperror(s, mx);
	if (mx->status == DNS_NONE && !mx->nxdomain)
		return judge_implicit(s, mx);
	if (mx->status == DNS_NONE)
		report_absent(s, NO_DOMAIN, mx);
	else if (mx->n > 1 || dns_name_labels(mx->rr[0].text) > 0)
		return judge_mx(s, mx);
	else if (mx->status == DNS_STALE)
		return mx_temperror(s, mx);
	else
		report(s, NULL_MX);
	return CHECK_DONE;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *sender = ask_env(q, ENV_MAIL_FROM);
	struct mail_address a;

	if (!sender)
		return CHECK_WAIT;
	if (sender->n == 0) /* a bounce, or not known */
		return CHECK_DONE;
	struct subject s = {q, out, *sender, STR("")};
	const char *wrong = mail_address_parse(*sender, &a);
	if (!wrong && a.kind == MAIL_DOMAIN_NAME && a.domain.n > NAME_MAX_TEXT)
		wrong = "its domain is too long for DNS";
	if (wrong)
		return finding_note(report(&s, SYNTAX), "problem", str_of(wrong)), CHECK_DONE;
	switch (a.kind) {
	case MAIL_DOMAIN_UTF8:
		break;
	case MAIL_DOMAIN_LITERAL:
		s.domain = a.domain;
		finding_note(report(&s, OK), "mx", ip_str(q, &a.ip));
		break;
	case MAIL_DOMAIN_NAME:
		/* Such names need no escapes: lowered, they are in canonical form. */
		s.domain = arena_lower(q->scratch, a.domain);
		if (!word_is_in(s.domain, &q->site->domains))
			return judge_domain(&s);
		finding_note(report(&s, IS_OURS), "client", ip_str(q, &q->client));
	}
	return CHECK_DONE;
}

const struct check check_sender = {
	.name = "sender",
	.help = "The sender must be a valid address of a domain that could receive an answer: one "
		"that exists and has a mail server (MX record, or an address of its own) on the "
		"Internet.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &section,
	.run = run,
};
