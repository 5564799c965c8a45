/* Fuzz target: a DKIM key record.  A usable key has a size, or is revoked; a sentence says why
 * another is useless, in printable text. */
#include <stdint.h>

#include "mail/dkim_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dkim_key key;
	struct str problem;
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	if (dkim_key_parse(&a, str_from((const char *)data, size), &key, &problem))
		must(key.revoked ? key.bits == 0 : key.bits > 0 && key.bits <= 32768);
	else
		must(problem.n > 0 && str_printable(problem, 0) == problem.n);
	arena_done(&a);
	return 0;
}
