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
print_finding(const struct finding_code *code)
{
	char room[1024];
	struct buf text = BUF(room);

	printf(".It Ic %s\n", code->id);
	buf_printf(&text, "%s.  Action: ", code->text);
	conf_print_effect(code, &text);
	buf_printf(&text, ".  (%s)", code->reference);
	must(!buf_is_cut(&text));
	prose_mdoc(stdout, buf_str(&text));
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
