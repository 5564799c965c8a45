/* Fuzz target: the check header on any section.  Each finding comes once, with evidence that is
 * bounded; what refuses says so in a reply that every mail server takes. */
#include <stdio.h>
#include <string.h>

#include "checks/checks.h"
#include "core/policy.h"
#include "daemon/config.h"
#include "mail/header.h"
#include "reply_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *config;

static void
check_reply(const struct verdict *v)
{
	char room[600];
	struct buf b = BUF(room);

	buf_printf(&b, "%u %.*s %.*s", v->code, STR_ARG(v->enhanced), STR_ARG(v->one_line));
	must(!buf_is_cut(&b));
	check_reply_line(buf_str(&b), ' ');
}

static void
check_findings(const struct result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < i; k++)
			must(r->finding[k]->code != r->finding[i]->code);
		for (size_t k = 0; k < r->finding[i]->n; k++)
			must(r->finding[i]->evidence[k].value.n <= 400);
	}
}

static void
judge(const struct headers *h, struct arena *a, struct arena *scratch)
{
	const struct generation *g = config_generation(config);
	const struct message_head head = {.headers = h};
	struct transaction_options o = {.checks = &g->checks,
		.site = &g->site,
		.arena = a,
		.scratch = scratch,
		.now = 1764000000,
		.head_later = true};
	struct verdict v;
	struct ip client;

	must(ip_parse(STR("203.0.113.5"), &client));
	for (size_t i = 0; i < g->checks.n; i++)
		o.skip |= (uint64_t)(g->checks.check[i] != &check_header) << i;
	struct transaction *t = transaction_begin(&o, &client);
	transaction_run(t);
	must(!transaction_is_done(t));
	transaction_head(t, &head);
	transaction_run(t);
	must(transaction_is_done(t));
	struct result r = transaction_result(t);
	check_findings(&r);
	policy_judge(&(struct judgement){.policy = &g->policy,
			     .checks = &g->checks,
			     .result = &r,
			     .client = &client,
			     .rcpt = STR("")},
		a, &v);
	must(v.kind == (v.score > 0 ? VERDICT_REJECT : VERDICT_ACCEPT));
	if (v.kind == VERDICT_REJECT)
		check_reply(&v);
	transaction_end(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a, scratch;
	struct headers h;
	struct errbuf e = {0};

	if (!config)
		config = config_load_text("fuzz", STR("[policy]\nreject_at = 0.5\n"), &e);
	must(config);
	if (size > 100000)
		return 0;
	arena_init(&a, 4096, (size_t)4 << 20);
	arena_init(&scratch, 4096, (size_t)4 << 20);
	headers_init(&h, &a);
	headers_read(&h, str_from((const char *)data, size));
	judge(&h, &a, &scratch);
	must(!arena_is_over(&a) && !arena_is_over(&scratch));
	arena_done(&scratch);
	arena_done(&a);
	return 0;
}
