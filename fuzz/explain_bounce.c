/* Fuzz target: a bounce, whatever it looks like.  There is an answer: at least one case, with a
 * cause and steps, whose strings have an end. */
#include <stdint.h>
#include <stdlib.h>

#include "explain/advice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct explain_options options;
static struct explanation out;

static struct str
find_list(void *ctx, struct str name)
{
	return str_has_suffix(name, STR(".example")) ? name : STR("");
}

static void
init(void)
{
	static struct arena for_rules;
	struct errbuf e = {0};

	arena_init(&for_rules, 65536, SIZE_MAX);
	options.rules = bounce_rules_new(&for_rules, &e);
	options.find_list = find_list;
	must(options.rules);
}

/* Each byte is touched, so that a string past its memory shows. */
static size_t
touch(struct str s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static void
check_case(struct arena *a, const struct explained *x)
{
	static const struct advice_list list = {.zone = "a.example",
		.title = "A",
		.owner = "B",
		.lookup = "https://a.example/{address}"};
	struct advice advice;

	must(x->cause < CAUSE_COUNT && x->sure >= 1 && x->sure <= 99);
	for (size_t k = 0; k < texts_count; k++) {
		advise(a, &texts_all[k], x, x->list.n ? &list : NULL, &advice);
		must(advice.n >= 1 && advice.what.n);
		for (size_t i = 0; i < advice.n; i++)
			must(touch(advice.step[i]) > 0);
	}
	const struct str all[] = {x->words, x->list, x->helo, x->domain, x->sender, x->recipient,
		x->url, x->failure->reply, x->failure->words, x->failure->host};
	for (size_t i = 0; i < COUNT(all); i++)
		(void)touch(all[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	if (size > 65536)
		return 0;
	if (!options.rules)
		init();
	/* An exact copy, because reading changes it. */
	char *copy = malloc(size ? size : 1);
	must(copy);
	for (size_t i = 0; i < size; i++)
		copy[i] = (char)data[i];
	arena_init(&a, 65536, SIZE_MAX);
	if (explain_bytes(&a, &options, copy, size, &out)) {
		must(out.n >= 1 && out.n <= BOUNCE_FAILURES_MAX);
		for (size_t i = 0; i < out.n; i++)
			check_case(&a, &out.item[i]);
	}
	arena_done(&a);
	free(copy);
	return 0;
}
