/* daemon/worker: see worker.h. */
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "checks/checks.h"
#include "daemon/callout_run.h"
#include "daemon/config_store.h"
#include "daemon/control.h"
#include "daemon/lists_watch.h"
#include "daemon/local_watch.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/process.h"
#include "daemon/resolver.h"
#include "daemon/rules_watch.h"
#include "daemon/status.h"
#include "daemon/worker.h"
#include "front/milter.h"
#include "front/policy.h"
#include "net/listen.h"
#include "net/stream.h"
#include "source/callout.h"

#define STOP_MS		10000 /* for what is under way when we are told to stop */
#define STORE_FIRST_MS	1000  /* for the store, before anybody is served */
#define STORE_LOOK_MS	10
#define CALLOUT_MORE_MS 500   /* for the way to who makes callouts */
#define FRONTS_MAX	2
#define FINDINGS_LOG	600 /* bytes of the findings in a log line */

struct worker {
	const struct worker_options *o;
	struct loop *loop;
	struct config *config;
	struct gate *gate;
	struct lists_watch *lists;
	struct local_watch *local;
	struct rules_watch *rules;
	struct memory *memory;
	struct source_callout *callouts; /* NULL: nobody makes any */
	struct front *milter, *policy;
	struct listener **listener;
	size_t n_listeners;
	struct control *control; /* may be NULL */
	struct tally tally;
	int64_t started;     /* clock_wall() */
	uint64_t started_ms; /* clock_ms() */
	struct timer *stop_timer;
	bool stopping;
};

/* "rdns_none:+4,helo_ok:-2" */
static void
put_findings(struct buf *b, const struct decision *d)
{
	const struct generation *g = d->generation;

	for (size_t i = 0; d->result && i < d->result->n; i++) {
		const struct finding *f = d->result->finding[i];
		struct action a = policy_action_in(d->verdict, &g->checks, f, &d->client->ip);
		if (i)
			buf_putc(b, ',');
		buf_puts(b, f->code->id);
		if (a.kind == ACTION_OFF)
			continue;
		buf_putc(b, ':');
		if (a.kind == ACTION_SCORE)
			points_print(a.points, true, b);
		else
			action_print(a, b);
	}
}

static void
decided(void *ctx, const struct decision *d)
{
	struct worker *w = ctx;
	const struct verdict *v = d->verdict;
	UNSET char findings_room[FINDINGS_LOG], score_room[16], ip[IP_TEXT_MAX];
	struct buf findings = BUF(findings_room), score = BUF(score_room);
	UNSET struct log_pair pair[22];
	size_t n = 0;

	tally_add(&w->tally, d);
	memory_decided(w->memory, d);
	if (!log_wants(LOG_LEVEL_INFO))
		return;
	put_findings(&findings, d);
	points_print(v->score, false, &score);
	pair[n++] = log_s("case", d->case_id);
	pair[n++] = log_z("way", d->client->way);
	pair[n++] = log_z("client", ip_text(&d->client->ip, ip));
	pair[n++] = log_s("helo", d->helo);
	pair[n++] = log_s("from", d->from);
	pair[n++] = log_s("to", d->rcpt);
	if (d->n_rcpts) {
		pair[n++] = log_z("stage", "message");
		pair[n++] = log_u("rcpts", d->n_rcpts);
	}
	if (d->queue_id.n)
		pair[n++] = log_s("queue", d->queue_id);
	pair[n++] = log_z("verdict", verdict_name(v->kind));
	if (v->because)
		pair[n++] = log_z("because", v->because);
	if (v->because && v->would != v->kind)
		pair[n++] = log_z("would", verdict_name(v->would));
	if (v->main && finding_why(v->main).n)
		pair[n++] = log_s("why", finding_why(v->main));
	if (v->exemption)
		pair[n++] = log_s("exempt", v->exemption->text);
	if (v->mailbox.n)
		pair[n++] = log_s("mailbox", v->mailbox);
	pair[n++] = log_s("score", buf_str(&score));
	pair[n++] = log_s("findings", buf_str(&findings));
	pair[n++] = log_u("us", d->took_us);
	if (v->code) {
		pair[n++] = log_u("code", v->code);
		pair[n++] = log_s("enhanced", v->enhanced);
		pair[n++] = log_s("reply", v->one_line);
	}
	must(n <= COUNT(pair));
	log_pairs(LOG_LEVEL_INFO, "decision", pair, n);
}

static void
remember(void *ctx, const struct visit_case *c)
{
	memory_remember(((struct worker *)ctx)->memory, c);
}

static void
refused_rcpt(void *ctx, const struct generation *g, const struct ip *client)
{
	memory_refused_rcpt(((struct worker *)ctx)->memory, g, client);
}

static void
session_over(
	void *ctx, const struct generation *g, const struct ip *client, const struct session *s)
{
	memory_session_over(((struct worker *)ctx)->memory, g, client, s);
}

static void
alarmed(void *ctx, const struct health_alarm *a)
{
	char ip[IP_TEXT_MAX];

	switch (a->kind) {
	case HEALTH_NAT_ON:
		log_event(LOG_LEVEL_ERROR, "alarm", log_z("alarm", "client_address_lost"),
			log_z("client", ip_text(&a->ip, ip)),
			log_z("text",
				"nearly all clients share one private address: the mail server "
				"does not see who is calling (NAT, a container's proxy), so they "
				"are accepted; give it the real addresses, or name this one in "
				"[networks] ours"));
		break;
	case HEALTH_NAT_OFF:
		log_event(LOG_LEVEL_WARN, "alarm_over", log_z("alarm", "client_address_lost"),
			log_z("client", ip_text(&a->ip, ip)));
		break;
	case HEALTH_SUSPENDED:
		log_event(LOG_LEVEL_ERROR, "alarm", log_z("alarm", "finding_suspended"),
			log_z("finding", a->code->id),
			log_z("text",
				"it suddenly refused most clients, so it only watches for a while: "
				"look at the resolver, and at [site] and [actions]"));
		break;
	case HEALTH_RESUMED:
		log_event(LOG_LEVEL_WARN, "alarm_over", log_z("alarm", "finding_suspended"),
			log_z("finding", a->code->id));
		break;
	}
}

static void
cannot(void *ctx, enum gate_lack lack)
{
	static const char *const texts[] = {
		[LACKS_ADD] = "the mail server lets a milter add no header fields: messages do not "
			      "tell what was found",
		[LACKS_REMOVE] = "the mail server lets a milter remove no header fields: some that "
				 "claim to be ours stay",
		[LACKS_QUARANTINE] = "the mail server cannot hold messages for a milter: they are "
				     "tagged instead",
		[LACKS_PATIENCE] = "a message had more header fields that claim to be ours than "
				   "are removed: it was refused"};

	log_event(LOG_LEVEL_WARN, "mail_server", log_z("text", texts[lack]));
}

static uint64_t
lists_suspended(void *ctx, const struct generation *g)
{
	return lists_watch_suspended(((struct worker *)ctx)->lists, g);
}

static void
lists_seen(void *ctx, const struct generation *g, const struct list_reports *reports)
{
	lists_watch_seen(((struct worker *)ctx)->lists, g, reports);
}

/* An object for each DNS list. */
static void
put_lists(void *ctx, json_t *array)
{
	struct list_status l;

	for (size_t i = 0; lists_watch_get(ctx, i, &l); i++) {
		json_t *o = json_pack("{ss% ss ss}", "list", l.name.p, l.name.n, "kind",
			l.allow ? "dnswl" : "dnsbl", "state", l.state);
		must(o);
		if (l.text)
			json_object_set_new(o, "text", json_string(l.text));
		if (l.suspended_s)
			json_object_set_new(
				o, "suspended_s", json_integer((json_int_t)l.suspended_s));
		if (l.tested_s != UINT64_MAX)
			json_object_set_new(o, "tested_s", json_integer((json_int_t)l.tested_s));
		json_array_append_new(array, o);
	}
}

static json_t *
tell(void *ctx)
{
	const struct worker *w = ctx;
	const struct status status = {.path = w->o->path,
		.worker = process_number(),
		.workers = w->o->workers,
		.started = w->started,
		.started_ms = w->started_ms,
		.streams = streams_count(w->loop) - control_count(w->control),
		.tally = &w->tally,
		.config = w->config,
		.gate = w->gate,
		.lists = put_lists,
		.lists_ctx = w->lists,
		.store = memory_store(w->memory)};

	return status_json(&status);
}

/* --- reload --- */

static void
log_config_error(const struct errbuf *one, void *ctx)
{
	char text[1024];

	errbuf_print(one, text, sizeof(text));
	log_event(LOG_LEVEL_ERROR, "settings_error", log_z("text", text));
}

static void
log_warning(const char *text, void *ctx)
{
	log_event(LOG_LEVEL_WARN, "setting_high", log_z("text", text));
}

/* All workers would say the same. */
static void
warn_of(struct config *c)
{
	if (process_number() <= 1)
		config_warn(c, log_warning, NULL);
}

/* New settings for messages from now on.  Sockets, user and workers stay as they were: that takes
 * a restart.  A broken file changes nothing. */
/* Senders' mail servers are asked where the settings say so, and somebody is there to do it. */
static void
use_callouts(struct worker *w, struct config *c)
{
	const struct callout_settings *s = callout_settings_of(c);

	if (s->enabled && !w->callouts)
		log_event(LOG_LEVEL_WARN, "callouts_off",
			log_z("text", "[callout] enabled = yes takes a restart"));
	if (!s->enabled || !w->callouts)
		return;
	source_callout_set_timeout(w->callouts, (uint64_t)s->timeout + CALLOUT_MORE_MS);
	c->generation.callouts = source_callout_source(w->callouts);
	c->generation.callout_from = s->from;
}

static void
reload(void *ctx)
{
	struct worker *w = ctx;
	struct errbuf e = {0};
	char text[1024];

	if (!log_reopen(&e)) {
		errbuf_print(&e, text, sizeof(text));
		log_event(LOG_LEVEL_ERROR, "log_reopen", log_z("text", text));
	}
	e = (struct errbuf){0};
	struct config *next = config_load_file(w->o->path, log_config_error, NULL, &e);
	if (next && !resolver_attach(next, w->config, w->loop, &e)) {
		log_config_error(&e, NULL);
		config_free(next);
		next = NULL;
	}
	if (!next) {
		log_event(LOG_LEVEL_ERROR, "reload_failed", log_z("text", "the old settings stay"));
		return;
	}
	next->generation.number = w->config->generation.number + 1;
	memory_use(w->memory, next);
	use_callouts(w, next);
	gate_use(w->gate, rules_watch_use(w->rules, next, local_watch_use(w->local, next)));
	lists_watch_use(w->lists, next);
	config_free(w->config);
	w->config = next;
	warn_of(next);
	log_event(LOG_LEVEL_INFO, "reloaded", log_u("generation", next->generation.number));
}

/* Rules of the store have changed. */
static void
rules_renewed(void *ctx, struct generation *next)
{
	struct worker *w = ctx;

	gate_renew(w->gate, next);
}

/* Lists in files have changed; the rules of the store stand before them. */
static void
lists_renewed(void *ctx, struct generation *next)
{
	struct worker *w = ctx;

	gate_renew(w->gate, rules_watch_use(w->rules, w->config, next));
}

/* --- start and stop --- */

static void
stop_now(void *ctx)
{
	struct worker *w = ctx;

	loop_stop(w->loop);
}

static void
stop_gently(void *ctx)
{
	struct worker *w = ctx;

	if (w->stopping) {
		stop_now(w); /* asked twice */
		return;
	}
	w->stopping = true;
	log_event(LOG_LEVEL_INFO, "stopping", log_u("streams", streams_count(w->loop)));
	control_stop(w->control);
	for (size_t i = 0; i < w->n_listeners; i++)
		listener_free(w->listener[i]);
	w->n_listeners = 0;
	timer_set(w->stop_timer, STOP_MS);
	streams_finish(w->loop, stop_now, w);
}

static void
descriptors_full(void *ctx, const char *why)
{
	log_event(LOG_LEVEL_ERROR, "accept", log_z("text", why));
}

static void
listen_on(struct worker *w, int fd, struct front *front)
{
	struct listener *l = listener_new(w->loop, fd, front_accept, front);

	listener_on_full(l, descriptors_full);
	w->listener[w->n_listeners++] = l;
}

/* Exemptions are known, and what is asked of the store is answered. */
static bool
store_is_ready(const struct worker *w)
{
	const struct store_client *c = memory_store(w->memory);
	struct store_client_counters now;

	if (!c)
		return true;
	store_client_counters(c, &now);
	return now.answers && !rules_watch_waits(w->rules);
}

/* Who is exempt, and who has which record, should be known before the first message: whoever
 * connects meanwhile waits in the queue of the socket.  Not for long: after that, refusals are
 * deferrals for a while. */
static void
wait_for_store(struct worker *w)
{
	uint64_t until = clock_ms() + STORE_FIRST_MS;

	while (!w->stopping && !store_is_ready(w) && clock_ms() < until) {
		timer_set(w->stop_timer, STORE_LOOK_MS);
		loop_run(w->loop);
	}
	timer_clear(w->stop_timer);
}

static bool
start(struct worker *w)
{
	const struct worker_options *o = w->o;
	struct front_limits limits = FRONT_LIMITS_DEFAULT;
	struct errbuf e = {0};

	if (!resolver_attach(w->config, NULL, w->loop, &e)) {
		log_config_error(&e, NULL);
		return false;
	}
	w->config->generation.number = 1;
	if (w->config->local.n < w->config->local_list.n) /* our parent has given them up */
		config_load_local_again(w->config);
	w->lists = lists_watch_new(w->loop);
	lists_watch_use(w->lists, w->config);
	w->local = local_watch_new(w->loop, LOCAL_WATCH_MS, lists_renewed, w);
	w->rules = rules_watch_new(w->loop, config_has_store(w->config), rules_renewed, w);
	w->memory = memory_new(w->loop, w->config, w->rules, o->store, o->registrar);
	if (o->caller)
		w->callouts = source_callout_new(&(struct source_callout_options){
			.loop = w->loop, .caller = o->caller, .answered = transaction_answer});
	use_callouts(w, w->config);
	warn_of(w->config);
	w->gate = gate_new(&(struct gate_options){.loop = w->loop,
				   .recall = recall_on(o->recall_memory, WORKER_RECALL),
				   .decided = decided,
				   .remember = memory_store(w->memory) ? remember : NULL,
				   .refused_rcpt = refused_rcpt,
				   .session_over = session_over,
				   .cannot = cannot,
				   .alarm = alarmed,
				   .suspended = lists_suspended,
				   .lists_seen = lists_seen,
				   .ctx = w},
		rules_watch_use(w->rules, w->config, local_watch_use(w->local, w->config)));
	w->milter = front_milter_new(w->loop, w->gate, &limits);
	w->policy = front_policy_new(w->loop, w->gate, &limits);
	wait_for_store(w);
	if (w->stopping)
		return true;
	w->listener = heap_calloc(o->n_milter + o->n_policy, sizeof(struct listener *));
	for (size_t i = 0; i < o->n_milter + o->n_policy; i++)
		listen_on(w, o->fds[i], i < o->n_milter ? w->milter : w->policy);
	if (o->control >= 0)
		w->control = control_new(w->loop, o->control, tell, w);
	return true;
}

int
worker_run(const struct worker_options *o)
{
	struct worker w = {.o = o,
		.config = o->config,
		.loop = loop_new(),
		.started = clock_wall(),
		.started_ms = clock_ms()};
	int status = EX_OK;

	if (!w.loop)
		return EX_OSERR;
	log_use_loop(w.loop);
	w.stop_timer = timer_new(w.loop, stop_now, &w);
	struct watch *hup = loop_on_signal(w.loop, SIGHUP, reload, &w);
	struct watch *term = loop_on_signal(w.loop, SIGTERM, stop_gently, &w);
	if (start(&w)) {
		process_ready(w.loop);
		if (!w.stopping)
			loop_run(w.loop);
	} else {
		status = EX_CONFIG;
	}
	log_use_loop(NULL);
	control_free(w.control);
	front_free(w.milter);
	front_free(w.policy);
	gate_free(w.gate);
	memory_free(w.memory);
	source_callout_free(w.callouts);
	lists_watch_free(w.lists);
	rules_watch_free(w.rules);
	local_watch_free(w.local);
	config_free(w.config);
	watch_free(hup);
	watch_free(term);
	timer_free(w.stop_timer);
	heap_free(w.listener);
	loop_free(w.loop);
	return status;
}
