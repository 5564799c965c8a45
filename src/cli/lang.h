/* cli/lang: in whose language a command speaks to people. */
#ifndef CLI_LANG_H
#define CLI_LANG_H

#include "core/texts.h"

/* What is chosen by --lang (NULL: not given), else what the environment asks for as POSIX says:
 * LC_ALL, LC_MESSAGES or LANG, the first that is set.  It counts only where it names UTF-8, which
 * texts are in; English, which is ASCII, is the answer for everything else.  NULL: there is no such
 * language, which was told. */
const struct texts *cli_lang(const char *command, const char *option);

#endif
