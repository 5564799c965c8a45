/*
 * cli/causes: the catalogue of causes, for people, programs and web servers.
 *
 * A cause's words come from data/texts/; what receivers say, from the rules on bounces; which of
 * mxward's own findings lead to it, from the tables of the checks.  Asks nobody anything.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "checks/checks.h"
#include "cli/causes.h"
#include "cli/cli.h"
#include "cli/lang.h"
#include "cli/report.h"

#define WIDTH  90
#define MARGIN "    "

static const char help[] =
	"Usage: mxward causes [--lang LANG] [--json] [ID]\n"
	"       mxward causes --html DIR [--lang LANG]\n"
	"List the causes that a refusal can have, or tell all about one: what receivers say, who\n"
	"can repair it, how, which records to publish, which findings of mxward lead to it.\n"
	"\n"
	"  --html DIR          write a page for each cause, in each language (or that of --lang),\n"
	"                      for a web server; [policy] help_url can point to them\n"
	"  --json              one JSON object for each cause, on a line of its own\n"
	"  --lang LANG         speak in this language (en, de), also with --json; without it, for\n"
	"                      people, as LC_ALL, LC_MESSAGES or LANG say\n"
	"  -h, --help          this text\n";

/* --- what the tables say --- */

static void
add_code(struct cause_page *p, struct str code)
{
	for (size_t i = 0; i < p->n_codes; i++)
		if (str_eq(p->code[i], code))
			return;
	if (p->n_codes < COUNT(p->code))
		p->code[p->n_codes++] = code;
}

/* "550 5.7.1" at the head of a reply; empty where it has not both. */
static struct str
codes_of(struct str reply)
{
	size_t n = 4;

	if (reply.n < 10 || !str_is_digits(str_slice(reply, 0, 3)) || reply.p[3] != ' ')
		return STR("");
	while (n < reply.n && (chr_is_digit(reply.p[n]) || reply.p[n] == '.'))
		n++;
	return n >= 9 && reply.p[5] == '.' ? str_slice(reply, 0, n) : STR("");
}

/* Words that tell something, not only a token: those of many servers, those of one provider; then
 * the rest. */
static unsigned
rank(const struct bounce_rule *r)
{
	struct str rest = r->example, word;
	unsigned words = 0;

	while (str_word(&rest, &word))
		words++;
	return words < 5 ? 2 : r->provider.n > 0;
}

static void
add_rules(const struct bounce_rules *rules, unsigned ranked, struct cause_page *p)
{
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *r = bounce_rules_get(rules, i);
		if (r->cause != p->id || rank(r) != ranked)
			continue;
		const struct bounce_provider *who = bounce_provider_get(rules, r->provider);
		struct str code = codes_of(r->example);
		if (code.n)
			add_code(p, code);
		if (p->n_wordings == COUNT(p->wording))
			continue;
		p->wording[p->n_wordings].text = r->example;
		p->wording[p->n_wordings++].provider = who ? who->title : STR("");
	}
}

void
cause_page_make(
	struct arena *a, const struct bounce_rules *rules, enum cause_id id, struct cause_page *out)
{
	size_t n;
	const struct check *const *checks = checks_all(&n);

	*out = (struct cause_page){.id = id};
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < checks[i]->n_codes; k++) {
			const struct finding_code *code = &checks[i]->codes[k];
			if (code->cause != id || code->good)
				continue;
			must(out->n_findings < COUNT(out->finding));
			out->finding[out->n_findings++] = code;
			if (code->code)
				add_code(out, arena_printf(a, "%u %s", code->code, code->enhanced));
		}
	}
	for (unsigned ranked = 0; ranked < 3; ranked++)
		add_rules(rules, ranked, out);
	str_sort(out->code, out->n_codes);
}

const struct place *
cause_places(size_t *n)
{
	static const struct place places[] = {{"client", STR_INIT("203.0.113.5")},
		{"reverse", STR_INIT("5.113.0.203.in-addr.arpa")},
		{"name", STR_INIT("mail.example.com")}, {"addresses", STR_INIT("203.0.113.99")},
		{"helo", STR_INIT("localhost")}, {"domain", STR_INIT("example.com")},
		{"list", STR_INIT("bl.example.net")},
		{"url", STR_INIT("https://www.example.net/why")},
		{"recipient", STR_INIT("ann@example.org")},
		{"sender", STR_INIT("joe@example.com")}};

	*n = COUNT(places);
	return places;
}

enum saying
cause_nature_saying(enum nature nature)
{
	static const enum saying says[] = {[NATURE_PERMANENT] = SAY_NATURE_PERMANENT,
		[NATURE_TEMPORARY] = SAY_NATURE_TEMPORARY,
		[NATURE_REPLY] = SAY_NATURE_REPLY};

	return says[nature];
}

/* --- JSON --- */

static json_t *
json_texts(const char *const *list, size_t max)
{
	json_t *array = json_array();

	for (size_t i = 0; i < max && list[i]; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *
json_strs(const struct str *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_stringn(list[i].p, list[i].n));
	return array;
}

static void
show_json(const struct texts *t, const struct cause_page *p)
{
	const struct cause *c = cause_get(p->id);
	const struct cause_text *words = &t->cause[p->id];
	json_t *findings = json_array(), *wordings = json_array();

	for (size_t i = 0; i < p->n_findings; i++)
		json_array_append_new(findings, json_string(p->finding[i]->id));
	for (size_t i = 0; i < p->n_wordings; i++)
		json_array_append_new(
			wordings, json_stringn(p->wording[i].text.p, p->wording[i].text.n));
	json_t *o = json_pack("{ss ss ss ss ss ss so so so so so so}", "id", c->id, "group",
		cause_group_name(c->group), "fixer", fixer_name(c->fixer), "nature",
		nature_name(c->nature), "title", words->title, "meaning", words->meaning, "steps",
		json_texts(words->steps, CAUSE_STEPS_MAX), "records",
		json_texts(c->records, CAUSE_RECORDS_MAX), "references",
		json_texts(c->refs, CAUSE_REFS_MAX), "codes", json_strs(p->code, p->n_codes),
		"wordings", wordings, "findings", findings);
	must(o);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* --- for people --- */

/* On lines that begin with margin, the first with first in its place. */
static void
put(const char *first, const char *margin, struct str text)
{
	struct page page = {stdout, false};

	page_put_wrapped(&page, first, margin, text, WIDTH);
}

static void
put_head(const struct texts *t, enum saying head)
{
	printf("\n%s\n", t->say[head]);
}

static void
put_filled(const char *first, const char *margin, const char *template)
{
	char room[1000];
	struct buf b = BUF(room);
	size_t n;
	const struct place *places = cause_places(&n);

	(void)texts_fill(template, places, n, &b);
	put(first, margin, buf_str(&b));
}

static void
put_steps(const struct texts *t, const struct cause_text *words)
{
	put_head(t, SAY_PAGE_STEPS);
	for (size_t i = 0; i < CAUSE_STEPS_MAX && words->steps[i]; i++) {
		char first[16];
		snprintf(first, sizeof(first), "%3zu ", i + 1);
		put_filled(first, MARGIN, words->steps[i]);
	}
	putchar('\n');
	put_filled(MARGIN, MARGIN, t->say[SAY_PAGE_EXAMPLE]);
}

static void
put_list(const struct texts *t, enum saying head, const char *const *list, size_t max)
{
	if (list[0])
		put_head(t, head);
	for (size_t i = 0; i < max && list[i]; i++)
		printf(MARGIN "%s\n", list[i]);
}

static void
put_said(const struct texts *t, const struct cause_page *p)
{
	if (p->n_wordings)
		put_head(t, SAY_PAGE_SAID);
	for (size_t i = 0; i < p->n_wordings; i++) {
		struct str who = p->wording[i].provider;
		put(MARGIN, MARGIN MARGIN, p->wording[i].text);
		if (who.n)
			printf(MARGIN MARGIN "(%.*s)\n", STR_ARG(who));
	}
	if (p->n_codes)
		put_head(t, SAY_PAGE_CODES);
	for (size_t i = 0; i < p->n_codes; i++)
		printf(MARGIN "%.*s\n", STR_ARG(p->code[i]));
	if (p->n_findings)
		put_head(t, SAY_PAGE_FINDINGS);
	for (size_t i = 0; i < p->n_findings; i++)
		printf(MARGIN "%-22s %s\n", p->finding[i]->id, p->finding[i]->label);
}

static void
show_cause(const struct texts *t, const struct cause_page *p)
{
	const struct cause *c = cause_get(p->id);
	const struct cause_text *words = &t->cause[p->id];

	printf("%s: %s\n\n", c->id, words->title);
	put(MARGIN, MARGIN, str_of(words->meaning));
	put_head(t, SAY_PAGE_WHO);
	printf(MARGIN "%s\n", t->fixer[c->fixer]);
	put_head(t, SAY_PAGE_NATURE);
	printf(MARGIN "%s\n", t->say[cause_nature_saying(c->nature)]);
	put_steps(t, words);
	put_list(t, SAY_PAGE_RECORDS, c->records, CAUSE_RECORDS_MAX);
	put_said(t, p);
	put_list(t, SAY_PAGE_REFERENCES, c->refs, CAUSE_REFS_MAX);
}

static void
show_list(const struct texts *t)
{
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		const struct cause *c = cause_get(i);
		if (i == 0 || c->group != cause_get(i - 1)->group)
			printf("%s%s\n", i ? "\n" : "", t->group[c->group]);
		printf("  %-24s %s\n", c->id, t->cause[i].title);
	}
}

/* --- the command --- */

struct causes_options {
	const char *dir, *name;
	const struct texts *texts, *only; /* to speak in; asked for by --lang */
	bool json;
};

static int
show(const struct causes_options *o, struct arena *a, const struct bounce_rules *rules)
{
	struct cause_page page;
	enum cause_id id = CAUSE_COUNT;

	if (o->dir)
		return causes_html(o->dir, o->only, a, rules);
	if (!o->name && !o->json) {
		show_list(o->texts);
		return EX_OK;
	}
	if (o->name && !cause_find(str_of(o->name), &id)) {
		const char *near = cause_nearest(str_of(o->name));
		return cli_usage("causes", "there is no cause \"%s\"%s%s%s", o->name,
			near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		if (id != CAUSE_COUNT && i != id)
			continue;
		cause_page_make(a, rules, i, &page);
		if (o->json)
			show_json(o->texts, &page);
		else
			show_cause(o->texts, &page);
	}
	return EX_OK;
}

static int
run(const struct causes_options *o)
{
	struct arena a;
	struct errbuf e = {0};
	int status = EX_SOFTWARE;

	arena_init(&a, 65536, SIZE_MAX);
	struct bounce_rules *rules = bounce_rules_new(&a, &e);
	if (rules)
		status = show(o, &a, rules);
	else
		cli_fail(EX_SOFTWARE, "%s", e.text);
	bounce_rules_free(rules);
	arena_done(&a);
	return cli_finish(status);
}

int
cli_causes(int argc, char **argv)
{
	enum { OPT_HTML = 256, OPT_JSON, OPT_LANG };
	static const struct option options[] = {{"html", required_argument, NULL, OPT_HTML},
		{"json", no_argument, NULL, OPT_JSON}, {"lang", required_argument, NULL, OPT_LANG},
		{"help", no_argument, NULL, 'h'}, {0}};
	struct causes_options o = {0};
	const char *lang = NULL;

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_HTML:
			o.dir = optarg;
			break;
		case OPT_JSON:
			o.json = true;
			break;
		case OPT_LANG:
			lang = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("causes", "wrong option");
		}
	}
	if (argc - optind > (o.dir ? 0 : 1) || (o.dir && o.json))
		return cli_usage(
			"causes", o.dir ? "--html takes a folder only" : "one cause at a time");
	o.name = argv[optind];
	o.texts = o.json && !lang ? texts_english() : cli_lang("causes", lang);
	o.only = lang ? o.texts : NULL;
	return o.texts ? run(&o) : EX_USAGE;
}
