/* spf/eval: the order of an evaluation; see eval.h.  Mechanisms are in match.c. */
#include <stdarg.h>
#include <stdio.h>

#include "spf/eval_private.h"

const char *
spf_result_name(enum spf_result r)
{
	static const char *const names[] = {[SPF_NONE] = "none",
		[SPF_NEUTRAL] = "neutral",
		[SPF_PASS] = "pass",
		[SPF_FAIL] = "fail",
		[SPF_SOFTFAIL] = "softfail",
		[SPF_TEMPERROR] = "temperror",
		[SPF_PERMERROR] = "permerror"};

	must(r <= SPF_PERMERROR);
	return names[r];
}

enum spf_result
spf_trouble(struct spf *s, enum spf_result r, const char *fmt, ...)
{
	char room[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(room, sizeof(room), fmt, ap);
	va_end(ap);
	must(n >= 0);
	s->problem = arena_str(s->q->scratch, str_of(room));
	return r;
}

/* What a question past the budget gets. */
static const struct dns_answer over_budget = {.status = DNS_FAIL, .reason = "not asked"};

enum spf_result
spf_failed(struct spf *s, enum dns_type type, struct str name, const struct dns_answer *a)
{
	if (a == &over_budget)
		return spf_trouble(s, SPF_TEMPERROR,
			"the policy needs more than %u DNS questions, which is all that one "
			"message gets",
			s->budget);
	return spf_trouble(s, SPF_TEMPERROR, "DNS did not answer (%s of %.*s: %s)",
		dns_type_name(type), STR_ARG(name), a->reason ? a->reason : "no reason given");
}

enum dns_type
spf_address_type(const struct spf *s)
{
	return s->m.client.len == 4 ? DNS_A : DNS_AAAA;
}

/* Equal questions count once.  False: the budget does not allow it. */
static bool
count_question(struct spf *s, enum dns_type type, struct str name)
{
	for (unsigned i = 0; i < s->n_asked; i++)
		if (s->asked[i].type == type && str_eq(s->asked[i].name, name))
			return true;
	if (s->n_asked >= s->budget)
		return false;
	s->asked[s->n_asked++] = (struct spf_asked){name, type};
	return true;
}

/* As spf_ask(), but whether an expired answer counts is the caller's business. */
static const struct dns_answer *
ask(struct spf *s, enum dns_type type, struct str name)
{
	return count_question(s, type, name) ? ask_dns(s->q, type, name) : &over_budget;
}

const struct dns_answer *
spf_ask(struct spf *s, enum dns_type type, struct str name)
{
	const struct dns_answer *a = ask(s, type, name);

	if (a && a->status == DNS_STALE)
		s->stale = true;
	return a;
}

const struct dns_answer *
spf_ask_host(struct spf *s, enum dns_type type, struct str name)
{
	/* Also the root, which is the null MX of RFC 7505. */
	static const struct dns_answer no_host = {.status = DNS_OK};

	return dns_name_labels(name) < 2 ? &no_host : ask(s, type, name);
}

/* Lower-case letters, digits, hyphens and underscores in at least two labels of proper length: a
 * name that is its own canonical text, as nearly all are. */
static bool
is_plain_name(struct str s)
{
	size_t label = 0, dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			dots++;
		} else if (chr_is_alnum(c) ? c >= 'A' && c <= 'Z' : c != '-' && c != '_') {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0 && dots > 0;
}

struct str
spf_canonical(struct spf *s, struct str raw)
{
	UNSET char room[2 * SPF_NAME_MAX];
	struct buf b = BUF(room);
	struct str name;

	if (raw.n == 0 || raw.n > SPF_NAME_MAX || raw.p[raw.n - 1] == '.')
		return STR("");
	if (is_plain_name(raw))
		return raw;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\') /* a byte like others, no escape */
			buf_putc(&b, '\\');
		buf_putc(&b, raw.p[i]);
	}
	if (!dns_name_parse(s->q->scratch, buf_str(&b), &name) || dns_name_labels(name) < 2)
		return STR("");
	return name;
}

bool
spf_macros_at(struct spf *s, const struct spf_level *l, struct str text, struct spf_macros *out)
{
	*out = s->m;
	out->domain = l->domain;
	out->validated = STR("unknown");
	return !spf_macro_uses(text, STR("p")) || spf_validated(s, l, &out->validated);
}

bool
spf_target(struct spf *s, const struct spf_level *l, struct str spec, struct str *raw,
	struct str *name)
{
	struct spf_macros m;

	*raw = l->domain;
	*name = l->name;
	if (!spec.p)
		return true;
	if (!spf_macros_at(s, l, spec, &m))
		return false;
	*raw = spf_expand_name(s->q->scratch, spec, &m);
	*name = spf_canonical(s, *raw);
	return true;
}

enum spf_result
spf_load(struct spf *s, struct str domain, struct spf_level *out)
{
	struct str text = {NULL, 0}, problem;
	size_t n = 0;

	*out = (struct spf_level){.domain = domain, .name = spf_canonical(s, domain)};
	if (!out->name.n)
		return spf_trouble(s, SPF_NONE, "\"%.*s\" is no domain name", STR_ARG(domain));
	const struct dns_answer *txt = spf_ask(s, DNS_TXT, out->name);
	if (!txt)
		return SPF_WAIT;
	if (txt->status == DNS_FAIL)
		return spf_failed(s, DNS_TXT, out->name, txt);
	for (unsigned i = 0; i < s->n_read; i++)
		if (s->read[i].txt == txt) {
			out->record = s->read[i].record;
			return SPF_NO_MATCH;
		}
	for (size_t i = 0; i < txt->n; i++)
		if (spf_record_is(txt->rr[i].text)) {
			text = txt->rr[i].text;
			n++;
		}
	if (n == 0)
		return spf_trouble(s, SPF_NONE, "%.*s has no SPF record", STR_ARG(out->name));
	if (n > 1)
		return spf_trouble(s, SPF_PERMERROR, "%.*s has %zu SPF records instead of one",
			STR_ARG(out->name), n);
	if (!spf_record_parse(s->q->scratch, text, &out->record, &problem))
		return spf_trouble(s, SPF_PERMERROR, "record of %.*s: %.*s", STR_ARG(out->name),
			STR_ARG(problem));
	if (s->n_read < COUNT(s->read))
		s->read[s->n_read++] = (struct spf_read){txt, out->record};
	return SPF_NO_MATCH;
}

/* Ask without waiting for the answer, if it is likely to be wanted: not in place of what will be
 * needed (of the budget a part is left alone), and never more than a valid policy can include. */
static void
prefetch_record(struct spf *s, const struct spf_level *l, struct str spec)
{
	struct str raw, name;

	if (spf_macro_uses(spec, STR("p")) || !spf_target(s, l, spec, &raw, &name) || !name.n)
		return;
	unsigned before = s->n_asked;
	if (s->fetched >= SPF_DNS_TERMS_MAX || before >= s->prefetch_budget)
		return;
	if (count_question(s, DNS_TXT, name))
		(void)ask_dns(s->q, DNS_TXT, name);
	s->fetched += s->n_asked - before;
}

void
spf_prefetch(struct spf *s, const struct spf_level *l, unsigned terms)
{
	bool all = false;

	for (size_t i = 0; i < l->record.n; i++) {
		const struct spf_term *t = &l->record.term[i];
		terms += spf_causes_questions(t);
		if (terms > SPF_DNS_TERMS_MAX)
			return;
		if (t->kind == SPF_INCLUDE)
			prefetch_record(s, l, t->spec);
		all = all || t->kind == SPF_ALL;
	}
	if (l->record.redirect.p && !all && terms < SPF_DNS_TERMS_MAX)
		prefetch_record(s, l, l->record.redirect);
}

/* 4.6.4.  SPF_NO_MATCH: go on. */
static enum spf_result
count_term(struct spf *s)
{
	if (++s->terms <= SPF_DNS_TERMS_MAX)
		return SPF_NO_MATCH;
	return spf_trouble(s, SPF_PERMERROR, "the policy has more than %d terms that need DNS",
		SPF_DNS_TERMS_MAX);
}

/* The first term that matches, from left to right. */
static enum spf_result
match_record(struct spf *s, struct spf_match *m)
{
	const struct spf_record *record = &m->level.record;

	for (size_t i = 0; i < record->n; i++) {
		const struct spf_term *t = &record->term[i];
		bool dynamic = false;
		enum spf_result r = spf_causes_questions(t) ? count_term(s) : SPF_NO_MATCH;
		if (r == SPF_NO_MATCH)
			r = spf_match_term(s, &m->level, t, &dynamic);
		if (r == SPF_NO_MATCH)
			continue;
		if (r == SPF_PASS) {
			m->term = t;
			m->dynamic = m->dynamic || dynamic;
			return t->result;
		}
		return r;
	}
	return SPF_NO_MATCH;
}

enum spf_result
spf_check_host(struct spf *s, struct str domain, struct spf_match *m)
{
	bool redirected = false;
	enum spf_result r;

	*m = (struct spf_match){.term = NULL};
	while ((r = spf_load(s, domain, &m->level)) == SPF_NO_MATCH) {
		struct str redirect = m->level.record.redirect, name;
		spf_prefetch(s, &m->level, s->terms);
		r = match_record(s, m);
		if (r != SPF_NO_MATCH)
			return r;
		if (!redirect.p)
			return SPF_NEUTRAL; /* 4.7 */
		r = count_term(s);
		if (r != SPF_NO_MATCH)
			return r;
		if (!spf_target(s, &m->level, redirect, &domain, &name))
			return SPF_WAIT;
		m->dynamic = m->dynamic || spf_macro_uses(redirect, SPF_CLIENT_LETTERS);
		redirected = true;
	}
	/* 6.1: a redirect to a domain without a record is an error. */
	return r == SPF_NONE && redirected ? SPF_PERMERROR : r;
}

/* Letters, digits, hyphens and underscores in at least two labels: what else comes as a sender's
 * domain is no name of a mail domain and must not reach headers either. */
static bool
is_mail_domain(struct str s)
{
	struct ip ip;

	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && str_find(STR("-_."), s.p[i]) == 3)
			return false;
	return s.n > 0 && !ip_parse(s, &ip);
}

/* 6.2: any trouble means that there is no explanation.  False: wait. */
static bool
explain(struct spf *s, const struct spf_level *l, struct str *out)
{
	struct str spec = l->record.explanation, raw, name;
	UNSET char room[SPF_EXPLANATION_MAX + 1], shown[SPF_EXPLANATION_MAX];
	struct buf b = BUF(room), excerpt = BUF(shown);
	struct spf_macros m;

	*out = STR("");
	if (!spec.p)
		return true;
	if (!spf_target(s, l, spec, &raw, &name))
		return false;
	if (!name.n)
		return true;
	const struct dns_answer *txt = spf_ask(s, DNS_TXT, name);
	if (!txt)
		return false;
	if (txt->status != DNS_OK || txt->n != 1)
		return true;
	struct str text = txt->rr[0].text;
	if (text.n > SPF_RECORD_MAX || !spf_macro_string_ok(text, true))
		return true;
	if (!spf_macros_at(s, l, text, &m))
		return false;
	spf_expand_text(text, &m, &b);
	/* Values of macros may have any byte; what is shown has none but printable ones. */
	for (size_t i = 0; i < b.n; i++)
		if (!chr_is_print(room[i]))
			room[i] = '?';
	buf_put_excerpt(&excerpt, buf_str(&b), sizeof(shown));
	*out = arena_str(s->q->scratch, buf_str(&excerpt));
	return true;
}

static struct spf
begin(struct ask *q, const struct spf_request *r, struct str domain)
{
	struct str local = r->local.n ? r->local : STR("postmaster");

	must(r->questions <= SPF_QUESTIONS_MAX);
	return (struct spf){.q = q,
		.r = r,
		.budget = r->questions,
		.prefetch_budget = r->questions / 2,
		.problem = STR(""),
		.m = {.sender = arena_printf(
			      q->scratch, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain)),
			.local = local,
			.origin = domain,
			.helo = r->helo,
			.receiver = r->receiver.n ? r->receiver : STR("unknown"),
			.client = r->client,
			.now = r->now}};
}

enum spf_result
spf_check(struct ask *q, const struct spf_request *r, struct spf_outcome *out)
{
	struct str domain = r->domain;
	struct spf_outcome o = {.term = STR(""), .record = STR(""), .explanation = STR("")};
	struct spf_match m = {.term = NULL};

	if (domain.n && domain.p[domain.n - 1] == '.')
		domain.n--;
	struct spf s = begin(q, r, domain);
	if (is_mail_domain(domain))
		o.result = spf_check_host(&s, domain, &m);
	else if (!domain.n)
		o.result = spf_trouble(&s, SPF_NONE, "no domain is named");
	else
		o.result = spf_trouble(&s, SPF_NONE, "\"%.*s\" is no domain name", STR_ARG(domain));
	if (o.result == SPF_WAIT)
		return SPF_WAIT;
	if (s.stale && o.result != SPF_PASS && o.result != SPF_NONE)
		o.result = spf_trouble(&s, SPF_TEMPERROR,
			"DNS did not answer, and what it said before has expired");
	o.terms = s.terms;
	o.voids = s.voids;
	if (o.result == SPF_FAIL && !explain(&s, &m.level, &o.explanation))
		return SPF_WAIT;
	if (o.result == SPF_PASS && r->measure && !spf_measure(&s, domain, &m, &o.width))
		return SPF_WAIT;
	o.questions = s.n_asked;
	if (m.term) {
		o.term = m.term->text;
		o.record = m.level.name;
	}
	bool troubled =
		o.result == SPF_NONE || o.result == SPF_TEMPERROR || o.result == SPF_PERMERROR;
	o.problem = troubled ? s.problem : STR("");
	*out = o;
	return o.result;
}
