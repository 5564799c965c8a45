/* explain/rules: see rules.h.  Here: patterns and their order; the form of files is rules_read.c.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "explain/rules_private.h"

/* What one attempt may cost: a pattern that needs more does not fit. */
#define MATCH_LIMIT 20000
#define DEPTH_LIMIT 500
#define HEAP_LIMIT  64 /* KiB */

struct compiled {
	struct compiled *next;
	pcre2_code *code;
};

struct bounce_rules {
	struct arena *a;
	struct rule_set all;
	struct compiled *compiled;
	pcre2_match_data *data, *spare; /* spare: for what is no match */
	pcre2_match_context *limits;
};

struct arena *
bounce_rules_arena(struct bounce_rules *r)
{
	return r->a;
}

void *
bounce_rules_compile(struct bounce_rules *r, struct str pattern, struct errbuf *e)
{
	PCRE2_SIZE at;
	int error;
	char why[128] = "";

	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
		PCRE2_NO_AUTO_CAPTURE | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &error, &at, NULL);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof(why));
		(void)err(e, "the pattern is wrong at its byte %zu: %s", (size_t)at + 1, why);
		return NULL;
	}
	/* Without a compiler for this machine patterns are interpreted. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	struct compiled *c = arena_new(r->a, struct compiled);
	*c = (struct compiled){r->compiled, code};
	r->compiled = c;
	return code;
}

static bool
match_into(const struct bounce_rules *r, pcre2_match_data *data, void *code, struct str text)
{
	/* An empty subject must not be NULL.  0: there are more places than data has. */
	return pcre2_match(code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, data,
		       r->limits) >= 0;
}

static bool
match(const struct bounce_rules *r, void *code, struct str text)
{
	return match_into(r, r->data, code, text);
}

/* set in front of what there is. */
static void
put_in_front(struct bounce_rules *r, const struct rule_set *set)
{
	struct rule_set *all = &r->all, old = r->all;

	all->n_rules = old.n_rules + set->n_rules;
	all->n_providers = old.n_providers + set->n_providers;
	all->n_aliases = old.n_aliases + set->n_aliases;
	all->n_noises = old.n_noises + set->n_noises;
	all->rule = arena_calloc(r->a, all->n_rules + 1, sizeof(*all->rule));
	all->provider = arena_calloc(r->a, all->n_providers + 1, sizeof(*all->provider));
	all->alias = arena_calloc(r->a, all->n_aliases + 1, sizeof(*all->alias));
	all->noise = arena_calloc(r->a, all->n_noises + 1, sizeof(*all->noise));
	for (size_t i = 0; i < all->n_noises; i++)
		all->noise[i] = i < set->n_noises ? set->noise[i] : old.noise[i - set->n_noises];
	for (size_t i = 0; i < all->n_rules; i++) {
		all->rule[i] = i < set->n_rules ? set->rule[i] : old.rule[i - set->n_rules];
		all->rule[i].number = (unsigned)i;
	}
	for (size_t i = 0; i < all->n_providers; i++)
		all->provider[i] = i < set->n_providers ? set->provider[i]
							: old.provider[i - set->n_providers];
	for (size_t i = 0; i < all->n_aliases; i++)
		all->alias[i] = i < set->n_aliases ? set->alias[i] : old.alias[i - set->n_aliases];
}

/* Providers may stand in another file than the rules that name them. */
static bool
check_providers(const struct bounce_rules *r, struct errbuf *e)
{
	for (size_t i = 0; i < r->all.n_rules; i++) {
		const struct bounce_rule *rule = &r->all.rule[i];
		if (!rule->provider.n || bounce_provider_get(r, rule->provider))
			continue;
		errbuf_at(e, rule->file, rule->line);
		return err(e, "there is no provider \"%.*s\"", STR_ARG(rule->provider));
	}
	return true;
}

static bool
add_file(struct bounce_rules *r, const char *file, struct str text, struct errbuf *e)
{
	struct rule_set set;

	if (!bounce_rules_read(r, file, text, &set, e))
		return false;
	put_in_front(r, &set);
	return true;
}

bool
bounce_rules_add(struct bounce_rules *r, const char *file, struct str text, struct errbuf *e)
{
	return add_file(r, file, text, e) && check_providers(r, e);
}

struct bounce_rules *
bounce_rules_new(struct arena *a, struct errbuf *e)
{
	struct bounce_rules *r = arena_new(a, struct bounce_rules);

	r->a = a;
	r->data = pcre2_match_data_create(RULE_CAPTURES_MAX * 2 + 1, NULL);
	r->spare = pcre2_match_data_create(1, NULL);
	r->limits = pcre2_match_context_create(NULL);
	must(r->data && r->spare && r->limits);
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT);
	/* Each goes in front of those before: the last file first. */
	bool ok = true;
	for (size_t i = bounce_rules_files_count; ok && i-- > 0;)
		ok = add_file(r, bounce_rules_files[i].name, bounce_rules_files[i].text, e);
	if (!ok || !check_providers(r, e)) {
		bounce_rules_free(r);
		return NULL;
	}
	return r;
}

void
bounce_rules_free(struct bounce_rules *r)
{
	if (!r)
		return;
	for (struct compiled *c = r->compiled; c; c = c->next)
		pcre2_code_free(c->code);
	pcre2_match_data_free(r->data);
	pcre2_match_data_free(r->spare);
	pcre2_match_context_free(r->limits);
}

size_t
bounce_rules_count(const struct bounce_rules *r)
{
	return r->all.n_rules;
}

const struct bounce_rule *
bounce_rules_get(const struct bounce_rules *r, size_t i)
{
	must(i < r->all.n_rules);
	return &r->all.rule[i];
}

const struct bounce_provider *
bounce_provider_get(const struct bounce_rules *r, struct str name)
{
	for (size_t i = 0; i < r->all.n_providers; i++)
		if (str_eq(r->all.provider[i].name, name))
			return &r->all.provider[i];
	return NULL;
}

const struct bounce_provider *
bounce_provider_find(const struct bounce_rules *r, struct str host, const struct explain_text *text)
{
	for (size_t i = 0; host.n && i < r->all.n_providers; i++)
		for (size_t k = 0; k < r->all.provider[i].n_hosts; k++)
			if (explain_host_is_under(host, r->all.provider[i].hosts[k]))
				return &r->all.provider[i];
	struct gate_text g;
	gate_text_init(&g, text->whole);
	for (size_t i = 0; i < r->all.n_providers; i++) {
		const struct bounce_provider *p = &r->all.provider[i];
		if (p->code && gate_is_open(&p->gate, &g) && match(r, p->code, text->whole))
			return p;
	}
	return NULL;
}

struct gate_texts {
	struct gate_text plain, whole;
};

static bool
fits(const struct bounce_rules *r, const struct bounce_rule *rule, const struct rule_input *in,
	const struct gate_texts *g)
{
	if (rule->only && (!in->provider || !str_eq(in->provider->name, rule->provider)))
		return false;
	if (rule->code) {
		char digits[8];
		struct buf b = BUF(digits);
		buf_putu(&b, in->code);
		if (!in->code || !match(r, rule->code, buf_str(&b)))
			return false;
	}
	if (rule->enhanced && (!in->enhanced.n || !match(r, rule->enhanced, in->enhanced)))
		return false;
	if (rule->whole &&
		(!gate_is_open(&rule->whole_gate, &g->whole) ||
			!match(r, rule->whole, in->text->whole)))
		return false;
	if (rule->plain &&
		(!gate_is_open(&rule->plain_gate, &g->plain) ||
			!match(r, rule->plain, in->text->plain)))
		return false;
	/* Not in r->data, where the places of what fits are. */
	return !rule->unless || !gate_is_open(&rule->unless_gate, &g->plain) ||
		!match_into(r, r->spare, rule->unless, in->text->plain);
}

static void
note_captures(const struct bounce_rules *r, const struct explain_text *t, bool plain,
	pcre2_code *code, struct rule_match *out)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->data);
	const uint16_t *from = plain ? t->plain_at : t->whole_at;
	PCRE2_SPTR table;
	uint32_t names = 0, size = 0;

	out->words = str_trim(explain_text_source(t, from, at[0], at[1]));
	pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &names);
	pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < names && out->n < RULE_CAPTURES_MAX; i++) {
		const unsigned char *row = table + (size_t)i * size;
		size_t group = (size_t)row[0] << 8 | row[1];
		if (group > RULE_CAPTURES_MAX * 2 || at[2 * group] == PCRE2_UNSET ||
			group >= pcre2_get_ovector_count(r->data))
			continue;
		out->capture[out->n].name = str_of((const char *)row + 2);
		out->capture[out->n++].value =
			str_trim(explain_text_source(t, from, at[2 * group], at[2 * group + 1]));
	}
}

bool
bounce_rules_match(const struct bounce_rules *r, const struct rule_input *in, size_t from,
	struct rule_match *out)
{
	struct gate_texts g;

	gate_text_init(&g.plain, in->text->plain);
	gate_text_init(&g.whole, in->text->whole);
	for (size_t i = from; i < r->all.n_rules; i++) {
		const struct bounce_rule *rule = &r->all.rule[i];
		if (!fits(r, rule, in, &g))
			continue;
		*out = (struct rule_match){.rule = rule};
		/* The pattern that was matched last has its places in the match data. */
		if (rule->plain)
			note_captures(r, in->text, true, rule->plain, out);
		else if (rule->whole)
			note_captures(r, in->text, false, rule->whole, out);
		return true;
	}
	return false;
}

static void
clean_one(const struct bounce_rules *r, void *code, struct explain_text *t, bool plain)
{
	struct str s = plain ? t->plain : t->whole;
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->data);

	for (size_t from = 0; from < s.n;) {
		if (pcre2_match(code, (PCRE2_SPTR)s.p, s.n, from, PCRE2_NOTEMPTY, r->data,
			    r->limits) <= 0)
			return;
		explain_text_blank(t, plain, at[0], at[1]);
		from = at[1] > from ? at[1] : from + 1;
	}
}

void
bounce_rules_clean(const struct bounce_rules *r, struct explain_text *text)
{
	for (size_t i = 0; i < r->all.n_noises; i++) {
		clean_one(r, r->all.noise[i], text, true);
		clean_one(r, r->all.noise[i], text, false);
	}
}

struct str
bounce_list_alias(const struct bounce_rules *r, const struct explain_text *text)
{
	for (size_t i = 0; i < r->all.n_aliases; i++)
		if (match(r, r->all.alias[i].code, text->whole))
			return r->all.alias[i].zone;
	return STR("");
}
