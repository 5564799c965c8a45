/*
 * cli/import_log: what the settings would have done with the mail of the last weeks.
 *
 * Reads a Postfix log, rebuilds who wanted what, asks DNS now, and compares what Postfix did with
 * what mxward would do: for the administrator who wants to know before turning it on.  The mail is
 * of then, the facts are of today; the report says so.  Nothing is asked of anybody but the
 * resolvers that the settings name.
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/import.h"
#include "cli/report.h"
#include "cli/stored.h"
#include "conf/value.h"
#include "daemon/resolver.h"

#define RATE	 20
#define RATE_MAX 1000
#define MAX	 100000
#define MAX_MAX	 1000000

static const char help[] =
	"Usage: mxward import-log [options] FILE ...\n"
	"Read a Postfix log and say what mxward would have done with that mail.\n"
	"FILEs may be compressed by gzip and come in any order; \"-\" is standard input.\n"
	"\n"
	"  -c, --config FILE   judge by these settings; without it the defaults\n"
	"  --since TIME        only mail that is not older: 14d, 12h\n"
	"  --rate N            transactions that may ask DNS, in a second (default 20)\n"
	"  --max N             judge a fair sample of about N transactions where there are more\n"
	"                      (default 100000)\n"
	"  --resume FILE       keep what was judged in FILE; what is there is not asked again\n"
	"  --out FILE          write records of all for \"mxward replay\"\n"
	"  --resolver WHO      system, none, or ADDRESS[@PORT] ..., instead of [dns] resolver\n"
	"  --json              one JSON object instead of a page for people\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0; 1 when mail that Postfix accepted would be refused or put off (for want "
	"of\n"
	"an answer from DNS does not count); 65 when there is no line of Postfix; 75 when\n"
	"interrupted; 64 and above for other errors (sysexits.h).\n";

struct import {
	const char *config, *resolver, *resume, *out;
	uint64_t rate, max;
	int64_t since_ms; /* 0: all */
	bool json;
	/* at work */
	int64_t oldest;
	struct import_set set;
	struct import_tally tally;
	struct import_facts facts;
	bool progress;
	uint64_t began_ms, shown_ms;
};

/* Progress, on a terminal. */

static void
reading(void *ctx, uint64_t done, uint64_t all)
{
	struct import *im = ctx;
	uint64_t now = clock_ms();

	if (!im->progress || now < im->shown_ms + 500)
		return;
	im->shown_ms = now;
	fputs("\r\033[Kreading", stderr);
	if (all)
		fprintf(stderr, " %u %%", (unsigned)(done * 100 / all));
	fprintf(stderr, ", %zu transactions", im->set.n);
}

static void
judging(void *ctx, size_t done, size_t all)
{
	static const char bar[] = "##############################";
	struct import *im = ctx;
	const struct page err = {stderr, false};
	uint64_t took = clock_ms() - im->began_ms, asked = done - im->tally.resumed;

	if (!im->progress || !all)
		return;
	fprintf(stderr, "\r\033[K[%-30.*s] %zu/%zu", (int)(done * 30 / all), bar, done, all);
	if (took < 1000 || !asked)
		return;
	fprintf(stderr, "  %.1f/s  ", (double)asked * 1000 / (double)took);
	page_put_duration(&err, (all - done) * took / asked / 1000);
	fputs(" left", stderr);
}

static void
clear_progress(const struct import *im)
{
	if (im->progress)
		fputs("\r\033[K", stderr);
}

/* The run. */

static void
attempt(void *ctx, const struct postfix_attempt *a)
{
	struct import *im = ctx;

	if (a->time < im->oldest)
		im->facts.too_old++;
	else
		import_set_add(&im->set, a);
}

static int
read_log(struct import *im, char **files, int n)
{
	struct arena arena;
	const struct postfix_track_options o = {.attempt = attempt, .ctx = im};

	arena_init(&arena, 64 << 10, SIZE_MAX);
	struct postfix_track *track = postfix_track_new(&arena, &o);
	int status = import_read(files, n, track, &im->facts.span, reading, im);
	im->facts.counts = postfix_track_counts(track);
	arena_done(&arena);
	clear_progress(im);
	if (status == EX_OK && !im->facts.counts.postfix)
		return cli_fail(EX_DATAERR,
			"there is no line of Postfix in %s%s: import-log reads the log of Postfix, "
			"not that of another mail server",
			n == 1 ? files[0] : "these files",
			im->facts.span.lines ? "" : " (nothing)");
	return status;
}

static struct config *
load(struct import *im, struct loop *loop)
{
	struct errbuf e = {0};
	char text[1024];
	struct config *c = config_load_file(im->config, NULL, NULL, &e);

	if (c && im->resolver)
		c->dns.resolver = str_of(im->resolver);
	if (!c || !resolver_attach(c, NULL, loop, &e)) {
		errbuf_print(&e, text, sizeof(text));
		config_free(c);
		cli_fail(EX_CONFIG, "%s", text);
		return NULL;
	}
	struct generation *g = &c->generation;
	/* Each transaction stands for itself, and what waiting may put right counts in full, as in
	 * replay. */
	g->watch_nat = g->watch_findings = false;
	g->policy.first_defers = false;
	g->policy.help_url = STR(""); /* of cases that there are not */
	im->facts.monitor = g->policy.profile == PROFILE_MONITOR;
	if (im->facts.monitor)
		g->policy.profile = PROFILE_SCORE;
	return c;
}

static void
count_helo(struct import *im)
{
	im->facts.distinct = im->set.n;
	im->facts.halved = im->set.halved;
	for (size_t i = 0; i < im->set.n; i++)
		im->facts.helo_known += im->set.key[i]->helo.p != NULL;
}

static int
import_with(
	struct import *im, struct generation *generation, struct loop *loop, char **files, int n)
{
	int status = read_log(im, files, n);

	if (status != EX_OK)
		return status;
	count_helo(im);
	im->began_ms = clock_ms();
	const struct import_judge_options o = {.generation = generation,
		.loop = loop,
		.set = &im->set,
		.tally = &im->tally,
		.rate = (unsigned)im->rate,
		.resume = im->resume,
		.out = im->out,
		.progress = judging,
		.ctx = im};
	status = import_judge(&o, &im->facts.interrupted);
	clear_progress(im);
	if (status != EX_OK)
		return status;
	im->facts.config = im->config;
	im->facts.out = im->out;
	if (im->json)
		import_report_json(stdout, &im->facts, &im->tally);
	else
		import_report_text(stdout, report_wants_colour(stdout), &im->facts, &im->tally);
	if (im->facts.interrupted)
		return cli_fail(EX_TEMPFAIL, "interrupted%s%s",
			im->resume ? ": run it again to go on, with --resume " : "",
			im->resume ? im->resume : "");
	return im->tally.refused.n ? 1 : EX_OK;
}

static int
import(struct import *im, char **files, int n)
{
	struct loop *loop = loop_new();

	if (!loop)
		return cli_fail(EX_OSERR, "cannot make an event loop");
	struct config *config = load(im, loop);
	if (!config) {
		loop_free(loop);
		return EX_CONFIG;
	}
	import_set_init(&im->set, im->max);
	import_tally_init(&im->tally);
	im->oldest = im->since_ms ? clock_wall() - im->since_ms / 1000 : INT64_MIN;
	im->progress = isatty(STDERR_FILENO);
	struct stored stored;
	stored_open(&stored, config, loop, false);
	int status = import_with(im, stored.generation, loop, files, n);
	stored_close(&stored);
	import_set_done(&im->set);
	import_tally_done(&im->tally);
	config_free(config);
	loop_free(loop);
	return cli_finish(status);
}

/* Options. */

static bool
read_since(struct import *im, const char *arg)
{
	static const struct setting since = {.name = "--since",
		.type = SETTING_DURATION,
		.fallback = "0s",
		.min = 1000,
		.max = (int64_t)3650 * 86400 * 1000};
	struct arena arena;
	struct errbuf e = {0};

	arena_init(&arena, 256, SIZE_MAX);
	bool ok = *arg && setting_parse(&since, str_of(arg), &im->since_ms, &arena, &e);
	arena_done(&arena);
	return ok;
}

enum { OPT_SINCE = 256, OPT_RATE, OPT_MAX, OPT_RESUME, OPT_OUT, OPT_RESOLVER, OPT_JSON };

static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	{"since", required_argument, NULL, OPT_SINCE}, {"rate", required_argument, NULL, OPT_RATE},
	{"max", required_argument, NULL, OPT_MAX}, {"resume", required_argument, NULL, OPT_RESUME},
	{"out", required_argument, NULL, OPT_OUT},
	{"resolver", required_argument, NULL, OPT_RESOLVER}, {"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'}, {0}};

int
cli_import_log(int argc, char **argv)
{
	struct import im = {.rate = RATE, .max = MAX};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			im.config = optarg;
			break;
		case OPT_SINCE:
			if (!read_since(&im, optarg))
				return cli_usage("import-log",
					"--since %s: a time such as 14d, 12h", optarg);
			break;
		case OPT_RATE:
			if (!str_to_u64(str_of(optarg), RATE_MAX, &im.rate) || !im.rate)
				return cli_usage(
					"import-log", "--rate %s: 1 to %d", optarg, RATE_MAX);
			break;
		case OPT_MAX:
			if (!str_to_u64(str_of(optarg), MAX_MAX, &im.max) || !im.max)
				return cli_usage(
					"import-log", "--max %s: 1 to %d", optarg, MAX_MAX);
			break;
		case OPT_RESUME:
			im.resume = optarg;
			break;
		case OPT_OUT:
			im.out = optarg;
			break;
		case OPT_RESOLVER:
			im.resolver = optarg;
			break;
		case OPT_JSON:
			im.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("import-log", "wrong option");
		}
	}
	if (optind == argc)
		return cli_usage("import-log", "which log? FILE, or \"-\" for standard input");
	if (im.resume && im.out && str_eq(str_of(im.resume), str_of(im.out)))
		return cli_usage("import-log", "--resume and --out cannot be the same file");
	return import(&im, argv + optind, argc - optind);
}
