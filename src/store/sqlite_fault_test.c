/* Unit tests of what a file can suffer: damage, a full disk, a failing one.  MXWARD_FLIPS sets how
 * many damaged files are tried. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/test_file.h"

/* --- damage --- */

/* Whatever is told is right. */
static size_t
expect_no_lie(struct store *s)
{
	char key[16], value[32];
	size_t known = 0;

	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		snprintf(value, sizeof(value), "value %d", i);
		struct answer a = get(s, i % 3 == 0 ? STORE_EXEMPT : STORE_CASE, key);
		known += a.status == STORE_OK;
		if (a.status == STORE_OK && strncmp(a.value, value, strlen(value)) != 0)
			fail_msg("%s: %s", key, a.value);
	}
	return known;
}

static void
use_damaged(size_t *known)
{
	uint64_t began = clock_us();
	struct store *s = opened();

	assert_true(clock_us() - began < 10000000);
	*known += expect_no_lie(s);
	put(s, STORE_CASE, "new", STR("new"));
	if (store_sync(s) != STORE_OK) /* damaged twice within a minute */
		assert_true(files_with("corrupt") > 0);
	else
		assert_string_equal(get(s, STORE_CASE, "new").value, "new");
	store_close(s);
}

static void
test_flips(void **state)
{
	const char *wanted = getenv("MXWARD_FLIPS");
	uint64_t random = 88172645463325252, tries = 60;
	size_t n, known = 0, aside = 0;

	if (wanted)
		assert_true(str_to_u64(str_of(wanted), 1000000, &tries));
	fill();
	char *pristine = read_file(path, &n), *p = malloc(n);
	for (uint64_t i = 0; i < tries; i++) {
		memcpy(p, pristine, n);
		for (uint64_t flips = 1 + i % 64; flips > 0; flips--) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* A third of them to where they do most harm. */
			size_t at = (size_t)(random % (i % 3 == 0 && n > 4096 ? 4096 : n));
			p[at] ^= (char)(1 << (random >> 60 & 7));
		}
		clear_dir();
		write_file(path, p, i % 10 == 9 ? (size_t)(random % n) : n);
		use_damaged(&known);
		aside += files_with("corrupt") > 0;
	}
	free(p);
	free(pristine);
	print_message("%llu damaged files, %zu put aside, %zu of %llu records still told\n",
		(unsigned long long)tries, aside, known, (unsigned long long)tries * 560);
	assert_true(aside > tries / 4);
	assert_true(known > 0);
}

static void
test_damage_is_told_and_put_aside(void **state)
{
	size_t n;

	fill();
	char *p = read_file(path, &n);
	memset(p + n - 4096, 0x55, 4096); /* the last page; exemptions lie before it */
	write_file(path, p, n);
	free(p);
	struct store *s = opened();
	assert_int_equal(files_with("store.db.corrupt-2"), 1);
	assert_int_equal(n_said, 2); /* put aside; taken over */
	assert_non_null(strstr(said, "taken over"));
	assert_true(expect_no_lie(s) >= 100);
	assert_string_equal(get(s, STORE_EXEMPT, "k3").value, "value 3");
	store_close(s);
	assert_int_equal(files_with("store.db.corrupt-2"), 1);
}

/* A file that is damaged while it is in use, by somebody who writes over it. */
static void
test_damage_at_work(void **state)
{
	static char large[200000];
	struct store *s, *other;
	size_t n;
	int failed = 0;

	fill();
	s = opened();
	for (int i = 0; i < 20; i++) {
		char key[16];
		snprintf(key, sizeof(key), "large%d", i);
		put(s, STORE_CASE, key, str_from(large, sizeof(large)));
	}
	store_close(s);
	s = opened();
	store_work(s);
	assert_int_equal(store_image(s, STORE_EXEMPT)->n, 200);
	/* After somebody else's change it reads its pages again. */
	other = opened();
	put(other, STORE_SEEN, "x", STR("x"));
	store_close(other);
	char *p = read_file(path, &n);
	memset(p + 4096, 0x55, n - 4096);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, p, n, 0), (ssize_t)n);
	close(fd);
	free(p);
	for (int i = 0; i < 20; i++) {
		char key[16];
		snprintf(key, sizeof(key), "large%d", i);
		failed += get(s, STORE_CASE, key).status == STORE_FAIL;
	}
	assert_in_range(failed, 1, 20);
	for (int i = 0; i < 600; i++) {
		char key[16];
		snprintf(key, sizeof(key), "n%d", i);
		put(s, STORE_HISTORY, key, STR("x"));
	}
	assert_int_equal(store_sync(s), STORE_OK);
	assert_int_equal(files_with("corrupt-2"), 1);
	/* What was in force still is, in memory and in the new file. */
	store_work(s);
	assert_int_equal(store_image(s, STORE_EXEMPT)->n, 200);
	assert_string_equal(get(s, STORE_HISTORY, "n599").value, "x");
	store_close(s);
	s = opened();
	assert_string_equal(get(s, STORE_EXEMPT, "k3").value, "value 3");
	store_close(s);
}

static void
test_file_taken_away(void **state)
{
	struct store *s = opened();
	char away[120];

	put(s, STORE_CASE, "a", STR("one"));
	assert_int_equal(store_sync(s), STORE_OK);
	snprintf(away, sizeof(away), "%s/away.db", dir);
	assert_int_equal(rename(path, away), 0);
	store_set_keep(s, &(struct store_keep){0}); /* the sweep is due */
	store_work(s);
	put(s, STORE_CASE, "b", STR("two"));
	assert_int_equal(store_sync(s), STORE_OK);
	store_close(s);
	s = opened();
	assert_string_equal(get(s, STORE_CASE, "b").value, "two");
	store_close(s);
}

/* --- a disk that is full or fails --- */

static void
expect_kept_meanwhile(struct store *s, void (*repair)(void))
{
	struct store_counters c;

	for (int i = 0; i < 2000; i++) {
		char key[16];
		snprintf(key, sizeof(key), "n%d", i);
		put(s, STORE_HISTORY, key, STR("some value of some length, so that it fills"));
	}
	for (int i = 0; i < 20; i++) {
		ms_by += 1000;
		store_work(s);
	}
	store_counters(s, &c);
	assert_true(c.failed >= 2 && c.failed < 12); /* with growing pauses */
	assert_true(c.queued > 0);
	assert_int_equal(n_said, 1); /* once */
	assert_non_null(strstr(said, "cannot be used"));
	assert_int_equal(store_image(s, STORE_EXEMPT)->n, 200);
	/* What can be read is told. */
	assert_string_equal(get(s, STORE_CASE, "k599").value, "value 599");
	assert_int_equal(get(s, STORE_HISTORY, "n1999").status, STORE_NONE);
	repair();
	ms_by += 31000;
	store_work(s);
	store_counters(s, &c);
	assert_int_equal(c.queued, 0);
	assert_int_equal(c.written, 2000);
	assert_int_equal(c.dropped, 0);
	assert_int_equal(n_said, 2);
	assert_non_null(strstr(said, "can be used again"));
	assert_string_equal(get(s, STORE_HISTORY, "n1999").value,
		"some value of some length, so that it fills");
	assert_int_equal(files_with("corrupt"), 0);
	store_close(s);
	s = opened();
	uint64_t records;
	assert_int_equal(store_check(s, on_fault, NULL, &records), STORE_OK);
	assert_int_equal(records, 2560);
	store_close(s);
}

static void
limit(rlim_t size)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void
more_room(void)
{
	limit(RLIM_INFINITY);
}

static void
test_disk_full(void **state)
{
	const struct store_options o = {.say = plain.say, .clock = &ahead};

	fill();
	signal(SIGXFSZ, SIG_IGN);
	struct store *s = opened_with(&o);
	store_work(s);
	limit(100000);
	expect_kept_meanwhile(s, more_room);
}

/* SQLite's own file layer with a switch in it: writing or reading fails with EIO. */
static sqlite3_vfs failing, *base;
/* The database itself, and its log: their methods differ. */
static sqlite3_io_methods methods[2];
static const sqlite3_io_methods *sound[2];
static bool fail_writes, fail_reads;
static int log_syncs;

static const sqlite3_io_methods *
sound_of(const sqlite3_file *f)
{
	return sound[f->pMethods == &methods[1]];
}

static int
failing_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return fail_writes ? SQLITE_IOERR_WRITE : sound_of(f)->xWrite(f, p, n, at);
}

static int
failing_sync(sqlite3_file *f, int flags)
{
	log_syncs += f->pMethods == &methods[1];
	return fail_writes ? SQLITE_IOERR_FSYNC : sound_of(f)->xSync(f, flags);
}

static int
failing_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return fail_reads ? SQLITE_IOERR_READ : sound_of(f)->xRead(f, p, n, at);
}

static int
failing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	int rc = base->xOpen(base, name, f, flags, out), i = !(flags & SQLITE_OPEN_MAIN_DB);

	if (rc == SQLITE_OK && f->pMethods) {
		sound[i] = f->pMethods;
		methods[i] = *f->pMethods;
		methods[i].xWrite = failing_write;
		methods[i].xSync = failing_sync;
		methods[i].xRead = failing_read;
		f->pMethods = &methods[i];
	}
	return rc;
}

static void
works_again(void)
{
	fail_writes = fail_reads = false;
}

/* What is opened from now on. */
static void
fail_by_switch(void)
{
	base = sqlite3_vfs_find(NULL);
	failing = *base;
	failing.zName = "failing";
	failing.xOpen = failing_open;
	sqlite3_vfs_register(&failing, 1);
}

static void
test_eio(void **state)
{
	const struct store_options o = {.say = plain.say, .clock = &ahead};

	fill();
	fail_by_switch();
	struct store *s = opened_with(&o);
	store_work(s);
	fail_writes = true;
	expect_kept_meanwhile(s, works_again);
	fail_reads = true;
	expect_refused(&plain, "disk I/O error");
	assert_int_equal(files_with("corrupt"), 0);
	works_again();
	store_close(opened());
	sqlite3_vfs_unregister(&failing);
}

/* Time that stands still: a busy machine does not add to it. */
static uint64_t
ms_told(void)
{
	return 1000000 + ms_by;
}

/* Should the power fail: what was written a second ago is on the disk, for one sync a second. */
static void
test_log_is_synced_each_second(void **state)
{
	static const struct store_clock told = {clock_wall, ms_told};
	const struct store_options o = {.clock = &told};

	fail_by_switch();
	struct store *s = opened_with(&o);
	store_work(s);
	log_syncs = 0;
	for (int i = 0; i < 100; i++) { /* 20 s with a transaction every 200 ms */
		put(s, STORE_CASE, "a", STR("one"));
		ms_by += 200;
		store_work(s);
	}
	assert_in_range(log_syncs, 15, 25);
	/* And the last one, though nothing comes after it. */
	ms_by += 2000;
	store_work(s);
	log_syncs = 0;
	put(s, STORE_CASE, "a", STR("two"));
	ms_by += 200;
	store_work(s);
	assert_int_equal(log_syncs, 0);
	ms_by += 1000;
	store_work(s);
	assert_int_equal(log_syncs, 1);
	ms_by += 60000;
	store_work(s);
	assert_int_equal(log_syncs, 1);
	put(s, STORE_CASE, "a", STR("three"));
	assert_int_equal(store_sync(s), STORE_OK);
	assert_int_equal(log_syncs, 2);
	store_close(s);
	sqlite3_vfs_unregister(&failing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flips, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_told_and_put_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_at_work, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eio, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_is_synced_each_second, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
