/* Unit tests of a connection for somebody who may wait: every way in which a peer can fail, and how
 * long that takes. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"

#include "net/caller.h"
#include "net/listen.h"

#define PATIENCE_US 200000
#define LATEST_US   (PATIENCE_US + 300000) /* on a busy machine */

static char directory[] = "/tmp/mxward-caller-XXXXXX";
static char spec[64];
static int server;

static int
setup(void **state)
{
	struct errbuf e = {0};

	if (!mkdtemp(directory))
		return -1;
	snprintf(spec, sizeof(spec), "unix:%s/s", directory);
	server = listen_open(str_of(spec), 0600, &e);
	return server >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	close(server);
	unlink(spec + 5);
	return rmdir(directory);
}

static uint64_t
soon(void)
{
	return clock_us() + PATIENCE_US;
}

static void
expect_in_time(uint64_t began_us, uint64_t least_us)
{
	uint64_t took = clock_us() - began_us;

	assert_true(took >= least_us);
	assert_true(took < LATEST_US);
}

static void
test_both_ways(void **state)
{
	char room[16];
	size_t n;
	int fd = caller_open(str_of(spec), soon()), peer = accept(server, NULL, NULL);

	assert_true(fd >= 0 && peer >= 0);
	assert_int_equal(caller_say(fd, STR("hello"), soon()), CALLER_OK);
	assert_int_equal(read(peer, room, sizeof(room)), 5);
	assert_false(caller_is_gone(fd));
	assert_int_equal(write(peer, "yes", 3), 3);
	assert_int_equal(caller_hear(fd, room, sizeof(room), &n, soon()), CALLER_OK);
	assert_int_equal(n, 3);
	assert_memory_equal(room, "yes", 3);
	close(peer);
	assert_true(caller_is_gone(fd));
	assert_int_equal(caller_hear(fd, room, sizeof(room), &n, soon()), CALLER_CLOSED);
	caller_close(fd);
}

static void
test_silence(void **state)
{
	char room[16];
	size_t n;
	int fd = caller_open(str_of(spec), soon()), peer = accept(server, NULL, NULL);
	uint64_t began = clock_us();

	assert_int_equal(caller_hear(fd, room, sizeof(room), &n, soon()), CALLER_TIMEOUT);
	expect_in_time(began, PATIENCE_US - 2000);
	close(peer);
	caller_close(fd);
}

/* What nobody reads has no room for ever. */
static void
test_deaf_peer(void **state)
{
	static char much[4 << 20];
	int fd = caller_open(str_of(spec), soon()), peer = accept(server, NULL, NULL);
	uint64_t began = clock_us();

	assert_int_equal(caller_say(fd, str_from(much, sizeof(much)), soon()), CALLER_TIMEOUT);
	expect_in_time(began, PATIENCE_US - 2000);
	close(peer);
	assert_int_equal(caller_say(fd, STR("x"), soon()), CALLER_CLOSED);
	caller_close(fd);
}

static void
test_nobody(void **state)
{
	struct errbuf e = {0};
	uint64_t began = clock_us();

	assert_int_equal(caller_open(STR("unix:/nowhere/at/all"), soon()), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(caller_open(STR("inet:127.0.0.1:1"), soon()), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(caller_open(STR("inet:redis.example:6379"), soon()), -1);
	assert_int_equal(errno, EINVAL);
	expect_in_time(began, 0);
	assert_false(caller_valid(STR("inet:redis.example:6379"), &e));
	assert_non_null(strstr(e.text, "not an address"));
	assert_true(caller_valid(STR("inet6:[2001:db8::1]:6379"), &e));
}

/* A unix socket whose backlog is full says neither yes nor no. */
static void
test_full_backlog(void **state)
{
	int fd[64], n = 0, narrow;
	char where[80];
	struct errbuf e = {0};

	snprintf(where, sizeof(where), "%s2", spec);
	narrow = listen_open(str_of(where), 0600, &e);
	assert_true(narrow >= 0);
	assert_int_equal(listen(narrow, 1), 0);
	uint64_t began = clock_us();
	while (n < 64 && (fd[n] = caller_open(str_of(where), soon())) >= 0)
		n++;
	assert_in_range(n, 1, 8);
	assert_int_equal(errno, ETIMEDOUT);
	expect_in_time(began, PATIENCE_US - 2000);
	while (n > 0)
		caller_close(fd[--n]);
	close(narrow);
	unlink(where + 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_deaf_peer),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_full_backlog),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
