/* cli/selfcheck_json: a round as JSON, one object a line; the last is the summary. */
#include <jansson.h>
#include <stdio.h>

#include "cli/report.h"
#include "cli/selfcheck.h"

static void
put(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

static json_t *
object(const char *type)
{
	json_t *o = json_object();

	json_object_set_new(o, "type", json_string(type));
	return o;
}

static void
set_str(json_t *o, const char *key, struct str s)
{
	json_object_set_new(o, key, s.n ? report_str(s) : json_null());
}

/* As a word. */
static json_t *
state_word(enum self_state state)
{
	return json_string(state == SELF_HAND ? "by_hand" : self_state_name(state));
}

void
self_show_json_item(const struct self_item *item, const struct self_item *before, bool gone)
{
	json_t *o = object(gone ? "gone" : "item");

	json_object_set_new(o, "item", json_string(self_item_name(item->id)));
	set_str(o, "subject", item->subject);
	json_object_set_new(o, "state", state_word(item->state));
	if (before)
		json_object_set_new(o, "before", state_word(before->state));
	set_str(o, "text", item->text);
	set_str(o, "fix", item->fix);
	json_object_set_new(
		o, "fixer", item->fix.n ? json_string(fixer_name(item->fixer)) : json_null());
	put(o);
}

static void
put_address(const struct self_address *a)
{
	json_t *o = object("address");

	set_str(o, "ip", a->text);
	set_str(o, "from", a->from);
	set_str(o, "helo", a->helo);
	json_object_set_new(o, "helo_given", json_boolean(a->helo_given));
	json_object_set_new(
		o, "reverse", a->reverse.name.n ? report_str(a->reverse.name) : json_null());
	json_object_set_new(o, "perhaps_unused", json_boolean(a->maybe));
	json_object_set_new(
		o, "verdict", a->judged ? json_string(verdict_name(a->verdict)) : json_null());
	json_object_set_new(o, "score", a->judged ? report_points(a->score) : json_null());
	set_str(o, "reply", a->reply);
	put(o);
}

static void
put_receiver(
	const struct receivers *all, const struct self_report *r, const struct self_opinion *said)
{
	static const char *const words[] = {[DEMAND_MET] = "yes",
		[DEMAND_HAND] = "by_hand",
		[DEMAND_UNKNOWN] = "unknown",
		[DEMAND_NOT_MET] = "no"};
	json_t *o = object("receiver"), *demands = json_array();

	set_str(o, "receiver", said->receiver->name);
	json_object_set_new(o, "audience", json_string(audience_name(said->audience)));
	json_object_set_new(o, "met", json_string(words[said->met]));
	for (size_t i = 0; i < all->n_demands; i++) {
		const struct demand *d = &all->demand[i];
		if (&all->receiver[d->receiver] != said->receiver || !d->of[said->audience])
			continue;
		json_t *one = json_object(), *items = json_array();
		for (size_t k = 0; k < d->n_items; k++)
			json_array_append_new(items, json_string(self_item_name(d->item[k])));
		set_str(one, "id", d->name);
		json_object_set_new(one, "met", json_string(words[demand_judge(d, r)]));
		json_object_set_new(one, d->any ? "any" : "all", items);
		set_str(one, "answer", d->answer);
		set_str(one, "source", d->source);
		set_str(one, "since", d->since);
		set_str(one, "seen", d->seen);
		json_array_append_new(demands, one);
	}
	json_object_set_new(o, "demands", demands);
	put(o);
}

static void
put_records(const struct self_report *r)
{
	struct self_record record[SELF_RECORDS_MAX];
	size_t n = self_records(r, record);

	for (size_t i = 0; i < n; i++) {
		json_t *o = object("record");
		/* Whole: a TXT record may be longer than what report_str() keeps. */
		json_object_set_new(o, "line", json_stringn(record[i].line.p, record[i].line.n));
		set_str(o, "why", record[i].why);
		json_object_set_new(o, "fixer", json_string(fixer_name(record[i].who)));
		json_object_set_new(o, "example", json_boolean(record[i].guessed));
		json_object_set_new(o, "replaces", json_boolean(record[i].replaces));
		put(o);
	}
}

static void
put_summary(const struct self_report *r, enum self_state overall)
{
	json_t *o = object("summary");
	size_t count[SELF_STATE_COUNT];

	self_count(r, count);
	set_str(o, "domain", r->domain.name);
	json_object_set_new(o, "state", state_word(overall));
	json_object_set_new(o, "status", json_integer(self_status(overall)));
	for (enum self_state i = 0; i < SELF_STATE_COUNT; i++)
		json_object_set_new(o, i == SELF_HAND ? "by_hand" : self_state_name(i),
			json_integer((json_int_t)count[i]));
	json_object_set_new(o, "spf_lookups", json_integer(r->domain.spf.lookups));
	put(o);
}

void
self_show_json(
	const struct self_options *o, const struct receivers *all, const struct self_report *r)
{
	struct self_opinion said;

	for (size_t i = 0; i < r->n_addresses; i++)
		put_address(&r->address[i]);
	for (size_t i = 0; i < r->n_notes; i++) {
		json_t *note = object("note");
		set_str(note, "text", r->note[i]);
		put(note);
	}
	for (size_t i = 0; i < r->n_items; i++)
		self_show_json_item(&r->item[i], NULL, false);
	for (size_t i = 0; i < all->n; i++)
		for (enum audience k = 0; k < AUDIENCE_COUNT; k++)
			if (self_opinion(o, all, r, i, k, &said))
				put_receiver(all, r, &said);
	put_records(r);
	put_summary(r, self_overall(o, all, r));
}
