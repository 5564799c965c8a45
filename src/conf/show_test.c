/* Unit tests of printed settings: what is shown reads back to the same, whatever was set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "conf/load.h"
#include "conf/show.h"

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
	char all[512]; /* "key=value;comment|" of each */
};

static const char *const levels[] = {"low", "high", NULL};

#define FIELD(member) offsetof(struct server, member)

static const struct setting rows[] = {
	{"on", SETTING_BOOL, FIELD(on), "yes", 0, 0, NULL, "Whether."},
	{"workers", SETTING_NUMBER, FIELD(workers), "1", 1, 64, NULL, "How many."},
	{"timeout", SETTING_DURATION, FIELD(timeout), "8s", 0, 60000, NULL, "How long."},
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
	struct buf b = buf_on(l->all, sizeof(l->all) - 1);

	b.n = strlen(l->all);
	buf_printf(&b, "%.*s=%.*s;%.*s|", STR_ARG(line->key), STR_ARG(line->value),
		STR_ARG(line->comment));
	must(!buf_is_cut(&b));
	return true;
}

static const struct section server_section = {.name = "server",
	.help = "The server. It serves.",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct server)};
static const struct section lines_section = {.name = "lines",
	.help = "Lines.",
	.size = sizeof(struct lines),
	.entry = take_line,
	.entry_help = "KEY = VALUE"};
struct room {
	struct str name; /* the reader writes it */
	bool heated;
	size_t lines;
};

static const struct setting room_rows[] = {
	{"heated", SETTING_BOOL, offsetof(struct room, heated), "no", 0, 0, NULL, "Warm."},
};

static bool
take_room_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct room *r = section_struct;

	r->lines += str_eq(line->value, str_slice(r->name, 0, 1));
	return true;
}

static const struct section room_section = {.name = "room",
	.help = "Rooms.",
	.settings = room_rows,
	.n = COUNT(room_rows),
	.size = sizeof(struct room),
	.named = true,
	.entry = take_room_line,
	.entry_help = "KEY = WHAT"};
static const struct section *const sections[] = {&server_section, &lines_section, &room_section};

struct loaded {
	struct server server;
	struct lines lines;
	struct named rooms;
	struct arena arena;
};

static void
load(struct loaded *l, const char *text)
{
	void *structs[] = {&l->server, &l->lines, &l->rooms};
	struct errbuf e = {0};

	arena_init(&l->arena, 1024, SIZE_MAX);
	if (!conf_load_text("f", str_of(text), sections, COUNT(sections), structs, NULL, &l->arena,
		    NULL, NULL, &e))
		fail_msg("line %u: %s\n%s", e.line, e.text, text);
}

/* The caller frees it. */
static char *
show(struct loaded *l, const char *text)
{
	void *structs[] = {&l->server, &l->lines, &l->rooms};
	char *got = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&got, &n);

	assert_non_null(out);
	conf_show(out, sections, COUNT(sections), structs, str_of(text));
	fclose(out);
	return got;
}

static void
test_round_trip(void **state)
{
	static const char *const texts[] = {
		"",
		("[server]\non = no\nworkers = 64\ntimeout = 1500ms\nmemory = 4097\nmode = 600\n"
		 "points = -3.25\nlevel = high\nnames = x,y , z\nnets = 192.0.2.7/24 "
		 "2001:db8::/32\n"),
		"[server]\npath = \" blanks \"\nnames =\nnets =\n",
		"[server]\npath = \"a ; b # c\"\ntimeout = 0\n",
		"[server]\npath = \";x\"\n",
		"[server]\npath = \"a\\\"\n",
		("[lines]\n2001:db8::/32 = all ; partner\n[server]\non = off\n[lines]\nx = \"a "
		 "#b\"\ny =\n"),
		("[room a.b]\nheated = yes\nk = a\n[room c]\nk = c\n[server]\non = no\n"
		 "[room A.B]\nl = a\n"),
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct loaded one, two;
		load(&one, texts[i]);
		char *shown = show(&one, texts[i]);
		load(&two, shown);
		char *again = show(&two, shown);
		assert_string_equal(shown, again);
		assert_string_equal(one.lines.all, two.lines.all);
		assert_int_equal(one.server.points, two.server.points);
		assert_int_equal(one.server.timeout, two.server.timeout);
		assert_true(str_eq(one.server.path, two.server.path));
		assert_int_equal(one.rooms.n, two.rooms.n);
		for (size_t k = 0; k < one.rooms.n; k++) {
			const struct room *r = one.rooms.item[k].values;
			const struct room *t = two.rooms.item[k].values;
			assert_true(str_eq(r->name, t->name));
			assert_int_equal(r->heated, t->heated);
			assert_int_equal(r->lines, t->lines);
			assert_true(r->lines > 0);
		}
		free(shown);
		free(again);
		arena_done(&one.arena);
		arena_done(&two.arena);
	}
}

static void
test_looks(void **state)
{
	struct loaded l;

	load(&l, "[server]\nworkers = 3\n[lines]\nx = y ; z\n");
	char *shown = show(&l, "[lines]\nx = y ; z\n");
	assert_non_null(strstr(shown,
		"; The server. It serves.\n[server]\n\n; Whether.\n"
		"; (yes or no; default: yes)\non = yes\n"));
	assert_non_null(strstr(shown, "; How many.\n; (1 to 64; default: 1)\nworkers = 3\n"));
	assert_non_null(strstr(shown, "; Where.\npath =\n"));
	assert_non_null(strstr(shown, "; Lines.\n[lines]\n; KEY = VALUE\nx = y ; z\n"));
	assert_non_null(strstr(shown, "; Rooms.\n; [room NAME]\n"));
	free(shown);
	arena_done(&l.arena);
}

static void
test_secret(void **state)
{
	static const struct setting secret_rows[] = {
		{"word", SETTING_STRING, 0, "", 0, 0, NULL, "What nobody may know.",
			.secret = true},
	};
	static const struct section section = {.name = "door",
		.help = "Doors.",
		.settings = secret_rows,
		.n = COUNT(secret_rows),
		.size = sizeof(struct str)};
	static const struct section *const all[] = {&section};
	static const char *const shown[] = {"\nword = ***\n", "\nword =\n"};

	for (size_t i = 0; i < COUNT(shown); i++) {
		struct str value = i == 0 ? STR("sesame") : STR("");
		char *got = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&got, &n);
		assert_non_null(out);
		conf_show(out, all, 1, (void *[]){&value}, STR("[door]\nword = sesame\n"));
		fclose(out);
		assert_null(strstr(got, "sesame"));
		assert_non_null(strstr(got, shown[i]));
		free(got);
	}
}

static void
test_manual(void **state)
{
	char *got = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&got, &n);

	assert_non_null(out);
	conf_show_mdoc(out, sections, COUNT(sections));
	fclose(out);
	assert_non_null(strstr(got, ".Ss Section server\nThe server.\nIt serves.\n"));
	assert_non_null(strstr(got,
		".It Ic workers No = Ar number\nHow many.\n"
		"Possible: 1 to 64.\nDefault:\n.Ql \\&1 .\n"));
	assert_non_null(strstr(got, ".It Ic path No = Ar text\nWhere.\n.It"));
	assert_non_null(strstr(got, ".Ss Section lines\nLines.\n.Pp\nKEY = VALUE\n"));
	assert_non_null(strstr(got, ".Ss Section room NAME\nRooms.\n"));
	free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_looks), cmocka_unit_test(test_secret),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
