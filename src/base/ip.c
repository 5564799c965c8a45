/* ip: see ip.h. */
#include <arpa/inet.h>

#include "base/hash.h"
#include "base/ip.h"

bool
ip_from_bytes(const void *b, size_t n, struct ip *out)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const uint8_t *p = b;

	if (n != 4 && n != 16)
		return false;
	if (n == 16 && memcmp(p, mapped, sizeof(mapped)) == 0) {
		p += sizeof(mapped);
		n = 4;
	}
	*out = (struct ip){.len = (uint8_t)n};
	memcpy(out->b, p, n);
	return true;
}

/* By hand: SPF records and lists are full of them. */
static bool
parse4(struct str s, uint8_t out[4])
{
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		size_t from = i;
		unsigned v = 0;
		while (i < s.n && i < from + 3 && chr_is_digit(s.p[i]))
			v = v * 10 + (unsigned)(s.p[i++] - '0');
		if (i == from || v > 255 || (s.p[from] == '0' && i > from + 1))
			return false;
		out[part] = (uint8_t)v;
		if (part < 3 && (i == s.n || s.p[i++] != '.'))
			return false;
	}
	return i == s.n;
}

bool
ip_parse(struct str s, struct ip *out)
{
	char text[IP_TEXT_MAX];
	uint8_t raw[16];

	if (parse4(s, raw))
		return ip_from_bytes(raw, 4, out);
	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET6, text, raw) == 1)
		return ip_from_bytes(raw, 16, out);
	return false;
}

/* By hand: inet_ntop() goes through printf, and every log line has an address. */
static void
text4(const uint8_t b[4], char out[IP_TEXT_MAX])
{
	struct buf t = buf_on(out, IP_TEXT_MAX);

	for (int i = 0; i < 4; i++) {
		if (i)
			buf_putc(&t, '.');
		buf_putu(&t, b[i]);
	}
	buf_putc(&t, '\0');
}

const char *
ip_text(const struct ip *ip, char out[IP_TEXT_MAX])
{
	if (ip->len == 4)
		text4(ip->b, out);
	else if (ip->len == 16)
		must(inet_ntop(AF_INET6, ip->b, out, IP_TEXT_MAX));
	else
		memcpy(out, "unknown", sizeof("unknown"));
	return out;
}

void
ip_print(const struct ip *ip, struct buf *out)
{
	char text[IP_TEXT_MAX];

	buf_puts(out, ip_text(ip, text));
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

uint64_t
ip_hash(const struct ip *ip)
{
	return hash_str_with(str_from((const char *)ip->b, ip->len), ip->len);
}

static bool
in_any(const struct ip *ip, const struct ip_net *nets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip_net_has(&nets[i], ip))
			return true;
	return false;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const struct ip one = {.len = 16, .b = {[15] = 1}};

	return (ip->len == 4 && ip->b[0] == 127) || ip_eq(ip, &one);
}

bool
ip_is_private(const struct ip *ip)
{
	static const struct ip_net four[] = {
		{{4, {0}}, 8},	       /* this network, RFC 1122 */
		{{4, {10}}, 8},	       /* RFC 1918 */
		{{4, {172, 16}}, 12},  /* RFC 1918 */
		{{4, {192, 168}}, 16}, /* RFC 1918 */
		{{4, {100, 64}}, 10},  /* shared, RFC 6598 */
		{{4, {127}}, 8},       /* loopback */
		{{4, {169, 254}}, 16}, /* link-local, RFC 3927 */
		{{4, {224}}, 3},       /* multicast and reserved */
	};
	static const struct ip_net six[] = {
		{{16, {0}}, 127},	  /* unspecified and loopback */
		{{16, {0xfc}}, 7},	  /* unique local, RFC 4193 */
		{{16, {0xfe, 0x80}}, 10}, /* link-local */
		{{16, {0xff}}, 8},	  /* multicast */
	};

	if (ip->len == 4)
		return in_any(ip, four, COUNT(four));
	return ip->len == 16 && in_any(ip, six, COUNT(six));
}

bool
ip_net_parse(struct str s, struct ip_net *out)
{
	size_t slash = str_find(s, '/');
	struct ip ip;
	uint64_t bits;

	if (!ip_parse(str_slice(s, 0, slash), &ip))
		return false;
	bits = ip.len * 8u;
	if (slash < s.n && (!str_to_u64(str_skip(s, slash + 1), bits, &bits)))
		return false;
	*out = ip_net_of(&ip, (uint8_t)bits);
	return true;
}

void
ip_net_print(const struct ip_net *net, struct buf *out)
{
	ip_print(&net->ip, out);
	if (net->bits < net->ip.len * 8u) {
		buf_putc(out, '/');
		buf_putu(out, net->bits);
	}
}

struct ip_net
ip_net_of(const struct ip *ip, uint8_t bits)
{
	struct ip_net net = {.ip = *ip, .bits = bits};

	for (unsigned i = 0; i < ip->len; i++) {
		unsigned left = bits > i * 8 ? bits - i * 8 : 0;
		if (left < 8)
			net.ip.b[i] &= (uint8_t)(0xff00u >> left);
	}
	return net;
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->ip.len != ip->len || memcmp(net->ip.b, ip->b, whole) != 0)
		return false;
	return !rest || (net->ip.b[whole] ^ ip->b[whole]) >> (8 - rest) == 0;
}
