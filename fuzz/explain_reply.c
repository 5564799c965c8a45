/* Fuzz target: a text and the rules.  What is folded leads back into the text, what is found are
 * slices of it, gates keep out nothing that matches, and rules match within their limits. */
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "explain/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_tokens(struct str text)
{
	struct str rest = text, s;
	struct ip ip;
	size_t n = 0;

	while (explain_ip_next(&rest, &ip))
		must((ip.len == 4 || ip.len == 16) && n++ <= text.n);
	rest = text;
	while (explain_address_next(&rest, &s))
		must(is_inside(s, text) && str_find(s, '@') < s.n);
	rest = text;
	while (explain_host_next(&rest, &s))
		must(is_inside(s, text) && str_find(s, '.') < s.n);
	must(is_inside(explain_url_find(text), text));
}

static void
check_fold(const struct explain_text *t)
{
	for (size_t i = 0; i < t->plain.n; i++) {
		must(t->plain_at[i] <= t->plain_at[i + 1] && t->plain_at[i] < t->raw.n);
		must(chr_lower(t->plain.p[i]) == t->plain.p[i] && t->plain.p[i] != '\n');
	}
	must(t->plain_at[t->plain.n] == t->raw.n && t->whole_at[t->whole.n] == t->raw.n);
	must(t->whole.n <= t->raw.n && t->plain.n <= t->raw.n);
}

/* What a pattern matches its gate lets through. */
static void
check_gates(const struct bounce_rules *rules, const struct explain_text *t)
{
	static pcre2_match_data *data;
	struct gate_text g;

	if (!data)
		data = pcre2_match_data_create(8, NULL);
	gate_text_init(&g, t->plain);
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *r = bounce_rules_get(rules, i);
		if (r->plain && !gate_is_open(&r->plain_gate, &g))
			must(pcre2_match(r->plain, (PCRE2_SPTR)(t->plain.n ? t->plain.p : ""),
				     t->plain.n, 0, 0, data, NULL) <= 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bounce_rules *rules;
	static struct arena for_rules;
	struct arena a;
	struct errbuf e = {0};
	struct explain_text t;
	struct rule_match m;

	if (size == 0 || size > 8192)
		return 0;
	if (!rules) {
		arena_init(&for_rules, 65536, SIZE_MAX);
		rules = bounce_rules_new(&for_rules, &e);
		must(rules);
	}
	arena_init(&a, 65536, SIZE_MAX);
	struct str text = str_from((const char *)data, size);
	check_tokens(text);
	struct explain_codes c = explain_codes_find(text);
	must(c.code == 0 || (c.code >= 400 && c.code < 580));
	explain_text_fold(&a, text, &t);
	check_fold(&t);
	check_gates(rules, &t);
	struct rule_input in = {&t, c.code, c.enhanced, NULL};
	in.provider = bounce_provider_find(rules, STR(""), &t);
	if (bounce_rules_match(rules, &in, 0, &m)) {
		must(is_inside(m.words, t.raw) && m.n <= RULE_CAPTURES_MAX);
		for (size_t i = 0; i < m.n; i++)
			must(is_inside(m.capture[i].value, t.raw));
	}
	bounce_rules_clean(rules, &t);
	(void)bounce_list_alias(rules, &t);
	arena_done(&a);
	return 0;
}
