/*
 * ip: addresses and networks of both families.
 *
 * An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address it carries: a client's family
 * decides what is asked about it, so there is one form of each address only.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/buf.h"
#include "base/str.h"

struct ip {
	uint8_t len; /* 4 or 16; 0: no address */
	uint8_t b[16];
};

struct ip_net {
	struct ip ip; /* host bits are zero */
	uint8_t bits;
};

#define IP_TEXT_MAX 46 /* longest text and its NUL */

/* Dotted quad without leading zeros, or RFC 4291 2.2 text; no brackets, no zone id. */
bool ip_parse(struct str s, struct ip *out);
/* From 4 or 16 raw bytes; false for any other length. */
bool ip_from_bytes(const void *b, size_t n, struct ip *out);
void ip_print(const struct ip *ip, struct buf *out);
/* The same as a terminated string in out, which is returned. */
const char *ip_text(const struct ip *ip, char out[IP_TEXT_MAX]);
bool ip_eq(const struct ip *a, const struct ip *b);
uint64_t ip_hash(const struct ip *ip);

/* Loopback, private (RFC 1918, RFC 4193), link-local, shared (RFC 6598), unspecified, multicast
 * or reserved: an address that no client from the Internet can have.  Documentation networks
 * (RFC 5737, RFC 3849) are not: tests and demonstrations live there. */
bool ip_is_private(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);

/* "192.0.2.0/24", "2001:db8::/32", or an address (a network of one). */
bool ip_net_parse(struct str s, struct ip_net *out);
/* As ip_net_parse() reads it; a network of one as an address. */
void ip_net_print(const struct ip_net *net, struct buf *out);
bool ip_net_has(const struct ip_net *net, const struct ip *ip);
/* The network of the first bits bits. */
struct ip_net ip_net_of(const struct ip *ip, uint8_t bits);

#endif
