/* front/gate_stamp: what travels on with a visit's message.  See gate_private.h. */
#include "front/gate_private.h"

void
visit_note_let_in(struct visit *v, const struct verdict *verdict)
{
	if (verdict_refuses(verdict->kind))
		return;
	v->n_let_in++;
	v->n_held += verdict->kind == VERDICT_QUARANTINE;
	v->tagged |= verdict->kind != VERDICT_ACCEPT;
	if (!v->let_in || verdict->kind > v->let_in->kind)
		v->let_in = verdict;
}

void
visit_note_message_let_in(struct visit *v, const struct verdict *verdict)
{
	v->let_in = NULL;
	v->n_let_in = v->n_held = 0;
	visit_note_let_in(v, verdict);
}

void
visit_cannot(struct visit *v, enum gate_lack lack)
{
	struct gate *g = v->gate;

	if (g->o.cannot && !(g->lacks >> lack & 1))
		g->o.cannot(g->o.ctx, lack);
	g->lacks |= 1u << lack;
}

const struct stamp *
visit_stamp(struct visit *v, bool can_hold, bool at_once)
{
	struct stamp *stamp = arena_new(&v->arena, struct stamp);
	const struct generation *gen = v->generation;
	struct result r = {.n = 0};
	bool known = v->txn && v->let_in;
	struct stamp_message m = {.settings = &gen->stamp,
		.checks = &gen->checks,
		.verdict = v->let_in,
		.client = &v->client.ip,
		.receiver = gen->site.hostname,
		.case_id = visit_case_id(v)};

	if (known) {
		r = transaction_result(v->txn);
		m.result = &r;
		m.helo = transaction_env_get(v->txn, ENV_HELO);
		m.from = transaction_env_get(v->txn, ENV_MAIL_FROM);
		m.kind = v->let_in->kind;
	}
	if (v->forged.n)
		m.forged = &v->forged;
	if (m.kind == VERDICT_ACCEPT && known && v->tagged)
		m.kind = VERDICT_TAG;
	if (m.kind == VERDICT_QUARANTINE && !can_hold)
		visit_cannot(v, LACKS_QUARANTINE);
	if (m.kind == VERDICT_QUARANTINE && (!can_hold || (!at_once && v->n_held < v->n_let_in)))
		m.kind = VERDICT_TAG;
	stamp_make(&m, &v->arena, stamp);
	return stamp;
}
