/* store/test_file: see test_file.h. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/test_file.h"

char dir[64], path[96], said[2048];
int n_said;

static void
say(void *ctx, enum store_say level, const char *text)
{
	n_said++;
	snprintf(said, sizeof(said), "%s", text);
}

const struct store_options plain = {.say = say};

struct store *
opened_with(const struct store_options *o)
{
	struct errbuf e = {0};
	struct store *s = store_open_sqlite(path, o, &e);

	if (!s)
		fail_msg("%s", e.text);
	return s;
}

struct store *
opened(void)
{
	return opened_with(&plain);
}

/* What is said when it cannot be opened. */
void
expect_refused(const struct store_options *o, const char *part)
{
	struct errbuf e = {0};

	assert_null(store_open_sqlite(path, o, &e));
	if (!strstr(e.text, part))
		fail_msg("said \"%s\", without \"%s\"", e.text, part);
}

int
setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/mxward-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/store.db", dir);
	n_said = 0;
	said[0] = '\0';
	return 0;
}

static int
remove_one(const char *name, const struct stat *st, int what, struct FTW *where)
{
	return remove(name);
}

int
teardown(void **state)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

size_t
files_with(const char *part)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *e; (e = readdir(d));)
		n += strstr(e->d_name, part) && !strstr(e->d_name, "-wal");
	closedir(d);
	return n;
}

void
put(struct store *s, enum store_table table, const char *key, struct str value)
{
	assert_true(store_write(s,
		&(struct store_op){.op = STORE_PUT,
			.table = table,
			.key = str_of(key),
			.value = value,
			.n_words = 1,
			.word = {str_of(key)}}));
}

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct answer *a = ctx;

	a->status = status;
	if (!r)
		return;
	snprintf(a->value, sizeof(a->value), "%.*s", STR_ARG(r->value));
	a->number = r->number[0];
}

struct answer
get(struct store *s, enum store_table table, const char *key)
{
	struct answer a = {.status = STORE_BUSY};

	assert_true(store_get(s, table, str_of(key), on_answer, &a));
	store_work(s);
	return a;
}

sqlite3 *
raw(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	return db;
}

void
change(const char *sql)
{
	sqlite3_close(raw(sql));
}

void
write_file(const char *name, const void *p, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	close(fd);
}

char *
read_file(const char *name, size_t *n)
{
	struct stat st;
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	char *p = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	close(fd);
	*n = (size_t)st.st_size;
	return p;
}

void
clear_dir(void)
{
	teardown(NULL);
	assert_int_equal(mkdir(dir, 0700), 0);
}

/* Big enough to have inner pages, lists of pages and free ones. */
void
fill(void)
{
	struct store *s = opened();
	char key[16], value[32], room[6000];

	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		snprintf(value, sizeof(value), "value %d", i);
		memset(room, 'x', sizeof(room));
		memcpy(room, value, strlen(value) + 1);
		put(s, i % 3 == 0 ? STORE_EXEMPT : STORE_CASE, key,
			i % 50 == 1 ? str_from(room, sizeof(room)) : str_of(value));
	}
	store_sync(s);
	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		store_write(s,
			&(struct store_op){
				.op = STORE_DEL, .table = STORE_CASE, .key = str_of(key)});
	}
	store_close(s);
}

uint64_t ms_by = 0;

static uint64_t
ms_ahead(void)
{
	return clock_ms() + ms_by;
}

const struct store_clock ahead = {clock_wall, ms_ahead};

char faults[4096];

void
on_fault(void *ctx, const char *text)
{
	size_t n = strlen(faults);

	snprintf(faults + n, sizeof(faults) - n, "%s\n", text);
}
