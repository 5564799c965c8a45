/* Fuzz target: JSON of others.  What is read is read as jansson reads it, whose limits are others:
 * what one accepts the other does, but for the bounds that each has. */
#include <jansson.h>
#include <stdint.h>

#include "base/json_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compare(const struct json_in *v, const json_t *other)
{
	size_t n = 0;
	int64_t i;

	switch (v->kind) {
	case JSON_IN_NULL:
		must(json_is_null(other));
		return;
	case JSON_IN_BOOL:
		must(json_is_boolean(other) && json_is_true(other) == v->yes);
		return;
	case JSON_IN_NUMBER:
		must(json_is_number(other) && v->text.n > 0);
		if (json_in_integer(v, &i))
			must(json_is_integer(other) && json_integer_value(other) == i);
		return;
	case JSON_IN_TEXT:
		must(json_is_string(other) && json_string_length(other) == v->text.n);
		must(memcmp(json_string_value(other), v->text.p, v->text.n) == 0);
		return;
	case JSON_IN_LIST:
		must(json_is_array(other) && json_array_size(other) == v->n);
		for (const struct json_in *m = v->first; m; m = m->next)
			compare(m, json_array_get(other, n++));
		must(n == v->n);
		return;
	case JSON_IN_OBJECT:
		must(json_is_object(other) && json_object_size(other) == v->n);
		for (const struct json_in *m = v->first; m; m = m->next, n++)
			compare(m, json_object_getn(other, m->name.p, m->name.n));
		must(n == v->n);
		return;
	}
}

/* Where only jansson, or only we, have a limit. */
static bool
is_bound(const char *why)
{
	static const char *const bounds[] = {"nested too deeply", "too many values",
		"too many members in an object", "a text is too long", "too big integer",
		"too big negative integer", "real number overflow",
		"maximum parsing depth reached"};

	for (size_t i = 0; i < COUNT(bounds); i++)
		if (strstr(why, bounds[i]))
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena a;
	struct json_in_error e;
	json_error_t why;

	arena_init(&a, 4096, (size_t)1 << 30);
	const struct json_in *v = json_in_parse(&a, text, &e);
	json_t *other = json_loadb(
		text.p ? text.p : "", size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	/* A NUL ends a text for jansson; for us it is a byte that no JSON has. */
	if (str_find(text, '\0') < text.n)
		must(!v && e.why);
	else if (v && other)
		compare(v, other);
	else if (v)
		must(is_bound(why.text));
	else
		must(e.why && e.at <= size && (!other || is_bound(e.why)));
	json_decref(other);
	arena_done(&a);
	return 0;
}
