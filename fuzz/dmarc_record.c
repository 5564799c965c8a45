/* Fuzz target: a DMARC record.  One that counts has a policy; remarks and problems are printable.
 */
#include <stdint.h>

#include "mail/dmarc_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str txt = str_from((const char *)data, size), problem;
	struct dmarc_record r;
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	(void)dmarc_record_is(txt);
	if (dmarc_record_parse(&a, txt, &r, &problem)) {
		must(r.policy != DMARC_UNSAID && r.n_remarks <= DMARC_REMARKS_MAX);
		for (size_t i = 0; i < r.n_remarks; i++)
			must(str_printable(r.remark[i], 0) == r.remark[i].n);
	} else {
		must(problem.n > 0 && str_printable(problem, 0) == problem.n);
	}
	arena_done(&a);
	return 0;
}
