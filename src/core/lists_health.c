/* core/lists_health: see lists_health.h. */
#include "core/lists_health.h"

static const struct {
	const char *name, *text;
} troubles[] = {
	[LIST_FINE] = {"fine", "answers as a list should"},
	[LIST_SILENT] = {"silent", "does not answer"},
	[LIST_REFUSES] = {"refuses",
		"answers with an error code: it does not want to be asked from here, or not so "
		"often"},
	[LIST_WILD] = {"wild", "lists everything, even what cannot be listed"},
	[LIST_BROKEN] = {"broken",
		"answers with what is no answer of a list: its domain is parked, or the resolver "
		"invents answers"},
	[LIST_UNKNOWN] = {"unknown", "could not be tested"},
	[LIST_EMPTY] = {"empty",
		"does not have its own test entry: it is closed, or its name is misspelt (a list "
		"without such an entry wants test_every = 0)"},
};

const char *
list_trouble_name(enum list_trouble t)
{
	return troubles[t].name;
}

const char *
list_trouble_text(enum list_trouble t)
{
	return troubles[t].text;
}

void
lists_health_init(struct lists_health *h, size_t n)
{
	must(n <= LISTS_HEALTH_MAX);
	*h = (struct lists_health){.n = n};
}

/* 5 s, 10 s, 20 s, ... half an hour. */
static uint64_t
retry_ms(unsigned in_a_row)
{
	uint64_t ms = (uint64_t)LISTS_FIRST_RETRY_MS << (in_a_row < 12 ? in_a_row : 12);

	return ms < LISTS_LAST_RETRY_MS ? ms : LISTS_LAST_RETRY_MS;
}

static void
suspend(struct lists_health *h, size_t i, enum list_trouble why, uint64_t now_ms,
	list_news_fn *news, void *ctx)
{
	struct list_health *l = &h->list[i];
	bool changed = l->trouble != why;

	if (l->trouble == LIST_FINE) {
		l->suspended_ms = now_ms;
		l->in_a_row = 0;
	}
	l->trouble = why;
	l->next_ms = now_ms + retry_ms(l->in_a_row);
	h->suspended |= (uint64_t)1 << i;
	if (changed)
		news(ctx, i, why);
}

void
lists_health_learn(struct lists_health *h, const struct list_reports *r, uint64_t now_ms,
	list_news_fn *news, void *ctx)
{
	uint64_t any = (r->failed | r->refused | r->wild | r->broken) & ~h->suspended;

	for (size_t i = 0; i < h->n && any; i++) {
		uint64_t bit = (uint64_t)1 << i;
		if (!(any & bit))
			continue;
		/* The worst that was seen: silence may be an accident. */
		suspend(h, i,
			r->wild & bit		   ? LIST_WILD
				: r->refused & bit ? LIST_REFUSES
				: r->broken & bit  ? LIST_BROKEN
						   : LIST_SILENT,
			now_ms, news, ctx);
	}
}

bool
lists_health_due(struct lists_health *h, uint64_t now_ms, size_t *out)
{
	for (size_t i = 0; i < h->n; i++) {
		struct list_health *l = &h->list[i];
		if (l->testing || l->next_ms > now_ms)
			continue;
		l->testing = true;
		*out = i;
		return true;
	}
	return false;
}

uint64_t
lists_health_next(const struct lists_health *h)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < h->n; i++)
		if (!h->list[i].testing && h->list[i].next_ms < next)
			next = h->list[i].next_ms;
	return next;
}

void
lists_health_tested(struct lists_health *h, size_t i, enum list_trouble outcome, uint64_t now_ms,
	uint64_t every_ms, list_news_fn *news, void *ctx)
{
	struct list_health *l = &h->list[i];

	l->testing = false;
	if (outcome == LIST_UNKNOWN) {
		/* No resolver answers: that is not the list's fault, and soon over or not. */
		l->next_ms = now_ms + LISTS_FIRST_RETRY_MS;
		return;
	}
	l->tested_ms = now_ms;
	if (outcome != LIST_FINE) {
		suspend(h, i, outcome, now_ms, news, ctx);
		l->in_a_row++;
		return;
	}
	l->next_ms = every_ms ? now_ms + every_ms : UINT64_MAX;
	if (l->trouble == LIST_FINE)
		return;
	l->trouble = LIST_FINE;
	l->in_a_row = 0;
	h->suspended &= ~((uint64_t)1 << i);
	news(ctx, i, LIST_FINE);
}
