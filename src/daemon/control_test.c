/* Unit tests of the control socket: real connections, a made-up status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/errbuf.h"

#include "daemon/control.h"
#include "net/listen.h"
#include "net/stream.h"

#define STATUS "{\"pid\":7,\"name\":\"\\u00E9\"}\n" /* whatever the strings: ASCII goes out */

static char directory[] = "/tmp/mxward-control-XXXXXX";
static struct sockaddr_un at = {.sun_family = AF_UNIX};
static struct loop *loop;
static struct control *control;
static int fd;
static unsigned asked;

static json_t *
tell(void *ctx)
{
	asked++;
	return json_pack("{s:i,s:s}", "pid", 7, "name", "\xc3\xa9");
}

static int
setup(void **state)
{
	char spec[64];
	struct errbuf e = {0};

	if (!mkdtemp(directory))
		return -1;
	snprintf(spec, sizeof(spec), "unix:%s/s", directory);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", directory);
	fd = listen_open(str_of(spec), 0600, &e);
	loop = loop_new();
	control = control_new(loop, fd, tell, NULL);
	return fd >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	control_free(control);
	loop_free(loop);
	close(fd);
	unlink(at.sun_path);
	return rmdir(directory);
}

static void
wake(void *ctx)
{
	*(bool *)ctx = true;
}

static void
run_for(uint64_t ms)
{
	bool over = false;
	struct timer *t = timer_new(loop, wake, &over);

	timer_set(t, ms);
	while (!over)
		loop_once(loop);
	timer_free(t);
}

static int
dial(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(s, (const struct sockaddr *)&at, sizeof(at)), 0);
	return s;
}

/* The daemon has said this and closed; s is closed too. */
static void
assert_hears(int s, const char *want)
{
	char room[512];
	struct buf b = BUF(room);
	ssize_t n;

	while ((n = recv(s, room + b.n, sizeof(room) - b.n, MSG_DONTWAIT)) > 0)
		b.n += (size_t)n;
	if (n < 0)
		assert_true(!*want || b.n > 0); /* a reset, after the answer */
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
	close(s);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *say[3], *want;
	} rows[] = {
		{{"status\n"}, STATUS},
		{{"sta", "tus", "\n"}, STATUS},
		{{"status\nstatus\n"}, STATUS}, /* one connection, one answer */
		{{"stop\n"}, "{\"error\":\"unknown command: stop\"}\n"},
		{{"\n"}, "{\"error\":\"unknown command: \"}\n"},
		{{"\033[2J\"\\\xff\n"},
			"{\"error\":\"unknown command: \\\\027[2J\\\"\\\\092\\\\255\"}\n"},
		{{"this is a longer line than anybody should want to read again\n"},
			"{\"error\":\"unknown command: this is a longer lin...\"}\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int s = dial();
		for (size_t k = 0; k < 3 && rows[i].say[k]; k++) {
			assert_true(send(s, rows[i].say[k], strlen(rows[i].say[k]), 0) > 0);
			run_for(5);
		}
		run_for(20);
		assert_hears(s, rows[i].want);
	}
	assert_int_equal(control_count(control), 0);
}

static void
test_long_line(void **state)
{
	char line[1000];
	int s = dial();

	memset(line, 'x', sizeof(line));
	assert_int_equal(send(s, line, sizeof(line), 0), sizeof(line));
	run_for(20);
	assert_hears(s, "{\"error\":\"the line is too long\"}\n");
}

/* Eight are served, the ninth is told; silence frees the places again. */
static void
test_limits(void **state)
{
	int s[CONTROL_CONNECTIONS_MAX], more;
	uint64_t began = clock_us();

	for (size_t i = 0; i < COUNT(s); i++)
		s[i] = dial();
	run_for(20);
	assert_int_equal(control_count(control), CONTROL_CONNECTIONS_MAX);
	more = dial();
	assert_int_equal(send(more, "status\n", 7, 0), 7);
	run_for(20);
	assert_hears(more, "{\"error\":\"too many ask at once: try again in a few seconds\"}\n");
	assert_int_equal(send(s[0], "status\n", 7, 0), 7);
	assert_int_equal(send(s[1], "stat", 4, 0), 4); /* half a line does not help */
	run_for(20);
	assert_hears(s[0], STATUS);
	assert_int_equal(control_count(control), CONTROL_CONNECTIONS_MAX - 1);
	while (control_count(control) > 0 && clock_us() - began < 20000000)
		run_for(50);
	assert_in_range((clock_us() - began) / 1000, CONTROL_WAIT_MS - 50, CONTROL_WAIT_MS + 1000);
	for (size_t i = 1; i < COUNT(s); i++)
		assert_hears(s[i], "");
	more = dial();
	assert_int_equal(send(more, "status\n", 7, 0), 7);
	run_for(20);
	assert_hears(more, STATUS);
}

/* What is open when the daemon is told to stop: a silent one must not hold it up. */
static void
test_stop(void **state)
{
	bool finished = false;
	int s = dial(), later;

	run_for(20);
	control_stop(control);
	streams_finish(loop, wake, &finished);
	later = dial(); /* waits in the backlog, for nobody */
	run_for(20);
	assert_true(finished);
	assert_hears(s, "");
	close(later);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stop), /* last: it ends the loop's streams */
	};

	return cmocka_run_group_tests_name("daemon/control", tests, setup, teardown);
}
