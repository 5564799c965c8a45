/*
 * cli/conf_man: the generated chapters of mxward.conf(5).
 *
 * The build pipes the page's frame through it: the lines @SETTINGS@ and @FINDINGS@ are replaced by
 * what the program's own tables say, so the manual cannot lag behind.
 */
#include <stdio.h>
#include <sysexits.h>

#include "checks/checks.h"
#include "cli/cli.h"
#include "cli/conf.h"
#include "conf/prose.h"
#include "conf/show.h"
#include "daemon/config.h"

static void
print_settings(void)
{
	size_t n;
	const struct section *const *sections = config_sections(&n);

	conf_show_mdoc(stdout, sections, n);
}

static void
print_action(const char *where, struct action a)
{
	char room[32];
	struct buf b = BUF(room);

	action_print(a, &b);
	printf("%s\n.Ql %.*s .\n", where, STR_ARG(buf_str(&b)));
}

static void
print_finding(const struct finding_code *code)
{
	struct action usual = finding_default(code, PROFILE_SCORE, false);
	struct action six = finding_default(code, PROFILE_SCORE, true);
	struct action strict = finding_default(code, PROFILE_STRICT, false);

	printf(".It Ic %s\n", code->id);
	prose_mdoc(stdout, str_of(code->text));
	/* The sentence has no full stop of its own. */
	fputs(".br\n", stdout);
	print_action("Default:", usual);
	if (six.kind != usual.kind || six.points != usual.points)
		print_action("For IPv6 clients:", six);
	if (strict.kind != usual.kind || strict.points != usual.points)
		print_action("In profile strict:", strict);
	if (code->code)
		printf("Reply:\n.Ql %u %s .\n", code->code, code->enhanced);
	if (!code->good)
		printf("Cause:\n.Ic %s .\n", cause_get(code->cause)->id);
	prose_mdoc(stdout, str_of(code->reference));
}

static void
print_findings(void)
{
	size_t n;
	const struct check *const *checks = checks_all(&n);

	for (size_t i = 0; i < n; i++) {
		printf(".Ss Check %s\n", checks[i]->name);
		prose_mdoc(stdout, str_of(checks[i]->help));
		fputs(".Bl -tag -width Ds\n", stdout);
		for (size_t k = 0; k < checks[i]->n_codes; k++)
			print_finding(&checks[i]->codes[k]);
		fputs(".El\n", stdout);
	}
}

int
conf_man(int argc, char **argv)
{
	char line[1024];

	if (argc > 1)
		return cli_usage("conf", "the page is read from standard input");
	while (fgets(line, sizeof(line), stdin)) {
		struct str s = str_trim(str_of(line));
		if (str_eq(s, STR("@SETTINGS@")))
			print_settings();
		else if (str_eq(s, STR("@FINDINGS@")))
			print_findings();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) ? cli_fail(EX_IOERR, "cannot read the page") : cli_finish(EX_OK);
}
