/* checks/spf_cheaters: see spf_cheaters.h. */
#include "checks/dnsbl.h"
#include "checks/spf_cheaters.h"

/* Is it on list i?  Sets *entry_out then.  False: wait. */
static bool
ask_list(struct ask *q, size_t i, struct str name, struct list_reports *reports,
	struct str *entry_out)
{
	const struct dnsbl_set *set = q->site->lists;
	const struct dnsbl_list *l = &set->list[i];
	struct str entry = dnsbl_entry(l, name);
	bool waits = false;

	const struct dnsbl_said said =
		dnsbl_ask(q, set, i, dnsbl_name_question(q->scratch, l, entry), reports);
	if (said.waits)
		return false;
	if (!said.code || said.problem || dnsbl_action(l, said.code)->kind == ACTION_OFF)
		return true;
	const char *wild = dnsbl_ask_canary(q, set, i, said.seq, reports, &waits);
	if (!wild && !waits)
		*entry_out = entry;
	return !waits;
}

/* The first of the lists, in the order of the settings, that has it.  False: wait. */
static bool
ask_lists(struct ask *q, struct str name, struct list_reports *reports, struct spf_cheater *out)
{
	const struct dnsbl_set *set = q->site->lists;
	bool waits = false;

	for (size_t i = 0; set && i < set->n; i++) {
		const struct dnsbl_list *l = &set->list[i];
		struct str entry = STR("");
		if (!(l->about & DNSBL_SPF) || l->off || q->lists.suspended >> i & 1)
			continue;
		if (!ask_list(q, i, name, reports, &entry))
			waits = true; /* keep going: ask the others too */
		if (!entry.n || out->entry.n)
			continue;
		*out = (struct spf_cheater){.entry = entry,
			.where = arena_printf(q->scratch, "on the list %.*s", STR_ARG(l->name)),
			.remedy = dnsbl_remedy(q->scratch, l, entry)};
	}
	return !waits;
}

bool
spf_find_cheater(
	struct ask *q, struct str domain, struct list_reports *reports, struct spf_cheater *out)
{
	const struct domains *file = q->site->spf_cheaters;
	struct str name;

	*out = (struct spf_cheater){.entry = STR("")};
	if (!dns_name_parse(q->scratch, domain, &name))
		return true;
	if (file)
		out->entry = domains_find(file, name);
	if (!out->entry.n)
		return ask_lists(q, name, reports, out);
	out->where = STR("listed here");
	out->remedy = STR("ask the receiving administrator to take it off that list");
	return true;
}
