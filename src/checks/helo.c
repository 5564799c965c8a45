/*
 * checks/helo: is the name that the client gives itself true?
 *
 * First what the text alone tells (grammar of RFC 5321 4.1.2 and 4.1.3, RFC 1035 2.3.1 with the
 * leading digit of RFC 1123 2.1; our own names; names of private networks), then what DNS tells:
 * that the name exists, that it leads to the client, that it is the client's reverse name.
 * RFC 5321 4.1.4 forbids refusing mail merely because the name does not lead to the client, so by
 * default everything found here only scores.  Trouble in DNS is helo_temperror, never a fault.
 */
#include "checks/checks.h"
#include "checks/helo_syntax.h"
#include "checks/rdns_class.h"
#include "mail/psl.h"

enum {
	OK,
	SYNTAX,
	UNDERSCORE,
	NOT_FQDN,
	BARE_IP,
	LITERAL_MISMATCH,
	OURS,
	PRIVATE,
	UNRESOLVABLE,
	NOT_CLIENT,
	NOT_RDNS,
	ALIAS,
	ENDUSER,
	TEMPERROR
};

#define FIX_NAME \
	"the sending server's administrator must set its HELO name to its own full host name"

static const struct finding_code codes[] = {
	[OK] = {.id = "helo_ok",
		.label = "HELO, reverse name and address agree",
		.text = "HELO {helo} is the reverse name of {client} and resolves back to it",
		.cause = CAUSE_NOT_BOUNCE,
		.action = SCORE(-200),
		.good = true,
		.reference = "RFC 5321 4.1.4"},
	[SYNTAX] = {.id = "helo_syntax",
		.label = "HELO is malformed",
		.text = "HELO \"{helo}\" is no host name: {wrong}",
		.fix = FIX_NAME,
		.expected =
			"HELO is the sending server's own full host name, such as mail.example.com",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(400),
		.code = 550,
		.enhanced = "5.5.2",
		.reference = "RFC 5321 4.1.1.1"},
	[UNDERSCORE] = {.id = "helo_underscore",
		.label = "HELO has an underscore",
		.text = "HELO {helo} contains an underscore, which no host name may have",
		.fix = FIX_NAME,
		.expected = "HELO is a host name of letters, digits and hyphens",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(50),
		.code = 550,
		.enhanced = "5.5.2",
		.reference = "RFC 1123 2.1"},
	[NOT_FQDN] = {.id = "helo_not_fqdn",
		.label = "HELO is no full name",
		.text = "HELO {helo} has no domain",
		.fix = FIX_NAME,
		.expected =
			"HELO is the sending server's own full host name, such as mail.example.com",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(300),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 2.3.5"},
	[BARE_IP] = {.id = "helo_bare_ip",
		.label = "HELO is a bare address",
		.text = "HELO {helo} is an address without brackets",
		.fix = FIX_NAME,
		.expected = "HELO is a full host name, or the address in brackets: [{client}]",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(300),
		.code = 550,
		.enhanced = "5.5.2",
		.reference = "RFC 5321 4.1.3"},
	[LITERAL_MISMATCH] = {.id = "helo_literal_mismatch",
		.label = "HELO is another address",
		.text = "HELO {helo} is not the address of the client, {client}",
		.fix = FIX_NAME,
		.expected = "HELO is the sending server's own full host name, or its address in "
			    "brackets: [{client}]",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(300),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.3"},
	[OURS] = {.id = "helo_ours",
		.label = "HELO is our own name",
		.text = "HELO {helo} is a name of this mail server, not of {client}",
		.fix = FIX_NAME,
		.expected = "HELO is the sending server's own name, not the receiver's",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(800),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.1.1"},
	[PRIVATE] = {.id = "helo_private",
		.label = "HELO is a private name",
		.text = "HELO {helo} {wrong}",
		.fix = FIX_NAME,
		.expected = "HELO is a full host name that is known in public DNS",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(400),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 6761, RFC 6762"},
	[UNRESOLVABLE] = {.id = "helo_unresolvable",
		.label = "HELO name is not in DNS",
		.text = "HELO {helo} does not exist in DNS (no A, AAAA or MX record)",
		.fix = "the administrator of that domain must publish the name, or the sending "
		       "server "
		       "use another",
		.expected = "the name of HELO exists in DNS and leads to the sending server",
		.record = "{helo}. IN {A} {client}",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(200),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.1.1"},
	[NOT_CLIENT] = {.id = "helo_not_client",
		.label = "HELO name is another host",
		.text = "HELO {helo} {forward}, not {client}",
		.fix = FIX_NAME,
		.expected = "the name of HELO leads to the address of the sending server",
		.record = "{helo}. IN {A} {client}",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.4"},
	[NOT_RDNS] = {.id = "helo_not_rdns",
		.label = "HELO and reverse name differ in domain",
		.text = "HELO {helo} and the reverse name {name} belong to different domains",
		.fix = "let both carry the same host name",
		.expected = "the name of HELO and the reverse name are the same host name",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(50),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.1.1"},
	[ALIAS] = {.id = "helo_alias",
		.label = "HELO is an alias",
		.text = "HELO {helo} is an alias (CNAME) of {name}, not a host's own name",
		.fix = FIX_NAME,
		.expected = "HELO is a host's own name, with an address record",
		.cause = CAUSE_HELO_INVALID,
		.action = SCORE(50),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 2.3.5, RFC 1123 5.2.5"},
	[ENDUSER] = {.id = "helo_enduser",
		.label = "HELO is an end user's line",
		.text = "HELO {helo} looks like an end user's line ({why})",
		.fix = "send through your provider's mail server, or name the server by a host "
		       "name of "
		       "your own",
		.expected =
			"HELO is a host name of the server's owner, not a number of the provider's",
		.cause = CAUSE_DYNAMIC_IP,
		.action = SCORE(200),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 4.1.1.1"},
	[TEMPERROR] = {.id = "helo_temperror",
		.label = "DNS of the HELO name did not answer",
		.text = "DNS did not answer for HELO {helo} ({question}: {reason})",
		.fix = "the DNS servers of that name, or the way to them, need repair",
		.cause = CAUSE_NETWORK_ERROR,
		.action = {ACTION_DEFER},
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.1",
		.reference = "RFC 5321 4.1.4"},
};

static struct finding *
report(struct ask *q, struct findings *out, int code, struct str helo)
{
	struct finding *f = found(out, &codes[code]);

	finding_note(f, "helo", helo);
	finding_note(f, "client", ip_str(q, &q->client));
	return f;
}

static bool
is_own_address(const struct site *site, const struct ip *ip)
{
	for (size_t i = 0; i < site->addresses.n; i++)
		if (ip_net_has(&site->addresses.net[i], ip))
			return true;
	return false;
}

static bool
is_own_name(const struct site *site, struct str helo)
{
	return (site->hostname.n && str_eq_nocase(helo, site->hostname)) ||
		word_is_in(helo, &site->hostnames) || word_is_in(helo, &site->domains);
}

/* "[192.0.2.1]" or a bare address. */
static void
judge_address(struct ask *q, struct findings *out, struct str helo, const struct helo_form *form)
{
	if (is_own_address(q->site, &form->ip))
		report(q, out, OURS, helo);
	else if (form->kind == HELO_BARE_IP)
		report(q, out, BARE_IP, helo);
	else if (!ip_eq(&form->ip, &q->client))
		report(q, out, LITERAL_MISMATCH, helo);
	/* A literal that is the client's address is what RFC 5321 asks of hosts without a name. */
}

/* Judge by the text alone; false when DNS has to be asked. */
static bool
judge_text(struct ask *q, struct findings *out, struct str helo, const struct helo_form *form)
{
	if (form->kind == HELO_LITERAL || form->kind == HELO_BARE_IP) {
		judge_address(q, out, helo, form);
		return true;
	}
	if (is_own_name(q->site, helo)) {
		report(q, out, OURS, helo);
		return true;
	}
	if (form->kind == HELO_MALFORMED) {
		finding_note(report(q, out, SYNTAX, helo), "wrong", str_of(form->wrong));
		return true;
	}
	const char *private = helo_is_private(helo);
	if (private) {
		finding_note(report(q, out, PRIVATE, helo), "wrong", str_of(private));
		return true;
	}
	if (form->kind == HELO_ONE_LABEL) {
		report(q, out, NOT_FQDN, helo);
		return true;
	}
	return false;
}

static void
temperror(struct ask *q, struct findings *out, struct str helo, const char *question,
	const struct dns_answer *a)
{
	struct finding *f = report(q, out, TEMPERROR, helo);

	finding_note(f, "question", str_of(question));
	finding_note(
		f, "reason", str_of(a->status == DNS_STALE ? "answer has expired" : a->reason));
}

/* Is trouble all that we know? */
static bool
unknown(const struct dns_answer *a)
{
	return a->status == DNS_FAIL || a->status == DNS_STALE;
}

/* The name has no address of the client's family: does it exist at all? */
static enum check_status
judge_absent(struct ask *q, struct findings *out, struct str helo, struct str name)
{
	enum dns_type other = q->client.len == 4 ? DNS_AAAA : DNS_A;
	const struct dns_answer *a = ask_dns(q, other, name);
	const struct dns_answer *mx = ask_dns(q, DNS_MX, name);

	if (!a || !mx)
		return CHECK_WAIT;
	if (a->status == DNS_OK || mx->status == DNS_OK) {
		struct finding *f = report(q, out, NOT_CLIENT, helo);
		finding_note(f, "forward",
			arena_printf(q->scratch, "has no %s record and so leads elsewhere",
				dns_type_name(address_type(&q->client))));
	} else if (unknown(a) || unknown(mx)) {
		temperror(q, out, helo, unknown(a) ? dns_type_name(other) : "MX",
			unknown(a) ? a : mx);
	} else {
		report(q, out, UNRESOLVABLE, helo);
	}
	return CHECK_DONE;
}

static bool
is_reverse_name(const struct dns_answer *ptr, struct str name)
{
	for (size_t i = 0; i < reverse_names_count(ptr); i++)
		if (str_eq(ptr->rr[i].text, name))
			return true;
	return false;
}

static bool
shares_domain(const struct dns_answer *ptr, struct str name)
{
	for (size_t i = 0; i < reverse_names_count(ptr); i++)
		if (psl_same_org(ptr->rr[i].text, name))
			return true;
	return false;
}

/* The name resolves: where to, and how does it fit the reverse name? */
static void
judge_names(struct ask *q, struct findings *out, struct str helo, struct str name,
	const struct dns_answer *addr, const struct dns_answer *ptr)
{
	bool leads_here = dns_answer_has_ip(addr, &q->client);

	if (leads_here && is_reverse_name(ptr, name)) {
		/* How such a name looks is generic_rdns's business: it is the reverse name. */
		report(q, out, OK, helo);
		return;
	}
	if (leads_here && unknown(ptr)) {
		temperror(q, out, helo, "PTR", ptr); /* it might have been helo_ok */
		return;
	}
	if (!leads_here) {
		struct finding *f = report(q, out, NOT_CLIENT, helo);
		finding_note(f, "forward",
			arena_printf(
				q->scratch, "resolves to %.*s", STR_ARG(addresses_list(q, addr))));
		finding_note(f, "addresses", addresses_list(q, addr));
	}
	if (ptr->status == DNS_OK && !shares_domain(ptr, name))
		finding_note(report(q, out, NOT_RDNS, helo), "name", names_list(q, ptr));
}

static void
judge_look(struct ask *q, struct findings *out, struct str helo, struct str name)
{
	struct rdns_verdict v = rdns_classify(q->site->rdns_words, &q->client, name);

	if (v.class == RDNS_ENDUSER)
		finding_note(report(q, out, ENDUSER, helo), "why",
			arena_str(q->scratch, str_of(v.reason)));
}

static enum check_status
judge_dns(struct ask *q, struct findings *out, struct str helo, struct str name)
{
	const struct dns_answer *addr = ask_dns(q, address_type(&q->client), name);
	const struct dns_answer *ptr = ask_reverse_names(q);

	if (!addr || !ptr)
		return CHECK_WAIT;
	if (addr->status == DNS_FAIL ||
		(addr->status == DNS_STALE && !dns_answer_has_ip(addr, &q->client))) {
		temperror(q, out, helo, dns_type_name(address_type(&q->client)), addr);
		return CHECK_DONE;
	}
	if (addr->alias.n)
		finding_note(report(q, out, ALIAS, helo), "name", addr->alias);
	if (addr->status == DNS_NONE) {
		if (judge_absent(q, out, helo, name) == CHECK_WAIT)
			return CHECK_WAIT;
	} else {
		judge_names(q, out, helo, name, addr, ptr);
	}
	if (!is_reverse_name(ptr, name))
		judge_look(q, out, helo, name);
	return CHECK_DONE;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *given = ask_env(q, ENV_HELO);
	struct helo_form form;
	struct str name;

	if (!given)
		return CHECK_WAIT;
	if (!given->p)
		return CHECK_DONE;
	struct str helo = *given;
	helo_parse(helo, &form);
	if (judge_text(q, out, helo, &form))
		return CHECK_DONE;
	if (form.kind == HELO_UNDERSCORE)
		report(q, out, UNDERSCORE, helo);
	if (!dns_name_parse(q->scratch, helo, &name)) /* too long as a whole, say */
		return finding_note(report(q, out, SYNTAX, helo), "wrong",
			       STR("it is too long for DNS")),
		       CHECK_DONE;
	return judge_dns(q, out, helo, name);
}

const struct check check_helo = {
	.name = "helo",
	.help = "The name of HELO or EHLO must be the sending server's own full host name: well "
		"formed, known in DNS, leading to the client, and best of all its reverse name.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.run = run,
};
