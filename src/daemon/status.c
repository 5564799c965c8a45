/* daemon/status: see status.h. */
#include <unistd.h>

#include "base/clock.h"
#include "checks/checks.h"
#include "daemon/log.h"
#include "daemon/resolver.h"
#include "daemon/status.h"

void
tally_add(struct tally *t, const struct decision *d)
{
	if (d->n_rcpts)
		t->message[d->verdict->kind]++;
	else
		t->verdict[d->verdict->kind]++;
	t->exempted += d->verdict->exemption != NULL;
	t->switched += d->verdict->mailbox.n > 0;
	for (size_t i = 0; d->result && i < d->result->n; i++) {
		const struct finding *f = d->result->finding[i];
		if (!(d->fresh >> f->check & 1))
			continue;
		t->finding[f->check][f->code - d->generation->checks.check[f->check]->codes]++;
	}
}

/* A bug of ours if it could not be made. */
static void
set(json_t *object, const char *key, json_t *value)
{
	must(json_object_set_new(object, key, value) == 0);
}

static void
set_u(json_t *object, const char *key, uint64_t value)
{
	set(object, key, json_integer((json_int_t)value));
}

static json_t *
json_path(const char *path)
{
	char room[2048];
	struct buf b = BUF(room);

	if (!path)
		return json_null();
	buf_put_escaped(&b, str_of(path), sizeof(room));
	return json_stringn_nocheck(b.p, b.n);
}

static json_t *
json_verdicts(const uint64_t n[VERDICT_KINDS])
{
	json_t *o = json_object();

	for (int i = VERDICT_ACCEPT; i <= VERDICT_REJECT; i++)
		set_u(o, verdict_name((enum verdict_kind)i), n[i]);
	return o;
}

static json_t *
json_rules(const struct tally *t)
{
	json_t *o = json_object();

	set_u(o, "exempted", t->exempted);
	set_u(o, "switched", t->switched);
	return o;
}

static json_t *
json_findings(const struct tally *t)
{
	json_t *o = json_object();
	size_t n;
	const struct check *const *checks = checks_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < checks[i]->n_codes; k++)
			if (t->finding[i][k])
				set_u(o, checks[i]->codes[k].id, t->finding[i][k]);
	return o;
}

static json_t *
json_dns(const struct source *stub)
{
	const struct source_dns_stats stats = source_dns_stats(stub);
	json_t *o = json_object(), *servers = json_array();
	struct source_dns_server server;

	set_u(o, "asked", stats.questions - stats.coalesced);
	set_u(o, "answered", stats.ended - stats.failed);
	set_u(o, "failed", stats.failed);
	set_u(o, "timeouts", stats.silent);
	set_u(o, "in_flight", stats.inflight);
	set_u(o, "waiting", stats.queued);
	for (size_t i = 0; source_dns_server(stub, i, &server); i++) {
		json_t *one = json_object();
		set(one, "address", json_string(server.name));
		set(one, "state", json_string(server.dead ? "dead" : "healthy"));
		must(json_array_append_new(servers, one) == 0);
	}
	set(o, "servers", servers);
	return o;
}

static json_t *
json_cache(const struct source *stub)
{
	const struct cache_stats stats = source_dns_cache_stats(stub);
	json_t *o = json_object();

	set_u(o, "entries", stats.entries);
	set_u(o, "bytes", stats.bytes);
	set_u(o, "hits", stats.hits);
	set_u(o, "misses", stats.misses);
	set_u(o, "evicted", stats.evicted);
	return o;
}

/* A suspension whose time is over ends with the next client: nobody is told of it any more. */
static json_t *
json_suspended(const struct health *h)
{
	json_t *list = json_array();
	uint64_t now = clock_ms();
	size_t n;
	const struct check *const *checks = checks_all(&n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < checks[i]->n_codes; k++) {
			uint64_t until = h->code[i][k].until_ms;
			if (until <= now)
				continue;
			json_t *one = json_object();
			set(one, "finding", json_string(checks[i]->codes[k].id));
			set_u(one, "seconds_left", (until - now + 999) / 1000);
			must(json_array_append_new(list, one) == 0);
		}
	}
	return list;
}

static json_t *
json_health(const struct health *h)
{
	json_t *o = json_object();
	char ip[IP_TEXT_MAX];

	set(o, "client_address_lost", json_boolean(h->nat));
	if (h->nat)
		set(o, "lost_behind", json_string(ip_text(&h->suspect, ip)));
	set(o, "suspended", json_suspended(h));
	return o;
}

/* What the process that owns the store says of itself. */
static json_t *
json_keeper(const struct store_frame_state *k)
{
	json_t *o = json_object();

	set_u(o, "pid", k->pid);
	set_u(o, "bytes", k->size);
	set_u(o, "waiting", k->queued);
	set_u(o, "written", k->written);
	set_u(o, "dropped", k->dropped);
	set_u(o, "writes_failed", k->failed);
	set_u(o, "forgotten", k->forgotten);
	set_u(o, "damaged", k->damaged);
	set_u(o, "put_aside", k->put_aside);
	return o;
}

static json_t *
json_store(const struct store_client *store, const struct store_settings *settings)
{
	json_t *o = json_object();
	struct store_client_counters c;
	char room[2048];
	struct buf b = BUF(room);

	if (settings->file.n == 0)
		buf_puts(&b, "redis ");
	buf_put_escaped(&b, settings->file.n ? settings->file : settings->redis, sizeof(room) / 8);
	store_client_counters(store, &c);
	set(o, "where", json_stringn_nocheck(b.p, b.n));
	set(o, "usable", json_boolean(c.reachable));
	set_u(o, "changes", c.written);
	set_u(o, "waiting", c.queued);
	set_u(o, "dropped", c.dropped);
	set_u(o, "lost", c.lost);
	set_u(o, "asked", c.asked);
	set_u(o, "failed", c.failed);
	for (int t = 0; t < STORE_TABLES; t++)
		if (store_tables[t].hot)
			set_u(o, store_tables[t].name,
				store_client_image(store, (enum store_table)t)->n);
	set(o, "keeper", c.keeper ? json_keeper(c.keeper) : json_null());
	return o;
}

json_t *
status_json(const struct status *s)
{
	const struct source *stub = resolver_stub(s->config);
	json_t *o = json_object(), *lists = json_array();
	char started[CLOCK_TEXT_MAX];

	set(o, "version", json_string(MXWARD_VERSION));
	set_u(o, "pid", (uint64_t)getpid());
	set_u(o, "worker", s->worker);
	set_u(o, "workers", s->workers);
	set(o, "started", json_string(clock_text(s->started, started)));
	set_u(o, "uptime_s", (clock_ms() - s->started_ms) / 1000);
	set_u(o, "generation", s->config->generation.number);
	set(o, "settings", json_path(s->path));
	set(o, "decisions", json_verdicts(s->tally->verdict));
	set(o, "messages", json_verdicts(s->tally->message));
	set(o, "rules", json_rules(s->tally));
	set(o, "findings", json_findings(s->tally));
	set_u(o, "visits", gate_visits(s->gate));
	set_u(o, "streams", s->streams);
	set(o, "dns", json_dns(stub));
	set(o, "cache", json_cache(stub));
	set(o, "health", json_health(gate_health(s->gate)));
	set_u(o, "log_dropped", log_dropped());
	if (s->lists)
		s->lists(s->lists_ctx, lists);
	set(o, "lists", lists);
	set(o, "store", s->store ? json_store(s->store, &s->config->store) : json_null());
	return o;
}
