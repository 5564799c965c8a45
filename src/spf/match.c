/* spf/match: the mechanisms, RFC 7208 5, and %{p}.  See eval.h for what is counted and why. */
#include "spf/eval_private.h"

static bool
has_ip_in(const struct dns_answer *a, const struct ip *client, const struct spf_term *t)
{
	struct ip_net net = ip_net_of(client, client->len == 4 ? t->bits4 : t->bits6);

	for (size_t i = 0; i < a->n; i++)
		if (ip_net_has(&net, &a->rr[i].ip))
			return true;
	return false;
}

/* 4.6.4: the term has found nothing. */
static enum spf_result
count_void(struct spf *s)
{
	if (++s->voids <= s->r->voids)
		return SPF_NO_MATCH;
	return spf_trouble(s, SPF_PERMERROR,
		"more than %u terms of the policy name things that are not in DNS", s->r->voids);
}

/* Is an answer without addresses the fault of the one who wrote the name?  A host without IPv6 is
 * none when the client happens to use it. */
static bool
is_void(const struct spf *s, const struct dns_answer *a)
{
	return a->status == DNS_NONE && (a->nxdomain || s->m.client.len == 4);
}

/* 5.3 */
static enum spf_result
match_a(struct spf *s, const struct spf_term *t, struct str name)
{
	enum dns_type type = spf_address_type(s);
	const struct dns_answer *a = spf_ask(s, type, name);

	if (!a)
		return SPF_WAIT;
	if (a->status == DNS_FAIL)
		return spf_failed(s, type, name, a);
	if (has_ip_in(a, &s->m.client, t))
		return SPF_PASS;
	return is_void(s, a) ? count_void(s) : SPF_NO_MATCH;
}

/* All hosts are asked for at once.  One that matches decides, whatever the others would say; for
 * an expired answer that matches it is waited whether a fresh one does too. */
static enum spf_result
match_hosts(struct spf *s, const struct spf_term *t, const struct dns_answer *mx)
{
	enum dns_type type = spf_address_type(s);
	const struct dns_answer *answer[SPF_NAMES_MAX];
	size_t failed = mx->n;
	bool waiting = false, found = false, stale = false, stale_match = false;

	for (size_t i = 0; i < mx->n; i++)
		answer[i] = spf_ask_host(s, type, mx->rr[i].text);
	for (size_t i = 0; i < mx->n; i++) {
		const struct dns_answer *a = answer[i];
		if (!a) {
			waiting = true;
			continue;
		}
		bool match = has_ip_in(a, &s->m.client, t);
		if (match && a->status == DNS_OK)
			return SPF_PASS;
		stale = stale || a->status == DNS_STALE;
		stale_match = stale_match || match;
		if (a->status == DNS_FAIL && failed == mx->n)
			failed = i;
		found = found || !is_void(s, a);
	}
	if (waiting)
		return SPF_WAIT;
	s->stale = s->stale || stale;
	if (stale_match)
		return SPF_PASS;
	if (failed < mx->n)
		return spf_failed(s, type, mx->rr[failed].text, answer[failed]);
	return found ? SPF_NO_MATCH : count_void(s);
}

/* 5.4 */
static enum spf_result
match_mx(struct spf *s, const struct spf_term *t, struct str name)
{
	const struct dns_answer *mx = spf_ask(s, DNS_MX, name);

	if (!mx)
		return SPF_WAIT;
	if (mx->status == DNS_FAIL)
		return spf_failed(s, DNS_MX, name, mx);
	if (mx->n == 0)
		return count_void(s);
	if (mx->n > SPF_NAMES_MAX)
		return spf_trouble(s, SPF_PERMERROR, "%.*s has more than %d MX records",
			STR_ARG(name), SPF_NAMES_MAX);
	return match_hosts(s, t, mx);
}

/* The client's reverse names (the first ten, 5.5) for which forward DNS leads back. */
struct validation {
	size_t n;
	struct str name[SPF_NAMES_MAX];
	bool fresh;   /* one of them by a fresh answer */
	bool stale;   /* an expired answer was seen */
	bool waiting; /* some name is open */
};

/* Only names under this domain are asked for; empty: all.  False: wait. */
static bool
validate(struct spf *s, struct str under, struct validation *out)
{
	const struct dns_answer *ptr =
		spf_ask(s, DNS_PTR, dns_reverse_name(s->q->scratch, &s->m.client));

	*out = (struct validation){.n = 0};
	if (!ptr)
		return false;
	for (size_t i = 0; i < ptr->n && i < SPF_NAMES_MAX; i++) {
		struct str name = ptr->rr[i].text;
		if (under.n && !dns_name_is_under(name, under))
			continue;
		const struct dns_answer *a = spf_ask_host(s, spf_address_type(s), name);
		if (!a) {
			out->waiting = true;
			continue;
		}
		out->stale = out->stale || a->status == DNS_STALE;
		if (dns_answer_has_ip(a, &s->m.client)) {
			out->name[out->n++] = name;
			out->fresh = out->fresh || a->status == DNS_OK;
		}
	}
	return true;
}

/* 5.5: trouble with the reverse zone is no match. */
static enum spf_result
match_ptr(struct spf *s, struct str name)
{
	struct validation v;

	if (!validate(s, name, &v))
		return SPF_WAIT;
	if (v.fresh)
		return SPF_PASS;
	if (v.waiting)
		return SPF_WAIT;
	s->stale = s->stale || v.stale;
	return v.n ? SPF_PASS : SPF_NO_MATCH;
}

/* 7.2: the domain itself, else a name below it, else any. */
bool
spf_validated(struct spf *s, const struct spf_level *l, struct str *out)
{
	struct validation v;
	int best = 0;

	if (!validate(s, STR(""), &v) || v.waiting)
		return false;
	s->stale = s->stale || v.stale;
	*out = STR("unknown");
	for (size_t i = 0; i < v.n; i++) {
		struct str name = v.name[i];
		int rank = str_eq(name, l->name) ? 3 : dns_name_is_under(name, l->name) ? 2 : 1;
		/* Canonical text with an escape in it is not what the name's bytes are. */
		if (rank > best && str_find(name, '\\') == name.n) {
			best = rank;
			*out = name;
		}
	}
	return true;
}

/* 5.7: always A. */
static enum spf_result
match_exists(struct spf *s, struct str name)
{
	const struct dns_answer *a = spf_ask(s, DNS_A, name);

	if (!a)
		return SPF_WAIT;
	if (a->status == DNS_FAIL)
		return spf_failed(s, DNS_A, name, a);
	return a->n ? SPF_PASS : count_void(s);
}

/* 5.2 */
static enum spf_result
match_include(struct spf *s, struct str domain, bool *dynamic)
{
	struct spf_match m;
	enum spf_result r = spf_check_host(s, domain, &m);

	switch (r) {
	case SPF_PASS:
		*dynamic = *dynamic || m.dynamic;
		return SPF_PASS;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return SPF_NO_MATCH;
	case SPF_NONE:
		return SPF_PERMERROR;
	case SPF_WAIT:
	case SPF_TEMPERROR:
	case SPF_PERMERROR:
	case SPF_NO_MATCH:
		break;
	}
	return r;
}

enum spf_result
spf_match_term(struct spf *s, const struct spf_level *l, const struct spf_term *t, bool *dynamic)
{
	struct str raw, name;

	if (t->kind == SPF_ALL)
		return SPF_PASS;
	if (t->kind == SPF_IP4 || t->kind == SPF_IP6)
		return ip_net_has(&t->net, &s->m.client) ? SPF_PASS : SPF_NO_MATCH;
	if (!spf_target(s, l, t->spec, &raw, &name))
		return SPF_WAIT;
	*dynamic = t->spec.p && spf_macro_uses(t->spec, SPF_CLIENT_LETTERS);
	if (t->kind == SPF_INCLUDE)
		return match_include(s, raw, dynamic);
	if (!name.n)
		return SPF_NO_MATCH; /* 4.8: a name that cannot be asked */
	switch (t->kind) {
	case SPF_A:
		return match_a(s, t, name);
	case SPF_MX:
		return match_mx(s, t, name);
	case SPF_PTR:
		return match_ptr(s, name);
	case SPF_EXISTS:
		return match_exists(s, name);
	case SPF_ALL:
	case SPF_INCLUDE:
	case SPF_IP4:
	case SPF_IP6:
		break;
	}
	must(false);
	return SPF_NO_MATCH;
}
