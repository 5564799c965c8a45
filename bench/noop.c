/* noop: see noop.h. */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/arena.h"

#include "endpoint.h"
#include "noop.h"

static int epoll_fd;

static int
listen_on(const char *text)
{
	struct endpoint e = endpoint_of(text);
	int fd = endpoint_socket(&e);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)&e.addr, e.len) < 0 || listen(fd, SOMAXCONN) < 0)
		bench_die("%s: %m", text);
	return fd;
}

static void
watch(int fd, void *ctx)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = ctx};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
		bench_die("epoll: %m");
}

static void
accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct noop_conn *c;
	int one = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c = heap_calloc(1, sizeof *c);
	c->fd = fd;
	watch(fd, c);
}

/* A peer that does not read its answers is closed: a floor stores nothing. */
static bool
serve(struct noop_conn *c, noop_input *input)
{
	static char in[65536], room[65536];
	struct buf out = BUF(room);
	ssize_t n = recv(c->fd, in, sizeof in, 0);
	bool stays;

	if (n < 0)
		return errno == EAGAIN;
	if (n == 0)
		return false;
	stays = input(c, str_from(in, (size_t)n), &out) && !buf_is_cut(&out);
	if (out.n && send(c->fd, out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
		return false;
	return stays;
}

int
noop_main(int argc, char **argv, noop_input *input)
{
	struct epoll_event events[64];
	int listener;

	if (argc != 2)
		bench_die("usage: %s ENDPOINT", argv[0]);
	listener = listen_on(argv[1]);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(listener, NULL);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, COUNT(events), -1);

		for (int i = 0; i < n; i++) {
			struct noop_conn *c = events[i].data.ptr;

			if (!c) {
				accept_one(listener);
			} else if (!serve(c, input)) {
				close(c->fd);
				heap_free(c);
			}
		}
	}
}
