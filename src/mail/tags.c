/* mail/tags: see tags.h. */
#include "mail/tags.h"

static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0 && chr_is_alpha(s.p[0]);
}

enum tag_read
tag_next(struct str *rest, struct tag *out)
{
	struct str part;

	while (rest->p && str_split(rest, ';', &part)) {
		part = str_trim(part);
		if (!part.n)
			continue;
		size_t at = str_find(part, '=');
		*out = (struct tag){
			str_trim(str_slice(part, 0, at)), str_trim(str_skip(part, at + 1))};
		if (at < part.n && is_name(out->name))
			return TAG_OK;
		*out = (struct tag){STR(""), part};
		return TAG_BAD;
	}
	return TAG_END;
}
