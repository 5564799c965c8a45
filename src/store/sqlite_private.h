/*
 * store/sqlite, inside: the connection, shared by the parts that open, use and check it.
 */
#ifndef STORE_SQLITE_PRIVATE_H
#define STORE_SQLITE_PRIVATE_H

#include <sqlite3.h>

#include "store/store_private.h"

/* Statements that are prepared once.  All SQL of the program is constant text; what varies is
 * bound. */
enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_GET,
	SQL_BY_ID,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_DELETE,
	SQL_ADD_WORD,
	SQL_DELETE_WORD,
	SQL_HAS_WORD,
	SQL_TIME,
	SQL_HOT,
	SQL_META,
	SQL_DATA_VERSION,
	SQL_OVER,
	SQL_PAST,
	SQL_OLDEST,
	SQL_PAGES,
	SQL_FREE_PAGES,
	SQL_PAGE_SIZE,
	SQL_TOTALS,
	SQL_ALL,
	SQL_COUNT_WORDS,
	SQL_STATEMENTS
};

struct sqlite {
	sqlite3 *db; /* NULL: could not be opened again */
	sqlite3_stmt *stmt[SQL_STATEMENTS];
	char *path;
	bool corrupt; /* a statement has found out: put it aside */
	bool told_damaged;
	uint64_t renewed_ms;  /* when that was done last; 0: never */
	int64_t data_version; /* of the last look */
	int64_t hot;	      /* the generation of hot tables that was seen last */
	bool hot_mine;	      /* this connection has changed one */
	char blob[STORE_BLOB_MAX], room[STORE_BLOB_MAX]; /* what was read; what is written */
};

/* --- sqlite.c --- */

/* Run constant text that returns nothing of interest. */
int sqlite_run(sqlite3 *db, const char *sql);
/* The first column of the only row of constant text; false: none. */
bool sqlite_number(sqlite3 *db, const char *sql, int64_t *out);
/* What SQLite's result means.  For STORE_FAIL the trouble is noted, with what was tried. */
enum store_status sqlite_status(struct store *s, int rc, const char *what);
/* The row of a statement as a record; bytes are copied to q->blob.  False: damaged. */
bool sqlite_row(struct store *s, sqlite3_stmt *stmt, enum store_table table, int key_column,
	int blob_column, struct rested *out);
/* Of the meta table; 0 where there is none. */
int64_t sqlite_meta(struct sqlite *q, const char *name);
struct str sqlite_column(sqlite3_stmt *stmt, int column);

/* --- sqlite_open.c --- */

/* Open q->path, make or repair what is needed, prepare all statements.  False with e filled. */
bool sqlite_connect(struct store *s, struct errbuf *e);
void sqlite_disconnect(struct sqlite *q);
/* Where the file turned out to be damaged, or is not at its place any more: begin a new one. False:
 * there is no connection. */
bool sqlite_renew(struct store *s);

/* --- sqlite_check.c --- */

enum store_status sqlite_check(
	struct store *s, void (*fault)(void *ctx, const char *text), void *ctx, uint64_t *records);
bool sqlite_backup(struct store *s, const char *path, struct errbuf *e);

#endif
