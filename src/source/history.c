/* source/history: see history.h.  A chained hash table, whose entries are in a list by last use, or
 * while they are asked for in none: those cannot go. */
#include "base/clock.h"
#include "base/list.h"
#include "source/history.h"
#include "source/waiters.h"
#include "store/registration.h"

#define BUCKETS	      16384
#define BYTES	      ((size_t)8 << 20) /* some 6,000 clients with their senders */
#define KEEP_MS	      30000
#define FAIL_MS	      1000
#define USED_MS	      1000 /* the order of use is not finer than that */
#define KEY_MAX	      (HISTORY_NAME_MAX + 2)
#define ANSWER_WEIGHT (sizeof(struct answer) + 32)

struct entry {
	struct entry *next;
	uint64_t hash;
	struct answer *answer; /* NULL: asked for */
	uint64_t used_ms;
	enum history_kind what;
	uint16_t name_n;
	struct list link; /* used, or failing */
	struct list waiters;
	struct source_history *owner;
	char name[];
};

struct source_history {
	struct history_source source; /* first */
	struct source_history_options o;
	struct entry *bucket[BUCKETS];
	struct list used;    /* the longest ago first */
	struct list failing; /* that the store would not even be asked for */
	struct timer *soon;  /* answers that start() may not give itself */
	struct source_history_stats stats;
};

enum store_table
history_key(enum history_kind what, struct str name, struct buf *out)
{
	static const char letter[HISTORY_KINDS] = {[HISTORY_CLIENT] = 'c',
		[HISTORY_REFUSALS] = 'n',
		[HISTORY_SENDER] = 's',
		[HISTORY_DOMAIN] = 'd',
		[HISTORY_RESETS] = 'r',
		[HISTORY_COMMANDS] = 'u',
		[HISTORY_RECIPIENTS] = 'b',
		[HISTORY_EMPTY] = 'e',
		[HISTORY_SEEN] = 'd',
		[HISTORY_REGISTERED] = 'r'};
	static const enum store_table table[HISTORY_KINDS] = {[HISTORY_CLIENT] = STORE_HISTORY,
		[HISTORY_REFUSALS] = STORE_COUNTER,
		[HISTORY_SENDER] = STORE_HISTORY,
		[HISTORY_DOMAIN] = STORE_HISTORY,
		[HISTORY_RESETS] = STORE_COUNTER,
		[HISTORY_COMMANDS] = STORE_COUNTER,
		[HISTORY_RECIPIENTS] = STORE_COUNTER,
		[HISTORY_EMPTY] = STORE_COUNTER,
		[HISTORY_SEEN] = STORE_SEEN,
		[HISTORY_REGISTERED] = STORE_SEEN};

	buf_putc(out, letter[what]);
	buf_putc(out, ':');
	buf_put(out, name);
	return table[what];
}

/* --- the entries --- */

static size_t
weight(const struct entry *e)
{
	return sizeof(*e) + e->name_n + ANSWER_WEIGHT;
}

static struct entry **
find(struct source_history *s, enum history_kind what, struct str name, uint64_t hash)
{
	struct entry **e = &s->bucket[hash % BUCKETS];

	while (*e &&
		!((*e)->hash == hash && (*e)->what == what &&
			str_eq(str_from((*e)->name, (*e)->name_n), name)))
		e = &(*e)->next;
	return e;
}

static void
drop(struct source_history *s, struct entry **place)
{
	struct entry *e = *place;

	must(list_is_empty(&e->waiters));
	*place = e->next;
	list_remove(&e->link);
	s->stats.entries--;
	s->stats.bytes -= weight(e);
	answer_unref(e->answer);
	heap_free(e);
}

static struct entry **
place_of(struct source_history *s, const struct entry *e)
{
	return find(s, e->what, str_from(e->name, e->name_n), e->hash);
}

static void
evict(struct source_history *s)
{
	while (s->stats.bytes > s->o.bytes && !list_is_empty(&s->used)) {
		drop(s, place_of(s, LIST_ELEMENT(s->used.next, struct entry, link)));
		s->stats.evicted++;
	}
}

static struct entry *
add(struct source_history *s, const struct fact *f)
{
	struct entry *e = heap_calloc(1, sizeof(*e) + f->name.n);

	list_init(&e->link);
	list_init(&e->waiters);
	e->owner = s;
	e->hash = f->hash;
	e->what = f->history;
	e->name_n = (uint16_t)f->name.n;
	memcpy(e->name, f->name.p, f->name.n);
	*find(s, e->what, f->name, e->hash) = e;
	s->stats.entries++;
	s->stats.bytes += weight(e);
	return e;
}

/* An entry with an answer that still holds, now the last used; NULL: there is none. */
static struct entry *
known(struct source_history *s, enum history_kind what, struct str name, uint64_t hash)
{
	struct entry **place = find(s, what, name, hash), *e = *place;

	if (!e || !e->answer)
		return NULL;
	uint64_t now_ms = clock_ms();
	if (e->answer->expires_ms <= now_ms) {
		drop(s, place);
		return NULL;
	}
	if (now_ms >= e->used_ms + USED_MS) {
		e->used_ms = now_ms;
		list_remove(&e->link);
		list_add_last(&s->used, &e->link);
	}
	return e;
}

/* --- answers --- */

/* It may be asked again, given up and evicted by those who are told. */
static void
settle(struct entry *e, const struct history *h)
{
	struct source_history *s = e->owner;
	struct answer *a = answer_history(h);
	struct list told;

	bool lasts = h->status == HISTORY_OK || h->status == HISTORY_NONE;
	a->expires_ms = clock_ms() + (lasts ? s->o.keep_ms : s->o.fail_ms);
	e->answer = answer_ref(a);
	waiters_move(&e->waiters, &told);
	list_remove(&e->link);
	list_add_last(&s->used, &e->link);
	evict(s);
	waiters_tell(&told, a, s->o.answered);
}

static void
from_record(const struct store_record *r, struct history *out)
{
	*out = (struct history){
		.status = HISTORY_OK, .score = r->score, .age_s = r->age_s, .idle_s = r->idle_s};
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		out->n[i] = r->number[i];
	history_clamp(out);
}

/* STORE_OK or STORE_NONE. */
static void
from_registration(struct entry *e, const struct store_record *r, struct history *out)
{
	struct source_history *s = e->owner;
	int64_t date = 0;
	enum registration what = r ? registration_parse(r->value, &date) : REGISTRATION_UNREADABLE;

	out->status = HISTORY_UNKNOWN;
	if (what == REGISTRATION_NONE)
		out->status = HISTORY_NONE;
	if (what == REGISTRATION_DATE)
		*out = (struct history){.status = HISTORY_OK, .age_s = clock_wall() - date};
	history_clamp(out);
	if (what == REGISTRATION_UNREADABLE && s->o.wanted)
		s->o.wanted(s->o.ctx, str_from(e->name, e->name_n));
}

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct entry *e = ctx;
	struct history h = {.status = HISTORY_FAIL};

	if (status != STORE_OK && status != STORE_NONE)
		e->owner->stats.failed++;
	else if (e->what == HISTORY_REGISTERED)
		from_registration(e, r, &h);
	else if (status == STORE_OK)
		from_record(r, &h);
	else
		h.status = HISTORY_NONE;
	settle(e, &h);
}

static void
fail_soon(void *ctx)
{
	struct source_history *s = ctx;

	while (!list_is_empty(&s->failing)) {
		struct entry *e = LIST_ELEMENT(s->failing.next, struct entry, link);
		list_remove(&e->link);
		on_answer(e, STORE_FAIL, NULL);
	}
}

/* --- the source --- */

static struct answer *
lookup(struct history_source *source, struct str name, enum history_kind what, uint64_t hash)
{
	struct source_history *s = (struct source_history *)source;
	struct entry *e = known(s, what, name, hash);

	if (!e)
		return NULL;
	s->stats.hits++;
	return answer_ref(e->answer);
}

static void
ask_store(struct source_history *s, struct entry *e)
{
	char room[KEY_MAX];
	struct buf key = BUF(room);
	enum store_table table = history_key(e->what, str_from(e->name, e->name_n), &key);

	s->stats.asked++;
	if (!buf_is_cut(&key) && store_client_get(s->o.store, table, buf_str(&key), on_answer, e))
		return;
	list_add_last(&s->failing, &e->link);
	timer_set(s->soon, 0);
}

static void
start(struct history_source *source, struct fact *f)
{
	struct source_history *s = (struct source_history *)source;
	struct entry *e = *find(s, f->history, f->name, f->hash);

	/* It may have become known since lookup() said that it is not. */
	if (e && e->answer) {
		drop(s, place_of(s, e));
		e = NULL;
	}
	bool fresh = !e;
	if (fresh)
		e = add(s, f);
	waiters_add(&e->waiters, f);
	if (fresh)
		ask_store(s, e);
}

static void
cancel(struct history_source *source, struct fact *f)
{
	/* The question goes on: its answer is for the next one. */
	waiters_cancel(f);
}

struct source_history *
source_history_new(const struct source_history_options *o)
{
	struct source_history *s = heap_calloc(1, sizeof(*s));

	s->source = (struct history_source){lookup, start, cancel};
	s->o = *o;
	s->o.bytes = o->bytes ? o->bytes : BYTES;
	s->o.keep_ms = o->keep_ms ? o->keep_ms : KEEP_MS;
	s->o.fail_ms = o->fail_ms ? o->fail_ms : FAIL_MS;
	list_init(&s->used);
	list_init(&s->failing);
	s->soon = timer_new(o->loop, fail_soon, s);
	return s;
}

void
source_history_free(struct source_history *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->bucket[i]) {
			if (!s->bucket[i]->answer)
				store_client_forget(s->o.store, s->bucket[i]);
			drop(s, &s->bucket[i]);
		}
	}
	timer_free(s->soon);
	heap_free(s);
}

struct history_source *
source_history_source(struct source_history *s)
{
	return &s->source;
}

bool
source_history_add(struct source_history *s, enum history_kind what, struct str name,
	const struct history *more, struct history *before_out)
{
	struct entry *e = known(s, what, name, history_hash(name, what));

	if (!e || e->answer->history.status == HISTORY_FAIL)
		return false;
	*before_out = e->answer->history;
	/* Facts never change: whoever has been told keeps what he was told. */
	if (e->answer->refs > 1) {
		struct answer *copy = answer_history(before_out);
		copy->expires_ms = e->answer->expires_ms;
		answer_unref(e->answer);
		e->answer = copy;
	}
	struct history *h = &e->answer->history;
	h->status = HISTORY_OK;
	h->score += more->score;
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		h->n[i] += more->n[i];
	h->idle_s = 0;
	history_clamp(h);
	return true;
}

struct source_history_stats
source_history_stats(const struct source_history *s)
{
	return s->stats;
}
