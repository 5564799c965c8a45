/*
 * cli/store: check, copy and measure the store, a file or in Redis.
 *
 * It is opened for reading only, and may be in use: nothing is changed or repaired.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "daemon/config_store.h"

#define BUSY_MS 5000 /* nobody waits for us */

static const char help[] =
	"Usage: mxward store check [-c FILE] [--file PATH]\n"
	"       mxward store backup [-c FILE] [--file PATH] COPY\n"
	"       mxward store stats [-c FILE] [--file PATH] [--json]\n"
	"Look after the store.  The daemon may be running; it is not disturbed.\n"
	"\n"
	"  check               read everything and say what is damaged\n"
	"  backup COPY         copy the store as of now to COPY, which must not exist;\n"
	"                      not for Redis, which makes copies itself\n"
	"  stats               records and bytes of each table\n"
	"\n"
	"  -c, --config FILE   settings whose [store] is meant; without it\n"
	"                      " CONFIG_FILE " if there is one\n"
	"  --file PATH         the store itself, or a copy; no settings are read\n"
	"  --json              stats: one JSON object on one line\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0, 65 when something is damaged or the file is no store, 66 when\n"
	"there is no such file, 69 when Redis cannot be used, 73 when COPY cannot be\n"
	"made, 75 when the store is busy, 77 when it may not be read, otherwise as\n"
	"sysexits.h.\n";

struct options {
	const char *what, *settings, *copy;
	const struct verb *verb;
	const char *at; /* where the store is */
	const char *file;
	bool redis;
	bool json;
};

/* --- what is done --- */

static int
not_ok(const struct store *s, enum store_status status, const struct options *o, const char *doing)
{
	if (status == STORE_BUSY)
		return cli_fail(EX_TEMPFAIL, "cannot %s %s: it is busy", doing, o->at);
	if (o->redis)
		return cli_fail(EX_UNAVAILABLE, "cannot %s the store: %s", doing, store_why(s));
	return cli_fail(EX_DATAERR, "cannot %s %s: it is damaged; \"mxward store check\" says more",
		doing, o->at);
}

static void
on_fault(void *ctx, const char *text)
{
	fprintf(stderr, "mxward: %s: %s\n", (const char *)ctx, text);
}

static int
check(struct store *s, const struct options *o)
{
	uint64_t records;
	char path[4096];

	snprintf(path, sizeof(path), "%s", o->at);
	enum store_status status = store_check(s, on_fault, path, &records);
	if (status == STORE_BUSY)
		return not_ok(s, status, o, "check");
	if (status != STORE_OK)
		return EX_DATAERR; /* the faults have been said */
	printf("%s: %" PRIu64 " record%s, no fault\n", o->at, records, records == 1 ? "" : "s");
	return cli_finish(EX_OK);
}

static int
backup(struct store *s, const struct options *o)
{
	struct errbuf e = {0};

	if (!store_backup(s, o->copy, &e))
		return cli_fail(EX_CANTCREAT, "%s", e.text);
	return cli_finish(EX_OK);
}

static void
show_tables(const struct page *p, const struct store_stats *stats)
{
	for (size_t i = 0; i < STORE_TABLES; i++) {
		const struct store_table_stats *t = &stats->table[i];
		fprintf(p->out, "%-8s %10" PRIu64, store_tables[i].name, t->records);
		if (t->records) {
			fputs(" records, ", p->out);
			page_put_size(p, t->bytes);
			fputs(", changed last ", p->out);
			page_put_duration(p, t->newest_s > 0 ? (uint64_t)t->newest_s : 0);
			fputs(" to ", p->out);
			page_put_duration(p, t->oldest_s > 0 ? (uint64_t)t->oldest_s : 0);
			fputs(" ago", p->out);
		}
		fputc('\n', p->out);
	}
}

static void
show(const struct options *o, const struct store_stats *stats)
{
	const struct page p = {stdout, report_wants_colour(stdout)};

	fputs(o->redis ? "redis    " : "file     ", p.out);
	page_put(&p, NULL, str_of(o->at));
	fputs(o->redis ? ", about " : ", ", p.out);
	page_put_size(&p, stats->size);
	if (!o->redis) {
		fputs(", of which free ", p.out);
		page_put_size(&p, stats->free);
	}
	fputc('\n', p.out);
	show_tables(&p, stats);
	/* Not for the second by which two clocks always differ. */
	if (stats->behind_s > 60 || stats->behind_s < -60) {
		fputs("time     ", p.out);
		page_put_duration(
			&p, (uint64_t)(stats->behind_s < 0 ? -stats->behind_s : stats->behind_s));
		fputs(stats->behind_s < 0 ? " ahead of" : " behind", p.out);
		fputs(" the wall clock, which was set or not there: catching up\n", p.out);
	}
}

static void
show_json(const struct options *opt, const struct store_stats *stats)
{
	json_t *tables = json_object();

	for (size_t i = 0; i < STORE_TABLES; i++) {
		const struct store_table_stats *t = &stats->table[i];
		json_t *one = json_pack("{sI sI}", "records", (json_int_t)t->records, "bytes",
			(json_int_t)t->bytes);
		if (t->records) {
			json_object_set_new(one, "oldest_s", json_integer(t->oldest_s));
			json_object_set_new(one, "newest_s", json_integer(t->newest_s));
		}
		json_object_set_new(tables, store_tables[i].name, one);
	}
	/* A path that is not UTF-8 has no place in JSON. */
	json_t *o = json_pack("{sI sI sI so}", "size", (json_int_t)stats->size, "free",
		(json_int_t)stats->free, "behind_s", (json_int_t)stats->behind_s, "tables", tables);
	json_object_set_new(o, opt->redis ? "redis" : "file", json_string(opt->at));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int
stats(struct store *s, const struct options *o)
{
	struct store_stats all;
	enum store_status status = store_stats(s, &all);

	if (status != STORE_OK)
		return not_ok(s, status, o, "measure");
	if (o->json)
		show_json(o, &all);
	else
		show(o, &all);
	return cli_finish(EX_OK);
}

static const struct verb {
	const char *name;
	int (*run)(struct store *s, const struct options *o);
} verbs[] = {{"check", check}, {"backup", backup}, {"stats", stats}};

/* --- which store --- */

static const struct store_options how = {.read_only = true, .busy_ms = BUSY_MS};

static int
run(struct store *s, const struct options *o)
{
	int status = o->verb->run(s, o);

	store_close(s);
	return status;
}

static int
run_on_file(struct options *o)
{
	struct errbuf e = {0};

	o->at = o->file;
	if (access(o->file, R_OK) != 0)
		return cli_fail(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "cannot read %s: %s",
			o->file, strerror(errno));
	struct store *s = store_open_sqlite(o->file, &how, &e);
	if (!s)
		return cli_fail(access(o->file, W_OK) == 0 ? EX_DATAERR : EX_NOPERM, "%s", e.text);
	return run(s, o);
}

static int
run_on_redis(struct options *o, struct config *c)
{
	struct errbuf e = {0};
	struct store_stats ignored;

	o->redis = true;
	o->at = arena_z(&c->arena, c->store.redis);
	struct store *s = config_open_store(c, &how, &e);
	if (!s)
		return cli_fail(EX_NOINPUT, "%s", e.text);
	/* Which also says whether it is there. */
	enum store_status status = store_stats(s, &ignored);
	if (status == STORE_OK)
		return run(s, o);
	int end = not_ok(s, status, o, "read");
	store_close(s);
	return end;
}

static int
run_by_settings(struct options *o)
{
	struct config *config = settings_load(settings_path(o->settings));

	if (!config)
		return cli_fail(EX_CONFIG, "the settings have errors; --file PATH does without");
	int status;
	if (config->store.redis.n) {
		status = run_on_redis(o, config);
	} else if (config->store.file.n) {
		o->file = arena_z(&config->arena, config->store.file);
		status = run_on_file(o);
	} else {
		status = cli_fail(EX_CONFIG,
			"[store] names neither file nor redis: there is no store; --file PATH "
			"names one");
	}
	config_free(config);
	return status;
}

enum { OPT_FILE = 256, OPT_JSON };

/* -1: to be run; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"file", required_argument, NULL, OPT_FILE}, {"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'}, {0}};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->settings = optarg;
			break;
		case OPT_FILE:
			o->file = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("store", "wrong option");
		}
	}
	if (optind < argc)
		o->what = argv[optind++];
	if (o->what && strcmp(o->what, "backup") == 0 && optind < argc)
		o->copy = argv[optind++];
	if (optind < argc)
		return cli_usage("store", "unexpected \"%s\"", argv[optind]);
	return -1;
}

int
cli_store(int argc, char **argv)
{
	struct options o = {0};
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	o.verb = cli_verb("store", o.what, verbs, COUNT(verbs), sizeof(verbs[0]));
	if (!o.verb)
		return EX_USAGE;
	if (o.verb->run == backup && !o.copy)
		return cli_usage("store", "backup: where to?");
	if (o.json && o.verb->run != stats)
		return cli_usage("store", "--json is for stats");
	return o.file ? run_on_file(&o) : run_by_settings(&o);
}
