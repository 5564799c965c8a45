/*
 * store/sqlite: looking at everything, and copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/faults.h"
#include "store/sqlite_private.h"

#define BACKUP_WAIT_MS 10000

struct checking {
	struct faults faults;
	uint64_t records, words;
};

/* SQLite's own look at its pages and indexes. */
static int
check_pages(struct sqlite *q, struct checking *c)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(q->db, "PRAGMA integrity_check", -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		char room[512];
		struct buf b = BUF(room);
		struct str said = sqlite_column(stmt, 0);
		if (str_eq(said, STR("ok")))
			continue;
		buf_put_escaped(&b, said, 400);
		fault(&c->faults, "%.*s", STR_ARG(buf_str(&b)));
	}
	sqlite3_finalize(stmt);
	return rc;
}

static const char *
check_record(struct sqlite *q, sqlite3_stmt *row, struct rested *r, struct checking *c)
{
	sqlite3_stmt *has = q->stmt[SQL_HAS_WORD];
	bool all = true;

	if (sqlite3_column_int(row, 4) != r->r.kind || sqlite3_column_int64(row, 5) != r->touched ||
		sqlite3_column_int64(row, 6) != r->expires)
		return "is filed with other times than its own";
	for (size_t i = 0; i < r->r.n_words && all; i++) {
		sqlite3_bind_int(has, 1, (int)r->r.table);
		sqlite3_bind_blob64(has, 2, r->r.word[i].p, r->r.word[i].n, SQLITE_STATIC);
		sqlite3_bind_int64(has, 3, sqlite3_column_int64(row, 3));
		all = sqlite3_step(has) == SQLITE_ROW;
		sqlite3_reset(has);
		/* The same word twice is filed once. */
		bool again = false;
		for (size_t k = 0; k < i; k++)
			again = again || str_eq(r->r.word[i], r->r.word[k]);
		c->words += !again;
	}
	return all ? NULL : "cannot be found by all of its words";
}

static int
check_records(struct store *s, struct checking *c)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *row = q->stmt[SQL_ALL];
	struct rested r;
	int rc;

	q->told_damaged = true; /* each is told as a fault */
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		char room[400];
		struct buf key = BUF(room);
		int table = sqlite3_column_int(row, 0);
		const char *what;
		c->records++;
		buf_put_escaped(&key, sqlite_column(row, 1), 64);
		if (table < 0 || table >= STORE_TABLES)
			what = "is of a table that is not known";
		else if (!sqlite_row(s, row, (enum store_table)table, 1, 2, &r))
			what = "is damaged";
		else
			what = check_record(q, row, &r, c);
		if (what)
			fault(&c->faults, "record \"%.*s\" of table %s %s", STR_ARG(buf_str(&key)),
				table >= 0 && table < STORE_TABLES ? store_tables[table].name : "?",
				what);
	}
	sqlite3_reset(row);
	return rc;
}

enum store_status
sqlite_check(
	struct store *s, void (*told)(void *ctx, const char *text), void *ctx, uint64_t *records)
{
	struct sqlite *q = s->own;
	struct checking c = {.faults = {told, ctx, 0}};
	int64_t words = 0;

	if (!q->db)
		return store_trouble(s, "%s is not open", q->path);
	/* One moment, also while others write. */
	enum store_status status = sqlite_status(s, sqlite_run(q->db, "BEGIN"), "read");
	if (status != STORE_OK)
		return status;
	int rc = check_pages(q, &c);
	if (rc == SQLITE_DONE)
		rc = check_records(s, &c);
	if (rc == SQLITE_DONE && sqlite3_step(q->stmt[SQL_COUNT_WORDS]) == SQLITE_ROW)
		words = sqlite3_column_int64(q->stmt[SQL_COUNT_WORDS], 0);
	sqlite3_reset(q->stmt[SQL_COUNT_WORDS]);
	if (rc != SQLITE_DONE)
		fault(&c.faults, "%s", sqlite3_errmsg(q->db));
	else if (!c.faults.n && (uint64_t)words != c.words)
		fault(&c.faults, "%lld words are filed, and %llu belong there", (long long)words,
			(unsigned long long)c.words);
	(void)sqlite_run(q->db, "COMMIT");
	*records = c.records;
	return c.faults.n ? store_trouble(s, "%s has %zu faults", q->path, c.faults.n) : STORE_OK;
}

/* --- copies --- */

/* One step reads one moment: others go on writing to the log meanwhile, and with several steps each
 * write would make it begin anew. */
static int
copy_pages(sqlite3 *from, sqlite3 *to)
{
	int rc = SQLITE_NOMEM;
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (!b)
		return sqlite3_errcode(to);
	for (int waited = 0; waited < BACKUP_WAIT_MS; waited += 50) {
		rc = sqlite3_backup_step(b, -1);
		if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
			break;
		sqlite3_sleep(50);
	}
	int end = sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? end : rc;
}

/* The copy is a file by itself, without a log beside it, and whole. */
static bool
complete(sqlite3 *db, const char *path, struct errbuf *e)
{
	sqlite3_stmt *stmt;
	bool ok = sqlite_run(db, "PRAGMA journal_mode=DELETE") == SQLITE_OK &&
		sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) == SQLITE_OK;

	if (!ok)
		return err(e, "cannot complete %s: %s", path, sqlite3_errmsg(db));
	ok = sqlite3_step(stmt) == SQLITE_ROW && str_eq(sqlite_column(stmt, 0), STR("ok"));
	sqlite3_finalize(stmt);
	return ok || err(e, "the store is damaged, and so would be the copy");
}

static bool
copy_to(struct sqlite *q, const char *part, struct errbuf *e)
{
	sqlite3 *to;
	int rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = copy_pages(q->db, to);
	bool ok = rc == SQLITE_OK ? complete(to, part, e)
				  : err(e, "cannot copy to %s: %s", part, sqlite3_errstr(rc));
	if (sqlite3_close(to) != SQLITE_OK)
		ok = err(e, "cannot close %s", part);
	return ok;
}

bool
sqlite_backup(struct store *s, const char *path, struct errbuf *e)
{
	char part[4200];
	struct buf b = BUF(part);

	if (!((struct sqlite *)s->own)->db)
		return err(e, "the store is not open");
	buf_printf(&b, "%s.part-%ld", path, (long)getpid());
	buf_putc(&b, '\0');
	if (buf_is_cut(&b))
		return err(e, "%.100s...: the name is too long", path);
	if (access(path, F_OK) == 0)
		return err(e, "%s exists already", path);
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err(e, "cannot make %s: %s", part, strerror(errno));
	close(fd);
	bool ok = copy_to(s->own, part, e);
	/* Unlike rename() it never takes the place of what has come meanwhile. */
	if (ok && link(part, path) != 0)
		ok = err(e, "cannot make %s: %s", path, strerror(errno));
	(void)unlink(part);
	return ok;
}
