/*
 * cli/conf_lists: the table of known DNS lists, for people and as JSON Lines.
 *
 * Asks nobody, so it tells what is known of a list, not whether it answers right now.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/conf.h"
#include "conf/prose.h"
#include "conf/value.h"
#include "lists/known.h"

#define WIDTH	  90
#define LISTS_MAX 512
#define FIELD_MAX 1024

static const char help[] =
	"Usage: mxward conf lists [--json] [NAME]\n"
	"List the DNS lists (DNSBL, DNSWL) that are known: what they list, who may ask them, and\n"
	"which are dead and must not be asked.  With NAME, all about one of them: its answers and\n"
	"what they weigh, the pages for look-up and removal, and the settings that use it.\n"
	"\n"
	"  --json   one object a line\n";

static const char *
kind_text(const struct known_list *k)
{
	if (k->kind == LIST_OF_DOMAINS)
		return k->allow ? "good domains" : "domains";
	return k->allow ? "good addresses" : "addresses";
}

/* "score 6" or "error", as in the settings. */
static void
print_weight(const struct list_code *c, struct buf *out)
{
	buf_puts(out, c->error ? "error" : "score ");
	if (!c->error)
		points_print(c->points, false, out);
}

static void
set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

static json_t *
code_json(const struct list_code *c)
{
	char room[LIST_CODE_TEXT_MAX];
	struct buf answer = BUF(room);

	list_code_print(c, &answer);
	json_t *o = json_pack("{ss% sb ss%}", "answer", answer.p, answer.n, "error", c->error,
		"text", c->text.p, c->text.n);
	must(o);
	if (!c->error)
		json_object_set_new(o, "score", json_real((double)c->points / 100));
	return o;
}

static void
list_json(const struct known_list *k)
{
	json_t *codes = json_array();
	json_t *o = json_pack("{ss ss ss ss sb sb ss sb}", "name", k->zone, "title", k->title,
		"owner", k->owner, "kind", k->kind == LIST_OF_DOMAINS ? "domain" : "ip", "allow",
		k->allow, "below", k->under, "state", list_state_name(k->state), "free_to_ask",
		k->default_ok);

	must(o);
	set_text(o, "since", k->since);
	set_text(o, "note", k->note);
	set_text(o, "terms", k->terms);
	set_text(o, "lookup", k->lookup);
	set_text(o, "removal", k->removal);
	set_text(o, "signup", k->signup);
	set_text(o, "key", k->keyed);
	set_text(o, "test_listed", k->test_listed);
	set_text(o, "test_unlisted", k->test_unlisted);
	if (k->kind == LIST_OF_DOMAINS && k->state != LIST_DEAD)
		set_text(o, "asked_for", k->names == LIST_NAMES_FULL ? "full" : "registrable");
	if (k->kind == LIST_OF_ADDRESSES && k->state != LIST_DEAD) {
		json_object_set_new(o, "ipv4", json_boolean(k->ipv4));
		json_object_set_new(o, "ipv6", json_boolean(k->ipv6));
	}
	for (size_t i = 0; i < k->codes.n; i++)
		json_array_append_new(codes, code_json(&k->codes.code[i]));
	json_object_set_new(o, "answers", codes);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void
list_short(const struct known_list *k)
{
	char room[FIELD_MAX];
	struct buf b = BUF(room);

	printf("%s%s: %s\n", k->zone, k->under ? " and all below it" : "", k->title);
	buf_printf(&b, "[%s] ", kind_text(k));
	if (k->since)
		buf_printf(&b, "(%s since %s) ", list_state_name(k->state), k->since);
	buf_puts(&b, k->state == LIST_LIVE ? k->terms : k->note);
	prose_wrap(stdout, "    ", buf_str(&b), WIDTH);
}

static void
print_group(enum list_state state, const char *title)
{
	size_t n;
	const struct known_list *all = known_lists(&n);

	printf("%s\n\n", title);
	for (size_t i = 0; i < n; i++) {
		if (all[i].state == state)
			list_short(&all[i]);
	}
}

/* "Label: text", wrapped; nothing where there is no text. */
static void
print_field(const char *label, const char *text)
{
	char room[FIELD_MAX];
	struct buf b = BUF(room);

	if (!text)
		return;
	buf_printf(&b, "%s: %s", label, text);
	prose_wrap(stdout, "    ", buf_str(&b), WIDTH);
}

static void
print_scope(const struct known_list *k)
{
	if (k->kind == LIST_OF_DOMAINS)
		print_field("Asked for",
			k->names == LIST_NAMES_FULL ? "whole names" : "registrable domains");
	else
		print_field("Asked for",
			k->ipv4 && k->ipv6 ? "IPv4 and IPv6 addresses"
				: k->ipv4  ? "IPv4 addresses"
					   : "IPv6 addresses");
}

static void
print_test(const struct known_list *k)
{
	char room[FIELD_MAX];
	struct buf b = BUF(room);

	if (k->test_listed)
		buf_printf(&b, "%s is always listed", k->test_listed);
	if (k->test_unlisted)
		buf_printf(&b, "%s%s never is", k->test_listed ? ", " : "", k->test_unlisted);
	buf_putc(&b, '\0');
	print_field("Test entries", b.n > 1 ? b.p : NULL);
}

static void
print_answers(const struct known_list *k)
{
	size_t width = 0;

	printf("\nAnswers, as settings would say it:\n");
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < k->codes.n; i++) {
			const struct list_code *c = &k->codes.code[i];
			char pattern[LIST_CODE_TEXT_MAX], weight[32];
			struct buf p = BUF(pattern), w = BUF(weight);
			list_code_print(c, &p);
			print_weight(c, &w);
			width = p.n > width ? p.n : width;
			if (pass)
				printf("    %-*.*s = %-10.*s ; %.*s\n", (int)width,
					STR_ARG(buf_str(&p)), STR_ARG(buf_str(&w)),
					STR_ARG(c->text));
		}
	}
}

static void
list_full(const struct known_list *k)
{
	printf("%s%s: %s\n", k->zone, k->under ? " and all below it" : "", k->title);
	print_field("Run by", k->owner);
	printf("    State: %s%s%s\n", list_state_name(k->state), k->since ? " since " : "",
		k->since ? k->since : "");
	print_field("Note", k->note);
	print_field("Lists", kind_text(k));
	if (k->state == LIST_DEAD) {
		printf("\nIt must not be asked: take it out of all settings.\n");
		return;
	}
	print_scope(k);
	print_field("Terms", k->terms);
	print_field("May be asked without registration", k->default_ok ? "yes" : "no");
	print_field("Registration", k->signup);
	print_field("A key is needed", k->keyed);
	print_field("Look-up", k->lookup);
	print_field("Removal", k->removal);
	print_test(k);
	print_answers(k);
	printf("\nTo use it:\n    [%s %s]\n", k->allow ? "dnswl" : "dnsbl", k->zone);
	if (k->keyed)
		printf("    key_file = /etc/mxward/%s.key\n", k->zone);
}

static int
unknown_list(const char *name)
{
	const char *names[LISTS_MAX];
	size_t n;
	const struct known_list *all = known_lists(&n);

	must(n <= COUNT(names));
	for (size_t i = 0; i < n; i++)
		names[i] = all[i].zone;
	const char *near = nearest_name(str_of(name), names, n);
	return cli_usage("conf", "nothing is known of the list \"%s\"%s%s%s", name,
		near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int
print_all(bool json)
{
	size_t n;
	const struct known_list *all = known_lists(&n);

	for (size_t i = 0; json && i < n; i++)
		list_json(&all[i]);
	if (!json) {
		print_group(LIST_LIVE, "Lists that can be asked");
		print_group(LIST_CHANGED, "\nLists about which there is something to know first");
		print_group(LIST_DEAD, "\nLists that must not be asked any more");
	}
	return cli_finish(EX_OK);
}

int
conf_lists(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool json = false;

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help, stdout);
			return cli_finish(EX_OK);
		}
		if (c != 'j')
			return cli_usage("conf", "unknown option");
		json = true;
	}
	if (argc - optind > 1)
		return cli_usage("conf", "one list at a time");
	if (optind == argc)
		return print_all(json);
	const struct known_list *k = known_list_find(str_of(argv[optind]));
	if (!k)
		return unknown_list(argv[optind]);
	if (json)
		list_json(k);
	else
		list_full(k);
	return cli_finish(EX_OK);
}
