/*
 * cli/explain: what a bounce means and who has to do what, for people and scripts.
 *
 * Reads files, standard input, or JSON Lines of many.  What stands in a bounce is shown escaped; it
 * is not executed, fetched or written anywhere.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/lang.h"
#include "lists/known.h"

static const char help[] =
	"Usage: mxward explain [-c FILE] [--live [--resolver WHO]] [--json] [--lang LANG]\n"
	"                      [FILE ...]\n"
	"       mxward explain [-c FILE] --batch < LINES\n"
	"Say what a bounce means, who has to act, and what to do.  Asks nobody without --live.\n"
	"\n"
	"FILE is a bounce as a message, lines of a mail log, or a reply as text; standard input\n"
	"where none is given, or for \"-\".\n"
	"\n"
	"  --live              check by DNS whether it is still so: reverse name, HELO, SPF, list\n"
	"  --resolver WHO      system, none, or ADDRESS[@PORT] ..., instead of [dns] resolver\n"
	"  --json              one JSON object for each FILE on a line of its own\n"
	"  --batch             JSON Lines from standard input, {\"id\":..,\"text\":..} or\n"
	"                      {\"id\":..,\"path\":..}; answers as with --json\n"
	"  --lang LANG         speak in this language (en, de), also with --json; without it, for\n"
	"                      people, as LC_ALL, LC_MESSAGES or LANG say\n"
	"  -c, --config FILE   settings, for [explain] rules and [dns]\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0, also when the answer is \"I don't know\"; 65 when an input has nothing "
	"to\n"
	"read in it (the others are still answered), 66 when a FILE cannot be read, 78 for wrong\n"
	"rules.\n";

/* Of a line of --batch: room for a text of BOUNCE_INPUT_MAX bytes with each of them escaped, and
 * the rest of the object. */
#define BATCH_LINE_MAX (8 * BOUNCE_INPUT_MAX)

/* Everything that one input takes, kept for the next. */
struct explain_run {
	struct explain_options options;
	struct explain_view view;
	struct arena a;
	struct explanation *out;
	char *bytes;
	size_t room;
	int status;
};

static struct str
find_list(void *ctx, struct str name)
{
	const struct known_list *l = known_list_find(name);

	/* Of a name below a list ("x.sorbs.net") that is dead with all below it, the name itself.
	 */
	return !l ? STR("") : l->under ? name : str_of(l->zone);
}

static void
note_failure(struct explain_run *run, int status)
{
	if (run->status == EX_OK)
		run->status = status;
}

/* n bytes of run->bytes. */
static void
explain_input(struct explain_run *run, json_t *id, size_t n)
{
	arena_reset(&run->a);
	if (explain_bytes(&run->a, &run->options, run->bytes, n, run->out)) {
		explain_show(&run->view, &run->a, id, run->out);
		return;
	}
	note_failure(run, EX_DATAERR);
	if (run->view.json)
		explain_show_error(&run->view, id, "there is nothing to read in it");
	else
		cli_fail(EX_DATAERR, "%s: there is nothing to read in it",
			json_is_string(id) ? json_string_value(id) : "the input");
}

static void
need_room(struct explain_run *run, size_t n)
{
	if (n <= run->room)
		return;
	run->room = n < 65536 ? 65536 : n;
	run->bytes = heap_realloc(run->bytes, run->room);
}

/* At most one byte more than is looked at, so that what is longer shows as such. */
static bool
read_stream(struct explain_run *run, FILE *f, size_t *n)
{
	*n = 0;
	while (*n <= BOUNCE_INPUT_MAX) {
		need_room(run, *n + 65536);
		size_t got = fread(run->bytes + *n, 1, 65536, f);
		*n += got;
		if (got == 0)
			return !ferror(f);
		if (run->room < *n + 65536)
			need_room(run, run->room * 2);
	}
	return true;
}

static bool
read_path(struct explain_run *run, const char *path, size_t *n)
{
	errno = 0;
	FILE *f = fopen(path, "rb");
	bool ok = f && read_stream(run, f, n);
	int error = errno;

	if (f)
		fclose(f);
	errno = error;
	return ok;
}

static void
explain_file(struct explain_run *run, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	size_t n = 0;

	if (is_stdin ? !read_stream(run, stdin, &n) : !read_path(run, path, &n)) {
		cli_fail(EX_NOINPUT, "cannot read %s: %s", path, strerror(errno));
		note_failure(run, EX_NOINPUT);
		return;
	}
	json_t *id = json_string(path);
	explain_input(run, id, n);
	json_decref(id);
}

static void
explain_object(struct explain_run *run, json_t *o)
{
	json_t *id = json_object_get(o, "id");
	const json_t *text = json_object_get(o, "text"), *path = json_object_get(o, "path");
	size_t n = 0;

	if (json_is_string(text)) {
		n = json_string_length(text);
		need_room(run, n + 1);
		/* A copy, because reading changes it. */
		struct buf b = buf_on(run->bytes, run->room);
		buf_put(&b, str_from(json_string_value(text), n));
	} else if (!json_is_string(path)) {
		explain_show_error(&run->view, id, "neither text nor path");
		note_failure(run, EX_DATAERR);
		return;
	} else if (!read_path(run, json_string_value(path), &n)) {
		explain_show_error(&run->view, id, "the file cannot be read");
		note_failure(run, EX_NOINPUT);
		return;
	}
	explain_input(run, id, n);
}

/* The next line of standard input, without its end; what it has too much is passed over and shows
 * as cut.  False: there is none. */
static bool
next_line(struct buf *line)
{
	int c;

	line->n = 0;
	line->cut = false;
	while ((c = getc_unlocked(stdin)) != EOF && c != '\n')
		buf_putc(line, (char)c);
	return c != EOF || line->n;
}

static void
explain_line(struct explain_run *run, const struct buf *line, unsigned long number)
{
	if (!str_trim(buf_str(line)).n)
		return;
	json_t *o = buf_is_cut(line) ? NULL : json_loadb(line->p, line->n, JSON_ALLOW_NUL, NULL);
	if (json_is_object(o)) {
		explain_object(run, o);
	} else {
		cli_fail(EX_DATAERR, "line %lu is %s", number,
			buf_is_cut(line) ? "too long" : "no JSON object");
		note_failure(run, EX_DATAERR);
	}
	json_decref(o);
}

static void
explain_lines(struct explain_run *run)
{
	struct buf line = buf_on(heap_alloc(BATCH_LINE_MAX), BATCH_LINE_MAX);

	for (unsigned long number = 1; next_line(&line); number++)
		explain_line(run, &line, number);
	if (ferror(stdin))
		run->status = cli_fail(EX_IOERR, "standard input: %s", strerror(errno));
	heap_free(line.p);
}

static void
run_all(struct explain_run *run, bool batch, int n, char **paths)
{
	static char standard_input[] = "-";

	arena_init(&run->a, 65536, SIZE_MAX);
	run->out = heap_calloc(1, sizeof(*run->out));
	run->options.find_list = find_list;
	if (batch)
		explain_lines(run);
	else if (n == 0)
		explain_file(run, standard_input);
	for (int i = 0; i < n; i++)
		explain_file(run, paths[i]);
	heap_free(run->bytes);
	heap_free(run->out);
	arena_done(&run->a);
}

int
cli_explain(int argc, char **argv)
{
	enum { OPT_BATCH = 256, OPT_JSON, OPT_LANG, OPT_LIVE, OPT_RESOLVER };
	static const struct option options[] = {{"batch", no_argument, NULL, OPT_BATCH},
		{"json", no_argument, NULL, OPT_JSON}, {"lang", required_argument, NULL, OPT_LANG},
		{"live", no_argument, NULL, OPT_LIVE},
		{"resolver", required_argument, NULL, OPT_RESOLVER},
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *path = NULL, *resolver = NULL, *lang = NULL;
	bool batch = false, live = false;
	struct live_resolver with;
	struct explain_run run = {.view = {.page = {stdout, report_wants_colour(stdout)}}};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_BATCH:
			batch = run.view.json = true;
			break;
		case OPT_JSON:
			run.view.json = true;
			break;
		case OPT_LANG:
			lang = optarg;
			break;
		case OPT_LIVE:
			live = true;
			break;
		case OPT_RESOLVER:
			resolver = optarg;
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("explain", "wrong option");
		}
	}
	if (batch && (optind < argc || live))
		return cli_usage("explain", "--batch takes no files and asks nobody");
	if (resolver && !live)
		return cli_usage("explain", "--resolver is for --live");
	/* Programs get the same whatever their environment is. */
	run.view.texts = run.view.json && !lang ? texts_english() : cli_lang("explain", lang);
	if (!run.view.texts)
		return EX_USAGE;
	struct arena rules_arena;
	struct bounce_rules *rules = NULL;
	arena_init(&rules_arena, 65536, SIZE_MAX);
	int status = explain_rules_load(path, &rules_arena, &rules, &with);
	if (status == EX_OK) {
		if (resolver)
			with.resolver = str_of(resolver);
		run.view.live = live ? &with : NULL;
		run.options.rules = rules;
		run_all(&run, batch, argc - optind, argv + optind);
		status = run.status;
	}
	bounce_rules_free(rules);
	arena_done(&rules_arena);
	return cli_finish(status);
}
