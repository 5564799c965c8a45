/* explain/rules: how files of rules are read; data/bounces/01-providers.txt tells their form. */
#include "explain/rules_private.h"

enum block { NO_BLOCK, RULE, PROVIDER, LIST, NOISE };

struct reader {
	struct bounce_rules *r;
	struct rule_set *set;
	const char *file;
	unsigned line;
	enum block block;
	unsigned sure;	     /* "sure N" at the beginning of a line holds for the rules below */
	unsigned block_line; /* where the block begins */
	struct errbuf *e;
};

static bool
read_sure(struct reader *rd, struct str text, unsigned *out)
{
	uint64_t n;

	if (!str_to_u64(text, 99, &n) || n < 1)
		return err(rd->e, "how sure a rule is goes from 1 to 99");
	*out = (unsigned)n;
	return true;
}

/* Where a cause is misspelt, the nearest one. */
static bool
wrong_cause(struct reader *rd, struct str word)
{
	const char *near = cause_nearest(word);

	return err(rd->e, "there is no cause \"%.*s\"%s%s%s", STR_ARG(word),
		near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool
begin_rule(struct reader *rd, struct str rest)
{
	struct str name, cause, sure;
	struct rule_set *set = rd->set;
	struct bounce_rule *rule = &set->rule[set->n_rules];

	if (!str_word(&rest, &name) || !str_word(&rest, &cause))
		return err(rd->e, "a rule begins with \"rule\", a name and a cause");
	enum cause_id id;
	if (!cause_find(cause, &id))
		return wrong_cause(rd, cause);
	for (size_t i = 0; i < set->n_rules; i++)
		if (str_eq(set->rule[i].name, name))
			return err(rd->e, "there is a rule \"%.*s\" already", STR_ARG(name));
	*rule = (struct bounce_rule){
		.name = name, .cause = id, .sure = rd->sure, .file = rd->file, .line = rd->line};
	set->n_rules++;
	return !str_word(&rest, &sure) || read_sure(rd, sure, &rule->sure);
}

/* A finished block has what it needs. */
static bool
end_block(struct reader *rd)
{
	const struct rule_set *set = rd->set;

	if (rd->block == NO_BLOCK)
		return true;
	errbuf_at(rd->e, rd->file, rd->block_line);
	if (rd->block == RULE) {
		const struct bounce_rule *rule = &set->rule[set->n_rules - 1];
		if (!rule->plain && !rule->whole && !rule->enhanced && !rule->code)
			return err(rd->e, "the rule has no pattern");
		if (!rule->example.n)
			return err(rd->e, "the rule has no example");
		return true;
	}
	if (rd->block == PROVIDER && !set->provider[set->n_providers - 1].title.n)
		return err(rd->e, "the provider has no title");
	if (rd->block == NOISE && !set->noise[set->n_noises - 1])
		return err(rd->e, "the noise has no words");
	if (rd->block == LIST && !set->alias[set->n_aliases - 1].code)
		return err(rd->e, "the list has no words");
	return true;
}

static bool
begin_block(struct reader *rd, struct str line)
{
	struct str word = STR(""), rest = line;
	struct rule_set *set = rd->set;

	if (!end_block(rd))
		return false;
	errbuf_at(rd->e, rd->file, rd->line);
	(void)str_word(&rest, &word);
	rest = str_trim(rest);
	rd->block_line = rd->line;
	rd->block = NO_BLOCK;
	if (str_eq(word, STR("sure")))
		return read_sure(rd, rest, &rd->sure);
	if (str_eq(word, STR("rule"))) {
		rd->block = RULE;
		return begin_rule(rd, rest);
	}
	if (str_eq(word, STR("provider")) && rest.n) {
		rd->block = PROVIDER;
		set->provider[set->n_providers++] = (struct bounce_provider){.name = rest};
		return true;
	}
	if (str_eq(word, STR("list")) && rest.n) {
		rd->block = LIST;
		set->alias[set->n_aliases++] = (struct list_alias){.zone = rest};
		return true;
	}
	if (str_eq(word, STR("noise")) && !rest.n) {
		rd->block = NOISE;
		set->n_noises++;
		return true;
	}
	return err(rd->e,
		"a block begins with \"rule\", \"provider\", \"list\", \"noise\" or \"sure\"");
}

static bool
pattern_into(struct reader *rd, void **place, struct str value)
{
	if (*place)
		return err(rd->e, "there is such a pattern already");
	*place = bounce_rules_compile(rd->r, value, rd->e);
	return *place != NULL;
}

static bool
rule_key(struct reader *rd, struct str key, struct str value)
{
	struct bounce_rule *rule = &rd->set->rule[rd->set->n_rules - 1];
	const struct {
		const char *key;
		void **pattern;
		struct str *text;
		struct gate *gate;
	} keys[] = {{"text", &rule->plain, NULL, &rule->plain_gate},
		{"whole", &rule->whole, NULL, &rule->whole_gate},
		{"unless", &rule->unless, NULL, &rule->unless_gate}, {"enhanced", &rule->enhanced},
		{"code", &rule->code}, {"list", NULL, &rule->list}, {"from", NULL, &rule->provider},
		{"only", NULL, &rule->provider}, {"example", NULL, &rule->example}};

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!str_eq(key, str_of(keys[i].key)))
			continue;
		rule->only = rule->only || str_eq(key, STR("only"));
		if (!rule->first.n)
			rule->first = value;
		if (keys[i].gate)
			*keys[i].gate = gate_of_pattern(bounce_rules_arena(rd->r), value);
		if (keys[i].pattern)
			return pattern_into(rd, keys[i].pattern, value);
		*keys[i].text = value;
		return true;
	}
	return err(rd->e, "a rule has no \"%.*s\"", STR_ARG(key));
}

static bool
provider_key(struct reader *rd, struct str key, struct str value)
{
	struct bounce_provider *p = &rd->set->provider[rd->set->n_providers - 1];

	if (str_eq(key, STR("title")))
		p->title = value;
	else if (str_eq(key, STR("form")))
		p->form = value;
	else if (str_eq(key, STR("asks")))
		p->asks = value;
	else if (str_eq(key, STR("text"))) {
		p->gate = gate_of_pattern(bounce_rules_arena(rd->r), value);
		return pattern_into(rd, &p->code, value);
	} else if (str_eq(key, STR("hosts"))) {
		struct str host;
		while (str_word(&value, &host)) {
			if (p->n_hosts == COUNT(p->hosts))
				return err(rd->e, "at most %zu hosts", COUNT(p->hosts));
			p->hosts[p->n_hosts++] = host;
		}
	} else
		return err(rd->e, "a provider has no \"%.*s\"", STR_ARG(key));
	return true;
}

static bool
read_key(struct reader *rd, struct str line)
{
	struct str key = STR(""), value = line;

	errbuf_at(rd->e, rd->file, rd->line);
	(void)str_word(&value, &key);
	value = str_trim(value);
	if (!value.n)
		return err(rd->e, "\"%.*s\" says nothing", STR_ARG(key));
	switch (rd->block) {
	case RULE:
		return rule_key(rd, key, value);
	case PROVIDER:
		return provider_key(rd, key, value);
	case NOISE:
		if (!str_eq(key, STR("text")))
			return err(rd->e, "noise has no \"%.*s\"", STR_ARG(key));
		return pattern_into(rd, &rd->set->noise[rd->set->n_noises - 1], value);
	case LIST:
		if (!str_eq(key, STR("text")))
			return err(rd->e, "a list has no \"%.*s\"", STR_ARG(key));
		return pattern_into(rd, &rd->set->alias[rd->set->n_aliases - 1].code, value);
	case NO_BLOCK:
		break;
	}
	return err(rd->e, "a line before the first block");
}

/* line and the lines below that begin with two tabs: patterns are joined without a blank. */
static struct str
join_lines(struct reader *rd, struct str line, struct str *rest)
{
	bool pattern =
		!str_has_prefix(line, STR("\texample")) && !str_has_prefix(line, STR("\tasks"));
	struct arena *a = bounce_rules_arena(rd->r);
	struct str more;

	while (str_has_prefix(*rest, STR("\t\t")) && str_split(rest, '\n', &more)) {
		rd->line++;
		line = arena_printf(a, "%.*s%s%.*s", STR_ARG(line), pattern ? "" : " ",
			STR_ARG(str_trim(more)));
	}
	return line;
}

static size_t
count_lines(struct str text, struct str prefix)
{
	struct str line;
	size_t n = 0;

	while (str_split(&text, '\n', &line))
		n += str_has_prefix(line, prefix);
	return n;
}

bool
bounce_rules_read(struct bounce_rules *r, const char *file, struct str text, struct rule_set *out,
	struct errbuf *e)
{
	struct arena *a = bounce_rules_arena(r);
	struct rule_set set = {0};
	struct reader rd = {.r = r, .set = &set, .file = file, .sure = 80, .e = e};
	struct str rest = text, line;

	set.rule = arena_calloc(a, count_lines(text, STR("rule")) + 1, sizeof(*set.rule));
	set.provider =
		arena_calloc(a, count_lines(text, STR("provider")) + 1, sizeof(*set.provider));
	set.noise = arena_calloc(a, count_lines(text, STR("noise")) + 1, sizeof(*set.noise));
	set.alias = arena_calloc(a, count_lines(text, STR("list")) + 1, sizeof(*set.alias));
	while (rest.p && str_split(&rest, '\n', &line)) {
		rd.line++;
		if (!str_trim(line).n || str_trim(line).p[0] == '#')
			continue;
		unsigned at = rd.line;
		line = join_lines(&rd, line, &rest);
		unsigned last = rd.line;
		rd.line = at;
		if (line.p[0] == '\t' || line.p[0] == ' ') {
			if (!read_key(&rd, line))
				return false;
		} else if (!begin_block(&rd, line)) {
			return false;
		}
		rd.line = last;
	}
	if (!end_block(&rd))
		return false;
	*out = set;
	return true;
}
