/* daemon/lists_watch: see lists_watch.h. */
#include "base/clock.h"
#include "base/hash.h"
#include "checks/dnsbl.h"
#include "core/lists_health.h"
#include "daemon/lists_watch.h"
#include "daemon/log.h"
#include "daemon/resolver.h"

#define TEST_MS 8000 /* a test gets its answers within this time */

/* One list under test: a transaction whose only check asks the test questions. */
struct list_test {
	struct list_test *next;
	struct lists_watch *watch;
	struct generation *generation;
	size_t list;
	struct arena arena;
	struct transaction *txn;
	struct timer *timer;
	struct check_set checks;
	const struct check *check[1];
	const void *settings[1];
};

struct lists_watch {
	struct loop *loop;
	struct config *config; /* NULL: nothing to watch yet */
	const struct dnsbl_set *set;
	struct lists_health health;
	struct arena scratch;
	struct timer *timer;
	struct list_test *tests;
};

/* --- the check --- */

static bool
ask_entry(struct ask *q, struct findings *out, const struct dnsbl_list *l, struct str question,
	bool listed)
{
	const struct dns_answer *a = question.n ? ask_dns(q, DNS_A, question) : NULL;
	enum dnsbl_wrong wrong;

	if (!question.n)
		return true;
	if (!a)
		return false;
	if (a->status == DNS_NONE) {
		out->lists.empty |= listed;
		return true;
	}
	if (a->status != DNS_OK) {
		out->lists.failed |= !a->ours;
		out->lists.unasked |= a->ours;
		return true;
	}
	(void)dnsbl_read(l, a, &wrong);
	out->lists.refused |= wrong == DNSBL_REFUSED;
	out->lists.broken |= wrong == DNSBL_BROKEN;
	out->lists.wild |= !listed && wrong == DNSBL_FINE;
	return true;
}

static enum check_status
run_test(struct ask *q, struct findings *out)
{
	const struct dnsbl_list *l = q->settings;
	bool v6 = !l->domains && !l->ipv4;

	ask_entry(q, out, l, dnsbl_canary(q->scratch, l, v6, q->lists.canary), false);
	if (l->test_every_ms) {
		ask_entry(q, out, l, dnsbl_entry_question(q->scratch, l, l->test_listed), true);
		ask_entry(q, out, l, dnsbl_entry_question(q->scratch, l, l->test_unlisted), false);
	}
	return q->waits ? CHECK_WAIT : CHECK_DONE;
}

static const struct check check_test = {.name = "list_test", .run = run_test};

/* --- tests --- */

static void
news(void *ctx, size_t i, enum list_trouble now)
{
	const struct lists_watch *w = ctx;
	const struct dnsbl_list *l = &w->set->list[i];

	if (now == LIST_FINE)
		log_event(LOG_LEVEL_WARN, "list_resumed", log_s("list", l->name));
	else
		log_event(LOG_LEVEL_ERROR, "list_suspended", log_s("list", l->name),
			log_z("state", list_trouble_name(now)),
			log_z("text", list_trouble_text(now)));
}

static void
test_free(struct list_test *t)
{
	struct list_test **p = &t->watch->tests;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	transaction_end(t->txn);
	timer_free(t->timer);
	arena_done(&t->arena);
	generation_unref(t->generation);
	heap_free(t);
}

static enum list_trouble
outcome(const struct list_reports *r)
{
	return r->wild	     ? LIST_WILD
		: r->refused ? LIST_REFUSES
		: r->broken  ? LIST_BROKEN
		: r->failed  ? LIST_SILENT
		: r->unasked ? LIST_UNKNOWN
		: r->empty   ? LIST_EMPTY
			     : LIST_FINE;
}

static void schedule(struct lists_watch *w);

static void
finish_test(struct list_test *t)
{
	struct lists_watch *w = t->watch;
	struct result r = transaction_result(t->txn);
	size_t i = t->list;

	test_free(t);
	lists_health_tested(&w->health, i, outcome(&r.lists), clock_ms(),
		(uint64_t)w->set->list[i].test_every_ms, news, w);
	schedule(w);
}

static void
test_settled(void *ctx)
{
	/* Not from inside the answer: the transaction is still at work. */
	timer_set(((struct list_test *)ctx)->timer, 0);
}

static void
test_timer(void *ctx)
{
	struct list_test *t = ctx;

	if (transaction_waits_for_network(t->txn))
		transaction_expire(t->txn, "time-out");
	finish_test(t);
}

static void
start_test(struct lists_watch *w, size_t i)
{
	struct list_test *t = heap_calloc(1, sizeof(*t));
	struct lists_now lists = {0};
	struct ip nobody = {.len = 4};

	t->watch = w;
	t->list = i;
	t->generation = generation_ref(config_generation(w->config));
	t->check[0] = &check_test;
	t->settings[0] = &w->set->list[i];
	t->checks = (struct check_set){1, t->check, t->settings};
	t->timer = timer_new(w->loop, test_timer, t);
	t->next = w->tests;
	w->tests = t;
	random_bytes(&lists.canary, sizeof(lists.canary));
	arena_init(&t->arena, 4096, 256 << 10);
	t->txn = transaction_begin(&(struct transaction_options){.checks = &t->checks,
					   .site = &t->generation->site,
					   .source = resolver_uncached(w->config),
					   .arena = &t->arena,
					   .scratch = &w->scratch,
					   .lists = lists,
					   .settled = test_settled,
					   .ctx = t},
		&nobody);
	transaction_run(t->txn);
	timer_set(t->timer, transaction_waits_for_network(t->txn) ? TEST_MS : 0);
}

static void
schedule(struct lists_watch *w)
{
	uint64_t now = clock_ms(), next;
	size_t i;

	while (lists_health_due(&w->health, now, &i)) {
		/* What is known to be dead is never asked, so never tested. */
		if (!w->set->list[i].off)
			start_test(w, i);
	}
	next = lists_health_next(&w->health);
	if (next == UINT64_MAX)
		timer_clear(w->timer);
	else
		timer_set(w->timer, next > now ? next - now : 0);
}

static void
tick(void *ctx)
{
	schedule(ctx);
}

/* --- from outside --- */

struct lists_watch *
lists_watch_new(struct loop *loop)
{
	struct lists_watch *w = heap_calloc(1, sizeof(*w));

	w->loop = loop;
	w->timer = timer_new(loop, tick, w);
	arena_init(&w->scratch, 4096, 256 << 10);
	return w;
}

static void
forget(struct lists_watch *w)
{
	while (w->tests)
		test_free(w->tests);
	if (w->config)
		generation_unref(config_generation(w->config));
	w->config = NULL;
}

void
lists_watch_free(struct lists_watch *w)
{
	if (!w)
		return;
	forget(w);
	timer_free(w->timer);
	arena_done(&w->scratch);
	heap_free(w);
}

static void
warn_of_state(const struct dnsbl_list *l)
{
	if (l->note)
		log_event(LOG_LEVEL_WARN, l->off ? "list_dead" : "list_changed",
			log_s("list", l->name), log_z("text", l->note));
}

void
lists_watch_use(struct lists_watch *w, struct config *config)
{
	const struct dnsbl_set *set = config->generation.site.lists, *old = w->set;
	struct lists_health before = w->health;

	generation_ref(&config->generation);
	lists_health_init(&w->health, set->n);
	for (size_t i = 0; i < set->n; i++) {
		for (size_t k = 0; old && k < old->n; k++) {
			if (!str_eq(set->list[i].zone, old->list[k].zone))
				continue;
			w->health.list[i] = before.list[k];
			w->health.list[i].testing = false;
			w->health.list[i].next_ms = 0; /* the settings may be better now */
			w->health.suspended |= (before.suspended >> k & 1) << i;
		}
		warn_of_state(&set->list[i]);
	}
	forget(w);
	w->config = config;
	w->set = set;
	schedule(w);
}

uint64_t
lists_watch_suspended(void *ctx, const struct generation *g)
{
	const struct lists_watch *w = ctx;

	/* A visit that began under older settings has other numbers; its lists are believed, as
	 * far as the canary goes. */
	return w->config && g->site.lists == w->set ? w->health.suspended : 0;
}

void
lists_watch_seen(void *ctx, const struct generation *g, const struct list_reports *reports)
{
	struct lists_watch *w = ctx;

	if (!w->config || g->site.lists != w->set)
		return;
	lists_health_learn(&w->health, reports, clock_ms(), news, w);
	schedule(w);
}

bool
lists_watch_get(const struct lists_watch *w, size_t i, struct list_status *out)
{
	uint64_t now = clock_ms();

	if (!w->set || i >= w->set->n)
		return false;
	const struct dnsbl_list *l = &w->set->list[i];
	const struct list_health *h = &w->health.list[i];
	bool fine = !l->off && h->trouble == LIST_FINE;
	*out = (struct list_status){.name = l->name,
		.allow = l->allow,
		.state = l->off ? "dead" : list_trouble_name(h->trouble),
		.text = fine	 ? NULL
			: l->off ? l->note
				 : list_trouble_text(h->trouble),
		.suspended_s = fine || l->off ? 0 : (now - h->suspended_ms) / 1000,
		.tested_s = h->tested_ms ? (now - h->tested_ms) / 1000 : UINT64_MAX};
	return true;
}
