/* Unit tests of the store in a file: strangers' files, what the check finds, other processes,
 * copies. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/test_file.h"

/* --- files of others --- */

static void
test_strangers_files(void **state)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/bash, and so on for some lines more\n";
	size_t n;

	write_file(path, text, sizeof(text));
	expect_refused(&plain, "is no store of mxward");
	char *p = read_file(path, &n);
	assert_int_equal(n, sizeof(text));
	assert_memory_equal(p, text, n);
	free(p);
	unlink(path);
	change("CREATE TABLE accounts(name); INSERT INTO accounts VALUES('ann')");
	expect_refused(&plain, "is no store of mxward");
	change("INSERT INTO accounts VALUES('bob')");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(&plain, "cannot open");
	assert_int_equal(files_with("corrupt"), 0);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/none/store.db", dir);
	expect_refused(&plain, "No such file");
}

static void
test_new_file(void **state)
{
	struct stat st;

	write_file(path, "", 0); /* as mktemp(1) leaves it */
	store_close(opened());
	unlink(path);
	umask(0);
	store_close(opened());
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(n_said, 0);
}

static void
test_newer_version(void **state)
{
	store_close(opened());
	change("UPDATE meta SET value=2 WHERE name='version'");
	change("PRAGMA user_version=2");
	expect_refused(&plain, "newer mxward");
	assert_int_equal(files_with("corrupt"), 0);
}

/* Only one of the two places says so. */
static void
test_flipped_version(void **state)
{
	store_close(opened());
	change("PRAGMA user_version=3");
	store_close(opened());
	assert_int_equal(files_with("corrupt"), 1);
}

static void
test_read_only(void **state)
{
	const struct store_options o = {.read_only = true};
	size_t n;

	expect_refused(&o, "cannot open");
	assert_int_equal(access(path, F_OK), -1);
	struct store *s = opened();
	put(s, STORE_CASE, "a", STR("one"));
	store_close(s);
	s = opened_with(&o);
	put(s, STORE_CASE, "a", STR("two"));
	store_work(s);
	assert_string_equal(get(s, STORE_CASE, "a").value, "one");
	store_close(s);
	char *p = read_file(path, &n);
	memset(p + 4096, 0x55, 4096);
	write_file(path, p, n);
	free(p);
	/* It can be opened, so as to be examined, or says why not; it is never put aside. */
	struct errbuf e = {0};
	s = store_open_sqlite(path, &o, &e);
	assert_true(s || e.count);
	store_close(s);
	assert_int_equal(files_with("corrupt"), 0);
}

static void
test_no_permission(void **state)
{
	store_close(opened());
	chmod(dir, 0755);
	if (getuid() != 0) {
		print_message("not root: nobody else to be\n");
		skip();
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct errbuf e = {0};
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(1);
		if (store_open_sqlite(path, &plain, &e) || !strstr(e.text, "unable to open"))
			_exit(2);
		unlink(path); /* in vain */
		snprintf(path, sizeof(path), "%s/other.db", dir);
		e = (struct errbuf){0};
		_exit(store_open_sqlite(path, &plain, &e) || !strstr(e.text, "Permission"));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- what is wrong inside --- */

static void
expect_fault(const char *sql, const char *part)
{
	struct store *s;
	uint64_t records;

	faults[0] = '\0';
	clear_dir();
	fill();
	change(sql);
	s = opened_with(&(struct store_options){.read_only = true});
	assert_int_equal(store_check(s, on_fault, NULL, &records), STORE_FAIL);
	if (!strstr(faults, part))
		fail_msg("%s: said \"%s\"", sql, faults);
	assert_int_equal(records, 560);
	store_close(s);
}

static void
test_check_finds(void **state)
{
	expect_fault("UPDATE record SET blob=x'0102' WHERE key=CAST('k3' AS BLOB)",
		"record \"k3\" of table exempt is damaged");
	expect_fault("UPDATE record SET key=CAST('other' AS BLOB) WHERE key=CAST('k3' AS BLOB)",
		"record \"other\" of table exempt is damaged");
	expect_fault("UPDATE record SET touched=5 WHERE key=CAST('k64' AS BLOB)", "other times");
	expect_fault("UPDATE record SET kind=1 WHERE key=CAST('k3' AS BLOB)", "other times");
	expect_fault("UPDATE record SET tab=77 WHERE key=CAST('k3' AS BLOB)", "not known");
	expect_fault("DELETE FROM word WHERE word=CAST('k3' AS BLOB)", "all of its words");
	expect_fault("INSERT INTO word VALUES(0, x'41', 3)", "560 belong there");
}

/* Columns are copies: a search believes the record. */
static void
test_index_is_not_believed(void **state)
{
	const struct store_query q = {
		.table = STORE_CASE, .n_words = 1, .word = {{STR("stray"), STR("stray")}}};
	struct store *s = opened();

	put(s, STORE_CASE, "a", STR("one"));
	put(s, STORE_CASE, "b", STR("two"));
	store_close(s);
	change("INSERT INTO word VALUES(0, CAST('stray' AS BLOB), 1)");
	change("UPDATE record SET blob=(SELECT blob FROM record WHERE id=1) WHERE id=2");
	s = opened();
	assert_int_equal(store_find(s, &q, NULL, NULL), STORE_OK); /* nothing is shown */
	assert_int_equal(get(s, STORE_CASE, "a").status, STORE_OK);
	assert_int_equal(get(s, STORE_CASE, "b").status, STORE_FAIL);
	assert_int_equal(n_said, 1);
	/* And can be written anew. */
	put(s, STORE_CASE, "b", STR("three"));
	assert_int_equal(store_sync(s), STORE_OK);
	assert_string_equal(get(s, STORE_CASE, "b").value, "three");
	store_close(s);
}

/* --- others --- */

static void
test_two_processes(void **state)
{
	const struct store_options o = {.clock = &ahead, .busy_ms = 1};
	struct store *a = opened_with(&o), *b = opened_with(&o);
	struct store_counters c;

	ms_by += 1000;
	store_work(a);
	put(b, STORE_EXEMPT, "192.0.2.1", STR("all"));
	assert_int_equal(store_sync(b), STORE_OK);
	ms_by += 500;
	store_work(a);
	assert_non_null(store_image_find(store_image(a, STORE_EXEMPT), STR("192.0.2.1")));
	/* Sums of both add up. */
	for (int i = 0; i < 100; i++) {
		const struct store_op op = {
			.op = STORE_ADD, .table = STORE_COUNTER, .key = STR("n"), .add = {1}};
		assert_true(store_write(i % 2 ? a : b, &op));
		assert_int_equal(store_sync(i % 2 ? a : b), STORE_OK);
	}
	struct store_stats stats;
	assert_int_equal(get(a, STORE_COUNTER, "n").number, 100);
	assert_int_equal(store_stats(a, &stats), STORE_OK);
	assert_int_equal(stats.table[STORE_COUNTER].records, 1);
	store_close(b);
	/* While somebody else writes nothing is lost, and nothing is trouble. */
	sqlite3 *db = raw("BEGIN IMMEDIATE");
	put(a, STORE_CASE, "a", STR("one"));
	assert_int_equal(store_sync(a), STORE_BUSY);
	ms_by += 200;
	store_work(a);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	ms_by += 200;
	store_work(a);
	store_counters(a, &c);
	assert_int_equal(c.queued, 0);
	assert_int_equal(c.failed, 0);
	sqlite3_close(db);
	store_close(a);
}

static void
test_backup(void **state)
{
	struct errbuf e = {0};
	char copy[sizeof(path)];
	struct store *writer, *s;
	uint64_t records;
	size_t n, n_again;

	fill();
	writer = opened();
	s = opened_with(&(struct store_options){.read_only = true});
	put(writer, STORE_CASE, "just now", STR("in the log"));
	assert_int_equal(store_sync(writer), STORE_OK);
	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	assert_true(store_backup(s, copy, &e));
	/* What is written afterwards is not in it; what is there is not written over. */
	put(writer, STORE_CASE, "later", STR("x"));
	assert_int_equal(store_sync(writer), STORE_OK);
	char *p = read_file(copy, &n);
	assert_false(store_backup(s, copy, &e));
	assert_non_null(strstr(e.text, "exists already"));
	char *again = read_file(copy, &n_again);
	assert_int_equal(n, n_again);
	assert_memory_equal(p, again, n);
	free(p);
	free(again);
	store_close(s);
	store_close(writer);
	assert_int_equal(files_with("part"), 0);
	snprintf(path, sizeof(path), "%s", copy);
	s = opened_with(&(struct store_options){.read_only = true});
	assert_int_equal(store_check(s, on_fault, NULL, &records), STORE_OK);
	assert_int_equal(records, 561);
	assert_string_equal(get(s, STORE_CASE, "just now").value, "in the log");
	assert_int_equal(get(s, STORE_CASE, "later").status, STORE_NONE);
	e = (struct errbuf){0};
	assert_false(store_backup(s, "/nonexistent/copy.db", &e));
	assert_non_null(strstr(e.text, "No such file"));
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_strangers_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flipped_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_permission, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_index_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backup, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
