/* lists/known: look-up in the table.  Settings are read seldom, so it is searched from its top. */
#include "lists/known.h"

const struct known_list *
known_lists(size_t *n_out)
{
	*n_out = known_list_count;
	return known_list_table;
}

/* The part of name below zone ("abc" of "abc.example.org"); false when it is not below it. */
static bool
is_below(struct str name, struct str zone, struct str *out)
{
	if (name.n < zone.n + 2 || !str_has_suffix_nocase(name, zone) ||
		name.p[name.n - zone.n - 1] != '.')
		return false;
	*out = str_slice(name, 0, name.n - zone.n - 1);
	return true;
}

/* Is name one that belongs to the list besides its own? */
static bool
covers(const struct known_list *list, struct str name)
{
	struct str rest;

	if (!is_below(name, str_of(list->zone), &rest))
		return false;
	return list->under || (list->keyed && str_find(rest, '.') == rest.n);
}

const struct known_list *
known_list_find(struct str zone)
{
	const struct known_list *best = NULL;
	size_t n;
	const struct known_list *all = known_lists(&n);

	if (str_has_suffix(zone, STR(".")))
		zone.n--;
	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(zone, str_of(all[i].zone)))
			return &all[i];
		/* The nearest of those that cover it. */
		if (covers(&all[i], zone) && (!best || strlen(best->zone) < strlen(all[i].zone)))
			best = &all[i];
	}
	return best;
}

const char *
list_state_name(enum list_state state)
{
	static const char *const names[] = {
		[LIST_LIVE] = "live", [LIST_CHANGED] = "changed", [LIST_DEAD] = "dead"};

	must(state < COUNT(names));
	return names[state];
}
