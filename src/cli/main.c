/*
 * main: the command mxward.
 *
 * Where things are: cli/ holds the commands, daemon/ what `serve` runs, front/ the ways in, core/
 * the engine and the policy, checks/ the checks, source/ what answers their questions.
 */
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/errbuf.h"
#include "base/hash.h"
#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"serve", cli_serve, "run the daemon beside the mail server"},
	{"status", cli_status, "show how a running daemon is"},
	{"check", cli_check, "run the checks on one client by hand"},
	{"case", cli_case, "explain a decision by the case id that stood in the reply"},
	{"cases", cli_cases, "search the decisions that are kept"},
	{"report", cli_report, "tell that a message was spam, or wanted after all"},
	{"replay", cli_replay, "judge recorded transactions again, without a network"},
	{"import-log", cli_import_log, "say what would have become of the mail of a Postfix log"},
	{"explain", cli_explain, "say what a bounce means and what to do about it"},
	{"causes", cli_causes, "list what mail is refused for, and how each is repaired"},
	{"selfcheck", cli_selfcheck, "say what receivers will make of a domain's mail"},
	{"callout", cli_callout, "ask the mail server of a sender's domain about an address"},
	{"rdns", cli_rdns, "say what a reverse name looks like"},
	{"rdap", cli_rdap, "ask registries, and fetch the list of them"},
	{"store", cli_store, "check, copy and measure what outlives a restart"},
	{"exempt", cli_exempt, "spare somebody checks"},
	{"mailbox", cli_mailbox, "switches of mailboxes: what is checked for whom"},
	{"conf", cli_conf, "check and show settings, list findings"},
};

static void
print_help(FILE *out)
{
	fputs("mxward " MXWARD_VERSION
	      ": why is this mail refused?\n\nUsage: mxward COMMAND ...\n\n",
		out);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n\"mxward COMMAND --help\" tells the options of each; mxward(1) is the manual.\n",
		out);
}

int
main(int argc, char **argv)
{
	const char *names[COUNT(commands)];
	struct str word = str_of(argc > 1 ? argv[1] : "");

	hash_seed();
	/* A closed pipe shows up as a failed write, which every command reports. */
	signal(SIGPIPE, SIG_IGN);
	if (str_eq(word, STR("--help")) || str_eq(word, STR("-h")) || str_eq(word, STR("help"))) {
		print_help(stdout);
		return cli_finish(EX_OK);
	}
	if (str_eq(word, STR("--version"))) {
		puts("mxward " MXWARD_VERSION);
		return cli_finish(EX_OK);
	}
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	for (size_t i = 0; i < COUNT(commands); i++) {
		names[i] = commands[i].name;
		if (str_eq(word, str_of(commands[i].name)))
			return commands[i].run(argc - 1, argv + 1);
	}
	const char *near = nearest_name(word, names, COUNT(names));
	return cli_fail(EX_USAGE, "unknown command \"%s\"%s%s%s; try \"mxward --help\"", argv[1],
		near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}
