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

uint64_t
hash_str(struct str s)
{
	return hash_str_with(s, 0);
}
