/* str: see str.h. */
#include <stdlib.h>

#include "base/str.h"

size_t
str_printable(struct str s, char stop)
{
	static const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t stops = ones * (unsigned char)stop, v;
	size_t i = 0;

	/* Eight at a time: each line of the log and each reply goes through here.  With the high
	 * bits clear no byte borrows from or carries into the next: below 0x20, 0x7f, and the
	 * stop show as a high bit. */
	for (; i + 8 <= s.n; i += 8) {
		memcpy(&v, s.p + i, 8);
		uint64_t different = (v ^ stops) + ones * 0x7f;
		if ((v | (v + ones) | ~(v + ones * 0x60) | ~different) & high)
			break;
	}
	while (i < s.n && chr_is_print(s.p[i]) && s.p[i] != stop)
		i++;
	return i;
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (chr_lower(a.p[i]) != chr_lower(b.p[i]))
			return false;
	return true;
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	if (r != 0)
		return r;
	return (a.n > b.n) - (a.n < b.n);
}

bool
str_has_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_slice(s, 0, prefix.n), prefix);
}

bool
str_has_prefix_nocase(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq_nocase(str_slice(s, 0, prefix.n), prefix);
}

bool
str_has_suffix(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

bool
str_has_suffix_nocase(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq_nocase(str_skip(s, s.n - suffix.n), suffix);
}

bool
str_contains(struct str s, struct str part)
{
	return part.n == 0 || (s.n >= part.n && memmem(s.p, s.n, part.p, part.n));
}

size_t
str_rfind(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

bool
str_split(struct str *rest, char sep, struct str *head)
{
	if (!rest->p)
		return false;
	size_t at = str_find(*rest, sep);
	*head = str_slice(*rest, 0, at);
	*rest = at < rest->n ? str_skip(*rest, at + 1) : (struct str){NULL, 0};
	return true;
}

bool
str_word(struct str *rest, struct str *word)
{
	size_t from = 0;
	while (from < rest->n && (rest->p[from] == ' ' || rest->p[from] == '\t'))
		from++;
	size_t to = from;
	while (to < rest->n && rest->p[to] != ' ' && rest->p[to] != '\t')
		to++;
	if (to == from)
		return false;
	*word = str_slice(*rest, from, to);
	*rest = str_skip(*rest, to);
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static int
compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void
str_sort(struct str *list, size_t n)
{
	if (n)
		qsort(list, n, sizeof(*list), compare);
}

bool
str_is_in(const struct str *sorted, size_t n, struct str key)
{
	return n && bsearch(&key, sorted, n, sizeof(key), compare);
}

bool
str_is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

bool
str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!chr_is_digit(s.p[i]))
			return false;
		uint64_t d = (uint64_t)(s.p[i] - '0');
		if (v > max / 10 || v * 10 > max - d)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

bool
chr_is_xdigit(char c)
{
	return chr_hex(c) >= 0;
}

int
chr_hex(char c)
{
	if (chr_is_digit(c))
		return c - '0';
	c = chr_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
utf8_length(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (!s.n || p[0] < 0x80)
		return s.n ? 1 : 0;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}
