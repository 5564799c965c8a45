/*
 * cli/callout_cache: what callouts brought, as the store has it.
 */
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/callout.h"
#include "cli/cli.h"
#include "cli/open_store.h"
#include "cli/report.h"
#include "daemon/caller.h"

struct rows {
	struct page page;
	bool json;
	size_t n;
};

static void
put_json(const struct store_record *r, const struct callout *c)
{
	json_t *o = json_object();
	char ip[IP_TEXT_MAX];
	bool of_domain = str_has_prefix(r->key, STR("d:"));

	json_object_set_new(o, of_domain ? "domain" : "address", report_str(str_skip(r->key, 2)));
	json_object_set_new(o, "status", json_string(callout_status_name(c->status)));
	json_object_set_new(o, "mx", report_str(c->mx));
	json_object_set_new(o, "ip", c->ip.len ? json_string(ip_text(&c->ip, ip)) : json_null());
	json_object_set_new(o, "said", report_str(c->said));
	json_object_set_new(o, "reason", report_str(c->reason));
	json_object_set_new(o, "age", json_integer(r->idle_s));
	json_object_set_new(o, "left", json_integer(r->left_s));
	json_object_set_new(o, "transcript", report_lines(c->transcript));
	json_dumpf(o, stdout, JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(o);
}

static bool
show(void *ctx, const struct store_record *r)
{
	struct rows *rows = ctx;
	const struct page *p = &rows->page;
	struct callout c;

	if (r->key.n < 2 || !callout_parse(r->value, &c))
		return true;
	rows->n++;
	if (rows->json) {
		put_json(r, &c);
		return true;
	}
	page_put(p, "1", str_skip(r->key, 2));
	fprintf(p->out, "  %s, ", callout_status_name(c.status));
	page_put_duration(p, (uint64_t)r->idle_s);
	fputs(" ago, for another ", p->out);
	page_put_duration(p, (uint64_t)r->left_s);
	fputs("\n  ", p->out);
	page_put(p, NULL, c.mx);
	fputs(c.mx.n ? ": " : "", p->out);
	page_put(p, NULL, c.said.n ? c.said : c.reason);
	fputc('\n', p->out);
	return true;
}

static int
list(struct opened *o, bool json)
{
	struct rows rows = {{stdout, report_wants_colour(stdout)}, json, 0};
	const struct store_query all = {.table = STORE_CALLOUT};
	enum store_status status = o->store ? store_find(o->store, &all, show, &rows) : STORE_OK;

	if (status != STORE_OK)
		return cli_store_failed(o->store, status);
	if (!rows.n && !json)
		puts("Nothing is known from callouts.");
	return EX_OK;
}

struct drops {
	struct store_op *op;
	struct arena *a;
	size_t n, max;
};

static bool
note(void *ctx, const struct store_record *r)
{
	struct drops *d = ctx;

	if (d->n == d->max)
		return false;
	d->op[d->n++] = (struct store_op){
		.op = STORE_DEL, .table = STORE_CALLOUT, .key = arena_str(d->a, r->key)};
	return true;
}

#define DROPS_AT_ONCE 4096

static int
drop_all(struct opened *o)
{
	const struct store_query all = {.table = STORE_CALLOUT, .max = DROPS_AT_ONCE};
	size_t dropped = 0;
	int status = EX_OK;

	for (bool more = true; more && status == EX_OK;) {
		struct drops d = {.a = &o->config->arena, .max = DROPS_AT_ONCE};
		d.op = arena_calloc(d.a, d.max, sizeof(*d.op));
		enum store_status found = store_find(o->store, &all, note, &d);
		if (found != STORE_OK)
			return cli_store_failed(o->store, found);
		more = d.n == d.max;
		dropped += d.n;
		status = d.n ? cli_store_write(o->store, d.op, d.n) : EX_OK;
	}
	if (status == EX_OK)
		printf("%zu dropped\n", dropped);
	return status;
}

static void
ignore(void *ctx, const struct store_record *r)
{
}

/* An address, and what was learnt of its domain; or a domain. */
static int
drop(struct opened *o, const char *who)
{
	struct str s = str_of(who);
	struct store_op op[2];
	size_t n = 0;

	for (int of_domain = 0; of_domain < 2; of_domain++) {
		char *room = arena_alloc(&o->config->arena, STORE_KEY_MAX);
		struct buf key = buf_on(room, STORE_KEY_MAX);
		if (!of_domain && str_find(s, '@') == s.n)
			continue;
		callout_key(of_domain,
			str_find(s, '@') == s.n ? arena_printf(&o->config->arena, "@%s", who) : s,
			&key);
		enum store_status status =
			cli_store_get(o->store, STORE_CALLOUT, buf_str(&key), ignore, NULL);
		if (status == STORE_OK)
			op[n++] = (struct store_op){
				.op = STORE_DEL, .table = STORE_CALLOUT, .key = buf_str(&key)};
		else if (status != STORE_NONE)
			return cli_store_failed(o->store, status);
	}
	if (!n)
		return cli_fail(EX_NOINPUT, "nothing is known of %s", who);
	return cli_store_write(o->store, op, n);
}

int
callout_cache(const char *settings, bool json, int argc, char **argv)
{
	static const struct verb {
		const char *name;
		bool drops;
	} verbs[] = {{"list", false}, {"drop", true}};
	const struct verb *v = cli_verb(
		"callout cache", argc ? argv[0] : NULL, verbs, COUNT(verbs), sizeof(verbs[0]));
	struct opened o;

	if (!v)
		return EX_USAGE;
	if (!v->drops && argc > 1)
		return cli_usage("callout", "unexpected \"%s\"", argv[1]);
	if (v->drops && argc != 2)
		return cli_usage("callout", "drop what: an address, a domain, or all?");
	int status = cli_open_store(settings, v->drops ? OPENED_WRITE : OPENED_READ, &o);
	if (status >= 0)
		return status;
	status = !v->drops		      ? list(&o, json)
		: strcmp(argv[1], "all") == 0 ? drop_all(&o)
					      : drop(&o, argv[1]);
	cli_close_store(&o);
	return cli_finish(status);
}
