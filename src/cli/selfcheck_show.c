/* cli/selfcheck_show: a round for people and for monitoring programs. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/report.h"
#include "cli/selfcheck.h"

#define WIDTH  96
#define MARGIN "                              "

static const char *const colours[] = {[SELF_PASS] = "32",
	[SELF_HAND] = "36",
	[SELF_UNSURE] = "35",
	[SELF_WARN] = "33",
	[SELF_FAIL] = "31"};

/* --- what it comes to --- */

bool
self_opinion(const struct self_options *o, const struct receivers *all, const struct self_report *r,
	size_t receiver, enum audience audience, struct self_opinion *out)
{
	*out = (struct self_opinion){.receiver = &all->receiver[receiver], .audience = audience};
	if (!o->of[audience] || (o->receiver.p && !str_eq(o->receiver, out->receiver->name)))
		return false;
	for (size_t i = 0; i < all->n_demands; i++) {
		const struct demand *d = &all->demand[i];
		if (d->receiver != receiver || !d->of[audience])
			continue;
		enum demand_met met = demand_judge(d, r);
		out->n++;
		out->n_hand += met == DEMAND_HAND;
		out->n_unknown += met == DEMAND_UNKNOWN;
		out->n_not_met += met == DEMAND_NOT_MET;
		out->met = met > out->met ? met : out->met;
	}
	return out->n > 0;
}

enum self_state
self_overall(const struct self_options *o, const struct receivers *all, const struct self_report *r)
{
	enum self_state worst = SELF_PASS;
	struct self_opinion said;

	for (size_t i = 0; i < r->n_items; i++)
		if (r->item[i].state > worst)
			worst = r->item[i].state;
	for (size_t i = 0; o->profile && i < all->n; i++)
		for (enum audience k = 0; k < AUDIENCE_COUNT; k++) {
			if (!self_opinion(o, all, r, i, k, &said))
				continue;
			if (said.n_not_met)
				worst = SELF_FAIL;
			else if (said.n_unknown && worst < SELF_UNSURE)
				worst = SELF_UNSURE;
		}
	return worst == SELF_HAND ? SELF_PASS : worst;
}

int
self_status(enum self_state overall)
{
	static const int of[] = {[SELF_PASS] = 0,
		[SELF_HAND] = 0,
		[SELF_UNSURE] = 3,
		[SELF_WARN] = 1,
		[SELF_FAIL] = 2};

	return of[overall];
}

/* --- for people --- */

/* Anybody's bytes, escaped, in lines that begin with margin but the first, which is as far as at.
 */
static void
put_text(const struct page *p, size_t at, const char *margin, struct str text)
{
	UNSET char room[8192];
	struct buf b = BUF(room);
	struct str rest, word;
	bool begun = false;

	buf_put_escaped(&b, text, sizeof(room) / 4 - 8);
	rest = buf_str(&b);
	while (str_word(&rest, &word)) {
		if (begun && at + 1 + word.n > WIDTH) {
			fprintf(p->out, "\n%s", margin);
			at = strlen(margin);
			begun = false;
		}
		fprintf(p->out, "%s%.*s", begun ? " " : "", STR_ARG(word));
		at += word.n + begun;
		begun = true;
	}
	fputc('\n', p->out);
}

static void
put_item(const struct page *p, const struct self_item *item)
{
	char first[64];

	snprintf(first, sizeof(first), "%-8s", self_state_name(item->state));
	fputs("  ", p->out);
	page_put(p, colours[item->state], str_of(first));
	fprintf(p->out, " %-18s ", self_item_title(item->id));
	put_text(p, strlen(MARGIN), MARGIN, item->text);
	if (item->fix.n) {
		fputs(MARGIN "-> ", p->out);
		put_text(p, strlen(MARGIN) + 3, MARGIN "   ", item->fix);
	}
}

static bool
is_of_address(const struct self_item *item)
{
	return item->id <= SELF_VERDICT;
}

static void
put_addresses(const struct page *p, const struct self_report *r)
{
	fputs(r->n_addresses ? "Outgoing addresses\n" : "No outgoing address is known\n", p->out);
	for (size_t i = 0; i < r->n_addresses; i++) {
		const struct self_address *a = &r->address[i];
		fputs("\n  ", p->out);
		page_put(p, "1", a->text);
		fputs(" (", p->out);
		page_put(p, NULL, a->from);
		if (a->helo.n) {
			fputs(a->helo_given ? "; HELO " : "; HELO taken to be ", p->out);
			page_put(p, NULL, a->helo);
		}
		fputs(a->maybe ? "; perhaps not used)\n" : ")\n", p->out);
		for (size_t k = 0; k < r->n_items; k++)
			if (is_of_address(&r->item[k]) && str_eq(r->item[k].subject, a->text))
				put_item(p, &r->item[k]);
		if (a->reply.n) {
			fputs(MARGIN, p->out);
			put_text(p, strlen(MARGIN), MARGIN, a->reply);
		}
	}
	for (size_t i = 0; i < r->n_notes; i++) {
		fputs(i ? "  - " : "\n  - ", p->out);
		put_text(p, 4, "    ", r->note[i]);
	}
}

static void
put_domain(const struct page *p, const struct self_report *r)
{
	fputs("\nDomain ", p->out);
	page_put(p, "1", r->domain.name);
	fputs("\n\n", p->out);
	for (size_t k = 0; k < r->n_items; k++)
		if (!is_of_address(&r->item[k]))
			put_item(p, &r->item[k]);
}

/* The demands of one receiver that came out so. */
static void
put_demands(const struct page *p, const struct receivers *all, const struct self_report *r,
	const struct self_opinion *said, enum demand_met met)
{
	for (size_t i = 0; i < all->n_demands; i++) {
		const struct demand *d = &all->demand[i];
		if (&all->receiver[d->receiver] != said->receiver || !d->of[said->audience] ||
			demand_judge(d, r) != met)
			continue;
		fputs(met == DEMAND_UNKNOWN ? "      not known whether: " : "      ", p->out);
		put_text(p, met == DEMAND_UNKNOWN ? 25 : 6, "          ",
			arena_printf(r->a, "%.*s [%s %.*s]", STR_ARG(d->answer),
				d->since.n ? "since" : "seen",
				STR_ARG(d->since.n ? d->since : d->seen)));
	}
}

static void
put_by_hand(const struct page *p, const struct receivers *all, const struct self_report *r,
	const struct self_opinion *said)
{
	UNSET char room[1024];
	struct buf b = BUF(room);

	for (size_t i = 0; i < all->n_demands; i++) {
		const struct demand *d = &all->demand[i];
		if (&all->receiver[d->receiver] != said->receiver || !d->of[said->audience] ||
			demand_judge(d, r) != DEMAND_HAND)
			continue;
		size_t k = 0;
		while (k + 1 < d->n_items && demand_judge_item(d, k, r) != DEMAND_HAND)
			k++;
		buf_printf(&b, "%s%s",
			b.n ? "; " : "to look at by hand: ", self_item_title(d->item[k]));
	}
	if (!b.n)
		return;
	fputs("      ", p->out);
	put_text(p, 6, "          ", buf_str(&b));
}

static void
put_receivers(const struct page *p, const struct self_options *o, const struct receivers *all,
	const struct self_report *r)
{
	struct self_opinion said;

	fputs("\nWhat large receivers would answer\n\n", p->out);
	for (size_t i = 0; i < all->n; i++)
		for (enum audience k = 0; k < AUDIENCE_COUNT; k++) {
			if (!self_opinion(o, all, r, i, k, &said))
				continue;
			fprintf(p->out, "  %.*s, %s senders: ", STR_ARG(said.receiver->title),
				audience_name(k));
			if (said.n_not_met)
				page_put(p, "31", STR("not content"));
			else if (said.n_unknown)
				page_put(p, "35", STR("not known, since DNS did not answer"));
			else
				page_put(p, "32", STR("content with what DNS shows"));
			fputc('\n', p->out);
			put_demands(p, all, r, &said, DEMAND_NOT_MET);
			put_demands(p, all, r, &said, DEMAND_UNKNOWN);
			put_by_hand(p, all, r, &said);
		}
}

static void
put_records(const struct page *p, const struct self_report *r)
{
	static const struct {
		enum fixer who;
		const char *text;
	} parts[] = {{FIXER_SENDER_ADMIN, "for you, in your own zone"},
		{FIXER_SENDER_ISP, "for whoever owns the addresses' network, on your demand"}};
	struct self_record record[SELF_RECORDS_MAX];
	size_t n = self_records(r, record);

	if (n == 0)
		return;
	fputs("\nRecords to publish\n", p->out);
	for (size_t k = 0; k < COUNT(parts); k++) {
		bool begun = false;
		for (size_t i = 0; i < n; i++) {
			if (record[i].who != parts[k].who)
				continue;
			if (!begun)
				fprintf(p->out, "\n; %s\n", parts[k].text);
			begun = true;
			fprintf(p->out, "; %.*s%s%s\n", STR_ARG(record[i].why),
				record[i].replaces ? " (the one that is there has to go)" : "",
				record[i].guessed ? " (the name is an example)" : "");
			page_put(p, "1", record[i].line);
			fputc('\n', p->out);
		}
	}
}

static void
put_summary(const struct page *p, const struct self_report *r, enum self_state overall)
{
	size_t count[SELF_STATE_COUNT];

	self_count(r, count);
	fputs("\nIn all: ", p->out);
	page_put(p, colours[overall], str_of(self_state_name(overall)));
	fprintf(p->out, " (%zu fail, %zu warn, %zu unknown, %zu pass, %zu by hand)\n",
		count[SELF_FAIL], count[SELF_WARN], count[SELF_UNSURE], count[SELF_PASS],
		count[SELF_HAND]);
}

/* --- for monitoring --- */

/* One line of printable text; "|" would begin figures. */
static void
put_plain(struct str text)
{
	UNSET char room[2048];
	struct buf b = BUF(room);

	buf_put_escaped(&b, text, 400);
	for (size_t i = 0; i < b.n; i++)
		putchar(room[i] == '|' ? '/' : room[i]);
}

static void
show_nagios(const struct self_report *r, enum self_state overall)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	size_t count[SELF_STATE_COUNT];
	const struct self_item *first = NULL;

	self_count(r, count);
	for (size_t i = 0; i < r->n_items && !first; i++)
		if (r->item[i].state == overall && overall != SELF_PASS)
			first = &r->item[i];
	printf("MXWARD %s - %.*s: %zu fail, %zu warn, %zu unknown, %zu pass",
		words[self_status(overall)], STR_ARG(r->domain.name), count[SELF_FAIL],
		count[SELF_WARN], count[SELF_UNSURE], count[SELF_PASS]);
	if (first) {
		fputs("; ", stdout);
		put_plain(first->text);
	}
	printf(" | fail=%zu warn=%zu unknown=%zu pass=%zu addresses=%zu spf_lookups=%u;;10\n",
		count[SELF_FAIL], count[SELF_WARN], count[SELF_UNSURE], count[SELF_PASS],
		r->n_addresses, r->domain.spf.lookups);
	for (size_t i = 0; i < r->n_items; i++) {
		const struct self_item *item = &r->item[i];
		if (item->state < SELF_UNSURE)
			continue;
		printf("%s: ", self_state_name(item->state));
		put_plain(item->subject);
		printf(": %s: ", self_item_title(item->id));
		put_plain(item->text);
		putchar('\n');
	}
}

void
self_show(const struct self_options *o, const struct receivers *all, const struct self_report *r)
{
	const struct page p = {stdout, o->colour};
	enum self_state overall = self_overall(o, all, r);

	if (o->json) {
		self_show_json(o, all, r);
	} else if (o->nagios) {
		show_nagios(r, overall);
	} else {
		put_addresses(&p, r);
		put_domain(&p, r);
		put_receivers(&p, o, all, r);
		put_records(&p, r);
		put_summary(&p, r, overall);
	}
}

/* --- changes --- */

static const struct self_item *
same_item(const struct self_report *in, const struct self_item *item)
{
	for (size_t i = 0; i < in->n_items; i++)
		if (in->item[i].id == item->id && str_eq(in->item[i].subject, item->subject))
			return &in->item[i];
	return NULL;
}

/* Texts change with the order in which DNS gives records, so only those count that are a record. */
static bool
differs(const struct self_item *a, const struct self_item *b)
{
	bool is_record = a->id == SELF_SPF_RECORD || a->id == SELF_DMARC;

	return a->state != b->state || (is_record && !str_eq(a->text, b->text));
}

static void
put_change(const struct self_options *o, const struct self_item *item,
	const struct self_item *before, bool gone)
{
	const struct page p = {stdout, o->colour};
	char now[CLOCK_TEXT_MAX];

	if (o->json) {
		self_show_json_item(item, before, gone);
		return;
	}
	printf("%s ", clock_text(clock_wall(), now));
	page_put(&p, NULL, item->subject);
	printf(", %s: ", self_item_title(item->id));
	if (gone) {
		fputs("no longer looked at\n", stdout);
		return;
	}
	if (before)
		printf("%s -> ", self_state_name(before->state));
	page_put(&p, colours[item->state], str_of(self_state_name(item->state)));
	fputs(": ", stdout);
	page_put(&p, NULL, item->text);
	putchar('\n');
}

bool
self_show_changes(const struct self_options *o, const struct receivers *all,
	const struct self_report *before, const struct self_report *now)
{
	bool any = false;

	for (size_t i = 0; i < now->n_items; i++) {
		const struct self_item *old = same_item(before, &now->item[i]);
		if (old && !differs(old, &now->item[i]))
			continue;
		put_change(o, &now->item[i], old, false);
		any = true;
	}
	for (size_t i = 0; i < before->n_items; i++)
		if (!same_item(now, &before->item[i])) {
			put_change(o, &before->item[i], NULL, true);
			any = true;
		}
	return any;
}
