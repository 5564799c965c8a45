/*
 * Unit tests of listening: places as text, stale sockets, permissions, and what happens when
 * descriptors run out.  Also the price of ten thousand idle connections.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/errbuf.h"

#include "net/listen.h"
#include "net/loop.h"
#include "net/stream.h"

/* The sanitizers' own memory is not ours to measure. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED 0
#endif

static const struct {
	const char *spec, *error; /* error: part of the sentence, NULL: fine */
} places[] = {
	{"inet:127.0.0.1:0", NULL},
	{"inet:localhost:0", NULL},
	{"inet:0", NULL},
	{"inet:65536", "not a port number"},
	{"inet:127.0.0.1:http", "not a port number"},
	{"inet:127.0.0.1:", "not a port number"},
	{"inet:", "not a port number"},
	{"inet:mx.example:25", "is not an address"},
	{"inet::25", "is not an address"},
	{"inet:192.0.2.1:0", "cannot listen on"}, /* not ours */
	{"inet:[::1]:25", "not an IPv4 address: use inet6:"},
	{"inet6:127.0.0.1:25", "not an IPv6 address: use inet:"},
	{"inet6:[::1:25", "is not an address"},
	{"unix:relative", "must be absolute"},
	{"unix:/", "must be absolute"},
	{"unix:", "must be absolute"},
	{"unix:/no/such/directory/s", "cannot listen on"},
	{"unix:/etc/passwd", "is not a socket"},
	{"127.0.0.1:25", "write inet:ADDRESS:PORT"},
	{"inet", "write inet:ADDRESS:PORT"},
	{"", "write inet:ADDRESS:PORT"},
	{"unix:/"
	 "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
	 "ttttttttttttttttttttttttttt",
		"longer than"},
};

static void
test_places(void **state)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		struct errbuf e = {0};
		int fd = listen_open(str_of(places[i].spec), 0600, &e);

		if (!places[i].error) {
			if (fd < 0)
				fail_msg("%s: %s", places[i].spec, e.text);
			assert_int_equal(e.count, 0);
			close(fd);
			continue;
		}
		assert_int_equal(fd, -1);
		assert_int_equal(e.count, 1);
		if (!strstr(e.text, places[i].error))
			fail_msg("%s: %s", places[i].spec, e.text);
	}
}

static void
test_port_in_use(void **state)
{
	struct errbuf e = {0};
	struct sockaddr_in a;
	socklen_t size = sizeof(a);
	char room[64];
	struct buf spec = BUF(room);
	int fd = listen_open(STR("inet:0"), 0, &e);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	assert_int_equal(ntohl(a.sin_addr.s_addr), INADDR_LOOPBACK);
	buf_printf(&spec, "inet:127.0.0.1:%u", ntohs(a.sin_port));
	assert_int_equal(listen_open(buf_str(&spec), 0, &e), -1);
	assert_non_null(strstr(e.text, "Address already in use"));
	close(fd);
}

static char directory[] = "/tmp/mxward-listen-XXXXXX";

static void
test_unix_socket(void **state)
{
	struct errbuf e = {0};
	struct stat st;
	char room[108];
	struct buf spec = BUF(room);
	const char *path = room + 5;
	int first, second;

	assert_non_null(mkdtemp(directory));
	buf_printf(&spec, "unix:%s/s", directory);
	buf_putc(&spec, '\0');
	spec.n--;
	first = listen_open(buf_str(&spec), 0660, &e);
	assert_true(first >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);

	assert_int_equal(listen_open(buf_str(&spec), 0660, &e), -1);
	assert_non_null(strstr(e.text, "in use by another process"));
	close(first);

	second = listen_open(buf_str(&spec), 0600, &e); /* nobody serves it: replaced */
	assert_true(second >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(second);
	unlink(path);
	rmdir(directory);
}

/* A served address with clients, in one process. */

struct served {
	struct loop *loop;
	struct listener *listener;
	int fd;
	struct sockaddr_in at;
	unsigned accepted, full, closed;
};

static size_t
echo(void *ctx, struct str bytes)
{
	struct stream **s = ctx;

	stream_write(*s, bytes);
	return bytes.n;
}

static void
echo_closed(void *ctx, const char *why)
{
	free(ctx);
}

static const struct stream_limits limits = {
	.input_max = 4096, .output_max = 4096, .unfinished_ms = 30000, .idle_ms = 3600000};
static const struct stream_handler handler = {echo, echo_closed};

static void
accepted(void *ctx, int fd)
{
	struct served *v = ctx;
	struct stream **s = malloc(sizeof(struct stream *));

	assert_non_null(s);
	v->accepted++;
	*s = stream_new(v->loop, fd, &limits, &handler, s);
}

static void
full(void *ctx, const char *why)
{
	struct served *v = ctx;

	v->full++;
}

static void
serve_on(struct served *v, struct loop *l)
{
	struct errbuf e = {0};
	socklen_t size = sizeof(v->at);

	*v = (struct served){.loop = l};
	v->fd = listen_open(STR("inet:0"), 0, &e);
	assert_true(v->fd >= 0);
	assert_int_equal(getsockname(v->fd, (struct sockaddr *)&v->at, &size), 0);
	v->listener = listener_new(v->loop, v->fd, accepted, v);
	listener_on_full(v->listener, full);
}

static void
serve(struct served *v)
{
	serve_on(v, loop_new());
}

static void
serve_done(struct served *v)
{
	listener_free(v->listener);
	close(v->fd);
	while (streams_count(v->loop) > 0)
		loop_once(v->loop);
	loop_free(v->loop);
}

static int
client(const struct served *v)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&v->at, sizeof(v->at)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
nothing(void *ctx)
{
	*(bool *)ctx = true;
}

static void
run_for(struct loop *l, uint64_t ms)
{
	bool over = false;
	struct timer *t = timer_new(l, nothing, &over);

	timer_set(t, ms);
	while (!over)
		loop_once(l);
	timer_free(t);
}

/* In a process of its own, so that the limit is its own too.  n clients connect and wait on the
 * far end of a pipe; the pid in *child. */
static void
clients_fork(const struct served *v, unsigned n, pid_t *child, int *hold)
{
	int up[2], down[2];
	char c;

	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	*child = fork();
	assert_true(*child >= 0);
	if (*child == 0) {
		struct rlimit r;

		if (getrlimit(RLIMIT_NOFILE, &r) != 0)
			_exit(1);
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		close(down[1]);
		for (unsigned i = 0; i < n; i++)
			if (client(v) < 0)
				_exit(1);
		(void)!write(up[1], "", 1);
		_exit((int)read(down[0], &c, 1)); /* until the parent closes its end */
	}
	close(up[1]);
	close(down[0]);
	for (;;) {
		struct timeval now = {0};
		fd_set set;

		run_for(v->loop, 1);
		FD_ZERO(&set);
		FD_SET(up[0], &set);
		if (select(up[0] + 1, &set, NULL, NULL, &now) == 1)
			break;
	}
	assert_int_equal(read(up[0], &c, 1), 1);
	close(up[0]);
	*hold = down[1];
}

static void
clients_end(pid_t child, int hold)
{
	int status;

	close(hold);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static uint64_t
cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
		(uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* With all places taken by fresh connections the listener rests: no CPU is burnt, one report is
 * made, and who waits is answered once there is room. */
static void
test_descriptors_run_out(void **state)
{
	struct rlimit before, low = {.rlim_cur = 100};
	struct served v, privileged;
	uint64_t cpu;
	pid_t child;
	int hold, waiting, let_in;
	unsigned most;
	char c = 'x';

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	serve(&v);
	clients_fork(&v, 90, &child, &hold);
	run_for(v.loop, 50);
	most = v.accepted;
	assert_in_range(most, 40, 68); /* the rest of the hundred is kept for questions and logs */
	assert_int_equal(v.full, 1);
	waiting = client(&v);
	assert_true(waiting >= 0);
	assert_int_equal(write(waiting, &c, 1), 1);
	cpu = cpu_us();
	run_for(v.loop, 2200); /* two rests */
	assert_true(cpu_us() - cpu < 2200 * 1000 / 20);
	assert_int_equal(v.accepted, most);
	assert_int_equal(v.full, 1);
	assert_true(recv(waiting, &c, 1, MSG_DONTWAIT) < 0);
	serve_on(&privileged, v.loop);
	listener_use_reserve(privileged.listener);
	let_in = client(&privileged);
	run_for(v.loop, 50);
	assert_int_equal(privileged.accepted, 1);
	close(let_in);
	listener_free(privileged.listener);
	close(privileged.fd);

	clients_end(child, hold); /* their places are free now */
	run_for(v.loop, 1300);
	assert_int_equal(recv(waiting, &c, 1, MSG_DONTWAIT), 1);
	close(waiting);
	serve_done(&v);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* The system itself has no descriptor left: accept4() says EMFILE. */
static void
test_emfile_rests(void **state)
{
	struct rlimit before, none;
	struct served v;
	uint64_t cpu;
	int waiting, spare;
	char c = 'x';

	serve(&v);
	waiting = client(&v);
	assert_int_equal(write(waiting, &c, 1), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	spare = dup(0);
	none = (struct rlimit){.rlim_cur = (rlim_t)spare, .rlim_max = before.rlim_max};
	close(spare);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	cpu = cpu_us();
	run_for(v.loop, 1200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(cpu_us() - cpu < 1200 * 1000 / 20);
	assert_int_equal(v.accepted, 0);
	assert_int_equal(v.full, 1);
	run_for(v.loop, 1200);
	assert_int_equal(v.accepted, 1);
	assert_int_equal(recv(waiting, &c, 1, MSG_DONTWAIT), 1);
	close(waiting);
	serve_done(&v);
}

static long
pss_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Pss:", 4) == 0)
			kib = strtol(line + 4, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void
test_ten_thousand_idle(void **state)
{
	struct rlimit r;
	struct served v;
	long before, after;
	pid_t child;
	int hold;
	const unsigned n = 10000;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur < n + 600 || pss_kib() < 0) {
		print_message("skipped: needs %u descriptors and smaps_rollup\n", n + 600);
		skip();
	}
	serve(&v);
	before = pss_kib();
	clients_fork(&v, n, &child, &hold);
	run_for(v.loop, 50);
	after = pss_kib();
	assert_int_equal(streams_count(v.loop), n);
	print_message("%u idle connections: %ld bytes each (PSS)\n", n,
		(after - before) * 1024 / (long)n);
	if (!IS_SANITIZED)
		assert_true((after - before) * 1024 / (long)n <= 768);
	clients_end(child, hold);
	serve_done(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_ten_thousand_idle),
		cmocka_unit_test(test_descriptors_run_out),
		cmocka_unit_test(test_emfile_rests),
	};

	return cmocka_run_group_tests_name("net/listen", tests, NULL, NULL);
}
