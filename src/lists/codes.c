/* lists/codes: every pattern is one comparison, (address & mask) between from and to. */
#include "lists/codes.h"

#define LOOPBACK_NET   0x7f000000u /* 127.0.0.0/8 */
#define LOOPBACK_MASK  0xff000000u
#define LOOPBACK_FIRST 0x7f000001u /* 127.0.0.1 */
#define ERRORS_NET     0x7fffff00u /* 127.255.255.0/24 */
#define ERRORS_MASK    0xffffff00u

static bool
bad_pattern(struct errbuf *e, struct str pattern)
{
	char room[160];
	struct buf shown = BUF(room);

	buf_put_escaped(&shown, pattern, 36);
	return err(e,
		"\"%.*s\" is no answer of a list: expected an address like 127.0.0.2, a range "
		"127.0.0.4-127.0.0.7, a network 127.0.1.0/24, any byte 127.0.*.3 or a bit "
		"127.0.0.&4",
		STR_ARG(buf_str(&shown)));
}

/* Decimal without leading zeros. */
static bool
parse_number(struct str s, uint64_t max, uint32_t *out)
{
	uint64_t v;

	if (s.n > 3 || (s.n > 1 && s.p[0] == '0') || !str_to_u64(s, max, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

/* "127.0.*.&4": the bits that are compared, and the least and the greatest value that matches. */
static bool
parse_quad(struct str s, struct list_code *out)
{
	struct list_code c = {.from = 0};
	struct str part;
	unsigned n = 0;

	while (str_split(&s, '.', &part)) {
		uint32_t low = 0, high = 0, mask = 0xff;
		if (++n > 4)
			return false;
		if (n > 1 && str_eq(part, STR("*"))) {
			mask = 0;
		} else if (n == 4 && str_has_prefix(part, STR("&"))) {
			if (!parse_number(str_skip(part, 1), 255, &mask) || !mask)
				return false;
			low = mask & -mask;
			high = mask;
		} else if (!parse_number(part, 255, &low)) {
			return false;
		} else {
			high = low;
		}
		c.from = c.from << 8 | low;
		c.to = c.to << 8 | high;
		c.mask = c.mask << 8 | mask;
	}
	if (n != 4)
		return false;
	*out = c;
	return true;
}

static bool
is_address(const struct list_code *c)
{
	return c->mask == UINT32_MAX && c->from == c->to;
}

static bool
parse_range(struct str first, struct str last, struct list_code *out)
{
	struct list_code c, end;

	if (!parse_quad(first, &c) || !parse_quad(last, &end) || !is_address(&c) ||
		!is_address(&end) || c.from > end.from)
		return false;
	c.to = end.to;
	*out = c;
	return true;
}

static bool
parse_net(struct str ip, struct str length, struct list_code *out)
{
	struct list_code c;
	uint32_t bits;

	if (!parse_quad(ip, &c) || !is_address(&c) || !parse_number(length, 32, &bits) || !bits)
		return false;
	uint32_t host = (uint32_t)(UINT32_MAX >> 1 >> (bits - 1));
	if (c.from & host)
		return false;
	c.to |= host;
	*out = c;
	return true;
}

bool
list_code_parse(struct str pattern, struct list_code *out, struct errbuf *e)
{
	size_t dash = str_find(pattern, '-'), slash = str_find(pattern, '/');
	struct list_code c;
	bool ok;

	if (dash < pattern.n)
		ok = parse_range(str_slice(pattern, 0, dash), str_skip(pattern, dash + 1), &c);
	else if (slash < pattern.n)
		ok = parse_net(str_slice(pattern, 0, slash), str_skip(pattern, slash + 1), &c);
	else
		ok = parse_quad(pattern, &c);
	if (!ok)
		return bad_pattern(e, pattern);
	if ((c.from & LOOPBACK_MASK) != LOOPBACK_NET || (c.to & LOOPBACK_MASK) != LOOPBACK_NET)
		return err(e, "%.*s is not inside 127.0.0.0/8, where lists answer (RFC 5782 2.1)",
			STR_ARG(pattern));
	*out = c;
	return true;
}

/* One end of a range, or a pattern, whose last byte is bits unless it is one value. */
static void
print_quad(uint32_t value, uint32_t mask, bool bits, struct buf *out)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		uint32_t m = mask >> shift & 0xff;
		if (!m)
			buf_putc(out, '*');
		else if (m == 0xff && (shift || !bits))
			buf_putu(out, value >> shift & 0xff);
		else
			buf_printf(out, "&%u", m);
		if (shift)
			buf_putc(out, '.');
	}
}

void
list_code_print(const struct list_code *c, struct buf *out)
{
	bool range = c->mask == UINT32_MAX && c->from != c->to;

	print_quad(c->from, c->mask, !range && c->from != c->to, out);
	if (range && (c->from & 0xff) == 0 && c->to == (c->from | 0xff)) {
		buf_puts(out, "/24");
	} else if (range) {
		buf_putc(out, '-');
		print_quad(c->to, c->mask, false, out);
	}
}

static uint32_t
number_of(const struct ip *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

bool
list_code_has(const struct list_code *c, const struct ip *a)
{
	if (a->len != 4)
		return false;
	uint32_t v = number_of(a);
	if (v == LOOPBACK_FIRST && !is_address(c))
		return false;
	return (v & c->mask) >= c->from && (v & c->mask) <= c->to;
}

const struct list_code *
list_codes_find(const struct list_codes *c, const struct ip *a)
{
	for (size_t i = 0; i < c->n; i++) {
		if (list_code_has(&c->code[i], a))
			return &c->code[i];
	}
	return NULL;
}

enum list_meaning
list_codes_read(const struct list_codes *c, const struct ip *a, const struct list_code **row_out)
{
	const struct list_code *row = list_codes_find(c, a);

	*row_out = row;
	if (row)
		return row->error ? LIST_ERROR : LIST_LISTED;
	if (a->len != 4)
		return LIST_ERROR;
	uint32_t v = number_of(a);
	bool error = (v & LOOPBACK_MASK) != LOOPBACK_NET || v == LOOPBACK_FIRST ||
		(v & ERRORS_MASK) == ERRORS_NET;
	return error ? LIST_ERROR : LIST_NOT_DECLARED;
}
