/*
 * store/memory: the store without a file, for tests and for a daemon that has none.
 *
 * Each record rests encoded, as it would in a file.  Its tables are hashed by key; a search looks
 * at every record.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "store/store_private.h"

#define BUCKETS 4096

struct cell {
	struct cell *next;
	enum store_table table;
	size_t key_n, blob_n;
	int64_t touched; /* for the order of a search */
	char bytes[];	 /* key, blob */
};

struct memory {
	struct cell *bucket[BUCKETS];
	size_t records, bytes;
	bool hot_changed;
	char blob[STORE_BLOB_MAX];
};

static struct str
cell_key(const struct cell *c)
{
	return str_from(c->bytes, c->key_n);
}

static size_t
cell_size(const struct cell *c)
{
	return sizeof(*c) + c->key_n + c->blob_n;
}

static void
decode(const struct cell *c, struct rested *out)
{
	must(rested_parse(str_from(c->bytes + c->key_n, c->blob_n), c->table, cell_key(c), out));
}

/* The pointer that leads to the cell, or to where it would be added. */
static struct cell **
place(struct memory *m, enum store_table table, struct str key)
{
	struct cell **at = &m->bucket[hash_str_with(key, table) % BUCKETS];

	while (*at && ((*at)->table != table || !str_eq(cell_key(*at), key)))
		at = &(*at)->next;
	return at;
}

static void
take_out(struct memory *m, struct cell **at)
{
	struct cell *c = *at;

	*at = c->next;
	m->records--;
	m->bytes -= cell_size(c);
	heap_free(c);
}

static void
apply_one(struct memory *m, const struct store_op *op, int64_t now)
{
	struct cell **at = place(m, op->table, op->key), *old = *at;
	struct rested *before = heap_alloc(2 * sizeof(*before)), *after = before + 1;

	if (op->op != STORE_ADD && store_tables[op->table].hot)
		m->hot_changed = true;
	if (op->op != STORE_DEL) {
		struct buf b = buf_on(m->blob, sizeof(m->blob));
		if (old)
			decode(old, before);
		rested_apply(old ? before : NULL, op, now, after);
		rested_print(after, &b);
		must(!buf_is_cut(&b));
		struct cell *c = heap_alloc(sizeof(*c) + op->key.n + b.n);
		*c = (struct cell){.next = old ? old->next : NULL,
			.table = op->table,
			.key_n = op->key.n,
			.blob_n = b.n,
			.touched = after->touched};
		memcpy(c->bytes, op->key.p, op->key.n);
		memcpy(c->bytes + op->key.n, b.p, b.n);
		m->records++;
		m->bytes += cell_size(c);
		*at = c;
		at = &old;
	}
	if (old)
		take_out(m, at);
	heap_free(before);
}

static enum store_status
memory_apply(struct store *s, const struct store_op *const *ops, size_t n, bool safely)
{
	(void)safely;
	for (size_t i = 0; i < n; i++)
		apply_one(s->own, ops[i], store_now(s));
	return STORE_OK;
}

static enum store_status
memory_read(struct store *s, enum store_table table, struct str key, struct rested *out)
{
	struct cell *c = *place(s->own, table, key);

	if (!c)
		return STORE_NONE;
	decode(c, out);
	return STORE_OK;
}

/* Newest first; of the same second, by key. */
static int
newest_first(const void *a, const void *b)
{
	const struct cell *const *x = a, *const *y = b;

	if ((*x)->touched != (*y)->touched)
		return (*x)->touched < (*y)->touched ? 1 : -1;
	return str_cmp(cell_key(*x), cell_key(*y));
}

/* All cells of a table in order; the array is the caller's. */
static struct cell **
sorted(struct memory *m, enum store_table table, size_t *n)
{
	struct cell **all = heap_calloc(m->records + 1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct cell *c = m->bucket[i]; c; c = c->next)
			if (c->table == table)
				all[(*n)++] = c;
	if (*n)
		qsort(all, *n, sizeof(*all), newest_first);
	return all;
}

static enum store_status
memory_find(struct store *s, const struct store_query *q, rested_each_fn *each, void *ctx)
{
	size_t n;
	struct cell **all = sorted(s->own, q->table, &n);
	struct rested *r = heap_alloc(sizeof(*r));

	for (size_t i = 0; i < n; i++) {
		decode(all[i], r);
		if (!each(ctx, r))
			break;
	}
	heap_free(r);
	heap_free(all);
	return STORE_OK;
}

static bool
memory_hot_changed(struct store *s)
{
	struct memory *m = s->own;
	bool changed = m->hot_changed;

	m->hot_changed = false;
	return changed;
}

/* Past its keep, by a date of its own or by its kind's. */
static bool
is_past(const struct store *s, struct rested *r, int64_t now)
{
	int64_t keep = s->o.keep.s[r->r.table][r->r.kind];

	return rested_is_over(r, now) || (keep > 0 && r->touched <= now - keep);
}

static size_t
forget_old(struct store *s, size_t max)
{
	struct memory *m = s->own;
	struct rested *r = heap_alloc(sizeof(*r));
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct cell **at = &m->bucket[i]; *at && n < max;) {
			decode(*at, r);
			if (!is_past(s, r, store_now(s))) {
				at = &(*at)->next;
				continue;
			}
			m->hot_changed = m->hot_changed || store_tables[r->r.table].hot;
			take_out(m, at);
			n++;
		}
	}
	heap_free(r);
	return n;
}

/* The oldest ones of a table and kind, until the rest is small enough. */
static size_t
evict(struct store *s, enum store_table table, uint8_t kind, size_t max)
{
	struct memory *m = s->own;
	size_t n_all, n = 0;
	struct cell **all = sorted(m, table, &n_all);
	struct rested *r = heap_alloc(sizeof(*r));

	for (size_t i = n_all; i > 0 && n < max; i--) {
		if (m->bytes <= (size_t)s->o.keep.max_size)
			break;
		decode(all[i - 1], r);
		if (r->r.kind != kind)
			continue;
		take_out(m, place(m, table, cell_key(all[i - 1])));
		n++;
	}
	heap_free(r);
	heap_free(all);
	return n;
}

static enum store_status
memory_sweep(struct store *s, size_t max, size_t *n)
{
	struct memory *m = s->own;

	*n = forget_old(s, max);
	for (int rank = 1; s->o.keep.max_size && rank <= STORE_TABLES; rank++)
		for (size_t t = 0; t < STORE_TABLES; t++)
			for (uint8_t k = 0; store_tables[t].evict == rank && k < STORE_KINDS; k++)
				if (*n < max && m->bytes > (size_t)s->o.keep.max_size)
					*n += evict(s, (enum store_table)t, k, max - *n);
	return STORE_OK;
}

static enum store_status
memory_stats(struct store *s, struct store_stats *out)
{
	struct memory *m = s->own;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct cell *c = m->bucket[i]; c; c = c->next) {
			struct store_table_stats *t = &out->table[c->table];
			int64_t idle = store_now(s) - c->touched;
			if (t->records == 0 || idle > t->oldest_s)
				t->oldest_s = idle;
			if (t->records == 0 || idle < t->newest_s)
				t->newest_s = idle;
			t->records++;
			t->bytes += c->blob_n;
		}
	}
	out->size = m->bytes;
	return STORE_OK;
}

static enum store_status
memory_check(
	struct store *s, void (*fault)(void *ctx, const char *text), void *ctx, uint64_t *records)
{
	const struct memory *m = s->own;

	(void)fault;
	(void)ctx;
	*records = m->records;
	return STORE_OK;
}

static bool
memory_backup(struct store *s, const char *path, struct errbuf *e)
{
	(void)s;
	return err(e, "a store in memory has nothing to copy to %s", path);
}

static void
memory_close(struct store *s)
{
	struct memory *m = s->own;

	for (size_t i = 0; i < BUCKETS; i++)
		while (m->bucket[i])
			take_out(m, &m->bucket[i]);
	heap_free(m);
}

struct store *
store_open_memory(const struct store_options *o)
{
	static const struct store_back back = {.apply = memory_apply,
		.read = memory_read,
		.find = memory_find,
		.hot_changed = memory_hot_changed,
		.sweep = memory_sweep,
		.stats = memory_stats,
		.check = memory_check,
		.backup = memory_backup,
		.close = memory_close};
	struct store *s = store_new(&back, o);
	struct memory *m = heap_calloc(1, sizeof(*m));

	m->hot_changed = true; /* empty, but loaded */
	s->own = m;
	age_begin(&s->age, 0, 0, store_wall(s), store_ms(s));
	return s;
}
