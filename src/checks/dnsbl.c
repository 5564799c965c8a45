/*
 * checks/dnsbl: is the client, or one of the names it uses, on a DNS list?
 *
 * RFC 5782.  The lists are somebody else's, so none is believed further than it can be checked:
 *	- only an answer that is declared for the list is a listing (lists/codes.h);
 *	- before a listing counts, for or against, the same list has to say that something which
 *	  nobody can have listed is not on it: the canary, a name made of a number that changes
 *	  every minute (struct lists_now) and of the listing's own arrival.  So it cannot have been
 *	  asked before the listing came, and a list that turns wild between two mails refuses
 *	  neither; its answer is kept with the listing's for a minute at most;
 *	- a list that is suspended (core/lists_health) is not asked at all.
 * Silence of a list costs nobody anything; where it may have kept a reward back, that is said.
 *
 * By default no list refuses alone: a listing has points, those of lists of one operator are capped
 * together, and so is the sum.  A client whose reverse name is confirmed to be one of a big
 * provider's is not refused for one list whatever the settings say: thousands share it.
 */
#include "checks/checks.h"
#include "checks/dnsbl.h"

enum { LISTED, NAME_LISTED, GOOD, UNAVAILABLE, GOOD_UNAVAILABLE };

static const struct finding_code codes[] = {
	[LISTED] = {.id = "dnsbl_listed",
		.label = "address on a block list",
		.text = "{client} is on the block list {list} ({reason})",
		.fix = "{remedy}",
		.expected = "the address of a mail server is on no block list",
		.cause = CAUSE_DNSBL_LISTED,
		.action = {ACTION_OWN},
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5782 2.1"},
	[NAME_LISTED] = {.id = "dnsbl_name_listed",
		.label = "domain on a block list",
		.text = "{entry} ({role}) is on the block list {list} ({reason})",
		.fix = "{remedy}",
		.expected = "the names of a sender are on no block list",
		.cause = CAUSE_DOMAIN_REPUTATION,
		.action = {ACTION_OWN},
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 5782 2.2"},
	[GOOD] = {.id = "dnswl_listed",
		.label = "on a list of good senders",
		.text = "{entry} is on the list of good senders {list} ({reason})",
		.cause = CAUSE_NOT_BOUNCE,
		.action = {ACTION_OWN},
		.good = true,
		.reference = "RFC 5782 2.1"},
	[UNAVAILABLE] = {.id = "dnsbl_unavailable",
		.label = "block list does not answer",
		.text = "the list {list} {problem}",
		.fix = "the receiving administrator should look at that list's state",
		.cause = CAUSE_NETWORK_ERROR,
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.1",
		.reference = "RFC 5782 5"},
	[GOOD_UNAVAILABLE] = {.id = "dnswl_unavailable",
		.label = "list of good senders does not answer",
		.text = "the list of good senders {list} {problem}",
		.fix = "the receiving administrator should look at that list's state",
		.cause = CAUSE_NETWORK_ERROR,
		.temporary = true,
		.code = 451,
		.enhanced = "4.7.1",
		.reference = "RFC 5782 5"},
};

#define ROW(member) offsetof(struct lists_settings, member)

static const struct setting settings[] = {
	{"group_cap", SETTING_POINTS, ROW(group_cap), "7", 0, 1000000, NULL,
		"The most that the lists of one group (one operator) add together; 0: no limit."},
	{"total_cap", SETTING_POINTS, ROW(total_cap), "8", 0, 1000000, NULL,
		"The most that all lists add together; 0: no limit."},
	{"provider_cap", SETTING_POINTS, ROW(provider_cap), "3", 0, 1000000, NULL,
		"The most that all lists add together for a client that is confirmed to be a big "
		"provider's, where no list can refuse by itself either: one bad customer must not "
		"cut "
		"off all the others.  0: no such protection."},
	{"providers", SETTING_STRING, ROW(providers), "", 0, 0, NULL,
		"A file with further domains of big providers, one a line."},
};

static const struct section section = {
	.name = "lists",
	.help = "The check dnsbl: what DNS lists say of the client and its names.  The lists "
		"themselves "
		"stand in sections of their own.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct lists_settings),
};

/* A name that lists of domains are asked about. */
struct subject {
	struct str name;
	enum dnsbl_about about;
	const char *role; /* for people */
};

#define RDNS_ASKED   3
#define SUBJECTS_MAX (RDNS_ASKED + 2)

/* What one list has said. */
struct hit {
	const struct list_code *code; /* NULL: not listed, or not known */
	struct str entry, question, text;
	uint64_t seq; /* of the answer */
	const char *role;
	const char *problem; /* it cannot be believed now */
	struct action action;
	bool capped;
};

struct look {
	struct ask *q;
	const struct dnsbl_set *set;
	struct findings *out;
	struct subject subject[SUBJECTS_MAX];
	size_t n_subjects;
	struct hit hit[LISTS_MAX];
};

static uint64_t
bit(size_t i)
{
	return (uint64_t)1 << i;
}

/* One question to one list; the heaviest answer about any of its subjects stands. */
static void
ask_list(struct look *k, size_t i, struct str question, struct str entry, const char *role)
{
	const struct dnsbl_list *l = &k->set->list[i];
	struct hit *h = &k->hit[i];

	const struct dnsbl_said said = dnsbl_ask(k->q, k->set, i, question, &k->out->lists);
	if (said.problem)
		h->problem = said.problem;
	if (!said.code || (h->code && dnsbl_weight(l, said.code) <= dnsbl_weight(l, h->code)))
		return;
	h->code = said.code;
	h->entry = entry;
	h->question = question;
	h->seq = said.seq;
	h->role = role;
}

/* The list's own words, for the listing that stands. */
static void
ask_text(struct look *k, const struct dnsbl_list *l, struct hit *h)
{
	const struct dns_answer *a;

	if (!l->text || !(a = ask_dns(k->q, DNS_TXT, h->question)))
		return;
	if (a->status == DNS_OK)
		h->text = a->rr[0].text;
}

static void
ask_one(struct look *k, size_t i)
{
	const struct dnsbl_list *l = &k->set->list[i];
	struct ask *q = k->q;
	struct hit *h = &k->hit[i];

	if (q->lists.suspended & bit(i)) {
		h->problem = "is suspended";
		return;
	}
	if (!l->domains) {
		if (q->client.len == 4 ? l->ipv4 : l->ipv6)
			ask_list(k, i, dnsbl_client_question(q, l), STR(""), "client");
	} else {
		for (size_t s = 0; s < k->n_subjects; s++) {
			const struct subject *who = &k->subject[s];
			struct str name = dnsbl_entry(l, who->name);
			if (l->about & who->about)
				ask_list(k, i, dnsbl_name_question(q->scratch, l, name), name,
					who->role);
		}
	}
	if (!h->code)
		return;
	bool waits = false;
	const char *wild = dnsbl_ask_canary(q, k->set, i, h->seq, &k->out->lists, &waits);
	if (wild)
		h->problem = wild;
	if (!waits && !h->problem)
		ask_text(k, l, h);
}

/* --- the subjects --- */

static void
add_subject(struct look *k, struct str text, enum dnsbl_about about, const char *role)
{
	struct subject *s = &k->subject[k->n_subjects];

	if (!dns_name_parse(k->q->scratch, text, &s->name) || !dns_name_is_hostname(s->name) ||
		chr_is_digit(s->name.p[s->name.n - 1])) /* an address is nobody's domain */
		return;
	s->about = about;
	s->role = role;
	k->n_subjects++;
}

/* Asks for what the lists of domains want to know; more comes with the dialogue. */
static void
find_subjects(struct look *k)
{
	unsigned about = 0;

	for (size_t i = 0; i < k->set->n; i++) {
		const struct dnsbl_list *l = &k->set->list[i];
		if (l->domains && !l->off && !l->n_ages && !(k->q->lists.suspended & bit(i)))
			about |= l->about;
	}
	const struct str *name = about & DNSBL_HELO ? ask_env(k->q, ENV_HELO) : NULL;
	const struct str *from = about & DNSBL_SENDER ? ask_env(k->q, ENV_MAIL_FROM) : NULL;
	const struct dns_answer *ptr = about & DNSBL_RDNS ? ask_reverse_names(k->q) : NULL;
	if (name)
		add_subject(k, *name, DNSBL_HELO, "HELO");
	for (size_t i = 0; ptr && ptr->status == DNS_OK && i < ptr->n && i < RDNS_ASKED; i++)
		add_subject(k, ptr->rr[i].text, DNSBL_RDNS, "reverse name");
	if (from)
		add_subject(k, str_skip(*from, str_rfind(*from, '@') + 1), DNSBL_SENDER, "sender");
}

/* --- what the findings weigh --- */

static int32_t
clip(int32_t points, int32_t *left)
{
	int32_t p = points < *left ? points : *left;

	*left -= p;
	return p;
}

/* A group's lists, then all together, add no more than their caps. */
static void
apply_caps(struct look *k, int32_t total_cap)
{
	int32_t left[LISTS_MAX], total = total_cap ? total_cap : INT32_MAX;

	for (size_t g = 0; g < k->set->n_groups; g++)
		left[g] = k->set->group_cap ? k->set->group_cap : INT32_MAX;
	for (size_t i = 0; i < k->set->n; i++) {
		struct hit *h = &k->hit[i];
		int32_t before = h->action.points;
		if (!h->code || h->problem || h->action.kind != ACTION_SCORE || before <= 0)
			continue;
		h->action.points = clip(clip(before, &left[k->set->list[i].group_number]), &total);
		h->capped = h->action.points < before;
	}
}

static bool
stops(const struct action *a)
{
	return a->kind == ACTION_REJECT || a->kind == ACTION_DEFER || a->kind == ACTION_QUARANTINE;
}

/* Nobody is refused by a list alone who shares his server with thousands; nor where it is not
 * known whether he does. */
static bool
spare_provider(struct look *k, struct str *provider_out)
{
	const struct dnsbl_set *set = k->set;
	bool matters = false;

	*provider_out = STR("");
	for (size_t i = 0; i < set->n; i++) {
		const struct hit *h = &k->hit[i];
		matters |= h->code && !h->problem && (stops(&h->action) || h->action.points > 0);
	}
	if (!matters || !set->provider_cap)
		return false;
	switch (ask_confirmed(k->q, &set->providers, provider_out)) {
	case CONFIRMED_NO:
	case CONFIRMED_WAIT:
		return false;
	case CONFIRMED_UNKNOWN:
		*provider_out = STR("perhaps: its reverse DNS did not answer");
		break;
	case CONFIRMED_YES:
		break;
	}
	for (size_t i = 0; i < set->n; i++) {
		struct action *a = &k->hit[i].action;
		if (stops(a))
			*a = (struct action){ACTION_SCORE, set->provider_cap};
	}
	return true;
}

/* --- the report --- */

/* "SBL: spam source; list's own words", or the bare answer. */
static struct str
reason(struct ask *q, const struct hit *h)
{
	char room[LIST_CODE_TEXT_MAX];
	struct buf b = BUF(room);

	if (h->text.n && h->code->text.n)
		return arena_printf(q->scratch, "%.*s; it says: %.*s", STR_ARG(h->code->text),
			STR_ARG(str_slice(h->text, 0, 160)));
	if (h->text.n || h->code->text.n)
		return h->text.n ? str_slice(h->text, 0, 200) : h->code->text;
	list_code_print(h->code, &b);
	return arena_printf(q->scratch, "it answers %.*s", STR_ARG(buf_str(&b)));
}

static void
report_hit(struct look *k, size_t i, struct str provider)
{
	const struct dnsbl_list *l = &k->set->list[i];
	const struct hit *h = &k->hit[i];
	struct ask *q = k->q;
	bool good = h->action.kind == ACTION_SCORE && (l->allow || h->action.points < 0);
	struct finding *f = found(k->out, &codes[good ? GOOD : l->domains ? NAME_LISTED : LISTED]);
	struct str client = ip_str(q, &q->client), entry = l->domains ? h->entry : client;

	f->own = h->action;
	finding_note(f, "client", client);
	finding_note(f, "list", l->name);
	finding_note(f, "entry", entry);
	finding_note(f, "role", str_of(h->role));
	finding_note(f, "reason", reason(q, h));
	if (good)
		return;
	finding_note(f, "lookup", dnsbl_lookup(q->scratch, l, entry));
	finding_note(f, "remedy", dnsbl_remedy(q->scratch, l, entry));
	if (h->capped)
		finding_note(f, "capped", STR("yes"));
	if (provider.n)
		finding_note(f, "provider", provider);
}

static void
report_problem(struct look *k, size_t i)
{
	const struct dnsbl_list *l = &k->set->list[i];
	struct finding *f = found(k->out, &codes[l->allow ? GOOD_UNAVAILABLE : UNAVAILABLE]);

	finding_note(f, "list", l->name);
	finding_note(f, "problem", str_of(k->hit[i].problem));
	f->own = (struct action){ACTION_SCORE, l->reward};
}

static void
report(struct look *k, struct str provider)
{
	for (size_t i = 0; i < k->set->n; i++) {
		const struct hit *h = &k->hit[i];
		const struct dnsbl_list *l = &k->set->list[i];
		/* A suspended list has been reported once, in the log; only a reward that it may
		 * keep back matters to this client. */
		if (h->problem && (l->reward || !(k->q->lists.suspended & bit(i))))
			report_problem(k, i);
		else if (h->code && !h->problem && h->action.kind != ACTION_OFF)
			report_hit(k, i, provider);
	}
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct dnsbl_set *set = q->site->lists;
	struct str provider, spared;

	if (!set || !set->n)
		return CHECK_DONE;
	/* Whom [exempt] spares by name is not even asked about. */
	switch (ask_confirmed(q, &set->spared, &spared)) {
	case CONFIRMED_WAIT:
		return CHECK_WAIT;
	case CONFIRMED_YES:
		return CHECK_DONE;
	case CONFIRMED_NO:
	case CONFIRMED_UNKNOWN:
		break;
	}
	struct look *k = arena_new(q->scratch, struct look);
	k->q = q;
	k->set = set;
	k->out = out;
	find_subjects(k);
	for (size_t i = 0; i < set->n; i++) {
		struct hit *h = &k->hit[i];
		if (set->list[i].off || set->list[i].n_ages)
			continue;
		ask_one(k, i);
		if (h->code)
			h->action = *dnsbl_action(&set->list[i], h->code);
	}
	bool provider_spared = spare_provider(k, &provider);
	if (q->waits)
		return CHECK_WAIT;
	apply_caps(k, provider_spared ? set->provider_cap : set->total_cap);
	report(k, provider);
	return CHECK_DONE;
}

const struct check check_dnsbl = {
	.name = "dnsbl",
	.help = "DNS lists of bad and good senders, asked about the client's address and its "
		"names.  "
		"A listing has points; a list that is dead, lists everything or does not want to "
		"be "
		"asked is suspended, not believed.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &section,
	.run = run,
};
