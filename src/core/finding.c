/* core/finding: see finding.h. */
#include "core/finding.h"

const char *
auth_result_name(enum auth_result r)
{
	static const char *const names[] = {[AUTH_UNSET] = "none",
		[AUTH_PASS] = "pass",
		[AUTH_FAIL] = "fail",
		[AUTH_SOFTFAIL] = "softfail",
		[AUTH_NEUTRAL] = "neutral",
		[AUTH_TEMPERROR] = "temperror",
		[AUTH_PERMERROR] = "permerror",
		[AUTH_NONE] = "none"};

	return names[r];
}

struct finding *
found(struct findings *out, const struct finding_code *code)
{
	must(out->n < FINDINGS_MAX);
	struct finding *f = &out->item[out->n++];
	*f = (struct finding){.code = code};
	return f;
}

void
finding_note(struct finding *f, const char *key, struct str value)
{
	must(f->n < EVIDENCE_MAX);
	f->evidence[f->n++] = (struct evidence){key, value};
}

struct str
finding_get(const struct finding *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->evidence[i].key, key) == 0)
			return f->evidence[i].value;
	return STR("");
}

struct str
finding_why(const struct finding *f)
{
	if (str_contains(str_of(f->code->text), STR("{why}")))
		return STR("");
	return finding_get(f, "why");
}

enum fixer
finding_fixer(const struct finding_code *code)
{
	if (code->temporary && code->cause == CAUSE_NETWORK_ERROR)
		return FIXER_SENDER_ADMIN;
	return cause_get(code->cause)->fixer;
}

static const struct evidence *
evidence_find(const struct finding *f, struct str key)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(str_of(f->evidence[i].key), key))
			return &f->evidence[i];
	return NULL;
}

bool
finding_fill(const struct finding *f, const char *template, struct buf *out)
{
	struct str rest = str_of(template);
	bool whole = true;

	while (rest.n) {
		size_t open = str_find(rest, '{');
		buf_put(out, str_slice(rest, 0, open));
		if (open == rest.n)
			break;
		rest = str_skip(rest, open + 1);
		size_t close = str_find(rest, '}');
		must(close < rest.n); /* templates are ours: an unclosed brace is a bug */
		const struct evidence *e = evidence_find(f, str_slice(rest, 0, close));
		if (e)
			buf_put_escaped(out, e->value, 255);
		else
			whole = false;
		rest = str_skip(rest, close + 1);
	}
	return whole;
}
