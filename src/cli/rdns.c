/*
 * cli/rdns: what a reverse name looks like, for people and scripts.
 *
 * The classifier of the check generic_rdns by itself: asks nobody anything.  A line that cannot be
 * read is reported and passed over; the exit status tells at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "checks/rdns_class.h"
#include "cli/cli.h"
#include "cli/settings.h"

static const char help[] =
	"Usage: mxward rdns [-c FILE] ADDRESS NAME\n"
	"       mxward rdns [-c FILE] --batch < LINES\n"
	"Say what the reverse name of an address looks like.  Asks no DNS.\n"
	"\n"
	"Prints ADDRESS, NAME, CLASS, STRENGTH and REASON, separated by tabs.\n"
	"CLASS     enduser, generic-static, generic-hosting or server\n"
	"STRENGTH  strong or weak\n"
	"\n"
	"  --batch             read lines ADDRESS<TAB>NAME from standard input\n"
	"  -c, --config FILE   settings, for [generic_rdns] words\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0; 65 when a line could not be read (the others are still answered).\n";

/* Prints one line; false with a complaint when the input is no address and name.  A name that DNS
 * could not hold is judged as well: logs have such. */
static bool
classify(const struct rdns_words *words, struct arena *a, struct str address, struct str name,
	const char *where)
{
	struct ip ip;
	char room[2048];
	struct buf shown = BUF(room);

	if (!ip_parse(address, &ip)) {
		buf_put_escaped(&shown, address, 100);
		cli_fail(EX_DATAERR, "%s\"%.*s\" is no address", where, STR_ARG(buf_str(&shown)));
		return false;
	}
	if (!name.n) {
		cli_fail(EX_DATAERR, "%sno name given", where);
		return false;
	}
	struct str lower = arena_lower(a, name);
	if (str_has_suffix(lower, STR(".")))
		lower = str_slice(lower, 0, lower.n - 1);
	struct rdns_verdict v = rdns_classify(words, &ip, lower);
	buf_put_escaped(&shown, name, 500);
	printf("%.*s\t%.*s\t%s\t%s\t%s\n", STR_ARG(address), STR_ARG(buf_str(&shown)),
		rdns_class_name(v.class), rdns_strength_name(v.strength), v.reason);
	return true;
}

static int
classify_lines(const struct rdns_words *words)
{
	struct arena a;
	char *line = NULL, where[48];
	size_t room = 0;
	unsigned long number = 0, bad = 0;
	ssize_t n;

	arena_init(&a, 4096, SIZE_MAX);
	while ((n = getline(&line, &room, stdin)) >= 0) {
		struct str rest = str_trim(str_from(line, (size_t)n)), address = STR("");
		number++;
		if (!rest.n)
			continue;
		snprintf(where, sizeof(where), "line %lu: ", number);
		(void)str_split(&rest, '\t', &address);
		/* What follows a second tab is the caller's own. */
		struct str name = str_slice(rest, 0, str_find(rest, '\t'));
		bad += !classify(words, &a, str_trim(address), str_trim(name), where);
		arena_reset(&a);
	}
	int failed = ferror(stdin);
	free(line);
	arena_done(&a);
	if (failed)
		return cli_fail(EX_IOERR, "standard input: %s", strerror(errno));
	return bad ? EX_DATAERR : EX_OK;
}

int
cli_rdns(int argc, char **argv)
{
	enum { OPT_BATCH = 256 };
	static const struct option options[] = {{"batch", no_argument, NULL, OPT_BATCH},
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *path = NULL;
	bool batch = false;

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_BATCH:
			batch = true;
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("rdns", "wrong option");
		}
	}
	if (batch ? optind < argc : argc - optind != 2)
		return cli_usage(
			"rdns", batch ? "--batch takes no arguments" : "give ADDRESS and NAME");
	struct config *config = settings_load(path);
	if (!config)
		return EX_CONFIG;
	const struct rdns_words *words = config_generation(config)->site.rdns_words;
	int status = EX_OK;
	if (batch)
		status = classify_lines(words);
	else if (!classify(
			 words, &config->arena, str_of(argv[optind]), str_of(argv[optind + 1]), ""))
		status = EX_DATAERR;
	config_free(config);
	return cli_finish(status);
}
