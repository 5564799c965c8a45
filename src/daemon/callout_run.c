/* daemon/callout_run: see callout_run.h. */
#include "base/clock.h"
#include "checks/checks.h"
#include "daemon/callout_hosts.h"
#include "daemon/callout_run.h"
#include "mail/address.h"
#include "net/outgoing.h"
#include "wire/smtp_client.h"

#define ARENA_FIRST 4096
#define ARENA_LIMIT ((size_t)256 << 10)
#define TLS_SHARE   3 /* what comes over the wire may be so many times what it says */
#define RANDOM_PART 16

struct callout_run {
	struct callout_run_options o;
	const struct callout_settings *settings;
	struct arena arena, scratch;
	struct timer *deadline, *soon;
	struct str address, nobody;
	/* DNS */
	struct transaction *txn;
	struct callout_hosts hosts, *hosts_settings;
	const struct check *check[1];
	const void *check_settings[1];
	struct check_set checks;
	/* the session with hosts.host[at] */
	size_t at;
	bool begun; /* the server was charged */
	bool heard; /* it has said something */
	struct outgoing *connection;
	struct smtp_client client;
	bool held_back;
	struct callout result;
};

const struct callout_settings *
callout_settings_of(const struct config *c)
{
	size_t i = 0;

	while (c->generation.checks.check[i] != &check_callout)
		must(++i < c->generation.checks.n);
	return c->generation.checks.settings[i];
}

struct str
callout_helo(const struct config *c)
{
	const struct callout_settings *s = callout_settings_of(c);

	return s->helo.n ? s->helo : c->generation.site.hostname;
}

static void
end_transaction(struct callout_run *r)
{
	if (r->txn)
		transaction_end(r->txn);
	r->txn = NULL;
}

static void
hang_up(struct callout_run *r)
{
	outgoing_free(r->connection);
	r->connection = NULL;
	if (r->begun && r->o.end)
		r->o.end(r->o.ctx, &r->hosts.host[r->at].ip);
	r->begun = false;
}

void
callout_run_free(struct callout_run *r)
{
	if (!r)
		return;
	hang_up(r);
	end_transaction(r);
	timer_free(r->deadline);
	timer_free(r->soon);
	arena_done(&r->arena);
	arena_done(&r->scratch);
	heap_free(r);
}

static void
finish(struct callout_run *r)
{
	struct callout_run_options o = r->o;

	/* What it tells lives in the run; what it asks with may go with done(). */
	hang_up(r);
	end_transaction(r);
	o.done(o.ctx, &r->result, r->held_back);
	callout_run_free(r);
}

static void
give_up(struct callout_run *r, const char *reason)
{
	r->result.status = CALLOUT_UNVERIFIABLE;
	r->result.reason = str_of(reason);
	finish(r);
}

/* --- the session --- */

static void dial(struct callout_run *r);

static void
conclude(struct callout_run *r)
{
	static const enum callout_status status[] = {[SMTP_OPEN] = CALLOUT_UNVERIFIABLE,
		[SMTP_ACCEPTED] = CALLOUT_OK,
		[SMTP_REFUSED] = CALLOUT_REFUSED,
		[SMTP_ACCEPTS_ALL] = CALLOUT_ACCEPT_ALL,
		[SMTP_NULL_REFUSED] = CALLOUT_NULL_REFUSED,
		[SMTP_UNVERIFIABLE] = CALLOUT_UNVERIFIABLE};
	const struct smtp_client_result *s = smtp_client_result(&r->client);

	r->result.status = status[s->outcome];
	r->result.code = s->code;
	r->result.stage = str_of(smtp_stage_name(s->stage));
	r->result.reason = s->reason ? str_of(s->reason) : STR("");
	r->result.said = s->said;
	r->result.transcript = smtp_client_transcript(&r->client);
	finish(r);
}

static void
connected(void *ctx)
{
}

static size_t
input(void *ctx, struct str bytes)
{
	struct callout_run *r = ctx;
	char room[SMTP_CLIENT_OUT_MAX];
	struct buf out = BUF(room);
	size_t used;

	r->heard = true;
	enum smtp_client_want want = smtp_client_read(&r->client, bytes, &used, &out);
	outgoing_write(r->connection, buf_str(&out));
	if (want == SMTP_WANT_TLS)
		outgoing_secure(r->connection, r->hosts.host[r->at].name);
	if (want == SMTP_WANT_CLOSE)
		timer_set(r->soon, 0);
	return used;
}

static void
secured(void *ctx)
{
	struct callout_run *r = ctx;
	char room[SMTP_CLIENT_OUT_MAX];
	struct buf out = BUF(room);

	smtp_client_secured(&r->client, &out);
	outgoing_write(r->connection, buf_str(&out));
}

static void
closed(void *ctx, const char *why)
{
	struct callout_run *r = ctx;

	r->connection = NULL;
	smtp_client_broken(&r->client, why);
	if (!r->heard && r->at + 1 < r->hosts.n) {
		hang_up(r);
		r->at++;
		dial(r);
		return;
	}
	conclude(r);
}

static void
dial(struct callout_run *r)
{
	static const struct outgoing_handler handler = {connected, input, secured, closed};
	const struct callout_host *host = &r->hosts.host[r->at];
	const struct callout_settings *s = r->settings;
	const char *no = r->o.begin ? r->o.begin(r->o.ctx, &host->ip) : NULL;

	r->result.mx = host->name;
	r->result.ip = host->ip;
	if (no) {
		r->held_back = true;
		give_up(r, no);
		return;
	}
	r->begun = true;
	const struct ip *from = host->ip.len == 4 ? &s->address4 : &s->address6;
	const struct smtp_client_options options = {.helo = callout_helo(r->o.config),
		.nobody = r->nobody,
		.address = r->address,
		.client = from->len == 4 ? s->address4_text : s->address6_text,
		.tls = s->tls};
	if (!smtp_client_init(&r->client, &options)) {
		give_up(r, "the address cannot be said in a callout");
		return;
	}
	r->connection = outgoing_new(&(struct outgoing_options){.loop = r->o.loop,
		.to = host->ip,
		.port = (uint16_t)s->port,
		.from = *from,
		.bytes_max = TLS_SHARE * SMTP_CLIENT_BYTES_MAX,
		.handler = &handler,
		.ctx = r});
}

/* --- DNS, time --- */

/* Servers that we cannot speak with from here, where others are left. */
static void
leave_out_unusable(struct callout_run *r)
{
	struct callout_hosts *h = &r->hosts;
	const char *why = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		const char *no = r->o.usable ? r->o.usable(r->o.ctx, &h->host[i].ip) : NULL;
		if (no)
			why = no;
		else
			h->host[kept++] = h->host[i];
	}
	h->n = kept;
	if (!kept && why) {
		h->reason = why;
		r->held_back = true;
	}
}

static void
on_soon(void *ctx)
{
	struct callout_run *r = ctx;

	if (r->connection) {
		conclude(r);
		return;
	}
	leave_out_unusable(r);
	if (!r->hosts.n)
		give_up(r, r->hosts.reason);
	else
		dial(r);
}

static void
settled(void *ctx)
{
	struct callout_run *r = ctx;

	timer_set(r->soon, 0); /* the transaction is still at work */
}

static void
on_deadline(void *ctx)
{
	struct callout_run *r = ctx;

	if (!r->connection) {
		give_up(r, "DNS does not tell the domain's mail server in time");
		return;
	}
	smtp_client_broken(&r->client, "time is up");
	conclude(r);
}

static void
ask_for_hosts(struct callout_run *r)
{
	const struct generation *g = config_generation(r->o.config);
	struct ip nobody = {.len = 4};

	r->hosts_settings = &r->hosts;
	r->check[0] = &check_callout_hosts;
	r->check_settings[0] = &r->hosts_settings;
	r->checks = (struct check_set){1, r->check, r->check_settings};
	r->txn = transaction_begin(&(struct transaction_options){.checks = &r->checks,
					   .site = &g->site,
					   .source = g->source,
					   .arena = &r->arena,
					   .scratch = &r->scratch,
					   .now = clock_wall(),
					   .settled = settled,
					   .ctx = r},
		&nobody);
	transaction_run(r->txn);
	if (!transaction_waits_for_network(r->txn))
		timer_set(r->soon, 0);
}

/* A local part that nobody has, and that nobody can foresee. */
static struct str
make_nobody(struct arena *a, struct str domain)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[RANDOM_PART];
	char local[RANDOM_PART + 1] = "";

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < RANDOM_PART; i++)
		local[i] = letters[random[i] % 32];
	return arena_printf(a, "%s@%.*s", local, STR_ARG(domain));
}

struct callout_run *
callout_run_new(const struct callout_run_options *o, struct str address)
{
	struct callout_run *r = heap_calloc(1, sizeof(*r));
	struct mail_address a;

	r->o = *o;
	r->settings = callout_settings_of(o->config);
	arena_init(&r->arena, ARENA_FIRST, ARENA_LIMIT);
	arena_init(&r->scratch, ARENA_FIRST, ARENA_LIMIT);
	r->soon = timer_new(o->loop, on_soon, r);
	r->deadline = timer_new(o->loop, on_deadline, r);
	timer_set(r->deadline, (uint64_t)r->settings->timeout);
	r->address = arena_str(&r->arena, address);
	r->hosts = (struct callout_hosts){
		.settings = r->settings, .a = &r->arena, .reason = "there is no such address"};
	if (!address.n || mail_address_parse(r->address, &a) || a.kind != MAIL_DOMAIN_NAME ||
		!dns_name_parse(&r->arena, a.domain, &r->hosts.domain)) {
		timer_set(r->soon, 0);
		return r;
	}
	r->nobody = make_nobody(&r->arena, r->hosts.domain);
	ask_for_hosts(r);
	return r;
}
