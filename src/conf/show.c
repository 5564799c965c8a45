/* conf/show: see show.h. */
#include "conf/lex.h"
#include "conf/prose.h"
#include "conf/show.h"
#include "conf/value.h"

#define WIDTH 90

static void
print_entry(FILE *out, const struct entry *entry)
{
	char room[LEX_LINE_MAX + 16];
	struct buf line = BUF(room);

	lex_print_entry(entry, &line);
	fprintf(out, "%.*s\n", STR_ARG(buf_str(&line)));
}

/* "red, green or blue; default: red" */
static struct str
limits(const struct setting *s, struct buf *b)
{
	setting_print_range(s, b);
	if (s->fallback[0])
		buf_printf(b, "%sdefault: %s", b->n ? "; " : "", s->fallback);
	return buf_str(b);
}

static void
show_setting(FILE *out, const struct setting *s, const void *section_struct)
{
	char room[LEX_LINE_MAX], limits_room[512];
	struct buf value = BUF(room), b = BUF(limits_room);
	struct str l = limits(s, &b);

	fputc('\n', out);
	prose_wrap(out, "; ", str_of(s->help), WIDTH);
	if (l.n)
		fprintf(out, "; (%.*s)\n", STR_ARG(l));
	setting_print(s, section_struct, &value);
	if (s->secret && value.n) {
		value.n = 0;
		buf_puts(&value, SETTING_HIDDEN);
	}
	print_entry(out, &(struct entry){.key = str_of(s->name), .value = buf_str(&value)});
}

static bool
is_row(const struct section *section, struct str key)
{
	for (size_t i = 0; i < section->n; i++)
		if (str_eq(key, str_of(section->settings[i].name)))
			return true;
	return false;
}

/* The lines of the section whose keys are no rows.  What cannot be read was complained about when
 * the text was loaded.  name: of a section that has one. */
static void
show_free_lines(FILE *out, const struct section *section, struct str name, struct str text)
{
	struct lex lex = lex_on("", text);
	struct lex_item item;
	bool inside = false;
	enum lex_kind kind;

	do {
		struct errbuf e = {0};
		kind = lex_next(&lex, &item, &e);
		if (kind == LEX_SECTION)
			inside = str_eq(item.section, str_of(section->name)) &&
				str_eq_nocase(item.name, name);
		else if (kind == LEX_ENTRY && inside && !is_row(section, item.entry.key))
			print_entry(out, &item.entry);
	} while (kind != LEX_END);
}

static void
show_lines(FILE *out, const struct section *section, const void *values, struct str name,
	struct str text)
{
	for (size_t k = 0; k < section->n; k++)
		show_setting(out, &section->settings[k], values);
	if (section->entry) {
		fputs(section->n ? "\n" : "", out);
		prose_wrap(out, "; ", str_of(section->entry_help), WIDTH);
		show_free_lines(out, section, name, text);
	}
}

static void
show_named(FILE *out, const struct section *section, const struct named *all, struct str text)
{
	if (!all->n)
		fprintf(out, "; [%s NAME]\n", section->name);
	for (size_t i = 0; i < all->n; i++) {
		const struct named_item *item = &all->item[i];
		fprintf(out, "%s[%s %.*s]\n", i ? "\n" : "", section->name, STR_ARG(item->name));
		show_lines(out, section, item->values, item->name, text);
	}
}

void
conf_show(FILE *out, const struct section *const *sections, size_t n, void *const *structs,
	struct str text)
{
	for (size_t i = 0; i < n; i++) {
		const struct section *section = sections[i];
		fputs(i ? "\n\n" : "", out);
		prose_wrap(out, "; ", str_of(section->help), WIDTH);
		if (section->named) {
			show_named(out, section, structs[i], text);
			continue;
		}
		fprintf(out, "[%s]\n", section->name);
		show_lines(out, section, structs[i], STR(""), text);
	}
}

/* What stands behind the "=". */
static const char *
argument_name(enum setting_type type)
{
	switch (type) {
	case SETTING_BOOL:
		return "yes | no";
	case SETTING_NUMBER:
		return "number";
	case SETTING_POINTS:
		return "points";
	case SETTING_DURATION:
		return "duration";
	case SETTING_SIZE:
		return "size";
	case SETTING_STRING:
		return "text";
	case SETTING_CHOICE:
		return "choice";
	case SETTING_WORDS:
		return "words";
	case SETTING_NETS:
		return "networks";
	case SETTING_MODE:
		return "mode";
	}
	must(false);
}

static void
mdoc_setting(FILE *out, const struct setting *s)
{
	char room[512];
	struct buf range = BUF(room);

	fprintf(out, ".It Ic %s No = Ar %s\n", s->name, argument_name(s->type));
	prose_mdoc(out, str_of(s->help));
	buf_puts(&range, "Possible: ");
	size_t empty = range.n;
	setting_print_range(s, &range);
	if (range.n > empty && s->type != SETTING_BOOL) {
		buf_putc(&range, '.');
		prose_mdoc(out, buf_str(&range));
	}
	if (s->fallback[0]) {
		fputs("Default:\n.Ql", out);
		prose_mdoc_args(out, str_of(s->fallback));
		fputs(" .\n", out);
	}
}

void
conf_show_mdoc(FILE *out, const struct section *const *sections, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct section *section = sections[i];
		fprintf(out, ".Ss Section %s%s\n", section->name, section->named ? " NAME" : "");
		prose_mdoc(out, str_of(section->help));
		if (section->n) {
			fputs(".Bl -tag -width Ds\n", out);
			for (size_t k = 0; k < section->n; k++)
				mdoc_setting(out, &section->settings[k]);
			fputs(".El\n", out);
		}
		if (section->entry) {
			fputs(".Pp\n", out);
			prose_mdoc(out, str_of(section->entry_help));
		}
	}
}
