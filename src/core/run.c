/* core/run: see run.h.  Here too is ask_*(), the checks' side of the same table. */
#include <assert.h>

#include "core/run.h"

/* More memory than any honest message's facts take (measured: under 20 KiB). */
#define ENV_VALUE_MAX 2048

#define SLOTS 256
static_assert(SLOTS >= 2 * FACTS_MAX && FACTS_MAX < 255, "an index that is half empty");

struct env_fact {
	bool known;
	struct str value;
	uint64_t waiters;
};

struct transaction {
	struct transaction_options o;
	struct ip client;
	struct str reverse; /* dns_reverse_name(client): every check asks for it */
	struct env_fact env[ENV_COUNT];
	const struct message_head *head; /* NULL: not known yet */
	uint64_t head_waiters;
	bool has_session; /* told, or never will be */
	struct session session;
	uint64_t session_waiters;
	bool has_rcpts;
	unsigned rcpts; /* 0: never told */
	uint64_t rcpts_waiters;
	const bool *leave; /* NULL: not known yet */
	uint64_t leave_waiters;
	struct fact *fact[FACTS_MAX];
	size_t n_facts;
	uint8_t slot[SLOTS];	      /* by hash, probed onwards: number of the fact and 1, or 0 */
	uint64_t pending;	      /* checks that are not done */
	uint64_t ready;		      /* pending checks to be run */
	uint64_t curious[CHECKS_MAX]; /* by check: those that wait for what it finds */
	struct findings *findings[CHECKS_MAX];
	struct result result;
	unsigned runs;
	bool running;	/* inside a check: nothing may be answered */
	bool cut_short; /* expired or out of memory: whatever is asked now fails at once */
	const char *cut_reason;
	const struct check *broken; /* a bug in it was met: nothing is run any more */
};

static uint64_t
bit(size_t i)
{
	return (uint64_t)1 << i;
}

static const struct message_head no_head;
static const bool yes = true, no = false;

struct transaction *
transaction_begin(const struct transaction_options *o, const struct ip *client)
{
	struct transaction *t = arena_new(o->arena, struct transaction);

	must(o->checks->n <= CHECKS_MAX);
	t->o = *o;
	t->client = *client;
	t->reverse = dns_reverse_name(o->arena, client);
	t->pending = t->ready = (bit(o->checks->n) - 1) & ~o->skip;
	t->head = o->head_later ? NULL : &no_head;
	t->has_rcpts = !o->rcpts_later;
	t->leave = o->leave_later ? NULL : &yes;
	return t;
}

static void
set_session(struct transaction *t)
{
	t->has_session = true;
	t->ready |= t->session_waiters & t->pending;
	t->session_waiters = 0;
}

static void
set_env(struct transaction *t, enum env_item item, struct str value)
{
	struct env_fact *e = &t->env[item];

	must(!t->running && !e->known); /* facts never change */
	if (item == ENV_MAIL_FROM && !t->has_session)
		set_session(t);
	e->known = true;
	e->value = value;
	t->ready |= e->waiters & t->pending;
	e->waiters = 0;
}

void
transaction_env(struct transaction *t, enum env_item item, struct str value)
{
	set_env(t, item, arena_str(t->o.arena, str_slice(value, 0, ENV_VALUE_MAX)));
}

void
transaction_env_absent(struct transaction *t, enum env_item item)
{
	set_env(t, item, (struct str){NULL, 0});
}

const struct str *
ask_env(struct ask *q, enum env_item item)
{
	struct env_fact *e = &q->txn->env[item];

	if (e->known)
		return &e->value;
	e->waiters |= bit(q->check);
	q->waits = true;
	return NULL;
}

void
transaction_head(struct transaction *t, const struct message_head *head)
{
	must(!t->running && !t->head);
	t->head = head;
	t->ready |= t->head_waiters & t->pending;
	t->head_waiters = 0;
}

bool
transaction_wants_head(const struct transaction *t)
{
	return !t->head && (t->head_waiters & t->pending);
}

const struct message_head *
ask_head(struct ask *q)
{
	struct transaction *t = q->txn;

	if (!t->head) {
		t->head_waiters |= bit(q->check);
		q->waits = true;
	}
	return t->head;
}

void
transaction_session(struct transaction *t, const struct session *s)
{
	must(!t->running && !t->has_session);
	t->session = *s;
	t->session.known = true;
	t->session.helo_before = arena_str(t->o.arena, str_slice(s->helo_before, 0, ENV_VALUE_MAX));
	set_session(t);
}

const struct session *
ask_session(struct ask *q)
{
	struct transaction *t = q->txn;

	if (t->has_session)
		return &t->session;
	t->session_waiters |= bit(q->check);
	q->waits = true;
	return NULL;
}

void
transaction_rcpts(struct transaction *t, unsigned n)
{
	must(!t->running && !t->has_rcpts);
	t->has_rcpts = true;
	t->rcpts = n;
	t->ready |= t->rcpts_waiters & t->pending;
	t->rcpts_waiters = 0;
}

const unsigned *
ask_rcpts(struct ask *q)
{
	struct transaction *t = q->txn;

	if (t->has_rcpts)
		return &t->rcpts;
	t->rcpts_waiters |= bit(q->check);
	q->waits = true;
	return NULL;
}

void
transaction_leave(struct transaction *t, bool may)
{
	must(!t->running && !t->leave);
	t->leave = may ? &yes : &no;
	t->ready |= t->leave_waiters & t->pending;
	t->leave_waiters = 0;
}

bool
transaction_wants_leave(const struct transaction *t)
{
	return (t->leave_waiters & t->pending) && !transaction_waits_for_network(t);
}

const bool *
ask_leave(struct ask *q)
{
	struct transaction *t = q->txn;

	if (!t->leave) {
		t->leave_waiters |= bit(q->check);
		q->waits = true;
	}
	return t->leave;
}

/* The fact's number, or where it would stand. */
static uint8_t *
find_slot(struct transaction *t, enum fact_kind kind, unsigned what, struct str name, uint64_t hash)
{
	size_t i = hash % SLOTS;

	for (; t->slot[i]; i = (i + 1) % SLOTS) {
		const struct fact *f = t->fact[t->slot[i] - 1];
		if (f->hash == hash && f->kind == kind && f->what == what && str_eq(f->name, name))
			break;
	}
	return &t->slot[i];
}

static struct answer *
failure(enum fact_kind kind, const char *reason)
{
	switch (kind) {
	case FACT_DNS:
		break;
	case FACT_HISTORY:
		return answer_history(&(struct history){.status = HISTORY_FAIL});
	case FACT_CALLOUT:
		return answer_callout(&(struct callout){
			.status = CALLOUT_UNVERIFIABLE, .reason = str_of(reason)});
	}
	return answer_fail_ours(reason);
}

static struct fact *
add_fact(struct transaction *t, enum fact_kind kind, unsigned what, struct str name, uint64_t hash)
{
	struct fact *f = arena_new(t->o.arena, struct fact);

	f->name = arena_str(t->o.arena, name);
	f->kind = kind;
	f->what = what;
	f->hash = hash;
	f->owner = t;
	f->index = (uint8_t)t->n_facts;
	t->fact[t->n_facts++] = f;
	/* Sources have a state of their own, which a bug in them may have spoilt. */
	struct containment *held = must_hold();
	if (t->cut_short)
		f->answer = failure(kind, t->cut_reason);
	else if (kind == FACT_HISTORY)
		f->answer = t->o.history->lookup(t->o.history, name, f->history, hash);
	else if (kind == FACT_CALLOUT)
		f->answer = t->o.callouts->lookup(t->o.callouts, name, hash);
	else if (t->o.source)
		f->answer = t->o.source->lookup(t->o.source, name, f->type, hash);
	else
		f->answer = failure(kind, "no source");
	must_resume(held);
	return f;
}

/* NULL: the budget is used up. */
static struct fact *
ask(struct ask *q, enum fact_kind kind, unsigned what, struct str name, uint64_t hash)
{
	struct transaction *t = q->txn;
	uint8_t *slot = find_slot(t, kind, what, name, hash);

	if (!*slot && t->n_facts == FACTS_MAX)
		return NULL;
	struct fact *f = *slot ? t->fact[*slot - 1] : add_fact(t, kind, what, name, hash);
	*slot = (uint8_t)(f->index + 1);
	if (!f->answer) {
		f->waiters |= bit(q->check);
		q->waits = true;
	}
	return f;
}

const struct dns_answer *
ask_dns(struct ask *q, enum dns_type type, struct str name)
{
	static const struct dns_answer over_budget = {
		.status = DNS_FAIL, .ours = true, .reason = "too many questions"};
	const struct fact *f = ask(q, FACT_DNS, type, name, question_hash(name, type));

	if (!f)
		return &over_budget;
	return f->answer ? &f->answer->dns : NULL;
}

bool
ask_has_histories(const struct ask *q)
{
	return q->txn->o.history != NULL;
}

const struct history *
ask_history(struct ask *q, enum history_kind what, struct str name)
{
	static const struct history unknown = {.status = HISTORY_UNKNOWN};
	static const struct history over_budget = {.status = HISTORY_FAIL};

	if (!q->txn->o.history)
		return &unknown;
	const struct fact *f = ask(q, FACT_HISTORY, what, name, history_hash(name, what));
	if (!f)
		return &over_budget;
	return f->answer ? &f->answer->history : NULL;
}

const struct callout *
ask_callout(struct ask *q, struct str address)
{
	static const struct callout unknown = {.status = CALLOUT_UNKNOWN};
	static const struct callout over_budget = {.status = CALLOUT_UNVERIFIABLE};

	if (!q->txn->o.callouts)
		return &unknown;
	const struct fact *f = ask(q, FACT_CALLOUT, 0, address, callout_hash(address));
	if (!f)
		return &over_budget;
	return f->answer ? &f->answer->callout : NULL;
}

const struct findings *
ask_findings(struct ask *q, const struct check *check)
{
	static const struct findings nothing = {.n = 0};
	struct transaction *t = q->txn;
	size_t i = 0;

	while (i < t->o.checks->n && t->o.checks->check[i] != check)
		i++;
	if (i == t->o.checks->n)
		return &nothing;
	if (t->pending & bit(i)) {
		must(i < q->check); /* so no two wait for each other */
		t->curious[i] |= bit(q->check);
		q->waits = true;
		return NULL;
	}
	return t->findings[i] ? t->findings[i] : &nothing;
}

/* What a check reported outlives the run: evidence may point into scratch. */
static struct findings *
keep_findings(struct transaction *t, const struct findings *from, size_t check)
{
	struct arena *a = t->o.arena;
	size_t size = offsetof(struct findings, item) + from->n * sizeof(from->item[0]);
	struct findings *kept = arena_alloc(a, size);

	memcpy(kept, from, size);
	kept->confirmed = arena_str(a, from->confirmed);
	kept->spf_explanation = arena_str(a, from->spf_explanation);
	kept->spf_domain = arena_str(a, from->spf_domain);
	for (size_t i = 0; i < kept->n; i++) {
		struct finding *f = &kept->item[i];
		f->check = (uint8_t)check;
		f->reply.enhanced = arena_str(a, f->reply.enhanced);
		f->reply.text = arena_str(a, f->reply.text);
		for (size_t j = 0; j < f->n; j++)
			f->evidence[j].value = arena_str(a, f->evidence[j].value);
	}
	return kept;
}

struct check_run {
	const struct check *check;
	struct ask *q;
	struct findings *out;
	enum check_status status;
};

static void
run_contained(void *ctx)
{
	struct check_run *r = ctx;

	r->status = r->check->run(r->q, r->out);
	/* A check that waits for nothing would wait for ever. */
	must(r->status == CHECK_DONE ||
		((r->status == CHECK_WAIT || r->status == CHECK_SO_FAR) && r->q->waits));
}

/* One message is the price.  What the others have found is not enough to judge by. */
static void
break_off(struct transaction *t, const struct check *check)
{
	t->broken = check;
	t->pending = t->ready = 0;
}

static void
run_check(struct transaction *t, size_t i)
{
	const struct check *check = t->o.checks->check[i];
	UNSET struct findings out;
	struct ask q = {.txn = t,
		.check = (unsigned)i,
		.client = t->client,
		.reverse = t->reverse,
		.now = t->o.now,
		.lists = t->o.lists,
		.scratch = t->o.scratch,
		.settings = t->o.checks->settings[i],
		.site = t->o.site};

	out.n = 0;
	out.iprev = out.spf_helo = out.spf_mailfrom = AUTH_UNSET;
	out.confirmed = out.spf_explanation = out.spf_domain = STR("");
	out.spf_vouches = out.sender_confirmed = false;
	out.lists = (struct list_reports){0};
	/* It waits for what it asks in this run, not for what an earlier run was curious about. */
	for (size_t k = 0; k < t->n_facts; k++)
		t->fact[k]->waiters &= ~bit(i);
	arena_reset(t->o.scratch);
	t->ready &= ~bit(i);
	t->runs++;
	t->running = true;
	struct check_run run = {check, &q, &out, CHECK_WAIT};
	struct must_failure why;
	bool sound = must_contain(run_contained, &run, &why);
	t->running = false;
	if (!sound) {
		break_off(t, check);
		return;
	}
	if (run.status == CHECK_WAIT)
		return;
	t->findings[i] = keep_findings(t, &out, i);
	t->result.finding = NULL; /* another one is to be made */
	if (run.status == CHECK_SO_FAR)
		return;
	t->pending &= ~bit(i);
	t->ready |= t->curious[i] & t->pending;
}

static void
cancel(struct transaction *t, struct fact *f)
{
	if (!f->sent)
		return;
	f->sent = false;
	switch (f->kind) {
	case FACT_DNS:
		t->o.source->cancel(t->o.source, f);
		break;
	case FACT_HISTORY:
		t->o.history->cancel(t->o.history, f);
		break;
	case FACT_CALLOUT:
		t->o.callouts->cancel(t->o.callouts, f);
		break;
	}
}

/* Hand questions without an answer to the source.  It never answers from inside start(). */
static void
start_questions(struct transaction *t)
{
	for (size_t i = 0; i < t->n_facts && !t->broken; i++) {
		struct fact *f = t->fact[i];
		if (f->answer || f->sent)
			continue;
		f->sent = true;
		switch (f->kind) {
		case FACT_DNS:
			t->o.source->start(t->o.source, f);
			break;
		case FACT_HISTORY:
			t->o.history->start(t->o.history, f);
			break;
		case FACT_CALLOUT:
			t->o.callouts->start(t->o.callouts, f);
			break;
		}
	}
}

void
transaction_run(struct transaction *t)
{
	while (t->ready) {
		run_check(t, (size_t)__builtin_ctzll(t->ready));
		if (arena_is_over(t->o.arena) && !t->cut_short)
			transaction_expire(t, "memory limit of the transaction");
	}
	start_questions(t);
}

bool
transaction_waits_for_network(const struct transaction *t)
{
	for (size_t i = 0; i < t->n_facts; i++)
		if (!t->fact[i]->answer && (t->fact[i]->waiters & t->pending))
			return true;
	return false;
}

static void
set_answer(struct transaction *t, struct fact *f, struct answer *a)
{
	must(!t->running && !f->answer); /* answers enter from the loop, once */
	f->answer = a;
	f->sent = false;
	t->ready |= f->waiters & t->pending;
	f->waiters = 0;
}

void
transaction_answer(struct fact *f, struct answer *a)
{
	struct transaction *t = f->owner;
	bool waited = transaction_waits_for_network(t);

	set_answer(t, f, a);
	transaction_run(t);
	if (waited && !transaction_waits_for_network(t) && t->o.settled)
		t->o.settled(t->o.ctx);
}

void
transaction_expire(struct transaction *t, const char *reason)
{
	t->cut_short = true;
	t->cut_reason = reason;
	for (size_t i = 0; i < t->n_facts; i++) {
		struct fact *f = t->fact[i];
		if (f->answer)
			continue;
		cancel(t, f);
		set_answer(t, f, failure(f->kind, reason));
	}
	transaction_run(t);
}

void
transaction_end(struct transaction *t)
{
	for (size_t i = 0; i < t->n_facts; i++) {
		struct fact *f = t->fact[i];
		if (!f->answer)
			cancel(t, f);
		answer_unref(f->answer);
		f->answer = NULL;
		f->sent = false;
	}
	t->n_facts = 0;
	t->pending = t->ready = 0;
}

struct result
transaction_result(struct transaction *t)
{
	uint64_t done = (bit(t->o.checks->n) - 1) & ~t->o.skip & ~t->pending;

	if (t->result.finding && t->result.done == done && t->result.broken == t->broken)
		return t->result;
	struct result r = {.done = done,
		.runs = t->runs,
		.broken = t->broken,
		.confirmed = STR(""),
		.spf_explanation = STR(""),
		.spf_domain = STR("")};
	size_t n = 0;
	for (size_t i = 0; i < t->o.checks->n; i++)
		n += t->findings[i] ? t->findings[i]->n : 0;
	const struct finding **list = arena_calloc(t->o.arena, n + 1, sizeof(*list));
	for (size_t i = 0; i < t->o.checks->n; i++) {
		const struct findings *from = t->findings[i];
		if (!from)
			continue;
		for (size_t j = 0; j < from->n; j++)
			list[r.n++] = &from->item[j];
		r.sender_confirmed |= from->sender_confirmed;
		r.lists.failed |= from->lists.failed;
		r.lists.refused |= from->lists.refused;
		r.lists.wild |= from->lists.wild;
		r.lists.broken |= from->lists.broken;
		r.lists.unasked |= from->lists.unasked;
		r.lists.empty |= from->lists.empty;
		r.lists.tested |= from->lists.tested;
		if (from->iprev != AUTH_UNSET)
			r.iprev = from->iprev;
		if (from->confirmed.n)
			r.confirmed = from->confirmed;
		if (from->spf_helo != AUTH_UNSET)
			r.spf_helo = from->spf_helo;
		if (from->spf_mailfrom != AUTH_UNSET)
			r.spf_mailfrom = from->spf_mailfrom;
		if (from->spf_explanation.n)
			r.spf_explanation = from->spf_explanation;
		if (from->spf_domain.n)
			r.spf_domain = from->spf_domain;
		r.spf_vouches |= from->spf_vouches;
	}
	r.finding = list;
	t->result = r;
	return r;
}

size_t
transaction_facts(const struct transaction *t)
{
	return t->n_facts;
}

const struct fact *
transaction_fact(const struct transaction *t, size_t i)
{
	must(i < t->n_facts);
	return t->fact[i];
}

bool
transaction_is_done(const struct transaction *t)
{
	return t->pending == 0;
}

uint64_t
transaction_skip(const struct transaction *t)
{
	return t->o.skip;
}

int64_t
transaction_now(const struct transaction *t)
{
	return t->o.now;
}

struct lists_now
transaction_lists(const struct transaction *t)
{
	return t->o.lists;
}

const struct ip *
transaction_client(const struct transaction *t)
{
	return &t->client;
}

struct str
transaction_env_get(const struct transaction *t, enum env_item item)
{
	return t->env[item].value;
}

struct session
transaction_session_get(const struct transaction *t)
{
	return t->session;
}

unsigned
transaction_rcpts_get(const struct transaction *t)
{
	return t->rcpts;
}
