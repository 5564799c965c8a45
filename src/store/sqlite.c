/*
 * store/sqlite: the store in a file of SQLite, in WAL mode.
 *
 * A table of records by (table, key) with the blob of record.h; beside it the few columns by which
 * it is searched and swept, which are copies of what the blob says and never believed against it;
 * a table of (word, record); and the store's time and generation.
 *
 * Opening and repair are in sqlite_open.c, looking at everything and copies in sqlite_check.c.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "store/sqlite_private.h"

int
sqlite_run(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	do
		rc = sqlite3_step(stmt);
	while (rc == SQLITE_ROW);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

bool
sqlite_number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;
	bool ok = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return ok;
}

struct str
sqlite_column(sqlite3_stmt *stmt, int column)
{
	const char *p = sqlite3_column_blob(stmt, column); /* before its length */
	int n = sqlite3_column_bytes(stmt, column);

	return p ? str_from(p, (size_t)n) : STR("");
}

enum store_status
sqlite_status(struct store *s, int rc, const char *what)
{
	struct sqlite *q = s->own;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STORE_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		q->corrupt = true;
		break;
	default:
		break;
	}
	return store_trouble(s, "cannot %s %s: %s", what, q->path, sqlite3_errmsg(q->db));
}

static void
bind_str(sqlite3_stmt *stmt, int at, struct str s)
{
	sqlite3_bind_blob64(stmt, at, s.n ? s.p : "", s.n, SQLITE_STATIC);
}

/* Run to the end a statement that returns no row. */
static int
finish(struct sqlite *q, enum sql which)
{
	int rc = sqlite3_step(q->stmt[which]);

	sqlite3_reset(q->stmt[which]);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int64_t
sqlite_meta(struct sqlite *q, const char *name)
{
	sqlite3_stmt *stmt = q->stmt[SQL_META];
	int64_t value = 0;

	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return value;
}

bool
sqlite_row(struct store *s, sqlite3_stmt *stmt, enum store_table table, int key_column,
	int blob_column, struct rested *out)
{
	struct sqlite *q = s->own;
	struct str key = sqlite_column(stmt, key_column), blob = sqlite_column(stmt, blob_column);

	if (key.n > STORE_KEY_MAX || blob.n + key.n > sizeof(q->blob))
		key = blob = STR("");
	memcpy(q->blob, key.p, key.n);
	memcpy(q->blob + key.n, blob.p, blob.n);
	if (rested_parse(str_from(q->blob + key.n, blob.n), table, str_from(q->blob, key.n), out))
		return true;
	s->count.damaged++;
	if (!q->told_damaged)
		store_say(s, STORE_SAY_WARN,
			"a record of table %s in %s is damaged and not used; "
			"\"mxward store check\" shows all",
			store_tables[table].name, q->path);
	q->told_damaged = true;
	return false;
}

/* --- reading --- */

/* STORE_FAIL without a connection; a lost one is tried to get back, with pauses. */
static enum store_status
connected(struct store *s)
{
	struct sqlite *q = s->own;

	if (q->db && !q->corrupt)
		return STORE_OK;
	if (store_is_pausing(s))
		return STORE_FAIL;
	return sqlite_renew(s) ? STORE_OK : STORE_FAIL;
}

/* id is 0 where there is no row.  A damaged one has an id and STORE_FAIL. */
static enum store_status
look_up(struct store *s, enum store_table table, struct str key, int64_t *id, struct rested *out)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *stmt = q->stmt[SQL_GET];
	enum store_status status = STORE_NONE;

	*id = 0;
	sqlite3_bind_int(stmt, 1, (int)table);
	bind_str(stmt, 2, key);
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*id = sqlite3_column_int64(stmt, 0);
		/* An index that leads astray hands out another record than was asked for. */
		if (sqlite_row(s, stmt, table, 1, 2, out) && str_eq(out->r.key, key))
			status = STORE_OK;
		else
			status = store_trouble(s, "a record of %s is damaged", q->path);
	} else if (rc != SQLITE_DONE) {
		status = sqlite_status(s, rc, "read");
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return status;
}

static enum store_status
sqlite_read(struct store *s, enum store_table table, struct str key, struct rested *out)
{
	int64_t id;

	if (connected(s) != STORE_OK)
		return STORE_FAIL;
	return look_up(s, table, key, &id, out);
}

/* --- searching --- */

/* The ids first, sorted; records are then fetched one by one, so that the sort is of ids only. */
static sqlite3_stmt *
prepare_search(struct sqlite *q, const struct store_query *query, int64_t now, int *rc)
{
	char room[1024];
	struct buf b = BUF(room);
	sqlite3_stmt *stmt = NULL;
	int at = 4;

	buf_puts(&b, "SELECT id FROM record WHERE tab=?1 AND touched>=?2 AND touched<=?3");
	for (size_t i = 0; i < query->n_words; i++)
		buf_puts(&b,
			" AND id IN (SELECT id FROM word WHERE tab=?1 AND word>=? AND word<=?)");
	buf_puts(&b, " ORDER BY touched DESC, id DESC");
	must(!buf_is_cut(&b));
	*rc = sqlite3_prepare_v2(q->db, room, (int)b.n, &stmt, NULL);
	if (*rc != SQLITE_OK)
		return NULL;
	sqlite3_bind_int(stmt, 1, (int)query->table);
	sqlite3_bind_int64(stmt, 2, query->since_s ? now - query->since_s : INT64_MIN);
	sqlite3_bind_int64(stmt, 3, query->until_s ? now - query->until_s : INT64_MAX);
	for (size_t i = 0; i < query->n_words; i++) {
		bind_str(stmt, at++, query->word[i].from);
		bind_str(stmt, at++, query->word[i].to);
	}
	return stmt;
}

/* False: do not go on. */
static bool
show_by_id(struct store *s, int64_t id, enum store_table table, rested_each_fn *each, void *ctx,
	int *rc)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *stmt = q->stmt[SQL_BY_ID];
	struct rested r;
	bool readable = false;

	sqlite3_bind_int64(stmt, 1, id);
	*rc = sqlite3_step(stmt);
	if (*rc == SQLITE_ROW)
		readable = sqlite3_column_int(stmt, 0) == (int)table &&
			sqlite_row(s, stmt, table, 1, 2, &r);
	sqlite3_reset(stmt);
	if (*rc != SQLITE_ROW && *rc != SQLITE_DONE)
		return false;
	*rc = SQLITE_OK;
	return !readable || each(ctx, &r);
}

static enum store_status
sqlite_find(struct store *s, const struct store_query *query, rested_each_fn *each, void *ctx)
{
	struct sqlite *q = s->own;
	int rc, rc_row = SQLITE_OK;

	if (connected(s) != STORE_OK)
		return STORE_FAIL;
	sqlite3_stmt *stmt = prepare_search(q, query, store_now(s), &rc);
	if (!stmt)
		return sqlite_status(s, rc, "search");
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		if (!show_by_id(s, sqlite3_column_int64(stmt, 0), query->table, each, ctx, &rc_row))
			break;
	enum store_status status = sqlite_status(s, rc_row != SQLITE_OK ? rc_row : rc, "search");
	sqlite3_finalize(stmt);
	return status;
}

/* Another connection's changes show up in data_version, which costs no I/O; whether they were to a
 * hot table, in the generation. */
static bool
sqlite_hot_changed(struct store *s)
{
	struct sqlite *q = s->own;
	int64_t version = 0;
	bool changed = q->hot_mine;

	if (connected(s) != STORE_OK)
		return false;
	if (sqlite3_step(q->stmt[SQL_DATA_VERSION]) == SQLITE_ROW)
		version = sqlite3_column_int64(q->stmt[SQL_DATA_VERSION], 0);
	sqlite3_reset(q->stmt[SQL_DATA_VERSION]);
	if (version != q->data_version) {
		int64_t hot = sqlite_meta(q, "hot");
		changed = changed || hot != q->hot;
		q->hot = hot;
		q->data_version = version;
	}
	q->hot_mine = false;
	return changed;
}

/* --- writing --- */

static int
change_words(struct sqlite *q, enum sql how, const struct store_record *r, int64_t id)
{
	sqlite3_stmt *stmt = q->stmt[how];
	int rc = SQLITE_OK;

	sqlite3_bind_int(stmt, 1, (int)r->table);
	sqlite3_bind_int64(stmt, 3, id);
	for (size_t i = 0; i < r->n_words && rc == SQLITE_OK; i++) {
		bind_str(stmt, 2, r->word[i]);
		rc = finish(q, how);
	}
	sqlite3_clear_bindings(stmt);
	return rc;
}

static int
delete_row(struct sqlite *q, int64_t id, const struct store_record *r)
{
	/* Words of a damaged record stay: a search compares them with the record. */
	int rc = r ? change_words(q, SQL_DELETE_WORD, r, id) : SQLITE_OK;

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(q->stmt[SQL_DELETE], 1, id);
	return finish(q, SQL_DELETE);
}

static int
save_row(struct sqlite *q, int64_t id, const struct rested *r)
{
	enum sql which = id ? SQL_UPDATE : SQL_INSERT;
	sqlite3_stmt *stmt = q->stmt[which];
	struct buf b = BUF(q->room);

	rested_print(r, &b);
	must(!buf_is_cut(&b));
	sqlite3_bind_int(stmt, 1, r->r.kind);
	sqlite3_bind_int64(stmt, 2, r->touched);
	sqlite3_bind_int64(stmt, 3, r->expires);
	bind_str(stmt, 4, buf_str(&b));
	if (id) {
		sqlite3_bind_int64(stmt, 5, id);
	} else {
		sqlite3_bind_int(stmt, 5, (int)r->r.table);
		bind_str(stmt, 6, r->r.key);
	}
	int rc = finish(q, which);
	sqlite3_clear_bindings(stmt);
	return rc;
}

static bool
same_words(const struct store_record *a, const struct store_record *b)
{
	if (a->n_words != b->n_words)
		return false;
	for (size_t i = 0; i < a->n_words; i++)
		if (!str_eq(a->word[i], b->word[i]))
			return false;
	return true;
}

static int
save(struct sqlite *q, int64_t id, const struct rested *before, const struct rested *after)
{
	bool words = !before || !same_words(&before->r, &after->r);
	int rc = SQLITE_OK;

	if (words && before)
		rc = change_words(q, SQL_DELETE_WORD, &before->r, id);
	if (rc == SQLITE_OK)
		rc = save_row(q, id, after);
	if (rc == SQLITE_OK && words)
		rc = change_words(
			q, SQL_ADD_WORD, &after->r, id ? id : sqlite3_last_insert_rowid(q->db));
	return rc;
}

/* Sums that one record gets in one transaction are added up before it is written: where much mail
 * comes, a client's, a domain's or a mailbox's record would be written hundreds of times. */
struct run {
	const struct store_op *const *ops;
	size_t n;
	uint32_t *next; /* of an ADD: the next one to the same record, 0: none */
	uint32_t *slot; /* by key, 1 + the last change to it */
	size_t slots;
};

static void
run_init(struct run *r, const struct store_op *const *ops, size_t n)
{
	*r = (struct run){.ops = ops, .n = n, .slots = 16};
	while (r->slots < 2 * n)
		r->slots *= 2;
	r->next = heap_calloc(n + 1, sizeof(*r->next));
	r->slot = heap_calloc(r->slots, sizeof(*r->slot));
}

static void
run_done(struct run *r)
{
	heap_free(r->next);
	heap_free(r->slot);
}

static uint32_t *
slot_of(struct run *r, const struct store_op *op)
{
	size_t at = (size_t)hash_str_with(op->key, op->table) & (r->slots - 1);

	for (; r->slot[at]; at = (at + 1) & (r->slots - 1)) {
		const struct store_op *other = r->ops[r->slot[at] - 1];
		if (other->table == op->table && str_eq(other->key, op->key))
			break;
	}
	return &r->slot[at];
}

/* It is done with an earlier one. */
static bool
joins(struct run *r, uint32_t i)
{
	uint32_t *slot = slot_of(r, r->ops[i]), last = *slot;

	*slot = i + 1;
	if (!last || r->ops[i]->op != STORE_ADD || r->ops[last - 1]->op != STORE_ADD)
		return false;
	r->next[last - 1] = i;
	return true;
}

/* The change, and what joins it. */
static enum store_status
apply_one(struct store *s, const struct run *r, uint32_t i, int64_t now)
{
	struct sqlite *q = s->own;
	const struct store_op *op = r->ops[i];
	struct rested before, after, more;
	int64_t id;
	enum store_status status = look_up(s, op->table, op->key, &id, &before);
	bool known = status == STORE_OK;

	if ((status == STORE_FAIL && !id) || status == STORE_BUSY)
		return status;
	if (op->op == STORE_DEL)
		return sqlite_status(
			s, id ? delete_row(q, id, known ? &before.r : NULL) : SQLITE_OK, "write");
	rested_apply(known ? &before : NULL, op, now, &after);
	for (uint32_t k = r->next[i]; k; k = r->next[k]) {
		more = after;
		rested_apply(&more, r->ops[k], now, &after);
	}
	return sqlite_status(s, save(q, id, known ? &before : NULL, &after), "write");
}

static enum store_status
apply_all(struct store *s, const struct store_op *const *ops, size_t n, int64_t now)
{
	enum store_status status = STORE_OK;
	bool *joined = heap_calloc(n + 1, sizeof(*joined));
	struct run r;

	run_init(&r, ops, n);
	for (uint32_t i = 0; i < n; i++)
		joined[i] = joins(&r, i);
	for (uint32_t i = 0; i < n && status == STORE_OK; i++)
		if (!joined[i])
			status = apply_one(s, &r, i, now);
	run_done(&r);
	heap_free(joined);
	return status;
}

static bool
is_hot(const struct store_op *op)
{
	return op->op != STORE_ADD && store_tables[op->table].hot;
}

/* The end of each transaction: what the store's time is, and that images are old. */
static int
save_meta(struct store *s, int64_t now, bool hot)
{
	struct sqlite *q = s->own;
	int rc;

	sqlite3_bind_int64(q->stmt[SQL_TIME], 1, now);
	sqlite3_bind_int64(q->stmt[SQL_TIME], 2, store_wall(s));
	rc = finish(q, SQL_TIME);
	if (rc == SQLITE_OK && hot)
		rc = finish(q, SQL_HOT);
	return rc;
}

/* After a failure SQLite may have ended the transaction by itself. */
static void
give_up(struct sqlite *q)
{
	if (!sqlite3_get_autocommit(q->db))
		(void)finish(q, SQL_ROLLBACK);
}

static enum store_status
commit(struct store *s, int64_t now, bool hot)
{
	struct sqlite *q = s->own;
	int rc = save_meta(s, now, hot);

	if (rc == SQLITE_OK)
		rc = finish(q, SQL_COMMIT);
	enum store_status status = sqlite_status(s, rc, "write");
	if (status == STORE_OK)
		q->hot_mine = q->hot_mine || hot;
	return status;
}

static enum store_status
try_apply(struct store *s, const struct store_op *const *ops, size_t n)
{
	struct sqlite *q = s->own;
	int64_t now = store_now(s);
	enum store_status status = sqlite_status(s, finish(q, SQL_BEGIN), "write");
	bool hot = false;

	if (status != STORE_OK)
		return status;
	for (size_t i = 0; i < n; i++)
		hot = hot || is_hot(ops[i]);
	status = apply_all(s, ops, n, now);
	if (status == STORE_OK)
		status = commit(s, now, hot);
	if (status != STORE_OK)
		give_up(q);
	return status;
}

/* NORMAL leaves the log to the kernel until it is moved into the file; a FULL transaction syncs it
 * with all that came before. */
static enum store_status
sqlite_apply(struct store *s, const struct store_op *const *ops, size_t n, bool safely)
{
	struct sqlite *q = s->own;

	if (connected(s) != STORE_OK)
		return STORE_FAIL;
	if (safely)
		(void)sqlite_run(q->db, "PRAGMA synchronous=FULL");
	enum store_status status = try_apply(s, ops, n);
	/* A file found to be damaged is replaced, and the changes go to the new one. */
	if (status == STORE_FAIL && q->corrupt && sqlite_renew(s)) {
		if (safely)
			(void)sqlite_run(q->db, "PRAGMA synchronous=FULL");
		status = try_apply(s, ops, n);
	}
	if (safely && q->db)
		(void)sqlite_run(q->db, "PRAGMA synchronous=NORMAL");
	return status;
}

/* --- forgetting --- */

struct victims {
	int64_t *id;
	size_t n, max;
	int rc;
};

static void
choose(struct sqlite *q, enum sql which, struct victims *v)
{
	sqlite3_stmt *stmt = q->stmt[which];

	while (v->n < v->max && (v->rc = sqlite3_step(stmt)) == SQLITE_ROW)
		v->id[v->n++] = sqlite3_column_int64(stmt, 0);
	if (v->rc == SQLITE_ROW || v->rc == SQLITE_DONE)
		v->rc = SQLITE_OK;
	sqlite3_reset(stmt);
}

static int64_t
pragma(struct sqlite *q, enum sql which)
{
	int64_t n = sqlite3_step(q->stmt[which]) == SQLITE_ROW
		? sqlite3_column_int64(q->stmt[which], 0)
		: 0;

	sqlite3_reset(q->stmt[which]);
	return n;
}

static void
choose_old(struct store *s, int64_t now, struct victims *v)
{
	struct sqlite *q = s->own;

	sqlite3_bind_int64(q->stmt[SQL_OVER], 1, now);
	choose(q, SQL_OVER, v);
	for (int t = 0; t < STORE_TABLES; t++) {
		for (int k = 0; k < STORE_KINDS; k++) {
			if (s->o.keep.s[t][k] <= 0 || v->n == v->max || v->rc != SQLITE_OK)
				continue;
			sqlite3_bind_int(q->stmt[SQL_PAST], 1, t);
			sqlite3_bind_int(q->stmt[SQL_PAST], 2, k);
			sqlite3_bind_int64(q->stmt[SQL_PAST], 3, now - s->o.keep.s[t][k]);
			choose(q, SQL_PAST, v);
		}
	}
}

/* The oldest ones of the table and kind that can be spared best. */
static void
choose_excess(struct store *s, struct victims *v)
{
	struct sqlite *q = s->own;
	int64_t used =
		(pragma(q, SQL_PAGES) - pragma(q, SQL_FREE_PAGES)) * pragma(q, SQL_PAGE_SIZE);

	if (!s->o.keep.max_size || used <= s->o.keep.max_size)
		return;
	for (int rank = 1; rank <= STORE_TABLES; rank++) {
		for (int t = 0; t < STORE_TABLES; t++) {
			for (int k = 0; store_tables[t].evict == rank && k < STORE_KINDS; k++) {
				if (v->n || v->rc != SQLITE_OK)
					continue;
				sqlite3_bind_int(q->stmt[SQL_OLDEST], 1, t);
				sqlite3_bind_int(q->stmt[SQL_OLDEST], 2, k);
				choose(q, SQL_OLDEST, v);
			}
		}
	}
}

static int
forget_one(struct store *s, int64_t id, bool *hot)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *stmt = q->stmt[SQL_BY_ID];
	struct rested r;
	bool readable = false;

	sqlite3_bind_int64(stmt, 1, id);
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		int table = sqlite3_column_int(stmt, 0);
		if (table >= 0 && table < STORE_TABLES) {
			*hot = *hot || store_tables[table].hot;
			readable = sqlite_row(s, stmt, (enum store_table)table, 1, 2, &r);
		}
	}
	sqlite3_reset(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	return delete_row(q, id, readable ? &r.r : NULL);
}

/* Give back to the file system what has been free for long, a little at a time. */
static void
shrink(struct sqlite *q)
{
	int64_t free_pages = pragma(q, SQL_FREE_PAGES);

	if (free_pages > 1024 && free_pages > pragma(q, SQL_PAGES) / 4)
		(void)sqlite_run(q->db, "PRAGMA incremental_vacuum(256)");
}

static enum store_status
sqlite_sweep(struct store *s, size_t max, size_t *n)
{
	struct sqlite *q = s->own;
	struct victims v = {.max = max};
	int64_t now = store_now(s);
	bool hot = false;
	int moved = 0;

	if (connected(s) != STORE_OK)
		return STORE_FAIL;
	/* Somebody has put another file in its place. */
	if (sqlite3_file_control(q->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
		moved)
		return sqlite_renew(s) ? STORE_OK : STORE_FAIL;
	v.id = heap_calloc(max, sizeof(*v.id));
	enum store_status status = sqlite_status(s, finish(q, SQL_BEGIN), "write");
	if (status == STORE_OK) {
		choose_old(s, now, &v);
		if (v.n == 0 && v.rc == SQLITE_OK)
			choose_excess(s, &v);
		for (size_t i = 0; i < v.n && v.rc == SQLITE_OK; i++)
			v.rc = forget_one(s, v.id[i], &hot);
		status = sqlite_status(s, v.rc, "write");
		if (status == STORE_OK && v.n > 0)
			status = commit(s, now, hot);
		give_up(q);
	}
	if (status == STORE_OK && v.n == 0)
		shrink(q);
	*n = status == STORE_OK ? v.n : 0;
	heap_free(v.id);
	return status;
}

/* --- telling --- */

static uint64_t
file_size(struct store *s, const char *suffix)
{
	struct sqlite *q = s->own;
	char path[4200];
	struct buf b = BUF(path);
	struct stat st;

	buf_printf(&b, "%s%s", q->path, suffix);
	buf_putc(&b, '\0');
	return !buf_is_cut(&b) && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static enum store_status
sqlite_stats(struct store *s, struct store_stats *out)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *stmt;
	int64_t now = store_now(s);
	int rc;

	if (connected(s) != STORE_OK)
		return STORE_FAIL;
	stmt = q->stmt[SQL_TOTALS];
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t table = sqlite3_column_int64(stmt, 0);
		if (table < 0 || table >= STORE_TABLES)
			continue;
		out->table[table] = (struct store_table_stats){
			.records = (uint64_t)sqlite3_column_int64(stmt, 1),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 2),
			.oldest_s = now - sqlite3_column_int64(stmt, 3),
			.newest_s = now - sqlite3_column_int64(stmt, 4)};
	}
	sqlite3_reset(stmt);
	out->size = file_size(s, "") + file_size(s, "-wal");
	out->free = (uint64_t)(pragma(q, SQL_FREE_PAGES) * pragma(q, SQL_PAGE_SIZE));
	return sqlite_status(s, rc, "read");
}

static void
sqlite_close(struct store *s)
{
	struct sqlite *q = s->own;

	sqlite_disconnect(q);
	heap_free(q->path);
	heap_free(q);
}

struct store *
store_open_sqlite(const char *path, const struct store_options *o, struct errbuf *e)
{
	static const struct store_back back = {.apply = sqlite_apply,
		.read = sqlite_read,
		.find = sqlite_find,
		.hot_changed = sqlite_hot_changed,
		.sweep = sqlite_sweep,
		.stats = sqlite_stats,
		.check = sqlite_check,
		.backup = sqlite_backup,
		.close = sqlite_close};
	struct store *s = store_new(&back, o);
	struct sqlite *q = heap_calloc(1, sizeof(*q));
	size_t n = strlen(path) + 1;

	s->own = q;
	q->path = heap_alloc(n);
	memcpy(q->path, path, n);
	if (sqlite_connect(s, e))
		return s;
	store_close(s);
	return NULL;
}
