/* mail/enhanced: see enhanced.h. */
#include "mail/enhanced.h"

bool
mail_enhanced_is_of(struct str s, char class)
{
	struct str part;

	if (!str_split(&s, '.', &part) || part.n != 1 || part.p[0] != class)
		return false;
	for (int i = 0; i < 2; i++) {
		uint64_t number;
		if (!str_split(&s, '.', &part) || part.n > 3 || !str_to_u64(part, 999, &number))
			return false;
	}
	return !s.p;
}
