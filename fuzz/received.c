/* Fuzz target: Received.  What is found is inside of the text. */
#include <stdint.h>

#include "base/must.h"
#include "mail/received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct received r = received_parse(text);

	must(r.by.n == 0 || (r.by.p > text.p && r.by.p + r.by.n <= text.p + text.n));
	must(r.time.n == 0 || str_has_suffix(text, r.time));
	must(r.time.n == 0 || r.time.p[-1] == ';');
	return 0;
}
