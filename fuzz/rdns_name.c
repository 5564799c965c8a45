/* Fuzz target: an address and a name, classified.  The first byte chooses the family; then come
 * the address and the name. */
#include <stdint.h>

#include "checks/rdns_class.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size && data[0] & 1 ? 16 : 4;
	struct ip ip;

	if (size < 1 + n || !ip_from_bytes(data + 1, n, &ip))
		return 0;
	struct str name = str_from((const char *)data + 1 + n, size - 1 - n);
	struct rdns_verdict v = rdns_classify(NULL, &ip, name);
	must(rdns_class_name(v.class) && rdns_strength_name(v.strength));
	size_t length = strnlen(v.reason, RDNS_REASON_MAX);
	must(length > 0 && length < RDNS_REASON_MAX);
	for (size_t i = 0; i < length; i++)
		must(chr_is_print(v.reason[i]));
	return 0;
}
