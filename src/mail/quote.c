/* mail/quote: see quote.h. */
#include "mail/quote.h"

#define DOMAIN_MAX 255

void
quote_put_clean(struct buf *out, struct str s, size_t max, const char *escape)
{
	s = str_slice(s, 0, max);
	for (size_t i = 0; i < s.n; i++) {
		char c = chr_is_print(s.p[i]) ? s.p[i] : '?';
		if (str_find(str_of(escape), c) < strlen(escape))
			buf_putc(out, '\\');
		buf_putc(out, c);
	}
}

void
quote_put_string(struct buf *out, struct str s, size_t max)
{
	buf_putc(out, '"');
	quote_put_clean(out, s, max, "\"\\");
	buf_putc(out, '"');
}

bool
quote_is_domain(struct str s)
{
	struct str label;

	if (s.n == 0 || s.n > DOMAIN_MAX)
		return false;
	while (str_split(&s, '.', &label)) {
		for (size_t i = 0; i < label.n; i++)
			if (!chr_is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
				return false;
		if (label.n == 0)
			return false;
	}
	return true;
}
