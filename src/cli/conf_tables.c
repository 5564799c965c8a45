/* cli/conf_tables: the findings, listed from their tables. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "checks/checks.h"
#include "cli/cli.h"
#include "cli/conf.h"
#include "conf/prose.h"
#include "daemon/config.h"

#define WIDTH 90

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, const char *help, bool *json)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};

	*json = false;
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help, stdout);
			return cli_finish(EX_OK);
		}
		if (c != 'j')
			return cli_usage("conf", "unknown option");
		*json = true;
	}
	if (optind < argc)
		return cli_usage("conf", "unexpected \"%s\"", argv[optind]);
	return -1;
}

static void
print_json(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static json_t *
json_action(struct action a)
{
	char room[32];
	struct buf b = BUF(room);

	action_print(a, &b);
	return json_stringn(b.p, b.n);
}

/* The action of a profile or family, where it is not the usual one. */
static void
print_other(const char *where, struct action a, struct action usual, const char **before,
	struct buf *out)
{
	if (a.kind == usual.kind && a.points == usual.points)
		return;
	buf_printf(out, "%s%s: ", *before, where);
	action_print(a, out);
	*before = "; ";
}

void
conf_print_effect(const struct finding_code *code, struct buf *out)
{
	struct action usual = finding_default(code, PROFILE_SCORE, false);
	const char *before = " (";

	action_print(usual, out);
	print_other("IPv6", finding_default(code, PROFILE_SCORE, true), usual, &before, out);
	print_other("strict", finding_default(code, PROFILE_STRICT, false), usual, &before, out);
	buf_puts(out, *before == ';' ? ")" : "");
	if (code->code)
		buf_printf(out, "; reply %u %s", code->code, code->enhanced);
	if (code->late)
		buf_printf(out, ", the first time 451 4%s", code->enhanced + 1);
	if (!code->good)
		buf_printf(out, "; cause %s", cause_get(code->cause)->id);
}

static void
finding_json(const struct check *check, const struct finding_code *code)
{
	json_t *o = json_pack("{ss ss ss ss sb sb sb so so so}", "id", code->id, "check",
		check->name, "label", code->label, "text", code->text, "good", code->good,
		"temporary", code->temporary, "late", code->late, "action",
		json_action(finding_default(code, PROFILE_SCORE, false)), "action_ipv6",
		json_action(finding_default(code, PROFILE_SCORE, true)), "action_strict",
		json_action(finding_default(code, PROFILE_STRICT, false)));

	must(o);
	if (code->fix)
		json_object_set_new(o, "fix", json_string(code->fix));
	if (!code->good)
		json_object_set_new(o, "cause", json_string(cause_get(code->cause)->id));
	if (code->code) {
		json_object_set_new(o, "code", json_integer(code->code));
		json_object_set_new(o, "enhanced", json_string(code->enhanced));
	}
	json_object_set_new(o, "reference", json_string(code->reference));
	print_json(o);
}

static void
finding_text(const struct finding_code *code)
{
	char room[256];
	struct buf effect = BUF(room);

	conf_print_effect(code, &effect);
	printf("%-22s %.*s\n", code->id, STR_ARG(buf_str(&effect)));
	prose_wrap(stdout, "    ", str_of(code->text), WIDTH);
}

static void
print_check(const struct check *check, bool first)
{
	printf("%s[%s]\n", first ? "" : "\n", check->name);
	prose_wrap(stdout, "", str_of(check->help), WIDTH);
	putchar('\n');
}

int
conf_findings(int argc, char **argv)
{
	static const char help[] =
		"Usage: mxward conf findings [--json]\n"
		"List what the checks can find: id, default action (where different also that for\n"
		"IPv6 clients and that of profile strict), reply, cause, and the sentence.\n";
	bool json;
	int status = read_options(argc, argv, help, &json);
	size_t n;
	const struct check *const *checks = checks_all(&n);

	if (status >= 0)
		return status;
	for (size_t i = 0; i < n; i++) {
		if (!json)
			print_check(checks[i], i == 0);
		for (size_t k = 0; k < checks[i]->n_codes; k++) {
			if (json)
				finding_json(checks[i], &checks[i]->codes[k]);
			else
				finding_text(&checks[i]->codes[k]);
		}
	}
	return cli_finish(EX_OK);
}
