/* conf/load: see load.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"

#include "conf/lex.h"
#include "conf/load.h"
#include "conf/value.h"

#define SHOWN	80
#define SHOW(s) (int)((s).n < SHOWN ? (s).n : SHOWN), (s).p

#define BUCKETS 1024

/* A key that was read, and where. */
struct seen {
	struct seen *next;
	const struct target *target;
	struct str key;
	unsigned line;
};

/* What lines are read into: a section, or one of a kind that has names. */
struct target {
	const struct section *section;
	void *values;
	struct target *next; /* of a kind with names: the others */
	unsigned line;	     /* of the first head; 0: none */
	bool failed;
};

struct loader {
	const char *file;
	const struct section *const *sections;
	size_t n;
	void *const *structs;
	void *ctx;
	struct arena *arena, scratch;
	conf_report_fn *report;
	void *report_ctx;
	struct errbuf *first;
	struct target *target; /* by section; for one with names, what stands behind next counts */
	struct seen *seen[BUCKETS];
};

static void
complain(struct loader *l, const struct errbuf *one)
{
	if (l->first->count == 0)
		*l->first = *one;
	else
		l->first->count++;
	if (l->report)
		l->report(one, l->report_ctx);
}

void
conf_defaults(const struct section *section, void *section_struct, struct arena *a)
{
	struct errbuf e = {0};

	memset(section_struct, 0, section->size);
	for (size_t i = 0; i < section->n; i++) {
		const struct setting *s = &section->settings[i];
		/* A default that cannot be read is a bug of the table. */
		must(setting_parse(s, str_of(s->fallback), section_struct, a, &e));
	}
}

static const struct setting *
find_setting(const struct section *section, struct str key)
{
	for (size_t i = 0; i < section->n; i++)
		if (str_eq(key, str_of(section->settings[i].name)))
			return &section->settings[i];
	return NULL;
}

static size_t
find_section(const struct loader *l, struct str name)
{
	size_t i = 0;

	while (i < l->n && !str_eq(name, str_of(l->sections[i]->name)))
		i++;
	return i;
}

static bool
unknown_section(struct loader *l, struct str name, struct errbuf *e)
{
	const char **names = arena_calloc(&l->scratch, l->n, sizeof(*names));

	for (size_t i = 0; i < l->n; i++)
		names[i] = l->sections[i]->name;
	const char *near = nearest_name(name, names, l->n);
	return err(e, "unknown section [%.*s]%s%s%s", SHOW(name), near ? ": did you mean [" : "",
		near ? near : "", near ? "]?" : "");
}

static bool
unknown_key(struct loader *l, const struct section *section, struct str key, struct errbuf *e)
{
	const char **names = arena_calloc(&l->scratch, section->n, sizeof(*names));

	for (size_t i = 0; i < section->n; i++)
		names[i] = section->settings[i].name;
	const char *near = nearest_name(key, names, section->n);
	if (near)
		return err(e, "unknown key \"%.*s\" in [%s]: did you mean \"%s\"?", SHOW(key),
			section->name, near);
	for (size_t i = 0; i < l->n; i++)
		if (find_setting(l->sections[i], key))
			return err(e, "unknown key \"%.*s\" in [%s]: it belongs in [%s]", SHOW(key),
				section->name, l->sections[i]->name);
	return err(e, "unknown key \"%.*s\" in [%s]", SHOW(key), section->name);
}

static bool
check_first_time(
	struct loader *l, const struct target *t, struct str key, unsigned line, struct errbuf *e)
{
	struct seen **head = &l->seen[hash_str_with(key, (uintptr_t)t) % BUCKETS];

	for (const struct seen *s = *head; s; s = s->next)
		if (s->target == t && str_eq(s->key, key))
			return err(e, "\"%.*s\" was already set in line %u", SHOW(key), s->line);
	struct seen *new = arena_new(&l->scratch, struct seen);
	*new = (struct seen){*head, t, key, line};
	*head = new;
	return true;
}

static bool
take_entry(struct loader *l, const struct target *t, const struct entry *line, unsigned number,
	struct errbuf *e)
{
	const struct section *section = t->section;
	const struct setting *s = find_setting(section, line->key);

	if (!s && !section->entry)
		return unknown_key(l, section, line->key, e);
	if (!check_first_time(l, t, line->key, number, e))
		return false;
	bool ok = s ? setting_parse(s, line->value, t->values, l->arena, e)
		    : section->entry(t->values, l->arena, line, l->ctx, e);
	must(ok == !e->count); /* an error without a word would be taken for none */
	if (s && s->line)
		*(unsigned *)(void *)((char *)t->values + s->line) = number;
	return ok;
}

/* The one of that name of a kind with names, a new one where there is none yet. */
static struct target *
named_target(struct loader *l, struct target *kind, struct str name)
{
	struct named *all = kind->values;
	struct target **end = &kind->next;

	for (; *end; end = &(*end)->next)
		if (str_eq_nocase(*(const struct str *)(*end)->values, name))
			return *end;
	struct target *t = arena_new(&l->scratch, struct target);
	*t = (struct target){
		.section = kind->section, .values = arena_alloc(l->arena, kind->section->size)};
	conf_defaults(t->section, t->values, l->arena);
	*(struct str *)t->values = arena_str(l->arena, name);
	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 8;
		struct named_item *item = arena_calloc(l->arena, room, sizeof(*item));
		if (all->n)
			memcpy(item, all->item, all->n * sizeof(*item));
		all->item = item;
		all->room = room;
	}
	all->item[all->n++] = (struct named_item){*(struct str *)t->values, t->values};
	return *end = t;
}

/* What its lines go to; NULL with an error. */
static struct target *
take_section(struct loader *l, const struct lex_item *item, unsigned line, struct errbuf *e)
{
	size_t i = find_section(l, item->section);

	if (i == l->n) {
		unknown_section(l, item->section, e);
		return NULL;
	}
	struct target *t = &l->target[i];
	if (item->name.n && !t->section->named) {
		err(e, "[%s] takes no name", t->section->name);
		return NULL;
	}
	if (!item->name.n && t->section->named) {
		err(e, "[%s] wants a name: [%s NAME]", t->section->name, t->section->name);
		return NULL;
	}
	if (t->section->named)
		t = named_target(l, t, item->name);
	if (!t->line)
		t->line = line;
	return t;
}

static void
read_lines(struct loader *l, struct str text)
{
	struct lex lex = lex_on(l->file, text);
	struct lex_item item = {0};
	struct target *current = NULL;
	bool headless = true; /* no section has begun, not even an unknown one */
	enum lex_kind kind;

	do {
		struct errbuf e = {0};
		kind = lex_next(&lex, &item, &e);
		if (kind == LEX_SECTION) {
			headless = false;
			current = take_section(l, &item, lex.line, &e);
		} else if (kind == LEX_ENTRY && current) {
			take_entry(l, current, &item.entry, lex.line, &e);
		} else if (kind == LEX_ENTRY && headless) {
			err(&e, "\"%.*s\" stands before the first [section]", SHOW(item.entry.key));
			headless = false; /* once is enough */
		}
		if (!e.count)
			continue;
		if (current)
			current->failed = true;
		complain(l, &e);
	} while (kind != LEX_END && l->first->count < CONF_ERRORS_MAX);
}

/* What the owner has to say about the whole: only where each line was right by itself. */
static void
check_target(struct loader *l, const struct target *t)
{
	struct errbuf e = {0};

	if (!t->section->check || t->failed)
		return;
	errbuf_at(&e, l->file, t->line);
	bool ok = t->section->check(t->values, l->arena, l->ctx, &e);
	must(ok == !e.count);
	if (!ok)
		complain(l, &e);
}

static void
check_sections(struct loader *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct target *t = &l->target[i];
		for (t = t->section->named ? t->next : t; t; t = t->next)
			check_target(l, t);
	}
}

bool
conf_load_text(const char *name, struct str text, const struct section *const *sections, size_t n,
	void *const *structs, void *ctx, struct arena *a, conf_report_fn *report, void *report_ctx,
	struct errbuf *e)
{
	struct loader l = {.file = name,
		.sections = sections,
		.n = n,
		.structs = structs,
		.ctx = ctx,
		.arena = a,
		.report = report,
		.report_ctx = report_ctx,
		.first = e};

	arena_init(&l.scratch, 4096, SIZE_MAX);
	l.target = arena_calloc(&l.scratch, n, sizeof(*l.target));
	for (size_t i = 0; i < n; i++) {
		l.target[i] = (struct target){.section = sections[i], .values = structs[i]};
		if (sections[i]->named)
			memset(structs[i], 0, sizeof(struct named));
		else
			conf_defaults(sections[i], structs[i], a);
	}
	read_lines(&l, text);
	check_sections(&l);
	arena_done(&l.scratch);
	return e->count == 0;
}

static bool
read_stream(FILE *f, struct arena *a, struct str *out, struct errbuf *e)
{
	char *room = arena_alloc(a, CONF_FILE_MAX);
	size_t n = fread(room, 1, CONF_FILE_MAX, f);

	if (ferror(f))
		return err(e, "cannot be read: %s", strerror(errno));
	if (n == CONF_FILE_MAX && fgetc(f) != EOF)
		return err(e, "is too big for a settings file: more than %zu MiB",
			CONF_FILE_MAX >> 20);
	*out = str_from(room, n);
	return true;
}

bool
conf_read_file(const char *path, struct arena *a, struct str *out, struct errbuf *e)
{
	struct stat st;
	FILE *f;

	errbuf_at(e, path, 0);
	f = fopen(path, "re");
	if (!f)
		return err(e, "cannot be opened: %s", strerror(errno));
	bool ok = false;
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		err(e, "is a directory, not a settings file");
	else
		ok = read_stream(f, a, out, e);
	fclose(f);
	return ok;
}

bool
conf_load_file(const char *path, const struct section *const *sections, size_t n,
	void *const *structs, void *ctx, struct arena *a, conf_report_fn *report, void *report_ctx,
	struct errbuf *e)
{
	struct arena text_arena;
	struct str text;

	arena_init(&text_arena, 0, SIZE_MAX);
	bool ok = conf_read_file(path, &text_arena, &text, e);
	if (ok)
		ok = conf_load_text(
			path, text, sections, n, structs, ctx, a, report, report_ctx, e);
	else if (report)
		report(e, report_ctx);
	arena_done(&text_arena);
	return ok;
}
