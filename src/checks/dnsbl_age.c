/* checks/dnsbl_age: DNS lists whose answers tell how old a domain is.  They are asked like all
 * others (dnsbl_ask.c); what a new domain costs is for the check domain_age to say. */
#include "checks/dnsbl.h"
#include "conf/value.h"

#define HOUR 3600
#define DAY  86400

/* "hours", "days", or a duration. */
static bool
parse_unit(struct str word, struct arena *a, struct dnsbl_age *out)
{
	static const struct setting duration = {
		.name = "age", .type = SETTING_DURATION, .min = 1000, .max = 3650 * DAY * 1000LL};
	int64_t ms = 0;
	struct errbuf ignored = {0};

	*out = (struct dnsbl_age){.by_last_byte = true};
	if (str_eq(word, STR("hours")))
		out->seconds = HOUR;
	else if (str_eq(word, STR("days")))
		out->seconds = DAY;
	if (out->seconds)
		return true;
	if (!setting_parse(&duration, word, &ms, a, &ignored) || !ms)
		return false;
	*out = (struct dnsbl_age){.seconds = ms / 1000};
	return true;
}

static bool
has_errors(const struct list_code *c)
{
	struct ip a = {.len = 4, .b = {127, 255, 255, 0}};

	for (unsigned last = 0; last < 256; last++) {
		a.b[3] = (uint8_t)last;
		if (list_code_has(c, &a))
			return true;
	}
	return false;
}

bool
dnsbl_ages_parse(struct arena *a, const struct words *words, const struct dnsbl_age **out,
	size_t *n_out, struct errbuf *e)
{
	struct dnsbl_age *all = arena_calloc(a, words->n, sizeof(*all)), unit = {.seconds = 0};
	size_t n = 0;
	bool wants = false;

	for (size_t i = 0; i < words->n; i++) {
		struct str word = words->word[i];
		if (!wants && parse_unit(word, a, &unit)) {
			wants = true;
			continue;
		}
		if (!unit.seconds)
			return err(e,
				"age: \"%.*s\" is neither hours nor days nor a time such as 7d",
				STR_ARG(word));
		all[n] = unit;
		if (!list_code_parse(word, &all[n].code, e))
			return false;
		if (has_errors(&all[n].code))
			return err(e, "127.255.255.0/24 are error codes of lists, never ages");
		n++;
		wants = false;
	}
	if (wants)
		return err(e, "age: the answers are missing, such as hours 127.0.2.2-127.0.2.24");
	*out = all;
	*n_out = n;
	return true;
}

int64_t
dnsbl_age(const struct dnsbl_list *l, const struct dns_answer *a)
{
	int64_t least = -1;

	for (size_t i = 0; i < a->n; i++) {
		const struct ip *ip = &a->rr[i].ip;
		const struct dnsbl_age *g = l->age, *end = l->age + l->n_ages;
		while (g < end && !list_code_has(&g->code, ip))
			g++;
		if (g == end)
			continue;
		int64_t s = g->by_last_byte ? g->seconds * ip->b[3] : g->seconds;
		least = least < 0 || s < least ? s : least;
	}
	return least;
}
