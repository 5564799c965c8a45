/* See test_redis.h. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include <ftw.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/test_redis.h"

#define PATIENCE_MS 10000

char server_at[96];
char server_dir[64];
pid_t server_pid;

static redisContext *line;
static char answer[65536];

bool
server_exists(void)
{
	return access("/usr/bin/redis-server", X_OK) == 0;
}

static void
hang_up(void)
{
	if (line)
		redisFree(line);
	line = NULL;
}

static bool
call_it(void)
{
	hang_up();
	line = redisConnectUnix(server_at + 5);
	if (line && !line->err)
		return true;
	hang_up();
	return false;
}

static _Noreturn void
become_server(const char *options)
{
	static char empty[] = "";
	static char name[] = "redis-server", save[] = "--save", dir[] = "--dir",
		    at_socket[] = "--unixsocket";
	char room[1024], *word[64] = {name, save, empty, at_socket, server_at + 5, dir, server_dir};
	size_t n = 7;
	int null = open("/dev/null", O_RDWR);

	snprintf(room, sizeof(room), "--port 0 --appendonly no --daemonize no %s", options);
	for (char *at = room, *w; (w = strsep(&at, " "));)
		if (w[0])
			word[n++] = w;
	word[n] = NULL;
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv("/usr/bin/redis-server", word);
	_exit(127);
}

void
server_start(const char *options)
{
	if (!server_dir[0]) {
		snprintf(server_dir, sizeof(server_dir), "/tmp/mxward-redis-XXXXXX");
		assert_non_null(mkdtemp(server_dir));
		snprintf(server_at, sizeof(server_at), "unix:%s/s", server_dir);
	}
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0)
		become_server(options);
	for (uint64_t end = clock_ms() + PATIENCE_MS; !call_it(); usleep(5000))
		must(clock_ms() < end);
	while (strcmp(server_says("PING"), "PONG") != 0)
		usleep(5000);
}

void
server_stop(void)
{
	hang_up();
	if (server_pid <= 0)
		return;
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
	server_pid = 0;
	unlink(server_at + 5);
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	return remove(path);
}

void
server_done(void)
{
	server_stop();
	if (server_dir[0])
		nftw(server_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	server_dir[0] = '\0';
}

static void
print(struct buf *b, const redisReply *r)
{
	if (r->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < r->elements; i++) {
			buf_puts(b, i ? " " : "");
			print(b, r->element[i]);
		}
	else if (r->type == REDIS_REPLY_INTEGER)
		buf_printf(b, "%lld", r->integer);
	else if (r->type == REDIS_REPLY_NIL)
		buf_puts(b, "nil");
	else
		buf_printf(
			b, "%s%.*s", r->type == REDIS_REPLY_ERROR ? "-" : "", (int)r->len, r->str);
}

const char *
server_says_to(size_t n, const struct str *word)
{
	const char *p[64];
	size_t len[64];
	struct buf b = buf_on(answer, sizeof(answer) - 1);

	assert_true(n <= 64);
	for (size_t i = 0; i < n; i++) {
		p[i] = word[i].p;
		len[i] = word[i].n;
	}
	if (!line)
		assert_true(call_it());
	redisReply *r = redisCommandArgv(line, (int)n, p, len);
	if (!r) {
		hang_up();
		return "gone";
	}
	print(&b, r);
	freeReplyObject(r);
	answer[b.n] = '\0';
	return answer;
}

const char *
server_says(const char *command)
{
	struct str rest = str_of(command), word[64];
	size_t n = 0;

	while (n < 64 && str_word(&rest, &word[n]))
		n++;
	return server_says_to(n, word);
}

int
server_clients(void)
{
	const char *text = server_says("CLIENT LIST TYPE normal");
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n - 1;
}
