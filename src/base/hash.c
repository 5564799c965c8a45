/* hash: see hash.h.  SipHash: Aumasson and Bernstein, 2012; c = 1, d = 3 as in other hash tables.
 */
#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/must.h"

static uint64_t key[2] = {0x6d78776172642031, 0x7768792072656675};

void
random_bytes(void *out, size_t n)
{
	must(n <= 256); /* getrandom() never returns less for so few */
	must(getrandom(out, n, 0) == (ssize_t)n);
}

void
hash_seed(void)
{
	random_bytes(key, sizeof(key));
}

static inline uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline __attribute__((always_inline)) void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

uint64_t
hash_str_with(struct str s, uint64_t more)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ more ^ 0x7465646279746573};
	uint64_t m;
	size_t whole = s.n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&m, s.p + i, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = 0;
	if (s.n > whole)
		memcpy(&m, s.p + whole, s.n - whole);
	m |= (uint64_t)s.n << 56;
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Little-endian, as its authors define it: what is written down is the same everywhere. */
static uint64_t
read64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void
write64(uint8_t *p, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void
sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0)
		sip_round(v);
}

void
hash_keyed(const uint8_t k[HASH_KEYED_SIZE], struct str s, uint8_t out[HASH_KEYED_SIZE])
{
	uint64_t k0 = read64(k, 8), k1 = read64(k + 8, 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
	const uint8_t *p = (const uint8_t *)s.p;

	for (size_t i = 0; i <= s.n / 8; i++) {
		size_t left = s.n - 8 * i;
		uint64_t m = left >= 8 ? read64(p + 8 * i, 8)
				       : read64(p + 8 * i, left) | (uint64_t)(s.n & 0xff) << 56;
		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	v[2] ^= 0xee;
	sip_rounds(v, 4);
	write64(out, v[0] ^ v[1] ^ v[2] ^ v[3]);
	v[1] ^= 0xdd;
	sip_rounds(v, 4);
	write64(out + 8, v[0] ^ v[1] ^ v[2] ^ v[3]);
}

uint64_t
hash_str(struct str s)
{
	return hash_str_with(s, 0);
}
