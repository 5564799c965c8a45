/* reply: see reply.h. */
#include "wire/reply.h"

#include "base/must.h"
#include "mail/enhanced.h"

void
reply_put_codes(struct buf *b, unsigned code, char sep, struct str enhanced)
{
	must(code >= 400 && code <= 599);
	char class = (char)('0' + code / 100);

	buf_putu(b, code);
	buf_putc(b, sep);
	if (mail_enhanced_is_of(enhanced, class)) {
		buf_put(b, enhanced);
	} else {
		buf_putc(b, class);
		buf_put(b, STR(".7.1"));
	}
}

static void
put_text(struct buf *b, struct str text, size_t max, char doubled)
{
	while (text.n && max) {
		size_t plain = str_printable(str_slice(text, 0, max), doubled);
		buf_put(b, str_slice(text, 0, plain));
		max -= plain;
		text = str_skip(text, plain);
		if (!text.n || !max)
			break;
		char c = chr_is_print(text.p[0]) ? text.p[0] : '?';
		size_t n = c == doubled ? 2 : 1;
		if (n > max)
			break;
		buf_putc(b, c);
		if (c == doubled)
			buf_putc(b, c);
		max -= n;
		text = str_skip(text, 1);
	}
}

void
reply_put_text(struct buf *b, struct str text, size_t max)
{
	put_text(b, text, max, '\0');
}

void
reply_put_format(struct buf *b, struct str text, size_t max)
{
	put_text(b, text, max, '%');
}
