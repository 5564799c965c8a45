/* dns/domains: see domains.h. */
#include "dns/domains.h"

bool
domains_parse(
	struct arena *a, const char *name, struct str text, struct domains *out, struct errbuf *e)
{
	struct str rest = text, line;
	size_t lines = 1, n = 0;
	unsigned number = 0;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	if (lines > DOMAINS_LINES_MAX) {
		errbuf_at(e, name, 0);
		return err(e, "more than %d lines", DOMAINS_LINES_MAX);
	}
	struct str *list = arena_alloc(a, lines * sizeof(*list));
	while (str_split(&rest, '\n', &line)) {
		line = str_trim(str_slice(line, 0, str_find(line, '#')));
		number++;
		if (!line.n)
			continue;
		if (!dns_name_parse(a, line, &list[n])) {
			errbuf_at(e, name, number);
			return err(
				e, "\"%.*s\" is no domain", line.n < 80 ? (int)line.n : 80, line.p);
		}
		n++;
	}
	str_sort(list, n);
	*out = (struct domains){n, list};
	return true;
}

struct str
domains_find(const struct domains *d, struct str name)
{
	struct str label;

	while (name.n) {
		if (str_is_in(d->name, d->n, name))
			return name;
		(void)str_split(&name, '.', &label);
	}
	return STR("");
}
