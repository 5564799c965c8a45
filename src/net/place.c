/* net/place: see place.h. */
#include <arpa/inet.h>

#include "base/ip.h"

#include "net/place.h"

static bool
place_inet(struct str host, struct str port, int family, struct place *out, struct errbuf *e)
{
	uint64_t number;
	struct ip ip;

	if (!str_to_u64(port, 65535, &number))
		return err(e, "\"%.*s\" is not a port number", STR_ARG(port));
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_slice(host, 1, host.n - 1);
	if (str_eq(host, STR("localhost")))
		host = family == AF_INET6 ? STR("::1") : STR("127.0.0.1");
	if (!ip_parse(host, &ip))
		return err(e,
			"\"%.*s\" is not an address (names are not resolved here, only localhost)",
			STR_ARG(host));
	if ((family == AF_INET6) != (ip.len == 16))
		return err(e, "\"%.*s\" is not an IPv%d address: use inet%s:", STR_ARG(host),
			family == AF_INET6 ? 6 : 4, family == AF_INET6 ? "" : "6");
	*out = (struct place){0};
	if (family == AF_INET) {
		out->a.in.sin_family = AF_INET;
		out->a.in.sin_port = htons((uint16_t)number);
		memcpy(&out->a.in.sin_addr, ip.b, 4);
		out->size = sizeof(out->a.in);
	} else {
		out->a.in6.sin6_family = AF_INET6;
		out->a.in6.sin6_port = htons((uint16_t)number);
		memcpy(&out->a.in6.sin6_addr, ip.b, 16);
		out->size = sizeof(out->a.in6);
	}
	return true;
}

static bool
place_unix(struct str path, struct place *out, struct errbuf *e)
{
	*out = (struct place){0};
	if (path.n < 2 || path.p[0] != '/' || str_find(path, '\0') < path.n)
		return err(e, "unix:%.*s: the path must be absolute", STR_ARG(path));
	if (path.n >= sizeof(out->a.un.sun_path))
		return err(e, "unix:%.*s: the path is longer than %zu bytes", STR_ARG(path),
			sizeof(out->a.un.sun_path) - 1);
	out->a.un.sun_family = AF_UNIX;
	memcpy(out->a.un.sun_path, path.p, path.n);
	out->size = sizeof(out->a.un);
	return true;
}

bool
place_parse(struct str spec, struct place *out, struct errbuf *e)
{
	struct str kind, host;
	size_t colon;
	int family;

	if (!str_split(&spec, ':', &kind) || !spec.p)
		kind = STR("");
	if (str_eq(kind, STR("unix")) || str_eq(kind, STR("local")))
		return place_unix(spec, out, e);
	if (str_eq(kind, STR("inet")))
		family = AF_INET;
	else if (str_eq(kind, STR("inet6")))
		family = AF_INET6;
	else
		return err(e, "write inet:ADDRESS:PORT, inet6:[ADDRESS]:PORT or unix:/PATH");
	colon = str_rfind(spec, ':');
	if (colon == spec.n)
		return place_inet(STR("localhost"), spec, family, out, e);
	host = str_slice(spec, 0, colon);
	return place_inet(host, str_skip(spec, colon + 1), family, out, e);
}
