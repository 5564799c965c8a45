/* Fuzz target: DNS lists whose every answer a stranger has written (script.h).  Whatever they say:
 * a listing rests on an answer that is declared, and on a canary that the same list does not have;
 * points keep within their caps, and a list that was seen to be bad has no listing. */
#include "checks/dnsbl.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char settings[] =
	"[lists]\ngroup_cap = 5\ntotal_cap = 8\nprovider_cap = 3\n"
	"[dnsbl a.example]\n127.0.0.2 = score 4 ; two\n127.0.0.3 = reject\n127.0.0.9 = error\n"
	"group = g\n"
	"[dnsbl b.example]\n127.0.0.2-127.0.0.200 = score 4\ngroup = g\nlookup = "
	"https://b/{address}\n"
	"[dnsbl d.example]\nkind = domain\n127.0.1.&6 = score 4\n"
	"[dnsbl e.example]\nkind = domain\nnames = registrable\n127.0.0.2 = tag\n"
	"[dnswl w.example]\n127.0.*.2 = score -3\n"
	"[dnsbl s.example]\n127.0.0.2 = score 7\n"
	"[exempt]\npartner.example = dnsbl\n";

static struct config *config;

static const struct dnsbl_set *
lists(void)
{
	return config_generation(config)->site.lists;
}

static bool
is_about_list(const struct finding *f, size_t i)
{
	return str_eq(finding_get(f, "list"), lists()->list[i].name);
}

/* A declared answer of this list, and a name under it that does not exist, are among the facts. */
static bool
has_evidence(const struct transaction *t, size_t i)
{
	const struct dnsbl_list *l = &lists()->list[i];
	bool listed = false, canary = false;
	enum dnsbl_wrong wrong;

	for (size_t k = 0; k < transaction_facts(t); k++) {
		const struct fact *f = transaction_fact(t, k);
		if (f->type != DNS_A || !dns_name_is_under(f->name, l->zone))
			continue;
		listed |= f->answer->dns.status == DNS_OK && dnsbl_read(l, &f->answer->dns, &wrong);
		canary |= f->answer->dns.status == DNS_NONE;
	}
	return listed && canary;
}

static void
judge(const struct result *r, const struct transaction *t)
{
	int32_t sum = 0;

	for (size_t k = 0; k < r->n; k++) {
		const struct finding *f = r->finding[k];
		if (f->code->temporary)
			continue;
		if (f->own.kind == ACTION_SCORE && f->own.points > 0)
			sum += f->own.points;
		for (size_t i = 0; i < lists()->n; i++) {
			if (!is_about_list(f, i))
				continue;
			must(has_evidence(t, i));
			must(!((r->lists.wild | r->lists.failed) >> i & 1));
			must(!str_eq(lists()->list[i].name, STR("s.example"))); /* suspended */
		}
		must(finding_get(f, "reason").n < 400);
	}
	must(sum <= 800);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errbuf e = {0};

	if (!config)
		config = config_load_text("fuzz", str_of(settings), &e);
	must(config);
	const struct words suspended = {1, (const struct str[]){STR_INIT("s.example")}};
	if (size)
		script_play(config, &check_dnsbl,
			(struct lists_now){12345, dnsbl_bits(lists(), &suspended)},
			str_from((const char *)data, size), judge);
	return 0;
}
