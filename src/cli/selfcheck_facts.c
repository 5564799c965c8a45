/* cli/selfcheck_facts: see selfcheck_facts.h.  Here: MX, DMARC, DKIM and reverse names. */
#include "cli/selfcheck_facts.h"

#define DMARC_NAMES_MAX 8 /* RFC 9989 4.10: questions of a tree walk */
#define REVERSE_NAMES	3

struct str
self_no_answer(
	struct arena *a, enum dns_type type, struct str name, const struct dns_answer *answer)
{
	return arena_printf(a, "DNS did not answer about %.*s (%s: %s)", STR_ARG(name),
		dns_type_name(type),
		answer->status == DNS_STALE ? "the last answer has expired"
			: answer->reason    ? answer->reason
					    : "no answer");
}

bool
self_ask_host(struct ask *q, struct arena *a, struct str name, struct self_host *out)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA};
	bool waits = false;
	struct ip ip;

	*out = (struct self_host){.name = arena_str(a, name), .alias = STR("")};
	out->literal = ip_parse(name, &ip);
	for (size_t k = 0; k < COUNT(types) && !out->literal; k++) {
		const struct dns_answer *r = ask_dns(q, types[k], name);
		if (!r) {
			waits = true;
			continue;
		}
		out->failed = out->failed || r->status == DNS_FAIL;
		if (r->alias.n)
			out->alias = arena_str(a, r->alias);
		for (size_t i = 0; i < r->n && out->n < SELF_HOST_IPS_MAX; i++)
			out->ip[out->n++] = r->rr[i].ip;
	}
	return !waits;
}

/* Without MX records the domain itself is its mail host, where it has an address.  False: wait. */
static bool
implicit_mx(struct ask *q, const struct self_question *s, struct self_mx *mx)
{
	if (!self_ask_host(q, s->a, s->domain, &mx->host[0]))
		return false;
	mx->implicit = mx->host[0].n > 0;
	mx->n = mx->n_all = mx->implicit;
	if (mx->host[0].failed && !mx->implicit) {
		mx->known = SELF_UNKNOWN;
		mx->problem = arena_printf(
			s->a, "DNS did not answer whether %.*s has an address", STR_ARG(s->domain));
	}
	return true;
}

/* By preference; equal ones as DNS gave them. */
static size_t
first_hosts(const struct dns_answer *r, const struct dns_rr *out[SELF_HOSTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t at = n;
		for (; at > 0 && out[at - 1]->preference > r->rr[i].preference; at--)
			if (at < SELF_HOSTS_MAX)
				out[at] = out[at - 1];
		if (at < SELF_HOSTS_MAX)
			out[at] = &r->rr[i];
		n += n < SELF_HOSTS_MAX;
	}
	return n;
}

static enum check_status
ask_mx(struct ask *q, struct findings *ignored)
{
	const struct dns_rr *first[SELF_HOSTS_MAX];
	const struct self_question *s = q->settings;
	const struct dns_answer *r = ask_dns(q, DNS_MX, s->domain);
	struct self_mx mx = {.known = SELF_OK, .problem = STR("")};
	bool waits = false;

	if (!r)
		return CHECK_WAIT;
	mx.n_all = r->n;
	if (r->status == DNS_FAIL) {
		mx.known = SELF_UNKNOWN;
		mx.problem = self_no_answer(s->a, DNS_MX, s->domain, r);
	} else if (r->status == DNS_NONE) {
		mx.known = SELF_NONE;
		mx.nxdomain = r->nxdomain;
		if (!r->nxdomain && !implicit_mx(q, s, &mx))
			return CHECK_WAIT;
	}
	size_t n = first_hosts(r, first);
	for (size_t i = 0; i < n; i++) {
		bool null = str_eq(first[i]->text, STR("."));
		mx.null = mx.null || null;
		if (!null && !self_ask_host(q, s->a, first[i]->text, &mx.host[mx.n++]))
			waits = true;
	}
	if (waits)
		return CHECK_WAIT;
	s->out->mx = mx;
	return CHECK_DONE;
}

/* The records of a TXT answer that begin as DMARC does: how many, and the first. */
static size_t
dmarc_records(const struct dns_answer *r, struct str *first)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (dmarc_record_is(r->rr[i].text) && n++ == 0)
			*first = r->rr[i].text;
	return n;
}

/* One name of the walk: true where the walk ends with it. */
static bool
dmarc_at(const struct self_question *s, struct str name, const struct dns_answer *r,
	struct self_dmarc *out)
{
	struct str text = STR("");

	out->name = name;
	if (r->status == DNS_FAIL || r->status == DNS_STALE) {
		out->known = SELF_UNKNOWN;
		out->problem = self_no_answer(s->a, DNS_TXT, name, r);
		return true;
	}
	size_t n = dmarc_records(r, &text);
	if (n == 0)
		return false;
	out->text = arena_str(s->a, text);
	if (n > 1) {
		out->known = SELF_BAD;
		out->problem = arena_printf(s->a, "there are %zu of them", n);
	} else {
		out->known = dmarc_record_parse(s->a, out->text, &out->record, &out->problem)
			? SELF_OK
			: SELF_BAD;
	}
	return true;
}

/* RFC 9989 4.10: at the domain, else at those above it, of which a registry's counts only where it
 * says that it is one.  False: wait. */
static bool
ask_dmarc(struct ask *q, const struct self_question *s, struct self_dmarc *out)
{
	struct str at = s->domain;

	for (unsigned i = 0; i < DMARC_NAMES_MAX && at.n; i++) {
		struct str name = arena_printf(s->a, "_dmarc.%.*s", STR_ARG(at)), ok;
		const struct dns_answer *r = NULL;
		*out = (struct self_dmarc){.problem = STR(""), .text = STR("")};
		if (dns_name_parse(s->a, name, &ok) && !(r = ask_dns(q, DNS_TXT, ok)))
			return false;
		out->inherited = i > 0;
		if (r && dmarc_at(s, name, r, out)) {
			if (dns_name_labels(at) > 1 || out->record.public_suffix || i == 0)
				return true;
		}
		/* A long name: RFC 9989 goes on with its last seven labels. */
		do
			at = str_skip(at, str_find(at, '.') + 1);
		while (at.n && dns_name_labels(at) > 7);
	}
	*out = (struct self_dmarc){.known = SELF_NONE,
		.problem = STR(""),
		.text = STR(""),
		.name = arena_printf(s->a, "_dmarc.%.*s", STR_ARG(s->domain))};
	return true;
}

/* False: wait. */
static bool
ask_dkim(struct ask *q, const struct self_question *s, struct str selector, struct self_dkim *out)
{
	struct str name;

	*out = (struct self_dkim){.known = SELF_NONE, .selector = selector, .problem = STR("")};
	out->name =
		arena_printf(s->a, "%.*s._domainkey.%.*s", STR_ARG(selector), STR_ARG(s->domain));
	if (!dns_name_parse(s->a, out->name, &name))
		return true;
	const struct dns_answer *r = ask_dns(q, DNS_TXT, name);
	if (!r)
		return false;
	if (r->status == DNS_FAIL || r->status == DNS_STALE) {
		out->known = SELF_UNKNOWN;
		out->problem = self_no_answer(s->a, DNS_TXT, name, r);
	} else if (r->n > 1) {
		out->known = SELF_BAD;
		out->problem = arena_printf(s->a, "there are %zu of them", r->n);
	} else if (r->n == 1) {
		out->known = dkim_key_parse(s->a, r->rr[0].text, &out->key, &out->problem)
			? SELF_OK
			: SELF_BAD;
	}
	return true;
}

static enum check_status
ask_policies(struct ask *q, struct findings *ignored)
{
	const struct self_question *s = q->settings;
	struct self_dkim dkim[SELF_SELECTORS_MAX];
	struct self_dmarc dmarc;
	bool known = ask_dmarc(q, s, &dmarc);

	for (size_t i = 0; i < s->n_selectors; i++)
		known = ask_dkim(q, s, s->selector[i], &dkim[i]) && known;
	if (!known)
		return CHECK_WAIT;
	s->out->dmarc = dmarc;
	s->out->n_dkim = s->n_selectors;
	memcpy(s->out->dkim, dkim, s->n_selectors * sizeof(dkim[0]));
	return CHECK_DONE;
}

static const struct check mx_check = {.name = "mx", .run = ask_mx};
static const struct check spf_check_itself = {.name = "policy", .run = self_ask_spf};
static const struct check policies_check = {.name = "policies", .run = ask_policies};
const struct check *const self_domain_checks[SELF_DOMAIN_CHECKS] = {
	&mx_check, &spf_check_itself, &policies_check};

static enum check_status
ask_reverse(struct ask *q, struct findings *ignored)
{
	const struct self_reverse_question *s = q->settings;
	const struct dns_answer *r = ask_dns(q, DNS_PTR, q->reverse);
	struct self_reverse out = {.known = SELF_OK, .name = STR("")};
	bool waits = false;

	if (!r)
		return CHECK_WAIT;
	if (r->status == DNS_NONE)
		out.known = SELF_NONE;
	else if (r->status == DNS_FAIL)
		out.known = SELF_UNKNOWN;
	for (size_t i = 0; i < r->n && i < REVERSE_NAMES && !out.confirmed; i++) {
		enum dns_type type = q->client.len == 16 ? DNS_AAAA : DNS_A;
		struct str name = r->rr[i].text;
		const struct dns_answer *a = ask_dns(q, type, name);
		if (!a) {
			waits = true;
			continue;
		}
		out.confirmed = dns_answer_has_ip(a, &q->client);
		if (out.confirmed || !out.name.n)
			out.name = arena_str(s->a, name);
	}
	if (waits)
		return CHECK_WAIT;
	*s->out = out;
	return CHECK_DONE;
}

const struct check self_reverse_check = {.name = "reverse", .run = ask_reverse};
