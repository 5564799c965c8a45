/* source/callout: see callout.h. */
#include "base/clock.h"
#include "base/list.h"
#include "net/channel.h"
#include "net/local.h"
#include "source/callout.h"
#include "source/waiters.h"
#include "wire/callout.h"

#define KNOWN_MAX   1024  /* answers that are kept */
#define BRIEF_MAX   256	  /* and those of them that are good for TROUBLE_MS at most */
#define HOLD_MAX_S  60	  /* longer they are not, whatever the caller allows */
#define TROUBLE_MS  10000 /* "unverifiable" for want of the caller */
#define REDIAL_MS   500
#define BUCKETS	    256
#define ADDRESS_MAX 254

/* A question, open or answered. */
struct question {
	struct list link; /* open, known, or brief: the longest ago first */
	bool brief;
	struct question *next;
	struct source_callout *owner;
	struct list waiters;
	struct answer *answer; /* NULL: open */
	uint64_t hash, until_ms;
	uint32_t id;
	struct str address;
	char room[];
};

struct source_callout {
	struct callout_source source; /* first */
	struct source_callout_options o;
	struct channel *channel; /* NULL: away */
	uint64_t dial_ms;	 /* not before */
	uint32_t last_id;
	struct question *bucket[BUCKETS];
	/* Answers that say "not now" are of a list of their own: a flood of forged senders, who all
	 * get such a one, does not push out what is known. */
	struct list open, known, brief;
	size_t n_open, n_known, n_brief;
	struct timer *timer; /* of the first open one, and of what start() may not answer itself */
};

/* --- questions --- */

static struct question **
find(struct source_callout *s, struct str address, uint64_t hash)
{
	struct question **q = &s->bucket[hash % BUCKETS];

	while (*q && !((*q)->hash == hash && str_eq((*q)->address, address)))
		q = &(*q)->next;
	return q;
}

static void
drop(struct source_callout *s, struct question *q)
{
	must(list_is_empty(&q->waiters));
	*find(s, q->address, q->hash) = q->next;
	list_remove(&q->link);
	*(!q->answer ? &s->n_open : q->brief ? &s->n_brief : &s->n_known) -= 1;
	answer_unref(q->answer);
	heap_free(q);
}

static struct question *
add(struct source_callout *s, const struct fact *f)
{
	struct question *q = heap_calloc(1, sizeof(*q) + f->name.n);

	memcpy(q->room, f->name.p, f->name.n);
	q->address = str_from(q->room, f->name.n);
	q->owner = s;
	q->hash = f->hash;
	q->id = ++s->last_id;
	list_init(&q->waiters);
	list_add_last(&s->open, &q->link);
	q->next = s->bucket[q->hash % BUCKETS];
	s->bucket[q->hash % BUCKETS] = q;
	s->n_open++;
	return q;
}

static void
settle(struct question *q, const struct callout *c, uint64_t hold_ms)
{
	struct source_callout *s = q->owner;
	struct answer *a = answer_callout(c);
	struct list told;

	a->expires_ms = clock_ms() + hold_ms;
	q->answer = answer_ref(a);
	q->until_ms = a->expires_ms;
	q->brief = hold_ms <= TROUBLE_MS;
	struct list *list = q->brief ? &s->brief : &s->known;
	list_remove(&q->link);
	list_add_last(list, &q->link);
	s->n_open--;
	waiters_move(&q->waiters, &told);
	if (q->brief ? ++s->n_brief > BRIEF_MAX : ++s->n_known > KNOWN_MAX)
		drop(s, LIST_ELEMENT(list->next, struct question, link));
	waiters_tell(&told, a, s->o.answered);
}

static void
settle_trouble(struct question *q, const char *reason)
{
	settle(q, &(struct callout){.status = CALLOUT_UNVERIFIABLE, .reason = str_of(reason)},
		TROUBLE_MS);
}

/* --- the caller --- */

static size_t
input(void *ctx, struct str bytes)
{
	struct source_callout *s = ctx;
	struct callout_frame f;
	size_t all = 0, used;

	for (;;) {
		enum callout_frame_status status =
			callout_frame_read(str_skip(bytes, all), &f, &used);
		struct callout c;
		if (status == CALLOUT_FRAME_MORE)
			return all;
		if (status == CALLOUT_FRAME_BAD || !f.is_answer || !callout_parse(f.body, &c)) {
			channel_free(s->channel);
			s->channel = NULL;
			timer_set(s->timer, 0);
			return all;
		}
		all += used;
		uint64_t hold_s = f.hold_s < HOLD_MAX_S ? f.hold_s : HOLD_MAX_S;
		for (struct list *l = s->open.next; l != &s->open; l = l->next) {
			struct question *q = LIST_ELEMENT(l, struct question, link);
			if (q->id != f.id)
				continue;
			settle(q, &c, hold_s * 1000);
			break;
		}
	}
}

static void
closed(void *ctx, const char *why)
{
	struct source_callout *s = ctx;

	s->channel = NULL;
	timer_set(s->timer, 0);
}

static bool
connect_caller(struct source_callout *s)
{
	static const struct channel_limits limits = {
		.slice = 16384, .input_max = CALLOUT_FRAME_MAX, .output_max = 256 << 10};
	static const struct channel_handler handler = {input, NULL, closed};

	if (s->channel)
		return true;
	if (clock_ms() < s->dial_ms)
		return false;
	s->dial_ms = clock_ms() + REDIAL_MS;
	int fd = local_dial(s->o.caller);
	if (fd >= 0)
		s->channel = channel_new(s->o.loop, fd, &limits, &handler, s);
	return s->channel;
}

/* What is over time, or can get no answer any more. */
static void
on_timer(void *ctx)
{
	struct source_callout *s = ctx;
	uint64_t now = clock_ms();

	while (!list_is_empty(&s->open)) {
		struct question *q = LIST_ELEMENT(s->open.next, struct question, link);
		if (s->channel && now < q->until_ms) {
			timer_set(s->timer, q->until_ms - now);
			return;
		}
		settle_trouble(q,
			!s->channel	      ? "nobody here makes callouts for now"
				: q->until_ms ? "no answer in time"
					      : "too many callouts are under way");
	}
}

static void
ask(struct source_callout *s, struct question *q)
{
	char room[CALLOUT_FRAME_MAX];
	struct buf out = BUF(room);

	q->until_ms = clock_ms() + s->o.timeout_ms;
	callout_frame_put(&(struct callout_frame){.id = q->id, .body = q->address}, &out);
	if (s->n_open > SOURCE_CALLOUT_OPEN_MAX || !connect_caller(s) ||
		!channel_write(s->channel, buf_str(&out))) {
		/* It gets its answer from the timer: start() gives none. */
		q->until_ms = 0;
		list_remove(&q->link);
		list_add_last(s->open.next, &q->link); /* behind none: the first in line */
		timer_set(s->timer, 0);
	} else if (s->n_open == 1) {
		timer_set(s->timer, s->o.timeout_ms);
	}
}

/* --- for the engine --- */

static struct answer *
lookup(struct callout_source *source, struct str address, uint64_t hash)
{
	struct source_callout *s = (struct source_callout *)source;
	struct question *q = *find(s, address, hash);

	if (!q || !q->answer)
		return NULL;
	if (q->until_ms <= clock_ms()) {
		drop(s, q);
		return NULL;
	}
	return answer_ref(q->answer);
}

static void
start(struct callout_source *source, struct fact *f)
{
	struct source_callout *s = (struct source_callout *)source;
	struct question *q = *find(s, f->name, f->hash);
	bool fresh = !q;

	if (q && q->answer) { /* it came, or fell due, since lookup() */
		drop(s, q);
		fresh = true;
	}
	if (fresh)
		q = add(s, f);
	waiters_add(&q->waiters, f);
	if (fresh)
		ask(s, q);
}

static void
cancel(struct callout_source *source, struct fact *f)
{
	waiters_cancel(f);
}

struct source_callout *
source_callout_new(const struct source_callout_options *o)
{
	struct source_callout *s = heap_calloc(1, sizeof(*s));

	s->source = (struct callout_source){lookup, start, cancel};
	s->o = *o;
	list_init(&s->open);
	list_init(&s->known);
	list_init(&s->brief);
	s->timer = timer_new(o->loop, on_timer, s);
	return s;
}

struct callout_source *
source_callout_source(struct source_callout *s)
{
	return &s->source;
}

void
source_callout_set_timeout(struct source_callout *s, uint64_t timeout_ms)
{
	s->o.timeout_ms = timeout_ms;
}

void
source_callout_free(struct source_callout *s)
{
	if (!s)
		return;
	while (!list_is_empty(&s->open))
		drop(s, LIST_ELEMENT(s->open.next, struct question, link));
	while (!list_is_empty(&s->known))
		drop(s, LIST_ELEMENT(s->known.next, struct question, link));
	while (!list_is_empty(&s->brief))
		drop(s, LIST_ELEMENT(s->brief.next, struct question, link));
	channel_free(s->channel);
	timer_free(s->timer);
	heap_free(s);
}
