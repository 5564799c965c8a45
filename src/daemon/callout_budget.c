/* daemon/callout_budget: see callout_budget.h. */
#include "daemon/callout_budget.h"

void
callout_budget_set(struct callout_budget *b, unsigned per_minute, unsigned per_server)
{
	b->per_minute = per_minute < CALLOUT_BUDGET_MAX ? per_minute : CALLOUT_BUDGET_MAX;
	b->per_server = per_server;
}

void
callout_budget_init(struct callout_budget *b, unsigned per_minute, unsigned per_server)
{
	b->n = 0;
	callout_budget_set(b, per_minute, per_server);
}

void
callout_budget_resume(struct callout_budget *b)
{
	for (size_t i = 0; i < b->n; i++)
		b->begun[i].under_way = false;
}

/* What is under way stays, however old. */
static void
forget_old(struct callout_budget *b, uint64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->begun[i].under_way || now_ms < b->begun[i].at_ms + CALLOUT_MINUTE_MS)
			b->begun[kept++] = b->begun[i];
	b->n = kept;
}

const char *
callout_budget_spent(struct callout_budget *b, uint64_t now_ms)
{
	forget_old(b, now_ms);
	return b->n >= b->per_minute ? "as many callouts as are allowed were made within a minute"
				     : NULL;
}

const char *
callout_budget_begin(struct callout_budget *b, const struct ip *server, uint64_t now_ms)
{
	const char *no = callout_budget_spent(b, now_ms);
	unsigned of_server = 0;

	if (no)
		return no;
	for (size_t i = 0; i < b->n; i++) {
		if (!ip_eq(&b->begun[i].server, server))
			continue;
		if (b->begun[i].under_way)
			return "that server is being asked something else";
		of_server++;
	}
	if (of_server >= b->per_server)
		return "that server was asked as often as is allowed within a minute";
	b->begun[b->n++] = (struct callout_begun){*server, now_ms, true};
	return NULL;
}

void
callout_budget_end(struct callout_budget *b, const struct ip *server)
{
	for (size_t i = 0; i < b->n; i++)
		if (ip_eq(&b->begun[i].server, server))
			b->begun[i].under_way = false;
}
