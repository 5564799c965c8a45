/* core/policy: see policy.h.  What the reply says is made in reply.c. */
#include "core/policy.h"
#include "core/reply.h"

struct action
policy_action(const struct policy *p, const struct check_set *checks, const struct finding *f,
	const struct ip *client)
{
	const struct check *check = checks->check[f->check];

	struct action a = p->actions[client->len == 16][f->check][f->code - check->codes];

	if (a.kind == ACTION_OWN)
		a = f->own;
	/* A reply of its own says by its class which of the two it is. */
	if (a.kind == ACTION_REJECT && f->reply.code / 100 == 4)
		a.kind = ACTION_DEFER;
	return a;
}

bool
policy_is_ours(const struct policy *p, const struct ip *client)
{
	for (size_t i = 0; i < p->ours.n; i++)
		if (ip_net_has(&p->ours.net[i], client))
			return true;
	return false;
}

struct action
policy_action_in(const struct verdict *v, const struct check_set *checks, const struct finding *f,
	const struct ip *client)
{
	if (v->spared >> f->check & 1)
		return (struct action){ACTION_OFF, 0};
	return policy_action(v->policy, checks, f, client);
}

uint64_t
policy_skip(const struct policy *p, const struct ip *client, uint64_t now_ms, struct exempted *out)
{
	*out = (struct exempted){.skip = 0};
	exempts_by_ip(&p->exempts, client, now_ms, out);
	return out->skip;
}

/* A domain counts for a client whose reverse name is in it and is confirmed by forward DNS, and for
 * a sender in it for whom SPF vouches: a HELO or a sender's domain can be claimed by anybody. */
static void
exempt(const struct judgement *j, struct exempted *out)
{
	const struct result *r = j->result;

	if (j->exempted)
		*out = *j->exempted;
	exempts_by_name(&j->policy->exempts, r->confirmed, r->spf_vouches ? r->spf_domain : STR(""),
		j->now_ms, out);
}

/* The domain that somebody claims to be of, canonical; empty: none. */
static struct str
claim(struct arena *a, struct str said)
{
	size_t at = str_rfind(said, '@');
	struct str name;

	if (!dns_name_parse(a, at < said.n ? str_skip(said, at + 1) : said, &name))
		return STR("");
	return name;
}

/* Checks that a domain might spare this client, had DNS answered: he says that he is of it, and
 * what would prove or disprove that is missing. */
static uint64_t
perhaps_exempt(const struct judgement *j, struct arena *a)
{
	const struct result *r = j->result;
	const struct exempt_tables *t = &j->policy->exempts;
	struct exempted perhaps = {.skip = 0};

	if (!exempts_have_domains(t))
		return 0;
	if (r->iprev == AUTH_TEMPERROR)
		exempts_by_name(t, claim(a, j->helo), claim(a, j->from), j->now_ms, &perhaps);
	if (r->spf_mailfrom == AUTH_TEMPERROR)
		exempts_by_name(t, STR(""), r->spf_domain, j->now_ms, &perhaps);
	return perhaps.skip;
}

bool
rcpt_is_always_reachable(struct str rcpt)
{
	size_t at = str_rfind(rcpt, '@');
	struct str local = str_slice(rcpt, 0, at);

	/* RCPT TO:<postmaster> without a domain is valid too, RFC 5321 4.5.1. */
	if (str_eq_nocase(local, STR("postmaster")))
		return true;
	return at < rcpt.n && str_eq_nocase(local, STR("abuse"));
}

/* Points that a check without full evidence could still have taken off: the sum of the rewards of
 * those checks.  "A 5xx needs complete evidence." */
static int32_t
missing_rewards(const struct judgement *j, uint64_t checks)
{
	const struct action *const *actions = j->policy->actions[j->client->len == 16];
	int32_t sum = 0;

	for (size_t i = 0; i < j->checks->n; i++) {
		const struct check *check = j->checks->check[i];
		if (!(checks >> i & 1))
			continue;
		for (size_t k = 0; k < check->n_codes; k++)
			if (actions[i][k].kind == ACTION_SCORE && actions[i][k].points < 0)
				sum -= actions[i][k].points;
	}
	return sum;
}

/* Might one of these checks, with full evidence, have found what accepts? */
static bool
missing_accept(const struct judgement *j, uint64_t checks)
{
	const struct action *const *actions = j->policy->actions[j->client->len == 16];

	for (size_t i = 0; i < j->checks->n; i++)
		for (size_t k = 0; checks >> i & 1 && k < j->checks->check[i]->n_codes; k++)
			if (actions[i][k].kind == ACTION_ACCEPT)
				return true;
	return false;
}

/* Add one finding to the tally.  perhaps: it might not count, which a missing answer would tell. */
static void
weigh(struct tally *t, const struct finding *f, struct action a, bool perhaps)
{
	if (perhaps &&
		(a.kind == ACTION_DEFER || a.kind == ACTION_REJECT ||
			a.kind == ACTION_QUARANTINE)) {
		t->unproved = t->unproved ? t->unproved : f;
		return;
	}
	if (perhaps && a.kind == ACTION_SCORE && a.points > 0)
		t->slack += a.points;
	if (f->code->final && (a.kind == ACTION_DEFER || a.kind == ACTION_REJECT) &&
		!t->final.finding)
		t->final = (struct tally_item){f, a};
	switch (a.kind) {
	case ACTION_OFF:
		return;
	case ACTION_SCORE:
		t->score += a.points;
		if (f->code->late && a.points > 0)
			t->late += a.points;
		if (!t->heaviest || a.points > t->heaviest_points) {
			t->heaviest = f;
			t->heaviest_points = a.points;
		}
		break;
	case ACTION_TAG:
		t->tag = t->tag ? t->tag : f;
		break;
	case ACTION_QUARANTINE:
		t->quarantine = t->quarantine ? t->quarantine : f;
		break;
	case ACTION_DEFER:
		if (f->code->temporary)
			t->temporary = t->temporary ? t->temporary : f;
		else
			t->defer = t->defer ? t->defer : f;
		break;
	case ACTION_REJECT:
		t->reject = t->reject ? t->reject : f;
		t->reject_stands |= !f->code->late;
		break;
	case ACTION_ACCEPT:
		t->accept = t->accept ? t->accept : f;
		break;
	case ACTION_OWN: /* policy_action() has put the finding's own in its place */
		must(false);
	}
	if (t->n < TALLY_MAX)
		t->item[t->n++] = (struct tally_item){f, a};
}

static void
add_up(const struct judgement *j, struct arena *a, struct tally *t)
{
	const struct result *r = j->result;
	uint64_t incomplete = 0, perhaps = perhaps_exempt(j, a);
	int32_t missed = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = r->finding[i];
		size_t code = (size_t)(f->code - j->checks->check[f->check]->codes);
		if (t->spared >> f->check & 1)
			continue;
		if (j->now && j->now->suspended[f->check] >> code & 1)
			continue;
		if (f->code->temporary)
			incomplete |= (uint64_t)1 << f->check;
		if (f->code->temporary && f->own.points < 0)
			missed -= f->own.points;
		weigh(t, f, policy_action(j->policy, j->checks, f, j->client),
			perhaps >> f->check & 1);
	}
	t->slack += missing_rewards(j, incomplete) + missed;
	t->doubt = missing_accept(j, incomplete);
}

/* Would it be refused without what waiting may put right? */
static bool
stands_now(const struct policy *p, const struct tally *t)
{
	return t->reject_stands || t->score - t->late - t->slack >= p->reject_at;
}

/* From the tally to a kind and the finding that decides; sets temporary. */
static enum verdict_kind
decide(const struct policy *p, const struct tally *t, struct verdict *v)
{
	bool over = t->score >= p->reject_at;

	v->main = t->heaviest;
	if (t->final.finding) {
		v->main = t->final.finding;
		return t->final.action.kind == ACTION_DEFER ? VERDICT_DEFER : VERDICT_REJECT;
	}
	if (t->accept) {
		v->main = t->accept;
		return VERDICT_ACCEPT;
	}
	if (t->reject && !t->doubt) {
		v->main = t->reject;
		return VERDICT_REJECT;
	}
	if (over && !t->doubt && t->score - t->slack >= p->reject_at)
		return VERDICT_REJECT;
	if (t->defer) {
		v->main = t->defer;
		return VERDICT_DEFER;
	}
	if (p->defer_at && t->score >= p->defer_at && t->score - t->slack >= p->defer_at)
		return VERDICT_DEFER;
	/* What would refuse or hold, had nothing been missing, waits until nothing is. */
	const struct finding *other = t->reject ? t->reject : t->unproved;
	if (t->quarantine && t->doubt && !other)
		other = t->quarantine;
	if (over || t->temporary || other) {
		if (t->temporary || other)
			v->main = t->temporary ? t->temporary : other;
		v->temporary = true;
		return VERDICT_DEFER;
	}
	if (t->quarantine) {
		v->main = t->quarantine;
		return VERDICT_QUARANTINE;
	}
	if (t->tag) {
		v->main = t->tag;
		return VERDICT_TAG;
	}
	return VERDICT_ACCEPT;
}

static const char *
overruled(const struct judgement *j, const struct switches *s)
{
	if (rcpt_is_always_reachable(j->rcpt))
		return "postmaster and abuse are always reachable";
	if (j->now && j->now->accept_because)
		return j->now->accept_because;
	if (s->off)
		return "the policy is off for this mailbox";
	if (j->policy->profile == PROFILE_MONITOR)
		return "monitor profile";
	return NULL;
}

/* What the mailbox makes of a refusal: something milder, or nothing else.  Where its mail is to
 * arrive in any case, it is not held either. */
static void
soften(const struct switches *s, struct verdict *v)
{
	if (!(s->set >> MAILBOX_REFUSE & 1) || v->kind < VERDICT_QUARANTINE || s->refuse >= v->kind)
		return;
	v->kind = s->refuse;
	v->temporary = v->first_defers = false;
	v->because = "this mailbox does not refuse";
}

/* "rdns_ok: 192.0.2.1 has reverse name ..." */
static const char *
accepted_because(const struct finding *f, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);

	buf_puts(&b, f->code->id);
	buf_puts(&b, ": ");
	finding_fill(f, f->code->text, &b);
	return arena_z(a, buf_str(&b));
}

/* After a bug of ours nobody is judged: the mail server is asked to come again.  As any deferral
 * for want of evidence it is not repeated, or a bug that is met each time would cost the message.
 */
static void
defer_broken(struct verdict *v)
{
	v->kind = v->would = VERDICT_DEFER;
	v->temporary = true;
	v->first_defers = false;
	v->because = "internal error";
}

static void
judge(const struct judgement *j, const struct switches *s, struct arena *a, struct verdict *out)
{
	struct tally t = {.n = 0};
	struct verdict v = {.enhanced = STR(""), .policy = j->policy, .mailbox = STR("")};

	exempt(j, &v.exempted);
	v.exemption = v.exempted.n ? v.exempted.by[0] : NULL;
	v.spared = t.spared = v.exempted.skip | switches_spare(s, j->checks->n);
	add_up(j, a, &t);
	v.score = t.score;
	v.kind = v.would = decide(j->policy, &t, &v);
	v.first_defers =
		v.kind == VERDICT_REJECT && j->policy->first_defers && !stands_now(j->policy, &t);
	if (v.kind == VERDICT_REJECT && j->policy->rules_unknown) {
		v.kind = v.would = VERDICT_DEFER;
		v.temporary = true;
		v.first_defers = false;
		v.because = "exemptions are not known yet";
	}
	if (t.accept && v.main == t.accept)
		v.because = accepted_because(t.accept, a);
	if (j->result->broken)
		defer_broken(&v);
	const char *because = v.kind == VERDICT_ACCEPT ? NULL : overruled(j, s);
	if (because) {
		v.passing = j->now && because == j->now->accept_because;
		verdict_accept_instead(&v, because);
		*out = v;
		return;
	}
	soften(s, &v);
	if (verdict_refuses(v.kind) && j->result->broken)
		reply_make_broken(j, a, &v);
	else if (verdict_refuses(v.kind))
		reply_make(j, &t, a, &v);
	*out = v;
}

/* The policy as these switches change it. */
static struct policy *
with_switches(const struct policy *p, const struct switches *s, struct arena *a)
{
	struct policy *own = arena_new(a, struct policy);

	*own = *p;
	if (s->set >> MAILBOX_PROFILE & 1 && p->profiles) {
		own->profile = s->profile;
		memcpy(own->actions, p->profiles[s->profile].of, sizeof(own->actions));
	}
	if (s->set >> MAILBOX_REJECT_AT & 1)
		own->reject_at = s->reject_at;
	if (s->set >> MAILBOX_DEFER_AT & 1)
		own->defer_at = s->defer_at;
	return own;
}

static struct str
describe(const struct mailbox_found *found, struct arena *a)
{
	struct str text = found->by[0]->text;

	for (size_t i = 1; i < found->n; i++)
		text = arena_printf(a, "%.*s; %.*s", STR_ARG(text), STR_ARG(found->by[i]->text));
	return text;
}

static void
judge_mailbox(const struct judgement *j, struct arena *a, struct verdict *out)
{
	static const struct switches none = {.set = 0};
	const struct policy *p = j->policy;
	struct mailbox_found found;

	if (!mailboxes_find(p->mailboxes, j->rcpt, p->delimiters, &found)) {
		judge(j, &none, a, out);
		return;
	}
	struct judgement own = *j;
	own.policy = with_switches(p, &found.switches, a);
	judge(&own, &found.switches, a, out);
	out->mailbox = describe(&found, a);
}

struct call {
	const struct judgement *j;
	struct arena *a;
	struct verdict *out;
};

static void
judge_contained(void *ctx)
{
	const struct call *c = ctx;

	judge_mailbox(c->j, c->a, c->out);
}

void
policy_judge(const struct judgement *j, struct arena *a, struct verdict *out)
{
	struct call c = {j, a, out};
	struct must_failure why;

	if (must_contain(judge_contained, &c, &why))
		return;
	*out = (struct verdict){.policy = j->policy, .mailbox = STR("")};
	defer_broken(out);
	reply_make_broken(j, a, out);
}

void
policy_judge_all(const struct judgement *j, const struct str *rcpt, size_t n, struct arena *a,
	struct verdict *out)
{
	struct judgement one = *j;

	one.rcpt = n ? rcpt[0] : STR("");
	policy_judge(&one, a, out);
	for (size_t i = 1; i < n && out->kind != VERDICT_ACCEPT; i++) {
		struct verdict v;
		one.rcpt = rcpt[i];
		policy_judge(&one, a, &v);
		if (v.kind < out->kind)
			*out = v;
	}
}

void
verdict_accept_instead(struct verdict *v, const char *because)
{
	v->kind = VERDICT_ACCEPT;
	v->code = 0;
	v->enhanced = STR("");
	v->temporary = v->first_defers = false;
	v->because = because;
	v->n_lines = 0;
	v->one_line = STR("");
}

void
verdict_defer_instead(struct verdict *v, struct arena *a)
{
	must(v->kind == VERDICT_REJECT && v->first_defers);
	v->kind = VERDICT_DEFER;
	v->code = 451;
	v->enhanced = arena_printf(a, "4%.*s", STR_ARG(str_skip(v->enhanced, 1)));
	v->first_defers = false;
	v->because = "waiting may put it right: refused when it comes again";
	v->passing = true;
}

static const char *const action_names[] = {[ACTION_OFF] = "off",
	[ACTION_SCORE] = "score",
	[ACTION_TAG] = "tag",
	[ACTION_QUARANTINE] = "quarantine",
	[ACTION_DEFER] = "defer",
	[ACTION_REJECT] = "reject",
	[ACTION_ACCEPT] = "accept",
	[ACTION_OWN] = "own"};

const char *
action_name(enum action_kind kind)
{
	return action_names[kind];
}

void
action_print(struct action a, struct buf *out)
{
	buf_puts(out, action_name(a.kind));
	if (a.kind == ACTION_SCORE) {
		buf_putc(out, ' ');
		points_print(a.points, false, out);
	}
}

bool
action_parse(struct str s, struct action *out, struct errbuf *e)
{
	struct str word = STR(""), points = STR(""), more;
	struct str rest = s;
	struct action a = {ACTION_OFF, 0};
	bool known = false;

	(void)str_word(&rest, &word);
	for (size_t i = 0; i < COUNT(action_names) && !known; i++) {
		known = str_eq_nocase(word, str_of(action_names[i]));
		a.kind = (enum action_kind)i;
	}
	if (!known) {
		const char *near = nearest_name(word, action_names, COUNT(action_names));
		return err(e,
			"unknown action \"%.*s\": %s%s%sone of off, score N, tag, quarantine, "
			"defer, reject, accept",
			STR_ARG(word), near ? "did you mean \"" : "", near ? near : "",
			near ? "\"? It is " : "");
	}
	if (a.kind == ACTION_SCORE &&
		(!str_word(&rest, &points) || !points_parse(points, &a.points)))
		return err(e, "score wants a number of points such as 4 or -0.5, not \"%.*s\"",
			STR_ARG(points));
	if (str_word(&rest, &more))
		return err(e, "unexpected \"%.*s\" after the action", STR_ARG(more));
	*out = a;
	return true;
}
