/* core/health: see health.h. */
#include "core/health.h"

#define FAST (1.0f / 40)
#define SLOW (1.0f / 2000)

void
health_init(struct health *h, bool watch_nat, bool watch_findings, uint64_t suspend_ms)
{
	*h = (struct health){
		.watch_nat = watch_nat, .watch_findings = watch_findings, .suspend_ms = suspend_ms};
}

static unsigned
count_in_ring(const struct health *h, const struct ip *ip)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->ring_n; i++)
		n += ip_eq(&h->ring[i], ip);
	return n;
}

void
health_client(struct health *h, const struct ip *client, health_alarm_fn *alarm, void *ctx)
{
	if (!h->watch_nat)
		return;
	if (h->ring_n == HEALTH_NAT_WINDOW && ip_eq(&h->ring[h->ring_at], &h->suspect))
		h->suspect_n--;
	h->ring[h->ring_at] = *client;
	h->ring_at = (h->ring_at + 1) % HEALTH_NAT_WINDOW;
	if (h->ring_n < HEALTH_NAT_WINDOW)
		h->ring_n++;
	if (ip_eq(client, &h->suspect)) {
		h->suspect_n++;
	} else if (ip_is_private(client) && h->suspect_n * 2 < h->ring_n) {
		h->suspect = *client;
		h->suspect_n = count_in_ring(h, client);
	}
	bool nat =
		h->ring_n >= HEALTH_NAT_MIN && h->suspect_n * 100 >= h->ring_n * HEALTH_NAT_PERCENT;
	if (nat == h->nat)
		return;
	h->nat = nat;
	alarm(ctx, &(struct health_alarm){nat ? HEALTH_NAT_ON : HEALTH_NAT_OFF, h->suspect, NULL});
}

static void
resume_codes(struct health *h, const struct check_set *checks, uint64_t now_ms,
	health_alarm_fn *alarm, void *ctx)
{
	for (size_t i = 0; i < checks->n; i++) {
		for (size_t k = 0; h->now.suspended[i] && k < checks->check[i]->n_codes; k++) {
			struct health_code *c = &h->code[i][k];
			if (!c->until_ms || now_ms < c->until_ms)
				continue;
			*c = (struct health_code){.fast = 0}; /* learn anew */
			h->now.suspended[i] &= ~((uint64_t)1 << k);
			alarm(ctx,
				&(struct health_alarm){
					HEALTH_RESUMED, {0}, &checks->check[i]->codes[k]});
		}
	}
}

const struct circumstances *
health_circumstances(struct health *h, const struct ip *client, const struct check_set *checks,
	uint64_t now_ms, health_alarm_fn *alarm, void *ctx)
{
	resume_codes(h, checks, now_ms, alarm, ctx);
	h->now.accept_because = h->nat && ip_eq(client, &h->suspect)
		? "most clients share this private address: the real one was lost"
		: NULL;
	return &h->now;
}

static bool
is_repeat(struct health *h, const struct ip *client)
{
	uint64_t hash = ip_hash(client);

	for (unsigned i = 0; i < HEALTH_RECENT; i++)
		if (h->recent[i] == hash)
			return true;
	h->recent[h->recent_at] = hash;
	h->recent_at = (h->recent_at + 1) % HEALTH_RECENT;
	return false;
}

/* One more distinct client that this finding refused, or did not. */
static bool
learn(struct health_code *c, bool refused)
{
	/* Most findings have never refused anybody: their averages stay what they are. */
	if (!refused && c->slow == 1 && c->fast == 1) {
		c->seen++;
		return false;
	}
	float pass = refused ? 0 : 1;
	float slow = SLOW, fast = FAST;

	/* Plain averages until there are enough: the habit of this server is learnt, not assumed.
	 */
	c->seen++;
	if (1.0f / (float)c->seen > slow)
		slow = 1.0f / (float)c->seen;
	if (1.0f / (float)c->seen > fast)
		fast = 1.0f / (float)c->seen;
	c->fast += (pass - c->fast) * fast;
	c->slow += (pass - c->slow) * slow;
	c->in_a_row = refused ? c->in_a_row + 1 : 0;
	if (!refused || c->seen < HEALTH_SURGE_MIN)
		return false;
	return c->in_a_row >= HEALTH_ALL_REFUSED || (c->fast < 0.5f && c->fast * 5 < c->slow);
}

static bool
contributes(const struct finding *f, const struct action *a)
{
	return !f->code->temporary &&
		(a->kind == ACTION_REJECT || (a->kind == ACTION_SCORE && a->points > 0));
}

void
health_decided(struct health *h, const struct ip *client, const struct verdict *v,
	const struct result *r, const struct check_set *checks, uint64_t now_ms,
	health_alarm_fn *alarm, void *ctx)
{
	uint64_t refused[CHECKS_MAX] = {0};
	/* The first refusal may go out as a deferral; a finding gone wild is to be seen all the
	 * same. */
	bool refuses = v->kind == VERDICT_REJECT ||
		(v->kind == VERDICT_DEFER && v->would == VERDICT_REJECT);

	if (!h->watch_findings || is_repeat(h, client))
		return;
	for (size_t i = 0; refuses && i < r->n; i++) {
		const struct finding *f = r->finding[i];
		struct action a = policy_action_in(v, checks, f, client);
		if (contributes(f, &a))
			refused[f->check] |= (uint64_t)1
				<< (f->code - checks->check[f->check]->codes);
	}
	for (size_t i = 0; i < checks->n; i++) {
		must(checks->check[i]->n_codes <= HEALTH_CODES_MAX);
		for (size_t k = 0; k < checks->check[i]->n_codes; k++) {
			struct health_code *c = &h->code[i][k];
			if (c->until_ms || !learn(c, refused[i] >> k & 1))
				continue;
			c->until_ms = now_ms + h->suspend_ms;
			h->now.suspended[i] |= (uint64_t)1 << k;
			alarm(ctx,
				&(struct health_alarm){
					HEALTH_SUSPENDED, *client, &checks->check[i]->codes[k]});
		}
	}
}
