/* rdns_spell: see rdns_spell.h. */
#include "checks/rdns_spell.h"

#include "base/must.h"

/* A row of so many nibbles is no chance, unless nearly all are zeros. */
#define V6_NIBBLES 12
#define V6_NONZERO 4
#define V6_GROUPS  3

void
rdns_tokenize(struct str host, struct rdns_tokens *out)
{
	uint8_t label = 0;

	must(host.n <= RDNS_HOST_MAX);
	out->host = host;
	out->n = 0;
	for (size_t i = 0; i < host.n && out->n < RDNS_TOKENS_MAX;) {
		size_t from = i;
		bool digits = chr_is_digit(host.p[i]);
		while (i < host.n && (digits ? chr_is_digit(host.p[i]) : chr_is_alpha(host.p[i])))
			i++;
		if (i > from)
			out->token[out->n++] = (struct rdns_token){.from = (uint8_t)from,
				.n = (uint8_t)(i - from),
				.label = label,
				.digits = digits};
		else if (host.p[i++] == '.')
			label++;
	}
}

struct str
rdns_token_text(const struct rdns_tokens *t, size_t i)
{
	return str_slice(t->host, t->token[i].from, (size_t)t->token[i].from + t->token[i].n);
}

/* The decimal digits of a byte. */
static size_t
width_of(uint8_t byte)
{
	return byte >= 100 ? 3 : byte >= 10 ? 2 : 1;
}

static bool
begins_with(struct str digits, size_t width, uint8_t byte)
{
	unsigned value = 0;

	if (digits.n < width)
		return false;
	for (size_t i = 0; i < width; i++)
		value = value * 10 + (unsigned)(digits.p[i] - '0');
	return value == byte;
}

/* Are the digits exactly the bytes from i on in steps of dir, each plain or padded?  Returns how
 * many there are, 0 for no.  The recursion is at most four deep. */
static unsigned
spells_row(struct str digits, const uint8_t b[4], int i, int dir)
{
	if (i < 0 || i > 3)
		return 0;
	for (size_t width = width_of(b[i]); width <= 3; width++) {
		if (!begins_with(digits, width, b[i]))
			continue;
		if (digits.n == width)
			return 1;
		unsigned more = spells_row(str_skip(digits, width), b, i + dir, dir);
		if (more)
			return 1 + more;
	}
	return 0;
}

/* Which bytes a run of digits spells.  Up to three digits are one byte, and all that it may be;
 * more digits are the longest row. */
static uint8_t
bytes_of(struct str digits, const uint8_t b[4])
{
	unsigned mask = 0, longest = 1;

	for (int i = 0; i < 4; i++) {
		if (digits.n <= 3) {
			if (begins_with(digits, digits.n, b[i]))
				mask |= 1u << i;
			continue;
		}
		for (int dir = -1; dir <= 1; dir += 2) {
			unsigned n = spells_row(digits, b, i, dir);
			if (n > longest) {
				longest = n;
				mask = ((1u << n) - 1) << (dir > 0 ? i : i - (int)n + 1);
			}
		}
	}
	return (uint8_t)mask;
}

/* Does one token hold several bytes? */
static bool
is_row(const struct rdns_token *k)
{
	return k->n > 3;
}

/* The bytes that the tokens spell, each once: rows first, then single ones, each for the first byte
 * that it may be and that nobody else is yet.  *out is where they stand. */
static unsigned
take_bytes(const struct rdns_tokens *t, bool backwards, struct rdns_spelling *out)
{
	unsigned seen = 0, from = RDNS_HOST_MAX, to = 0;

	for (int rows = 1; rows >= 0; rows--)
		for (size_t i = 0; i < t->n; i++) {
			const struct rdns_token *k = &t->token[backwards ? t->n - 1 - i : i];
			unsigned mask = k->bytes & ~seen;
			if (!mask || is_row(k) != rows)
				continue;
			seen |= rows ? mask : mask & -mask;
			from = k->from < from ? k->from : from;
			to = k->from + (unsigned)k->n > to ? k->from + (unsigned)k->n : to;
		}
	out->from = (uint8_t)from;
	out->to = (uint8_t)to;
	return seen;
}

/* Where a number stands twice the shorter part of the name is quoted: not "2-192-0-2-17" out of
 * "ec2-192-0-2-17". */
static void
count_bytes(const struct rdns_tokens *t, const uint8_t b[4], struct rdns_spelling *out)
{
	struct rdns_spelling other = {0};
	unsigned seen = take_bytes(t, false, out);

	if (!seen)
		return;
	if (take_bytes(t, true, &other) == seen && other.to - other.from < out->to - out->from)
		*out = other;
	for (int i = 0; i < 4; i++)
		if (seen & 1u << i) {
			out->bytes++;
			out->digits = (uint8_t)(out->digits + width_of(b[i]));
		}
}

/* Do the last two bytes stand side by side: in one run of digits, or in two with no other number
 * between them? */
static bool
has_tail(const struct rdns_tokens *t)
{
	const struct rdns_token *last = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct rdns_token *k = &t->token[i];
		if (!k->digits)
			continue;
		if (is_row(k) && (k->bytes & 12) == 12)
			return true;
		if (last &&
			((last->bytes & 4 && k->bytes & 8) || (last->bytes & 8 && k->bytes & 4)))
			return true;
		last = k;
	}
	return false;
}

/* The whole address in one of the notations of machines, in host[from..to). */
static struct rdns_spelling
whole(enum rdns_notation notation, size_t from, size_t to)
{
	return (struct rdns_spelling){.bytes = 4,
		.digits = 12,
		.tail = true,
		.notation = notation,
		.from = (uint8_t)from,
		.to = (uint8_t)to};
}

/* Where the last n hexadecimal digits before to begin; separators between them do not count. */
static size_t
back_hex(struct str host, size_t to, size_t n)
{
	while (to > 0 && n > 0)
		n -= chr_is_xdigit(host.p[--to]);
	return to;
}

static bool
find_hex(struct str host, uint32_t address, struct rdns_spelling *out)
{
	uint32_t value = 0;
	size_t n = 0, run = 0;

	for (size_t i = 0; i < host.n; i++) {
		int digit = chr_hex(host.p[i]);
		if (digit < 0) {
			run = 0;
			n = chr_is_alnum(host.p[i]) ? 0 : n;
			continue;
		}
		value = value << 4 | (uint32_t)digit;
		n++;
		run++;
		if (n >= 8 && (value == address || value == __builtin_bswap32(address))) {
			*out = whole(RDNS_HEX, back_hex(host, i + 1, 8), i + 1);
			return true;
		}
		/* Six digits alone must be a run of their own behind other letters. */
		if (run == 6 && ((value ^ address) & 0xffffff) == 0 &&
			(i + 1 == host.n || !chr_is_alnum(host.p[i + 1])))
			*out = (struct rdns_spelling){.bytes = 3,
				.digits = 9,
				.tail = true,
				.notation = RDNS_HEX,
				.from = (uint8_t)(i - 5),
				.to = (uint8_t)(i + 1)};
	}
	return out->notation == RDNS_HEX;
}

static bool
find_integer(const struct rdns_tokens *t, uint32_t address, struct rdns_spelling *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct rdns_token *k = &t->token[i];
		uint64_t value;
		if (!k->digits || k->n < 8)
			continue;
		if (!str_to_u64(rdns_token_text(t, i), UINT32_MAX, &value) || value != address)
			continue;
		*out = whole(RDNS_INTEGER, k->from, (size_t)k->from + k->n);
		return true;
	}
	return false;
}

/* 0-9 and a-v, 35 bits in seven digits between separators. */
static bool
find_base32(struct str host, uint32_t address, struct rdns_spelling *out)
{
	uint64_t value = 0;
	size_t run = 0;

	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (!chr_is_alnum(c)) {
			run = 0;
			value = 0;
			continue;
		}
		/* w to z are no digits: 63 spoils the value for the rest of the run */
		value = value << 5 |
			(chr_is_digit(c)	   ? (uint64_t)(c - '0')
					: c <= 'v' ? (uint64_t)(c - 'a' + 10)
						   : 63);
		if (++run == 7 && value == address &&
			(i + 1 == host.n || !chr_is_alnum(host.p[i + 1]))) {
			*out = whole(RDNS_BASE32, i - 6, i + 1);
			return true;
		}
	}
	return false;
}

static struct rdns_spelling
spell_v4(struct rdns_tokens *t, const uint8_t b[4])
{
	struct rdns_spelling out = {0};
	uint32_t address =
		(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];

	for (size_t i = 0; i < t->n; i++)
		if (t->token[i].digits)
			t->token[i].bytes = bytes_of(rdns_token_text(t, i), b);
	count_bytes(t, b, &out);
	out.tail = has_tail(t);
	if (out.bytes < 3 && !find_hex(t->host, address, &out) && !find_integer(t, address, &out))
		find_base32(t->host, address, &out);
	return out;
}

/* The windows of V6_NIBBLES nibbles in an address, forwards and backwards, without those that are
 * nearly all zeros. */
struct windows {
	size_t n;
	uint64_t value[2 * (32 - V6_NIBBLES + 1)];
};

static void
find_windows(const uint8_t b[16], struct windows *out)
{
	out->n = 0;
	for (int dir = 0; dir < 2; dir++) {
		uint64_t value = 0;
		unsigned recent = 0; /* one bit a nibble: not zero */
		for (unsigned i = 0; i < 32; i++) {
			unsigned at = dir ? 31 - i : i;
			unsigned nibble = at % 2 ? b[at / 2] & 15u : b[at / 2] >> 4;
			value = (value << 4 | nibble) & (((uint64_t)1 << 4 * V6_NIBBLES) - 1);
			recent = (recent << 1 | (nibble != 0)) & ((1u << V6_NIBBLES) - 1);
			if (i + 1 >= V6_NIBBLES && __builtin_popcount(recent) >= V6_NONZERO)
				out->value[out->n++] = value;
		}
	}
}

static bool
find_nibbles(struct str host, const uint8_t b[16], struct rdns_spelling *out)
{
	struct windows w;
	uint64_t value = 0;
	size_t n = 0;

	find_windows(b, &w);
	for (size_t i = 0; i < host.n; i++) {
		int digit = chr_hex(host.p[i]);
		if (digit < 0) {
			n = chr_is_alnum(host.p[i]) ? 0 : n;
			continue;
		}
		value = (value << 4 | (uint64_t)digit) & (((uint64_t)1 << 4 * V6_NIBBLES) - 1);
		if (++n < V6_NIBBLES)
			continue;
		for (size_t j = 0; j < w.n; j++)
			if (w.value[j] == value) {
				*out = (struct rdns_spelling){.bytes = V6_NIBBLES / 2,
					.digits = V6_NIBBLES,
					.notation = RDNS_HEX,
					.from = (uint8_t)back_hex(host, i + 1, V6_NIBBLES),
					.to = (uint8_t)(i + 1)};
				return true;
			}
	}
	return false;
}

/* A run of one to four hexadecimal digits between separators from *at on; *at goes behind it. */
static bool
next_group(struct str host, size_t *at, size_t *from, unsigned *value)
{
	size_t i = *at;

	for (;;) {
		while (i < host.n && !chr_is_alnum(host.p[i]))
			i++;
		if (i == host.n)
			return false;
		*from = i;
		*value = 0;
		bool hex = true;
		for (; i < host.n && chr_is_alnum(host.p[i]); i++) {
			hex = hex && chr_is_xdigit(host.p[i]);
			*value = (*value << 4 | (unsigned)(chr_hex(host.p[i]) & 15)) & 0xffff;
		}
		*at = i;
		if (hex && i - *from <= 4)
			return true;
	}
}

/* Groups of the address in their order, zeros left out on both sides, so that "2001-db8--1" is
 * the same as with all its zeros. */
static bool
find_groups(struct str host, const uint8_t b[16], struct rdns_spelling *out)
{
	unsigned group[8], n_groups = 0, value;
	size_t at = 0, from, start = 0, matched = 0, digits = 0, next = 0;

	for (size_t i = 0; i < 16; i += 2)
		if (b[i] || b[i + 1])
			group[n_groups++] = (unsigned)b[i] << 8 | b[i + 1];
	while (next_group(host, &at, &from, &value)) {
		if (value == 0)
			continue;
		if (matched == 0 || next == n_groups || group[next] != value) {
			matched = digits = next = 0;
			while (next < n_groups && group[next] != value)
				next++;
			if (next == n_groups)
				continue;
			start = from;
		}
		next++;
		matched++;
		digits += at - from;
		if (matched >= V6_GROUPS && digits > 2 * V6_GROUPS && 2 * matched > out->bytes)
			*out = (struct rdns_spelling){.bytes = (uint8_t)(2 * matched),
				.digits = (uint8_t)digits,
				.notation = RDNS_HEX,
				.from = (uint8_t)start,
				.to = (uint8_t)at};
	}
	return out->bytes > 0;
}

static struct rdns_spelling
spell_v6(const struct rdns_tokens *t, const uint8_t b[16])
{
	struct rdns_spelling out = {0};

	if (!find_groups(t->host, b, &out))
		find_nibbles(t->host, b, &out);
	return out;
}

struct rdns_spelling
rdns_spell(struct rdns_tokens *t, const struct ip *ip)
{
	switch (ip->len) {
	case 4:
		return spell_v4(t, ip->b);
	case 16:
		return spell_v6(t, ip->b);
	default:
		return (struct rdns_spelling){0};
	}
}
