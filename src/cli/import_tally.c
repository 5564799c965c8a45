/* cli/import_tally: what would have become of the mail, added up; see import.h. */
#include <stdlib.h>

#include "base/hash.h"
#include "cli/import.h"

#define ROWS_MAX 50000 /* names that are counted apart */
#define NAME_MAX 255

void
import_rows_init(struct import_rows *r)
{
	*r = (struct import_rows){.n = 0};
	arena_init(&r->arena, 4096, SIZE_MAX);
}

void
import_rows_done(struct import_rows *r)
{
	heap_free(r->row);
	heap_free(r->slot);
	arena_done(&r->arena);
}

/* Twice as many slots as rows can come before the next growth. */
static void
grow(struct import_rows *r)
{
	r->room = r->room ? r->room * 2 : 64;
	r->row = heap_realloc(r->row, r->room * sizeof(*r->row));
	heap_free(r->slot);
	r->n_slots = r->room * 2;
	r->slot = heap_calloc(r->n_slots, sizeof(*r->slot));
	for (size_t i = 0; i < r->n; i++) {
		size_t at = hash_str(r->row[i].name) % r->n_slots;
		while (r->slot[at])
			at = (at + 1) % r->n_slots;
		r->slot[at] = (uint32_t)(i + 1);
	}
}

static struct import_row *
find_row(struct import_rows *r, struct str name)
{
	if (r->n == r->room)
		grow(r);
	size_t at = hash_str(name) % r->n_slots;
	while (r->slot[at] && !str_eq(r->row[r->slot[at] - 1].name, name))
		at = (at + 1) % r->n_slots;
	if (r->slot[at])
		return &r->row[r->slot[at] - 1];
	if (r->n >= ROWS_MAX && !str_eq(name, STR("others")))
		return find_row(r, STR("others"));
	r->row[r->n] = (struct import_row){.name = arena_str(&r->arena, name)};
	r->slot[at] = (uint32_t)++r->n;
	return &r->row[r->n - 1];
}

void
import_rows_add(struct import_rows *r, struct str name, enum import_now now, uint64_t count)
{
	find_row(r, str_slice(name, 0, NAME_MAX))->n[now] += count;
}

struct order {
	struct import_row row;
	enum import_now by;
};

static int
larger_first(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->row.n[x->by] != y->row.n[y->by])
		return x->row.n[x->by] > y->row.n[y->by] ? -1 : 1;
	return str_cmp(x->row.name, y->row.name);
}

void
import_rows_sort(struct import_rows *r, enum import_now by)
{
	struct order *o = heap_calloc(r->n + 1, sizeof(*o));

	for (size_t i = 0; i < r->n; i++)
		o[i] = (struct order){r->row[i], by};
	qsort(o, r->n, sizeof(*o), larger_first);
	for (size_t i = 0; i < r->n; i++)
		r->row[i] = o[i].row;
	heap_free(o);
	/* The slots point elsewhere now: nothing is added any more. */
	r->room = r->n;
}

static void
change_init(struct import_change *c, enum import_now column)
{
	*c = (struct import_change){.column = column};
	import_rows_init(&c->findings);
	import_rows_init(&c->senders);
	import_rows_init(&c->rcpts);
}

static void
change_done(struct import_change *c)
{
	import_rows_done(&c->findings);
	import_rows_done(&c->senders);
	import_rows_done(&c->rcpts);
}

void
import_tally_init(struct import_tally *t)
{
	*t = (struct import_tally){.judged = 0};
	arena_init(&t->arena, 16 << 10, SIZE_MAX);
	import_rows_init(&t->reasons);
	import_rows_init(&t->findings);
	change_init(&t->refused, NOW_REFUSED);
	change_init(&t->accepted, NOW_ACCEPTED);
}

void
import_tally_done(struct import_tally *t)
{
	import_rows_done(&t->reasons);
	import_rows_done(&t->findings);
	change_done(&t->refused);
	change_done(&t->accepted);
	arena_done(&t->arena);
}

static enum import_now
now_of(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_ACCEPT:
	case VERDICT_TAG:
	case VERDICT_QUARANTINE:
		return NOW_ACCEPTED;
	case VERDICT_DEFER:
		return v->temporary ? NOW_UNSURE : NOW_PUT_OFF;
	case VERDICT_REJECT:
		return NOW_REFUSED;
	}
	return NOW_ACCEPTED;
}

static struct str
domain_of(struct str address, struct arena *a)
{
	size_t at = str_rfind(address, '@');

	if (!address.p)
		return STR("(not known)");
	if (!address.n)
		return STR("<>");
	return at < address.n ? arena_lower(a, str_skip(address, at + 1)) : STR("(no domain)");
}

/* Whether it speaks against the mail. */
static bool
weighs(struct action a)
{
	switch (a.kind) {
	case ACTION_OFF:
	case ACTION_TAG:
	case ACTION_QUARANTINE:
	case ACTION_ACCEPT:
		return false;
	case ACTION_SCORE:
		return a.points > 0;
	case ACTION_DEFER:
	case ACTION_REJECT:
	case ACTION_OWN:
		return true;
	}
	return false;
}

struct judged {
	const struct import_key *key;
	const struct import_attempt *a;
	const struct generation *g;
	const struct result *result;
	const struct verdict *v;
	enum import_now now;
};

static struct action
action_of(const struct judged *j, const struct finding *f)
{
	return policy_action_in(j->v, &j->g->checks, f, &j->key->client);
}

/* What speaks against the mail, each finding once. */
static void
count_findings(struct import_rows *rows, const struct judged *j, enum import_now column)
{
	for (size_t i = 0; i < j->result->n; i++) {
		const struct finding *f = j->result->finding[i];
		bool again = false;
		for (size_t k = 0; k < i; k++)
			again |= j->result->finding[k]->code == f->code;
		if (!again && weighs(action_of(j, f)))
			import_rows_add(rows, str_of(f->code->id), column, j->a->count);
	}
}

/* "rdns_none +4, spf_fail" */
static void
put_findings(const struct judged *j, struct buf *out)
{
	for (size_t i = 0; i < j->result->n; i++) {
		const struct finding *f = j->result->finding[i];
		struct action a = action_of(j, f);
		if (!weighs(a))
			continue;
		buf_puts(out, out->n ? ", " : "");
		buf_puts(out, f->code->id);
		if (a.kind != ACTION_SCORE)
			continue;
		buf_putc(out, ' ');
		points_print(a.points, true, out);
	}
}

static struct str
copy(struct arena *a, struct str s)
{
	return s.p ? arena_str(a, s) : s;
}

/* Without the case: there is none. */
static struct str
without_case(struct str reply)
{
	static const struct str word = STR_INIT(" Case ");
	size_t at = str_rfind(reply, ' ');

	if (at == reply.n || !str_has_suffix(str_slice(reply, 0, at + 1), word))
		return reply;
	return str_slice(reply, 0, at + 1 - word.n);
}

/* Of each sender's domain one, so that the samples are not twenty times the same. */
static void
keep_sample(
	struct import_tally *t, struct import_change *c, const struct judged *j, struct str domain)
{
	char room[1000];
	struct buf b = BUF(room);

	for (size_t i = 0; i < c->n_samples; i++)
		if (str_eq(c->sample[i].domain, domain))
			return;
	if (c->n_samples == IMPORT_SAMPLES)
		return;
	put_findings(j, &b);
	c->sample[c->n_samples++] = (struct import_sample){.client = j->key->client,
		.domain = arena_str(&t->arena, domain),
		.name = arena_str(&t->arena, j->a->name),
		.helo = copy(&t->arena, j->key->helo),
		.from = copy(&t->arena, j->key->from),
		.rcpt = copy(&t->arena, j->a->rcpt),
		.queue = copy(&t->arena, j->a->queue),
		.reason = copy(&t->arena, j->a->reason),
		.time = j->a->time,
		.code = j->a->code,
		.outcome = j->a->outcome,
		.status = j->a->status,
		.now = j->v->kind,
		.reply = copy(&t->arena, without_case(j->v->one_line)),
		.findings = arena_str(&t->arena, buf_str(&b))};
}

static void
add_change(struct import_tally *t, struct import_change *c, const struct judged *j)
{
	struct arena scratch;

	arena_init(&scratch, 1024, SIZE_MAX);
	struct str sender = domain_of(j->key->from, &scratch);
	struct str rcpt = domain_of(j->a->rcpt, &scratch);
	c->n += j->a->count;
	if (j->a->outcome == POSTFIX_ACCEPTED && j->a->status == POSTFIX_SENT)
		c->sent += j->a->count;
	if (ip_is_private(&j->key->client))
		c->private += j->a->count;
	count_findings(&c->findings, j, c->column);
	import_rows_add(&c->senders, sender, c->column, j->a->count);
	import_rows_add(&c->rcpts, rcpt, c->column, j->a->count);
	if (c->n_samples < IMPORT_SAMPLES)
		keep_sample(t, c, j, sender);
	arena_done(&scratch);
}

static void
count_reason(struct import_tally *t, const struct judged *j)
{
	char room[NAME_MAX];
	struct buf b = BUF(room);

	if (j->a->code)
		buf_printf(&b, "%u ", j->a->code);
	buf_put(&b, j->a->reason);
	import_rows_add(&t->reasons, buf_str(&b), j->now, j->a->count);
}

void
import_tally_add(struct import_tally *t, const struct import_key *key,
	const struct import_attempt *a, const struct generation *g, const struct result *result,
	const struct verdict *v)
{
	struct judged j = {key, a, g, result, v, now_of(v)};
	struct import_change *change = NULL;

	if (!result) {
		t->ours += a->count;
		return;
	}
	t->table[a->outcome][j.now] += a->count;
	if (a->outcome == POSTFIX_ACCEPTED && (j.now == NOW_REFUSED || j.now == NOW_PUT_OFF))
		change = &t->refused;
	if (a->outcome != POSTFIX_ACCEPTED && j.now == NOW_ACCEPTED)
		change = &t->accepted;
	count_findings(&t->findings, &j, j.now);
	if (a->outcome != POSTFIX_ACCEPTED)
		count_reason(t, &j);
	if (!change)
		return;
	/* The attempts of a transaction come one after the other. */
	if (change->last != key)
		change->transactions++;
	change->last = key;
	add_change(t, change, &j);
}
