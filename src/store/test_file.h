/*
 * For tests of the store in a file: a directory of its own for each test, and short ways to write,
 * read and spoil what is in it.
 */
#ifndef STORE_TEST_FILE_H
#define STORE_TEST_FILE_H

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/store.h"

extern char dir[64], path[96];
/* What the store has said last, and how often it said something. */
extern char said[2048];
extern int n_said;
/* Options that keep what is said, and a clock that is ms_by ahead. */
extern const struct store_options plain;
extern uint64_t ms_by;
extern const struct store_clock ahead;
/* What store_check() told on_fault(). */
extern char faults[4096];

struct answer {
	enum store_status status;
	char value[64];
	int64_t number;
};

int setup(void **state);
int teardown(void **state);
void clear_dir(void);
/* Without logs beside them. */
size_t files_with(const char *part);
void write_file(const char *name, const void *p, size_t n);
/* free() it. */
char *read_file(const char *name, size_t *n);

struct store *opened_with(const struct store_options *o);
struct store *opened(void);
/* It cannot be opened, and the part is in what is said about it. */
void expect_refused(const struct store_options *o, const char *part);
void put(struct store *s, enum store_table table, const char *key, struct str value);
struct answer get(struct store *s, enum store_table table, const char *key);
/* k0 to k599 with values "value 0" and so on, every third in STORE_EXEMPT, the others in
 * STORE_CASE; of these k0 to k59 are deleted again. */
void fill(void);
void on_fault(void *ctx, const char *text);
/* SQL behind the store's back. */
sqlite3 *raw(const char *sql);
void change(const char *sql);

#endif
