/*
 * cli/exempt_list: exemptions of the settings and of the store, shown together.
 *
 * Each with how often it was of use, and with what an administrator should think about again.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "checks/checks.h"
#include "cli/cli.h"
#include "cli/exempt.h"
#include "cli/report.h"
#include "daemon/memory_rules.h"

#define DAY	  INT64_C(86400)
#define UNUSED_S  (90 * DAY) /* so long without a hit: is it needed? */
#define SOON_S	  (7 * DAY)
#define ARENA_MAX ((size_t)1 << 30) /* the rows of all that an image can hold */
#define WARNINGS  4

/* --- gathering --- */

static struct exempt_row *
add_row(struct exempt_rows *rows)
{
	if (rows->n == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 64;
		rows->row = heap_realloc(rows->row, rows->room * sizeof(*rows->row));
	}
	rows->row[rows->n] = (struct exempt_row){.unread = false};
	return &rows->row[rows->n++];
}

static bool
on_record(void *ctx, const struct store_record *r)
{
	struct exempt_rows *rows = ctx;
	struct exempt_row *row = add_row(rows);
	struct errbuf e = {0};

	row->unread = !exemption_parse(&rows->arena, r->key, &row->x, &e) ||
		!str_eq(row->x.what, r->key) ||
		!exempt_value_parse(&rows->arena, r->value, rows->checks, &row->v);
	row->x.what = arena_str(&rows->arena, r->key);
	row->x.stored = true;
	row->x.checks = row->v.checks;
	row->x.reason = row->v.reason;
	row->x.until_ms = r->left_s > 0 ? (uint64_t)r->left_s : 0; /* only compared */
	row->age_s = r->age_s;
	row->left_s = r->left_s;
	return true;
}

static void
on_counter(void *ctx, const struct store_record *r)
{
	struct exempt_row *row = ctx;

	row->hits = r->number[0];
	row->idle_s = r->idle_s;
}

static int
by_what(const void *a, const void *b)
{
	const struct exempt_row *x = a, *y = b;
	int c = str_cmp(x->x.what, y->x.what);

	return c ? c : (int)x->x.stored - (int)y->x.stored;
}

bool
exempt_rows_read(struct exempt_rows *rows, struct opened *o, int *status)
{
	const struct store_query all = {.table = STORE_EXEMPT};
	enum store_status found = STORE_OK;
	char room[EXEMPT_COUNTER_MAX];

	*rows = (struct exempt_rows){.checks = &o->config->generation.checks};
	arena_init(&rows->arena, 16384, ARENA_MAX);
	for (size_t i = 0; i < o->config->exempt.n; i++)
		add_row(rows)->x = o->config->exempt.list[i];
	if (o->store)
		found = store_find(o->store, &all, on_record, rows);
	for (size_t i = 0; i < rows->n && o->store && found == STORE_OK; i++) {
		struct exempt_row *row = &rows->row[i];
		found = cli_store_get(o->store, STORE_COUNTER,
			exempt_counter_key(row->x.what, room), on_counter, row);
		if (found == STORE_NONE)
			found = STORE_OK;
	}
	if (found != STORE_OK) {
		exempt_rows_done(rows);
		*status = cli_store_failed(o->store, found);
		return false;
	}
	if (rows->n)
		qsort(rows->row, rows->n, sizeof(*rows->row), by_what);
	rows->all = exempts_new(&rows->arena, rows->n < EXEMPTS_MAX ? rows->n : EXEMPTS_MAX);
	for (size_t i = 0; i < rows->n && i < EXEMPTS_MAX; i++)
		if (!rows->row[i].unread)
			exempts_add(rows->all, &rows->row[i].x);
	return true;
}

void
exempt_rows_done(struct exempt_rows *rows)
{
	arena_done(&rows->arena);
	heap_free(rows->row);
	*rows = (struct exempt_rows){.n = 0};
}

/* --- what to think about again --- */

struct warning {
	const char *id;
	struct str text;
};

static size_t
warnings(struct exempt_rows *rows, const struct exempt_row *r, struct warning out[WARNINGS])
{
	const struct exemption *wider;
	size_t n = 0;

	if (r->unread) {
		out[n++] = (struct warning){
			"unreadable", STR("cannot be read, so it counts for nothing: remove it")};
		return n;
	}
	if (exemption_is_wide(&r->x))
		out[n++] = (struct warning){"wide",
			r->x.net.ip.len == 16 ? STR("is wider than a /32: very many are in it")
					      : STR("is wider than a /16: very many are in it")};
	if (r->hits ? r->idle_s >= UNUSED_S : r->x.stored && r->age_s >= UNUSED_S)
		out[n++] =
			(struct warning){"unused", STR("was of no use for 90 days: is it needed?")};
	if (r->left_s > 0 && r->left_s <= SOON_S)
		out[n++] = (struct warning){"expires", STR("ends within 7 days")};
	wider = exempts_wider(rows->all, &r->x);
	if (wider)
		out[n++] = (struct warning){"shadowed",
			arena_printf(&rows->arena, "does nothing that %.*s (%s) does not do",
				STR_ARG(wider->what), wider->stored ? "store" : "settings")};
	return n;
}

/* --- for programs --- */

static json_t *
json_text(struct str s)
{
	char room[EXEMPT_TEXT_MAX * 4];
	struct buf b = BUF(room);

	/* What is no UTF-8 is not left out. */
	json_t *plain = json_stringn(s.p, s.n);
	if (plain)
		return plain;
	buf_put_escaped(&b, s, EXEMPT_TEXT_MAX);
	return json_stringn(b.p, b.n);
}

static void
put_json(struct exempt_rows *rows, const struct exempt_row *r)
{
	size_t n_checks, n;
	const struct check *const *checks = checks_all(&n_checks);
	const struct {
		const char *key;
		struct str text;
	} texts[] = {{"reason", r->x.reason}, {"owner", r->v.owner}, {"case", r->v.case_id},
		{"by", r->v.by}};
	struct warning w[WARNINGS];
	json_t *o = json_object(), *list = json_array(), *thoughts = json_array();

	json_object_set_new(o, "what", json_text(r->x.what));
	json_object_set_new(o, "source", json_string(r->x.stored ? "store" : "settings"));
	for (size_t i = 0; i < n_checks; i++)
		if (r->x.checks >> i & 1)
			json_array_append_new(list, json_string(checks[i]->name));
	json_object_set_new(o, "checks", list);
	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].text.n)
			json_object_set_new(o, texts[i].key, json_text(texts[i].text));
	json_object_set_new(o, "hits", json_integer(r->hits));
	if (r->hits)
		json_object_set_new(o, "last_hit_s", json_integer(r->idle_s));
	if (r->x.stored)
		json_object_set_new(o, "age_s", json_integer(r->age_s));
	if (r->left_s)
		json_object_set_new(o, "left_s", json_integer(r->left_s));
	n = warnings(rows, r, w);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(thoughts, json_string(w[i].id));
	json_object_set_new(o, "warnings", thoughts);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* --- for people --- */

static void
put_line(const struct page *p, const char *name, struct str text)
{
	if (!text.n)
		return;
	fprintf(p->out, "    %s: ", name);
	page_put(p, NULL, text);
	fputc('\n', p->out);
}

static uint64_t
seconds(int64_t s)
{
	return s > 0 ? (uint64_t)s : 0;
}

static void
put_text(const struct page *p, struct exempt_rows *rows, const struct exempt_row *r)
{
	char room[512];
	struct buf checks = BUF(room);
	struct warning w[WARNINGS];

	exempt_put_checks(r->x.checks, &checks);
	page_put(p, "1", r->x.what);
	fprintf(p->out, "  %.*s  (%s", STR_ARG(buf_str(&checks)),
		r->x.stored ? "store, made " : "settings");
	if (r->x.stored) {
		page_put_duration(p, seconds(r->age_s));
		fputs(" ago", p->out);
	}
	fputs(")\n", p->out);
	put_line(p, "reason", r->x.reason);
	put_line(p, "owner", r->v.owner);
	if (!str_eq(r->v.by, r->v.owner))
		put_line(p, "by", r->v.by);
	put_line(p, "case", r->v.case_id);
	fprintf(p->out, "    hits: %lld", (long long)r->hits);
	if (r->hits) {
		fputs(", the last ", p->out);
		page_put_duration(p, seconds(r->idle_s));
		fputs(" ago", p->out);
	}
	if (r->left_s) {
		fputs("; ends in ", p->out);
		page_put_duration(p, seconds(r->left_s));
	}
	fputc('\n', p->out);
	size_t n = warnings(rows, r, w);
	for (size_t i = 0; i < n; i++) {
		fputs("    ", p->out);
		page_put(p, "1;33", STR("warning"));
		fputs(": ", p->out);
		page_put(p, NULL, w[i].text);
		fputc('\n', p->out);
	}
}

static void
put(struct exempt_rows *rows, const struct exempt_row *r, bool json)
{
	const struct page p = {stdout, report_wants_colour(stdout)};

	if (json)
		put_json(rows, r);
	else
		put_text(&p, rows, r);
}

int
exempt_list(struct opened *o, const struct exempt_options *with)
{
	struct exempt_rows rows;
	int status;

	if (!exempt_rows_read(&rows, o, &status))
		return status;
	for (size_t i = 0; i < rows.n; i++)
		put(&rows, &rows.row[i], with->json);
	if (!rows.n && !with->json)
		puts("nobody is exempt");
	exempt_rows_done(&rows);
	return EX_OK;
}

/* What is asked about is in this entry. */
static bool
is_in(const struct exemption *what, const struct exemption *entry)
{
	if (what->by_domain != entry->by_domain)
		return false;
	if (what->by_domain)
		return dns_name_is_under(what->what, entry->what);
	return what->net.bits >= entry->net.bits && ip_net_has(&entry->net, &what->net.ip);
}

int
exempt_show(struct opened *o, const struct exempt_options *with)
{
	struct exempt_rows rows;
	struct exemption what;
	struct errbuf e = {0};
	size_t shown = 0;
	int status;

	if (!exemption_parse(&o->config->arena, str_of(with->what), &what, &e)) {
		what = (struct exemption){.what = str_of(with->what)};
		what.by_domain = true;
	}
	if (!exempt_rows_read(&rows, o, &status))
		return status;
	for (size_t i = 0; i < rows.n; i++) {
		const struct exempt_row *r = &rows.row[i];
		if (!str_eq(r->x.what, what.what) && (r->unread || !is_in(&what, &r->x)))
			continue;
		put(&rows, r, with->json);
		shown++;
	}
	exempt_rows_done(&rows);
	return shown ? EX_OK : cli_fail(EX_NOINPUT, "nobody is exempt as %.*s", STR_ARG(what.what));
}
