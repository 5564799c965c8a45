/* cli/selfcheck_items: see selfcheck_items.h.  Here: items of addresses, and tables. */
#include "cli/selfcheck_items.h"

static const struct {
	const char *name, *title;
} names[] = {
#define SELF_ROW(upper, lower, text) [SELF_##upper] = {#lower, text},
	SELF_ITEMS(SELF_ROW)
#undef SELF_ROW
};

static const char *const states[] = {[SELF_PASS] = "pass",
	[SELF_HAND] = "by hand",
	[SELF_UNSURE] = "unknown",
	[SELF_WARN] = "warn",
	[SELF_FAIL] = "fail"};

/* What a finding says about an item. */
static const struct {
	const char *finding;
	enum self_item_id item;
	enum self_state state;
} meanings[] = {
	{"rdns_ok", SELF_FCRDNS, SELF_PASS},
	{"rdns_none", SELF_PTR, SELF_FAIL},
	{"rdns_bad_name", SELF_PTR, SELF_FAIL},
	{"rdns_mismatch", SELF_FCRDNS, SELF_FAIL},
	{"rdns_temperror", SELF_FCRDNS, SELF_UNSURE},
	{"rdns_enduser", SELF_NAME, SELF_FAIL},
	{"rdns_enduser_weak", SELF_NAME, SELF_WARN},
	{"rdns_static", SELF_NAME, SELF_WARN},
	{"rdns_hosting", SELF_NAME, SELF_WARN},
	{"helo_ok", SELF_HELO, SELF_PASS},
	{"helo_syntax", SELF_HELO, SELF_FAIL},
	{"helo_underscore", SELF_HELO, SELF_WARN},
	{"helo_not_fqdn", SELF_HELO, SELF_FAIL},
	{"helo_bare_ip", SELF_HELO, SELF_FAIL},
	{"helo_literal_mismatch", SELF_HELO, SELF_FAIL},
	{"helo_private", SELF_HELO, SELF_FAIL},
	{"helo_unresolvable", SELF_HELO, SELF_FAIL},
	{"helo_not_client", SELF_HELO, SELF_WARN},
	{"helo_not_rdns", SELF_HELO, SELF_WARN},
	{"helo_alias", SELF_HELO, SELF_WARN},
	{"helo_enduser", SELF_HELO, SELF_WARN},
	{"helo_temperror", SELF_HELO, SELF_UNSURE},
	{"spf_helo_fail", SELF_HELO, SELF_FAIL},
	{"spf_pass", SELF_SPF, SELF_PASS},
	{"spf_untrusted", SELF_SPF, SELF_PASS},
	{"spf_open", SELF_SPF, SELF_PASS},
	{"spf_wide", SELF_SPF, SELF_PASS},
	{"spf_fail", SELF_SPF, SELF_FAIL},
	{"spf_softfail", SELF_SPF, SELF_FAIL},
	{"spf_neutral", SELF_SPF, SELF_FAIL},
	{"spf_none", SELF_SPF, SELF_FAIL},
	{"spf_permerror", SELF_SPF, SELF_FAIL},
	{"spf_temperror", SELF_SPF, SELF_UNSURE},
	{"dnsbl_listed", SELF_LISTS, SELF_FAIL},
	{"dnsbl_name_listed", SELF_LISTS, SELF_FAIL},
	{"dnsbl_unavailable", SELF_LISTS, SELF_UNSURE},
};

const char *
self_item_name(enum self_item_id id)
{
	return names[id].name;
}

const char *
self_item_title(enum self_item_id id)
{
	return names[id].title;
}

bool
self_item_find(struct str name, enum self_item_id *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(name, str_of(names[i].name))) {
			*out = (enum self_item_id)i;
			return true;
		}
	return false;
}

const char *
self_state_name(enum self_state state)
{
	return states[state];
}

void
self_count(const struct self_report *r, size_t count[SELF_STATE_COUNT])
{
	for (size_t i = 0; i < SELF_STATE_COUNT; i++)
		count[i] = 0;
	for (size_t i = 0; i < r->n_items; i++)
		count[r->item[i].state]++;
}

bool
self_worst(const struct self_report *r, enum self_item_id id, bool ipv6, enum self_state *out)
{
	bool any = false;

	for (size_t i = 0; i < r->n_items; i++) {
		const struct self_item *item = &r->item[i];
		if (item->id != id || (ipv6 && !item->ipv6))
			continue;
		if (!any || item->state > *out)
			*out = item->state;
		any = true;
	}
	return any;
}

static struct str
filled(struct arena *a, const struct finding *f, const char *template)
{
	UNSET char room[2048];
	struct buf b = BUF(room);

	if (!template)
		return STR("");
	(void)finding_fill(f, template, &b);
	return arena_str(a, buf_str(&b));
}

static struct self_item *
add(struct self_report *r, const struct self_address *address, enum self_item_id id,
	enum self_state state)
{
	must(r->n_items < SELF_ITEMS_MAX);
	struct self_item *item = &r->item[r->n_items++];
	*item = (struct self_item){.id = id,
		.state = state,
		.subject = address->text,
		.ipv6 = address->ip.len == 16,
		.text = STR(""),
		.fix = STR(""),
		.fixer = FIXER_NOBODY};
	return item;
}

/* The worst finding about an item; NULL: there is none. */
static const struct finding *
worst(const struct result *result, enum self_item_id id, enum self_state *state)
{
	const struct finding *found = NULL;

	for (size_t i = 0; i < result->n; i++)
		for (size_t k = 0; k < COUNT(meanings); k++)
			if (meanings[k].item == id &&
				strcmp(meanings[k].finding, result->finding[i]->code->id) == 0 &&
				(!found || meanings[k].state > *state)) {
				found = result->finding[i];
				*state = meanings[k].state;
			}
	return found;
}

static bool
has(const struct result *result, const char *id)
{
	for (size_t i = 0; i < result->n; i++)
		if (strcmp(result->finding[i]->code->id, id) == 0)
			return true;
	return false;
}

/* An item from its worst finding; false: no finding is about it. */
static bool
by_finding(struct self_report *r, const struct self_address *address, const struct result *result,
	enum self_item_id id)
{
	enum self_state state = SELF_PASS;
	const struct finding *f = worst(result, id, &state);

	if (!f)
		return false;
	/* Where perhaps nobody sends from, nothing need be mended. */
	if (state == SELF_FAIL && address->maybe)
		state = SELF_WARN;
	struct self_item *item = add(r, address, id, state);
	item->text = filled(r->a, f, f->code->text);
	if (state >= SELF_WARN) {
		item->fix = filled(r->a, f, f->code->fix);
		item->fixer = finding_fixer(f->code);
	}
	return true;
}

static void
judge_reverse(struct self_report *r, struct self_address *a, const struct result *result)
{
	bool none = has(result, "rdns_none"), bad = has(result, "rdns_bad_name");

	if (!by_finding(r, a, result, SELF_PTR)) {
		bool unknown = a->reverse.known == SELF_UNKNOWN;
		add(r, a, SELF_PTR, unknown ? SELF_UNSURE : SELF_PASS)->text = unknown
			? STR("the reverse DNS did not answer")
			: arena_printf(r->a, "its name is %.*s", STR_ARG(a->reverse.name));
	}
	a->wants_ptr = none || bad;
	a->wants_forward = has(result, "rdns_mismatch");
	if (!by_finding(r, a, result, SELF_FCRDNS)) {
		bool pass = result->iprev == AUTH_PASS;
		add(r, a, SELF_FCRDNS,
			pass		   ? SELF_PASS
				: a->maybe ? SELF_WARN
					   : SELF_FAIL)
			->text = pass ? STR("its reverse name leads back to it")
				      : STR("no reverse name leads back to it");
	}
	if (!by_finding(r, a, result, SELF_NAME) && result->iprev == AUTH_PASS)
		add(r, a, SELF_NAME, SELF_PASS)->text = arena_printf(
			r->a, "%.*s reads as a server's own name", STR_ARG(a->reverse.name));
}

static void
judge_helo(struct self_report *r, struct self_address *a, const struct result *result)
{
	if (!a->helo.n && result->iprev == AUTH_TEMPERROR) {
		add(r, a, SELF_HELO, SELF_UNSURE)->text =
			STR("it would be its reverse name, of which DNS says nothing now");
		return;
	}
	if (!a->helo.n) {
		add(r, a, SELF_HELO, SELF_HAND)->text = STR("no reverse name leads back that could "
							    "be its greeting: give it with --helo");
		return;
	}
	a->wants_helo = has(result, "helo_unresolvable") || has(result, "helo_not_client");
	if (!by_finding(r, a, result, SELF_HELO))
		add(r, a, SELF_HELO, SELF_PASS)->text =
			arena_printf(r->a, "HELO %.*s leads to the address", STR_ARG(a->helo));
}

static void
judge_lists(struct self_report *r, const struct self_address *a, const struct result *result)
{
	if (!r->lists_asked)
		add(r, a, SELF_LISTS, SELF_HAND)->text =
			STR("the settings have no DNS list to be asked");
	else if (!by_finding(r, a, result, SELF_LISTS))
		add(r, a, SELF_LISTS, SELF_PASS)->text =
			arena_printf(r->a, "not on %.*s", STR_ARG(r->lists));
}

/* Whether mail to the domain could arrive is for the check of senders to say. */
static void
note_mx(struct self_report *r, const struct result *result)
{
	for (size_t i = 0; i < result->n && !r->mx_leads_nowhere.n; i++)
		if (strcmp(result->finding[i]->code->id, "sender_bogus_mx") == 0)
			r->mx_leads_nowhere =
				filled(r->a, result->finding[i], result->finding[i]->code->text);
}

/* What all points together come to. */
static void
judge_verdict(struct self_report *r, struct self_address *a, const struct verdict *v)
{
	static const enum self_state of[] = {[VERDICT_ACCEPT] = SELF_PASS,
		[VERDICT_TAG] = SELF_WARN,
		[VERDICT_QUARANTINE] = SELF_FAIL,
		[VERDICT_DEFER] = SELF_FAIL,
		[VERDICT_REJECT] = SELF_FAIL};
	static const char *const words[] = {[VERDICT_ACCEPT] = "accept it",
		[VERDICT_TAG] = "accept and tag it",
		[VERDICT_QUARANTINE] = "accept and hold it",
		[VERDICT_DEFER] = "put it off",
		[VERDICT_REJECT] = "refuse it"};
	/* Settings that only watch so far let everybody in; a stranger will not. */
	enum verdict_kind kind = v->would > v->kind ? v->would : v->kind;
	enum self_state state = v->temporary ? SELF_UNSURE : of[kind];

	a->judged = true;
	a->verdict = kind;
	a->score = v->score;
	/* Not the reply's own text: it would tell of a case that nobody keeps. */
	a->reply = v->code ? arena_printf(r->a, "%u %.*s %.*s", v->code, STR_ARG(v->enhanced),
				     STR_ARG(v->main ? filled(r->a, v->main, v->main->code->text)
						     : v->one_line))
			   : STR("");
	if (state == SELF_FAIL && a->maybe)
		state = SELF_WARN;
	add(r, a, SELF_VERDICT, state)->text = arena_printf(
		r->a, "mxward would %s, score %.1f", words[kind], (double)v->score / 100);
}

void
self_judge_address(struct self_report *r, size_t i, const struct decision *d)
{
	struct self_address *a = &r->address[i];

	if (!d->result) {
		self_refuse_address(r, i);
		return;
	}
	judge_reverse(r, a, d->result);
	judge_helo(r, a, d->result);
	if (!by_finding(r, a, d->result, SELF_SPF))
		add(r, a, SELF_SPF, SELF_UNSURE)->text = STR("SPF was not judged");
	a->wants_spf = has(d->result, "spf_fail") || has(d->result, "spf_softfail") ||
		has(d->result, "spf_neutral") || has(d->result, "spf_none");
	judge_lists(r, a, d->result);
	note_mx(r, d->result);
	judge_verdict(r, a, d->verdict);
}

void
self_refuse_address(struct self_report *r, size_t i)
{
	struct self_item *item = add(r, &r->address[i], SELF_ADDRESS, SELF_FAIL);

	item->text = arena_printf(
		r->a, "no receiver on the Internet ever sees %.*s", STR_ARG(r->address[i].text));
	item->fix = STR("name the public address that mail leaves from");
	item->fixer = FIXER_SENDER_ADMIN;
}
