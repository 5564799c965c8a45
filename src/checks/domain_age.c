/*
 * checks/domain_age: how old are the domains that the client uses?
 *
 * Spammers use domains for hours.  Of the registrable domains of sender, HELO and reverse names, it
 * is asked in this order, and only as far as it matters:
 *	- the store, when the domain's own mail was first seen here: so old it is at least, and from
 *	  a month on nobody else is asked;
 *	- DNS lists of new domains: so old it is at most;
 *	- its registry, when it was registered (ask_history(HISTORY_REGISTERED)).  That takes
 *	  seconds, so it is not waited for: what is not known yet is known for the next mail.
 * Only what says that a domain is new makes it new.  No answer, trouble, and a registry that tells
 * no date are no evidence, and cost nothing.
 *
 * Never new are our own domains, and nothing is new where sender or domain have a good record here.
 */
#include "checks/dnsbl.h"
#include "mail/psl.h"

enum { NEW, FIRST_SEEN, UNKNOWN };

static const struct finding_code codes[] = {
	[NEW] = {.id = "domain_new",
		.label = "new domain",
		.text = "the domain {domain} ({role}) is new: {known}",
		.fix = "nothing is wrong with that, and time mends it; until then write from an "
		       "older domain, or ask the postmaster of this site for an exemption",
		.expected = "mail comes from domains that have existed for some time",
		.cause = CAUSE_SENDER_DOMAIN_NEW,
		.action = {ACTION_OWN},
		.passing = true,
		.code = 550,
		.enhanced = "5.7.1"},
	[FIRST_SEEN] = {.id = "domain_first_seen",
		.label = "domain never seen here before",
		.text = "no mail that was certainly of the sender's domain {domain} came here "
			"before",
		.fix = "nothing is wrong with that: it becomes known by what it sends",
		.cause = CAUSE_SENDER_DOMAIN_NEW,
		.passing = true,
		.code = 550,
		.enhanced = "5.7.1"},
	[UNKNOWN] = {.id = "domain_age_unknown",
		.label = "age of the domain not known",
		.text = "it is not known how old the domain {domain} ({role}) is",
		.fix = "nothing is wrong with that",
		.cause = CAUSE_SENDER_DOMAIN_NEW,
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.1"},
};

#define HOUR  INT64_C(3600)
#define DAY   (24 * HOUR)
#define MS    1000
#define NEVER INT64_MAX

#define RDNS_LOOKED_AT 2
#define SUBJECTS_MAX   (2 + RDNS_LOOKED_AT)

struct subject {
	struct str domain;
	unsigned of; /* bits of DOMAIN_AGE_SENDER, ... */
	bool first_seen;
	int64_t at_least, age; /* seconds; NEVER: not known */
	struct str list;       /* that says age; empty: the registry */
};

struct look {
	struct ask *q;
	struct findings *out;
	const struct domain_age_settings *set;
	bool sources; /* somebody could have known */
	struct subject subject[SUBJECTS_MAX];
	size_t n;
};

/* --- whose domains --- */

/* At a registrable domain or below it: of the same owner. */
static bool
is_below(struct str name, struct str domain)
{
	size_t more = name.n - domain.n;

	return name.n >= domain.n && str_eq_nocase(str_skip(name, more), domain) &&
		(!more || name.p[more - 1] == '.');
}

static bool
is_ours(const struct site *site, struct str domain)
{
	const struct words *const ours[] = {&site->hostnames, &site->domains};

	if (is_below(site->hostname, domain))
		return true;
	for (size_t i = 0; i < COUNT(ours); i++)
		for (size_t k = 0; k < ours[i]->n; k++)
			if (is_below(ours[i]->word[k], domain))
				return true;
	return false;
}

static void
add(struct look *k, struct str text, unsigned of)
{
	struct str name, domain;

	if (!(k->set->of & of) || !text.n || !dns_name_parse(k->q->scratch, text, &name) ||
		!dns_name_is_hostname(name))
		return;
	domain = psl_registrable(name);
	if (!domain.n || domain.n > HISTORY_NAME_MAX || is_ours(k->q->site, domain))
		return;
	for (size_t i = 0; i < k->n; i++) {
		if (str_eq(k->subject[i].domain, domain)) {
			k->subject[i].of |= of;
			return;
		}
	}
	k->subject[k->n++] =
		(struct subject){.domain = domain, .of = of, .at_least = -1, .age = NEVER};
}

static void
find_subjects(struct look *k)
{
	const struct str *from = ask_env(k->q, ENV_MAIL_FROM);
	const struct str *helo = ask_env(k->q, ENV_HELO);
	const struct dns_answer *ptr =
		k->set->of & DOMAIN_AGE_RDNS ? ask_reverse_names(k->q) : NULL;

	if (from)
		add(k, str_skip(*from, str_rfind(*from, '@') + 1), DOMAIN_AGE_SENDER);
	if (helo)
		add(k, *helo, DOMAIN_AGE_HELO);
	for (size_t i = 0; ptr && ptr->status == DNS_OK && i < ptr->n && i < RDNS_LOOKED_AT; i++)
		add(k, ptr->rr[i].text, DOMAIN_AGE_RDNS);
}

/* --- how old --- */

/* From this age on nobody cares. */
static int64_t
old_age(const struct look *k)
{
	return k->set->under[DOMAIN_AGE_GRADES - 1] / MS;
}

/* False: not known yet. */
static bool
ask_store(struct look *k, struct subject *s)
{
	static const enum history_kind kinds[] = {HISTORY_DOMAIN, HISTORY_SEEN};
	bool none = true;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct history *h = ask_history(k->q, kinds[i], s->domain);
		if (!h)
			return false;
		if (h->status == HISTORY_OK && h->age_s > s->at_least)
			s->at_least = h->age_s;
		none &= h->status == HISTORY_NONE;
		if (s->at_least >= old_age(k) || h->status == HISTORY_UNKNOWN)
			return true;
	}
	s->first_seen = none;
	return true;
}

static void
ask_list(struct look *k, size_t i, struct subject *s)
{
	struct ask *q = k->q;
	const struct dnsbl_set *set = q->site->lists;
	const struct dnsbl_list *l = &set->list[i];
	struct str question = dnsbl_name_question(q->scratch, l, s->domain);
	bool waits = false;

	if (!l->n_ages || l->off || !(l->about & s->of))
		return;
	k->sources = true;
	if (q->lists.suspended >> i & 1)
		return;
	struct dnsbl_said said = dnsbl_ask(q, set, i, question, &k->out->lists);
	if (!said.code || said.problem ||
		dnsbl_ask_canary(q, set, i, said.seq, &k->out->lists, &waits) || waits)
		return;
	int64_t age = dnsbl_age(l, ask_dns(q, DNS_A, question));
	if (age < 0 || age >= s->age)
		return;
	s->age = age;
	s->list = l->name;
}

static void
ask_registry(struct look *k, struct subject *s)
{
	const struct history *h;

	if (!k->set->rdap)
		return;
	k->sources = true;
	h = ask_history(k->q, HISTORY_REGISTERED, s->domain);
	if (!h || h->status != HISTORY_OK)
		return;
	s->age = h->age_s; /* a list knows less well */
	s->list = STR("");
}

static void
ask_about(struct look *k, struct subject *s)
{
	const struct dnsbl_set *set = k->q->site->lists;

	if (!ask_store(k, s) || s->at_least >= old_age(k))
		return;
	for (size_t i = 0; set && i < set->n; i++)
		ask_list(k, i, s);
	ask_registry(k, s);
	/* Registered anew, or listed by mistake: what has been seen has been there. */
	if (s->age != NEVER && s->age < s->at_least)
		s->age = s->at_least;
}

/* --- the report --- */

static struct str
how_long(struct arena *a, int64_t s)
{
	int64_t n = s < 2 * DAY ? s / HOUR : s / DAY;
	const char *unit = s < 2 * DAY ? "hour" : "day";

	if (s < HOUR)
		return STR("less than an hour");
	return arena_printf(a, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

static struct finding *
report(struct look *k, int code, const struct subject *s)
{
	static const char *const roles[] = {"sender", "HELO", "reverse name"};
	struct finding *f = found(k->out, &codes[code]);
	char room[64];
	struct buf b = BUF(room);

	for (unsigned i = 0; i < COUNT(roles); i++)
		if (s->of >> i & 1)
			buf_printf(&b, "%s%s", b.n ? ", " : "", roles[i]);
	finding_note(f, "domain", s->domain);
	finding_note(f, "role", arena_str(k->q->scratch, buf_str(&b)));
	return f;
}

/* True: it is. */
static bool
report_new(struct look *k, const struct subject *s)
{
	struct arena *a = k->q->scratch;
	struct str age = how_long(a, s->age);
	size_t grade = 0;

	while (grade < DOMAIN_AGE_GRADES && s->age * MS >= k->set->under[grade])
		grade++;
	if (grade == DOMAIN_AGE_GRADES)
		return false;
	struct finding *f = report(k, NEW, s);
	f->own = (struct action){ACTION_SCORE, k->set->points[grade]};
	finding_note(f, "age", age);
	finding_note(f, "source", s->list.n ? s->list : STR("registry"));
	finding_note(f, "known",
		s->list.n ? arena_printf(a, "%.*s old at most, says the list %.*s", STR_ARG(age),
				    STR_ARG(s->list))
			  : arena_printf(a, "registered %.*s ago", STR_ARG(age)));
	return true;
}

static void
report_all(struct look *k)
{
	const struct subject *youngest = NULL, *unknown = NULL;

	for (size_t i = 0; i < k->n; i++) {
		const struct subject *s = &k->subject[i];
		if (s->first_seen && s->of & DOMAIN_AGE_SENDER)
			report(k, FIRST_SEEN, s);
		if (s->age != NEVER && (!youngest || s->age < youngest->age))
			youngest = s;
		if (s->age == NEVER && s->at_least < old_age(k) && !unknown)
			unknown = s;
	}
	bool is_new = youngest && report_new(k, youngest);
	if (!is_new && unknown && k->sources)
		report(k, UNKNOWN, unknown);
}

/* Of sender or domain; a client may serve many. */
static bool
has_good_record(const struct findings *history)
{
	for (size_t i = 0; i < history->n; i++) {
		const struct finding *f = &history->item[i];
		if (f->code->good && !str_eq(finding_get(f, "what"), STR("client")))
			return true;
	}
	return false;
}

/* Somebody may know the age of a domain. */
static bool
has_sources(const struct ask *q)
{
	const struct dnsbl_set *set = q->site->lists;

	if (ask_has_histories(q))
		return true;
	for (size_t i = 0; set && i < set->n; i++)
		if (set->list[i].n_ages)
			return true;
	return false;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	if (!has_sources(q))
		return CHECK_DONE;
	struct look *k = arena_new(q->scratch, struct look);

	*k = (struct look){.q = q, .out = out, .set = q->settings};
	find_subjects(k);
	for (size_t i = 0; i < k->n; i++)
		ask_about(k, &k->subject[i]);
	const struct findings *history = ask_findings(q, &check_history);
	if (q->waits)
		return CHECK_WAIT;
	if (!has_good_record(history))
		report_all(k);
	return CHECK_DONE;
}

const struct check check_domain_age = {
	.name = "domain_age",
	.help = "How old the registrable domains of sender, HELO and reverse name are, as far as "
		"anybody knows: the store, DNS lists of new domains, the registry.  A new domain "
		"costs points by its age; what is not known costs nothing, and neither do our own "
		"domains or senders with a good record here.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &domain_age_section,
	.run = run,
};
