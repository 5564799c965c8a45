/* front/gate_message: the end of a message.  See gate_private.h. */
#include "base/clock.h"
#include "front/gate_private.h"

/* --- the header --- */

void
visit_header(struct visit *v, struct str name, struct str value)
{
	if (v->head_given)
		return;
	/* Who has logged in may still have forged them, or what writes his mail; what comes from
	 * our own networks may have been marked by us. */
	if (v->txn || v->client.authenticated)
		stamp_see(&v->forged, &v->generation->stamp, name, value, &v->arena);
	if (!v->txn || !v->collects)
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

	if (v->health_waits)
		visit_teach_health(v, &accept, r);
	v->health_waits = false;
	v->done(v->done_ctx, v->let_in ? v->let_in : &accept);
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
	visit_note_message_let_in(v, verdict);
	struct decision d = {.rcpt = rcpt[0],
		.n_rcpts = v->n_waiting,
		.result = &r,
		.fresh = r.done & ~v->seen,
		.case_id = j.case_id,
		.took_us = clock_us() - v->asked_us};
	visit_cases_end_message(v, verdict, d.took_us);
	visit_answer(v, verdict, &d);
}
