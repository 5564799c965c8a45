/*
 * cli/report_case: tell that a message was spam, or wanted after all.
 *
 * What is learnt of it is daemon/memory_history's; here it is seen to that a case counts once. What
 * it was reported as stands in its first counter: 1 spam, -1 ham.
 */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/json_in.h"
#include "cli/case_find.h"
#include "cli/cli.h"
#include "daemon/memory_history.h"

static const char help[] =
	"Usage: mxward report [options] CASE --spam | --ham | --undo\n"
	"Tell that the message of this case was spam, or that it was wanted.  Its client, and its\n"
	"sender where the client may speak for him, are judged by that from now on.\n"
	"A case counts once: another report of it takes the place of the first.\n"
	"\n"
	"  --spam              it was spam\n"
	"  --ham               it was wanted\n"
	"  --undo              take back what was reported\n"
	"  -c, --config FILE   settings that name the store; without it\n"
	"                      " CONFIG_FILE " if there is one\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0; 1 when there is no such case; 64 and above for other errors\n"
	"(sysexits.h).\n";

enum { REPORTED_HAM = -1, REPORTED_NOTHING = 0, REPORTED_SPAM = 1 };

struct report {
	char id[CASE_ID_SIZE];
	int as; /* what it is reported as */
	/* what the store has of it */
	bool readable;
	int before;
	struct history_message message;
	struct arena arena;
};

static const char *
name_of(int as)
{
	return as == REPORTED_SPAM ? "spam" : as == REPORTED_HAM ? "wanted" : "neither";
}

static void
take(void *ctx, const struct store_record *s)
{
	struct report *r = ctx;
	struct record record;
	struct errbuf e = {0};

	r->before = s->number[0] > 0 ? REPORTED_SPAM
		: s->number[0] < 0   ? REPORTED_HAM
				     : REPORTED_NOTHING;
	r->readable = record_parse(&r->arena, s->value, &record, &e);
	if (!r->readable)
		return;
	const struct json_in *confirmed = json_in_get(record.json, "confirmed");
	r->message = (struct history_message){.client = record.client,
		.sender = record.has_from ? record.from : (struct str){NULL, 0},
		.sender_confirmed = confirmed && confirmed->kind == JSON_IN_BOOL && confirmed->yes};
	record_done(&record);
}

static int
write_report(const struct report *r, const struct opened *opened)
{
	const struct history_settings *settings =
		history_settings_of(config_generation(opened->config));
	struct history_ops back = {.n = 0}, now = {.n = 0};
	struct store_op op[2 * HISTORY_OPS_MAX + 1];
	size_t n = 0;

	if (r->before != REPORTED_NOTHING)
		history_report(&r->message, r->before == REPORTED_SPAM ? HISTORY_SPAM : HISTORY_HAM,
			true, settings, &back);
	if (r->as != REPORTED_NOTHING)
		history_report(&r->message, r->as == REPORTED_SPAM ? HISTORY_SPAM : HISTORY_HAM,
			false, settings, &now);
	for (size_t i = 0; i < back.n; i++)
		op[n++] = back.op[i];
	for (size_t i = 0; i < now.n; i++)
		op[n++] = now.op[i];
	op[n++] = (struct store_op){.op = STORE_ADD,
		.table = STORE_CASE,
		.key = str_of(r->id),
		.add = {r->as - r->before}};
	int status = cli_store_write(opened->store, op, n);
	if (status != EX_OK)
		return status;
	printf("case %s: %s, %s before\n", r->id, name_of(r->as), name_of(r->before));
	return cli_finish(EX_OK);
}

static int
report(struct report *r, struct opened *opened)
{
	int status = case_find(opened, r->id, 1, take, r);

	if (status != EX_OK)
		return status;
	if (!r->readable)
		return cli_fail(EX_DATAERR, "case %s cannot be read", r->id);
	if (r->as != r->before)
		return write_report(r, opened);
	printf("case %s: %s, as before\n", r->id, name_of(r->as));
	return cli_finish(EX_OK);
}

enum { OPT_SPAM = 256, OPT_HAM, OPT_UNDO };

int
cli_report(int argc, char **argv)
{
	static const struct option options[] = {{"spam", no_argument, NULL, OPT_SPAM},
		{"ham", no_argument, NULL, OPT_HAM}, {"undo", no_argument, NULL, OPT_UNDO},
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct report r = {.as = REPORTED_NOTHING};
	const char *settings = NULL;
	unsigned told = 0;

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_SPAM:
		case OPT_HAM:
		case OPT_UNDO:
			r.as = c == OPT_SPAM   ? REPORTED_SPAM
				: c == OPT_HAM ? REPORTED_HAM
					       : REPORTED_NOTHING;
			told++;
			break;
		case 'c':
			settings = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("report", "wrong option");
		}
	}
	if (told != 1)
		return cli_usage("report", "one of --spam, --ham, --undo is needed");
	if (optind + 1 != argc)
		return cli_usage("report", optind == argc ? "which case?" : "one case at a time");
	if (!case_id_parse(str_of(argv[optind]), r.id))
		return cli_usage(
			"report", "\"%s\" is no case id, such as 7Q2K-M8RT-9FBC", argv[optind]);
	struct opened opened;
	int status = cli_need_store(settings, NULL, OPENED_WRITE, &opened);
	if (status != -1)
		return status;
	arena_init(&r.arena, 16 << 10, (size_t)64 << 20);
	status = report(&r, &opened);
	arena_done(&r.arena);
	cli_close_store(&opened);
	return status;
}
