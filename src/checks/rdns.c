/*
 * checks/rdns: does the client's address have a reverse name, and does that name resolve back?
 *
 * iprev of RFC 8601 3: up to ten PTR names, their addresses asked side by side in the client's own
 * family; one that maps back is enough.  Trouble in DNS is never absence: rdns_temperror, unless a
 * name that did answer confirms the client.  A stale answer may confirm, never accuse.
 * RFC 2317 delegations arrive as aliases of the PTR question and are reported.
 * What the name looks like is the business of generic_rdns.
 */
#include "checks/checks.h"
#include "mail/psl.h"

enum { OK, NONE, MISMATCH, TEMPERROR, BAD_NAME };

static const struct finding_code codes[] = {
	[OK] = {.id = "rdns_ok",
		.label = "reverse name confirmed",
		.text = "{client} has reverse name {name}, which resolves back to it",
		.cause = CAUSE_NOT_BOUNCE,
		.good = true,
		.reference = "RFC 8601 3"},
	[NONE] = {.id = "rdns_none",
		.label = "no reverse name",
		.text = "{client} has no reverse name (PTR record)",
		.fix = "ask the provider of that address to set one that resolves back to it",
		.expected = "the address of a mail server has a reverse name, which is a host name "
			    "that resolves back to it",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_NO_PTR,
		.action = SCORE(400),
		.action_ipv6 = SCORE(600),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.25",
		.reference = "RFC 8601 3, RFC 7372 3.3"},
	[MISMATCH] = {.id = "rdns_mismatch",
		.label = "reverse name does not resolve back",
		.text = "{client} has {names}, {forward}",
		.fix = "ask your network provider to correct the reverse name, or add the missing "
		       "address record",
		.expected = "the reverse name of a mail server resolves back to its address",
		.record = "{name}. IN {A} {client}",
		.cause = CAUSE_FCRDNS_MISMATCH,
		.action = SCORE(300),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.25",
		.reference = "RFC 8601 3, RFC 7372 3.3"},
	[TEMPERROR] = {.id = "rdns_temperror",
		.label = "reverse DNS did not answer",
		.text = "the reverse DNS of {client} did not answer ({question}: {reason})",
		.fix = "the DNS servers of that zone, or the way to them, need repair",
		.cause = CAUSE_NETWORK_ERROR,
		.action = {ACTION_DEFER},
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.25",
		.reference = "RFC 8601 2.7.3"},
	[BAD_NAME] = {.id = "rdns_bad_name",
		.label = "reverse name is no host name",
		.text = "{client} has reverse name {name}, which {wrong}",
		.fix = "ask the provider of that address to set a proper host name",
		.expected = "the reverse name of a mail server is a full host name of letters, "
			    "digits and hyphens",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_FCRDNS_MISMATCH,
		.action = SCORE(200),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.25",
		.reference = "RFC 1123 2.1, RFC 1035 3.3.12"},
};

struct rdns_settings {
	int64_t names;
};

static const struct setting settings[] = {
	{.name = "names",
		.type = SETTING_NUMBER,
		.offset = offsetof(struct rdns_settings, names),
		.fallback = "10",
		.min = 1,
		.max = REVERSE_NAMES_MAX,
		.help = "How many reverse names of one client are tried."},
};

static const struct section section = {
	.name = "rdns",
	.help = "The check rdns: the client's reverse name and whether it resolves back.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct rdns_settings),
};

/* Why a reverse name cannot be a host name, or NULL.  A name with an underscore can still
 * resolve, so only `askable` names are looked up. */
static const char *
wrong_with(struct str name, bool *askable)
{
	struct ip ip;

	*askable = false;
	if (ip_parse(name, &ip))
		return "is an address, not a name";
	if (dns_name_labels(name) < 2)
		return "has no domain";
	if (dns_name_is_under(name, STR("in-addr.arpa")) ||
		dns_name_is_under(name, STR("ip6.arpa")))
		return "lies in the reverse zone itself";
	if (!psl_tld_is_known(name))
		return "ends in a top-level domain that cannot exist";
	*askable = true;
	if (str_find(name, '_') < name.n)
		return "contains an underscore";
	if (!dns_name_is_hostname(name))
		return "contains characters that no host name may have";
	return NULL;
}

/* What the forward questions brought. */
struct forward {
	bool waiting;
	struct str confirmed;	     /* first name that maps back; p NULL: none */
	const char *confirmed_wrong; /* it maps back but is no host name */
	struct str failed;	     /* a name whose addresses nobody knows; p NULL: none */
	const char *reason;
	struct str bad; /* first name that cannot be a host name */
	const char *wrong;
	size_t plausible;		       /* names without such a fault */
	struct str first;		       /* first plausible one that does not map back ... */
	const struct dns_answer *first_answer; /* ... and its addresses */
};

static void
try_name(struct ask *q, struct str name, struct forward *f)
{
	bool askable;
	const char *wrong = wrong_with(name, &askable);

	if (wrong && !f->wrong) {
		f->wrong = wrong;
		f->bad = name;
	}
	f->plausible += !wrong;
	if (!askable)
		return;
	const struct dns_answer *a = ask_dns(q, address_type(&q->client), name);
	if (!a) {
		f->waiting = true; /* keep going: ask for the rest too */
	} else if (dns_answer_has_ip(a, &q->client)) {
		/* A good name beats a malformed one, whatever their order. */
		if (!f->confirmed.p || (f->confirmed_wrong && !wrong)) {
			f->confirmed = name;
			f->confirmed_wrong = wrong;
		}
	} else if (a->status == DNS_FAIL || a->status == DNS_STALE) {
		f->failed = name;
		f->reason = a->status == DNS_STALE ? "answer has expired" : a->reason;
	} else if (!wrong && !f->first.p) {
		f->first = name;
		f->first_answer = a;
	}
}

static void
note_delegation(struct finding *f, const struct dns_answer *ptr)
{
	if (ptr->alias.n)
		finding_note(f, "delegated", ptr->alias);
}

static struct finding *
report(struct ask *q, struct findings *out, int code)
{
	struct finding *f = found(out, &codes[code]);

	finding_note(f, "client", ip_str(q, &q->client));
	finding_note(f, "reverse", q->reverse);
	return f;
}

static enum check_status
temperror(struct ask *q, struct findings *out, struct str question, const char *reason)
{
	struct finding *f = report(q, out, TEMPERROR);

	finding_note(f, "question", question);
	finding_note(f, "reason", str_of(reason));
	out->iprev = AUTH_TEMPERROR;
	return CHECK_DONE;
}

static void
report_mismatch(
	struct ask *q, struct findings *out, const struct dns_answer *ptr, const struct forward *fw)
{
	struct finding *f = report(q, out, MISMATCH);
	const struct dns_answer *a = fw->first_answer;
	bool many = ptr->n > 1;

	finding_note(f, "name", fw->first);
	finding_note(f, "names",
		arena_printf(q->scratch, "reverse name%s %.*s", many ? "s" : "",
			STR_ARG(names_list(q, ptr))));
	if (many)
		finding_note(f, "forward", STR("none of which resolves back to it"));
	else if (a->n)
		finding_note(f, "forward",
			arena_printf(q->scratch, "which resolves to %.*s, not back",
				STR_ARG(addresses_list(q, a))));
	else if (a->nxdomain)
		finding_note(f, "forward", STR("which does not exist in DNS"));
	else
		finding_note(f, "forward",
			arena_printf(q->scratch, "which has no address of its kind (%s record)",
				dns_type_name(address_type(&q->client))));
	if (a->n)
		finding_note(f, "addresses", addresses_list(q, a));
	note_delegation(f, ptr);
}

static void
report_bad_name(struct ask *q, struct findings *out, const struct dns_answer *ptr, struct str name,
	const char *wrong)
{
	struct finding *f = report(q, out, BAD_NAME);

	finding_note(f, "name", name);
	finding_note(f, "wrong", str_of(wrong));
	note_delegation(f, ptr);
}

static enum check_status
conclude(struct ask *q, struct findings *out, const struct dns_answer *ptr, const struct forward *f)
{
	if (f->confirmed.p) {
		out->iprev = AUTH_PASS;
		out->confirmed = f->confirmed;
		if (f->confirmed_wrong) {
			report_bad_name(q, out, ptr, f->confirmed, f->confirmed_wrong);
		} else {
			struct finding *ok = report(q, out, OK);
			finding_note(ok, "name", f->confirmed);
			note_delegation(ok, ptr);
		}
		return CHECK_DONE;
	}
	if (f->failed.p)
		return temperror(q, out, f->failed, f->reason);
	if (ptr->status == DNS_STALE)
		return temperror(q, out, q->reverse, "answer has expired");
	out->iprev = AUTH_FAIL;
	if (f->plausible)
		report_mismatch(q, out, ptr, f);
	else
		report_bad_name(q, out, ptr, f->bad, f->wrong);
	return CHECK_DONE;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct rdns_settings *s = q->settings;
	const struct dns_answer *ptr = ask_reverse_names(q);
	struct forward f = {.waiting = false};

	if (!ptr)
		return CHECK_WAIT;
	if (ptr->status == DNS_FAIL)
		return temperror(q, out, q->reverse, ptr->reason);
	if (ptr->status == DNS_NONE) {
		note_delegation(report(q, out, NONE), ptr);
		out->iprev = AUTH_PERMERROR; /* RFC 8601 2.7.3 */
		return CHECK_DONE;
	}
	for (size_t i = 0; i < reverse_names_count(ptr) && i < (size_t)s->names; i++)
		try_name(q, ptr->rr[i].text, &f);
	/* Which of several names confirms must not depend on who answers first. */
	if (f.waiting)
		return CHECK_WAIT;
	return conclude(q, out, ptr, &f);
}

const struct check check_rdns = {
	.name = "rdns",
	.help = "The client's address must have a reverse name (PTR record), and that name must "
		"resolve back to the address: forward-confirmed reverse DNS, iprev of RFC 8601.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &section,
	.run = run,
};
