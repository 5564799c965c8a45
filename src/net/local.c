/* net/local: see local.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hash.h"

#include "net/local.h"

#define BACKLOG 256

void
local_name(const char *what, char out[LOCAL_NAME_MAX])
{
	unsigned char r[16];
	int n = snprintf(out, LOCAL_NAME_MAX, "mxward-%.8s-%d-", what, (int)getpid());

	random_bytes(r, sizeof(r));
	for (size_t i = 0; i < sizeof(r); i++, n += 2)
		snprintf(out + n, LOCAL_NAME_MAX - (size_t)n, "%02x", r[i]);
}

static socklen_t
address(const char *name, struct sockaddr_un *out)
{
	size_t n = strlen(name);

	must(n > 0 && n < LOCAL_NAME_MAX);
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path + 1, name, n); /* behind a NUL */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}

static int
local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int
local_listen(const char *name, struct errbuf *e)
{
	struct sockaddr_un at;
	socklen_t size = address(name, &at);
	int fd = local_socket();

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, size) == 0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	(void)err(e, "cannot listen on @%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
local_is_ours(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
		(peer.uid == geteuid() || peer.uid == 0);
}

int
local_dial(const char *name)
{
	struct sockaddr_un at;
	socklen_t size = address(name, &at);
	int fd = local_socket(), why;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&at, size) == 0) {
		if (local_is_ours(fd))
			return fd;
		errno = EPERM;
	}
	why = errno;
	close(fd);
	errno = why;
	return -1;
}
