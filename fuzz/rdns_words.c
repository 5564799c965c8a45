/* Fuzz target: word files; what was read is looked up and used. */
#include <stdint.h>

#include "checks/rdns_class.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size), rest = text, word, domain;
	struct ip ip = {.len = 4, .b = {192, 0, 2, 17}};
	struct rdns_words w;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	bool ok = rdns_words_load(&w, NULL, &a, "fuzz", text, &e);
	must(ok == (e.count == 0));
	while (ok && str_word(&rest, &word)) {
		rdns_word_kind(&w, word);
		rdns_domain_kind(&w, word, &domain);
		rdns_classify(&w, &ip, word);
	}
	arena_done(&a);
	return 0;
}
