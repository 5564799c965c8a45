/* Unit tests of connections between processes, and of the names that they have. */
#include <setjmp.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "net/channel.h"
#include "net/local.h"

struct side {
	struct channel *c;
	int calls, sents;
	size_t most; /* shown at once */
	size_t use;  /* of each call, in whole messages of so many bytes; 0: all */
	unsigned seen;
	bool free_inside;
	const char *why;
};

static struct loop *loop;
static struct side a, b;

static size_t
on_input(void *ctx, struct str bytes)
{
	struct side *s = ctx;
	size_t n = s->use ? bytes.n / s->use * s->use : bytes.n;

	s->calls++;
	if (bytes.n > s->most)
		s->most = bytes.n;
	for (size_t i = 0; i < n; i++)
		if (bytes.p[i] != (char)s->seen++)
			fail_msg("byte %u", s->seen);
	if (s->free_inside) {
		channel_free(s->c);
		s->c = NULL;
	}
	return n;
}

static void
on_sent(void *ctx)
{
	((struct side *)ctx)->sents++;
}

static void
on_closed(void *ctx, const char *why)
{
	struct side *s = ctx;

	assert_null(s->why);
	s->why = why;
	s->c = NULL;
}

static const struct channel_handler handler = {on_input, on_sent, on_closed};
static const struct channel_limits limits = {
	.slice = 1000, .input_max = 5000, .output_max = 8 << 20};

static void
nothing(void *ctx)
{
}

/* Some turns of the loop. */
static void
turn(int n)
{
	struct timer *t = timer_new(loop, nothing, NULL);

	for (; n > 0; n--) {
		timer_set(t, 1);
		loop_once(loop);
	}
	timer_free(t);
}

static void
write_bytes(struct side *s, unsigned from, size_t n)
{
	char *p = heap_alloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(from + i);
	assert_true(channel_write(s->c, str_from(p, n)));
	heap_free(p);
}

static int
setup(void **state)
{
	int fd[2];

	a = b = (struct side){0};
	loop = loop_new();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		return -1;
	a.c = channel_new(loop, fd[0], &limits, &handler, &a);
	b.c = channel_new(loop, fd[1], &limits, &handler, &b);
	return 0;
}

static int
teardown(void **state)
{
	channel_free(a.c);
	channel_free(b.c);
	loop_free(loop);
	return 0;
}

/* Megabytes come in order and in slices, though the socket takes only some at once. */
static void
test_much(void **state)
{
	b.use = 7;
	write_bytes(&a, 0, 7 << 20);
	assert_true(channel_unsent(a.c) > 0);
	assert_int_equal(a.sents, 0);
	for (int i = 0; i < 20000 && b.seen < 7 << 20; i++)
		loop_once(loop);
	assert_int_equal(b.seen, 7 << 20);
	assert_int_equal(channel_unsent(a.c), 0);
	turn(3);
	assert_int_equal(a.sents, 1);
	assert_true(b.calls > 7000);
	assert_true(b.most < 1007);
}

static void
test_peer_goes(void **state)
{
	write_bytes(&a, 0, 3000);
	channel_free(a.c);
	a.c = NULL;
	turn(10);
	assert_int_equal(b.seen, 3000); /* what it has said is heard to the end */
	assert_string_equal(b.why, "eof");
	assert_null(a.why);
}

/* Also when it is first noticed in writing. */
static void
test_last_words(void **state)
{
	write_bytes(&a, 0, 50000);
	channel_free(a.c);
	a.c = NULL;
	assert_false(channel_write(b.c, STR("x")));
	turn(100);
	assert_int_equal(b.seen, 50000);
	assert_string_equal(b.why, "eof");
}

static void
test_too_much(void **state)
{
	b.use = 6000; /* an unfinished message that is too long */
	write_bytes(&a, 0, 5999);
	turn(10);
	assert_string_equal(b.why, "too much");
	turn(3);
	assert_string_equal(a.why, "eof");
}

/* A peer that does not read. */
static void
test_too_much_output(void **state)
{
	int fd[2];
	struct side c = {0};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	c.c = channel_new(loop, fd[0], &limits, &handler, &c);
	write_bytes(&c, 0, 8 << 20);
	char more[1 << 20] = {0};
	assert_false(channel_write(c.c, str_from(more, sizeof(more))));
	assert_null(c.why); /* not from inside */
	turn(2);
	assert_string_equal(c.why, "too much");
	close(fd[1]);
}

static void
test_free_inside(void **state)
{
	b.free_inside = true;
	write_bytes(&a, 0, 10);
	turn(3);
	assert_int_equal(b.seen, 10);
	assert_null(b.why);
	assert_string_equal(a.why, "eof");
}

static void
test_flush(void **state)
{
	write_bytes(&a, 0, 2 << 20);
	uint64_t began = clock_ms();
	assert_false(channel_flush(a.c, 100)); /* nobody reads */
	assert_in_range(clock_ms() - began, 100, 1000);
	turn(3000);
	assert_int_equal(b.seen, 2 << 20);
	assert_true(channel_flush(a.c, 0));
}

static void
test_names(void **state)
{
	char one[LOCAL_NAME_MAX], two[LOCAL_NAME_MAX];
	struct errbuf e = {0};

	local_name("store", one);
	local_name("store", two);
	assert_string_not_equal(one, two);
	assert_int_equal(local_dial(one), -1);
	assert_int_equal(errno, ECONNREFUSED);
	int server = local_listen(one, &e);
	assert_true(server >= 0);
	assert_int_equal(local_listen(one, &e), -1);
	int fd = local_dial(one), peer = accept(server, NULL, NULL);
	assert_true(fd >= 0 && peer >= 0);
	assert_true(local_is_ours(fd) && local_is_ours(peer));
	close(fd);
	close(peer);
	for (int i = 0; i < 1000 && (fd = local_dial(one)) >= 0; i++)
		continue;		 /* left open */
	assert_int_equal(errno, EAGAIN); /* and does not wait */
	close(server);
	for (fd = 3; fd < 1024; fd++)
		close(fd);
}

/* Another user is nobody of ours, in either direction. */
static void
test_strangers(void **state)
{
	char name[LOCAL_NAME_MAX];
	struct errbuf e = {0};
	int status;

	if (geteuid() != 0)
		skip();
	local_name("store", name);
	int server = local_listen(name, &e);
	pid_t pid = fork();
	if (pid == 0) {
		char theirs[LOCAL_NAME_MAX];
		if (setuid(65534) != 0)
			_exit(1);
		int fd = local_dial(name); /* root may listen */
		local_name("store", theirs);
		int own = local_listen(theirs, &e);
		if (fd < 0 || own < 0 || write(fd, theirs, sizeof(theirs)) != sizeof(theirs))
			_exit(2);
		sleep(5);
		_exit(0);
	}
	int fd = -1;
	for (int i = 0; i < 2000 && fd < 0; i++) {
		usleep(1000);
		fd = accept(server, NULL, NULL);
	}
	assert_true(fd >= 0);
	assert_false(local_is_ours(fd));
	assert_int_equal(read(fd, name, sizeof(name)), sizeof(name));
	assert_int_equal(local_dial(name), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
	close(server);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_much, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_much, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_much_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("net/channel", tests, NULL, NULL);
}
