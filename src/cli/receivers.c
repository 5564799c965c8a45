/* cli/receivers: see receivers.h. */
#include "cli/receivers.h"

struct reader {
	struct arena *a;
	struct receivers *r;
	const char *file;
	unsigned line, block_line;
	enum { NO_BLOCK, RECEIVER, DEMAND } block;
	struct errbuf *e;
};

static const char *const audiences[] = {[AUDIENCE_SMALL] = "small", [AUDIENCE_BULK] = "bulk"};

const char *
audience_name(enum audience a)
{
	return audiences[a];
}

static struct demand *
last_demand(struct reader *rd)
{
	return &rd->r->demand[rd->r->n_demands - 1];
}

/* "2024", "2024-02", "2024-02-01". */
static bool
is_date(struct str s)
{
	static const char form[] = "dddd-dd-dd";

	if (s.n != 4 && s.n != 7 && s.n != 10)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (form[i] == 'd' ? !chr_is_digit(s.p[i]) : s.p[i] != form[i])
			return false;
	return true;
}

/* "550 words", or that nobody tells. */
static bool
begins_with_code(struct str s)
{
	struct str code;

	if (str_has_prefix(s, STR("no code is told: ")))
		return true;
	return str_word(&s, &code) && code.n == 3 && str_is_digits(code) &&
		(code.p[0] == '4' || code.p[0] == '5') && str_word(&s, &code);
}

/* A finished block has what it needs. */
static bool
end_block(struct reader *rd)
{
	errbuf_at(rd->e, rd->file, rd->block_line);
	if (rd->block == RECEIVER && !rd->r->receiver[rd->r->n - 1].title.n)
		return err(rd->e, "the receiver has no title");
	if (rd->block != DEMAND)
		return true;
	const struct demand *d = last_demand(rd);
	if (!d->of[AUDIENCE_SMALL] && !d->of[AUDIENCE_BULK])
		return err(rd->e, "the demand does not say for whom it is (\"for\")");
	if (d->n_items == 0)
		return err(rd->e, "the demand has no items (\"all\" or \"any\")");
	if (!d->answer.n || !d->source.n || !(d->since.n || d->seen.n))
		return err(rd->e, "the demand lacks \"%s\"",
			!d->answer.n	       ? "answer"
				: !d->source.n ? "source"
					       : "since");
	return true;
}

static bool
begin_receiver(struct reader *rd, struct str name)
{
	struct receivers *r = rd->r;

	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->receiver[i].name, name))
			return err(rd->e, "there is a receiver \"%.*s\" already", STR_ARG(name));
	if (r->n == RECEIVERS_MAX)
		return err(rd->e, "more than %d receivers", RECEIVERS_MAX);
	r->receiver[r->n++] = (struct receiver){.name = name, .title = STR(""), .bulk = STR("")};
	rd->block = RECEIVER;
	return true;
}

static bool
begin_demand(struct reader *rd, struct str name)
{
	struct receivers *r = rd->r;

	if (r->n == 0)
		return err(rd->e, "a demand before the first receiver");
	for (size_t i = 0; i < r->n_demands; i++)
		if (str_eq(r->demand[i].name, name))
			return err(rd->e, "there is a demand \"%.*s\" already", STR_ARG(name));
	r->demand[r->n_demands++] = (struct demand){.name = name,
		.receiver = r->n - 1,
		.answer = STR(""),
		.source = STR(""),
		.since = STR(""),
		.seen = STR(""),
		.line = rd->line};
	rd->block = DEMAND;
	return true;
}

static bool
begin_block(struct reader *rd, struct str line)
{
	struct str word = STR(""), name = STR(""), rest = line, more;

	if (!end_block(rd))
		return false;
	errbuf_at(rd->e, rd->file, rd->line);
	rd->block = NO_BLOCK;
	rd->block_line = rd->line;
	bool whole = str_word(&rest, &word) && str_word(&rest, &name) && !str_word(&rest, &more);
	if (whole && str_eq(word, STR("receiver")))
		return begin_receiver(rd, name);
	if (whole && str_eq(word, STR("demand")))
		return begin_demand(rd, name);
	return err(rd->e, "a block begins with \"receiver NAME\" or \"demand NAME\"");
}

static bool
read_items(struct reader *rd, struct str value, bool any)
{
	struct demand *d = last_demand(rd);
	const char *all[SELF_ITEM_COUNT];
	struct str word;

	if (d->n_items)
		return err(rd->e, "the demand has items already");
	d->any = any;
	while (str_word(&value, &word)) {
		if (d->n_items == DEMAND_ITEMS_MAX)
			return err(rd->e, "more than %d items", DEMAND_ITEMS_MAX);
		if (self_item_find(word, &d->item[d->n_items])) {
			d->n_items++;
			continue;
		}
		for (size_t i = 0; i < SELF_ITEM_COUNT; i++)
			all[i] = self_item_name((enum self_item_id)i);
		const char *near = nearest_name(word, all, COUNT(all));
		return err(rd->e, "there is no item \"%.*s\"%s%s%s", STR_ARG(word),
			near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	return true;
}

static bool
read_audiences(struct reader *rd, struct str value)
{
	struct str word;

	while (str_word(&value, &word)) {
		size_t i = 0;
		while (i < COUNT(audiences) && !str_eq(word, str_of(audiences[i])))
			i++;
		if (i == COUNT(audiences))
			return err(rd->e, "a demand is for \"small\" or \"bulk\" senders");
		last_demand(rd)->of[i] = true;
	}
	return true;
}

static bool
demand_key(struct reader *rd, struct str key, struct str value)
{
	struct demand *d = last_demand(rd);

	if (str_eq(key, STR("for")))
		return read_audiences(rd, value);
	if (str_eq(key, STR("all")) || str_eq(key, STR("any")))
		return read_items(rd, value, str_eq(key, STR("any")));
	if (str_eq(key, STR("only"))) {
		d->ipv6 = str_eq(value, STR("ipv6"));
		return d->ipv6 || err(rd->e, "\"only\" can be followed by \"ipv6\"");
	}
	if (str_eq(key, STR("answer"))) {
		d->answer = value;
		return begins_with_code(value) ||
			err(rd->e, "an answer begins with its code, then words follow");
	}
	if (str_eq(key, STR("source"))) {
		d->source = value;
		return str_has_prefix(value, STR("https://")) ||
			err(rd->e, "a source is a page (https://...)");
	}
	if (str_eq(key, STR("since")) || str_eq(key, STR("seen"))) {
		*(str_eq(key, STR("seen")) ? &d->seen : &d->since) = value;
		return is_date(value) || err(rd->e, "\"%.*s\" is a date: 2024-02-01", STR_ARG(key));
	}
	return err(rd->e, "a demand has no \"%.*s\"", STR_ARG(key));
}

static bool
read_key(struct reader *rd, struct str line)
{
	struct str key = STR(""), value = line;

	errbuf_at(rd->e, rd->file, rd->line);
	(void)str_word(&value, &key);
	value = str_trim(value);
	if (!value.n)
		return err(rd->e, "\"%.*s\" says nothing", STR_ARG(key));
	if (rd->block == DEMAND)
		return demand_key(rd, key, value);
	if (rd->block == NO_BLOCK)
		return err(rd->e, "a line before the first block");
	struct receiver *r = &rd->r->receiver[rd->r->n - 1];
	if (str_eq(key, STR("title")))
		r->title = value;
	else if (str_eq(key, STR("bulk")))
		r->bulk = value;
	else
		return err(rd->e, "a receiver has no \"%.*s\"", STR_ARG(key));
	return true;
}

/* Room for the demands that a text may add to those there are. */
static void
make_room(struct arena *a, struct receivers *r, struct str text)
{
	size_t n = 0;
	struct str line;

	while (str_split(&text, '\n', &line))
		n += str_has_prefix(line, STR("demand"));
	struct demand *demand = arena_calloc(a, r->n_demands + n + 1, sizeof(*demand));
	if (r->n_demands)
		memcpy(demand, r->demand, r->n_demands * sizeof(*demand));
	r->demand = demand;
	if (!r->receiver)
		r->receiver = arena_calloc(a, RECEIVERS_MAX, sizeof(*r->receiver));
}

bool
receivers_read(
	struct arena *a, const char *file, struct str text, struct receivers *r, struct errbuf *e)
{
	struct reader rd = {.a = a, .r = r, .file = file, .e = e};
	struct str line;

	make_room(a, r, text);
	while (text.p && str_split(&text, '\n', &line)) {
		rd.line++;
		if (!str_trim(line).n || line.p[0] == '#')
			continue;
		bool inner = line.p[0] == '\t' || line.p[0] == ' ';
		if (!(inner ? read_key(&rd, line) : begin_block(&rd, line)))
			return false;
	}
	return end_block(&rd);
}

bool
receivers_builtin(struct arena *a, struct receivers *r, struct errbuf *e)
{
	*r = (struct receivers){.n = 0};
	for (size_t i = 0; i < receivers_files_count; i++)
		if (!receivers_read(a, receivers_files[i].name, receivers_files[i].text, r, e))
			return false;
	return true;
}

/* An item that there is not: of no address, of a record that is missing, or nobody can see it. */
static enum demand_met
missing_item(const struct self_report *r, enum self_item_id id, bool ipv6)
{
	enum self_known spf = r->domain.spf.known;

	if (ipv6 || id == SELF_SPF_WIDTH)
		return DEMAND_MET;
	if (id == SELF_SPF && spf != SELF_OK)
		return spf == SELF_UNKNOWN ? DEMAND_UNKNOWN : DEMAND_NOT_MET;
	/* Without a reverse name there is none to read as a line's; another demand is about that.
	 */
	if (id == SELF_NAME && r->n_addresses > 0)
		return DEMAND_MET;
	return DEMAND_HAND;
}

enum demand_met
demand_judge_item(const struct demand *d, size_t i, const struct self_report *r)
{
	static const enum demand_met of[] = {[SELF_PASS] = DEMAND_MET,
		[SELF_HAND] = DEMAND_HAND,
		[SELF_UNSURE] = DEMAND_UNKNOWN,
		[SELF_WARN] = DEMAND_MET,
		[SELF_FAIL] = DEMAND_NOT_MET};
	enum self_item_id id = d->item[i];
	enum self_state state;

	/* It is a warning only, since one need not have one. */
	if (id == SELF_DMARC && r->domain.dmarc.known == SELF_NONE)
		return DEMAND_NOT_MET;
	return self_worst(r, id, d->ipv6, &state) ? of[state] : missing_item(r, id, d->ipv6);
}

enum demand_met
demand_judge(const struct demand *d, const struct self_report *r)
{
	enum demand_met met = d->any ? DEMAND_NOT_MET : DEMAND_MET;

	for (size_t i = 0; i < d->n_items; i++) {
		enum demand_met one = demand_judge_item(d, i, r);
		if (d->any ? one < met : one > met)
			met = one;
	}
	return met;
}
