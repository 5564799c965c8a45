/*
 * spf/width: how much address space earns pass under a policy.
 *
 * "+all" has endless spellings, so it is not looked for: what counts is the union of everything
 * that a record and the records it includes let pass, in the client's own address family (a policy
 * that is wide open for IPv6 says nothing bad about a client that passed by IPv4).
 *
 *	ip4, ip6	their networks
 *	a, mx		networks of their addresses where the prefix is short; from /24 (IPv6 /48)
 *			on they are a handful of hosts, neither asked for nor counted
 *	exists		everybody, if the name exists and does not depend on the client
 *	ptr		everybody, if the domain is a public suffix
 *	include		what the included record lets pass; redirect likewise
 *	names that end in the client's own reverse name or HELO: everybody, since whoever connects
 *			chooses them
 * What the client passed by through a name made from its address is tried once more for an address
 * at another end of the Internet: a policy that lets that pass too lets everybody pass.
 *
 * Terms that do not give pass are not subtracted: an exception makes no wide policy narrow.  It
 * asks only for records that are missing and for names as above, MEASURE_QUESTIONS at most and
 * within the budget of the check; where that is too little, the figure is a lower bound.
 */
#include "mail/psl.h"
#include "spf/eval_private.h"

#define MEASURE_QUESTIONS 10
#define LONG_PREFIX4	  24
#define LONG_PREFIX6	  48
#define SPANS_MAX	  16384

/* Letters of names that whoever connects can choose. */
#define CLIENTS_CHOICE STR("ph")

/* IPv4 addresses as they are, IPv6 by their first 64 bits. */
struct span {
	uint64_t lo, hi; /* both included */
	const struct spf_term *term;
	struct str domain;
	bool provider;
};

struct walk {
	struct spf *s;
	bool six;
	struct span *span;
	size_t n, room;
	unsigned terms;
	bool full; /* the eleventh term: nobody passes behind it */
	bool partial;
};

/* A place in the tree of records. */
struct place {
	const struct spf_level *level;
	bool provider;
};

static uint64_t
last_address(const struct walk *w)
{
	return w->six ? UINT64_MAX : UINT32_MAX;
}

static void
add_span(struct walk *w, const struct place *at, const struct spf_term *t, uint64_t lo, uint64_t hi)
{
	struct arena *a = w->s->q->scratch;

	if (w->n == SPANS_MAX) {
		w->partial = true;
		return;
	}
	if (w->n == w->room) {
		size_t room = w->room ? w->room * 2 : 64;
		struct span *more = arena_alloc(a, room * sizeof(*more));
		if (w->n)
			memcpy(more, w->span, w->n * sizeof(*more));
		w->span = more;
		w->room = room;
	}
	w->span[w->n++] = (struct span){lo, hi, t, at->level->name, at->provider};
}

static void
add_everybody(struct walk *w, const struct place *at, const struct spf_term *t)
{
	add_span(w, at, t, 0, last_address(w));
}

static uint64_t
big_endian(const uint8_t *b, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

static void
add_net(struct walk *w, const struct place *at, const struct spf_term *t, const struct ip_net *net)
{
	unsigned size = w->six ? 64 : 32; /* bits of a span's ends */
	unsigned bits = net->bits < size ? net->bits : size;

	if ((net->ip.len == 16) != w->six)
		return;
	uint64_t lo = big_endian(net->ip.b, w->six ? 8 : 4);
	uint64_t rest = bits < size ? last_address(w) >> bits : 0;
	add_span(w, at, t, lo, lo + rest);
}

static void
add_addresses(struct walk *w, const struct place *at, const struct spf_term *t,
	const struct dns_answer *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct ip_net net = ip_net_of(&a->rr[i].ip, w->six ? t->bits6 : t->bits4);
		add_net(w, at, t, &net);
	}
	w->partial = w->partial || a->status == DNS_FAIL;
}

/* Hosts of an mx; false: wait. */
static bool
add_hosts(struct walk *w, const struct place *at, const struct spf_term *t,
	const struct dns_answer *mx)
{
	bool waiting = false;

	for (size_t i = 0; i < mx->n && mx->n <= SPF_NAMES_MAX; i++) {
		const struct dns_answer *a =
			spf_ask_host(w->s, spf_address_type(w->s), mx->rr[i].text);
		if (a)
			add_addresses(w, at, t, a);
		else
			waiting = true;
	}
	return !waiting;
}

/* a, mx, exists with a name that does not depend on the client; false: wait. */
static bool
add_by_name(struct walk *w, const struct place *at, const struct spf_term *t)
{
	bool narrow = w->six ? t->bits6 >= LONG_PREFIX6 : t->bits4 >= LONG_PREFIX4;
	enum dns_type type = t->kind == SPF_MX ? DNS_MX
		: t->kind == SPF_EXISTS	       ? DNS_A
					       : spf_address_type(w->s);
	struct str raw, name;

	if (t->kind != SPF_EXISTS && narrow)
		return true;
	if (!spf_target(w->s, at->level, t->spec, &raw, &name))
		return false;
	if (!name.n)
		return true;
	const struct dns_answer *a = spf_ask(w->s, type, name);
	if (!a)
		return false;
	w->partial = w->partial || a->status == DNS_FAIL;
	if (t->kind == SPF_MX)
		return add_hosts(w, at, t, a);
	if (t->kind == SPF_A)
		add_addresses(w, at, t, a);
	else if (a->n)
		add_everybody(w, at, t);
	return true;
}

static bool walk_domain(struct walk *w, struct str domain, bool provider);

/* False: wait. */
static bool
add_term(struct walk *w, const struct place *at, const struct spf_term *t)
{
	struct str raw, name;

	if (t->spec.p && spf_macro_ends_in(t->spec, CLIENTS_CHOICE)) {
		add_everybody(w, at, t);
		return true;
	}
	/* By such a name this client may have passed; others are beyond measure. */
	if (t->spec.p && spf_macro_uses(t->spec, SPF_CLIENT_LETTERS))
		return true;
	switch (t->kind) {
	case SPF_ALL:
		add_everybody(w, at, t);
		return true;
	case SPF_IP4:
	case SPF_IP6:
		add_net(w, at, t, &t->net);
		return true;
	case SPF_A:
	case SPF_MX:
	case SPF_EXISTS:
		return add_by_name(w, at, t);
	case SPF_PTR:
		if (!spf_target(w->s, at->level, t->spec, &raw, &name))
			return false;
		if (name.n && !psl_registrable(name).n)
			add_everybody(w, at, t);
		return true;
	case SPF_INCLUDE:
		break;
	}
	return spf_target(w->s, at->level, t->spec, &raw, &name) &&
		walk_domain(w, raw, at->provider);
}

static bool
is_provider(const struct spf *s, struct str name)
{
	for (size_t i = 0; i < s->r->n_providers; i++)
		if (dns_name_is_under(name, s->r->providers[i]))
			return true;
	return false;
}

/* Nothing behind this term is ever reached by a client of the family. */
static bool
takes_all(const struct walk *w, const struct spf_term *t)
{
	return t->kind == SPF_ALL || (t->kind == (w->six ? SPF_IP6 : SPF_IP4) && t->net.bits == 0);
}

/* The terms of one record; false: wait.  *end: what follows the terms does not count. */
static bool
walk_terms(struct walk *w, const struct place *at, bool *end)
{
	const struct spf_record *record = &at->level->record;

	for (size_t i = 0; i < record->n && !w->full; i++) {
		const struct spf_term *t = &record->term[i];
		if (spf_causes_questions(t) && ++w->terms > SPF_DNS_TERMS_MAX) {
			w->full = true;
			break;
		}
		if (t->result == SPF_PASS && !add_term(w, at, t))
			return false;
		if (takes_all(w, t)) {
			*end = true;
			return true;
		}
	}
	*end = w->full;
	return true;
}

/* A record, what it includes and where it redirects to; false: wait. */
static bool
walk_domain(struct walk *w, struct str domain, bool provider)
{
	struct spf_level level;
	enum spf_result r;

	while ((r = spf_load(w->s, domain, &level)) == SPF_NO_MATCH) {
		struct str redirect = level.record.redirect, name;
		bool end;
		provider = provider || is_provider(w->s, level.name);
		spf_prefetch(w->s, &level, w->terms);
		if (!walk_terms(w, &(struct place){&level, provider}, &end))
			return false;
		if (end || !redirect.p || ++w->terms > SPF_DNS_TERMS_MAX)
			return true;
		if (spf_macro_ends_in(redirect, CLIENTS_CHOICE)) {
			struct spf_term *t = arena_new(w->s->q->scratch, struct spf_term);
			t->text = redirect;
			add_everybody(w, &(struct place){&level, provider}, t);
			return true;
		}
		if (!spf_target(w->s, &level, redirect, &domain, &name))
			return false;
	}
	w->partial = w->partial || r == SPF_TEMPERROR;
	return r != SPF_WAIT;
}

/* An address that has nothing to do with the client, and that somebody could connect from. */
static struct ip
elsewhere(const struct ip *client)
{
	static const uint8_t masks[] = {0x5a, 0x33, 0x17, 0x0d};
	struct ip ip = *client;

	for (size_t k = 0; k < COUNT(masks); k++) {
		ip = *client;
		/* IPv6 stays in 2000::/3. */
		ip.b[0] ^= ip.len == 16 ? masks[k] & 0x1f : masks[k];
		for (size_t i = 1; i < ip.len; i++)
			ip.b[i] ^= masks[k];
		if (!ip_is_private(&ip))
			break;
	}
	return ip;
}

/* Does an address elsewhere pass too?  False: wait. */
static bool
probe(struct walk *w, struct str domain)
{
	struct spf s = *w->s;
	struct spf_match m;

	s.m.client = elsewhere(&s.m.client);
	s.terms = s.voids = 0;
	enum spf_result r = spf_check_host(&s, domain, &m);
	memcpy(w->s->asked, s.asked, sizeof(s.asked));
	w->s->n_asked = s.n_asked;
	w->s->fetched = s.fetched;
	if (r == SPF_PASS)
		add_everybody(w, &(struct place){.level = &m.level}, m.term);
	return r != SPF_WAIT;
}

/* Shell sort by the lower end: qsort(3) may take memory from the heap. */
static void
sort_spans(struct span *span, size_t n)
{
	for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (size_t i = gap; i < n; i++) {
			struct span moved = span[i];
			size_t k = i;
			for (; k >= gap && span[k - gap].lo > moved.lo; k -= gap)
				span[k] = span[k - gap];
			span[k] = moved;
		}
}

/* Addresses in the union of the sorted spans, UINT64_MAX where they are too many to count; the
 * term of the largest span. */
static uint64_t
sum_up(const struct walk *w, bool outside, struct str *term, struct str *domain)
{
	uint64_t sum = 0, next = 0, largest = 0;
	bool over = false, none = true;

	*term = *domain = STR("");
	for (size_t i = 0; i < w->n; i++) {
		const struct span *span = &w->span[i];
		if (outside && span->provider)
			continue;
		if (none || span->hi - span->lo > largest) {
			largest = span->hi - span->lo;
			*term = span->term->text;
			*domain = span->domain;
		}
		none = false;
		if (over || span->hi < next)
			continue;
		uint64_t lo = span->lo > next ? span->lo : next;
		over = span->hi == UINT64_MAX; /* nothing lies behind it */
		if (__builtin_add_overflow(sum, span->hi - lo, &sum) ||
			__builtin_add_overflow(sum, 1, &sum))
			return UINT64_MAX;
		next = over ? span->hi : span->hi + 1;
	}
	return sum;
}

bool
spf_measure(struct spf *s, struct str domain, const struct spf_match *m, struct spf_width *out)
{
	struct walk w = {.s = s, .six = s->m.client.len == 16};

	if (s->budget > s->n_asked + MEASURE_QUESTIONS)
		s->budget = s->n_asked + MEASURE_QUESTIONS;
	s->prefetch_budget = s->budget;
	if (!walk_domain(&w, domain, false))
		return false;
	if (m->dynamic && !probe(&w, domain))
		return false;
	sort_spans(w.span, w.n);
	*out = (struct spf_width){.partial = w.partial};
	out->all = sum_up(&w, false, &out->term, &out->domain);
	out->outside = sum_up(&w, true, &out->outside_term, &out->outside_domain);
	return true;
}
