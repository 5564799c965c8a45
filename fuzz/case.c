/* Fuzz target: a case out of the store, as each page shows it.  Whatever stands in it, what comes
 * out are lines of printable ASCII. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/case_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_printable(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(chr_is_print(text[i]) || text[i] == '\n');
}

static void
show(const struct stored_case *c, int form)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	const struct page page = {out, false};

	must(out);
	if (form == 0)
		case_show(&page, c);
	else if (form == 1)
		case_show_json(out, c);
	else
		case_show_sender(&page, c, form == 2);
	must(fclose(out) == 0);
	must_be_printable(text, n);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct stored_case c;
	struct errbuf e = {0};
	char id[CASE_ID_SIZE];

	arena_init(&a, 4096, (size_t)64 << 20);
	if (case_read(&a, str_from((const char *)data, size), &c, &e)) {
		for (int form = 0; form < 4; form++)
			show(&c, form);
		case_done(&c);
	}
	if (case_id_parse(str_from((const char *)data, size), id))
		must(strlen(id) == CASE_ID_SIZE - 1);
	arena_done(&a);
	return 0;
}
