/* Fuzz target: replay records, judged by the whole engine under the default settings.
 * Whatever a record claims, the engine must come to a verdict, and facts that failed must not
 * refuse: with no positive evidence at all (every fact failed) nothing is rejected for DNS. */
#include <stdint.h>

#include "core/record.h"
#include "core/run.h"
#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *config;

static void
judge(struct record *r)
{
	struct generation *g = config_generation(config);
	struct arena arena, scratch;
	struct verdict v;

	arena_init(&arena, 8192, (size_t)512 << 10);
	arena_init(&scratch, 8192, (size_t)1 << 20);
	const struct transaction_options o = {.checks = &g->checks,
		.site = &g->site,
		.source = &r->source,
		.history = record_history(r),
		.arena = &arena,
		.scratch = &scratch};
	struct transaction *t = transaction_begin(&o, &r->client);
	if (r->has_helo)
		transaction_env(t, ENV_HELO, r->helo);
	else
		transaction_env_absent(t, ENV_HELO);
	if (r->has_from)
		transaction_env(t, ENV_MAIL_FROM, r->from);
	else
		transaction_env_absent(t, ENV_MAIL_FROM);
	transaction_run(t);
	must(!transaction_waits_for_network(t));
	struct result result = transaction_result(t);
	must(result.done == ((uint64_t)1 << g->checks.n) - 1);
	const struct judgement j = {.policy = &g->policy,
		.checks = &g->checks,
		.result = &result,
		.client = &r->client,
		.rcpt = r->rcpt.n ? r->rcpt.word[0] : STR("")};
	policy_judge(&j, &arena, &v);
	must(v.one_line.n <= REPLY_MAX);
	for (size_t i = 0; i < v.one_line.n; i++)
		must(chr_is_print(v.one_line.p[i]));
	transaction_end(t);
	arena_done(&arena);
	arena_done(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	if (!config)
		config = config_load_text("fuzz", STR(""), &e);
	must(config);
	arena_init(&a, 4096, (size_t)16 << 20);
	if (record_parse(&a, str_from((const char *)data, size), &r, &e)) {
		judge(&r);
		record_done(&r);
	} else {
		must(e.count > 0 && e.text[0]);
	}
	arena_done(&a);
	return 0;
}
