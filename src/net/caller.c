/* net/caller: see caller.h.  Sockets that do not block, and poll() for what is left of the time. */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

#include "net/caller.h"
#include "net/place.h"

bool
caller_valid(struct str spec, struct errbuf *e)
{
	struct place at;

	return place_parse(spec, &at, e);
}

/* False: the deadline came first. */
static bool
is_ready(int fd, short what, uint64_t until_us)
{
	for (;;) {
		uint64_t now = clock_us(), left = until_us > now ? until_us - now : 0;
		struct pollfd p = {.fd = fd, .events = what};
		/* Rounded up: a last round of nought milliseconds would spin. */
		int n = poll(&p, 1, (int)((left + 999) / 1000));
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

/* A unix socket whose backlog is full says EAGAIN, and nothing tells when there is room. */
static int
connected(int fd, const struct place *at, uint64_t until_us)
{
	int why = 0;
	socklen_t size = sizeof(why);

	while (connect(fd, &at->a.any, at->size) != 0) {
		if (errno == EAGAIN && clock_us() < until_us) {
			(void)poll(NULL, 0, 1);
			continue;
		}
		if (errno == EAGAIN)
			return ETIMEDOUT;
		if (errno != EINPROGRESS && errno != EINTR)
			return errno;
		if (!is_ready(fd, POLLOUT, until_us))
			return ETIMEDOUT;
		return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 ? why : errno;
	}
	return 0;
}

int
caller_open(struct str spec, uint64_t until_us)
{
	struct errbuf e = {0};
	struct place at;
	int on = 1;

	if (!place_parse(spec, &at, &e)) {
		errno = EINVAL;
		return -1;
	}
	int fd = socket(at.a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (at.a.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	int why = connected(fd, &at, until_us);
	if (why == 0)
		return fd;
	close(fd);
	errno = why;
	return -1;
}

enum caller_end
caller_say(int fd, struct str what, uint64_t until_us)
{
	while (what.n > 0) {
		ssize_t n = send(fd, what.p, what.n, MSG_NOSIGNAL);
		if (n >= 0)
			what = str_skip(what, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!is_ready(fd, POLLOUT, until_us))
				return CALLER_TIMEOUT;
		} else if (errno != EINTR) {
			return CALLER_CLOSED;
		}
	}
	return CALLER_OK;
}

enum caller_end
caller_hear(int fd, char *room, size_t max, size_t *n, uint64_t until_us)
{
	for (;;) {
		ssize_t got = recv(fd, room, max, 0);
		if (got > 0) {
			*n = (size_t)got;
			/* Whoever says a byte now and then is late as well. */
			return clock_us() < until_us ? CALLER_OK : CALLER_TIMEOUT;
		}
		if (got == 0) {
			errno = 0;
			return CALLER_CLOSED;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return CALLER_CLOSED;
		if (!is_ready(fd, POLLIN, until_us))
			return CALLER_TIMEOUT;
	}
}

bool
caller_is_gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

void
caller_close(int fd)
{
	close(fd);
}
