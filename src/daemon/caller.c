/* daemon/caller: see caller.h. */
#include <signal.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "daemon/caller.h"
#include "daemon/caller_self.h"
#include "daemon/callout_cache.h"
#include "daemon/callout_run.h"
#include "daemon/config_local.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/resolver.h"
#include "net/channel.h"
#include "net/listen.h"
#include "net/local.h"
#include "wire/callout.h"

#define QUESTIONS_MAX 512 /* under way; what comes on top is unverifiable */
#define KEY_MAX	      (2 + 254)
#define NICE	      5 /* more than the workers, whom a flood of questions is not to hold up */
#define HELD_BACK_S   5 /* "not now" is good for so long */
#define HOUR_MS	      UINT64_C(3600000)
#define ON_ITS_WAY_MS 2000 /* until what was learnt can be read in the store */

/* A worker. */
struct client {
	struct list link;
	struct caller *caller;
	struct channel *channel;
};

/* Who wants to know. */
struct asker {
	struct list link;
	struct client *client;
	uint32_t id;
};

struct question {
	struct list link;
	struct caller *caller;
	struct list askers;
	struct callout_run *run;       /* NULL: the store is being asked */
	struct generation *generation; /* that the run began under */
	bool asked_domain;
	uint64_t begun_ms;
	struct str address;
	char room[];
};

struct caller {
	const struct caller_options *o;
	struct loop *loop;
	struct config *config;
	struct listener *listener;
	struct store_client *store; /* NULL: none */
	struct callout_cache *cache;
	struct caller_self *self;
	struct list clients, questions;
	size_t n_questions;
	struct timer *stop;
};

void
callout_key(bool of_domain, struct str address, struct buf *out)
{
	size_t at = str_rfind(address, '@');

	buf_puts(out, of_domain ? "d:" : "a:");
	address = str_skip(address, of_domain ? at + 1 : 0);
	for (size_t i = 0; i < address.n; i++) /* the local part as it was said */
		buf_putc(out, of_domain || i > at ? chr_lower(address.p[i]) : address.p[i]);
}

/* --- answers --- */

static void
question_free(struct question *q)
{
	struct caller *k = q->caller;

	while (!list_is_empty(&q->askers)) {
		struct asker *a = LIST_ELEMENT(q->askers.next, struct asker, link);
		list_remove(&a->link);
		heap_free(a);
	}
	if (k->store)
		store_client_forget(k->store, q);
	callout_run_free(q->run);
	generation_unref(q->generation);
	list_remove(&q->link);
	k->n_questions--;
	heap_free(q);
}

static void
send_answer(struct client *c, uint32_t id, struct str text, uint64_t hold_ms)
{
	char room[CALLOUT_FRAME_MAX];
	struct buf out = BUF(room);

	callout_frame_put(&(struct callout_frame){.is_answer = true,
				  .id = id,
				  .hold_s = (uint32_t)(hold_ms / 1000),
				  .body = text},
		&out);
	(void)channel_write(c->channel, buf_str(&out));
}

static void
answer_all(struct question *q, struct str text, uint64_t hold_ms)
{
	for (struct list *l = q->askers.next; l != &q->askers; l = l->next) {
		const struct asker *a = LIST_ELEMENT(l, struct asker, link);
		send_answer(a->client, a->id, text, hold_ms);
	}
	question_free(q);
}

static void
put_unverifiable(const char *reason, struct buf *out)
{
	callout_print(
		&(struct callout){.status = CALLOUT_UNVERIFIABLE, .reason = str_of(reason)}, out);
}

static void
answer_unverifiable(struct question *q, const char *reason)
{
	char room[CALLOUT_TEXT_MAX];
	struct buf text = BUF(room);

	put_unverifiable(reason, &text);
	answer_all(q, buf_str(&text), HELD_BACK_S * 1000);
}

/* How long it is good, and of whom it speaks. */
static uint64_t
keep_ms(enum callout_status status, bool *of_domain)
{
	*of_domain = status == CALLOUT_ACCEPT_ALL || status == CALLOUT_NULL_REFUSED;
	switch (status) {
	case CALLOUT_OK:
		return 24 * HOUR_MS;
	case CALLOUT_REFUSED:
		return 2 * HOUR_MS;
	case CALLOUT_ACCEPT_ALL:
		return 7 * 24 * HOUR_MS;
	case CALLOUT_NULL_REFUSED:
		return 3 * HOUR_MS;
	case CALLOUT_UNVERIFIABLE:
	case CALLOUT_UNKNOWN:
		break;
	}
	return HOUR_MS / 2;
}

static void
keep(struct caller *k, struct str address, enum callout_status status, struct str text)
{
	char room[KEY_MAX];
	struct buf key = BUF(room);
	bool of_domain;
	uint64_t ms = keep_ms(status, &of_domain);

	callout_key(of_domain, address, &key);
	callout_cache_put(k->cache, buf_str(&key), text, clock_ms(), ms);
	if (k->store)
		(void)store_client_write(k->store,
			&(struct store_op){.op = STORE_PUT,
				.table = STORE_CALLOUT,
				.key = buf_str(&key),
				.value = text,
				.keep_s = (int64_t)(ms / 1000)});
}

static void
tell_log(const struct question *q, const struct callout *c)
{
	char ip[IP_TEXT_MAX];

	log_event(LOG_LEVEL_INFO, "callout", log_s("address", q->address), log_s("mx", c->mx),
		log_z("server", c->ip.len ? ip_text(&c->ip, ip) : ""),
		log_z("status", callout_status_name(c->status)), log_s("stage", c->stage),
		log_s("said", c->said), log_s("text", c->reason),
		log_u("ms", clock_ms() - q->begun_ms));
}

/* --- asking --- */

static const char *
is_usable(void *ctx, const struct ip *server)
{
	const struct caller_self *self = ((struct question *)ctx)->caller->self;

	if (caller_self_is(self, server))
		return "the domain's mail server is this site itself";
	return caller_self_objection(self, server->len);
}

static const char *
may_begin(void *ctx, const struct ip *server)
{
	struct caller *k = ((struct question *)ctx)->caller;

	return callout_budget_begin(k->o->budget, server, clock_ms());
}

static void
is_over(void *ctx, const struct ip *server)
{
	callout_budget_end(((struct question *)ctx)->caller->o->budget, server);
}

static void
run_done(void *ctx, const struct callout *c, bool held_back)
{
	struct question *q = ctx;
	struct caller *k = q->caller;
	char room[CALLOUT_TEXT_MAX];
	struct buf text = BUF(room);
	bool of_domain;

	q->run = NULL; /* frees itself */
	callout_print(c, &text);
	if (held_back) {
		answer_all(q, buf_str(&text), HELD_BACK_S * 1000);
		return;
	}
	tell_log(q, c);
	keep(k, q->address, c->status, buf_str(&text));
	answer_all(q, buf_str(&text), keep_ms(c->status, &of_domain));
}

static void
call_out(struct question *q)
{
	struct caller *k = q->caller;
	/* A flood of forged senders is no reason to have the resolver look for their servers. */
	const char *no = callout_budget_spent(k->o->budget, clock_ms());
	const struct callout_run_options run = {.loop = k->loop,
		.config = k->config,
		.usable = is_usable,
		.begin = may_begin,
		.end = is_over,
		.done = run_done,
		.ctx = q};

	if (no) {
		answer_unverifiable(q, no);
		return;
	}
	q->generation = generation_ref(config_generation(k->config));
	q->run = callout_run_new(&run, q->address);
}

/* From memory; p NULL: nothing is known. */
static struct str
remembered(struct caller *k, struct str address, uint64_t *left_ms)
{
	struct str text = {NULL, 0};

	for (int of_domain = 0; of_domain < 2 && !text.p; of_domain++) {
		char room[KEY_MAX];
		struct buf key = BUF(room);
		callout_key(of_domain, address, &key);
		text = callout_cache_get(k->cache, buf_str(&key), clock_ms(), left_ms);
	}
	return text;
}

/* Learnt a moment ago: the store may not show it yet. */
static bool
is_new(struct str text, uint64_t left_ms)
{
	struct callout c;
	bool of_domain;

	return callout_parse(text, &c) && left_ms + ON_ITS_WAY_MS > keep_ms(c.status, &of_domain);
}

static void ask_store(struct question *q, bool of_domain);

static void
on_record(void *ctx, enum store_status status, const struct store_record *r)
{
	struct question *q = ctx;
	struct caller *k = q->caller;
	struct callout c;

	if (status == STORE_OK && r->left_s > 0 && callout_parse(r->value, &c)) {
		uint64_t left_ms = (uint64_t)r->left_s * 1000;
		callout_cache_put(k->cache, r->key, r->value, clock_ms(), left_ms);
		answer_all(q, r->value, left_ms);
		return;
	}
	uint64_t left_ms;
	struct str text = remembered(k, q->address, &left_ms);
	if (text.p && (status == STORE_FAIL || is_new(text, left_ms))) {
		answer_all(q, text, left_ms);
		return;
	}
	if (!q->asked_domain)
		ask_store(q, true);
	else
		call_out(q);
}

static void
ask_store(struct question *q, bool of_domain)
{
	struct caller *k = q->caller;
	char room[KEY_MAX];
	struct buf key = BUF(room);

	callout_key(of_domain, q->address, &key);
	q->asked_domain = of_domain;
	if (!store_client_get(k->store, STORE_CALLOUT, buf_str(&key), on_record, q))
		call_out(q);
}

static struct question *
find(struct caller *k, struct str address)
{
	for (struct list *l = k->questions.next; l != &k->questions; l = l->next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		if (str_eq(q->address, address))
			return q;
	}
	return NULL;
}

static struct question *
question_new(struct caller *k, struct str address)
{
	struct question *q = heap_calloc(1, sizeof(*q) + address.n);

	memcpy(q->room, address.p, address.n);
	q->address = str_from(q->room, address.n);
	q->caller = k;
	q->begun_ms = clock_ms();
	list_init(&q->askers);
	list_add_last(&k->questions, &q->link);
	k->n_questions++;
	return q;
}

/* With the minute's callouts spent, the store is only asked about whom this process has met: what
 * is left is a flood of forged senders, of whom nobody knows anything.  False: it is no such one.
 */
static bool
turn_away(struct client *c, uint32_t id, struct str address)
{
	struct caller *k = c->caller;
	const char *no = callout_budget_spent(k->o->budget, clock_ms());
	char room[CALLOUT_TEXT_MAX];
	struct buf text = BUF(room);
	uint64_t left_ms;

	if (!no || remembered(k, address, &left_ms).p)
		return false;
	put_unverifiable(no, &text);
	send_answer(c, id, buf_str(&text), HELD_BACK_S * 1000);
	return true;
}

static void
take(struct client *c, uint32_t id, struct str address)
{
	struct caller *k = c->caller;
	uint64_t left_ms;
	/* What is in the store others may have dropped meanwhile. */
	struct str text = k->store ? (struct str){NULL, 0} : remembered(k, address, &left_ms);

	if (text.p) {
		send_answer(c, id, text, left_ms);
		return;
	}
	struct question *q = find(k, address);
	bool fresh = !q;
	if (fresh && turn_away(c, id, address))
		return;
	if (fresh)
		q = question_new(k, address);
	struct asker *a = heap_calloc(1, sizeof(*a));
	a->client = c;
	a->id = id;
	list_add_last(&q->askers, &a->link);
	if (!fresh)
		return;
	if (k->n_questions > QUESTIONS_MAX)
		answer_unverifiable(q, "too many callouts are under way");
	else if (k->store)
		ask_store(q, false);
	else
		call_out(q);
}

/* --- workers --- */

static void
client_free(struct client *c)
{
	struct caller *k = c->caller;

	for (struct list *l = k->questions.next; l != &k->questions; l = l->next) {
		struct question *q = LIST_ELEMENT(l, struct question, link);
		for (struct list *m = q->askers.next, *next; m != &q->askers; m = next) {
			struct asker *a = LIST_ELEMENT(m, struct asker, link);
			next = m->next;
			if (a->client != c)
				continue;
			list_remove(&a->link);
			heap_free(a);
		}
	}
	list_remove(&c->link);
	heap_free(c);
}

static size_t
input(void *ctx, struct str bytes)
{
	struct client *c = ctx;
	struct callout_frame f;
	size_t all = 0, used;

	for (;;) {
		enum callout_frame_status status =
			callout_frame_read(str_skip(bytes, all), &f, &used);
		if (status == CALLOUT_FRAME_MORE)
			return all;
		if (status == CALLOUT_FRAME_BAD || f.is_answer || !f.body.n ||
			f.body.n > KEY_MAX - 2) {
			channel_free(c->channel);
			client_free(c);
			return all;
		}
		all += used;
		take(c, f.id, f.body);
	}
}

static void
closed(void *ctx, const char *why)
{
	client_free(ctx);
}

static void
accepted(void *ctx, int fd)
{
	static const struct channel_limits limits = {
		.slice = 16384, .input_max = CALLOUT_FRAME_MAX, .output_max = 4 << 20};
	static const struct channel_handler handler = {input, NULL, closed};
	struct caller *k = ctx;

	if (!local_is_ours(fd)) {
		close(fd);
		return;
	}
	struct client *c = heap_calloc(1, sizeof(*c));
	c->caller = k;
	c->channel = channel_new(k->loop, fd, &limits, &handler, c);
	list_add_last(&k->clients, &c->link);
}

/* --- life --- */

static void
set_budget(struct caller *k)
{
	const struct callout_settings *s = callout_settings_of(k->config);

	callout_budget_set(k->o->budget, (unsigned)s->per_minute, (unsigned)s->per_server);
}

/* What is wrong with the settings is told by the workers. */
static void
reload(void *ctx)
{
	struct caller *k = ctx;
	struct errbuf e = {0};

	bool reopened = log_reopen(&e); /* likewise */
	(void)reopened;
	struct config *next = config_load_file(k->o->path, NULL, NULL, &e);
	if (!next)
		return;
	config_free_local(next);
	if (!resolver_attach(next, k->config, k->loop, &e)) {
		config_free(next);
		return;
	}
	caller_self_use(k->self, next);
	config_free(k->config); /* runs have references of their own */
	k->config = next;
	set_budget(k);
}

static void
on_term(void *ctx)
{
	loop_stop(((struct caller *)ctx)->loop);
}

static void
caller_done(struct caller *k)
{
	while (!list_is_empty(&k->questions))
		question_free(LIST_ELEMENT(k->questions.next, struct question, link));
	while (!list_is_empty(&k->clients)) {
		struct client *c = LIST_ELEMENT(k->clients.next, struct client, link);
		channel_free(c->channel);
		client_free(c);
	}
	listener_free(k->listener);
	caller_self_free(k->self);
	store_client_free(k->store);
	callout_cache_free(k->cache);
	config_free(k->config);
}

int
caller_run(const struct caller_options *o)
{
	struct caller *k = heap_calloc(1, sizeof(*k));
	const struct store_client_options store = {.say = keeper_say};
	struct errbuf e = {0};

	k->o = o;
	k->config = o->config;
	k->loop = loop_new();
	if (!k->loop)
		return EX_OSERR;
	(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
	log_use_loop(k->loop);
	config_free_local(k->config); /* lists are the workers' */
	if (!resolver_attach(k->config, NULL, k->loop, &e)) {
		log_event(LOG_LEVEL_ERROR, "callouts_off", log_z("text", e.text));
		return EX_CONFIG;
	}
	list_init(&k->clients);
	list_init(&k->questions);
	callout_budget_resume(o->budget);
	set_budget(k);
	k->cache = callout_cache_new();
	if (o->store)
		k->store = store_client_dial(k->loop, o->store, &store);
	struct watch *hup = loop_on_signal(k->loop, SIGHUP, reload, k);
	struct watch *term = loop_on_signal(k->loop, SIGTERM, on_term, k);
	process_ready(k->loop);
	k->self = caller_self_new(k->loop, k->config);
	k->listener = listener_new(k->loop, o->fd, accepted, k);
	loop_run(k->loop);
	log_use_loop(NULL);
	caller_done(k);
	watch_free(hup);
	watch_free(term);
	loop_free(k->loop);
	heap_free(k);
	return EX_OK;
}
