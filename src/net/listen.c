/*
 * net/listen: see listen.h.
 *
 * Connections are taken in batches.  Several workers may listen on one descriptor: all wake, the
 * quickest takes, the others find nothing, which is cheap and needs no coordination.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"

#include "net/listen.h"
#include "net/loop_private.h"
#include "net/place.h"
#include "net/stream.h"

#define BACKLOG	      4096 /* the system caps it at somaxconn */
#define BATCH	      64   /* connections taken before others have their turn */
#define REST_MS	      1000
#define SHED_IDLE_MS  5000 /* a connection used more recently is not closed to make room */
#define LOG_EVERY_MS  10000
#define RESERVE_LEAST 32 /* descriptors left to questions, logs and files ... */
#define RESERVE_MOST  512
#define RESERVE_SHARE 16 /* ... or this share of all */

/* Opening. */

/* Make way for a unix socket: a socket that nobody serves any more is removed, anything else at
 * its place stays and is an error. */
static bool
unix_clear(const struct place *at, struct errbuf *e)
{
	const char *path = at->a.un.sun_path;
	struct stat st;
	int fd, gone;

	if (lstat(path, &st) != 0)
		return true; /* nothing there; or bind() says what is wrong */
	if (!S_ISSOCK(st.st_mode))
		return err(e, "%s exists and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err(e, "cannot open a socket: %s", strerror(errno));
	gone = connect(fd, &at->a.any, at->size) != 0 && errno == ECONNREFUSED;
	close(fd);
	if (!gone)
		return err(e, "%s is in use by another process", path);
	if (unlink(path) != 0)
		return err(e, "cannot remove the stale socket %s: %s", path, strerror(errno));
	return true;
}

static bool
place_bind(const struct place *at, int fd, unsigned unix_mode)
{
	int on = 1, done;
	mode_t mask;

	if (at->a.any.sa_family != AF_UNIX) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (at->a.any.sa_family == AF_INET6)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		return bind(fd, &at->a.any, at->size) == 0;
	}
	/* By the mask, not by chmod() afterwards: the socket never has wider permissions. */
	mask = umask((mode_t)(~unix_mode & 0777));
	done = bind(fd, &at->a.any, at->size);
	(void)umask(mask);
	return done == 0;
}

bool
listen_valid(struct str spec, struct errbuf *e)
{
	struct place at;

	return place_parse(spec, &at, e);
}

int
listen_open(struct str spec, unsigned unix_mode, struct errbuf *e)
{
	struct place at;
	int fd;

	if (!place_parse(spec, &at, e))
		return -1;
	if (at.a.any.sa_family == AF_UNIX && !unix_clear(&at, e))
		return -1;
	fd = socket(at.a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || !place_bind(&at, fd, unix_mode) || listen(fd, BACKLOG) != 0) {
		(void)err(e, "cannot listen on %.*s: %s", STR_ARG(spec), strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Accepting. */

struct listener {
	struct loop *loop;
	struct watch *watch;
	struct timer *rest;
	int fd;
	size_t streams_max;
	uint64_t logged_at; /* 0: never */
	void (*accepted)(void *ctx, int fd);
	void (*full)(void *ctx, const char *why);
	void *ctx;
};

/* Descriptors are short: close an idle connection, whose place the next round gives away, or rest.
 * Either way this round is over. */
static void
make_room(struct listener *n, const char *why)
{
	uint64_t now = clock_ms();

	if (!streams_shed(n->loop, SHED_IDLE_MS)) {
		watch_set(n->watch, 0);
		timer_set(n->rest, REST_MS);
	}
	if (n->full && (n->logged_at == 0 || now - n->logged_at >= LOG_EVERY_MS)) {
		n->logged_at = now;
		n->full(n->ctx, why);
	}
}

static void
accept_some(void *ctx, unsigned on)
{
	struct listener *n = ctx;

	for (int i = 0; i < BATCH; i++) {
		int fd;

		if (streams_count(n->loop) >= n->streams_max) {
			make_room(n, "as many connections as descriptors allow");
			return;
		}
		fd = accept4(n->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			n->accepted(n->ctx, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			make_room(n, strerror(errno));
		/* Anything else is that one client's misfortune (ECONNABORTED) or EAGAIN. */
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void
rested(void *ctx)
{
	struct listener *n = ctx;

	watch_set(n->watch, WATCH_READ);
}

/* How many streams leave the reserve untouched. */
static size_t
streams_allowed(void)
{
	struct rlimit r;
	size_t all, reserve;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	all = (size_t)r.rlim_cur;
	reserve = RESERVE_LEAST + all / RESERVE_SHARE;
	if (reserve > RESERVE_MOST)
		reserve = RESERVE_MOST;
	return all > 2 * reserve ? all - reserve : all / 2;
}

struct listener *
listener_new(struct loop *l, int fd, void (*accepted)(void *ctx, int fd), void *ctx)
{
	struct listener *n = heap_calloc(1, sizeof(*n));
	int flags = fcntl(fd, F_GETFL);

	/* Accepting must never block, wherever the descriptor came from. */
	must(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
	n->loop = l;
	n->fd = fd;
	n->accepted = accepted;
	n->ctx = ctx;
	n->streams_max = streams_allowed();
	n->rest = timer_new(l, rested, n);
	n->watch = watch_new(l, fd, WATCH_READ, accept_some, n);
	return n;
}

void
listener_on_full(struct listener *n, void (*full)(void *ctx, const char *why))
{
	n->full = full;
}

void
listener_use_reserve(struct listener *n)
{
	n->streams_max = SIZE_MAX;
}

void
listener_free(struct listener *n)
{
	if (!n)
		return;
	watch_free(n->watch);
	timer_free(n->rest);
	heap_free(n);
}
