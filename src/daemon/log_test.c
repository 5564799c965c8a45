/* Unit tests of the log: how values are written, what happens when nobody reads. */
#include <setjmp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/errbuf.h"

#include "net/loop.h"

#include "daemon/log.h"

static char directory[] = "/tmp/mxward-log-XXXXXX";
static char path[64], moved[64];

static struct str
content(const char *name)
{
	static char room[1 << 20];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, room, sizeof(room)) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? str_from(room, (size_t)n) : STR("");
}

static void
open_file(void)
{
	struct errbuf e = {0};

	unlink(path);
	assert_true(log_open(str_of(path), LOG_LEVEL_INFO, &e));
}

static int
setup(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(moved, sizeof(moved), "%s/log.1", directory);
	return 0;
}

static int
teardown(void **state)
{
	unlink(path);
	unlink(moved);
	return rmdir(directory);
}

static const struct {
	struct str value;
	const char *text;
} values[] = {
	{STR_INIT("plain"), "plain"},
	{STR_INIT(""), "\"\""},
	{STR_INIT("two words"), "\"two words\""},
	{STR_INIT("a=b"), "\"a=b\""},
	{STR_INIT("say \"no\""), "\"say \\\"no\\\"\""},
	{STR_INIT("\""), "\"\\\"\""},
	{STR_INIT("a\nlevel=error"), "\"a\\010level=error\""},
	{STR_INIT("a\r\n\tb"), "a\\013\\010\\009b"},
	{STR_INIT("nul\0here"), "nul\\000here"},
	{STR_INIT("\x1b[31m\xc3\xa9"), "\\027[31m\\195\\169"},
	{STR_INIT("back\\slash"), "back\\092slash"},
};

static void
test_values(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		char want[256];
		struct str got;

		open_file();
		log_event(LOG_LEVEL_WARN, "test", log_s("value", values[i].value), log_u("n", 7));
		got = content(path);
		snprintf(want, sizeof(want), " level=warn event=test value=%s n=7\n",
			values[i].text);
		if (!str_has_suffix(got, str_of(want)))
			fail_msg("got %.*s want %s", STR_ARG(got), want);
		assert_true(str_has_prefix(got, STR("time=20")));
		assert_int_equal(str_find(got, '\n'), got.n - 1);
	}
}

/* 40 values of a hostile peer: one line, bounded, whole pairs, the mark at its end. */
static void
test_long_line(void **state)
{
	struct log_pair pairs[40];
	char bytes[600];
	struct str got;

	memset(bytes, '\n', sizeof(bytes));
	for (size_t i = 0; i < COUNT(pairs); i++)
		pairs[i] = log_s("k", str_from(bytes, 40));
	open_file();
	log_pairs(LOG_LEVEL_INFO, "long", pairs, COUNT(pairs));
	got = content(path);
	assert_int_equal(str_find(got, '\n'), got.n - 1);
	assert_in_range(got.n, LOG_LINE_MAX - 200, LOG_LINE_MAX);
	assert_true(str_has_suffix(got, STR("\\010\\010 cut=yes\n")));

	memset(bytes, 'x', sizeof(bytes));
	open_file();
	log_event(LOG_LEVEL_INFO, "x", log_s("k", str_from(bytes, sizeof(bytes))));
	assert_true(str_has_suffix(content(path), STR("xxx...\n")));
}

static unsigned evaluated;

static struct str
costly(void)
{
	evaluated++;
	return STR("x");
}

static void
test_levels(void **state)
{
	open_file();
	log_event(LOG_LEVEL_DEBUG, "no", log_s("k", costly()));
	assert_int_equal(evaluated, 0);
	assert_int_equal(content(path).n, 0);
	log_event(LOG_LEVEL_INFO, "yes", log_s("k", costly()));
	assert_int_equal(evaluated, 1);
	assert_true(content(path).n > 0);
}

static void
test_bad_places(void **state)
{
	static const char *const bad[] = {"", "stdout", "relative/file", "/no/such/dir/log"};

	open_file();
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct errbuf e = {0};

		assert_false(log_open(str_of(bad[i]), LOG_LEVEL_DEBUG, &e));
		assert_int_equal(e.count, 1);
	}
	log_event(LOG_LEVEL_INFO, "still", log_z("k", "here"));
	assert_true(str_contains(content(path), STR("event=still")));
	assert_false(log_wants(LOG_LEVEL_DEBUG));
}

static void
test_reopen(void **state)
{
	struct errbuf e = {0};
	struct stat st;

	open_file();
	log_event(LOG_LEVEL_INFO, "first", log_u("n", 1));
	assert_int_equal(rename(path, moved), 0);
	log_event(LOG_LEVEL_INFO, "second", log_u("n", 2));
	assert_true(log_reopen(&e));
	log_event(LOG_LEVEL_INFO, "third", log_u("n", 3));
	assert_true(str_contains(content(moved), STR("event=second")));
	assert_false(str_contains(content(moved), STR("event=third")));
	assert_true(str_contains(content(path), STR("event=third")));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
}

static size_t
lines_in(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

static void
run_for(struct loop *l, uint64_t ms)
{
	struct timer *t = timer_new(l, stop, l);

	timer_set(t, ms);
	loop_run(l);
	timer_free(t);
}

static void
test_gathering(void **state)
{
	struct loop *l = loop_new();

	open_file();
	log_use_loop(l);
	log_event(LOG_LEVEL_INFO, "a", log_u("n", 1));
	assert_int_equal(content(path).n, 0); /* later */
	run_for(l, 60);
	assert_int_equal(lines_in(content(path)), 1);

	log_event(LOG_LEVEL_INFO, "b", log_u("n", 2));
	log_event(LOG_LEVEL_ERROR, "c", log_u("n", 3)); /* at once, and in order */
	assert_int_equal(lines_in(content(path)), 3);
	assert_true(str_contains(content(path), STR("n=3")));

	for (unsigned i = 0; i < 200; i++)
		log_event(LOG_LEVEL_INFO, "many", log_u("n", i));
	assert_in_range(lines_in(content(path)), 100, 202); /* what fills 4 KiB does not wait */
	log_use_loop(NULL);
	assert_int_equal(lines_in(content(path)), 203);
	loop_free(l);
}

/* Standard error is a pipe that nobody reads: nothing waits, lines are dropped and counted, and
 * the descriptor's own flags stay as they were. */
static void
test_nobody_reads(void **state)
{
	int ends[2], saved = dup(STDERR_FILENO), flags;
	static char room[1 << 20];
	size_t n = 0;
	unsigned long counted = 0;
	uint64_t before = log_dropped();
	struct errbuf e = {0};
	struct loop *l = loop_new();
	uint64_t begin, took;
	struct str got;
	bool opened;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	opened = log_open(STR("stderr"), LOG_LEVEL_INFO, &e);
	log_use_loop(l);
	begin = clock_us();
	for (unsigned i = 0; i < 5000; i++) /* some 300 KiB, the pipe holds 64 */
		log_event(LOG_LEVEL_INFO, "line", log_u("n", i));
	took = clock_us() - begin;
	flags = fcntl(ends[1], F_GETFL);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (int turn = 0; turn < 6; turn++) { /* the reader is back */
		ssize_t r;

		while ((r = read(ends[0], room + n, sizeof(room) - n)) > 0)
			n += (size_t)r;
		run_for(l, 250);
	}
	log_event(LOG_LEVEL_ERROR, "after", log_u("n", 1));
	n += (size_t)read(ends[0], room + n, sizeof(room) - n);
	dup2(saved, STDERR_FILENO);
	close(saved);
	log_use_loop(NULL);
	open_file();

	assert_true(opened);
	assert_true(took < 1000000);
	assert_int_equal(flags & O_NONBLOCK, 0);
	got = str_from(room, n);
	for (size_t i = 0; i < n; i++)
		if (str_has_prefix(str_skip(got, i), STR("dropped=")))
			counted += strtoul(room + i + 8, NULL, 10);
	assert_true(counted > 1000);
	assert_int_equal(log_dropped() - before, counted);
	/* Every line is there or counted; two more tell of it. */
	assert_int_equal(lines_in(got) + counted, 5000 + 2);
	assert_true(str_has_suffix(got, STR("event=after n=1\n")));
	close(ends[0]);
	close(ends[1]);
	loop_free(l);
}

/* A bug's place and the lines that waited are in the log when the process is gone. */
static void
test_bug_is_logged(void **state)
{
	struct str got;
	int status;
	pid_t pid;

	open_file();
	pid = fork();
	if (pid == 0) {
		struct loop *l = loop_new();

		signal(SIGABRT, SIG_DFL);
		log_use_loop(l);
		log_catch_bugs();
		log_event(LOG_LEVEL_INFO, "waiting", log_u("n", 1));
		must(1 + 1 == 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	got = content(path);
	assert_int_equal(lines_in(got), 2);
	assert_true(str_contains(got, STR("event=waiting")));
	assert_true(str_contains(got, STR("level=error event=bug file=")));
	assert_true(str_has_suffix(got, STR("must=\"1 + 1 == 3\" costs=\"this process\"\n")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_bad_places),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_gathering),
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test(test_bug_is_logged),
	};

	return cmocka_run_group_tests_name("daemon/log", tests, setup, teardown);
}
