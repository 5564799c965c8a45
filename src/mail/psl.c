/* psl: see psl.h. */
#include <libpsl.h>

#include "mail/psl.h"

#include "base/must.h"

#define NAME_MAX_TEXT 255

/* libpsl reads NUL-terminated strings.  False for what it must not be asked about. */
static bool
copy_name(struct str name, char out[NAME_MAX_TEXT + 1])
{
	char last = '.';

	if (name.n > NAME_MAX_TEXT)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (c == '\0' || (c == '.' && last == '.'))
			return false;
		out[i] = last = c;
	}
	out[name.n] = '\0';
	return last != '.';
}

static struct str
last_label(struct str name)
{
	size_t dot = str_rfind(name, '.');

	return dot == name.n ? name : str_skip(name, dot + 1);
}

/* An address is no name, but to libpsl its last number is an unlisted top-level domain. */
static bool
ends_in_number(struct str name)
{
	struct str tld = last_label(name);

	for (size_t i = 0; i < tld.n; i++)
		if (!chr_is_digit(tld.p[i]))
			return false;
	return true;
}

struct str
psl_registrable(struct str name)
{
	UNSET char z[NAME_MAX_TEXT + 1];

	if (!copy_name(name, z) || ends_in_number(name))
		return (struct str){0};
	const char *domain = psl_registrable_domain(psl_builtin(), z);
	return domain ? str_skip(name, (size_t)(domain - z)) : (struct str){0};
}

/* From the right, because most names end one label after their suffix: half the time that
 * libpsl's own search from the left takes.  The list's few suffixes below a domain that is none
 * itself (all under .no) are not seen; here that costs nothing but a label looked at too many. */
struct str
psl_delegated(struct str name)
{
	UNSET char z[NAME_MAX_TEXT + 1];

	if (!copy_name(name, z) || ends_in_number(name))
		return (struct str){0};
	size_t at = str_rfind(name, '.');
	while (at < name.n) {
		size_t dot = str_rfind(str_slice(name, 0, at), '.');
		size_t from = dot == at ? 0 : dot + 1;
		if (!psl_is_public_suffix2(psl_builtin(), z + from, PSL_TYPE_ICANN))
			return str_skip(name, from);
		if (from == 0)
			break;
		at = dot;
	}
	return (struct str){0};
}

bool
psl_same_org(struct str a, struct str b)
{
	if (str_eq(a, b))
		return true;
	struct str org = psl_registrable(a);
	return org.n > 0 && str_eq(org, psl_registrable(b));
}

bool
psl_tld_is_known(struct str name)
{
	struct str tld = last_label(name);
	UNSET char z[NAME_MAX_TEXT + 1];

	if (str_eq(tld, STR("example")) || str_eq(tld, STR("test")))
		return true;
	return copy_name(tld, z) &&
		psl_is_public_suffix2(psl_builtin(), z, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}
