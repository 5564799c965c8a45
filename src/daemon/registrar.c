/* daemon/registrar: see registrar.h. */
#include <signal.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "checks/checks.h"
#include "daemon/config_local.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/registrar.h"
#include "mail/psl.h"
#include "net/channel.h"
#include "net/listen.h"
#include "net/local.h"
#include "source/history.h"
#include "store/registration.h"

#define NICE	    5
#define WORKERS_MAX (2 * PROCESS_WORKERS_MAX) /* old ones may still be going */
#define SAY_MS	    60000

struct registrar {
	const struct registrar_options *o;
	struct loop *loop;
	struct listener *listener;
	struct store_client *store;
	struct list workers;
	size_t n_workers;
	/* Made anew with other settings. */
	struct config *config;
	struct arena arena;
	struct rdap_bootstrap bootstrap;
	struct fetcher *fetcher;
	struct source_rdap *source;
	struct page {
		struct registrar *registrar;
		unsigned slot;
	} page[RDAP_SLOTS];
	uint64_t said_ms; /* that something failed */
	uint64_t unsaid;
};

struct worker {
	struct list link;
	struct registrar *registrar;
	struct channel *channel;
};

const struct domain_age_settings *
registrar_settings(const struct config *c)
{
	const struct check_set *checks = &c->generation.checks;
	size_t i = 0;

	while (checks->check[i] != &check_domain_age)
		must(++i < checks->n);
	return c->check_settings[i];
}

bool
registrar_bootstrap(
	const struct config *c, struct arena *a, struct rdap_bootstrap *out, struct errbuf *e)
{
	const char *path = arena_z(a, c->rdap.bootstrap);
	/* Before it is fetched for the first time there is none. */
	bool has = c->rdap.bootstrap.n && access(path, F_OK) == 0;
	struct str text = rdap_bootstrap_builtin;

	if (has && !conf_read_file(path, a, &text, e))
		return false;
	errbuf_at(e, has ? path : "built in", 0);
	return rdap_bootstrap_parse(a, text, out, e);
}

/* --- answers --- */

static void
on_answered(void *ctx, struct str domain, const int64_t *date)
{
	struct registrar *r = ctx;
	char key_room[HISTORY_NAME_MAX + 2], room[32];
	struct buf key = BUF(key_room), value = BUF(room);

	(void)history_key(HISTORY_REGISTERED, domain, &key);
	const struct store_op op = registration_op(buf_str(&key), date, &value);
	(void)store_client_write(r->store, &op);
	if (date)
		log_event(LOG_LEVEL_DEBUG, "registration", log_s("domain", domain),
			log_u("date", (uint64_t)*date));
	else
		log_event(LOG_LEVEL_DEBUG, "registration", log_s("domain", domain),
			log_z("date", "none"));
}

/* A registry that is away fails for each domain: it is said now and then. */
static void
on_failed(void *ctx, struct str domain, const char *url, const char *why)
{
	struct registrar *r = ctx;
	uint64_t now = clock_ms();

	if (r->said_ms && now - r->said_ms < SAY_MS && !log_wants(LOG_LEVEL_DEBUG)) {
		r->unsaid++;
		return;
	}
	log_event(LOG_LEVEL_WARN, "registry_failed", log_s("domain", domain), log_z("url", url),
		log_z("text", why), log_u("more", r->unsaid));
	r->said_ms = now;
	r->unsaid = 0;
}

static void
on_page(void *ctx, const struct http_answer *a)
{
	const struct page *p = ctx;
	const struct rdap_page page = {.why = a->why,
		.code = a->code,
		.body = a->body,
		.location = a->location,
		.retry_after_s = a->retry_after_s};

	source_rdap_fetched(p->registrar->source, p->slot, &page);
}

struct fetcher_request
registrar_request(const struct config *c, const struct rdap_fetch *f)
{
	return (struct fetcher_request){.url = f->url,
		.anywhere = f->anywhere,
		.accept = "application/rdap+json, application/json",
		.body_max = RDAP_BODY_MAX,
		.timeout_ms = (uint64_t)c->rdap.timeout};
}

static void
on_fetch(void *ctx, const struct rdap_fetch *f)
{
	struct registrar *r = ctx;
	const struct fetcher_request q = registrar_request(r->config, f);

	r->page[f->slot] = (struct page){r, f->slot};
	fetcher_get(r->fetcher, &q, on_page, &r->page[f->slot]);
}

/* --- workers --- */

static void
worker_free(struct worker *w)
{
	list_remove(&w->link);
	w->registrar->n_workers--;
	heap_free(w);
}

/* The name of a domain that can be registered; anything else is no worker's. */
static bool
take_line(struct registrar *r, struct str line)
{
	char room[512];
	struct arena a;
	struct str name;

	if (line.n > DNS_NAME_TEXT_MAX)
		return false;
	arena_init(&a, sizeof(room), SIZE_MAX);
	bool ok = dns_name_parse(&a, line, &name) && dns_name_is_hostname(name) &&
		str_eq(psl_registrable(name), name);
	if (ok)
		source_rdap_want(r->source, name);
	arena_done(&a);
	return ok;
}

static size_t
on_input(void *ctx, struct str bytes)
{
	struct worker *w = ctx;
	size_t used = 0;

	for (;;) {
		struct str rest = str_skip(bytes, used);
		size_t end = str_find(rest, '\n');
		if (end == rest.n)
			return used;
		used += end + 1;
		if (take_line(w->registrar, str_slice(rest, 0, end)))
			continue;
		log_event(LOG_LEVEL_ERROR, "registrar",
			log_z("text",
				"a worker said what makes no sense: its connection is closed"));
		channel_free(w->channel);
		worker_free(w);
		return used;
	}
}

static void
on_closed(void *ctx, const char *why)
{
	worker_free(ctx);
}

static void
on_accepted(void *ctx, int fd)
{
	static const struct channel_limits limits = {
		.slice = 16384, .input_max = DNS_NAME_TEXT_MAX, .output_max = 1};
	static const struct channel_handler handler = {.input = on_input, .closed = on_closed};
	struct registrar *r = ctx;

	if (!local_is_ours(fd) || r->n_workers >= WORKERS_MAX) {
		close(fd);
		return;
	}
	struct worker *w = heap_calloc(1, sizeof(*w));
	w->registrar = r;
	list_add_last(&r->workers, &w->link);
	r->n_workers++;
	w->channel = channel_new(r->loop, fd, &limits, &handler, w);
}

/* --- life --- */

/* Takes c over, where it can be used. */
static bool
use(struct registrar *r, struct config *c, struct errbuf *e)
{
	struct arena a;
	struct rdap_bootstrap bootstrap;

	arena_init(&a, 64 << 10, SIZE_MAX);
	struct fetcher *fetcher = fetcher_new(r->loop, c, e);
	if (!fetcher || !registrar_bootstrap(c, &a, &bootstrap, e)) {
		fetcher_free(fetcher);
		arena_done(&a);
		return false;
	}
	fetcher_free(r->fetcher); /* and with it the pages that the old source waits for */
	source_rdap_free(r->source);
	arena_done(&r->arena);
	config_free(r->config);
	config_free_local(c); /* lists are the workers' */
	r->arena = a;
	r->bootstrap = bootstrap;
	r->fetcher = fetcher;
	r->config = c;
	r->source = source_rdap_new(&(struct source_rdap_options){.loop = r->loop,
		.bootstrap = &r->bootstrap,
		.n_servers = c->rdap.n,
		.server = c->rdap.server,
		.rate = (unsigned)c->rdap.rate,
		.rate_all = (unsigned)c->rdap.rate_all,
		.fetch = on_fetch,
		.answered = on_answered,
		.failed = on_failed,
		.ctx = r});
	return true;
}

static void
log_error(const struct errbuf *e)
{
	char text[1024];

	errbuf_print(e, text, sizeof(text));
	log_event(LOG_LEVEL_ERROR, "registrar", log_z("text", text));
}

/* What is wrong with the settings file is told by the workers. */
static void
reload(void *ctx)
{
	struct registrar *r = ctx;
	struct errbuf e = {0};

	bool reopened = log_reopen(&e); /* likewise */
	(void)reopened;
	struct config *next = config_load_file(r->o->path, NULL, NULL, &e);
	if (!next)
		return;
	e = (struct errbuf){0};
	if (use(r, next, &e))
		return;
	log_error(&e);
	config_free(next);
}

static void
on_term(void *ctx)
{
	struct registrar *r = ctx;

	loop_stop(r->loop);
}

static void
registrar_done(struct registrar *r)
{
	listener_free(r->listener);
	for (struct list *l = r->workers.next, *next; l != &r->workers; l = next) {
		struct worker *w = LIST_ELEMENT(l, struct worker, link);
		next = l->next;
		channel_free(w->channel);
		worker_free(w);
	}
	fetcher_free(r->fetcher);
	source_rdap_free(r->source);
	store_client_free(r->store);
	arena_done(&r->arena);
	config_free(r->config);
}

int
registrar_run(const struct registrar_options *o)
{
	const struct store_client_options client = {.say = keeper_say};
	struct registrar *r = heap_calloc(1, sizeof(*r));
	struct errbuf e = {0};

	r->o = o;
	r->loop = loop_new();
	if (!r->loop)
		return EX_OSERR;
	(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
	log_use_loop(r->loop);
	list_init(&r->workers);
	arena_init(&r->arena, 64, SIZE_MAX);
	struct watch *hup = loop_on_signal(r->loop, SIGHUP, reload, r);
	struct watch *term = loop_on_signal(r->loop, SIGTERM, on_term, r);
	bool ok = use(r, o->config, &e);
	if (ok) {
		r->store = store_client_dial(r->loop, o->store, &client);
		process_ready(r->loop);
		r->listener = listener_new(r->loop, o->fd, on_accepted, r);
		loop_run(r->loop);
	} else {
		log_error(&e);
		config_free(o->config);
	}
	log_use_loop(NULL);
	registrar_done(r);
	watch_free(hup);
	watch_free(term);
	loop_free(r->loop);
	heap_free(r);
	return ok ? EX_OK : EX_CONFIG;
}
