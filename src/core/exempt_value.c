/* core/exempt_value: see exempt_value.h. */
#include "core/exempt_value.h"

#include "core/rules_json.h"

bool
exempt_value_parse(
	struct arena *a, struct str json, const struct check_set *checks, struct exempt_value *out)
{
	struct exempt_value v = {.checks = 0};
	const struct {
		const char *key;
		struct str *to;
	} texts[] = {
		{"reason", &v.reason}, {"owner", &v.owner}, {"case", &v.case_id}, {"by", &v.by}};
	json_t *o = rules_json_read(json, EXEMPT_VALUE_MAX);
	bool ok = o && rules_json_checks(json_object_get(o, "checks"), checks, &v.checks);

	for (size_t i = 0; ok && i < COUNT(texts); i++)
		ok = rules_json_text(
			a, json_object_get(o, texts[i].key), EXEMPT_TEXT_MAX, texts[i].to);
	json_decref(o);
	if (!ok || !v.checks)
		return false;
	*out = v;
	return true;
}

bool
exempt_value_print(const struct exempt_value *v, const struct check_set *checks, struct buf *out)
{
	const struct {
		const char *key;
		struct str text;
	} texts[] = {
		{"reason", v->reason}, {"owner", v->owner}, {"case", v->case_id}, {"by", v->by}};
	json_t *o = json_object();
	bool ok = true;

	json_object_set_new(o, "checks", rules_json_of_checks(v->checks, checks));
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct str s = texts[i].text;
		if (s.n == 0)
			continue;
		/* Fails where it is no UTF-8. */
		ok &= s.n <= EXEMPT_TEXT_MAX &&
			json_object_set_new(o, texts[i].key, json_stringn(s.p, s.n)) == 0;
	}
	ok = ok && rules_json_write(o, EXEMPT_VALUE_MAX, out);
	json_decref(o);
	return ok;
}
