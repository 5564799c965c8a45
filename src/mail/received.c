/* mail/received: see received.h. */
#include "mail/received.h"
#include "mail/token.h"

struct received
received_parse(struct str value)
{
	struct token_reader r = token_reader_on(value, TOKEN_MIME);
	struct received out = {.by = STR(""), .time = STR("")};
	bool by = false;

	for (struct token t = token_next(&r); t.kind != TOKEN_END && t.kind != TOKEN_BAD;
		t = token_next(&r)) {
		bool value_of_by = by && !out.by.n;
		by = t.kind == TOKEN_ATOM && str_eq_nocase(t.text, STR("by"));
		if (value_of_by && (t.kind == TOKEN_ATOM || t.kind == TOKEN_LITERAL))
			out.by = t.text;
		if (token_is(&t, ';'))
			out.time = str_skip(value, r.at);
	}
	return out;
}
