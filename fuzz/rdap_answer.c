/* Fuzz target: what a registry says of a domain.  A date is one that can be, and what is no answer
 * has a reason. */
#include <stdint.h>

#include "wire/rdap.h"

#define NOW INT64_C(1764000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = {(const char *)data, size};
	struct rdap_url url;
	struct arena a;
	int64_t date = -1;
	const char *why;

	arena_init(&a, 4096, SIZE_MAX);
	enum rdap_says says = rdap_read(&a, body, STR("sender.test"), NOW, &date, &why);
	must((says == RDAP_BAD) == (why != NULL));
	must(says != RDAP_DATE || (date > 0 && date <= NOW + 86400));
	if (rdap_url_parse(body, &url)) {
		must(url.host.n > 0 && url.port > 0 && url.path.p[0] == '/');
		must(url.path.p == body.p + body.n - url.path.n || url.path.n == 1);
	}
	arena_done(&a);
	return 0;
}
