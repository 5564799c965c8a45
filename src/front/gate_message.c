/* front/gate_message: the end of a message.  See gate_private.h. */
#include "base/clock.h"
#include "front/gate_private.h"
#include "mail/auth_results.h"

/* --- the header --- */

static bool
is_forged(const struct visit *v, struct str value)
{
	const struct site *site = &v->generation->site;

	if (auth_results_owner(value, site->hostname) != AUTH_RESULTS_OTHER)
		return true;
	for (size_t i = 0; i < site->hostnames.n; i++)
		if (auth_results_owner(value, site->hostnames.word[i]) != AUTH_RESULTS_OTHER)
			return true;
	return false;
}

static void
note_auth_results(struct visit *v, struct str value)
{
	struct forged *f = &v->forged;

	if (f->fields == FORGED_MAX) {
		f->more = true;
		return;
	}
	unsigned i = f->fields++;
	if (!is_forged(v, value))
		return;
	if (!f->bits)
		f->bits = arena_calloc(&v->arena, (FORGED_MAX + 7) / 8, 1);
	f->bits[i / 8] |= (uint8_t)(1u << i % 8);
}

unsigned
visit_forged_before(const struct visit *v, unsigned place)
{
	const struct forged *f = &v->forged;

	if (!f->bits || !place)
		return 0;
	for (unsigned i = place - 1 < f->fields ? place - 1 : f->fields; i > 0; i--)
		if (f->bits[(i - 1) / 8] >> (i - 1) % 8 & 1)
			return i;
	return 0;
}

bool
visit_forged_more(const struct visit *v)
{
	return v->forged.more;
}

void
visit_header(struct visit *v, struct str name, struct str value)
{
	if (!v->txn || v->head_given)
		return;
	if (auth_results_is_field(name))
		note_auth_results(v, value);
	if (!v->collects)
		return;
	if (!v->headers) {
		v->headers = arena_new(&v->arena, struct headers);
		headers_init(v->headers, &v->arena);
	}
	headers_add(v->headers, name, value);
}

void
visit_head(struct visit *v, const struct message_head *head)
{
	must(!v->pending && v->client.head_later);
	if (!v->txn || v->head_given)
		return;
	v->head_given = true;
	v->head = *head;
	transaction_head(v->txn, &v->head);
	transaction_run(v->txn);
}

void
visit_head_end(struct visit *v, bool smtputf8)
{
	if (v->collects && !v->headers) {
		v->headers = arena_new(&v->arena, struct headers);
		headers_init(v->headers, &v->arena);
	}
	visit_head(v, &(struct message_head){.headers = v->headers, .smtputf8 = smtputf8});
}

/* --- the judgement --- */

void
visit_judge_message(struct visit *v, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx)
{
	v->ended = true;
	if (v->txn) {
		transaction_rcpts(
			v->txn, v->client.rcpts ? v->client.rcpts : (unsigned)v->n_waiting);
		transaction_run(v->txn);
	}
	visit_ask(v, true, queue_id, done, ctx);
}

/* The header changes nothing: what the recipients were told stands. */
static void
conclude_as_before(struct visit *v, const struct result *r)
{
	static const struct verdict accept = {.kind = VERDICT_ACCEPT, .enhanced = {"", 0}};
	static const struct verdict tag = {.kind = VERDICT_TAG, .enhanced = {"", 0}};

	if (v->health_waits)
		visit_teach_health(v, &accept, r);
	v->health_waits = false;
	v->done(v->done_ctx, v->tagged ? &tag : &accept);
}

/* Since the last recipient was judged? */
static bool
found_more(const struct visit *v, const struct result *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!(v->seen >> r->finding[i]->check & 1))
			return true;
	return r->broken && !v->was_broken;
}

void
visit_conclude_message(struct visit *v)
{
	struct result r = {.n = 0};

	if (v->txn)
		r = transaction_result(v->txn);
	if (!v->n_waiting || !found_more(v, &r)) {
		conclude_as_before(v, &r);
		return;
	}
	const struct str *rcpt = visit_cases_waiting(v);
	struct verdict *verdict = arena_new(&v->arena, struct verdict);
	struct judgement j = visit_judgement(v, &r);
	j.case_id = str_of(visit_cases_waiting_id(v));
	policy_judge_all(&j, rcpt, v->n_waiting, &v->arena, verdict);
	visit_remember_tries(v, verdict, rcpt, v->n_waiting);
	if (v->health_waits)
		visit_teach_health(v, verdict, &r);
	v->health_waits = false;
	v->tagged |= verdict->kind == VERDICT_TAG;
	struct decision d = {.rcpt = rcpt[0],
		.n_rcpts = v->n_waiting,
		.result = &r,
		.fresh = r.done & ~v->seen,
		.case_id = j.case_id,
		.took_us = clock_us() - v->asked_us};
	visit_cases_end_message(v, verdict, d.took_us);
	visit_answer(v, verdict, &d);
}
