/* Fuzz target: a whole evaluation of SPF policies that a stranger has written (script.h).  Whatever
 * they say: an end, at most SPF_QUESTIONS_MAX questions, printable words. */
#include "checks/checks.h"
#include "script.h"
#include "spf/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge(const struct result *r, const struct transaction *t)
{
	must(transaction_facts(t) <= SPF_QUESTIONS_MAX);
	must(r->n >= 1 && r->n <= 2);
	must(r->spf_explanation.n <= SPF_EXPLANATION_MAX);
	must(!r->spf_explanation.n || r->spf_mailfrom == AUTH_FAIL);
	for (size_t i = 0; i < r->spf_explanation.n; i++)
		must(chr_is_print(r->spf_explanation.p[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *config;
	struct errbuf e = {0};

	if (!config)
		config = config_load_text("fuzz", STR("[site]\nhostname = mx.example.net\n"), &e);
	must(config);
	if (size)
		script_play(config, &check_spf, (struct lists_now){0},
			str_from((const char *)data, size), judge);
	return 0;
}
