/* Fuzz target: a whole evaluation of SPF policies that a stranger has written (script.h), and the
 * reply to a fail, with his own words in it.  Whatever they say: an end, at most SPF_QUESTIONS_MAX
 * questions and those to the list of cheaters, printable words, lines that nobody has to cut. */
#include "checks/checks.h"
#include "script.h"
#include "spf/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *config;

#define LIST_QUESTIONS 2 /* one, and the canary */

static void
judge_line(struct str s, size_t max, unsigned percent)
{
	size_t octets = 0;

	must(s.n > 0);
	for (size_t i = 0; i < s.n; i++) {
		must(chr_is_print(s.p[i]));
		octets += s.p[i] == '%' ? percent : 1;
	}
	must(octets <= max);
}

static void
judge_reply(const struct result *r, const struct transaction *t)
{
	const struct generation *g = config_generation(config);
	const struct judgement j = {.policy = &g->policy,
		.checks = &g->checks,
		.result = r,
		.client = transaction_client(t),
		.rcpt = STR("joe@example.net"),
		.case_id = STR("7Q2K-M8RT-9FBC")};
	struct arena a;
	struct verdict v;

	arena_init(&a, 4096, (size_t)1 << 20);
	policy_judge(&j, &a, &v);
	if (v.code) {
		judge_line(v.one_line, REPLY_MAX, 1);
		must(v.n_lines <= REPLY_LINES);
		for (size_t i = 0; i < v.n_lines; i++)
			judge_line(v.line[i], REPLY_LINE_MAX, 2);
	}
	arena_done(&a);
}

static void
judge(const struct result *r, const struct transaction *t)
{
	must(transaction_facts(t) <= SPF_QUESTIONS_MAX + LIST_QUESTIONS);
	must(r->n >= 1 && r->n <= 2);
	must(r->spf_explanation.n <= SPF_EXPLANATION_MAX);
	must(!r->spf_explanation.n || r->spf_mailfrom == AUTH_FAIL);
	for (size_t i = 0; i < r->spf_explanation.n; i++)
		must(chr_is_print(r->spf_explanation.p[i]));
	judge_reply(r, t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errbuf e = {0};

	if (!config)
		config = config_load_text("fuzz",
			STR("[site]\nhostname = mx.example.net\n[policy]\nprofile = strict\n"
			    "[spf]\nexplanation = yes\n[dnsbl cheats.example]\nkind = domain\n"
			    "ask = spf\n127.0.0.2 = score 0\n"),
			&e);
	must(config);
	if (size)
		script_play(config, &check_spf, (struct lists_now){.canary = 1},
			str_from((const char *)data, size), judge);
	return 0;
}
