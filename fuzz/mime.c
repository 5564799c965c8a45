/* Fuzz target: MIME fields, divided by bytes 0.  Faults are inside of their fields, and each
 * belongs to one that was given. */
#include <stdint.h>

#include "base/must.h"
#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_from((const char *)data, size), field[3] = {{NULL, 0}};
	struct mime m;

	for (size_t i = 0; i < COUNT(field) && rest.p; i++)
		(void)str_split(&rest, '\0', &field[i]);
	mime_parse(
		field[MIME_FIELD_VERSION], field[MIME_FIELD_TYPE], field[MIME_FIELD_ENCODING], &m);
	for (size_t i = 0; i < MIME_FAULTS; i++) {
		struct str f = field[mime_fault_field((enum mime_fault)i)];
		must(!(m.faults & 1u << i) || (f.p && m.at[i] <= f.n));
	}
	must(!m.multipart || str_contains(field[MIME_FIELD_TYPE], STR("/")));
	return 0;
}
