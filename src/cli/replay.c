/*
 * cli/replay: judge recorded transactions with their own facts, without a network.
 *
 * Reads records (core/record.h) line by line from files or standard input.  With --diff each is
 * judged twice, by the defaults (or --against FILE) and by -c FILE, and only what changes is
 * shown.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "checks/dnsbl.h"
#include "cli/case_read.h"
#include "cli/cli.h"
#include "cli/replay_cases.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "core/record.h"
#include "daemon/config.h"

static const char help[] =
	"Usage: mxward replay [options] [RECORDS.jsonl ...]\n"
	"       mxward replay --since TIME [options]\n"
	"Judge recorded transactions, one JSON object a line, with the facts that they carry.\n"
	"Reads standard input where no file is named.  Asks nobody anything.\n"
	"With --since, or another of the conditions below, the cases of the store are judged.\n"
	"\n"
	"  -c, --config FILE   judge by these settings; without it the defaults, cases by\n"
	"                      " CONFIG_FILE " if there is one\n"
	"  --diff              judge by two settings and show only what changes; of cases: show\n"
	"                      what would be decided otherwise than it was, summed up\n"
	"  --against FILE      with --diff: the settings to compare with (default: the defaults;\n"
	"                      of cases: what was decided)\n"
	"  --text              output for people instead of JSON\n"
	"  --json              with --diff of cases: one JSON object instead of a page\n"
	"\n"
	"Cases:\n" CASE_QUERY_HELP
	"  --samples N         with --diff: so many of each finding and domain (default: 3)\n"
	"  --file PATH         the store; without it that of -c FILE, or else of\n"
	"                      " CONFIG_FILE "\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0; with --diff 1 when something that was accepted would be refused;\n"
	"65 when a record could not be read (the others are still judged); 64 and above for\n"
	"other errors (sysexits.h).\n";

struct replay {
	struct config *config, *against;
	struct gate *gate, *gate_against;
	struct report_style style;
	bool diff;
	const char *file;
	unsigned line_no;
	struct str id;
	/* the decision just made */
	struct visit *visit;
	FILE *out;
	enum verdict_kind kind;
	struct arena *arena; /* of the record */
	/* totals */
	unsigned long records, bad, changed, newly_refused;
	bool progress;
	uint64_t shown_ms;
};

static void
decided(void *ctx, const struct decision *d)
{
	struct replay *r = ctx;

	r->kind = d->verdict->kind;
	if (r->out)
		report_decision(r->out, &r->style, r->id, d, visit_transaction(r->visit));
}

static void
done(void *ctx, const struct verdict *v)
{
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

/* Judge one recipient; the decision is printed to out unless that is NULL. */
static enum verdict_kind
judge(struct replay *r, struct gate *gate, struct config *config, struct record *record,
	struct str rcpt, FILE *out)
{
	struct message_head head;
	bool has_head = case_head(r->arena, record, &head);

	config_generation(config)->source = &record->source;
	config_generation(config)->history = record_history(record);
	const struct lists_now lists = {.canary = record->canary,
		.suspended = dnsbl_bits(config_generation(config)->site.lists, &record->suspended)};

	r->out = out;
	r->visit = visit_new(gate,
		&(struct visit_client){.ip = record->client,
			.port = record->port,
			.way = "replay",
			.case_id = record->id,
			.lists = &lists,
			.head = has_head ? &head : NULL,
			.session = record->session.known ? &record->session : NULL,
			.rcpts = record->n_rcpts,
			.time = record->time});
	visit_env_if(r->visit, ENV_HELO, record->has_helo, record->helo);
	visit_env_if(r->visit, ENV_MAIL_FROM, record->has_from, record->from);
	visit_judge(r->visit, rcpt, STR(""), done, r); /* answers at once: all facts are known */
	visit_end(r->visit);
	config_generation(config)->source = NULL;
	config_generation(config)->history = NULL;
	return r->kind;
}

static void
judge_rcpt(struct replay *r, struct record *record, struct str rcpt)
{
	if (!r->diff) {
		judge(r, r->gate, r->config, record, rcpt, stdout);
		return;
	}
	enum verdict_kind before = judge(r, r->gate_against, r->against, record, rcpt, NULL);
	enum verdict_kind after = judge(r, r->gate, r->config, record, rcpt, NULL);
	if (before == after)
		return;
	r->changed++;
	if (!verdict_refuses(before) && verdict_refuses(after))
		r->newly_refused++;
	judge(r, r->gate_against, r->against, record, rcpt, stdout);
	judge(r, r->gate, r->config, record, rcpt, stdout);
}

static void
replay_line(struct replay *r, struct str line)
{
	struct arena arena;
	struct record record;
	struct errbuf e = {0};
	char text[1024];

	arena_init(&arena, 16 << 10, (size_t)64 << 20);
	r->arena = &arena;
	errbuf_at(&e, r->file, r->line_no);
	if (!record_parse(&arena, line, &record, &e)) {
		errbuf_print(&e, text, sizeof(text));
		cli_fail(EX_DATAERR, "%s", text);
		r->bad++;
		arena_done(&arena);
		return;
	}
	r->records++;
	r->id = record.id;
	for (size_t i = 0; i < (record.rcpt.n ? record.rcpt.n : 1); i++)
		judge_rcpt(r, &record, record.rcpt.n ? record.rcpt.word[i] : STR(""));
	record_done(&record);
	arena_done(&arena);
}

static void
show_progress(struct replay *r)
{
	uint64_t now = clock_ms();

	if (!r->progress || now < r->shown_ms + 500)
		return;
	r->shown_ms = now;
	fprintf(stderr, "\r%lu records", r->records);
}

static int
replay_stream(struct replay *r, FILE *in, const char *name)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	r->file = name;
	r->line_no = 0;
	while ((n = getline(&line, &room, in)) >= 0) {
		struct str s = str_trim(str_from(line, (size_t)n));
		r->line_no++;
		if (s.n)
			replay_line(r, s);
		show_progress(r);
	}
	int failed = ferror(in);
	free(line);
	return failed ? cli_fail(EX_IOERR, "%s: %s", name, strerror(errno)) : EX_OK;
}

static int
replay_files(struct replay *r, int n, char **files)
{
	if (n == 0)
		return replay_stream(r, stdin, "standard input");
	for (int i = 0; i < n; i++) {
		bool dash = str_eq(str_of(files[i]), STR("-"));
		FILE *f = dash ? stdin : fopen(files[i], "r");
		if (!f)
			return cli_fail(EX_NOINPUT, "%s: %s", files[i], strerror(errno));
		int status = replay_stream(r, f, dash ? "standard input" : files[i]);
		if (!dash)
			fclose(f);
		if (status != EX_OK)
			return status;
	}
	return EX_OK;
}

struct config *
replay_load(const char *path)
{
	struct config *c = settings_load(path);

	if (!c)
		return NULL;
	/* Each record stands for itself: no state of a daemon may leak from one to the next. */
	c->generation.watch_nat = c->generation.watch_findings = false;
	/* Nor is anything known of earlier tries: what waiting may put right counts in full. */
	c->generation.policy.first_defers = false;
	return c;
}

static int
finish(const struct replay *r, int status)
{
	if (r->progress)
		fprintf(stderr, "\r\033[K");
	if (r->diff)
		fprintf(stderr,
			"%lu records, %lu decisions change, %lu of them from accepted to refused "
			"or "
			"deferred\n",
			r->records, r->changed, r->newly_refused);
	if (status != EX_OK)
		return status;
	if (r->bad)
		return EX_DATAERR;
	return r->newly_refused ? 1 : EX_OK;
}

static int
replay(struct replay *r, const char *config, const char *against, int n, char **files)
{
	struct gate_options o = {.decided = decided, .alarm = no_alarm, .ctx = r};
	int status = EX_CONFIG;

	r->config = replay_load(config);
	r->against = replay_load(against);
	if (r->config && r->against) {
		r->gate = gate_new(&o, config_generation(r->config));
		r->gate_against = gate_new(&o, config_generation(r->against));
		status = finish(r, replay_files(r, n, files));
		gate_free(r->gate);
		gate_free(r->gate_against);
	}
	config_free(r->config);
	config_free(r->against);
	return status == EX_CONFIG ? status : cli_finish(status);
}

enum { OPT_DIFF = 256, OPT_AGAINST, OPT_TEXT, OPT_JSON, OPT_SAMPLES, OPT_FILE };

static const struct option options[] = {CASE_QUERY_OPTIONS,
	{"config", required_argument, NULL, 'c'}, {"diff", no_argument, NULL, OPT_DIFF},
	{"against", required_argument, NULL, OPT_AGAINST}, {"text", no_argument, NULL, OPT_TEXT},
	{"json", no_argument, NULL, OPT_JSON}, {"samples", required_argument, NULL, OPT_SAMPLES},
	{"file", required_argument, NULL, OPT_FILE}, {"help", no_argument, NULL, 'h'}, {0}};

struct replay_options {
	struct replay_cases_options cases;
	bool of_cases;
	bool help;
};

/* EX_OK, or an exit status. */
static int
read_options(int argc, char **argv, struct replay_options *o)
{
	struct replay_cases_options *of = &o->cases;
	uint64_t n;

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		if (case_query_option(&of->query, c, optarg)) {
			o->of_cases = true;
			continue;
		}
		switch (c) {
		case 'c':
			of->settings = optarg;
			break;
		case OPT_DIFF:
			of->diff = true;
			break;
		case OPT_AGAINST:
			of->against = optarg;
			break;
		case OPT_TEXT:
			of->style.json = false;
			of->style.colour = report_wants_colour(stdout);
			break;
		case OPT_JSON:
			of->style.json = of->json = true;
			break;
		case OPT_SAMPLES:
			if (!str_to_u64(str_of(optarg), 1000, &n))
				return cli_usage("replay", "--samples %s: 0 to 1000", optarg);
			of->samples = (unsigned)n;
			break;
		case OPT_FILE:
			of->file = optarg;
			o->of_cases = true;
			break;
		case 'h':
			o->help = true;
			return EX_OK;
		default:
			return cli_usage("replay", "wrong option");
		}
	}
	if (of->against && !of->diff)
		return cli_usage("replay", "--against goes with --diff");
	if (o->of_cases && optind < argc)
		return cli_usage("replay", "either files or the cases of the store, not both");
	return EX_OK;
}

int
cli_replay(int argc, char **argv)
{
	struct replay_options o = {.cases = {.samples = 3, .style = {.json = true, .facts = true}}};
	int status = read_options(argc, argv, &o);

	if (status != EX_OK)
		return status;
	if (o.help) {
		fputs(help, stdout);
		return cli_finish(EX_OK);
	}
	if (o.of_cases)
		return cli_replay_cases(&o.cases);
	struct replay r = {.style = o.cases.style,
		.diff = o.cases.diff,
		.progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
	return replay(&r, o.cases.settings, o.cases.against, argc - optind, argv + optind);
}
