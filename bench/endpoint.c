/* endpoint: see endpoint.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/ip.h"

#include "endpoint.h"

_Noreturn void
bench_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static bool
parse_unix(struct str path, struct endpoint *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->addr;

	if (path.n == 0 || path.n >= sizeof un->sun_path)
		return false;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.p, path.n);
	out->len = sizeof *un;
	return true;
}

static bool
parse_inet(struct str host, struct str port, struct endpoint *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&out->addr;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->addr;
	uint64_t number;
	struct ip ip;

	if (str_has_prefix(host, STR("[")) && str_has_suffix(host, STR("]")))
		host = str_slice(host, 1, host.n - 1);
	if (!ip_parse(host, &ip) || !str_to_u64(port, 65535, &number))
		return false;
	if (ip.len == 4) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)number);
		memcpy(&four->sin_addr, ip.b, 4);
		out->len = sizeof *four;
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)number);
		memcpy(&six->sin6_addr, ip.b, 16);
		out->len = sizeof *six;
	}
	return true;
}

struct endpoint
endpoint_of(const char *text)
{
	struct str rest = str_of(text);
	struct endpoint e = {0};
	struct str scheme;
	bool ok;

	if (!str_split(&rest, ':', &scheme))
		scheme = STR("");
	if (str_eq(scheme, STR("unix"))) {
		ok = parse_unix(rest, &e);
	} else {
		size_t colon = str_rfind(rest, ':');
		ok = str_has_prefix(scheme, STR("inet")) &&
			parse_inet(str_slice(rest, 0, colon), str_skip(rest, colon + 1), &e);
	}
	if (!ok)
		bench_die("%s: not inet:ADDR:PORT, inet6:[ADDR]:PORT or unix:/PATH", text);
	return e;
}

int
endpoint_socket(const struct endpoint *e)
{
	int fd = socket(e->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		bench_die("no socket: %m");
	if (e->addr.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}
