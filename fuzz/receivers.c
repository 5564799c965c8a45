/* Fuzz target: a file of what receivers demand.  What can be read has all that a demand must have,
 * and can be judged. */
#include <stdint.h>

#include "cli/receivers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct self_report report;
	struct receivers r = {0};
	struct errbuf e = {0};
	struct arena a;

	if (size > 65536)
		return 0;
	arena_init(&a, 4096, SIZE_MAX);
	if (receivers_read(&a, "fuzz", str_from((const char *)data, size), &r, &e)) {
		for (size_t i = 0; i < r.n_demands; i++) {
			const struct demand *d = &r.demand[i];
			must(d->n_items > 0 && d->n_items <= DEMAND_ITEMS_MAX && d->receiver < r.n);
			must(d->answer.n && d->source.n && (d->since.n || d->seen.n));
			(void)demand_judge(d, &report);
		}
	} else {
		must(e.text[0] && e.count > 0);
	}
	arena_done(&a);
	return 0;
}
