/* core/texts: see texts.h.  The tables are made by tools/texts. */
#include "core/texts.h"

#include "base/must.h"

#define VALUE_MAX 255 /* bytes of a stranger's value */

const struct texts *
texts_english(void)
{
	return &texts_all[0];
}

const struct texts *
texts_find(struct str lang)
{
	for (size_t i = 0; i < texts_count; i++)
		if (str_eq(lang, str_of(texts_all[i].lang)))
			return &texts_all[i];
	return NULL;
}

const char *
texts_named(const struct named_text *list, size_t n, struct str name, const char *otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_of(list[i].name)))
			return list[i].text;
	return otherwise;
}

static const struct place *
place_find(const struct place *places, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++)
		if (places[i].value.n && str_eq(key, str_of(places[i].key)))
			return &places[i];
	return NULL;
}

bool
texts_fill(const char *template, const struct place *places, size_t n, struct buf *out)
{
	struct str rest = str_of(template);
	bool whole = true;

	for (;;) {
		size_t open = str_find(rest, '{');
		buf_put(out, str_slice(rest, 0, open));
		if (open == rest.n)
			return whole;
		rest = str_skip(rest, open + 1);
		size_t close = str_find(rest, '}');
		must(close < rest.n); /* tools/texts has seen to it */
		const struct place *p = place_find(places, n, str_slice(rest, 0, close));
		if (!p)
			whole = false;
		else if (p->ours)
			buf_put(out, p->value);
		else
			buf_put_escaped(out, p->value, VALUE_MAX);
		rest = str_skip(rest, close + 1);
	}
}
