/* checks/dnsbl_conf: the sections [dnsbl NAME] and [dnswl NAME], and lists made from them. */
#include "checks/dnsbl.h"
#include "conf/value.h"
#include "core/policy.h"

enum { KIND_AUTO, KIND_IP, KIND_DOMAIN };
static const char *const kinds[] = {"auto", "ip", "domain", NULL};
enum { NAMES_AUTO, NAMES_FULL, NAMES_REGISTRABLE };
static const char *const names_words[] = {"auto", "full", "registrable", NULL};

/* What a listing weighs whose list says nothing about it. */
#define POINTS_DEFAULT 200

#define ROW(member) offsetof(struct dnsbl_settings, member)

/* Both kinds of section have the same rows. */
static const struct setting rows[] = {
	{"kind", SETTING_CHOICE, ROW(kind), "auto", 0, 0, kinds,
		"What is on it: ip (addresses) or domain.  auto: as is known of the list, else "
		"ip."},
	{"families", SETTING_WORDS, ROW(families), "", 0, 0, NULL,
		"Clients that a list of addresses is asked about: 4, 6 or both.  Empty: as is "
		"known of "
		"the list, else both."},
	{"ask", SETTING_WORDS, ROW(ask), "helo rdns sender", 0, 0, NULL,
		"Names that a list of domains is asked about: the one in HELO, the reverse name, "
		"the "
		"sender's domain; and spf, the sender's domain where its SPF result is a pass: one "
		"that is listed earns nothing by that (spf_untrusted), and the points of the "
		"list's answers are not added for it."},
	{"names", SETTING_CHOICE, ROW(names), "auto", 0, 0, names_words,
		"Whether a list of domains is asked for the full name or for its registrable "
		"domain.  "
		"auto: as is known of the list, else full."},
	{"text", SETTING_BOOL, ROW(text), "yes", 0, 0, NULL,
		"Ask for the list's own words (TXT) about a listing and show them."},
	{"lookup", SETTING_STRING, ROW(lookup), "", 0, 0, NULL,
		"Page where the list tells about an entry; {address} or {domain} is put in.  "
		"Empty: as "
		"is known of the list."},
	{"group", SETTING_STRING, ROW(group), "", 0, 0, NULL,
		"Lists of one group share the cap of [lists] group_cap.  Empty: lists of the same "
		"operator, where that is known, else each for itself."},
	{"key_file", SETTING_STRING, ROW(key_file), "", 0, 0, NULL,
		"File with the key of a paid list.  The key stands in the place of {key} in the "
		"list's "
		"name, or before the name, and appears in no reply, log or record."},
	{"age", SETTING_WORDS, ROW(age), "", 0, 0, NULL,
		"Of a list of new domains: which answers say how old a domain is at most, as "
		"\"hours 127.0.2.2-127.0.2.24\" or \"days 127.0.0.1-127.0.0.30\", where the last "
		"byte is the number, or \"7d 127.2.0.2, 14d 127.2.0.14\".  Such a list has no "
		"points of its own: it is asked by the check domain_age.  Empty: it is no such "
		"list."},
	{"test_every", SETTING_DURATION, ROW(test_every), "30m", 0, 7 * 86400000LL, NULL,
		"How often the list's test entries are looked at; 0: never, as for a list that has "
		"none.  (Whether a list lists everything is seen apart from that.)"},
};

/* 127.255.255.0/24 are error codes with every operator: nobody may declare them listings. */
static bool
covers_error_codes(const struct list_code *c)
{
	struct ip a = {.len = 4, .b = {127, 255, 255, 0}};

	for (unsigned last = 0; last < 256; last++) {
		a.b[3] = (uint8_t)last;
		if (list_code_has(c, &a))
			return true;
	}
	return false;
}

/* A key that is neither a row nor an answer. */
static bool
unknown_key(struct str key, struct errbuf *e)
{
	const char *keys[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		keys[i] = rows[i].name;
	const char *near = nearest_name(key, keys, COUNT(rows));
	return err(e, "unknown key \"%.*s\"%s%s%s", STR_ARG(key), near ? ": did you mean \"" : "",
		near ? near : "", near ? "\"?" : "");
}

static bool
read_code_line(struct dnsbl_settings *s, struct arena *a, const struct entry *line, bool allow,
	struct errbuf *e)
{
	struct dnsbl_line l = {.action = {ACTION_OFF, 0}};

	if (line->key.n && !chr_is_digit(line->key.p[0]))
		return unknown_key(line->key, e);
	if (!list_code_parse(line->key, &l.code, e))
		return false;
	l.code.text = arena_str(a, line->comment);
	l.code.error = str_eq_nocase(line->value, STR("error"));
	if (!l.code.error && !action_parse(line->value, &l.action, e))
		return false;
	if (l.action.kind == ACTION_OWN)
		return err(e, "the line itself says what an answer does: score N, reject, ...");
	if (!allow && l.action.kind == ACTION_ACCEPT)
		return err(e, "to be on a block list lets nobody in: off, score N, reject, ...");
	if (!l.code.error && covers_error_codes(&l.code))
		return err(e, "127.255.255.0/24 are error codes of lists, never listings");
	if (allow && !l.code.error && (l.action.kind > ACTION_SCORE || l.action.points > 0))
		return err(e, "a list of good senders takes points off: score -N, off or error");
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		struct dnsbl_line *all = arena_calloc(a, room, sizeof(*all));
		if (s->n)
			memcpy(all, s->line, s->n * sizeof(*all));
		s->line = all;
		s->room = room;
	}
	s->line[s->n++] = l;
	return true;
}

static bool
dnsbl_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	return read_code_line(section_struct, a, line, false, e);
}

static bool
dnswl_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	return read_code_line(section_struct, a, line, true, e);
}

static bool
check_dnsbl_section(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct dnsbl_list ignored;

	return dnsbl_compile(a, section_struct, false, &ignored, e);
}

static bool
check_dnswl_section(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct dnsbl_list ignored;

	return dnsbl_compile(a, section_struct, true, &ignored, e);
}

#define CODE_LINES                                                                                \
	"ANSWER = score N | reject | tag | quarantine | defer | off | error ; what it means.  "   \
	"ANSWER is 127.0.0.2, 127.0.0.4-127.0.0.7, 127.0.1.0/24, or 127.0.0.&4 for a bit of the " \
	"last "                                                                                   \
	"byte; the first line that fits counts.  Lines go before what is known of the list.  "    \
	"An answer that is not declared is no listing."

const struct section dnsbl_section = {
	.name = "dnsbl",
	.help = "A DNS list of bad senders: addresses or domains.  For those of `mxward conf "
		"lists` the "
		"name is enough; any other needs its answers.",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct dnsbl_settings),
	.named = true,
	.entry = dnsbl_line,
	.entry_help = CODE_LINES,
	.check = check_dnsbl_section,
};

const struct section dnswl_section = {
	.name = "dnswl",
	.help = "A DNS list of good senders: its answers take points off.",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct dnsbl_settings),
	.named = true,
	.entry = dnswl_line,
	.entry_help = CODE_LINES,
	.check = check_dnswl_section,
};

/* --- from settings to a list --- */

/* The zone that is asked: the key, where there is one, as a label of its own. */
static bool
make_zone(struct arena *a, const struct dnsbl_settings *s, const struct known_list *known,
	struct dnsbl_list *out, struct errbuf *e)
{
	struct str pattern = known && known->keyed ? str_of(known->keyed) : s->name;
	static const struct str place = STR_INIT("{key}");
	size_t at = 0;

	while (at + place.n <= pattern.n && !str_eq(str_slice(pattern, at, at + place.n), place))
		at++;
	bool has_place = at + place.n <= pattern.n;
	if (has_place && !s->key_file.n)
		return err(e, "%.*s is asked with a key: key_file is missing", STR_ARG(out->name));
	struct str text = pattern;
	if (has_place)
		text = arena_printf(a, "%.*s%s%.*s", (int)at, pattern.p, FACT_KEY_LABEL,
			STR_ARG(str_skip(pattern, at + place.n)));
	else if (s->key_file.n)
		text = arena_printf(a, "%s.%.*s", FACT_KEY_LABEL, STR_ARG(pattern));
	if (!dns_name_parse(a, text, &out->zone) || dns_name_labels(out->zone) < 2)
		return err(e, "\"%.*s\" is no name of a DNS list", STR_ARG(out->name));
	return true;
}

/* What the section asks for against what the list is. */
static bool
check_known(const struct dnsbl_settings *s, const struct known_list *known, bool allow,
	struct errbuf *e)
{
	bool domains = known->kind == LIST_OF_DOMAINS;

	/* Its name here has no key in it, whatever was written. */
	if (known->keyed && !str_eq_nocase(s->name, str_of(known->zone)))
		return err(e,
			"a key does not belong in a section's name: write [%s %s] and key_file",
			allow ? "dnswl" : "dnsbl", known->zone);
	if (known->allow != allow)
		return err(e, "%s is a list of %s senders: it belongs in [%s %s]", known->zone,
			known->allow ? "good" : "bad", known->allow ? "dnswl" : "dnsbl",
			known->zone);
	if (s->kind != KIND_AUTO && (s->kind == KIND_DOMAIN) != domains)
		return err(e, "%s is a list of %s", known->zone, domains ? "domains" : "addresses");
	return true;
}

static void
take_codes(struct arena *a, const struct dnsbl_settings *s, const struct known_list *known,
	struct dnsbl_list *out)
{
	size_t n_known = known ? known->codes.n : 0, n = 0;
	size_t room = s->n + out->n_ages + n_known + 1;
	struct list_code *code = arena_calloc(a, room, sizeof(*code));
	struct action *action = arena_calloc(a, room, sizeof(*action));

	for (size_t i = 0; i < s->n; i++) {
		code[n] = s->line[i].code;
		action[n++] = s->line[i].action;
	}
	for (size_t i = 0; i < out->n_ages; i++)
		code[n++] = out->age[i].code;
	for (size_t i = 0; i < n_known; i++) {
		const struct list_code *c = &known->codes.code[i];
		if (out->n_ages && !c->error)
			continue;
		code[n] = *c;
		action[n++] = (struct action){
			ACTION_SCORE, c->weighs ? c->points : POINTS_DEFAULT};
	}
	out->codes = (struct list_codes){n, code};
	out->action = action;
	for (size_t i = 0; i < out->codes.n; i++)
		if (!code[i].error && action[i].kind == ACTION_SCORE &&
			action[i].points < out->reward)
			out->reward = action[i].points;
}

static bool
take_ages(struct arena *a, const struct dnsbl_settings *s, bool allow, struct dnsbl_list *out,
	struct errbuf *e)
{
	if (allow || !out->domains)
		return err(e, "age goes with a list of bad domains (kind = domain)");
	for (size_t i = 0; i < s->n; i++)
		if (!s->line[i].code.error)
			return err(e,
				"a list with age has no answers but those and errors: what a new "
				"domain costs stands in [domain_age]");
	return dnsbl_ages_parse(a, &s->age, &out->age, &out->n_ages, e);
}

/* RFC 5782 5, where nothing else is known. */
static void
take_tests(const struct known_list *known, struct dnsbl_list *out)
{
	const char *listed = out->domains ? "test" : "127.0.0.2";
	const char *unlisted = out->domains ? "invalid" : "127.0.0.1";

	if (known) {
		listed = known->test_listed ? known->test_listed : "";
		unlisted = known->test_unlisted ? known->test_unlisted : "";
	}
	out->test_listed = str_of(listed);
	out->test_unlisted = str_of(unlisted);
}

bool
dnsbl_compile(struct arena *a, const struct dnsbl_settings *s, bool allow, struct dnsbl_list *out,
	struct errbuf *e)
{
	static const char *const families[] = {"4", "6"};
	static const char *const asks[] = {"helo", "rdns", "sender", "spf"};
	unsigned family;
	const struct known_list *known = known_list_find(s->name);
	struct dnsbl_list l = {.name = s->name, .allow = allow, .text = s->text && !allow};

	static_assert(DNSBL_HELO == 1 && DNSBL_RDNS == 2 && DNSBL_SENDER == 4 && DNSBL_SPF == 8,
		"bits in the order of the words");
	if (!words_to_bits(&s->families, "families", families, COUNT(families), &family, e) ||
		!words_to_bits(&s->ask, "ask", asks, COUNT(asks), &l.about, e) ||
		(known && !check_known(s, known, allow, e)))
		return false;
	l.domains = known ? known->kind == LIST_OF_DOMAINS : s->kind == KIND_DOMAIN;
	l.ipv4 = family ? family & 1 : !known || known->ipv4;
	l.ipv6 = family ? family & 2 : !known || known->ipv6;
	if (l.about & DNSBL_SPF && (allow || !l.domains))
		return err(e, "ask: spf goes with a list of bad domains (kind = domain)");
	l.registrable = s->names == NAMES_REGISTRABLE ||
		(s->names == NAMES_AUTO && known && known->names == LIST_NAMES_REGISTRABLE);
	l.off = known && known->state == LIST_DEAD;
	l.note = known && known->state != LIST_LIVE ? known->note : NULL;
	l.lookup = s->lookup.n ? s->lookup : str_of(known && known->lookup ? known->lookup : "");
	l.group = s->group.n ? s->group : known ? str_of(known->owner) : s->name;
	l.test_every_ms = s->test_every;
	if (s->age.n && !take_ages(a, s, allow, &l, e))
		return false;
	take_codes(a, s, known, &l);
	take_tests(known, &l);
	if (!make_zone(a, s, known, &l, e))
		return false;
	if (!l.codes.n && !l.off)
		return err(e,
			"nothing is known of the list %.*s: say what its answers mean, such as "
			"\"127.0.0.2 = score 3\"",
			STR_ARG(s->name));
	*out = l;
	return true;
}

uint64_t
dnsbl_bits(const struct dnsbl_set *set, const struct words *names)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < set->n; i++)
		if (word_is_in(set->list[i].name, names))
			bits |= (uint64_t)1 << i;
	return bits;
}

void
dnsbl_number_groups(struct dnsbl_set *set, struct dnsbl_list *list)
{
	set->n_groups = 0;
	for (size_t i = 0; i < set->n; i++) {
		size_t k = 0;
		while (k < i && !str_eq_nocase(list[k].group, list[i].group))
			k++;
		list[i].group_number = k < i ? list[k].group_number : (unsigned)set->n_groups++;
	}
	set->list = list;
}
