/*
 * cli/selfcheck_spf: all of an SPF policy, as no single client ever sees it.
 *
 * spf/eval stops at the first term that matches; here every record of the policy is read, terms
 * that cause questions are counted (RFC 7208 4.6.4), also past the tenth, and what passes is
 * noted.  Macros are not expanded: what depends on the message only the receiver knows.
 */
#include "cli/selfcheck_facts.h"

#define DEPTH_MAX 12
#define TERMS_MAX 60 /* questions of a policy that is broken anyway have an end */
#define NAMES_MAX 10 /* hosts of an mx, 4.6.4 */

struct walk {
	struct ask *q;
	struct arena *a;
	struct self_spf *out;
	struct str above[DEPTH_MAX]; /* the records that led here */
	bool waits;
};

/* A record on the way: whose it is, and whether what it lets pass passes. */
struct level {
	struct str domain;
	unsigned depth;
	bool passes;
};

/* The first problem stands: receivers would not get further. */
static void
broken(struct walk *w, enum self_known known, struct str problem)
{
	if (w->out->problem.n)
		return;
	w->out->problem = problem;
	w->out->known = known;
}

static void
unanswered(struct walk *w, enum dns_type type, struct str name, const struct dns_answer *r)
{
	broken(w, SELF_UNKNOWN, self_no_answer(w->a, type, name, r));
}

static void
add_net(struct walk *w, const struct level *l, const struct spf_term *t, const struct ip_net *net)
{
	struct self_spf *out = w->out;

	if (!l->passes || t->result != SPF_PASS)
		return;
	if (net->bits == 0)
		out->open = t->text;
	if (out->n == SELF_NETS_MAX)
		out->more = true;
	else
		out->net[out->n++] = (struct self_net){*net, t->text, l->domain};
}

static void
add_host(struct walk *w, const struct level *l, const struct spf_term *t, struct str name,
	struct self_host *host)
{
	if (!self_ask_host(w->q, w->a, name, host)) {
		w->waits = true;
		return;
	}
	for (size_t i = 0; i < host->n; i++) {
		const struct ip *ip = &host->ip[i];
		struct ip_net net = ip_net_of(ip, ip->len == 16 ? t->bits6 : t->bits4);
		add_net(w, l, t, &net);
	}
	if (host->failed)
		broken(w, SELF_UNKNOWN,
			arena_printf(w->a, "DNS did not answer about the addresses of %.*s",
				STR_ARG(name)));
}

static void
walk_mx(struct walk *w, const struct level *l, const struct spf_term *t, struct str name)
{
	const struct dns_answer *r = ask_dns(w->q, DNS_MX, name);
	struct self_host host;

	if (!r) {
		w->waits = true;
		return;
	}
	if (r->status == DNS_FAIL)
		unanswered(w, DNS_MX, name, r);
	w->out->voids += r->status == DNS_NONE;
	if (r->n > NAMES_MAX)
		broken(w, SELF_BAD,
			arena_printf(w->a, "%.*s has more than %d mail exchangers, too many for mx",
				STR_ARG(name), NAMES_MAX));
	for (size_t i = 0; i < r->n && i < NAMES_MAX; i++)
		if (!str_eq(r->rr[i].text, STR(".")))
			add_host(w, l, t, r->rr[i].text, &host);
}

static void walk_record(struct walk *w, const struct level *l);

/* include and redirect. */
static void
walk_below(struct walk *w, const struct level *l, struct str domain, bool passes)
{
	for (unsigned i = 0; i <= l->depth; i++)
		if (str_eq(w->above[i], domain)) {
			broken(w, SELF_BAD,
				arena_printf(w->a, "the record of %.*s leads back to itself",
					STR_ARG(domain)));
			return;
		}
	if (l->depth + 1 < DEPTH_MAX)
		walk_record(w, &(struct level){domain, l->depth + 1, l->passes && passes});
}

/* The name that a term asks about, in canonical text; empty: only the receiver knows. */
static struct str
target(struct walk *w, const struct level *l, struct str spec)
{
	struct str name;

	if (!spec.p)
		return l->domain;
	if (str_find(spec, '%') < spec.n || !dns_name_parse(w->a, spec, &name)) {
		w->out->partial = true;
		return STR("");
	}
	return name;
}

static void
walk_term(struct walk *w, const struct level *l, const struct spf_term *t)
{
	struct self_host host;
	struct str name = STR("");

	if (t->kind == SPF_IP4 || t->kind == SPF_IP6) {
		add_net(w, l, t, &t->net);
		return;
	}
	if (t->kind == SPF_ALL) {
		if (l->passes && t->result == SPF_PASS)
			w->out->open = t->text;
		return;
	}
	if (++w->out->lookups > TERMS_MAX)
		return;
	if (t->kind == SPF_EXISTS || t->kind == SPF_PTR) {
		w->out->ptr = w->out->ptr || t->kind == SPF_PTR;
		w->out->partial = true;
		return;
	}
	name = target(w, l, t->spec);
	if (!name.n)
		return;
	if (t->kind == SPF_INCLUDE) {
		walk_below(w, l, name, t->result == SPF_PASS);
	} else if (t->kind == SPF_MX) {
		walk_mx(w, l, t, name);
	} else {
		add_host(w, l, t, name, &host);
		w->out->voids += !w->waits && !host.failed && host.n == 0;
	}
}

/* The record of a domain; empty: there is none to be used, which was noted. */
static struct str
find_record(struct walk *w, const struct level *l, const struct dns_answer *r)
{
	struct str text = STR("");
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (spf_record_is(r->rr[i].text) && n++ == 0)
			text = arena_str(w->a, r->rr[i].text);
	if (n > 1)
		broken(w, SELF_BAD,
			arena_printf(w->a, "%.*s has %zu SPF records", STR_ARG(l->domain), n));
	else if (text.n > SPF_RECORD_MAX)
		broken(w, SELF_BAD,
			arena_printf(w->a, "the record of %.*s is too long", STR_ARG(l->domain)));
	else if (n == 0 && l->depth == 0)
		w->out->known = SELF_NONE;
	else if (n == 0)
		broken(w, SELF_BAD,
			arena_printf(w->a,
				"it includes or redirects to %.*s, which has no SPF record",
				STR_ARG(l->domain)));
	return n == 1 && text.n <= SPF_RECORD_MAX ? text : STR("");
}

static void
walk_record(struct walk *w, const struct level *l)
{
	const struct dns_answer *r = ask_dns(w->q, DNS_TXT, l->domain);
	struct spf_record record;
	struct str problem;
	bool has_all = false;

	w->above[l->depth] = l->domain;
	if (!r) {
		w->waits = true;
		return;
	}
	if (r->status == DNS_FAIL || r->status == DNS_STALE) {
		unanswered(w, DNS_TXT, l->domain, r);
		return;
	}
	struct str text = find_record(w, l, r);
	if (!text.n)
		return;
	if (l->depth == 0)
		w->out->record = text;
	if (!spf_record_parse(w->a, text, &record, &problem)) {
		broken(w, SELF_BAD,
			l->depth == 0 ? arena_str(w->a, problem)
				      : arena_printf(w->a, "the record of %.*s: %.*s",
						STR_ARG(l->domain), STR_ARG(problem)));
		return;
	}
	for (size_t i = 0; i < record.n && w->out->lookups <= TERMS_MAX; i++) {
		walk_term(w, l, &record.term[i]);
		has_all = has_all || record.term[i].kind == SPF_ALL;
	}
	if (record.redirect.p && !has_all && ++w->out->lookups <= TERMS_MAX) {
		struct str name = target(w, l, record.redirect);
		if (name.n)
			walk_below(w, l, name, true);
	}
}

enum check_status
self_ask_spf(struct ask *q, struct findings *ignored)
{
	const struct self_question *s = q->settings;
	struct self_spf *out = arena_new(s->a, struct self_spf);
	struct walk w = {.q = q, .a = s->a, .out = out};

	*out = (struct self_spf){
		.known = SELF_OK, .problem = STR(""), .record = STR(""), .open = STR("")};
	walk_record(&w, &(struct level){.domain = s->domain, .passes = true});
	if (w.waits)
		return CHECK_WAIT;
	s->out->spf = *out;
	return CHECK_DONE;
}
