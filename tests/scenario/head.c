/* scenario/head: see head.h. */
#include "head.h"

/* What stands behind a backslash; *n: how many bytes of it. */
static bool
unescape(struct str s, char *out, size_t *n)
{
	*n = 1;
	if (!s.n)
		return false;
	switch (s.p[0]) {
	case 'n':
		*out = '\n';
		return true;
	case 'r':
		*out = '\r';
		return true;
	case '\\':
		*out = '\\';
		return true;
	case 'x':
		*n = 3;
		if (s.n < 3 || !chr_is_xdigit(s.p[1]) || !chr_is_xdigit(s.p[2]))
			return false;
		*out = (char)(chr_hex(s.p[1]) << 4 | chr_hex(s.p[2]));
		return true;
	default:
		return false;
	}
}

bool
head_add(struct buf *section, struct str line)
{
	while (line.n) {
		size_t n = 0;
		char c = line.p[0];
		if (c == '\\' && !unescape(str_skip(line, 1), &c, &n))
			return false;
		buf_putc(section, c);
		line = str_skip(line, n + 1);
	}
	buf_putc(section, '\n');
	return !buf_is_cut(section);
}

void
head_read(struct arena *a, struct str section, struct record *r)
{
	r->headers = arena_new(a, struct headers);
	headers_init(r->headers, a);
	(void)headers_read(r->headers, section);
	r->head.headers = r->headers;
}

void
head_tell(const struct record *r, struct transaction *t, bool *told)
{
	if (r->headers && !*told)
		transaction_head(t, &r->head);
	*told = true;
}
