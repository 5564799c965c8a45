/* source/dns_keys: see dns_keys.h. */
#include "source/dns_keys.h"

struct dns_keys
dns_keys_copy(struct arena *a, const struct dns_keys *keys)
{
	struct dns_key *key = arena_calloc(a, keys->n + 1, sizeof(*key));

	for (size_t i = 0; i < keys->n; i++)
		key[i] = (struct dns_key){
			arena_str(a, keys->key[i].zone), arena_str(a, keys->key[i].key)};
	return (struct dns_keys){keys->n, key};
}

/* Where the label stands in a zone; n: not at all. */
static size_t
label_at(struct str zone)
{
	static const struct str label = STR_INIT(FACT_KEY_LABEL);
	struct str rest = zone, head;

	while (str_split(&rest, '.', &head))
		if (str_eq(head, label))
			return (size_t)(head.p - zone.p);
	return zone.n;
}

struct str
dns_keys_expand(const struct dns_keys *keys, struct arena *a, struct str name, struct str *key_out)
{
	*key_out = STR("");
	for (size_t i = 0; i < keys->n; i++) {
		const struct dns_key *k = &keys->key[i];
		if (!dns_name_is_under(name, k->zone))
			continue;
		size_t at = name.n - k->zone.n + label_at(k->zone);
		*key_out = k->key;
		return arena_printf(a, "%.*s%.*s%.*s", (int)at, name.p, STR_ARG(k->key),
			STR_ARG(str_skip(name, at + strlen(FACT_KEY_LABEL))));
	}
	return name;
}

static struct str
scrubbed(struct arena *a, struct str s, struct str key)
{
	size_t i = 0;

	while (i + key.n <= s.n && !str_eq_nocase(str_slice(s, i, i + key.n), key))
		i++;
	if (i + key.n > s.n)
		return s;
	char *copy = arena_alloc(a, s.n);
	memcpy(copy, s.p, s.n);
	for (; i + key.n <= s.n; i++)
		if (str_eq_nocase(str_slice(s, i, i + key.n), key))
			memset(copy + i, 'x', key.n);
	return str_from(copy, s.n);
}

void
dns_keys_scrub(struct answer *a, struct str key)
{
	struct dns_answer *d = &a->dns;

	if (!key.n)
		return;
	d->alias = scrubbed(&a->arena, d->alias, key);
	struct dns_rr *rr = arena_calloc(&a->arena, d->n + 1, sizeof(*rr));
	for (size_t i = 0; i < d->n; i++) {
		rr[i] = d->rr[i];
		rr[i].text = scrubbed(&a->arena, rr[i].text, key);
	}
	d->rr = rr;
}
