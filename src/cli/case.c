/*
 * cli/case: explain a decision by its case id.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/case_find.h"
#include "cli/case_show.h"
#include "cli/cli.h"

static const char help[] =
	"Usage: mxward case [options] ID\n"
	"Explain a decision by the case id that stands in the reply and in the log.\n"
	"ID may be written in upper or lower case, with or without hyphens.\n"
	"\n"
	"  --for-sender        in words for the sender, ready to be mailed\n"
	"  --json              one JSON object for each recipient, as of \"mxward check --json\"\n"
	"  --record            the case as it is kept, a line for \"mxward replay\"\n"
	"  -c, --config FILE   settings that name the store; without it\n"
	"                      " CONFIG_FILE " if there is one\n"
	"  --file PATH         the store itself, or a copy\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0; 1 when there is no such case; 64 and above for other errors\n"
	"(sysexits.h).\n";

enum form { FORM_PAGE, FORM_SENDER, FORM_JSON, FORM_RECORD };

struct options {
	const char *settings, *file;
	enum form form;
	char id[CASE_ID_SIZE];
};

struct shown {
	const struct options *o;
	const struct config *config;
	int status;
};

static void
show(void *ctx, const struct store_record *r)
{
	struct shown *s = ctx;
	const struct page page = {stdout, report_wants_colour(stdout)};
	struct arena a;
	struct stored_case c;
	struct errbuf e = {0};

	if (s->o->form == FORM_RECORD) {
		fwrite(r->value.p, 1, r->value.n, stdout);
		putchar('\n');
		return;
	}
	arena_init(&a, 16 << 10, (size_t)64 << 20);
	if (!case_read(&a, r->value, &c, &e)) {
		s->status = cli_fail(EX_DATAERR, "case %s cannot be read: %s", s->o->id, e.text);
		arena_done(&a);
		return;
	}
	c.reported = r->number[0] > 0 ? 1 : r->number[0] < 0 ? -1 : 0;
	if (s->o->form == FORM_SENDER)
		case_show_sender(&page, &c, s->config->policy.show_score);
	else if (s->o->form == FORM_JSON)
		case_show_json(stdout, &c);
	else
		case_show(&page, &c);
	case_done(&c);
	arena_done(&a);
}

static int
run(const struct options *o)
{
	struct opened opened;
	int status = cli_need_store(o->settings, o->file, OPENED_READ, &opened);

	if (status != -1)
		return status;
	struct shown s = {o, opened.config, EX_OK};
	status = case_find(&opened, o->id, 1, show, &s);
	cli_close_store(&opened);
	if (status == EX_OK)
		status = s.status;
	return status == EX_OK ? cli_finish(EX_OK) : status;
}

enum { OPT_SENDER = 256, OPT_JSON, OPT_RECORD, OPT_FILE };

int
cli_case(int argc, char **argv)
{
	static const struct option options[] = {{"for-sender", no_argument, NULL, OPT_SENDER},
		{"json", no_argument, NULL, OPT_JSON}, {"record", no_argument, NULL, OPT_RECORD},
		{"config", required_argument, NULL, 'c'},
		{"file", required_argument, NULL, OPT_FILE}, {"help", no_argument, NULL, 'h'}, {0}};
	struct options o = {.form = FORM_PAGE};
	unsigned forms = 0;

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_SENDER:
		case OPT_JSON:
		case OPT_RECORD:
			o.form = (enum form)(FORM_SENDER + (c - OPT_SENDER));
			forms++;
			break;
		case OPT_FILE:
			o.file = optarg;
			break;
		case 'c':
			o.settings = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("case", "wrong option");
		}
	}
	if (forms > 1)
		return cli_usage("case", "--for-sender, --json, --record: only one of them");
	if (optind + 1 != argc)
		return cli_usage("case", optind == argc ? "which case?" : "one case at a time");
	if (!case_id_parse(str_of(argv[optind]), o.id))
		return cli_usage(
			"case", "\"%s\" is no case id, such as 7Q2K-M8RT-9FBC", argv[optind]);
	return run(&o);
}
