/* cursor: see cursor.h. */
#include "base/cursor.h"

struct cursor
cursor_on(struct str s)
{
	return (struct cursor){.p = (const unsigned char *)s.p, .n = s.n};
}

struct str
cursor_bytes(struct cursor *c, size_t n)
{
	if (c->failed || n > c->n - c->at) {
		c->failed = true;
		return (struct str){NULL, 0};
	}
	struct str s = {(const char *)c->p + c->at, n};
	c->at += n;
	return s;
}

uint8_t
cursor_u8(struct cursor *c)
{
	struct str s = cursor_bytes(c, 1);

	return s.n ? (uint8_t)s.p[0] : 0;
}

uint16_t
cursor_u16(struct cursor *c)
{
	struct str s = cursor_bytes(c, 2);

	return s.n ? (uint16_t)((uint8_t)s.p[0] << 8 | (uint8_t)s.p[1]) : 0;
}

uint32_t
cursor_u32(struct cursor *c)
{
	struct str s = cursor_bytes(c, 4);

	if (!s.n)
		return 0;
	return (uint32_t)(uint8_t)s.p[0] << 24 | (uint32_t)(uint8_t)s.p[1] << 16 |
		(uint32_t)(uint8_t)s.p[2] << 8 | (uint8_t)s.p[3];
}

struct str
cursor_z(struct cursor *c)
{
	const char *from = (const char *)c->p + c->at;
	const char *nul = c->failed || c->at == c->n ? NULL : memchr(from, '\0', c->n - c->at);

	if (!nul) {
		c->failed = true;
		return (struct str){NULL, 0};
	}
	struct str s = {from, (size_t)(nul - from)};
	c->at += s.n + 1;
	return s;
}

struct str
cursor_rest(struct cursor *c)
{
	return cursor_bytes(c, c->n - c->at);
}

void
cursor_seek(struct cursor *c, size_t at)
{
	if (at > c->n)
		c->failed = true;
	else
		c->at = at;
}

size_t
cursor_left(const struct cursor *c)
{
	return c->failed ? 0 : c->n - c->at;
}

bool
cursor_ok(const struct cursor *c)
{
	return !c->failed;
}

void
cursor_fail(struct cursor *c)
{
	c->failed = true;
}
