/*
 * cli/cases: search the decisions that are kept.
 *
 * The daemon may be writing meanwhile.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/case_query.h"
#include "cli/case_show.h"
#include "cli/cli.h"

#define MAX_DEFAULT 100

static const char help[] =
	"Usage: mxward cases [options]\n"
	"List decisions that are kept, newest first: one line for each message, with the\n"
	"verdict of the recipient that fared worst.  All conditions must be met.\n"
	"\n" CASE_QUERY_HELP "  --max N             at most so many; 0: all (default: 100)\n"
	"  --count             only how many there are\n"
	"  --json              one JSON object a line\n"
	"  -c, --config FILE   settings that name the store; without it\n"
	"                      " CONFIG_FILE " if there is one\n"
	"  --file PATH         the store itself, or a copy\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0, also when there is none; 64 and above for errors (sysexits.h).\n";

struct search {
	struct case_query query;
	const char *settings, *file;
	uint64_t max;
	bool json, count;
	struct page page;
	size_t width; /* of the terminal; 0: nothing is cut */
	uint64_t found, unreadable;
};

/* --- a line for people --- */

static void
put_sender(struct buf *b, const struct stored_case *c)
{
	const struct record *r = &c->record;

	if (!r->has_from)
		buf_puts(b, "-");
	else if (!r->from.n)
		buf_puts(b, "<>");
	else
		buf_put_escaped(b, r->from, 128);
}

static void
put_rcpts(struct buf *b, const struct stored_case *c, const struct case_rcpt *worst)
{
	if (!worst || !worst->rcpt.n)
		return;
	buf_puts(b, " > ");
	buf_put_escaped(b, worst->rcpt, 128);
	if (c->n_rcpts > 1)
		buf_printf(b, " +%zu", c->n_rcpts - 1);
}

/* "2026-01-31 12:30  7Q2K-M8RT-9FBC  reject  192.0.2.1        rdns_none   a@x.example >
 * b@y.example"
 */
static void
show_line(const struct search *s, const struct stored_case *c)
{
	const struct case_rcpt *worst = case_worst(c);
	char room[2048], ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX], id_room[80], main_room[80];
	struct buf b = BUF(room), id = BUF(id_room), main = BUF(main_room);
	struct str time = str_of(clock_text(c->record.time, when));

	buf_put_escaped(&id, c->record.id, 19);
	if (worst && worst->main)
		buf_put_escaped(&main, worst->main->id, 19);
	else
		buf_putc(&main, '-');
	buf_printf(&b, "%.*s %.*s %-14.*s %-6s %-15s %-16.*s ", STR_ARG(str_slice(time, 0, 10)),
		STR_ARG(str_slice(time, 11, 16)), STR_ARG(buf_str(&id)),
		worst ? verdict_name(worst->kind) : "-", ip_text(&c->record.client, ip),
		STR_ARG(buf_str(&main)));
	put_sender(&b, c);
	put_rcpts(&b, c, worst);
	struct str line = buf_str(&b);
	if (s->width && line.n > s->width)
		line = str_slice(line, 0, s->width);
	fprintf(s->page.out, "%.*s\n", STR_ARG(line));
}

/* --- a line for programs --- */

static void
show_json(const struct search *s, const struct stored_case *c, const struct store_record *r)
{
	json_t *o = json_object(), *rcpts = json_array(), *findings = json_array();
	const struct case_rcpt *worst = case_worst(c);
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < c->n_rcpts; i++) {
		json_t *rcpt = json_object();
		json_object_set_new(rcpt, "rcpt", report_str(c->rcpt[i].rcpt));
		json_object_set_new(rcpt, "verdict", json_string(verdict_name(c->rcpt[i].kind)));
		json_object_set_new(rcpt, "score", report_points(c->rcpt[i].score));
		json_array_append_new(rcpts, rcpt);
	}
	for (size_t i = 0; i < c->n_findings; i++)
		json_array_append_new(findings, report_str(c->finding[i].id));
	json_object_set_new(o, "id", report_str(c->record.id));
	json_object_set_new(o, "time", json_integer(c->record.time));
	json_object_set_new(o, "when", json_string(clock_text(c->record.time, when)));
	json_object_set_new(
		o, "verdict", worst ? json_string(verdict_name(worst->kind)) : json_null());
	json_object_set_new(
		o, "main", worst && worst->main ? report_str(worst->main->id) : json_null());
	json_object_set_new(o, "client", json_string(ip_text(&c->record.client, ip)));
	if (c->record.has_helo)
		json_object_set_new(o, "helo", report_str(c->record.helo));
	if (c->record.has_from)
		json_object_set_new(o, "from", report_str(c->record.from));
	if (c->queue_id.n)
		json_object_set_new(o, "queue", report_str(c->queue_id));
	json_object_set_new(o, "recipients", rcpts);
	json_object_set_new(o, "findings", findings);
	json_object_set_new(o, "age_s", json_integer((json_int_t)r->age_s));
	json_dumpf(o, s->page.out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', s->page.out);
	json_decref(o);
}

/* --- the search --- */

static bool
show(void *ctx, const struct store_record *r)
{
	struct search *s = ctx;
	struct arena a;
	struct stored_case c;
	struct errbuf e = {0};

	if (s->count) {
		s->found++;
		return true;
	}
	if (s->max && s->found == s->max) {
		fprintf(stderr, "mxward: there are more; --max N shows N of them\n");
		return false;
	}
	s->found++;
	arena_init(&a, 16 << 10, (size_t)64 << 20);
	if (case_read(&a, r->value, &c, &e)) {
		if (s->json)
			show_json(s, &c, r);
		else
			show_line(s, &c);
		case_done(&c);
	} else {
		s->unreadable++;
	}
	arena_done(&a);
	return !ferror(s->page.out);
}

static int
search(struct search *s)
{
	struct opened opened;
	struct store_query query;
	struct arena a;
	int status = cli_need_store(s->settings, s->file, OPENED_READ, &opened);

	if (status != -1)
		return status;
	arena_init(&a, 1024, 65536);
	status = case_query_make("cases", &s->query, opened.config, &a, &query);
	if (status == EX_OK) {
		enum store_status found = store_find(opened.store, &query, show, s);
		if (found != STORE_OK)
			status = cli_store_failed(opened.store, found);
	}
	if (status == EX_OK && s->count)
		fprintf(s->page.out, "%" PRIu64 "\n", s->found);
	if (s->unreadable)
		fprintf(stderr, "mxward: %" PRIu64 " of these cannot be read\n", s->unreadable);
	arena_done(&a);
	cli_close_store(&opened);
	return status == EX_OK ? cli_finish(EX_OK) : status;
}

static size_t
terminal_width(void)
{
	struct winsize w = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
		return 0;
	return w.ws_col;
}

enum { OPT_MAX = 256, OPT_COUNT, OPT_JSON, OPT_FILE };

int
cli_cases(int argc, char **argv)
{
	static const struct option options[] = {CASE_QUERY_OPTIONS,
		{"max", required_argument, NULL, OPT_MAX}, {"count", no_argument, NULL, OPT_COUNT},
		{"json", no_argument, NULL, OPT_JSON}, {"config", required_argument, NULL, 'c'},
		{"file", required_argument, NULL, OPT_FILE}, {"help", no_argument, NULL, 'h'}, {0}};
	struct search s = {.max = MAX_DEFAULT, .page = {stdout, false}};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		if (case_query_option(&s.query, c, optarg))
			continue;
		switch (c) {
		case OPT_MAX:
			if (!str_to_u64(str_of(optarg), INT64_MAX, &s.max))
				return cli_usage("cases", "--max %s is no number", optarg);
			break;
		case OPT_COUNT:
			s.count = true;
			break;
		case OPT_JSON:
			s.json = true;
			break;
		case OPT_FILE:
			s.file = optarg;
			break;
		case 'c':
			s.settings = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("cases", "wrong option");
		}
	}
	if (optind < argc)
		return cli_usage("cases", "unexpected \"%s\"", argv[optind]);
	if (s.count && s.json)
		return cli_usage("cases", "--count or --json, not both");
	s.width = terminal_width();
	return search(&s);
}
