/*
 * store/sqlite: opening, making, and what is done about a damaged file.
 *
 * A damaged file is put aside as PATH.corrupt-TIME, with its log, and a new one is begun.  Before
 * that, exemptions and mailbox switches that can still be read are taken over: administrators have
 * written them by hand.  Nothing is put aside that was never a store, whatever [store] file names.
 *
 * How long opening takes is bounded by how much is looked at: a whole file up to CHECK_SIZE_MAX,
 * nothing of a larger one.  There damage is found when it is read: pages that make no sense by
 * SQLite, everything else by the sum of each record.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/image.h"
#include "store/sqlite_private.h"

#define CHECK_SIZE_MAX ((off_t)64 << 20) /* 0.2 s when cached, 1 s from a disk of 64 MiB/s */
#define RENEW_PAUSE_MS 60000		 /* a disk that damages everything is not filled up */
#define SALVAGE_MAX    40000
#define SALVAGE_MS     500
/* A case has two to three kilobytes: of pages of 4096 bytes a third would be wasted. */
#define PAGE_BYTES     8192
#define PAGE_PRAGMA    "PRAGMA page_size=8192"
#define APPLICATION    "0x6d787764" /* "mxwd" */
#define APPLICATION_ID ((int64_t)0x6d787764)

/* The schema as it stands in the file.  A step of migrations[] that changes it changes this. */
#define SCHEMA_RECORD                                                                           \
	"CREATE TABLE record(id INTEGER PRIMARY KEY, tab INTEGER NOT NULL, key BLOB NOT NULL, " \
	"kind INTEGER NOT NULL, touched INTEGER NOT NULL, expires INTEGER NOT NULL, "           \
	"blob BLOB NOT NULL)"
static const struct {
	const char *name, *sql;
} schema[] = {
	{"meta", "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"},
	{"record", SCHEMA_RECORD},
	{"record_expires", "CREATE INDEX record_expires ON record(expires) WHERE expires>0"},
	{"record_key", "CREATE UNIQUE INDEX record_key ON record(tab, key)"},
	{"record_touched", "CREATE INDEX record_touched ON record(tab, kind, touched)"},
	{"word",
		"CREATE TABLE word(tab INTEGER NOT NULL, word BLOB NOT NULL, id INTEGER NOT NULL, "
		"PRIMARY KEY(tab, word, id)) WITHOUT ROWID"},
};

/* migrations[n] makes version n + 1 of version n; NULL-terminated.  The version stands in two
 * places: a flipped bit is not taken for a newer mxward. */
static const char *const first_version[] = {"PRAGMA application_id=" APPLICATION,
	"INSERT INTO meta VALUES('hot', 0), ('time', 0), ('wall', 0), ('version', 1)",
	"PRAGMA user_version=1", NULL};
static const char *const *const migrations[] = {first_version};
#define SCHEMA_VERSION ((int64_t)COUNT(migrations))

static const char *const statements[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_GET] = "SELECT id, key, blob FROM record WHERE tab=?1 AND key=?2",
	[SQL_BY_ID] = "SELECT tab, key, blob FROM record WHERE id=?1",
	[SQL_INSERT] = "INSERT INTO record(kind, touched, expires, blob, tab, key) "
		       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_UPDATE] = "UPDATE record SET kind=?1, touched=?2, expires=?3, blob=?4 WHERE id=?5",
	[SQL_DELETE] = "DELETE FROM record WHERE id=?1",
	[SQL_ADD_WORD] = "INSERT OR IGNORE INTO word(tab, word, id) VALUES(?1, ?2, ?3)",
	[SQL_DELETE_WORD] = "DELETE FROM word WHERE tab=?1 AND word=?2 AND id=?3",
	[SQL_HAS_WORD] = "SELECT 1 FROM word WHERE tab=?1 AND word=?2 AND id=?3",
	[SQL_TIME] = "INSERT OR REPLACE INTO meta SELECT 'time', max(?1, (SELECT value FROM meta "
		     "WHERE name='time')) UNION ALL SELECT 'wall', ?2",
	[SQL_HOT] = "UPDATE meta SET value=value+1 WHERE name='hot'",
	[SQL_META] = "SELECT value FROM meta WHERE name=?1",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_OVER] = "SELECT id FROM record WHERE expires>0 AND expires<=?1",
	[SQL_PAST] = "SELECT id FROM record WHERE tab=?1 AND kind=?2 AND touched<=?3",
	[SQL_OLDEST] = "SELECT id FROM record WHERE tab=?1 AND kind=?2 ORDER BY touched",
	[SQL_PAGES] = "PRAGMA page_count",
	[SQL_FREE_PAGES] = "PRAGMA freelist_count",
	[SQL_PAGE_SIZE] = "PRAGMA page_size",
	[SQL_TOTALS] = "SELECT tab, count(*), sum(length(blob)), min(touched), max(touched) "
		       "FROM record GROUP BY tab",
	[SQL_ALL] = "SELECT tab, key, blob, id, kind, touched, expires FROM record",
	[SQL_COUNT_WORDS] = "SELECT count(*) FROM word",
};

/* --- whose file is it? --- */

/* Some of what our schema is written with must still be legible. */
static bool
has_our_schema(const void *page, size_t n)
{
	static const char *const piece[] = {"record_expires", "record_touched", "record_key",
		"expires>0", "touched INTEGER", "blob BLOB", "tab, key)", "tab, kind, touched"};
	size_t found = 0;

	for (size_t i = 0; i < COUNT(piece); i++)
		found += memmem(page, n, piece[i], strlen(piece[i])) != NULL;
	return found >= 3;
}

/* A file that SQLite cannot read any more is ours if its first page still shows it: by our mark, by
 * our schema, or by nothing but zeros, which is what a power failure can leave. */
static bool
looks_ours(const char *path)
{
	static const char mark[4] = {'m', 'x', 'w', 'd'}, magic[] = "SQLite format 3";
	char page[PAGE_BYTES] = {0};
	bool zeros = true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return false;
	ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, page, sizeof(page)) : -1;
	close(fd);
	if (n <= 0)
		return false;
	for (size_t i = 0; i < (size_t)n; i++)
		zeros = zeros && page[i] == 0;
	return zeros || memcmp(page + 68, mark, sizeof(mark)) == 0 ||
		has_our_schema(page, (size_t)n) ||
		/* cut off while it was made */
		(n < 512 && memcmp(page, magic, sizeof(magic)) == 0);
}

/* --- taking over --- */

struct salvage {
	struct store_op *op[SALVAGE_MAX];
	size_t n;
};

/* The store's own time may be lost with its file.  By the wall clock then, but a day at least, lest
 * a wrong one forget everything. */
static int64_t
left_of(const struct rested *r, int64_t wall)
{
	if (!r->expires)
		return 0;
	return r->expires - wall > AGE_GAP_MAX_S ? r->expires - wall : AGE_GAP_MAX_S;
}

static void
keep_row(struct salvage *v, int table, struct str key, struct str blob, int64_t wall)
{
	struct rested r;
	size_t size;

	if (table < 0 || table >= STORE_TABLES || !store_tables[table].hot ||
		!rested_parse(blob, (enum store_table)table, key, &r))
		return;
	struct store_op op = {.op = STORE_PUT,
		.table = r.r.table,
		.key = key,
		.value = r.r.value,
		.kind = r.r.kind,
		.keep_s = left_of(&r, wall),
		.n_words = r.r.n_words};
	for (size_t i = 0; i < op.n_words; i++)
		op.word[i] = r.r.word[i];
	if (r.r.value.n && store_op_is_valid(&op))
		v->op[v->n++] = store_op_copy(&op, &size);
}

/* What of the hot tables can still be read.  Reading ends at a page that makes no sense, so it is
 * begun from several ends. */
static void
salvage_file(struct store *s, struct salvage *v)
{
	static const char *const ends[] = {
		"SELECT tab, key, blob FROM record WHERE tab IN (1, 2) ORDER BY tab, key",
		"SELECT tab, key, blob FROM record WHERE tab IN (1, 2) ORDER BY tab DESC, key DESC",
		"SELECT tab, key, blob FROM record NOT INDEXED ORDER BY id DESC",
		"SELECT tab, key, blob FROM record NOT INDEXED ORDER BY id",
	};
	struct sqlite *q = s->own;
	uint64_t until = store_ms(s) + SALVAGE_MS;
	int rc = SQLITE_ERROR;

	for (size_t i = 0; i < COUNT(ends) && rc != SQLITE_DONE; i++) {
		sqlite3_stmt *stmt;
		if (!q->db || sqlite3_prepare_v2(q->db, ends[i], -1, &stmt, NULL) != SQLITE_OK)
			continue;
		while (v->n < SALVAGE_MAX && store_ms(s) < until &&
			(rc = sqlite3_step(stmt)) == SQLITE_ROW)
			keep_row(v, sqlite3_column_int(stmt, 0), sqlite_column(stmt, 1),
				sqlite_column(stmt, 2), store_wall(s));
		sqlite3_finalize(stmt);
	}
}

/* In force until now, so worth the same. */
static void
salvage_images(struct store *s, struct salvage *v)
{
	for (int t = 0; t < STORE_TABLES; t++) {
		const struct store_image *image = &s->image[t].shown;
		for (size_t i = 0; i < image->n && v->n < SALVAGE_MAX; i++) {
			struct store_op op;
			size_t size;
			if (image_put_again(s, image->record[i], &op) && op.value.n)
				v->op[v->n++] = store_op_copy(&op, &size);
		}
	}
}

static void
bring_back(struct store *s, struct salvage *v)
{
	struct sqlite *q = s->own;
	int64_t n_now = 0;

	for (size_t i = 0; i < v->n; i += 256) {
		size_t n = v->n - i < 256 ? v->n - i : 256;
		if (!q->db ||
			s->back->apply(s, (const struct store_op *const *)v->op + i, n, false) !=
				STORE_OK)
			break;
	}
	if (v->n && q->db &&
		sqlite_number(q->db, "SELECT count(*) FROM record WHERE tab IN (1, 2)", &n_now))
		store_say(s, STORE_SAY_WARN,
			"%d exemptions and mailbox switches could still be read and were taken "
			"over "
			"into %s; others may be missing",
			(int)n_now, q->path);
	for (size_t i = 0; i < v->n; i++)
		heap_free(v->op[i]);
	heap_free(v);
}

/* --- putting aside --- */

static void
name_aside(struct store *s, const char *path, char *out, size_t size)
{
	char when[CLOCK_TEXT_MAX], compact[CLOCK_TEXT_MAX];
	size_t n = 0;

	clock_text(store_wall(s), when);
	for (const char *c = when; *c; c++)
		if (chr_is_alnum(*c))
			compact[n++] = *c;
	compact[n] = '\0';
	snprintf(out, size, "%s.corrupt-%s", path, compact);
	for (unsigned i = 2; access(out, F_OK) == 0 && i < 1000; i++)
		snprintf(out, size, "%s.corrupt-%s-%u", path, compact, i);
}

/* The connection is closed.  False with e filled. */
static bool
put_aside(struct store *s, struct errbuf *e)
{
	struct sqlite *q = s->own;
	char to[4200], log[4300], log_to[4300];

	if (strlen(q->path) > 4000)
		return err(e, "%.100s...: the name is too long", q->path);
	name_aside(s, q->path, to, sizeof(to));
	if (rename(q->path, to) != 0)
		return err(
			e, "%s is damaged and cannot be put aside: %s", q->path, strerror(errno));
	snprintf(log, sizeof(log), "%s-wal", q->path);
	snprintf(log_to, sizeof(log_to), "%s-wal", to);
	if (rename(log, log_to) != 0 && errno != ENOENT)
		(void)unlink(log);
	snprintf(log, sizeof(log), "%s-shm", q->path);
	(void)unlink(log);
	s->count.put_aside++;
	q->renewed_ms = store_ms(s);
	store_say(s, STORE_SAY_ERROR,
		"%s is damaged (%s): it is put aside as %s, and a new one is "
		"begun",
		q->path, s->trouble[0] ? s->trouble : "it cannot be read", to);
	return true;
}

/* --- opening --- */

enum opened {
	OPENED,
	OPENED_DAMAGED, /* it is ours and damaged: s->trouble says how */
	OPENED_NOT,	/* e says why */
};

/* While opening nothing is asked that a sound file could not answer: an error without a cause
 * outside is one of the file, and so is one that calls itself read-only although it can be written.
 */
static bool
is_damage(const struct sqlite *q, int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
		rc == SQLITE_ERROR || (rc == SQLITE_READONLY && access(q->path, W_OK) == 0);
}

/* What SQLite said last, as the end of opening. */
static enum opened
failed(struct store *s, int rc, struct errbuf *e)
{
	struct sqlite *q = s->own;

	if (s->o.read_only && ((rc & 0xff) == SQLITE_READONLY || (rc & 0xff) == SQLITE_CANTOPEN)) {
		err(e,
			"cannot open %s: whoever reads it must be able to write to its directory, "
			"where "
			"readers and writers of it share memory",
			q->path);
		return OPENED_NOT;
	}
	if (!is_damage(q, rc)) {
		err(e, "cannot open %s: %s", q->path, sqlite3_errmsg(q->db));
		return OPENED_NOT;
	}
	if (!looks_ours(q->path)) {
		err(e, "%s is no store of mxward: it is left alone", q->path);
		return OPENED_NOT;
	}
	store_trouble(s, "%s", sqlite3_errmsg(q->db));
	return OPENED_DAMAGED;
}

static int
configure(struct sqlite *q, int busy_ms)
{
	static const char *const how[] = {"PRAGMA cell_size_check=1", "PRAGMA temp_store=MEMORY",
		"PRAGMA cache_size=-16000", "PRAGMA wal_autocheckpoint=2000", "PRAGMA mmap_size=0",
		"PRAGMA synchronous=NORMAL", "PRAGMA journal_size_limit=16777216"};
	int rc = SQLITE_OK;

	sqlite3_extended_result_codes(q->db, 1);
	sqlite3_busy_timeout(q->db, busy_ms);
	sqlite3_limit(q->db, SQLITE_LIMIT_LENGTH, 8 << 20);
	sqlite3_limit(q->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	for (size_t i = 0; i < COUNT(how) && rc == SQLITE_OK; i++)
		rc = sqlite_run(q->db, how[i]);
	return rc;
}

/* From the version that the file has, 0 for a new one, to ours, in one transaction. */
static int
migrate(struct sqlite *q, int64_t version)
{
	int64_t now = 0;
	int rc = SQLITE_OK;

	if (version == 0) {
		rc = sqlite_run(q->db, PAGE_PRAGMA);
		if (rc == SQLITE_OK)
			rc = sqlite_run(q->db, "PRAGMA auto_vacuum=INCREMENTAL");
		if (rc == SQLITE_OK)
			rc = sqlite_run(q->db, "PRAGMA journal_mode=WAL");
	}
	if (rc == SQLITE_OK)
		rc = sqlite_run(q->db, "BEGIN IMMEDIATE");
	/* Another process may have done it since that was looked at. */
	if (rc == SQLITE_OK && !sqlite_number(q->db, "PRAGMA user_version", &now))
		rc = sqlite3_errcode(q->db);
	if (rc == SQLITE_OK && now == SCHEMA_VERSION)
		return sqlite_run(q->db, "COMMIT");
	for (size_t i = 0; version == 0 && i < COUNT(schema) && rc == SQLITE_OK; i++)
		rc = sqlite_run(q->db, schema[i].sql);
	for (; version < SCHEMA_VERSION && rc == SQLITE_OK; version++)
		for (const char *const *sql = migrations[version]; *sql && rc == SQLITE_OK; sql++)
			rc = sqlite_run(q->db, *sql);
	if (rc == SQLITE_OK)
		return sqlite_run(q->db, "COMMIT");
	if (!sqlite3_get_autocommit(q->db))
		(void)sqlite_run(q->db, "ROLLBACK");
	return rc;
}

/* The tables are the ones that we make: a flipped bit in the schema could mean anything. */
static int
check_schema(struct sqlite *q)
{
	sqlite3_stmt *stmt;
	size_t n = 0;
	int rc = sqlite3_prepare_v2(q->db,
		"SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
		"ORDER BY name",
		-1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (n >= COUNT(schema) || !str_eq(sqlite_column(stmt, 0), str_of(schema[n].name)) ||
			!str_eq(sqlite_column(stmt, 1), str_of(schema[n].sql)))
			break;
		n++;
	}
	sqlite3_finalize(stmt);
	if (rc == SQLITE_DONE)
		return n == COUNT(schema) ? SQLITE_OK : SQLITE_CORRUPT;
	return rc == SQLITE_ROW ? SQLITE_CORRUPT : rc;
}

static bool
quick_check(struct store *s)
{
	struct sqlite *q = s->own;
	sqlite3_stmt *stmt;
	bool ok = false;

	if (sqlite3_prepare_v2(q->db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		struct str said = sqlite_column(stmt, 0);
		ok = str_eq(said, STR("ok"));
		store_trouble(s, "%.*s", said.n < 150 ? (int)said.n : 150, said.p);
	}
	sqlite3_finalize(stmt);
	return ok;
}

static int
prepare(struct sqlite *q)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < SQL_STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(
			q->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &q->stmt[i], NULL);
	return rc;
}

/* Whose it is and of which version, before anything is written to it. */
static enum opened
identify(struct store *s, struct errbuf *e)
{
	struct sqlite *q = s->own;
	int64_t application = 0, version = 0, confirmed = 0, objects = 0;
	/* As of one moment: another process may be making it. */
	int rc = sqlite_run(q->db, "BEGIN");

	if (rc == SQLITE_OK)
		rc = sqlite_run(q->db, "SELECT 1 FROM sqlite_schema");
	if (rc != SQLITE_OK)
		return failed(s, rc, e);
	if (!sqlite_number(q->db, "PRAGMA application_id", &application) ||
		!sqlite_number(q->db, "PRAGMA user_version", &version) ||
		!sqlite_number(q->db, "SELECT count(*) FROM sqlite_schema", &objects))
		return failed(s, sqlite3_errcode(q->db), e);
	if (version > SCHEMA_VERSION &&
		!sqlite_number(q->db, "SELECT value FROM meta WHERE name='version'", &confirmed))
		confirmed = 0;
	rc = sqlite_run(q->db, "COMMIT");
	if (rc != SQLITE_OK)
		return failed(s, rc, e);
	if (application == 0 && objects == 0 && !s->o.read_only) {
		rc = migrate(q, 0);
		return rc == SQLITE_OK ? OPENED : failed(s, rc, e);
	}
	if (application != APPLICATION_ID) {
		store_trouble(s, "its mark is damaged");
		if (looks_ours(q->path))
			return OPENED_DAMAGED;
		err(e, "%s is no store of mxward: it is left alone", q->path);
		return OPENED_NOT;
	}
	if (version > SCHEMA_VERSION && version == confirmed) {
		err(e, "%s was made by a newer mxward (version %d of the store; this one knows %d)",
			q->path, (int)version, (int)SCHEMA_VERSION);
		return OPENED_NOT;
	}
	if (version < 1 || version > SCHEMA_VERSION) {
		store_trouble(s, "its version is damaged");
		return OPENED_DAMAGED;
	}
	if (version < SCHEMA_VERSION && s->o.read_only) {
		err(e, "%s is of an older mxward: the daemon brings it up to date", q->path);
		return OPENED_NOT;
	}
	rc = version < SCHEMA_VERSION ? migrate(q, version) : SQLITE_OK;
	return rc == SQLITE_OK ? OPENED : failed(s, rc, e);
}

static enum opened
examine(struct store *s, struct errbuf *e)
{
	struct sqlite *q = s->own;
	struct stat st;
	enum opened how = identify(s, e);

	if (how != OPENED)
		return how;
	int rc = s->o.read_only ? SQLITE_OK : sqlite_run(q->db, "PRAGMA journal_mode=WAL");
	if (rc == SQLITE_OK) {
		rc = check_schema(q);
		if (rc == SQLITE_CORRUPT) {
			store_trouble(s, "its tables are not the ones that belong there");
			return OPENED_DAMAGED;
		}
	}
	if (rc != SQLITE_OK)
		return failed(s, rc, e);
	if (!s->o.read_only && stat(q->path, &st) == 0 && st.st_size <= CHECK_SIZE_MAX &&
		!quick_check(s))
		return OPENED_DAMAGED;
	rc = prepare(q);
	return rc == SQLITE_OK ? OPENED : failed(s, rc, e);
}

static enum opened
open_file(struct store *s, struct errbuf *e)
{
	struct sqlite *q = s->own;
	int fd = -1,
	    flags = SQLITE_OPEN_NOMUTEX |
		(s->o.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);

	/* SQLite would let everybody read it. */
	if (!s->o.read_only)
		fd = open(q->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	else if (!s->o.read_only && errno != EEXIST) {
		err(e, "cannot make %s: %s", q->path, strerror(errno));
		return OPENED_NOT;
	}
	int rc = sqlite3_open_v2(q->path, &q->db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = configure(q, s->o.busy_ms);
	return rc == SQLITE_OK ? examine(s, e) : failed(s, rc, e);
}

static void
begin_time(struct store *s)
{
	struct sqlite *q = s->own;

	q->data_version = q->hot = -1;
	q->corrupt = q->told_damaged = false;
	age_begin(&s->age, sqlite_meta(q, "time"), sqlite_meta(q, "wall"), store_wall(s),
		store_ms(s));
}

void
sqlite_disconnect(struct sqlite *q)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		sqlite3_finalize(q->stmt[i]);
		q->stmt[i] = NULL;
	}
	sqlite3_close(q->db);
	q->db = NULL;
}

/* Close a damaged file's connection, having taken over what can be read, and put the file aside. */
static bool
replace(struct store *s, struct salvage *v, struct errbuf *e)
{
	struct sqlite *q = s->own;
	int moved = 0;

	salvage_file(s, v);
	/* Another process has done it already: its new file is not to be put aside as well. */
	if (q->db)
		(void)sqlite3_file_control(q->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	/* Closing would move the log into the damaged file and delete it. */
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite_disconnect(q);
	return moved || put_aside(s, e);
}

bool
sqlite_connect(struct store *s, struct errbuf *e)
{
	struct sqlite *q = s->own;
	struct salvage *v = NULL;
	enum opened how = open_file(s, e);

	if (how == OPENED_DAMAGED && s->o.read_only) {
		err(e, "%s is damaged: %s", q->path, s->trouble);
		how = OPENED_NOT;
	}
	if (how == OPENED_DAMAGED) {
		v = heap_calloc(1, sizeof(*v));
		how = replace(s, v, e) ? open_file(s, e) : OPENED_NOT;
	}
	if (how == OPENED) {
		begin_time(s);
		if (v)
			bring_back(s, v);
		return true;
	}
	if (how == OPENED_DAMAGED)
		err(e, "%s is damaged again: %s", q->path, s->trouble);
	for (size_t i = 0; v && i < v->n; i++)
		heap_free(v->op[i]);
	heap_free(v);
	sqlite_disconnect(q);
	return false;
}

/* Time goes on from where it was, whatever the new file says. */
static bool
connect_again(struct store *s, bool aside)
{
	struct sqlite *q = s->own;
	struct errbuf e = {0};
	struct age age = s->age;
	struct salvage *v = heap_calloc(1, sizeof(*v));

	if (aside && q->db)
		salvage_images(s, v);
	bool ok = !aside || !q->db || replace(s, v, &e);
	sqlite_disconnect(q);
	ok = ok && sqlite_connect(s, &e);
	if (ok) {
		s->age = age;
		if (aside)
			bring_back(s, v);
	} else {
		store_trouble(s, "%s", e.text);
	}
	if (!ok || !aside) {
		for (size_t i = 0; i < v->n; i++)
			heap_free(v->op[i]);
		heap_free(v);
	}
	return ok;
}

bool
sqlite_renew(struct store *s)
{
	struct sqlite *q = s->own;
	uint64_t now = store_ms(s);
	bool damaged = q->corrupt;

	if (s->o.read_only)
		return false;
	if (damaged && q->renewed_ms && now - q->renewed_ms < RENEW_PAUSE_MS) {
		store_trouble(s, "%s was damaged twice within a minute", q->path);
		return false;
	}
	q->corrupt = false;
	return connect_again(s, damaged);
}
