/* source/rdap: see rdap.h. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "source/rdap.h"

#define WAITING_MAX 1000
#define REDIRECTS   3
#define TRIES	    3 /* with a registry that wants to be let alone */
#define AGAIN_MS    600000
#define ASKED	    4096 /* remembered, about */
#define MINUTE_MS   60000
#define PAUSE_MIN   30000 /* after trouble with a registry, doubling */
#define PAUSE_MAX   3600000
#define RETRY_MAX_S (24 * 3600)

struct registry {
	struct list link;    /* of those that have jobs */
	struct list waiting; /* jobs */
	size_t n_waiting;
	struct str url;
	bool ours; /* of the settings */
	bool busy;
	uint64_t next_ms, pause_ms;
};

struct job {
	struct list link;
	struct registry *registry;
	unsigned hops, tries;
	char url[RDAP_URL_MAX + 1];
	size_t n;
	char domain[];
};

struct source_rdap {
	struct source_rdap_options o;
	struct registry *registry; /* of the bootstrap file, then of the settings */
	struct list active;
	struct job *slot[RDAP_SLOTS];
	struct timer *timer;
	uint64_t next_ms; /* for all */
	struct {
		uint64_t hash, until_ms;
	} asked[ASKED]; /* by hash; a newer one goes over an older one */
	struct source_rdap_stats stats;
};

static struct str
domain_of(const struct job *j)
{
	return str_from(j->domain, j->n);
}

/* --- whom to ask --- */

static struct registry *
find_registry(struct source_rdap *s, struct str domain)
{
	struct registry *found = NULL;
	size_t longest = 0, i;

	for (size_t k = 0; k < s->o.n_servers; k++) {
		struct str suffix = s->o.server[k].suffix;
		bool is = str_has_suffix(domain, suffix) &&
			(domain.n == suffix.n || domain.p[domain.n - suffix.n - 1] == '.');
		if (!is || suffix.n <= longest)
			continue;
		longest = suffix.n;
		found = &s->registry[s->o.bootstrap->n_registries + k];
	}
	if (found)
		return found->url.n ? found : NULL;
	return rdap_bootstrap_find(s->o.bootstrap, domain, &i) ? &s->registry[i] : NULL;
}

/* --- the course of a job --- */

static void
end_job(struct job *j)
{
	list_remove(&j->link);
	heap_free(j);
}

/* The registry is let alone for so long. */
static void
pause_registry(struct registry *r, int64_t said_s)
{
	uint64_t ms = r->pause_ms ? r->pause_ms * 2 : PAUSE_MIN;

	if (ms > PAUSE_MAX)
		ms = PAUSE_MAX;
	r->pause_ms = ms;
	if (said_s >= 0)
		ms = 1000 * (uint64_t)(said_s < RETRY_MAX_S ? said_s : RETRY_MAX_S);
	if (clock_ms() + ms > r->next_ms)
		r->next_ms = clock_ms() + ms;
}

static void
fail(struct source_rdap *s, struct job *j, const char *why)
{
	s->stats.failed++;
	s->o.failed(s->o.ctx, domain_of(j), j->url, why);
	end_job(j);
}

static void
start(struct source_rdap *s, struct job *j, unsigned slot)
{
	const struct rdap_fetch f = {.slot = slot, .url = j->url, .anywhere = j->registry->ours};

	s->slot[slot] = j;
	s->stats.fetched++;
	s->o.fetch(s->o.ctx, &f);
}

static bool
free_slot(const struct source_rdap *s, unsigned *out)
{
	for (*out = 0; *out < RDAP_SLOTS; ++*out)
		if (!s->slot[*out])
			return true;
	return false;
}

static void
wait_again(struct source_rdap *s, struct job *j)
{
	list_add_last(&j->registry->waiting, &j->link);
	j->registry->n_waiting++;
	s->stats.waiting++;
}

/* It waits no more. */
static void
wait_over(struct source_rdap *s, struct job *j)
{
	list_remove(&j->link);
	j->registry->n_waiting--;
	s->stats.waiting--;
}

/* The next of this registry's, if it may be asked now. */
static void
start_next(struct source_rdap *s, struct registry *r, uint64_t now, unsigned slot)
{
	struct job *j = LIST_ELEMENT(r->waiting.next, struct job, link);

	wait_over(s, j);
	r->busy = true;
	r->next_ms = now + MINUTE_MS / s->o.rate;
	s->next_ms = now + MINUTE_MS / s->o.rate_all;
	snprintf(j->url, sizeof(j->url), "%.*sdomain/%.*s", STR_ARG(r->url), STR_ARG(domain_of(j)));
	start(s, j, slot);
}

static void
pump(void *ctx)
{
	struct source_rdap *s = ctx;
	uint64_t now = clock_ms(), next = UINT64_MAX;
	unsigned slot;

	for (struct list *l = s->active.next, *after; l != &s->active; l = after) {
		struct registry *r = LIST_ELEMENT(l, struct registry, link);
		after = l->next;
		if (list_is_empty(&r->waiting)) {
			list_remove(&r->link);
			continue;
		}
		if (r->busy || !free_slot(s, &slot))
			continue; /* pump() comes again when a page has come */
		uint64_t due = r->next_ms > s->next_ms ? r->next_ms : s->next_ms;
		if (due <= now) {
			start_next(s, r, now, slot);
			/* Others have their turn before it. */
			list_remove(&r->link);
			list_add_last(&s->active, &r->link);
			due = UINT64_MAX;
		}
		next = due < next ? due : next;
	}
	if (next != UINT64_MAX)
		timer_set(s->timer, next > now ? next - now : 0);
}

/* False: it is not to be followed. */
static bool
follow(struct source_rdap *s, struct job *j, struct str location, unsigned slot)
{
	struct rdap_url url;

	if (j->hops == REDIRECTS || !rdap_url_parse(location, &url) ||
		(!url.https && !j->registry->ours))
		return false;
	j->hops++;
	snprintf(j->url, sizeof(j->url), "%.*s", STR_ARG(location));
	start(s, j, slot);
	return true;
}

static void
read_page(struct source_rdap *s, struct job *j, const struct rdap_page *page)
{
	const char *why;
	struct arena a;
	int64_t date;

	arena_init(&a, 16 << 10, SIZE_MAX);
	enum rdap_says says = rdap_read(&a, page->body, domain_of(j), clock_wall(), &date, &why);
	arena_done(&a);
	if (says == RDAP_BAD) {
		fail(s, j, why);
		return;
	}
	s->stats.answered++;
	s->o.answered(s->o.ctx, domain_of(j), says == RDAP_DATE ? &date : NULL);
	end_job(j);
}

static void
take_page(struct source_rdap *s, struct job *j, const struct rdap_page *page)
{
	struct registry *r = j->registry;
	char why[64];

	if (!page->why && (page->code == 429 || page->code == 503)) {
		pause_registry(r, page->retry_after_s);
		if (++j->tries < TRIES)
			wait_again(s, j);
		else
			fail(s, j, "it wants to be let alone");
		return;
	}
	if (page->why || page->code >= 500) {
		pause_registry(r, -1);
		snprintf(why, sizeof(why), "it answers %u", page->code);
		fail(s, j, page->why ? page->why : why);
		return;
	}
	r->pause_ms = 0;
	if (page->code == 200) {
		read_page(s, j, page);
	} else if (page->code == 404) {
		s->stats.answered++;
		s->o.answered(s->o.ctx, domain_of(j), NULL);
		end_job(j);
	} else if (page->code / 100 == 3) {
		fail(s, j, "it sends to where nobody goes");
	} else {
		snprintf(why, sizeof(why), "it answers %u", page->code);
		fail(s, j, why);
	}
}

void
source_rdap_fetched(struct source_rdap *s, unsigned slot, const struct rdap_page *page)
{
	struct job *j = s->slot[slot];

	must(slot < RDAP_SLOTS && j);
	s->slot[slot] = NULL;
	if (!page->why && page->code / 100 == 3 && follow(s, j, page->location, slot))
		return;
	j->registry->busy = false;
	take_page(s, j, page);
	pump(s);
}

/* --- wishes --- */

static bool
was_asked(const struct source_rdap *s, uint64_t hash)
{
	size_t i = hash % ASKED;

	return s->asked[i].hash == hash && clock_ms() < s->asked[i].until_ms;
}

/* Whoever has most gives up its newest: forged domains of one registry, or one that is let alone,
 * keep nobody from asking another.  False: that is r itself. */
static bool
make_room(struct source_rdap *s, const struct registry *r)
{
	struct registry *most = NULL;

	for (struct list *l = s->active.next; l != &s->active; l = l->next) {
		struct registry *one = LIST_ELEMENT(l, struct registry, link);
		if (!most || one->n_waiting > most->n_waiting)
			most = one;
	}
	if (!most || most->n_waiting <= r->n_waiting + 1)
		return false;
	struct job *j = LIST_ELEMENT(most->waiting.prev, struct job, link);
	wait_over(s, j);
	heap_free(j);
	s->stats.dropped++;
	return true;
}

void
source_rdap_want(struct source_rdap *s, struct str domain)
{
	uint64_t hash = hash_str_with(domain, 0);
	struct registry *r;

	if (was_asked(s, hash))
		return;
	r = find_registry(s, domain);
	if (r && s->stats.waiting >= WAITING_MAX && !make_room(s, r)) {
		s->stats.dropped++;
		return;
	}
	s->asked[hash % ASKED].hash = hash;
	s->asked[hash % ASKED].until_ms = clock_ms() + AGAIN_MS;
	s->stats.wanted++;
	if (!r) {
		s->o.answered(s->o.ctx, domain, NULL);
		return;
	}
	struct job *j = heap_calloc(1, sizeof(*j) + domain.n);
	j->registry = r;
	j->n = domain.n;
	memcpy(j->domain, domain.p, domain.n);
	list_init(&j->link);
	if (list_is_empty(&r->link))
		list_add_last(&s->active, &r->link);
	wait_again(s, j);
	timer_set(s->timer, 0);
}

/* --- life --- */

struct source_rdap *
source_rdap_new(const struct source_rdap_options *o)
{
	struct source_rdap *s = heap_calloc(1, sizeof(*s));
	size_t n = o->bootstrap->n_registries;

	must(o->rate > 0 && o->rate_all > 0);
	s->o = *o;
	s->registry = heap_calloc(n + o->n_servers + 1, sizeof(*s->registry));
	for (size_t i = 0; i < n + o->n_servers; i++) {
		struct registry *r = &s->registry[i];
		list_init(&r->link);
		list_init(&r->waiting);
		r->ours = i >= n;
		r->url = i < n ? o->bootstrap->url[i] : o->server[i - n].url;
	}
	list_init(&s->active);
	s->timer = timer_new(o->loop, pump, s);
	return s;
}

void
source_rdap_free(struct source_rdap *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->o.bootstrap->n_registries + s->o.n_servers; i++)
		while (!list_is_empty(&s->registry[i].waiting))
			end_job(LIST_ELEMENT(s->registry[i].waiting.next, struct job, link));
	for (unsigned i = 0; i < RDAP_SLOTS; i++)
		heap_free(s->slot[i]);
	timer_free(s->timer);
	heap_free(s->registry);
	heap_free(s);
}

struct source_rdap_stats
source_rdap_stats(const struct source_rdap *s)
{
	return s->stats;
}
