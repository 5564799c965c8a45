/* cli/explain: see explain_live.h.  The same gate, checks and DNS client as `mxward check`. */
#include "cli/explain_live.h"

#include "daemon/resolver.h"
#include "lists/known.h"

/* Findings by which a claim still holds, by which it is mended, by which nothing is known. */
static const struct claim {
	enum cause_id cause;
	const char *still[10], *fixed[4], *unknown[2];
} claims[] = {
	{CAUSE_NO_PTR, {"rdns_none", "rdns_bad_name"}, {"rdns_ok", "rdns_mismatch"},
		{"rdns_temperror"}},
	{CAUSE_FCRDNS_MISMATCH, {"rdns_mismatch", "rdns_none", "rdns_bad_name"}, {"rdns_ok"},
		{"rdns_temperror"}},
	{CAUSE_DYNAMIC_IP,
		{"rdns_enduser", "rdns_enduser_weak", "rdns_static", "rdns_hosting", "rdns_none"},
		{"rdns_ok"}, {"rdns_temperror"}},
	{CAUSE_HELO_INVALID,
		{"helo_syntax", "helo_underscore", "helo_not_fqdn", "helo_bare_ip",
			"helo_literal_mismatch", "helo_private", "helo_unresolvable",
			"helo_not_client", "helo_enduser"},
		{"helo_ok", "helo_not_rdns", "helo_alias"}, {"helo_temperror"}},
	{CAUSE_SPF_FAIL, {"spf_fail", "spf_helo_fail", "spf_permerror", "spf_softfail"},
		{"spf_pass", "spf_none", "spf_neutral"}, {"spf_temperror"}},
	{CAUSE_AUTH_MISSING, {"spf_softfail", "spf_none", "spf_neutral", "spf_fail"}, {"spf_pass"},
		{"spf_temperror"}},
	{CAUSE_SENDER_DOMAIN_INVALID,
		{"sender_syntax", "sender_no_domain", "sender_no_mail", "sender_null_mx",
			"sender_bogus_mx"},
		{"sender_ok"}, {"sender_temperror"}},
	{CAUSE_DNSBL_LISTED, {"dnsbl_listed"}, {NULL}, {"dnsbl_unavailable"}},
	{CAUSE_DOMAIN_REPUTATION, {"dnsbl_name_listed"}, {NULL}, {"dnsbl_unavailable"}},
};

struct live_run {
	struct arena *a;
	const struct texts *texts;
	struct loop *loop;
	const struct claim *claim;
	struct live out;
	bool answered;
};

static const struct claim *
claim_of(enum cause_id cause)
{
	for (size_t i = 0; i < COUNT(claims); i++)
		if (claims[i].cause == cause)
			return &claims[i];
	return NULL;
}

static bool
is_one_of(const char *id, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n && ids[i]; i++)
		if (strcmp(id, ids[i]) == 0)
			return true;
	return false;
}

static struct live
live_saying_of(const struct live_run *run, enum live_state state, enum saying say)
{
	return (struct live){state, str_of(run->texts->say[say])};
}

static struct live
live_finding(struct live_run *run, enum live_state state, const struct finding *f)
{
	char room[1000];
	struct buf b = BUF(room);

	const char *text = texts_named(
		run->texts->findings, run->texts->n_findings, str_of(f->code->id), f->code->text);
	(void)finding_fill(f, text, &b);
	return (struct live){state, arena_str(run->a, buf_str(&b))};
}

/* The worst counts: what still holds, then what is not known, then what is mended. */
static void
decided(void *ctx, const struct decision *d)
{
	struct live_run *run = ctx;
	const struct claim *c = run->claim;
	const struct finding *still = NULL, *unknown = NULL, *fixed = NULL;

	for (size_t i = 0; d->result && i < d->result->n; i++) {
		const struct finding *f = d->result->finding[i];
		if (is_one_of(f->code->id, c->still, COUNT(c->still)))
			still = still ? still : f;
		else if (is_one_of(f->code->id, c->unknown, COUNT(c->unknown)))
			unknown = unknown ? unknown : f;
		else if (is_one_of(f->code->id, c->fixed, COUNT(c->fixed)))
			fixed = fixed ? fixed : f;
	}
	if (still)
		run->out = live_finding(run, LIVE_STILL, still);
	else if (unknown)
		run->out = live_finding(run, LIVE_UNKNOWN, unknown);
	else if (fixed)
		run->out = live_finding(run, LIVE_FIXED, fixed);
	else if (!c->fixed[0] && d->result)
		run->out = live_saying_of(run, LIVE_FIXED, SAY_LIVE_NOT_LISTED);
}

static void
done(void *ctx, const struct verdict *v)
{
	struct live_run *run = ctx;

	run->answered = true;
	loop_stop(run->loop);
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

/* Settings under which only what is asked about is asked. */
static struct config *
settings_for(struct arena *a, const struct live_resolver *with, bool by_sender, struct str list,
	struct errbuf *e)
{
	struct str text = arena_printf(a,
		"[dns]\nresolver = \"%.*s\"\nzone = \"%.*s\"\n[networks]\nours = \"\"\n"
		"[policy]\nchecks = %s%s\n%s%.*s%s",
		STR_ARG(with->resolver), STR_ARG(with->zone),
		by_sender ? "sender" : "rdns generic_rdns helo spf", list.n ? " dnsbl" : "",
		list.n ? "[dnsbl " : "", STR_ARG(list), list.n ? "]\n" : "");

	return config_load_text("live", text, e);
}

/* The envelope's sender: the reply's own words on its domain go before what the returned message
 * has in From, which may be another. */
static struct str
sender_of(struct arena *a, const struct explained *x)
{
	struct str domain = str_skip(x->sender, str_rfind(x->sender, '@') + 1);

	if (!x->domain.n || str_eq_nocase(domain, x->domain))
		return x->sender;
	return arena_printf(a, "postmaster@%.*s", STR_ARG(x->domain));
}

static void
ask(struct live_run *run, struct config *config, const struct explained *x)
{
	/* A sender's domain is the same for every client.  The server that reports introduces
	 * itself by its own name, where no other is known. */
	struct str helo = x->helo.n ? x->helo : x->client_name;
	struct str sender = sender_of(run->a, x);
	struct gate *gate = gate_new(
		&(struct gate_options){
			.loop = run->loop, .decided = decided, .alarm = no_alarm, .ctx = run},
		config_generation(config));
	struct ip nobody = {.len = 4, .b = {192, 0, 2, 1}};
	struct visit *v = visit_new(gate,
		&(struct visit_client){.ip = x->client.len ? x->client : nobody, .way = "explain"});

	visit_env_if(v, ENV_HELO, helo.n > 0, helo);
	visit_env_if(v, ENV_MAIL_FROM, sender.n > 0, sender);
	visit_judge(v, STR(""), STR(""), done, run);
	while (!run->answered)
		loop_run(run->loop);
	visit_end(v);
	gate_free(gate);
}

static struct str
escaped(struct arena *a, struct str s)
{
	char room[1000];
	struct buf b = BUF(room);

	buf_put_escaped(&b, s, 240);
	return arena_str(a, buf_str(&b));
}

struct live
live_check(struct arena *a, const struct texts *texts, const struct live_resolver *with,
	const struct explained *x)
{
	struct live_run run = {.a = a, .texts = texts, .claim = claim_of(x->cause)};
	const struct known_list *l = x->list.n ? known_list_find(x->list) : NULL;
	bool by_sender = x->cause == CAUSE_SENDER_DOMAIN_INVALID;
	bool by_list = x->cause == CAUSE_DNSBL_LISTED || x->cause == CAUSE_DOMAIN_REPUTATION;
	struct errbuf e = {0};

	if (!run.claim)
		return live_saying_of(&run, LIVE_UNKNOWN, SAY_LIVE_NO_QUESTION);
	if (!x->client.len && !by_sender)
		return live_saying_of(&run, LIVE_UNKNOWN, SAY_LIVE_NO_CLIENT);
	if (by_list && (!l || l->state == LIST_DEAD || l->keyed))
		return live_saying_of(&run, LIVE_UNKNOWN, SAY_LIVE_NO_LIST);
	run.out = live_saying_of(&run, LIVE_UNKNOWN, SAY_LIVE_NO_ANSWER);
	struct config *config =
		settings_for(a, with, by_sender, by_list ? str_of(l->zone) : STR(""), &e);
	run.loop = loop_new();
	if (config && run.loop && resolver_attach(config, NULL, run.loop, &e))
		ask(&run, config, x);
	else
		run.out.text = escaped(a, str_of(e.text));
	config_free(config);
	loop_free(run.loop);
	return run.out;
}

const char *
live_name(enum live_state state)
{
	static const char *const names[] = {
		[LIVE_FIXED] = "fixed", [LIVE_STILL] = "still", [LIVE_UNKNOWN] = "unknown"};

	return names[state];
}

enum saying
live_saying(enum live_state state)
{
	static const enum saying says[] = {[LIVE_FIXED] = SAY_LIVE_FIXED,
		[LIVE_STILL] = SAY_LIVE_STILL,
		[LIVE_UNKNOWN] = SAY_LIVE_UNKNOWN};

	return says[state];
}
