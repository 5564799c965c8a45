/* buf: see buf.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

struct buf
buf_on(void *room, size_t max)
{
	return (struct buf){.p = room, .max = max};
}

void
buf_put(struct buf *b, struct str s)
{
	size_t room = b->max - b->n;

	if (s.n > room) {
		b->cut = true;
		s.n = room;
	}
	if (s.n)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

void
buf_putc(struct buf *b, char c)
{
	if (b->n < b->max)
		b->p[b->n++] = c;
	else
		b->cut = true;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room = b->max - b->n;

	/* vsnprintf() wants a byte for its NUL: print into what is left, and where exactly that
	 * byte is missing the text counts as cut. */
	va_start(ap, fmt);
	int n = vsnprintf(b->p + b->n, room, fmt, ap);
	va_end(ap);
	must(n >= 0);
	if ((size_t)n >= room) {
		b->cut = true;
		b->n += room ? room - 1 : 0;
	} else {
		b->n += (size_t)n;
	}
}

void
buf_putu(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, str_from(digits + i, sizeof(digits) - i));
}

void
buf_put16(struct buf *b, uint16_t v)
{
	buf_putc(b, (char)(v >> 8));
	buf_putc(b, (char)(v & 0xff));
}

void
buf_put32(struct buf *b, uint32_t v)
{
	buf_put16(b, (uint16_t)(v >> 16));
	buf_put16(b, (uint16_t)(v & 0xffff));
}

void
buf_put_escaped(struct buf *b, struct str s, size_t max)
{
	bool cut = s.n > max;

	s = str_slice(s, 0, max);
	while (s.n) {
		size_t plain = str_printable(s, '\\');
		buf_put(b, str_slice(s, 0, plain));
		if (plain == s.n)
			break;
		unsigned char c = (unsigned char)s.p[plain];
		buf_putc(b, '\\');
		buf_putc(b, (char)('0' + c / 100));
		buf_putc(b, (char)('0' + c / 10 % 10));
		buf_putc(b, (char)('0' + c % 10));
		s = str_skip(s, plain + 1);
	}
	if (cut)
		buf_puts(b, "...");
}

/* How much of s to keep, which has more than max bytes. */
static size_t
excerpt_end(struct str s, size_t max)
{
	size_t end = str_rfind(str_slice(s, 0, max + 1), ' ');

	while (end > 0 && end <= max && s.p[end - 1] == ' ')
		end--;
	if (end > 0 && end <= max)
		return end;
	/* "\\DDD", "%XX" */
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		char c = s.p[max - back];
		if (c == '\\' || (c == '%' && back < 3))
			return max - back;
	}
	return max;
}

void
buf_put_excerpt(struct buf *b, struct str s, size_t max)
{
	static const struct str dots = STR_INIT("...");

	if (max > b->max - b->n)
		max = b->max - b->n;
	if (s.n <= max) {
		buf_put(b, s);
	} else if (max >= dots.n) {
		buf_put(b, str_slice(s, 0, excerpt_end(s, max - dots.n)));
		buf_put(b, dots);
	}
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){b->p, b->n};
}

bool
buf_is_cut(const struct buf *b)
{
	return b->cut;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->cut = false;
}
