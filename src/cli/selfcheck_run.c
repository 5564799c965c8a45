/*
 * cli/selfcheck_run: one round of questions.
 *
 * The same gate, checks and DNS client as `mxward check`, but as a stranger would see us: our own
 * networks, names, exemptions and switches of the settings do not count, and no store is opened.
 * All addresses are asked about side by side, so that a round takes no longer than three times what
 * one question may.  Mail servers are connected to for callouts only, where the options say so.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "checks/dnsbl.h"
#include "cli/selfcheck.h"
#include "core/run.h"
#include "daemon/callout_run.h"
#include "daemon/resolver.h"
#include "net/loop.h"

#define ROUND_MS    20000 /* for each of the three steps at most */
#define PROGRESS_MS 1000
#define ARENA_LIMIT ((size_t)64 << 20) /* never met: all that is asked is bounded */

/* Lists that are asked where no settings name any: well known, and their operators allow it. */
static const char *const usual_lists[] = {"zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com",
	"bl.mailspike.net", "dbl.spamhaus.org"};

struct self_asker {
	const struct self_options *o;
	struct config *config;
	struct str hostname; /* ours, which is none of a stranger's */
	struct loop *loop;
	struct arena scratch;
	struct timer *deadline, *progress;
	struct watch *on_int, *on_term;
	bool interrupted, expired, progress_shown;
	uint64_t began_ms;
	size_t open; /* visits without a verdict */
};

static void
interrupt(void *ctx)
{
	struct self_asker *s = ctx;

	s->interrupted = true;
	loop_stop(s->loop);
}

static void
expire(void *ctx)
{
	struct self_asker *s = ctx;

	s->expired = true;
	loop_stop(s->loop);
}

/* A line on a terminal that is overwritten, while people wait. */
static void
show_progress(void *ctx)
{
	struct self_asker *s = ctx;

	fprintf(stderr, "\r%.*s: waiting for DNS, %u s ", STR_ARG(s->o->domain),
		(unsigned)((clock_ms() - s->began_ms) / 1000));
	s->progress_shown = true;
	timer_set(s->progress, PROGRESS_MS);
}

static void
hide_progress(struct self_asker *s)
{
	timer_clear(s->progress);
	if (s->progress_shown)
		fputs("\r\033[K", stderr);
	s->progress_shown = false;
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* --- settings --- */

/* Where nobody has chosen lists, the usual ones. */
static struct str
default_settings(struct arena *a)
{
	UNSET char room[1024];
	struct buf b = BUF(room);

	for (size_t i = 0; i < COUNT(usual_lists); i++) {
		const struct known_list *l = known_list_find(str_of(usual_lists[i]));
		if (l && l->state == LIST_LIVE && l->default_ok && !l->keyed)
			buf_printf(&b, "[dnsbl %s]\n", l->zone);
	}
	return arena_str(a, buf_str(&b));
}

/* Nothing of what makes us ourselves counts for a stranger. */
static void
be_a_stranger(struct generation *g)
{
	g->policy.ours = (struct nets){0};
	g->policy.exempts = (struct exempt_tables){{NULL}};
	g->policy.mailboxes = NULL;
	g->site.hostname = STR("");
	g->site.hostnames = g->site.domains = (struct words){0};
	g->site.addresses = (struct nets){0};
	g->watch_nat = g->watch_findings = false;
}

struct self_asker *
self_asker_new(const struct self_options *o, struct errbuf *e)
{
	struct self_asker *s = heap_calloc(1, sizeof(*s));

	s->o = o;
	arena_init(&s->scratch, 16384, ARENA_LIMIT);
	s->loop = loop_new();
	s->config = o->config ? config_load_file(o->config, NULL, NULL, e)
			      : config_load_text("defaults", default_settings(&s->scratch), e);
	if (s->config && o->resolver)
		s->config->dns.resolver = str_of(o->resolver);
	if (!s->loop)
		(void)err(e, "cannot make an event loop");
	if (!s->loop || !s->config || !resolver_attach(s->config, NULL, s->loop, e)) {
		self_asker_free(s);
		return NULL;
	}
	s->hostname = config_generation(s->config)->site.hostname;
	be_a_stranger(config_generation(s->config));
	s->deadline = timer_new(s->loop, expire, s);
	s->progress = timer_new(s->loop, show_progress, s);
	s->on_int = loop_on_signal(s->loop, SIGINT, interrupt, s);
	s->on_term = loop_on_signal(s->loop, SIGTERM, interrupt, s);
	return s;
}

void
self_asker_free(struct self_asker *s)
{
	if (!s)
		return;
	if (s->loop) {
		timer_free(s->deadline);
		timer_free(s->progress);
		watch_free(s->on_int);
		watch_free(s->on_term);
	}
	config_free(s->config);
	loop_free(s->loop);
	arena_done(&s->scratch);
	heap_free(s);
}

bool
self_wait(struct self_asker *s, uint64_t ms)
{
	s->expired = false;
	timer_set(s->deadline, ms);
	while (!s->expired && !s->interrupted)
		loop_run(s->loop);
	return !s->interrupted;
}

/* --- facts --- */

struct asking {
	struct arena arena;
	struct transaction *t;
};

static void
begin(struct self_asker *s, struct asking *a, const struct check_set *set, const struct ip *client)
{
	struct generation *g = config_generation(s->config);

	arena_init(&a->arena, 16384, ARENA_LIMIT);
	a->t = transaction_begin(&(struct transaction_options){.checks = set,
					 .site = &g->site,
					 .source = g->source,
					 .arena = &a->arena,
					 .scratch = &s->scratch,
					 .now = clock_wall(),
					 .settled = stop,
					 .ctx = s->loop},
		client);
	transaction_run(a->t);
}

/* Until each of them is done, or time is up. */
static void
finish(struct self_asker *s, struct asking *a, size_t n)
{
	s->expired = false;
	timer_set(s->deadline, ROUND_MS);
	for (size_t i = 0; i < n; i++) {
		while (!transaction_is_done(a[i].t) && !s->expired && !s->interrupted)
			loop_run(s->loop);
		if (!transaction_is_done(a[i].t))
			transaction_expire(a[i].t, "no answer in time");
	}
	timer_clear(s->deadline);
	for (size_t i = 0; i < n; i++) {
		transaction_end(a[i].t);
		arena_done(&a[i].arena);
	}
}

static void
ask_domain(struct self_asker *s, struct self_report *r)
{
	/* An address that nobody has: none of these questions is about a client. */
	static const struct ip nobody = {.len = 4};
	struct self_question q = {.a = r->a,
		.domain = s->o->domain,
		.n_selectors = s->o->n_selectors,
		.out = &r->domain};
	const void *settings[SELF_DOMAIN_CHECKS];
	struct asking a;

	memcpy(q.selector, s->o->selector, sizeof(q.selector));
	for (size_t i = 0; i < SELF_DOMAIN_CHECKS; i++)
		settings[i] = &q;
	r->domain.name = s->o->domain;
	begin(s, &a, &(struct check_set){SELF_DOMAIN_CHECKS, self_domain_checks, settings},
		&nobody);
	finish(s, &a, 1);
}

static void
ask_names(struct self_asker *s, struct self_report *r)
{
	static const struct check *const checks[] = {&self_reverse_check};
	struct self_reverse_question q[SELF_ADDRESSES_MAX];
	const void *settings[SELF_ADDRESSES_MAX];
	struct check_set set[SELF_ADDRESSES_MAX];
	struct asking *a = heap_calloc(SELF_ADDRESSES_MAX, sizeof(*a));

	for (size_t i = 0; i < r->n_addresses; i++) {
		q[i] = (struct self_reverse_question){r->a, &r->address[i].reverse};
		settings[i] = &q[i];
		set[i] = (struct check_set){1, checks, &settings[i]};
		begin(s, &a[i], &set[i], &r->address[i].ip);
	}
	finish(s, a, r->n_addresses);
	heap_free(a);
	/* A server greets with its own name, if anything is as it should be. */
	for (size_t i = 0; i < r->n_addresses; i++)
		if (!r->address[i].helo_given && r->address[i].reverse.confirmed)
			r->address[i].helo = r->address[i].reverse.name;
}

/* --- what a receiver would say --- */

struct judged {
	struct self_asker *s;
	struct self_report *r;
	size_t number;
	struct gate *gate; /* its own, so that we know whom an answer is about */
	struct visit *visit;
};

static void
decided(void *ctx, const struct decision *d)
{
	struct judged *j = ctx;

	self_judge_address(j->r, j->number, d);
}

static void
done(void *ctx, const struct verdict *v)
{
	struct judged *j = ctx;

	if (--j->s->open == 0)
		loop_stop(j->s->loop);
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

static void
begin_visit(struct self_asker *s, struct self_report *r, size_t i, struct judged *j)
{
	const struct self_address *a = &r->address[i];

	*j = (struct judged){.s = s, .r = r, .number = i};
	j->gate = gate_new(
		&(struct gate_options){
			.loop = s->loop, .decided = decided, .alarm = no_alarm, .ctx = j},
		config_generation(s->config));
	j->visit = visit_new(j->gate, &(struct visit_client){.ip = a->ip, .way = "selfcheck"});
	visit_env_if(j->visit, ENV_HELO, a->helo.n > 0, a->helo);
	visit_env_if(j->visit, ENV_MAIL_FROM, true,
		arena_printf(r->a, "postmaster@%.*s", STR_ARG(r->domain.name)));
	s->open++;
}

static void
judge_addresses(struct self_asker *s, struct self_report *r)
{
	struct judged *j = heap_calloc(SELF_ADDRESSES_MAX, sizeof(*j));

	for (size_t i = 0; i < r->n_addresses; i++) {
		if (ip_is_private(&r->address[i].ip))
			self_refuse_address(r, i);
		else
			begin_visit(s, r, i, &j[i]);
	}
	for (size_t i = 0; i < r->n_addresses; i++)
		if (j[i].visit)
			visit_judge(j[i].visit, STR(""), STR(""), done, &j[i]);
	while (s->open > 0 && !s->interrupted)
		loop_run(s->loop);
	for (size_t i = 0; i < r->n_addresses; i++)
		if (j[i].visit) {
			visit_end(j[i].visit);
			gate_free(j[i].gate);
		}
	s->open = 0;
	heap_free(j);
}

/* --- callouts --- */

struct calling {
	struct self_asker *s;
	struct arena *a;
	struct callout *out;
	struct callout_run *run; /* NULL: over */
};

static void
called(void *ctx, const struct callout *c, bool held_back)
{
	struct calling *k = ctx;

	*k->out = *c;
	k->out->stage = arena_str(k->a, c->stage);
	k->out->reason = arena_str(k->a, c->reason);
	k->out->said = arena_str(k->a, c->said);
	k->out->mx = arena_str(k->a, c->mx);
	k->out->transcript = arena_str(k->a, c->transcript);
	k->run = NULL; /* frees itself */
	loop_stop(k->s->loop);
}

static void
call_out(struct self_asker *s, struct self_report *r, size_t i, struct str address)
{
	struct calling k = {.s = s, .a = r->a, .out = &r->callout[i].got};

	r->callout[i].address = address;
	k.run = callout_run_new(
		&(struct callout_run_options){
			.loop = s->loop, .config = s->config, .done = called, .ctx = &k},
		address);
	while (k.run && !s->interrupted)
		loop_run(s->loop);
	callout_run_free(k.run);
}

/* One after the other: it may be the same server. */
static void
ask_servers(struct self_asker *s, struct self_report *r)
{
	struct site *site = &config_generation(s->config)->site;

	site->hostname = s->hostname;
	call_out(s, r, SELF_CALLOUT_POSTMASTER,
		arena_printf(r->a, "postmaster@%.*s", STR_ARG(r->domain.name)));
	if (s->o->sender.n && !s->interrupted)
		call_out(s, r, SELF_CALLOUT_SENDER, s->o->sender);
	site->hostname = STR("");
}

static void
take_given(const struct self_options *o, struct self_report *r)
{
	char room[IP_TEXT_MAX];

	for (size_t i = 0; i < o->n_given; i++)
		r->address[r->n_addresses++] = (struct self_address){.ip = o->given[i].ip,
			.text = arena_str(r->a, str_of(ip_text(&o->given[i].ip, room))),
			.helo = o->given[i].helo.p ? o->given[i].helo : STR(""),
			.helo_given = o->given[i].helo.p != NULL,
			.from = STR("given")};
}

static void
name_lists(struct self_asker *s, struct self_report *r)
{
	const struct dnsbl_set *set = config_generation(s->config)->site.lists;
	UNSET char room[1024];
	struct buf b = BUF(room);

	for (size_t i = 0; set && i < set->n; i++)
		if (!set->list[i].off && !set->list[i].allow)
			buf_printf(&b, "%s%.*s", b.n ? ", " : "", STR_ARG(set->list[i].name));
	r->lists_asked = b.n > 0;
	r->lists = arena_str(r->a, buf_str(&b));
}

bool
self_ask(struct self_asker *s, struct self_report *r)
{
	s->began_ms = clock_ms();
	if (isatty(STDERR_FILENO))
		timer_set(s->progress, PROGRESS_MS);
	name_lists(s, r);
	take_given(s->o, r);
	ask_domain(s, r);
	if (!s->interrupted) {
		self_find_addresses(r);
		ask_names(s, r);
	}
	if (!s->interrupted)
		judge_addresses(s, r);
	if (s->o->callout && !s->interrupted)
		ask_servers(s, r);
	hide_progress(s);
	if (s->interrupted)
		return false;
	self_judge_domain(r);
	return true;
}
