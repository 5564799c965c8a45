/* cli/lang: see lang.h. */
#include <stdlib.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/lang.h"

static const char *
locale_name(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return "";
}

/* "de" of "de_AT.UTF-8@euro"; empty where it is not of UTF-8. */
static struct str
language_of(struct str locale)
{
	struct str rest = str_skip(locale, str_find(locale, '.') + 1);
	struct str codeset = str_slice(rest, 0, str_find(rest, '@'));
	size_t n = 0;

	if (!str_eq_nocase(codeset, STR("UTF-8")) && !str_eq_nocase(codeset, STR("utf8")))
		return STR("");
	while (n < locale.n && chr_is_alpha(locale.p[n]))
		n++;
	return str_slice(locale, 0, n);
}

static void
tell_languages(const char *command, const char *option)
{
	char room[512];
	struct buf all = BUF(room);

	for (size_t i = 0; i < texts_count; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", texts_all[i].lang);
	cli_usage(
		command, "there is no language \"%s\", only %.*s", option, STR_ARG(buf_str(&all)));
}

const struct texts *
cli_lang(const char *command, const char *option)
{
	const struct texts *t =
		texts_find(option ? str_of(option) : language_of(str_of(locale_name())));

	if (!t && option)
		tell_languages(command, option);
	return t || option ? t : texts_english();
}
