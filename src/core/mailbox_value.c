/* core/mailbox_value: see mailbox_value.h. */
#include "core/mailbox_value.h"

#include "conf/value.h"
#include "core/rules_json.h"

static uint64_t
all_of(const struct check_set *checks)
{
	return ((uint64_t)1 << checks->n) - 1;
}

/* --- as JSON --- */

static bool
read_checks(const json_t *v, const struct check_set *checks, bool may_be_none, uint64_t *out)
{
	return rules_json_checks(v, checks, out) && (*out || may_be_none);
}

static bool
read_points(const json_t *v, int32_t min, int32_t *out)
{
	double points = json_number_value(v) * 100;

	if (!json_is_number(v) || !(points >= min) || !(points <= POINTS_LIMIT * 100))
		return false;
	*out = (int32_t)(points + 0.5);
	return true;
}

/* One of these words: its number. */
static bool
read_word(const json_t *v, const char *(*name)(int), int n, int *out)
{
	for (int i = 0; json_is_string(v) && i < n; i++)
		if (strcmp(json_string_value(v), name(i)) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static const char *
profile_word(int i)
{
	return profile_name((enum profile)i);
}

static const char *
verdict_word(int i)
{
	return verdict_name((enum verdict_kind)i);
}

static const char *
policy_word(int off)
{
	return off ? "off" : "on";
}

static bool
read_switch(
	enum mailbox_key key, const json_t *v, const struct check_set *checks, struct switches *s)
{
	int word = 0;
	bool ok = false;

	switch (key) {
	case MAILBOX_SKIP:
		return read_checks(v, checks, true, &s->skip);
	case MAILBOX_ONLY:
		return read_checks(v, checks, false, &s->only);
	case MAILBOX_POLICY:
		ok = read_word(v, policy_word, 2, &word);
		s->off = word;
		return ok;
	case MAILBOX_PROFILE:
		ok = read_word(v, profile_word, PROFILES, &word);
		s->profile = (enum profile)word;
		return ok;
	case MAILBOX_REJECT_AT:
		return read_points(v, 1, &s->reject_at);
	case MAILBOX_DEFER_AT:
		return read_points(v, 0, &s->defer_at);
	case MAILBOX_REFUSE:
		ok = read_word(v, verdict_word, VERDICT_KINDS, &word);
		s->refuse = (enum verdict_kind)word;
		return ok;
	}
	must(false);
}

bool
mailbox_value_parse(struct str json, const struct check_set *checks, struct switches *out)
{
	struct switches s = {.set = 0};
	json_t *o = rules_json_read(json, MAILBOX_VALUE_MAX);
	bool ok = o != NULL;

	for (unsigned k = 0; k < MAILBOX_KEYS && ok; k++) {
		const json_t *v = json_object_get(o, mailbox_keys[k]);
		if (!v)
			continue;
		ok = read_switch((enum mailbox_key)k, v, checks, &s);
		s.set |= 1U << k;
	}
	json_decref(o);
	if (!ok || !s.set)
		return false;
	*out = s;
	return true;
}

/* Hundredths; exact as far as six digits go, which they do. */
static json_t *
json_points(int32_t points)
{
	return points % 100 ? json_real((double)points / 100) : json_integer(points / 100);
}

static json_t *
json_of(enum mailbox_key key, const struct switches *s, const struct check_set *checks)
{
	switch (key) {
	case MAILBOX_SKIP:
		return rules_json_of_checks(s->skip, checks);
	case MAILBOX_ONLY:
		return rules_json_of_checks(s->only, checks);
	case MAILBOX_POLICY:
		return json_string(policy_word(s->off));
	case MAILBOX_PROFILE:
		return json_string(profile_name(s->profile));
	case MAILBOX_REJECT_AT:
		return json_points(s->reject_at);
	case MAILBOX_DEFER_AT:
		return json_points(s->defer_at);
	case MAILBOX_REFUSE:
		return json_string(verdict_name(s->refuse));
	}
	must(false);
}

void
mailbox_value_print(const struct switches *s, const struct check_set *checks, struct buf *out)
{
	json_t *o = json_object();

	for (unsigned k = 0; k < MAILBOX_KEYS; k++)
		if (s->set >> k & 1)
			json_object_set_new(
				o, mailbox_keys[k], json_of((enum mailbox_key)k, s, checks));
	must(s->set && rules_json_write(o, MAILBOX_VALUE_MAX, out));
	json_decref(o);
}

/* --- as people write them --- */

static bool
parse_checks(struct str key, struct str value, const struct check_set *checks, uint64_t *out,
	struct errbuf *e)
{
	const char *names[CHECKS_MAX + 2];
	struct str word;

	for (size_t i = 0; i < checks->n; i++)
		names[i] = checks->check[i]->name;
	names[checks->n] = "all";
	names[checks->n + 1] = "none";
	*out = 0;
	while (str_split(&value, ',', &word)) {
		size_t i = 0;
		while (i < checks->n + 2 && !str_eq(word, str_of(names[i])))
			i++;
		if (i == checks->n + 2) {
			const char *near = nearest_name(word, names, i);
			return err(e, "%.*s: unknown check \"%.*s\"%s%s%s", STR_ARG(key),
				STR_ARG(word), near ? "; did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
		}
		*out |= i < checks->n ? (uint64_t)1 << i : i == checks->n ? all_of(checks) : 0;
	}
	return true;
}

struct values {
	int profile, refuse;
	bool policy;
	int32_t points;
};
#define AT(member) offsetof(struct values, member)

static const char *const profiles[] = {"score", "strict", "monitor", NULL};
static const char *const refusals[] = {"accept", "tag", "quarantine", "defer", "reject", NULL};

static const struct setting rows[MAILBOX_KEYS] = {
	[MAILBOX_POLICY] = {.name = "policy", .type = SETTING_BOOL, .offset = AT(policy)},
	[MAILBOX_PROFILE] = {.name = "profile",
		.type = SETTING_CHOICE,
		.offset = AT(profile),
		.choices = profiles},
	[MAILBOX_REJECT_AT] = {.name = "reject_at",
		.type = SETTING_POINTS,
		.offset = AT(points),
		.min = 1,
		.max = POINTS_LIMIT * 100},
	[MAILBOX_DEFER_AT] = {.name = "defer_at",
		.type = SETTING_POINTS,
		.offset = AT(points),
		.min = 0,
		.max = POINTS_LIMIT * 100},
	[MAILBOX_REFUSE] = {.name = "refuse",
		.type = SETTING_CHOICE,
		.offset = AT(refuse),
		.choices = refusals},
};

static bool
parse_value(enum mailbox_key key, struct str value, struct switches *s, struct errbuf *e)
{
	struct values v = {.profile = 0};

	if (!setting_parse(&rows[key], value, &v, NULL, e))
		return false;
	switch (key) {
	case MAILBOX_POLICY:
		s->off = !v.policy;
		break;
	case MAILBOX_PROFILE:
		s->profile = (enum profile)v.profile;
		break;
	case MAILBOX_REJECT_AT:
		s->reject_at = v.points;
		break;
	case MAILBOX_DEFER_AT:
		s->defer_at = v.points;
		break;
	case MAILBOX_REFUSE:
		s->refuse = (enum verdict_kind)v.refuse;
		break;
	case MAILBOX_SKIP:
	case MAILBOX_ONLY:
		must(false);
	}
	return true;
}

static bool
unknown_key(struct str name, struct errbuf *e)
{
	const char *near = nearest_name(name, mailbox_keys, MAILBOX_KEYS);
	char room[128];
	struct buf all = BUF(room);

	for (unsigned k = 0; k < MAILBOX_KEYS; k++)
		buf_printf(&all, "%s%s", k ? ", " : "", mailbox_keys[k]);
	name = str_slice(name, 0, 64);
	return near ? err(e, "unknown switch \"%.*s\"; did you mean \"%s\"?", STR_ARG(name), near)
		    : err(e, "unknown switch \"%.*s\"; there are %.*s", STR_ARG(name),
			      STR_ARG(buf_str(&all)));
}

bool
mailbox_key_parse(struct str name, enum mailbox_key *out, struct errbuf *e)
{
	for (unsigned k = 0; k < MAILBOX_KEYS; k++)
		if (str_eq(name, str_of(mailbox_keys[k]))) {
			*out = (enum mailbox_key)k;
			return true;
		}
	return unknown_key(name, e);
}

bool
switches_parse(
	struct str word, const struct check_set *checks, struct switches *s, struct errbuf *e)
{
	size_t at = str_find(word, '=');
	struct str name = str_slice(word, 0, at), value = str_skip(word, at + 1);
	struct switches next = *s;
	enum mailbox_key k;
	bool ok;

	if (!mailbox_key_parse(name, &k, e))
		return false;
	if (at == word.n || !value.n)
		return err(e, "%s wants a value: %s=...", mailbox_keys[k], mailbox_keys[k]);
	if (k == MAILBOX_SKIP)
		ok = parse_checks(name, value, checks, &next.skip, e);
	else if (k == MAILBOX_ONLY)
		ok = parse_checks(name, value, checks, &next.only, e);
	else
		ok = parse_value((enum mailbox_key)k, value, &next, e);
	if (!ok)
		return false;
	if (k == MAILBOX_ONLY && !next.only)
		return err(e, "only=none would leave nothing: write policy=off");
	next.set |= 1U << k;
	*s = next;
	return true;
}

static void
put_checks(uint64_t bits, const struct check_set *checks, struct buf *out)
{
	const char *before = "";

	if (bits == 0 || bits == all_of(checks)) {
		buf_puts(out, bits ? "all" : "none");
		return;
	}
	for (size_t i = 0; i < checks->n; i++) {
		if (!(bits >> i & 1))
			continue;
		buf_puts(out, before);
		buf_puts(out, checks->check[i]->name);
		before = ",";
	}
}

void
switches_print(const struct switches *s, const struct check_set *checks, struct buf *out)
{
	const char *before = "";

	for (unsigned k = 0; k < MAILBOX_KEYS; k++) {
		if (!(s->set >> k & 1))
			continue;
		buf_printf(out, "%s%s=", before, mailbox_keys[k]);
		before = " ";
		switch ((enum mailbox_key)k) {
		case MAILBOX_SKIP:
			put_checks(s->skip, checks, out);
			break;
		case MAILBOX_ONLY:
			put_checks(s->only, checks, out);
			break;
		case MAILBOX_POLICY:
			buf_puts(out, policy_word(s->off));
			break;
		case MAILBOX_PROFILE:
			buf_puts(out, profile_name(s->profile));
			break;
		case MAILBOX_REJECT_AT:
			points_print(s->reject_at, false, out);
			break;
		case MAILBOX_DEFER_AT:
			points_print(s->defer_at, false, out);
			break;
		case MAILBOX_REFUSE:
			buf_puts(out, verdict_name(s->refuse));
			break;
		}
	}
}
