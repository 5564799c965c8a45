/* front/gate_cases: what was decided in a visit, for whoever remembers it.  See gate_private.h. */
#include "base/clock.h"
#include "front/gate_private.h"

#define SILENT_MS 1000 /* a visit without more recipients is told to whoever remembers */

void
visit_cases_begin(struct visit *v, struct str id)
{
	v->last = &v->first;
	id = str_slice(id, 0, CASE_ID_MAX - 1);
	if (id.n)
		memcpy(v->first.id, id.p, id.n); /* the visit began all zero */
	else
		visit_make_case_id(v->gate, v->first.id);
}

/* all: also recipients that wait for the end of the message. */
static void
tell_case(struct visit *v, struct kept_case *k, bool all)
{
	const struct gate *g = v->gate;
	struct visit_rcpt rcpt[VISIT_RCPTS];
	unsigned before = 0;
	size_t n = 0, n_before = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (!all && k->waits >> i & 1)
			continue;
		before |= (k->told >> i & 1) << n;
		n_before += k->told >> i & 1;
		k->told |= 1u << i;
		rcpt[n++] = k->rcpt[i];
	}
	if (n == n_before && !k->changed)
		return;
	k->changed = false;
	g->o.remember(g->o.ctx,
		&(struct visit_case){.client = &v->client,
			.transaction = v->txn,
			.generation = v->generation,
			.case_id = str_of(k->id),
			.queue_id = v->queue_id,
			.n = n,
			.before = before,
			.rcpt = rcpt,
			.given_up = all && v->client.head_later && !v->ended,
			.marks = &v->marks});
}

static void
tell(struct visit *v, bool all)
{
	if (v->is_untold)
		list_remove(&v->untold);
	v->is_untold = false;
	if (!v->gate->o.remember || !v->txn)
		return;
	for (struct kept_case *k = &v->first; k; k = k->next)
		tell_case(v, k, all);
}

void
visit_cases_tell(struct visit *v)
{
	tell(v, true);
}

/* Whoever asks with the id of a refusal is not to wait until the mail server ends its session. */
void
visit_cases_tell_silent(void *ctx)
{
	struct gate *g = ctx;
	uint64_t now = clock_ms();

	while (!list_is_empty(&g->untold)) {
		struct visit *v = LIST_ELEMENT(g->untold.next, struct visit, untold);
		if (now - v->decided_ms < SILENT_MS) {
			timer_set(g->untold_timer, v->decided_ms + SILENT_MS - now);
			return;
		}
		tell(v, false);
	}
}

static void
set_untold(struct visit *v)
{
	struct gate *g = v->gate;

	if (!g->o.remember)
		return;
	v->decided_ms = clock_ms();
	if (list_is_empty(&g->untold))
		timer_set(g->untold_timer, SILENT_MS);
	if (v->is_untold)
		list_remove(&v->untold);
	list_add_last(&g->untold, &v->untold);
	v->is_untold = true;
}

void
visit_cases_note(struct visit *v, const struct verdict *verdict, uint64_t took_us)
{
	struct kept_case *k = v->last;

	if (!v->txn)
		return;
	k->rcpt[k->n] = (struct visit_rcpt){v->rcpt, verdict, took_us, false};
	if (v->client.head_later && !verdict_refuses(verdict->kind)) {
		k->waits |= 1u << k->n;
		v->n_waiting++;
	} else {
		set_untold(v);
	}
	k->n++;
}

void
visit_cases_make_room(struct visit *v)
{
	struct kept_case *k = v->last;

	if (k->n < VISIT_RCPTS)
		return;
	if (v->n_waiting) {
		k->next = arena_new(&v->arena, struct kept_case);
		v->last = k->next;
	} else {
		tell(v, true);
		*k = (struct kept_case){.n = 0};
	}
	visit_make_case_id(v->gate, v->last->id);
}

void
visit_cases_end_message(struct visit *v, const struct verdict *verdict, uint64_t took_us)
{
	for (struct kept_case *k = &v->first; k; k = k->next)
		for (size_t i = 0; i < k->n; i++)
			if (k->waits >> i & 1)
				k->rcpt[i] = (struct visit_rcpt){
					k->rcpt[i].rcpt, verdict, took_us, true};
}

struct str *
visit_cases_waiting(struct visit *v)
{
	struct str *rcpt = arena_calloc(&v->arena, v->n_waiting, sizeof(*rcpt));
	size_t n = 0;

	for (const struct kept_case *k = &v->first; k; k = k->next)
		for (size_t i = 0; i < k->n; i++)
			if (k->waits >> i & 1)
				rcpt[n++] = k->rcpt[i].rcpt;
	return rcpt;
}

const char *
visit_cases_waiting_id(const struct visit *v)
{
	const struct kept_case *k = &v->first;

	while (!k->waits && k->next)
		k = k->next;
	return k->id;
}

void
visit_queue_id(struct visit *v, struct str queue_id)
{
	if (!queue_id.n || !v->last->n || str_eq(v->queue_id, queue_id))
		return;
	v->queue_id = arena_str(&v->arena, queue_id);
	if (!v->txn)
		return;
	v->last->changed = true;
	set_untold(v);
}
