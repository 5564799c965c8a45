/*
 * cli/conf: check and show settings; list findings and DNS lists.
 *
 * Reads a file exactly as the daemon does, but starts nothing and asks nobody.
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errbuf.h"

#include "checks/dnsbl.h"
#include "cli/cli.h"
#include "cli/conf.h"
#include "cli/settings.h"
#include "conf/show.h"
#include "daemon/config.h"
#include "daemon/resolver.h"

static const char help[] =
	"Usage: mxward conf COMMAND\n"
	"\n"
	"  check [FILE]                  say what is wrong with a settings file\n"
	"  show [-c FILE] [--defaults]   print all settings with their explanations\n"
	"  findings [--json]             list what the checks can find, and what it does\n"
	"  lists [--json] [NAME]         list the known DNS lists, or all about one of them\n"
	"\n"
	"FILE is " CONFIG_FILE " where none is given; without that file, `show` prints\n"
	"the defaults.\n"
	"\n"
	"Exit status: 0, 78 for errors in settings, otherwise as sysexits.h.\n";

static int
print_help(void)
{
	fputs(help, stdout);
	return cli_finish(EX_OK);
}

/* What the settings name besides themselves: the zone file. */
static bool
check_sources(struct config *config, struct errbuf *e)
{
	struct loop *loop = loop_new();
	bool ok = loop && resolver_attach(config, NULL, loop, e);

	config_free(config);
	loop_free(loop);
	return ok;
}

static void
warn_of_lists(const struct config *config)
{
	const struct dnsbl_set *set = config->generation.site.lists;

	for (size_t i = 0; i < set->n; i++)
		if (set->list[i].note)
			fprintf(stderr, "mxward: warning: [%s %.*s]%s: %s\n",
				set->list[i].allow ? "dnswl" : "dnsbl", STR_ARG(set->list[i].name),
				set->list[i].off ? " is not asked" : "", set->list[i].note);
}

static void
warn(const char *text, void *ctx)
{
	fprintf(stderr, "mxward: warning: %s\n", text);
}

static int
check(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct errbuf e = {0};

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;)
		return c == 'h' ? print_help() : cli_usage("conf", "unknown option");
	if (argc - optind > 1)
		return cli_usage("conf", "one file at a time");
	const char *path = optind < argc ? argv[optind] : CONFIG_FILE;
	struct config *config = config_load_file(path, settings_report, NULL, &e);
	if (!config) {
		const char *more = e.count >= CONF_ERRORS_MAX ? " or more" : "";
		return cli_fail(EX_CONFIG, "%u error%s%s", e.count, e.count == 1 ? "" : "s", more);
	}
	config_warn(config, warn, NULL);
	warn_of_lists(config);
	if (!check_sources(config, &e)) {
		settings_report(&e, NULL);
		return cli_fail(EX_CONFIG, "1 error");
	}
	printf("%s: no errors\n", path);
	return cli_finish(EX_OK);
}

/* path NULL: the defaults. */
static int
show_file(const char *path)
{
	struct errbuf e = {0};
	struct arena a;
	struct str text = STR("");
	size_t n, n_structs;
	const struct section *const *sections = config_sections(&n);

	struct config *config = settings_load(path);
	if (!config)
		return EX_CONFIG;
	arena_init(&a, 0, SIZE_MAX);
	void *const *structs = config_structs(config, &n_structs);
	must(n == n_structs);
	if (path && !conf_read_file(path, &a, &text, &e))
		settings_report(&e, NULL);
	else
		conf_show(stdout, sections, n, structs, text);
	arena_done(&a);
	config_free(config);
	return e.count ? EX_CONFIG : cli_finish(EX_OK);
}

static int
show(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"defaults", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *path = settings_path(NULL);

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		if (c == 'h')
			return print_help();
		if (c == 'c')
			path = optarg;
		else if (c == 'd')
			path = NULL;
		else
			return cli_usage("conf", "unknown option");
	}
	if (optind < argc)
		return cli_usage("conf", "unexpected \"%s\": did you mean -c %s?", argv[optind],
			argv[optind]);
	return show_file(path);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"check", check},
	{"show", show},
	{"findings", conf_findings},
	{"lists", conf_lists},
	{"man", conf_man},
};

int
cli_conf(int argc, char **argv)
{
	struct str word = str_of(argc > 1 ? argv[1] : "");

	if (str_eq(word, STR("--help")) || str_eq(word, STR("-h")))
		return print_help();
	if (argc < 2)
		return cli_usage("conf", "a command is missing");
	const struct command *c =
		cli_verb("conf", argv[1], commands, COUNT(commands), sizeof(commands[0]));
	return c ? c->run(argc - 1, argv + 1) : EX_USAGE;
}
