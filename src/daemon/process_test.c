/*
 * Unit tests of parent and workers.  Each case runs process_run() in a process of its own; the
 * worker answers one byte per connection and writes down in a shared page what it saw.
 */
#include <setjmp.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"

#include "net/listen.h"
#include "net/loop.h"

#include "daemon/log.h"
#include "daemon/process.h"

enum mood { SERVES, DIES_AT_ONCE, REFUSES, IGNORES_TERM, STANDS_STILL };

static struct seen {
	enum mood mood;
	_Atomic int pid, starts, reloads, terms, uid, groups, root_again, no_new_privs, port;
	_Atomic int second;  /* descriptor, where there are two */
	_Atomic int numbers; /* bit i: worker i has started */
	_Atomic int readies; /* calls of all_ready() */
	_Atomic int keeper_pid, keeper_starts, keeper_terms, keeper_reloads, keeper_number;
	_Atomic int pid_at_keeper_term; /* a worker's that was still there; 0: none was */
	_Atomic unsigned long descriptors;
} * seen;

static struct loop *loop;
static struct listener *listener;
static char directory[] = "/tmp/mxward-process-XXXXXX";
static char unix_spec[64], pid_path[64], log_path[64];

static void
on_reload(void *ctx)
{
	seen->reloads++;
}

static void
on_term(void *ctx)
{
	seen->terms++;
	if (seen->mood == IGNORES_TERM)
		return;
	listener_free(listener);
	listener = NULL;
	loop_stop(loop);
}

static void
on_client(void *ctx, int fd)
{
	(void)!write(fd, "!", 1);
	close(fd);
	while (seen->mood == STANDS_STILL)
		pause();
}

static void
note_rights(void)
{
	struct rlimit r;

	seen->uid = (int)getuid();
	seen->groups = getgroups(0, NULL);
	seen->root_again = setuid(0) == 0 && getuid() == 0;
	seen->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		seen->descriptors = r.rlim_cur;
}

static int
work(void *ctx, const int *fds, size_t n)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);

	seen->pid = getpid();
	seen->starts++;
	seen->numbers |= 1 << process_number();
	seen->second = n > 1 ? fds[1] : 0;
	if (seen->mood == REFUSES)
		return EX_CONFIG;
	if (seen->mood == DIES_AT_ONCE)
		raise(SIGKILL);
	loop = loop_new();
	(void)loop_on_signal(loop, SIGHUP, on_reload, NULL);
	(void)loop_on_signal(loop, SIGTERM, on_term, NULL);
	if (getsockname(fds[0], (struct sockaddr *)&a, &size) == 0 && a.sin_family == AF_INET)
		seen->port = ntohs(a.sin_port);
	listener = listener_new(loop, fds[0], on_client, NULL);
	note_rights();
	process_ready(loop);
	loop_run(loop);
	return 0;
}

static void
on_keeper_reload(void *ctx)
{
	seen->keeper_reloads++;
}

static void
on_keeper_term(void *ctx)
{
	seen->keeper_terms++;
	seen->pid_at_keeper_term = kill(seen->pid, 0) == 0 ? (int)seen->pid : 0;
	if (seen->mood != IGNORES_TERM)
		loop_stop(loop);
}

static int
keep(void *ctx, const int *fds, size_t n)
{
	seen->keeper_pid = getpid();
	seen->keeper_starts++;
	seen->keeper_number = (int)process_number();
	loop = loop_new();
	(void)loop_on_signal(loop, SIGHUP, on_keeper_reload, NULL);
	(void)loop_on_signal(loop, SIGTERM, on_keeper_term, NULL);
	process_ready(loop);
	if (seen->mood == STANDS_STILL)
		for (;;)
			pause();
	loop_run(loop);
	return 0;
}

/* It cannot do its work, whatever that is. */
static int
keep_not(void *ctx, const int *fds, size_t n)
{
	seen->keeper_starts++;
	return EX_CANTCREAT;
}

static const struct process_keeper keeper = {keep, "keeper"}, keeper_not = {keep_not, "keeper"};

/* Wait until the number at p is at least want; false after ms. */
static bool
comes(const _Atomic int *p, int want, uint64_t ms)
{
	uint64_t end = clock_us() + ms * 1000;

	while (atomic_load(p) < want) {
		if (clock_us() > end)
			return false;
		usleep(2000);
	}
	return true;
}

/* One worker on a free port; the rest as the case wants it. */
static pid_t
start(enum mood mood, struct process_settings settings)
{
	static const struct process_socket anywhere = {.spec = STR_INIT("inet:0")};
	pid_t pid;

	memset(seen, 0, sizeof(*seen));
	seen->mood = mood;
	if (!settings.listen)
		settings.listen = &anywhere;
	if (!settings.n_listen)
		settings.n_listen = 1;
	if (!settings.workers)
		settings.workers = 1;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct errbuf e = {0};

		signal(SIGTERM, SIG_DFL); /* cmocka's own handlers */
		if (!log_open(str_of(log_path), LOG_LEVEL_INFO, &e))
			_exit(99);
		_exit(process_run(&settings, work, NULL, &e));
	}
	return pid;
}

static int
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
answers(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)seen->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = 3};
	char c = 0;
	bool ok;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ok = connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 && recv(fd, &c, 1, 0) == 1;
	close(fd);
	return ok && c == '!';
}

static bool
is_logged(const char *words)
{
	static char room[1 << 16];
	int fd = open(log_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, room, sizeof(room) - 1) : 0;

	if (fd >= 0)
		close(fd);
	room[n > 0 ? n : 0] = '\0';
	return strstr(room, words) != NULL;
}

static void
test_serves_reloads_stops(void **state)
{
	pid_t pid = start(SERVES, (struct process_settings){.pid_file = str_of(pid_path)});
	struct stat st;

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(answers());
	assert_int_equal(stat(pid_path, &st), 0);
	assert_true(st.st_size > 1);
	kill(pid, SIGHUP);
	assert_true(comes(&seen->reloads, 1, 2000));
	assert_true(answers());
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(seen->terms, 1);
	assert_int_equal(seen->starts, 1);
	assert_false(answers());
	/* Gone, or, where the directory is root's, empty. */
	assert_true(stat(pid_path, &st) != 0 || (geteuid() == 0 && st.st_size == 0));
}

/* Root is gone for good, for an ordinary user nothing changes; nothing can be gained again. */
static void
test_rights(void **state)
{
	struct passwd *pw = getpwnam("mxward");
	pid_t pid = start(SERVES, (struct process_settings){0});
	struct rlimit r;

	if (!pw)
		pw = getpwnam("nobody");
	assert_true(comes(&seen->port, 1, 3000));
	usleep(20000);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(seen->no_new_privs, 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	assert_true(seen->descriptors == r.rlim_max || seen->descriptors == 1 << 20);
	if (geteuid() != 0) {
		assert_int_equal(seen->uid, getuid());
		return;
	}
	assert_non_null(pw);
	assert_int_equal(seen->uid, pw->pw_uid);
	assert_int_equal(seen->root_again, 0);
	assert_in_range(seen->groups, 0, 1);
}

static void
test_cannot_start(void **state)
{
	static const struct process_socket bad = {.spec = STR_INIT("inet:192.0.2.1:9")};
	static const struct process_socket good = {.spec = STR_INIT("inet:0")};
	const struct process_settings rows[] = {
		{.listen = &bad},
		{.listen = &good, .pid_file = STR("/no/such/directory/pid")},
		{.listen = &good, .user = STR("no-such-user")},
		{.listen = &good, .user = STR("root")},
	};
	/* The user is of interest to root alone. */
	size_t n = geteuid() == 0 ? COUNT(rows) : 2;

	for (size_t i = 0; i < n; i++) {
		pid_t pid = start(SERVES, rows[i]);

		assert_int_equal(wait_for(pid), EX_UNAVAILABLE);
		assert_int_equal(seen->starts, 0);
	}
	assert_int_equal(wait_for(start(REFUSES, (struct process_settings){0})), EX_CONFIG);
	assert_int_equal(seen->starts, 1);
}

static void
test_killed_worker_is_back(void **state)
{
	static const struct {
		int signo;
		const char *logged;
	} rows[] = {
		{SIGKILL, "signal=9 name=Killed restart_ms=100\n"},
		{SIGABRT, "signal=6 name=Aborted restart_ms=200\n"}, /* so young: a little later */
	};
	pid_t pid = start(SERVES, (struct process_settings){0});
	uint64_t begin;

	assert_true(comes(&seen->port, 1, 3000));
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin = clock_us();
		kill(seen->pid, rows[i].signo);
		assert_true(comes(&seen->starts, (int)i + 2, 1000));
		assert_true(answers()); /* the socket was the parent's: nobody was refused */
		assert_true(clock_us() - begin < 1000000);
		assert_true(is_logged(rows[i].logged));
	}
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
}

static void
test_dying_at_once_slows_down(void **state)
{
	pid_t pid = start(DIES_AT_ONCE, (struct process_settings){0});

	usleep(1800000); /* starts after 0, 100, 300, 700, 1500 ms */
	assert_in_range(seen->starts, 3, 5);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
}

static void
test_workers_end_with_their_parent(void **state)
{
	pid_t pid = start(SERVES, (struct process_settings){0});
	int status;

	assert_true(comes(&seen->port, 1, 3000));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(comes(&seen->terms, 1, 1000));
	for (int i = 0; i < 500 && kill(seen->pid, 0) == 0; i++)
		usleep(2000);
	assert_false(answers());
}

static void
test_second_signal_ends_at_once(void **state)
{
	pid_t pid = start(IGNORES_TERM, (struct process_settings){0});
	uint64_t begin = clock_us();

	assert_true(comes(&seen->port, 1, 3000));
	kill(pid, SIGTERM);
	assert_true(comes(&seen->terms, 1, 1000));
	kill(pid, SIGINT);
	assert_int_equal(wait_for(pid), 0);
	assert_true(clock_us() - begin < 3000000);
}

static void
test_loop_that_stands_still(void **state)
{
	pid_t pid = start(STANDS_STILL, (struct process_settings){.stall_ms = 1500});

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(answers()); /* and never again */
	assert_true(comes(&seen->starts, 2, 8000));
	assert_true(is_logged("event=worker_stuck"));
	assert_true(is_logged("signal=6"));
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
}

static void
test_unix_socket_goes_with_us(void **state)
{
	struct process_socket at = {.spec = str_of(unix_spec), .unix_mode = 0666};
	pid_t pid = start(SERVES, (struct process_settings){.listen = &at});
	struct stat st;

	assert_true(comes(&seen->starts, 1, 3000));
	usleep(50000);
	assert_int_equal(stat(unix_spec + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	if (geteuid() != 0) /* root's directory is not the user's to change */
		assert_int_equal(stat(unix_spec + 5, &st), -1);
	unlink(unix_spec + 5);
}

/* A socket for the administrator: the daemon's user owns it, others cannot even try. */
static void
test_socket_is_given(void **state)
{
	const struct process_socket at[] = {{.spec = STR("inet:0")},
		{.spec = str_of(unix_spec), .unix_mode = 0600, .given = true}};
	pid_t pid = start(SERVES, (struct process_settings){.listen = at, .n_listen = 2});
	struct stat st;

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(answers()); /* so it has noted who it is */
	assert_int_equal(stat(unix_spec + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_uid, seen->uid);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_false(is_logged("event=socket_owner"));
	unlink(unix_spec + 5);
}

/* Who is neither root nor of the group tries to connect. */
static bool
stranger_connects(gid_t gid)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		memcpy(at.sun_path, unix_spec + 5, strlen(unix_spec + 5) + 1);
		if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(54321) != 0)
			_exit(2);
		_exit(connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static void
test_socket_of_a_group(void **state)
{
	struct process_socket at[] = {{.spec = STR("inet:0")},
		{.spec = str_of(unix_spec), .unix_mode = 0660, .group = STR("54322")}};
	const struct process_settings settings = {.listen = at, .n_listen = 2};
	struct stat st;

	if (geteuid() != 0)
		skip();
	pid_t pid = start(SERVES, settings);
	assert_true(comes(&seen->port, 1, 3000));
	assert_true(answers());
	assert_int_equal(stat(unix_spec + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_gid, 54322);
	assert_true(stranger_connects(54322));
	assert_false(stranger_connects(54323));
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	at[1].group = STR("no-such-group");
	assert_int_equal(wait_for(start(SERVES, settings)), EX_UNAVAILABLE);
	unlink(unix_spec + 5);
}

/* What nobody asked for stops nobody; what somebody else has is not taken from him. */
static void
test_socket_is_left_out(void **state)
{
	struct process_socket at[] = {{.spec = STR("inet:0")},
		{.spec = STR("unix:/no/such/directory/s"), .optional = true}};
	const struct process_settings settings = {.listen = at, .n_listen = 2};
	struct errbuf e = {0};
	pid_t pid = start(SERVES, settings);

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(answers());
	assert_int_equal(seen->second, -1);
	assert_true(is_logged("level=warn event=socket_left_out "
			      "socket=unix:/no/such/directory/s text=\"cannot listen on"));
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);

	int fd = listen_open(str_of(unix_spec), 0600, &e);
	assert_true(fd >= 0);
	at[1].spec = str_of(unix_spec);
	pid = start(SERVES, settings);
	assert_true(comes(&seen->port, 1, 3000));
	assert_true(is_logged("is in use by another process"));
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(access(unix_spec + 5, F_OK), 0);
	at[1].optional = false;
	assert_int_equal(wait_for(start(SERVES, settings)), EX_UNAVAILABLE);
	assert_int_equal(access(unix_spec + 5, F_OK), 0);
	close(fd);
	unlink(unix_spec + 5);
}

static void
all_ready(void *ctx)
{
	seen->readies++;
}

static void
test_workers_have_numbers(void **state)
{
	pid_t pid = start(SERVES, (struct process_settings){.workers = 3, .all_ready = all_ready});
	int again;

	assert_true(comes(&seen->starts, 3, 3000));
	assert_true(comes(&seen->numbers, 1 << 1 | 1 << 2 | 1 << 3, 3000));
	assert_true(comes(&seen->readies, 1, 3000));
	again = seen->pid;
	seen->numbers = 0;
	kill(again, SIGKILL); /* whose number goes to its successor */
	assert_true(comes(&seen->starts, 4, 3000));
	assert_true(comes(&seen->numbers, 1, 3000));
	assert_in_range(seen->numbers, 1 << 1, 1 << 3);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(seen->readies, 1);
	assert_int_equal(process_number(), 0);
}

/* It is kept like a worker, reloads like one, has no number, and ends after all of them. */
static void
test_keeper(void **state)
{
	pid_t pid = start(
		SERVES, (struct process_settings){.workers = 2, .keeper = &keeper, .n_keepers = 1});

	assert_true(comes(&seen->keeper_starts, 1, 3000));
	assert_true(comes(&seen->port, 1, 3000));
	assert_int_equal(seen->keeper_number, 0);
	usleep(20000);
	kill(pid, SIGHUP);
	assert_true(comes(&seen->keeper_reloads, 1, 2000));
	assert_true(comes(&seen->reloads, 2, 2000));
	kill(seen->keeper_pid, SIGKILL);
	assert_true(answers()); /* meanwhile */
	assert_true(comes(&seen->keeper_starts, 2, 2000));
	assert_true(is_logged("event=keeper_died"));
	assert_true(is_logged("signal=9 name=Killed restart_ms=100\n"));
	assert_int_equal(seen->starts, 2);
	usleep(20000);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(seen->terms, 2);
	assert_int_equal(seen->keeper_terms, 1);
	assert_int_equal(seen->pid_at_keeper_term, 0);
}

/* Whatever it does, the daemon is ready and serves. */
static void
test_keeper_that_cannot(void **state)
{
	pid_t pid = start(SERVES,
		(struct process_settings){
			.keeper = &keeper_not, .n_keepers = 1, .all_ready = all_ready});

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(comes(&seen->readies, 1, 3000));
	assert_true(answers());
	usleep(1500000); /* starts after 0, 100, 300, 700, 1500 ms */
	assert_in_range(seen->keeper_starts, 3, 5);
	assert_true(is_logged("event=keeper_ended"));
	assert_true(answers());
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_int_equal(seen->starts, 1);
}

/* A disk may hold it up for longer than a loop may hold up mail. */
static void
test_keeper_that_stands_still(void **state)
{
	pid_t pid = start(STANDS_STILL,
		(struct process_settings){.stall_ms = 1500,
			.keeper = &keeper,
			.n_keepers = 1,
			.keeper_stall_ms = 4500});

	assert_true(comes(&seen->keeper_starts, 1, 3000));
	usleep(3500000);
	assert_int_equal(seen->keeper_starts, 1);
	assert_true(comes(&seen->keeper_starts, 2, 6000));
	assert_true(is_logged("event=keeper_stuck"));
	kill(pid, SIGTERM);
	kill(pid, SIGINT); /* it would not end by itself */
	assert_int_equal(wait_for(pid), 0);
}

static void
test_second_signal_ends_the_keeper_too(void **state)
{
	pid_t pid =
		start(IGNORES_TERM, (struct process_settings){.keeper = &keeper, .n_keepers = 1});
	uint64_t begin = clock_us();

	assert_true(comes(&seen->port, 1, 3000));
	assert_true(comes(&seen->keeper_starts, 1, 3000));
	usleep(20000);
	kill(pid, SIGTERM);
	assert_true(comes(&seen->terms, 1, 1000));
	usleep(20000);
	assert_int_equal(seen->keeper_terms, 0); /* a worker is still there */
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	assert_true(clock_us() - begin < 3000000);
}

/* What systemd is told, in order. */
static void
test_manager_is_told(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 3};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[64] = {0};
	pid_t pid;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", directory);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(chmod(a.sun_path, 0666), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	setenv("WATCHDOG_USEC", "400000", 1);
	pid = start(SERVES, (struct process_settings){0});
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 7);
	assert_string_equal(text, "READY=1");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 10);
		assert_string_equal(text, "WATCHDOG=1");
	}
	kill(pid, SIGTERM);
	do
		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	while (strcmp(text, "WATCHDOG=1") == 0);
	assert_string_equal(text, "STOPPING=1");
	assert_int_equal(wait_for(pid), 0);
	close(fd);
	unlink(a.sun_path);
}

static int
setup(void **state)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || !mkdtemp(directory))
		return -1;
	(void)chmod(directory, 0755);
	snprintf(unix_spec, sizeof(unix_spec), "unix:%s/socket", directory);
	snprintf(pid_path, sizeof(pid_path), "%s/pid", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	return 0;
}

static int
each(void **state)
{
	unlink(log_path);
	return 0;
}

static int
teardown(void **state)
{
	unlink(pid_path);
	unlink(log_path);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_serves_reloads_stops, each),
		cmocka_unit_test_setup(test_rights, each),
		cmocka_unit_test_setup(test_cannot_start, each),
		cmocka_unit_test_setup(test_killed_worker_is_back, each),
		cmocka_unit_test_setup(test_dying_at_once_slows_down, each),
		cmocka_unit_test_setup(test_workers_end_with_their_parent, each),
		cmocka_unit_test_setup(test_second_signal_ends_at_once, each),
		cmocka_unit_test_setup(test_loop_that_stands_still, each),
		cmocka_unit_test_setup(test_unix_socket_goes_with_us, each),
		cmocka_unit_test_setup(test_socket_is_given, each),
		cmocka_unit_test_setup(test_socket_of_a_group, each),
		cmocka_unit_test_setup(test_socket_is_left_out, each),
		cmocka_unit_test_setup(test_workers_have_numbers, each),
		cmocka_unit_test_setup(test_keeper, each),
		cmocka_unit_test_setup(test_keeper_that_cannot, each),
		cmocka_unit_test_setup(test_keeper_that_stands_still, each),
		cmocka_unit_test_setup(test_second_signal_ends_the_keeper_too, each),
		cmocka_unit_test_setup(test_manager_is_told, each),
	};

	return cmocka_run_group_tests_name("daemon/process", tests, setup, teardown);
}
