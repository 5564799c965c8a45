/* front/gate: see gate.h. */
#include "base/clock.h"
#include "base/hash.h"
#include "front/gate_private.h"

#define ARENA_FIRST ((size_t)12 << 10)
/* Past this a transaction's open questions count as failed.  Measured: an ordinary one takes 6 to
 * 9 KiB, one with ten reverse names 20. */
#define ARENA_LIMIT   ((size_t)512 << 10)
#define SCRATCH_FIRST ((size_t)32 << 10)
#define SCRATCH_LIMIT ((size_t)1 << 20)
#define SPARE_VISITS  64
#define CANARY_MS     60000  /* no list is believed on an older one */
#define REMEMBER_MS   300000 /* nothing that was found out is used for longer */

const struct verdict verdict_unchecked = {.kind = VERDICT_ACCEPT,
	.would = VERDICT_ACCEPT,
	.enhanced = {"", 0},
	.because = "never checked"};

struct generation *
generation_ref(struct generation *g)
{
	g->refs++;
	return g;
}

void
generation_unref(struct generation *g)
{
	if (g && --g->refs == 0)
		g->release(g);
}

struct gate *
gate_new(const struct gate_options *o, struct generation *g)
{
	struct gate *gate = heap_calloc(1, sizeof(*gate));

	gate->o = *o;
	list_init(&gate->untold);
	if (o->remember)
		gate->untold_timer = timer_new(o->loop, visit_cases_tell_silent, gate);
	gate->generation = generation_ref(g);
	arena_init(&gate->scratch, SCRATCH_FIRST, SCRATCH_LIMIT);
	gate->memo = memo_new(g->remember);
	health_init(&gate->health, g->watch_nat, g->watch_findings, g->suspend_ms);
	return gate;
}

void
gate_renew(struct gate *g, struct generation *next)
{
	generation_ref(next);
	generation_unref(g->generation);
	g->generation = next;
	memo_clear(g->memo, next->remember);
}

void
gate_use(struct gate *g, struct generation *next)
{
	gate_renew(g, next);
	/* What was learnt about findings was learnt under the old rules. */
	health_init(&g->health, next->watch_nat, next->watch_findings, next->suspend_ms);
}

static void
visit_destroy(struct visit *v)
{
	timer_free(v->timer);
	arena_done(&v->arena);
	heap_free(v);
}

void
gate_free(struct gate *g)
{
	if (!g)
		return;
	must(g->visits == 0);
	while (g->spare) {
		struct visit *v = g->spare;
		g->spare = v->next_spare;
		visit_destroy(v);
	}
	timer_free(g->untold_timer);
	memo_free(g->memo);
	generation_unref(g->generation);
	arena_done(&g->scratch);
	heap_free(g);
}

bool
gate_wants_header(const struct gate *g)
{
	return g->generation->wants_header;
}

size_t
gate_visits(const struct gate *g)
{
	return g->visits;
}

const struct health *
gate_health(const struct gate *g)
{
	return &g->health;
}

/* Twelve characters of Crockford's base 32 (no I, L, O, U), 60 random bits: 7Q2K-M8RT-9FBC. */
void
visit_make_case_id(struct gate *g, char out[CASE_ID_MAX])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t r;

	if (g->random_left < sizeof(r)) {
		random_bytes(g->random, sizeof(g->random));
		g->random_left = sizeof(g->random);
	}
	g->random_left -= (unsigned)sizeof(r);
	memcpy(&r, g->random + g->random_left, sizeof(r));
	for (int i = 0, k = 0; i < 12; i++) {
		if (i == 4 || i == 8)
			out[k++] = '-';
		out[k++] = digits[r & 31];
		r >>= 5;
		out[k] = '\0';
	}
}

static struct visit *
take_spare(struct gate *g)
{
	struct visit *v = g->spare;

	if (v) {
		g->spare = v->next_spare;
		g->n_spare--;
	} else {
		v = heap_calloc(1, sizeof(*v));
		arena_init(&v->arena, ARENA_FIRST, ARENA_LIMIT);
	}
	struct arena arena = v->arena;
	struct timer *timer = v->timer;
	*v = (struct visit){.gate = g, .arena = arena, .timer = timer};
	return v;
}

static void settled(void *ctx);

static const char *
never_checked(const struct generation *gen, const struct visit_client *c)
{
	if (c->ip.len == 0)
		return "no client address";
	if (c->authenticated)
		return "authenticated";
	if (policy_is_ours(&gen->policy, &c->ip))
		return "own network";
	return NULL;
}

static struct lists_now
lists_now(struct gate *g, const struct generation *gen)
{
	uint64_t now = clock_ms();

	if (!g->canary || now - g->canary_ms >= CANARY_MS) {
		random_bytes(&g->canary, sizeof(g->canary));
		g->canary |= 1; /* 0 would mean: none */
		g->canary_ms = now;
	}
	return (struct lists_now){g->canary, g->o.suspended ? g->o.suspended(g->o.ctx, gen) : 0};
}

static struct visit *
begin(struct gate *g, const struct visit_client *client)
{
	struct visit *v = take_spare(g);
	struct generation *gen = generation_ref(g->generation);

	g->visits++;
	v->generation = gen;
	v->client = *client;
	visit_cases_begin(v, client->case_id);
	v->unchecked_because = never_checked(gen, client);
	return v;
}

static void
begin_transaction(struct visit *v, struct arena *arena, uint64_t skip, struct lists_now lists)
{
	const struct generation *gen = v->generation;
	const struct visit_client *client = &v->client;
	const struct transaction_options o = {.checks = &gen->checks,
		.site = &gen->site,
		.source = gen->source,
		.history = gen->history,
		.callouts = gen->callouts,
		.leave_later = gen->callouts != NULL,
		.head_later = client->head || client->head_later,
		.rcpts_later = client->head_later || client->rcpts,
		.arena = arena,
		.scratch = &v->gate->scratch,
		.skip = skip,
		.now = client->time ? client->time : clock_wall(),
		.lists = lists,
		.settled = settled,
		.ctx = v};

	v->txn = transaction_begin(&o, &client->ip);
	if (client->head)
		transaction_head(v->txn, client->head);
	if (client->session)
		transaction_session(v->txn, client->session);
	if (client->rcpts && !client->head_later)
		transaction_rcpts(v->txn, client->rcpts);
}

struct visit *
visit_new(struct gate *g, const struct visit_client *client)
{
	struct visit *v = begin(g, client);
	const struct generation *gen = v->generation;

	if (v->unchecked_because)
		return v;
	begin_transaction(v, &v->arena,
		gen->off | policy_skip(&gen->policy, &client->ip, clock_ms(), &v->exempted),
		client->lists ? *client->lists : lists_now(g, gen));
	transaction_run(v->txn);
	v->collects = client->head_later && transaction_wants_head(v->txn);
	return v;
}

struct visit *
visit_new_known(struct gate *g, const struct visit_client *client, const struct str env[ENV_COUNT])
{
	/* What is used again was judged without. */
	must(!client->head && !client->head_later);
	struct visit *v = begin(g, client);
	const struct generation *gen = v->generation;

	if (v->unchecked_because)
		return v;
	struct lists_now lists = lists_now(g, gen);
	const struct memo_key key = {.client = client->ip,
		.helo = env[ENV_HELO],
		.from = env[ENV_MAIL_FROM],
		.skip = gen->off | policy_skip(&gen->policy, &client->ip, clock_ms(), &v->exempted),
		.suspended = lists.suspended};
	v->kept = memo_get(g->memo, &key, clock_ms());
	if (v->kept) {
		v->txn = v->kept->txn;
		return v;
	}
	v->kept = memo_fresh(g->memo);
	begin_transaction(v, &v->kept->arena, key.skip, lists);
	v->kept->txn = v->txn;
	for (size_t i = 0; i < ENV_COUNT; i++)
		transaction_env(v->txn, (enum env_item)i, env[i]);
	transaction_run(v->txn);
	return v;
}

/* For the next one who is the same. */
static void
remember(struct visit *v)
{
	const struct gate *g = v->gate;
	struct transaction *t = v->txn;

	if (!v->kept || v->kept->stored || v->generation != g->generation ||
		transaction_result(t).broken)
		return;
	uint64_t now = clock_ms(), until = now + REMEMBER_MS;
	if (transaction_result(t).lists.tested && until > g->canary_ms + CANARY_MS)
		until = g->canary_ms + CANARY_MS;
	memo_put(g->memo, v->kept,
		&(struct memo_key){.client = v->client.ip,
			.helo = transaction_env_get(t, ENV_HELO),
			.from = transaction_env_get(t, ENV_MAIL_FROM),
			.skip = transaction_skip(t),
			.suspended = transaction_lists(t).suspended},
		until, now);
}

/* Give the transaction up. */
static void
end_transaction(struct visit *v)
{
	if (v->kept)
		memo_release(v->gate->memo, v->kept);
	else if (v->txn)
		transaction_end(v->txn);
	v->kept = NULL;
	v->txn = NULL;
}

void
visit_authenticated(struct visit *v)
{
	must(!v->pending);
	visit_cases_tell(v);
	v->client.authenticated = true;
	v->unchecked_because = "authenticated";
	end_transaction(v);
	v->collects = false;
}

void
visit_env(struct visit *v, enum env_item item, struct str value)
{
	if (!v->txn)
		return;
	transaction_env(v->txn, item, value);
	transaction_run(v->txn);
}

void
visit_env_if(struct visit *v, enum env_item item, bool known, struct str value)
{
	if (known) {
		visit_env(v, item, value);
	} else if (v->txn) {
		transaction_env_absent(v->txn, item);
		transaction_run(v->txn);
	}
}

void
visit_session(struct visit *v, const struct session *s)
{
	if (v->txn)
		transaction_session(v->txn, s); /* and on with what comes behind it */
}

void
gate_session_over(struct gate *g, const struct visit_client *client, const struct session *s)
{
	const struct generation *gen = g->generation;

	if (g->o.session_over && !never_checked(gen, client))
		g->o.session_over(g->o.ctx, gen, &client->ip, s);
}

static bool
seen_before(struct visit *v, struct str rcpt)
{
	struct recall *recall = v->gate->o.recall;

	return recall &&
		recall_seen(recall, &v->client.ip, transaction_env_get(v->txn, ENV_MAIL_FROM), rcpt,
			clock_ms(), v->generation->again_ms);
}

/* Of how many of these recipients does the gate remember this message?  It does of all afterwards.
 */
static size_t
count_seen(struct visit *v, const struct str *rcpt, size_t n)
{
	size_t seen = 0;

	for (size_t i = 0; i < n; i++)
		seen += seen_before(v, rcpt[i]);
	return seen;
}

void
visit_remember_tries(struct visit *v, struct verdict *verdict, const struct str *rcpt, size_t n)
{
	if (verdict->kind == VERDICT_DEFER && verdict->temporary && v->gate->o.recall) {
		/* A temporary error defers the same message once; the second time it is let in. */
		if (count_seen(v, rcpt, n)) {
			verdict_accept_instead(verdict, "deferred once already");
			verdict->passing = true;
		}
	} else if (verdict->first_defers && count_seen(v, rcpt, n) < n) {
		/* What waiting may put right refuses the same message the second time. */
		verdict_defer_instead(verdict, &v->arena);
	}
}

struct judgement
visit_judgement(struct visit *v, const struct result *r)
{
	struct gate *g = v->gate;
	struct generation *gen = v->generation;

	return (struct judgement){.policy = &gen->policy,
		.checks = &gen->checks,
		.result = r,
		.client = &v->client.ip,
		.helo = transaction_env_get(v->txn, ENV_HELO),
		.from = transaction_env_get(v->txn, ENV_MAIL_FROM),
		.exempted = &v->exempted,
		.now_ms = clock_ms(),
		.now = health_circumstances(
			&g->health, &v->client.ip, &gen->checks, clock_ms(), g->o.alarm, g->o.ctx)};
}

void
visit_teach_health(struct visit *v, const struct verdict *verdict, const struct result *r)
{
	struct gate *g = v->gate;

	health_decided(&g->health, &v->client.ip, verdict, r, &v->generation->checks, clock_ms(),
		g->o.alarm, g->o.ctx);
}

/* Who is let in for now is learnt from at the end of the message. */
static void
count(struct visit *v, const struct verdict *verdict, const struct result *r)
{
	struct gate *g = v->gate;
	const struct list_reports *l = &r->lists;

	if (v->counted)
		return;
	v->counted = true;
	if (g->o.lists_seen && (l->failed | l->refused | l->wild | l->broken))
		g->o.lists_seen(g->o.ctx, v->generation, l);
	if (v->collects && !verdict_refuses(verdict->kind))
		v->health_waits = true;
	else
		visit_teach_health(v, verdict, r);
}

static const struct verdict *
judge(struct visit *v, const struct result *r)
{
	struct gate *g = v->gate;
	struct verdict *verdict = arena_new(&v->arena, struct verdict);

	if (!v->counted)
		health_client(&g->health, &v->client.ip, g->o.alarm, g->o.ctx);
	struct judgement j = visit_judgement(v, r);
	j.rcpt = v->rcpt;
	j.case_id = visit_case_id(v);
	policy_judge(&j, &v->arena, verdict);
	visit_remember_tries(v, verdict, &v->rcpt, 1);
	count(v, verdict, r);
	visit_note_let_in(v, verdict);
	v->seen = r->done;
	v->was_broken = r->broken;
	return verdict;
}

void
visit_answer(struct visit *v, const struct verdict *verdict, struct decision *d)
{
	struct gate *g = v->gate;

	d->client = &v->client;
	d->helo = v->txn ? transaction_env_get(v->txn, ENV_HELO) : STR("");
	d->from = v->txn ? transaction_env_get(v->txn, ENV_MAIL_FROM) : STR("");
	d->queue_id = v->queue_id;
	d->verdict = verdict;
	d->generation = v->generation;
	if (g->o.decided)
		g->o.decided(g->o.ctx, d);
	v->done(v->done_ctx, verdict);
}

/* Hand the pending judgement over.  The visit may be gone afterwards. */
static void
conclude(struct visit *v)
{
	const struct verdict *verdict;
	struct result r = {.n = 0};

	v->pending = false;
	if (v->timer)
		timer_clear(v->timer);
	if (v->at_end) {
		visit_conclude_message(v);
		return;
	}
	if (v->txn) {
		remember(v);
		r = transaction_result(v->txn);
		verdict = judge(v, &r);
	} else {
		struct verdict *accept = arena_new(&v->arena, struct verdict);
		*accept = verdict_unchecked;
		accept->because = v->unchecked_because;
		verdict = accept;
	}
	struct decision d = {.rcpt = v->rcpt,
		.result = v->txn ? &r : NULL,
		.fresh = r.done,
		.case_id = visit_case_id(v),
		.took_us = clock_us() - v->asked_us};
	visit_cases_note(v, verdict, d.took_us);
	visit_answer(v, verdict, &d);
}

/* What can be known without bothering strangers is known: may they be asked?  Only where their
 * answer may change what becomes of the mail.  True: they are being asked. */
static bool
asks_strangers(struct visit *v)
{
	struct verdict verdict;

	if (!v->txn || v->at_end || !transaction_wants_leave(v->txn))
		return false;
	struct result r = transaction_result(v->txn);
	struct judgement j = visit_judgement(v, &r);
	j.rcpt = v->rcpt;
	policy_judge(&j, &v->arena, &verdict);
	/* Nothing counts for this recipient; it may for the next. */
	if (verdict.because || rcpt_is_always_reachable(v->rcpt))
		return false;
	transaction_leave(v->txn,
		!verdict_refuses(verdict.kind) && verdict.score >= v->generation->callout_from);
	transaction_run(v->txn);
	return transaction_waits_for_network(v->txn);
}

static void
settled(void *ctx)
{
	struct visit *v = ctx;

	if (v->pending && !asks_strangers(v))
		conclude(v);
}

static void
out_of_time(void *ctx)
{
	struct visit *v = ctx;

	if (!v->pending)
		return;
	/* A deadline is an answer: whatever is open has failed. */
	transaction_expire(v->txn, "time-out");
	conclude(v);
}

void
visit_ask(struct visit *v, bool at_end, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx)
{
	must(!v->pending);
	v->pending = true;
	v->at_end = at_end;
	v->asked_us = clock_us();
	if (queue_id.n || !v->queue_id.p)
		v->queue_id = arena_str(&v->arena, queue_id);
	v->done = done;
	v->done_ctx = ctx;
	if (!v->txn || (!transaction_waits_for_network(v->txn) && !asks_strangers(v))) {
		conclude(v);
		return;
	}
	if (!v->timer)
		v->timer = timer_new(v->gate->o.loop, out_of_time, v);
	timer_set(v->timer, v->generation->budget_ms);
}

void
visit_judge(struct visit *v, struct str rcpt, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx)
{
	must(!v->pending && !v->head_given);
	visit_cases_make_room(v);
	v->rcpt = arena_str(&v->arena, rcpt);
	visit_ask(v, false, queue_id, done, ctx);
}

void
visit_rcpt_refused(struct visit *v)
{
	const struct gate *g = v->gate;

	if (v->txn && g->o.refused_rcpt)
		g->o.refused_rcpt(g->o.ctx, v->generation, &v->client.ip);
}

void
visit_end(struct visit *v)
{
	if (!v)
		return;
	struct gate *g = v->gate;
	visit_cases_tell(v);
	end_transaction(v);
	v->pending = false;
	if (v->timer)
		timer_clear(v->timer);
	generation_unref(v->generation);
	v->generation = NULL;
	g->visits--;
	if (g->n_spare >= SPARE_VISITS) {
		visit_destroy(v);
		return;
	}
	arena_reset(&v->arena);
	v->next_spare = g->spare;
	g->spare = v;
	g->n_spare++;
}

struct transaction *
visit_transaction(struct visit *v)
{
	return v->txn;
}

struct str
visit_case_id(const struct visit *v)
{
	return str_of(v->last->id);
}
