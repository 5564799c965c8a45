/* daemon/rules_watch: see rules_watch.h. */
#include "daemon/rules_watch.h"

#include "daemon/log.h"

#define SLICE_US 1000
#define PAUSE_MS 1 /* between two slices */

/* What becomes of one table of the store. */
struct part {
	enum store_table table;
	const char *event;		 /* of the log */
	struct rules *rules;		 /* in force; NULL: not known yet */
	const struct store_image *image; /* to be read, or under way; borrowed */
	struct rules_reading *reading;
};

struct rules_watch {
	struct timer *timer, *wait;
	void (*renewed)(void *ctx, struct generation *next);
	void *ctx;
	bool unknown;
	struct config *config; /* with a reference, as the two below; NULL: none yet */
	struct generation *base, *current;
	struct part part[2];
};

static void
renew(struct rules_watch *w)
{
	const struct rules_now now = {
		.exempt = w->part[0].rules, .mailbox = w->part[1].rules, .unknown = w->unknown};
	struct generation *before = w->current;

	w->current = rules_generation(w->base, &now);
	w->current->number = w->config->generation.number;
	generation_unref(before);
}

/* Tell of a change. */
static void
tell(struct rules_watch *w)
{
	if (!w->base)
		return;
	w->config->generation.number++;
	renew(w);
	w->renewed(w->ctx, w->current);
}

/* All that the store has is known, or has been waited for long enough. */
static void
stop_waiting(struct rules_watch *w)
{
	w->unknown = false;
	timer_clear(w->wait);
}

static bool
all_known(const struct rules_watch *w)
{
	for (size_t i = 0; i < COUNT(w->part); i++)
		if (!w->part[i].rules)
			return false;
	return true;
}

static void
take(struct rules_watch *w, struct part *p)
{
	struct rules *next = rules_reading_done(p->reading), *before = p->rules;

	p->reading = NULL;
	p->image = NULL;
	p->rules = next;
	if (w->unknown && all_known(w))
		stop_waiting(w);
	tell(w);
	if (rules_count(next) || before)
		log_event(LOG_LEVEL_INFO, p->event, log_u("entries", rules_count(next)),
			log_u("generation", w->config ? w->config->generation.number : 0));
	if (rules_unread(next) &&
		(rules_unread(next) != rules_unread(before) ||
			!str_eq(rules_unread_key(next), rules_unread_key(before))))
		log_event(LOG_LEVEL_ERROR, "rules_unread",
			log_z("table", store_tables[p->table].name),
			log_u("records", rules_unread(next)),
			log_s("first", rules_unread_key(next)),
			log_z("hint", "what cannot be read counts for nothing; remove it"));
	rules_unref(before);
}

static void
read_on(void *ctx)
{
	struct rules_watch *w = ctx;

	for (size_t i = 0; i < COUNT(w->part); i++) {
		struct part *p = &w->part[i];
		if (!p->image || !w->config)
			continue;
		if (!p->reading)
			p->reading = rules_reading_new(
				p->table, p->image, &w->config->generation.checks, p->rules);
		if (!rules_reading_step(p->reading, SLICE_US))
			take(w, p);
		timer_set(w->timer, PAUSE_MS);
		return;
	}
}

static void
waited(void *ctx)
{
	struct rules_watch *w = ctx;

	stop_waiting(w);
	log_event(LOG_LEVEL_WARN, "rules_missing",
		log_z("text",
			"the store has not told its exemptions and switches: mail is judged "
			"without"));
	tell(w);
}

struct rules_watch *
rules_watch_new(struct loop *loop, bool wait, void (*renewed)(void *ctx, struct generation *next),
	void *ctx)
{
	struct rules_watch *w = heap_calloc(1, sizeof(*w));

	w->timer = timer_new(loop, read_on, w);
	w->wait = timer_new(loop, waited, w);
	w->renewed = renewed;
	w->ctx = ctx;
	w->unknown = wait;
	w->part[0] = (struct part){.table = STORE_EXEMPT, .event = "exemptions"};
	w->part[1] = (struct part){.table = STORE_MAILBOX, .event = "mailboxes"};
	if (wait)
		timer_set(w->wait, RULES_WAIT_MS);
	return w;
}

void
rules_watch_free(struct rules_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < COUNT(w->part); i++) {
		rules_reading_free(w->part[i].reading);
		rules_unref(w->part[i].rules);
	}
	generation_unref(w->current);
	generation_unref(w->base);
	if (w->config)
		generation_unref(config_generation(w->config));
	timer_free(w->timer);
	timer_free(w->wait);
	heap_free(w);
}

struct generation *
rules_watch_use(struct rules_watch *w, struct config *config, struct generation *base)
{
	struct config *before = w->config;
	struct generation *base_before = w->base;

	w->config = config;
	generation_ref(config_generation(config));
	w->base = generation_ref(base);
	renew(w);
	generation_unref(base_before);
	if (before)
		generation_unref(config_generation(before));
	return w->current;
}

void
rules_watch_image(struct rules_watch *w, enum store_table table, const struct store_image *image)
{
	for (size_t i = 0; i < COUNT(w->part); i++) {
		struct part *p = &w->part[i];
		if (p->table != table)
			continue;
		/* The image before is gone. */
		rules_reading_free(p->reading);
		p->reading = NULL;
		p->image = image->status == STORE_OK ? image : NULL;
		timer_set(w->timer, 0);
	}
}

bool
rules_watch_waits(const struct rules_watch *w)
{
	return w->unknown;
}
