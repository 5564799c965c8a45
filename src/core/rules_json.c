/* core/rules_json: see rules_json.h. */
#include "core/rules_json.h"

#define NAMES_MAX 64 /* in one list */

json_t *
rules_json_read(struct str json, size_t max)
{
	json_t *o = json.n && json.n <= max
		? json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL)
		: NULL;

	if (json_is_object(o))
		return o;
	json_decref(o);
	return NULL;
}

static int
put(const char *bytes, size_t n, void *ctx)
{
	buf_put(ctx, str_from(bytes, n));
	return 0;
}

bool
rules_json_write(const json_t *o, size_t max, struct buf *out)
{
	size_t before = out->n;

	if (json_dump_callback(o, put, out, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0 &&
		!buf_is_cut(out) && out->n - before <= max)
		return true;
	out->n = before;
	return false;
}

bool
rules_json_checks(const json_t *list, const struct check_set *checks, uint64_t *out)
{
	size_t i;
	json_t *v;

	*out = 0;
	if (!json_is_array(list) || json_array_size(list) > NAMES_MAX)
		return false;
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return false;
		for (size_t k = 0; k < checks->n; k++)
			if (strcmp(json_string_value(v), checks->check[k]->name) == 0)
				*out |= (uint64_t)1 << k;
	}
	return true;
}

json_t *
rules_json_of_checks(uint64_t bits, const struct check_set *checks)
{
	json_t *list = json_array();

	for (size_t k = 0; k < checks->n; k++)
		if (bits >> k & 1)
			json_array_append_new(list, json_string(checks->check[k]->name));
	return list;
}

bool
rules_json_text(struct arena *a, const json_t *v, size_t max, struct str *out)
{
	*out = STR("");
	if (!v || json_is_null(v))
		return true;
	if (!json_is_string(v) || json_string_length(v) > max)
		return false;
	*out = arena_str(a, str_from(json_string_value(v), json_string_length(v)));
	return true;
}
