/* Fuzz target: the file that tells which registry is responsible.  What is read is found, and what
 * is printed is read to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "source/rdap_bootstrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[4 * RDAP_BOOTSTRAP_MAX];
	struct str text = {(const char *)data, size};
	struct rdap_bootstrap b, again;
	struct buf out = BUF(room);
	struct errbuf e = {0};
	struct arena a;
	size_t found;

	arena_init(&a, 4096, SIZE_MAX);
	if (!rdap_bootstrap_parse(&a, text, &b, &e)) {
		must(e.count > 0);
		arena_done(&a);
		return 0;
	}
	must(b.n > 0);
	for (size_t i = 0; i < b.n; i++)
		must(rdap_bootstrap_find(&b, b.suffix[i].name, &found) &&
			found == b.suffix[i].registry);
	rdap_bootstrap_print(&b, &out);
	must(buf_is_cut(&out) || out.n > RDAP_BOOTSTRAP_MAX ||
		(rdap_bootstrap_parse(&a, buf_str(&out), &again, &e) && again.n == b.n));
	arena_done(&a);
	return 0;
}
