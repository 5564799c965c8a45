/* checks/domain_age: its settings; see domain_age.c. */
#include "checks/checks.h"
#include "conf/value.h"

#define ROW(member) offsetof(struct domain_age_settings, member)
#define YEAR	    (365 * 86400000LL)
#define POINTS_MAX  (POINTS_LIMIT * 100)

static const struct setting settings[] = {
	{"rdap", SETTING_BOOL, ROW(rdap), "no", 0, 0, NULL,
		"Ask the domain's registry when it was registered (RDAP).  A process of its own "
		"does that, see section rdap; no mail waits for it, so the first one is judged "
		"without.  It needs a store, where the answer is kept.  It takes a restart."},
	{"whose", SETTING_WORDS, ROW(whose), "sender helo rdns", 0, 0, NULL,
		"Whose domain is looked at: the sender's, that of the name in HELO, that of the "
		"reverse names.  The youngest of them counts."},
	{"under_1", SETTING_DURATION, ROW(under[0]), "1d", 0, YEAR, NULL,
		"domain_new: a domain that is younger ..."},
	{"points_1", SETTING_POINTS, ROW(points[0]), "5", 0, POINTS_MAX, NULL,
		"... costs so much."},
	{"under_2", SETTING_DURATION, ROW(under[1]), "7d", 0, YEAR, NULL,
		"domain_new: one that is younger than this, and not that young, ..."},
	{"points_2", SETTING_POINTS, ROW(points[1]), "3", 0, POINTS_MAX, NULL,
		"... costs so much."},
	{"under_3", SETTING_DURATION, ROW(under[2]), "30d", 0, YEAR, NULL,
		"domain_new: likewise.  A domain whose mail is known here for as long is not new, "
		"and nobody is asked about it."},
	{"points_3", SETTING_POINTS, ROW(points[2]), "1", 0, POINTS_MAX, NULL,
		"... costs so much."},
};

static bool
check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	static const char *const words[] = {"sender", "helo", "rdns"};
	struct domain_age_settings *s = section_struct;

	if (s->under[0] > s->under[1] || s->under[1] > s->under[2])
		return err(
			e, "under_1, under_2 and under_3 have to grow: the youngest comes first");
	return words_to_bits(&s->whose, "whose", words, COUNT(words), &s->of, e);
}

const struct section domain_age_section = {
	.name = "domain_age",
	.help = "The check domain_age: how old the domains are that a client uses.  What is known "
		"of that comes from the store, from DNS lists of new domains (age in a "
		"section dnsbl) and from the domain's registry (rdap); without any of them it "
		"says nothing.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct domain_age_settings),
	.check = check,
};
