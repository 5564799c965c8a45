/* Unit tests of asking at a unix socket: every way in which a peer can fail to answer. */
#include <setjmp.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/errbuf.h"

#include "net/dial.h"
#include "net/listen.h"

#define PATIENCE 300 /* ms */

static char directory[] = "/tmp/mxward-dial-XXXXXX";
static char spec[64];
static const char *path;
static int server;

static int
setup(void **state)
{
	struct errbuf e = {0};

	if (!mkdtemp(directory))
		return -1;
	snprintf(spec, sizeof(spec), "unix:%s/s", directory);
	path = spec + 5;
	server = listen_open(str_of(spec), 0600, &e);
	return server >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	close(server);
	unlink(path);
	return rmdir(directory);
}

enum manner { ANSWERS, IN_PIECES, CLOSES, IS_SILENT, DRIPS, FLOODS, DOES_NOT_READ };

/* What the peer does with one connection, in a process of its own. */
static _Noreturn void
serve_one(enum manner manner)
{
	char room[64];
	int fd;

	alarm(10);
	while ((fd = accept(server, NULL, NULL)) < 0)
		usleep(1000); /* the socket is non-blocking */
	if (manner != CLOSES && manner != DOES_NOT_READ)
		(void)!read(fd, room, sizeof(room));
	switch (manner) {
	case ANSWERS:
		(void)!write(fd, "fine\n", 5);
		break;
	case IN_PIECES:
		for (const char *c = "fine\n"; *c; c++) {
			(void)!write(fd, c, 1);
			usleep(2000);
		}
		break;
	case DOES_NOT_READ: /* and so resets the connection behind its answer */
		(void)!write(fd, "busy\n", 5);
		break;
	case IS_SILENT:
		for (;;)
			pause();
	case DRIPS:
		while (write(fd, "x", 1) == 1)
			usleep(20000);
		break;
	case FLOODS:
		while (send(fd, room, sizeof(room), MSG_NOSIGNAL) > 0)
			;
		break;
	case CLOSES:
		break;
	}
	close(fd);
	_exit(0);
}

static void
test_manners(void **state)
{
	static const struct {
		enum manner manner;
		enum dial_end want;
		const char *answer; /* NULL: of no interest */
	} rows[] = {
		{ANSWERS, DIAL_ANSWER, "fine\n"},
		{IN_PIECES, DIAL_ANSWER, "fine\n"},
		{DOES_NOT_READ, DIAL_ANSWER, "busy\n"},
		{CLOSES, DIAL_CLOSED, ""},
		{IS_SILENT, DIAL_TIMEOUT, ""},
		{DRIPS, DIAL_TIMEOUT, NULL},
		{FLOODS, DIAL_TOO_MUCH, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char room[200];
		struct buf answer = BUF(room);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			serve_one(rows[i].manner);
		uint64_t began = clock_us();
		enum dial_end end = dial_ask(path, STR("status\n"), PATIENCE, &answer);
		uint64_t took = (clock_us() - began) / 1000;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (end != rows[i].want)
			fail_msg("row %zu: %d", i, end);
		assert_true(took < PATIENCE + 500);
		assert_true(end != DIAL_TIMEOUT || took >= PATIENCE);
		if (rows[i].answer && !str_eq(buf_str(&answer), str_of(rows[i].answer)))
			fail_msg("row %zu: \"%.*s\"", i, STR_ARG(buf_str(&answer)));
	}
}

/* A stopped daemon whose backlog is full takes nobody any more. */
static void
test_full_backlog(void **state)
{
	static char long_path[200];
	char room[16], full[64];
	struct buf answer = BUF(room);
	struct errbuf e = {0};
	int fd;

	snprintf(full, sizeof(full), "unix:%s/full", directory);
	fd = listen_open(str_of(full), 0600, &e);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 0), 0); /* room for one */
	assert_int_equal(dial_ask(full + 5, STR("x\n"), 50, &answer), DIAL_TIMEOUT);
	uint64_t began = clock_us();
	assert_int_equal(dial_ask(full + 5, STR("x\n"), PATIENCE, &answer), DIAL_TIMEOUT);
	assert_in_range((clock_us() - began) / 1000, PATIENCE, PATIENCE + 500);
	close(fd);
	assert_int_equal(dial_ask(full + 5, STR("x\n"), PATIENCE, &answer), DIAL_NOBODY);
	assert_int_equal(errno, ECONNREFUSED);
	unlink(full + 5);
	assert_int_equal(dial_ask(full + 5, STR("x\n"), PATIENCE, &answer), DIAL_NOBODY);
	assert_int_equal(errno, ENOENT);
	memset(long_path, 'x', sizeof(long_path) - 1);
	assert_int_equal(dial_ask(long_path, STR("x\n"), PATIENCE, &answer), DIAL_NOBODY);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void
test_denied(void **state)
{
	int status;
	pid_t pid;

	assert_int_equal(chmod(path, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char room[16];
		struct buf answer = BUF(room);
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(99);
		_exit((int)dial_ask(path, STR("x\n"), PATIENCE, &answer));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), DIAL_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manners),
		cmocka_unit_test(test_full_backlog),
		cmocka_unit_test(test_denied),
	};

	return cmocka_run_group_tests_name("net/dial", tests, setup, teardown);
}
