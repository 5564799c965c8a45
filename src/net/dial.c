/* net/dial: see dial.h.  Blocking calls with time-outs of the socket: connect() of a unix socket
 * heeds SO_SNDTIMEO, and poll() could not wait for a full backlog. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "net/dial.h"

/* What is left of the time goes into the option; false: nothing is left. */
static bool
set_patience(int fd, int option, uint64_t until_us)
{
	uint64_t now = clock_us(), left = until_us > now ? until_us - now : 0;
	struct timeval tv = {
		.tv_sec = (time_t)(left / 1000000), .tv_usec = (suseconds_t)(left % 1000000)};

	return left > 0 && setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) == 0;
}

static enum dial_end
end_of(int why)
{
	if (why == EAGAIN || why == EWOULDBLOCK || why == EINPROGRESS)
		return DIAL_TIMEOUT;
	return why == EACCES || why == EPERM ? DIAL_DENIED : DIAL_NOBODY;
}

static enum dial_end
receive(int fd, uint64_t until_us, struct buf *answer)
{
	size_t before = answer->n;

	for (;;) {
		char room[4096];
		if (!set_patience(fd, SO_RCVTIMEO, until_us))
			return DIAL_TIMEOUT;
		ssize_t n = recv(fd, room, sizeof(room), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return DIAL_TIMEOUT;
		/* A peer that closes without having read all we said resets the connection; what it
		 * said before has come by then. */
		if (n <= 0)
			return answer->n > before ? DIAL_ANSWER : DIAL_CLOSED;
		buf_put(answer, str_from(room, (size_t)n));
		if (buf_is_cut(answer))
			return DIAL_TOO_MUCH;
	}
}

static enum dial_end
ask(int fd, const struct sockaddr_un *at, struct str request, uint64_t until_us, struct buf *answer)
{
	if (!set_patience(fd, SO_SNDTIMEO, until_us))
		return DIAL_TIMEOUT;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0)
		return end_of(errno);
	/* It may have closed already, and still have said why. */
	while (request.n > 0) {
		if (!set_patience(fd, SO_SNDTIMEO, until_us))
			return DIAL_TIMEOUT;
		ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		request = str_skip(request, (size_t)n);
	}
	return receive(fd, until_us, answer);
}

enum dial_end
dial_ask(const char *path, struct str request, uint64_t timeout_ms, struct buf *answer)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct str where = str_of(path);
	uint64_t until_us = clock_us() + timeout_ms * 1000;

	if (where.n >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return DIAL_NOBODY;
	}
	memcpy(at.sun_path, where.p, where.n);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return DIAL_NOBODY;
	enum dial_end end = ask(fd, &at, request, until_us, answer);
	int why = errno;
	close(fd);
	errno = why;
	return end;
}
