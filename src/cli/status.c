/*
 * cli/status: ask a running daemon how it is, and show the answer.
 *
 * The answer is somebody else's word: it is checked to be one line of printable ASCII and one JSON
 * object, a member that is missing counts as 0 or as an empty text, and text is escaped on its way
 * to the terminal.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "net/dial.h"
#include "wire/control.h"

#define WAIT_MS 5000

static const char help[] =
	"Usage: mxward status [-c FILE] [--socket PATH] [--json]\n"
	"Ask a running daemon how it is: decisions, findings, DNS, lists, store, alarms.\n"
	"\n"
	"  -c, --config FILE   settings whose [listen] control is asked; without it\n"
	"                      " CONFIG_FILE " if there is one, else the defaults\n"
	"  --socket PATH       ask there; no settings are read\n"
	"  --json              the daemon's own answer, one JSON object on one line\n"
	"  -h, --help          this text\n"
	"\n"
	"With several workers any one of them answers, and each counts for itself.\n"
	"\n"
	"Exit status: 0, 69 when no daemon answers, 77 when it may not be asked,\n"
	"otherwise as sysexits.h.\n";

/* --- reading --- */

static uint64_t
number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static struct str
text(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? str_from(json_string_value(v), json_string_length(v)) : STR("");
}

/* --- showing --- */

static void
show_daemon(const struct page *p, const json_t *o)
{
	struct str settings = text(o, "settings");
	uint64_t workers = number(o, "workers");

	fputs("mxward    ", p->out);
	page_put(p, NULL, text(o, "version"));
	fprintf(p->out, ", pid %" PRIu64, number(o, "pid"));
	if (workers)
		fprintf(p->out, ", worker %" PRIu64 " of %" PRIu64, number(o, "worker"), workers);
	fputs(workers > 1 ? " (each counts for itself)\nstarted   " : "\nstarted   ", p->out);
	page_put(p, NULL, text(o, "started"));
	fputs(", ", p->out);
	page_put_duration(p, number(o, "uptime_s"));
	fputs(" ago\nsettings  ", p->out);
	page_put(p, NULL, settings.n ? settings : STR("the defaults"));
	fprintf(p->out, ", generation %" PRIu64 "\n", number(o, "generation"));
}

/* always: also where there are none. */
static void
show_verdicts(const struct page *p, json_t *decisions, const char *start, bool always)
{
	uint64_t sum = 0;
	const char *name, *sep = ": ";
	json_t *value;

	json_object_foreach(decisions, name, value)
	{
		sum += number(decisions, name);
	}
	if (!sum && !always)
		return;
	fprintf(p->out, "%s%" PRIu64, start, sum);
	json_object_foreach(decisions, name, value)
	{
		fputs(sep, p->out);
		page_put(p, NULL, str_of(name));
		fprintf(p->out, " %" PRIu64, number(decisions, name));
		sep = ", ";
	}
	fputc('\n', p->out);
}

static void
show_rules(const struct page *p, const json_t *o)
{
	const json_t *rules = json_object_get(o, "rules");

	if (number(rules, "exempted") || number(rules, "switched"))
		fprintf(p->out,
			"rules     exempted %" PRIu64 ", by switches of their mailbox %" PRIu64
			"\n",
			number(rules, "exempted"), number(rules, "switched"));
}

struct count {
	const char *name;
	uint64_t n;
};

static int
most_first(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->name, y->name);
}

static void
show_findings(const struct page *p, const json_t *o)
{
	json_t *findings = json_object_get(o, "findings"), *value;
	struct count *all = heap_calloc(json_object_size(findings) + 1, sizeof(*all));
	const char *name;
	size_t n = 0;

	json_object_foreach(findings, name, value)
	{
		all[n++] = (struct count){name, number(findings, name)};
	}
	qsort(all, n, sizeof(*all), most_first);
	for (size_t i = 0; i < n; i++) {
		fprintf(p->out, "%-10s%6" PRIu64 "  ", i ? "" : "findings", all[i].n);
		page_put(p, NULL, str_of(all[i].name));
		fputc('\n', p->out);
	}
	heap_free(all);
}

static void
show_dns(const struct page *p, const json_t *o)
{
	const json_t *dns = json_object_get(o, "dns"), *cache = json_object_get(o, "cache");
	const json_t *servers = json_object_get(dns, "servers"), *server;
	uint64_t hits = number(cache, "hits"), all = hits + number(cache, "misses");
	size_t i;

	fprintf(p->out,
		"dns       asked %" PRIu64 ": answered %" PRIu64 ", failed %" PRIu64
		", in flight %" PRIu64 ", waiting %" PRIu64 "; tries unanswered %" PRIu64 "\n",
		number(dns, "asked"), number(dns, "answered"), number(dns, "failed"),
		number(dns, "in_flight"), number(dns, "waiting"), number(dns, "timeouts"));
	json_array_foreach(servers, i, server)
	{
		struct str state = text(server, "state");
		fputs("          ", p->out);
		page_put(p, NULL, text(server, "address"));
		fputc(' ', p->out);
		page_put(p, str_eq(state, STR("healthy")) ? "1;32" : "1;31", state);
		fputc('\n', p->out);
	}
	fprintf(p->out, "cache     answers %" PRIu64 ", ", number(cache, "entries"));
	page_put_size(p, number(cache, "bytes"));
	fprintf(p->out, "; hits %" PRIu64 " of %" PRIu64 " (%.1f %%), evicted %" PRIu64 "\n", hits,
		all, all ? 100 * (double)hits / (double)all : 0, number(cache, "evicted"));
}

static void
show_health(const struct page *p, const json_t *o)
{
	const json_t *health = json_object_get(o, "health"), *one;
	const json_t *suspended = json_object_get(health, "suspended");
	bool lost = json_is_true(json_object_get(health, "client_address_lost"));
	size_t i;

	fputs("health    ", p->out);
	if (lost) {
		page_put(p, "1;31", STR("client addresses are lost"));
		fputs(": nearly all clients are ", p->out);
		page_put(p, NULL, text(health, "lost_behind"));
		fputs(", which is accepted\n", p->out);
	}
	json_array_foreach(suspended, i, one)
	{
		fputs(lost || i ? "          " : "", p->out);
		page_put(p, "1;31", text(one, "finding"));
		fputs(" is suspended for another ", p->out);
		page_put_duration(p, number(one, "seconds_left"));
		fputs(": it suddenly refused most clients\n", p->out);
	}
	if (!lost && !json_array_size(suspended)) {
		page_put(p, "1;32", STR("no alarm"));
		fputc('\n', p->out);
	}
}

/* "zen.example fine, tested 3 min ago", "bl.example silent for 20 s: does not answer". */
static void
show_lists(const struct page *p, const json_t *o)
{
	const json_t *list;
	size_t i;

	json_array_foreach(json_object_get(o, "lists"), i, list)
	{
		struct str state = text(list, "state"), why = text(list, "text");
		fputs(i ? "          " : "lists     ", p->out);
		page_put(p, NULL, text(list, "list"));
		fputc(' ', p->out);
		page_put(p, str_eq(state, STR("fine")) ? "1;32" : "1;31", state);
		if (number(list, "suspended_s")) {
			fputs(" for ", p->out);
			page_put_duration(p, number(list, "suspended_s"));
		}
		if (json_object_get(list, "tested_s")) {
			fputs(", tested ", p->out);
			page_put_duration(p, number(list, "tested_s"));
			fputs(" ago", p->out);
		}
		if (why.n) {
			fputs(": ", p->out);
			page_put(p, NULL, why);
		}
		fputc('\n', p->out);
	}
}

static void
show_keeper(const struct page *p, const json_t *k)
{
	fprintf(p->out,
		"          process %" PRIu64 ": written %" PRIu64 ", waiting %" PRIu64
		", dropped %" PRIu64 ", forgotten %" PRIu64 "; writes failed %" PRIu64
		", records damaged %" PRIu64 ", files put aside %" PRIu64 "\n",
		number(k, "pid"), number(k, "written"), number(k, "waiting"), number(k, "dropped"),
		number(k, "forgotten"), number(k, "writes_failed"), number(k, "damaged"),
		number(k, "put_aside"));
}

static void
show_store(const struct page *p, const json_t *o)
{
	const json_t *s = json_object_get(o, "store"), *keeper = json_object_get(s, "keeper");
	bool usable = json_is_true(json_object_get(s, "usable"));

	if (!json_is_object(s))
		return;
	fputs("store     ", p->out);
	page_put(p, NULL, text(s, "where"));
	fputs(": ", p->out);
	page_put(p, usable ? "1;32" : "1;31",
		usable				 ? STR("fine")
			: json_is_object(keeper) ? STR("cannot be used, see the log")
						 : STR("its process is away"));
	if (json_is_object(keeper)) {
		fputs(", ", p->out);
		page_put_size(p, number(keeper, "bytes"));
	}
	fprintf(p->out, "; exemptions %" PRIu64 ", mailboxes %" PRIu64 "\n", number(s, "exempt"),
		number(s, "mailbox"));
	fprintf(p->out,
		"          changes %" PRIu64 ": waiting %" PRIu64 ", dropped %" PRIu64
		", lost %" PRIu64 "; asked %" PRIu64 ", failed %" PRIu64 "\n",
		number(s, "changes"), number(s, "waiting"), number(s, "dropped"), number(s, "lost"),
		number(s, "asked"), number(s, "failed"));
	if (json_is_object(keeper))
		show_keeper(p, keeper);
}

static void
show(const struct page *p, const json_t *o)
{
	show_daemon(p, o);
	show_verdicts(p, json_object_get(o, "decisions"), "decisions ", true);
	show_verdicts(p, json_object_get(o, "messages"), "messages  ", false);
	show_rules(p, o);
	show_findings(p, o);
	fprintf(p->out, "open      messages %" PRIu64 ", connections %" PRIu64 "\n",
		number(o, "visits"), number(o, "streams"));
	show_dns(p, o);
	show_lists(p, o);
	show_store(p, o);
	show_health(p, o);
	fprintf(p->out, "log       lines lost %" PRIu64 "\n", number(o, "log_dropped"));
}

/* --- asking --- */

static int
no_answer(enum dial_end end, const char *path)
{
	switch (end) {
	case DIAL_NOBODY:
		return cli_fail(EX_UNAVAILABLE,
			"no daemon answers at %s: %s; is it running, with this [listen] control?",
			path, strerror(errno));
	case DIAL_DENIED:
		return cli_fail(EX_NOPERM,
			"may not ask at %s: %s; root and the daemon's user may, as a rule", path,
			strerror(errno));
	case DIAL_TIMEOUT:
		return cli_fail(EX_UNAVAILABLE, "the daemon at %s did not answer within %d s", path,
			WAIT_MS / 1000);
	case DIAL_CLOSED:
		return cli_fail(EX_UNAVAILABLE, "the daemon at %s closed without an answer", path);
	case DIAL_TOO_MUCH:
	case DIAL_ANSWER:
		break;
	}
	return cli_fail(EX_PROTOCOL, "what answers at %s is no mxward", path);
}

static int
show_answer(const char *path, struct str line, bool as_json)
{
	const struct page page = {stdout, report_wants_colour(stdout)};
	json_t *o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	struct str error = text(o, "error");
	int status = EX_OK;

	if (!json_is_object(o)) {
		status = no_answer(DIAL_ANSWER, path);
	} else if (error.n) {
		char room[512];
		struct buf b = BUF(room);
		buf_put_escaped(&b, error, 200);
		status = cli_fail(
			EX_UNAVAILABLE, "the daemon at %s says: %.*s", path, STR_ARG(buf_str(&b)));
	} else if (as_json) {
		printf("%.*s\n", STR_ARG(line));
	} else {
		show(&page, o);
	}
	json_decref(o);
	return status == EX_OK ? cli_finish(EX_OK) : status;
}

static int
ask(const char *path, bool as_json)
{
	static char room[CONTROL_ANSWER_MAX];
	char request_room[CONTROL_REQUEST_MAX];
	struct buf answer = BUF(room), request = BUF(request_room);
	struct str line;

	control_put_request(&request, CONTROL_STATUS);
	enum dial_end end = dial_ask(path, buf_str(&request), WAIT_MS, &answer);
	if (end != DIAL_ANSWER || !control_answer(buf_str(&answer), &line))
		return no_answer(end, path);
	return show_answer(path, line, as_json);
}

static int
ask_by_settings(const char *settings, bool as_json)
{
	settings = settings_path(settings);
	if (settings && access(settings, R_OK) != 0 && errno == EACCES)
		return cli_fail(
			EX_NOPERM, "may not read %s; --socket PATH does without it", settings);
	struct config *config = settings_load(settings);
	if (!config)
		return cli_fail(EX_CONFIG, "the settings have errors; --socket PATH does without");
	struct str at = config->listen.control;
	int status = at.n
		? ask(arena_z(&config->arena, str_skip(at, strlen("unix:"))), as_json)
		: cli_fail(EX_UNAVAILABLE, "[listen] control is empty: nobody can be asked");
	config_free(config);
	return status;
}

enum { OPT_SOCKET = 256, OPT_JSON };

int
cli_status(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, OPT_SOCKET},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *settings = NULL, *path = NULL;
	bool as_json = false;

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			settings = optarg;
			break;
		case OPT_SOCKET:
			path = optarg;
			break;
		case OPT_JSON:
			as_json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("status", "wrong option");
		}
	}
	if (optind < argc)
		return cli_usage("status", "unexpected \"%s\"", argv[optind]);
	if (!path)
		return ask_by_settings(settings, as_json);
	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	return ask(path, as_json);
}
