/* mail/dmarc_record: see dmarc_record.h. */
#include "base/buf.h"
#include "mail/dmarc_record.h"
#include "mail/tags.h"

#define SHOWN_MAX 60 /* bytes of somebody's record in a sentence */

static const char *const policies[] = {[DMARC_UNSAID] = "",
	[DMARC_NONE] = "none",
	[DMARC_QUARANTINE] = "quarantine",
	[DMARC_REJECT] = "reject"};

struct reader {
	struct arena *a;
	struct dmarc_record *out;
	struct str seen[32];
	size_t n_seen;
	bool has_policy, bad_policy;
};

static struct str
shown(struct arena *a, struct str s)
{
	char room[SHOWN_MAX * 4 + 8];
	struct buf b = BUF(room);

	buf_put_escaped(&b, s, SHOWN_MAX);
	return arena_str(a, buf_str(&b));
}

static void
remark(struct reader *r, const char *before, struct str of, const char *after)
{
	if (r->out->n_remarks < DMARC_REMARKS_MAX)
		r->out->remark[r->out->n_remarks++] =
			arena_printf(r->a, "%s%.*s%s", before, STR_ARG(shown(r->a, of)), after);
}

bool
dmarc_record_is(struct str txt)
{
	struct str rest = txt;
	struct tag t;

	return tag_next(&rest, &t) == TAG_OK && str_eq_nocase(t.name, STR("v")) &&
		str_eq(t.value, STR("DMARC1"));
}

static bool
read_policy(struct reader *r, struct tag t, enum dmarc_policy *out)
{
	for (size_t i = DMARC_NONE; i < COUNT(policies); i++)
		if (str_eq_nocase(t.value, str_of(policies[i]))) {
			*out = (enum dmarc_policy)i;
			return true;
		}
	remark(r, "there is no policy \"", t.value, "\"");
	return false;
}

/* One of two letters; true: the second. */
static bool
read_letter(struct reader *r, struct tag t, const char *letters)
{
	if (t.value.n == 1 && chr_lower(t.value.p[0]) == letters[1])
		return true;
	if (t.value.n != 1 || chr_lower(t.value.p[0]) != letters[0])
		remark(r, "\"", t.name, "\" has a value that it cannot have");
	return false;
}

static bool
read_reports(struct reader *r, struct tag t)
{
	struct str rest = t.value, uri;
	bool one = false;

	while (rest.p && str_split(&rest, ',', &uri)) {
		uri = str_trim(uri);
		if (str_has_prefix_nocase(uri, STR("mailto:")) && str_find(uri, '@') < uri.n)
			one = true;
		else
			remark(r, "\"", uri, "\" is no address for reports (mailto:...)");
	}
	if (one)
		r->out->reports = arena_str(r->a, t.value);
	return one;
}

static bool
is_twice(struct reader *r, struct str name)
{
	for (size_t i = 0; i < r->n_seen; i++)
		if (str_eq_nocase(r->seen[i], name))
			return true;
	if (r->n_seen < COUNT(r->seen))
		r->seen[r->n_seen++] = name;
	return false;
}

static void
read_tag(struct reader *r, struct tag t)
{
	static const char *const passed_over[] = {"v", "ruf", "fo", "pct", "rf", "ri"};
	struct dmarc_record *out = r->out;
	struct str n = t.name;

	if (is_twice(r, n)) {
		remark(r, "\"", n, "\" stands there twice");
	} else if (str_eq_nocase(n, STR("p"))) {
		r->has_policy = read_policy(r, t, &out->policy);
		r->bad_policy = !r->has_policy;
	} else if (str_eq_nocase(n, STR("sp"))) {
		(void)read_policy(r, t, &out->subdomains);
	} else if (str_eq_nocase(n, STR("np"))) {
		(void)read_policy(r, t, &out->missing);
	} else if (str_eq_nocase(n, STR("adkim"))) {
		out->strict_dkim = read_letter(r, t, "rs");
	} else if (str_eq_nocase(n, STR("aspf"))) {
		out->strict_spf = read_letter(r, t, "rs");
	} else if (str_eq_nocase(n, STR("t"))) {
		out->testing = read_letter(r, t, "ny");
	} else if (str_eq_nocase(n, STR("psd"))) {
		out->public_suffix =
			read_letter(r, t, str_eq_nocase(t.value, STR("u")) ? "uy" : "ny");
	} else if (str_eq_nocase(n, STR("rua"))) {
		(void)read_reports(r, t);
	} else {
		for (size_t i = 0; i < COUNT(passed_over); i++)
			if (str_eq_nocase(n, str_of(passed_over[i])))
				return;
		remark(r, "there is no tag \"", n, "\"");
	}
}

bool
dmarc_record_parse(struct arena *a, struct str txt, struct dmarc_record *out, struct str *problem)
{
	struct dmarc_record record = {.reports = STR("")};
	struct reader r = {.a = a, .out = &record};
	struct str rest = txt;
	enum tag_read got;
	struct tag t;

	while ((got = tag_next(&rest, &t)) != TAG_END) {
		if (got == TAG_OK)
			read_tag(&r, t);
		else
			remark(&r, "\"", t.value, "\" is no \"tag=value\"");
	}
	/* Without a policy that can be read it is as p=none, if somebody at least wants reports. */
	if (!r.has_policy && !record.reports.n) {
		*problem = r.bad_policy ? STR("its policy (p) is none that there is")
					: STR("it has no policy (p)");
		return false;
	}
	if (!r.has_policy) {
		record.policy = DMARC_NONE;
		if (!r.bad_policy)
			remark(&r, "it has no policy (p)", STR(""), ", which is as none");
	}
	*out = record;
	return true;
}

const char *
dmarc_policy_name(enum dmarc_policy policy)
{
	return policies[policy];
}
