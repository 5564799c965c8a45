/* source/dns_servers: see dns_servers.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "source/dns_servers.h"

#define RESOLV_CONF "/etc/resolv.conf"

static void
set_address(struct dns_address *a, const struct ip *ip, uint16_t port)
{
	*a = (struct dns_address){.loopback = ip_is_loopback(ip)};
	if (ip->len == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)&a->sa;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, ip->b, 4);
		a->n = sizeof(*in);
	} else {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a->sa;
		in->sin6_family = AF_INET6;
		in->sin6_port = htons(port);
		memcpy(&in->sin6_addr, ip->b, 16);
		a->n = sizeof(*in);
	}
}

static bool
add_server(struct servers *s, struct str word, struct errbuf *e)
{
	size_t at = str_find(word, '@');
	struct str address = str_slice(word, 0, at);
	uint64_t port = 53;
	struct ip ip;

	if (!ip_parse(address, &ip))
		return err(e, "resolver \"%.*s\" is no address: write ADDRESS or ADDRESS@PORT",
			STR_ARG(word));
	if (at < word.n && (!str_to_u64(str_skip(word, at + 1), UINT16_MAX, &port) || port == 0))
		return err(e, "\"%.*s\" is no port", STR_ARG(str_skip(word, at + 1)));
	if (s->n == SERVERS_MAX)
		return err(e, "more than %d resolvers", SERVERS_MAX);
	set_address(&s->server[s->n++].address, &ip, (uint16_t)port);
	return true;
}

/* As the C library reads it: the first three nameserver lines; without any, the local host.  A
 * line that is no address (a scope id, say) is passed over. */
static void
read_resolv_conf(struct servers *s)
{
	FILE *f = fopen(RESOLV_CONF, "r");
	struct errbuf ignored = {0};
	char line[512];

	while (f && fgets(line, sizeof(line), f) && s->n < 3) {
		struct str rest = str_trim(str_of(line)), word;
		if (str_word(&rest, &word) && str_eq(word, STR("nameserver")) &&
			str_word(&rest, &word))
			(void)add_server(s, word, &ignored);
	}
	if (f)
		fclose(f);
	if (!s->n)
		must(add_server(s, STR("127.0.0.1"), &ignored));
}

bool
servers_parse(struct str text, struct servers *out, struct errbuf *e)
{
	struct servers s = {.n = 0};
	struct str word;

	if (str_eq(str_trim(text), STR("system"))) {
		read_resolv_conf(&s);
	} else if (!str_eq(str_trim(text), STR("none"))) {
		while (str_word(&text, &word))
			if (!add_server(&s, word, e))
				return false;
		if (!s.n)
			return err(e, "no resolver is named: system, none, or ADDRESS[@PORT] ...");
	}
	*out = s;
	return true;
}

void
server_print(const struct server *s, struct buf *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&s->address.sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&s->address.sa;
	bool four = in->sin_family == AF_INET;
	struct ip ip;

	must(four ? ip_from_bytes(&in->sin_addr, 4, &ip) : ip_from_bytes(&in6->sin6_addr, 16, &ip));
	ip_print(&ip, out);
	buf_putc(out, '@');
	buf_putu(out, ntohs(four ? in->sin_port : in6->sin6_port));
}

void
servers_done(struct servers *s)
{
	for (size_t i = 0; i < s->n; i++) {
		exchange_stop(s->server[i].probe);
		timer_free(s->server[i].again);
	}
	s->n = 0;
}

struct server *
servers_pick(struct servers *s, const struct server * not )
{
	struct server *best = NULL, *self = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct server *at = &s->server[i];
		if (at->dead)
			continue;
		if (at == not )
			self = at;
		/* One that has just missed a question is tried after its neighbours. */
		else if (!best || (best->misses && !at->misses))
			best = at;
	}
	return best ? best : self;
}

void
server_answered(struct server *s)
{
	s->misses = 0;
	s->dead = false;
	if (s->again)
		timer_clear(s->again);
}

static void probe(void *ctx);

static void
probe_ended(void *ctx, enum exchange_end end, struct answer *answer)
{
	struct server *s = ctx;
	bool died = end == EXCHANGE_SILENT && !s->dead;

	s->probe = NULL;
	answer_unref(answer);
	if (end != EXCHANGE_SILENT) {
		server_answered(s);
		return;
	}
	s->dead = true;
	if (!s->again)
		s->again = timer_new(s->all->loop, probe, s);
	timer_set(s->again, PROBE_AGAIN_MS);
	if (died)
		s->all->died(s->all->ctx, s);
}

static void
probe(void *ctx)
{
	struct server *s = ctx;

	if (s->probe)
		return;
	s->probe = exchange_start(
		s->all->loop, &s->address, STR("."), DNS_NS, PROBE_WAIT_MS, probe_ended, s);
	/* No descriptor, no verdict on the server: the next miss tries again, and so does a dead
	 * server's timer. */
	if (!s->probe && s->dead)
		timer_set(s->again, PROBE_AGAIN_MS);
}

void
server_missed(struct server *s)
{
	if (++s->misses >= SERVER_MISSES && !s->dead)
		probe(s);
}
