/* daemon/config_lists: see config_lists.h. */
#include "checks/dnsbl.h"
#include "daemon/config_lists.h"

#define KEY_MAX 63 /* it is a label of a DNS name */

extern const struct domains dnsbl_providers; /* made from data/lists/providers.txt */

/* The key in the first line of a file.  Whatever is wrong with it, it is not shown. */
static bool
read_key(struct arena *a, struct str file, struct str *out, struct errbuf *e)
{
	const char *path = arena_z(a, file);
	struct str text, line;

	if (!conf_read_file(path, a, &text, e))
		return false;
	(void)str_split(&text, '\n', &line);
	line = str_trim(line);
	bool ok = line.n > 0 && line.n <= KEY_MAX;
	for (size_t i = 0; i < line.n; i++)
		ok &= chr_is_alnum(line.p[i]) || line.p[i] == '-' || line.p[i] == '_';
	if (!ok)
		return err(e, "the first line is no key: 1 to %d letters, digits, - or _", KEY_MAX);
	*out = arena_lower(a, line); /* names are asked in lower case */
	return true;
}

static bool
add_sections(struct config *c, const struct named *sections, bool allow, struct dnsbl_set *set,
	struct dnsbl_list *list, struct errbuf *e)
{
	for (size_t i = 0; i < sections->n; i++) {
		const struct dnsbl_settings *s = sections->item[i].values;
		struct dnsbl_list *l = &list[set->n];
		if (set->n == LISTS_MAX)
			return err(e, "more than %d DNS lists", LISTS_MAX);
		if (!dnsbl_compile(&c->arena, s, allow, l, e))
			return false;
		l->key = s->key_file; /* until read_keys() */
		set->n++;
	}
	return true;
}

static bool
read_keys(struct arena *a, const struct dnsbl_set *set, struct dnsbl_list *list, struct errbuf *e)
{
	for (size_t i = 0; i < set->n; i++)
		if (list[i].key.n && !read_key(a, list[i].key, &list[i].key, e))
			return false;
	return true;
}

/* The built-in providers and those of the file. */
static bool
take_providers(
	struct config *c, const struct lists_settings *s, struct domains *out, struct errbuf *e)
{
	struct domains more;
	struct str text;

	*out = dnsbl_providers;
	if (!s->providers.n)
		return true;
	const char *path = arena_z(&c->arena, s->providers);
	if (!conf_read_file(path, &c->arena, &text, e) ||
		!domains_parse(&c->arena, path, text, &more, e))
		return false;
	struct str *all = arena_calloc(&c->arena, out->n + more.n, sizeof(*all));
	memcpy(all, out->name, out->n * sizeof(*all));
	memcpy(all + out->n, more.name, more.n * sizeof(*all));
	str_sort(all, out->n + more.n);
	*out = (struct domains){out->n + more.n, all};
	return true;
}

/* The domains of [exempt] that spare their clients this check. */
static struct domains
spared_domains(struct config *c, size_t check)
{
	struct str *name = arena_calloc(&c->arena, c->exempt.n + 1, sizeof(*name));
	size_t n = 0;

	for (size_t i = 0; i < c->exempt.n; i++) {
		const struct exemption *x = &c->exempt.list[i];
		if (x->by_domain && x->checks >> check & 1)
			name[n++] = x->what;
	}
	str_sort(name, n);
	return (struct domains){n, name};
}

bool
config_make_lists(struct config *c, struct errbuf *e)
{
	const struct check_set *checks = &c->generation.checks;
	struct dnsbl_set *set = arena_new(&c->arena, struct dnsbl_set);
	struct dnsbl_list *list = arena_calloc(&c->arena, LISTS_MAX, sizeof(*list));
	size_t number = 0;

	while (checks->check[number] != &check_dnsbl)
		must(++number < checks->n);
	const struct lists_settings *s = c->check_settings[number];
	set->group_cap = s->group_cap;
	set->total_cap = s->total_cap;
	set->provider_cap = s->provider_cap;
	set->spared = spared_domains(c, number);
	if (!add_sections(c, &c->dnsbl, false, set, list, e) ||
		!add_sections(c, &c->dnswl, true, set, list, e) ||
		!read_keys(&c->arena, set, list, e) || !take_providers(c, s, &set->providers, e))
		return false;
	dnsbl_number_groups(set, list);
	c->generation.site.lists = set;
	return true;
}
