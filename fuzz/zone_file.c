/* Fuzz target: zone files, and the answers from what was read.  The last line of the input is asked
 * for in every type. */
#include <stdint.h>

#include "source/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(struct zone *z, struct str line)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_PTR, DNS_MX, DNS_TXT, DNS_CNAME};
	struct arena a;
	struct str name;

	arena_init(&a, 2048, 1 << 20);
	if (dns_name_parse(&a, line, &name)) {
		for (size_t i = 0; i < COUNT(types); i++) {
			struct answer *answer = zone_get(z, name, types[i]);
			if (!answer)
				continue;
			must((answer->dns.status == DNS_OK) == (answer->dns.n > 0));
			must((answer->dns.status == DNS_FAIL) == (answer->dns.reason != NULL));
			answer_unref(answer);
		}
	}
	arena_done(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct errbuf e = {0};
	struct zone *z = zone_parse("fuzz", text, &e);

	must((z != NULL) == (e.count == 0));
	if (z)
		ask(z, str_skip(text, str_rfind(text, ';') + 1));
	zone_free(z);
	return 0;
}
