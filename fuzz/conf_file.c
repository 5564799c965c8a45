/*
 * conf_file: a settings file with every type of setting and a section of free lines.
 *
 * Whatever the bytes: a file is either refused with a sentence and a line, or what is shown of it
 * is a file that loads and shows the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#include "conf/lex.h"
#include "conf/load.h"
#include "conf/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct server {
	bool on;
	int64_t workers, timeout, memory, mode;
	int32_t points;
	struct str path;
	int level;
	struct words names;
	struct nets nets;
};

struct lines {
	size_t n;
};

static const char *const levels[] = {"low", "high", NULL};

#define FIELD(member) offsetof(struct server, member)

static const struct setting rows[] = {
	{"on", SETTING_BOOL, FIELD(on), "yes", 0, 0, NULL, "Whether."},
	{"workers", SETTING_NUMBER, FIELD(workers), "1", -64, 64, NULL, "How many."},
	{"timeout", SETTING_DURATION, FIELD(timeout), "8s", 0, 0, NULL, "How long."},
	{"memory", SETTING_SIZE, FIELD(memory), "32M", 0, 0, NULL, "How much."},
	{"mode", SETTING_MODE, FIELD(mode), "660", 0, 0, NULL, "Who may."},
	{"points", SETTING_POINTS, FIELD(points), "0.5", 0, 0, NULL, "How bad."},
	{"path", SETTING_STRING, FIELD(path), "", 0, 0, NULL, "Where."},
	{"level", SETTING_CHOICE, FIELD(level), "low", 0, 0, levels, "How loud."},
	{"names", SETTING_WORDS, FIELD(names), "a b", 0, 0, NULL, "Who."},
	{"nets", SETTING_NETS, FIELD(nets), "127.0.0.0/8 ::1", 0, 0, NULL, "Where from."},
};

static bool
take_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct lines *l = section_struct;

	must(line->key.n > 0);
	l->n++;
	return true;
}

static const struct section server = {.name = "server",
	.help = "The server.",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct server)};
static const struct section lines = {.name = "lines",
	.help = "Lines.",
	.size = sizeof(struct lines),
	.entry = take_line,
	.entry_help = "KEY = VALUE"};
static const struct section *const sections[] = {&server, &lines};

/* What is shown of the text once it is loaded, or NULL.  The caller frees it. */
static char *
load_and_show(struct str text)
{
	struct server s;
	struct lines l;
	void *structs[] = {&s, &l};
	struct errbuf e = {0};
	struct arena a;
	char *shown = NULL;
	size_t n;

	arena_init(&a, 1024, SIZE_MAX);
	if (conf_load_text(
		    "f", text, sections, COUNT(sections), structs, NULL, &a, NULL, NULL, &e)) {
		FILE *out = open_memstream(&shown, &n);
		must(out);
		conf_show(out, sections, COUNT(sections), structs, text);
		fclose(out);
	} else {
		must(e.count > 0 && e.text[0] && e.line > 0);
	}
	arena_done(&a);
	return shown;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A line may grow by some bytes when it is shown: stay away from the longest. */
	if (size > LEX_LINE_MAX / 2)
		return 0;
	char *shown = load_and_show(str_from((const char *)data, size));
	if (!shown)
		return 0;
	char *again = load_and_show(str_of(shown));
	must(again && strcmp(shown, again) == 0);
	free(shown);
	free(again);
	return 0;
}
