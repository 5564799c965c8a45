/*
 * cli/mailbox_list: mailboxes that have switches, or that mail came for.
 *
 * The latter list themselves: the daemon counts what it decides for each recipient, unless
 * recipients are kept as hashes only.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/mailbox.h"

#define SEEN	  "rcpt:" /* and the address: its counter in STORE_COUNTER */
#define ARENA_MAX ((size_t)1 << 30)

struct rows {
	struct arena arena;
	const struct check_set *checks;
	struct mailbox_row *row;
	size_t n, room;
};

static struct mailbox_row *
add_row(struct rows *rows, struct str who)
{
	if (rows->n == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 64;
		rows->row = heap_realloc(rows->row, rows->room * sizeof(*rows->row));
	}
	rows->row[rows->n] = (struct mailbox_row){.who = arena_str(&rows->arena, who)};
	return &rows->row[rows->n++];
}

static bool
on_switches(void *ctx, const struct store_record *r)
{
	struct rows *rows = ctx;
	struct mailbox_row *row = add_row(rows, r->key);

	row->has_switches = mailbox_value_parse(r->value, rows->checks, &row->switches);
	row->unread = !row->has_switches;
	return true;
}

static bool
on_seen(void *ctx, const struct store_record *r)
{
	if (!str_has_prefix(r->key, STR(SEEN)))
		return true;
	struct mailbox_row *row = add_row(ctx, str_skip(r->key, sizeof(SEEN) - 1));
	row->seen = true;
	row->accepted = r->number[0];
	row->refused = r->number[1];
	row->deferred = r->number[2];
	row->idle_s = r->idle_s;
	return true;
}

/* By domain, which comes before its mailboxes. */
static int
by_who(const void *a, const void *b)
{
	const struct mailbox_row *x = a, *y = b;
	size_t at_x = str_rfind(x->who, '@'), at_y = str_rfind(y->who, '@');
	int c = str_cmp(str_skip(x->who, at_x), str_skip(y->who, at_y));

	if (!c)
		c = str_cmp(str_slice(x->who, 0, at_x), str_slice(y->who, 0, at_y));
	return c ? c : (int)x->seen - (int)y->seen;
}

/* A mailbox that was seen and has switches is one row. */
static void
join(struct rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct mailbox_row *last = n ? &rows->row[n - 1] : NULL;
		const struct mailbox_row *r = &rows->row[i];
		if (!last || !str_eq(last->who, r->who)) {
			rows->row[n++] = *r;
			continue;
		}
		last->seen = true;
		last->accepted = r->accepted;
		last->refused = r->refused;
		last->deferred = r->deferred;
		last->idle_s = r->idle_s;
	}
	rows->n = n;
}

static json_t *
json_text(struct str s)
{
	char room[4 * STORE_KEY_MAX];
	struct buf b = BUF(room);

	json_t *plain = json_stringn(s.p, s.n);
	if (plain)
		return plain;
	buf_put_escaped(&b, s, STORE_KEY_MAX);
	return json_stringn(b.p, b.n);
}

void
mailbox_put_json(const struct mailbox_row *r, const struct check_set *checks)
{
	char room[MAILBOX_VALUE_MAX];
	struct buf b = BUF(room);
	json_t *o = json_object();

	json_object_set_new(o, "mailbox", json_text(r->who));
	if (r->has_switches) {
		mailbox_value_print(&r->switches, checks, &b);
		json_object_set_new(o, "switches", json_loadb(b.p, b.n, 0, NULL));
	}
	if (r->unread)
		json_object_set_new(o, "unreadable", json_true());
	if (r->seen) {
		json_object_set_new(o, "accepted", json_integer(r->accepted));
		json_object_set_new(o, "refused", json_integer(r->refused));
		json_object_set_new(o, "deferred", json_integer(r->deferred));
		json_object_set_new(o, "last_s", json_integer(r->idle_s));
	}
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

void
mailbox_put_switches(const struct page *p, const char *before, const struct switches *s,
	const struct check_set *checks)
{
	char room[MAILBOX_TEXT_MAX];
	struct buf b = BUF(room);

	switches_print(s, checks, &b);
	fputs(before, p->out);
	page_put(p, NULL, buf_str(&b));
	fputc('\n', p->out);
}

static void
put_text(const struct page *p, const struct mailbox_row *r, const struct check_set *checks)
{
	page_put(p, "1", r->who);
	if (r->seen) {
		fprintf(p->out, "  %lld accepted, %lld refused, %lld put off, the last ",
			(long long)r->accepted, (long long)r->refused, (long long)r->deferred);
		page_put_duration(p, r->idle_s > 0 ? (uint64_t)r->idle_s : 0);
		fputs(" ago", p->out);
	}
	if (r->has_switches)
		mailbox_put_switches(p, "  ", &r->switches, checks);
	else
		fputs(r->unread ? "  cannot be read, so it counts for nothing: unset it\n" : "\n",
			p->out);
}

static enum store_status
gather(struct rows *rows, struct opened *o, bool seen)
{
	static const struct store_query switches = {.table = STORE_MAILBOX},
					counters = {.table = STORE_COUNTER};
	enum store_status status = STORE_OK;

	if (o->store)
		status = store_find(o->store, &switches, on_switches, rows);
	if (o->store && seen && status == STORE_OK)
		status = store_find(o->store, &counters, on_seen, rows);
	return status;
}

int
mailbox_list(struct opened *o, bool seen, bool json)
{
	const struct page p = {stdout, report_wants_colour(stdout)};
	struct rows rows = {.checks = &o->config->generation.checks};

	arena_init(&rows.arena, 16384, ARENA_MAX);
	enum store_status status = gather(&rows, o, seen);
	if (rows.n)
		qsort(rows.row, rows.n, sizeof(*rows.row), by_who);
	join(&rows);
	for (size_t i = 0; i < rows.n && status == STORE_OK; i++) {
		if (json)
			mailbox_put_json(&rows.row[i], rows.checks);
		else
			put_text(&p, &rows.row[i], rows.checks);
	}
	if (!rows.n && !json && status == STORE_OK)
		puts(seen ? "no mailbox was seen, and none has switches"
			  : "no mailbox has switches");
	arena_done(&rows.arena);
	heap_free(rows.row);
	return status == STORE_OK ? 0 : cli_store_failed(o->store, status);
}
