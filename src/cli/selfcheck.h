/* cli/selfcheck: what its files share: the options, one round of questions, and how it is shown. */
#ifndef CLI_SELFCHECK_H
#define CLI_SELFCHECK_H

#include "cli/receivers.h"
#include "cli/selfcheck_records.h"
#include "daemon/config.h"

struct self_given {
	struct ip ip;
	struct str helo; /* p NULL: not given */
};

struct self_options {
	struct str domain; /* canonical */
	const char *config, *resolver;
	size_t n_given, n_selectors;
	struct self_given given[SELF_ADDRESSES_MAX];
	struct str selector[SELF_SELECTORS_MAX];
	bool json, nagios, colour;
	bool callout;	   /* ask the domain's own mail servers, too */
	struct str sender; /* and about this one; empty: none */
	uint64_t watch_s;  /* 0: one round only */
	/* Whose demands count; p NULL: everybody's are shown, none counts. */
	struct str receiver;
	bool of[AUDIENCE_COUNT];
	bool profile; /* the two above were given */
};

/* What asks: lives for all rounds, so that answers are kept as long as they may be. */
struct self_asker;
/* NULL with e filled. */
struct self_asker *self_asker_new(const struct self_options *o, struct errbuf *e);
void self_asker_free(struct self_asker *a); /* NULL is fine */
/* One round into a report that is all zero but for its arena.  False: interrupted. */
NODISCARD bool self_ask(struct self_asker *a, struct self_report *out);
/* Wait; false: interrupted. */
NODISCARD bool self_wait(struct self_asker *a, uint64_t ms);

/* One receiver and kind of sender: what of his demands is met. */
struct self_opinion {
	const struct receiver *receiver;
	enum audience audience;
	size_t n, n_hand, n_unknown, n_not_met;
	enum demand_met met; /* the worst */
};
/* false: there are no demands for them, or the options do not want to know. */
bool self_opinion(const struct self_options *o, const struct receivers *all,
	const struct self_report *r, size_t receiver, enum audience audience,
	struct self_opinion *out);
/* The whole answer: items, and the demands of the profile that was asked for. */
enum self_state self_overall(
	const struct self_options *o, const struct receivers *all, const struct self_report *r);
/* 0, 1, 2, 3, as monitoring programs have it. */
int self_status(enum self_state overall);

/* One round, by the options' form. */
void self_show(
	const struct self_options *o, const struct receivers *all, const struct self_report *r);
/* What differs from the round before; false: nothing, and nothing was written. */
bool self_show_changes(const struct self_options *o, const struct receivers *all,
	const struct self_report *before, const struct self_report *now);
/* selfcheck_json: the same for programs. */
void self_show_json(
	const struct self_options *o, const struct receivers *all, const struct self_report *r);
void self_show_json_item(const struct self_item *item, const struct self_item *before, bool gone);

#endif
