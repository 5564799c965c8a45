/*
 * cli/causes: pages for a web server; see causes.h.
 *
 * Plain HTML without scripts, pictures or anything else from elsewhere.  Each file appears whole or
 * not at all, so that pages can be written anew while they are served.  All links are relative:
 * the folder can stand anywhere.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "cli/causes.h"
#include "cli/cli.h"

struct site {
	const char *dir;
	const struct texts *only; /* the one language there is; NULL: all */
	struct arena *a;
	const struct bounce_rules *rules;
};

/* --- files --- */

/* True: it is there. */
static bool
make_folder(const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return true;
	cli_fail(EX_CANTCREAT, "cannot make the folder %s: %s", path, strerror(errno));
	return false;
}

static const char *
path_of(const struct site *s, const char *folder, const char *name, const char *end)
{
	return arena_z(s->a,
		arena_printf(s->a, "%s/%s%s%s%s", s->dir, folder, *folder ? "/" : "", name, end));
}

static FILE *
open_page(const struct site *s, const char *folder, const char *name)
{
	const char *path = path_of(s, folder, name, ".html.new");
	FILE *f = fopen(path, "w");

	if (!f)
		cli_fail(EX_CANTCREAT, "cannot write %s: %s", path, strerror(errno));
	return f;
}

/* In the place of what was there. */
static bool
close_page(const struct site *s, const char *folder, const char *name, FILE *f)
{
	const char *path = path_of(s, folder, name, ".html");

	errno = 0;
	bool written = fflush(f) == 0 && !ferror(f);
	written = fclose(f) == 0 && written;
	if (written && rename(path_of(s, folder, name, ".html.new"), path) == 0)
		return true;
	cli_fail(EX_CANTCREAT, "cannot write %s: %s", path, strerror(errno));
	return false;
}

/* --- HTML --- */

static void
put(FILE *f, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(s.p[i], f);
		}
	}
}

static void
put_element(FILE *f, const char *element, struct str text)
{
	fprintf(f, "<%s>", element);
	put(f, text);
	fprintf(f, "</%s>\n", element);
}

/* Places as examples, and to be seen as such. */
static void
put_filled(FILE *f, const char *template)
{
	struct str rest = str_of(template);
	size_t n;
	const struct place *places = cause_places(&n);

	for (;;) {
		size_t open = str_find(rest, '{');
		put(f, str_slice(rest, 0, open));
		if (open == rest.n)
			return;
		rest = str_skip(rest, open + 1);
		struct str key = str_slice(rest, 0, str_find(rest, '}'));
		for (size_t i = 0; i < n; i++)
			if (str_eq(key, str_of(places[i].key))) {
				fputs("<var>", f);
				put(f, places[i].value);
				fputs("</var>", f);
			}
		rest = str_skip(rest, key.n + 1);
	}
}

static void
begin(FILE *f, const char *lang, struct str title)
{
	fprintf(f,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
		lang);
	put(f, title);
	fputs("</title>\n<style>\n"
	      "body { font-family: sans-serif; line-height: 1.5; max-width: 46em; margin: 2em auto;"
	      " padding: 0 1em; }\n"
	      "samp, code, pre, var { font-family: monospace; font-style: normal; }\n"
	      "pre { overflow-x: auto; }\n"
	      "</style>\n</head>\n<body>\n",
		f);
}

/* The same page in other languages. */
static void
put_languages(const struct site *s, FILE *f, const struct texts *t, const char *name)
{
	for (size_t i = 0; !s->only && i < texts_count; i++)
		if (&texts_all[i] != t)
			fprintf(f, " <a href=\"../%s/%s.html\" lang=\"%s\" hreflang=\"%s\">%s</a>",
				texts_all[i].lang, name, texts_all[i].lang, texts_all[i].lang,
				texts_all[i].name);
}

static void
put_head(FILE *f, const struct texts *t, enum saying head)
{
	put_element(f, "h2", str_of(t->say[head]));
}

static void
put_list(FILE *f, const char *element, const struct str *items, size_t n)
{
	fputs("<ul>\n", f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "<li><%s>", element);
		put(f, items[i]);
		fprintf(f, "</%s></li>\n", element);
	}
	fputs("</ul>\n", f);
}

/* --- pages --- */

static void
put_steps(FILE *f, const struct texts *t, const struct cause_text *words)
{
	put_head(f, t, SAY_PAGE_STEPS);
	fputs("<ol>\n", f);
	for (size_t i = 0; i < CAUSE_STEPS_MAX && words->steps[i]; i++) {
		fputs("<li>", f);
		put_filled(f, words->steps[i]);
		fputs("</li>\n", f);
	}
	fputs("</ol>\n<p>", f);
	put_filled(f, t->say[SAY_PAGE_EXAMPLE]);
	fputs("</p>\n", f);
}

static void
put_records(FILE *f, const struct texts *t, const struct cause *c)
{
	if (!c->records[0])
		return;
	put_head(f, t, SAY_PAGE_RECORDS);
	fputs("<pre>", f);
	for (size_t i = 0; i < CAUSE_RECORDS_MAX && c->records[i]; i++) {
		put(f, str_of(c->records[i]));
		fputc('\n', f);
	}
	fputs("</pre>\n", f);
}

static void
put_wordings(FILE *f, const struct cause_page *p)
{
	fputs("<ul>\n", f);
	for (size_t i = 0; i < p->n_wordings; i++) {
		fputs("<li><samp>", f);
		put(f, p->wording[i].text);
		fputs("</samp>", f);
		if (p->wording[i].provider.n) {
			fputs(" (", f);
			put(f, p->wording[i].provider);
			fputc(')', f);
		}
		fputs("</li>\n", f);
	}
	fputs("</ul>\n", f);
}

static void
put_facts(FILE *f, const struct texts *t, const struct cause_page *p)
{
	if (p->n_wordings) {
		put_head(f, t, SAY_PAGE_SAID);
		put_wordings(f, p);
	}
	if (p->n_codes) {
		put_head(f, t, SAY_PAGE_CODES);
		put_list(f, "code", p->code, p->n_codes);
	}
	if (!p->n_findings)
		return;
	put_head(f, t, SAY_PAGE_FINDINGS);
	fputs("<ul lang=\"en\">\n", f);
	for (size_t i = 0; i < p->n_findings; i++) {
		fprintf(f, "<li><code>%s</code>: ", p->finding[i]->id);
		put(f, str_of(p->finding[i]->label));
		fputs("</li>\n", f);
	}
	fputs("</ul>\n", f);
}

/* "RFC 8601 3" is section 3 of a document that everybody finds. */
static void
put_references(FILE *f, const struct texts *t, const struct cause *c)
{
	struct str refs[CAUSE_REFS_MAX];
	size_t n = 0;

	while (n < COUNT(refs) && c->refs[n]) {
		refs[n] = str_of(c->refs[n]);
		n++;
	}
	if (!n)
		return;
	put_head(f, t, SAY_PAGE_REFERENCES);
	put_list(f, "cite", refs, n);
}

static bool
write_cause(const struct site *s, const struct texts *t, const struct cause_page *p)
{
	const struct cause *c = cause_get(p->id);
	const struct cause_text *words = &t->cause[p->id];
	FILE *f = open_page(s, t->lang, c->id);

	if (!f)
		return false;
	begin(f, t->lang, str_of(words->title));
	fprintf(f, "<p><a href=\"index.html\">%s</a>", t->say[SAY_PAGE_ALL]);
	put_languages(s, f, t, c->id);
	fputs("</p>\n", f);
	put_element(f, "h1", str_of(words->title));
	fprintf(f, "<p><code>%s</code></p>\n", c->id);
	put_element(f, "p", str_of(words->meaning));
	put_head(f, t, SAY_PAGE_WHO);
	put_element(f, "p", str_of(t->fixer[c->fixer]));
	put_head(f, t, SAY_PAGE_NATURE);
	put_element(f, "p", str_of(t->say[cause_nature_saying(c->nature)]));
	put_steps(f, t, words);
	put_records(f, t, c);
	put_facts(f, t, p);
	put_references(f, t, c);
	fputs("</body>\n</html>\n", f);
	return close_page(s, t->lang, c->id, f);
}

static bool
write_index(const struct site *s, const struct texts *t)
{
	FILE *f = open_page(s, t->lang, "index");

	if (!f)
		return false;
	begin(f, t->lang, str_of(t->say[SAY_PAGE_TITLE]));
	fputs("<p>", f);
	put_languages(s, f, t, "index");
	fputs("</p>\n", f);
	put_element(f, "h1", str_of(t->say[SAY_PAGE_TITLE]));
	put_element(f, "p", str_of(t->say[SAY_PAGE_INTRODUCTION]));
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		const struct cause *c = cause_get(i);
		if (i == 0 || c->group != cause_get(i - 1)->group) {
			fputs(i ? "</ul>\n" : "", f);
			put_element(f, "h2", str_of(t->group[c->group]));
			fputs("<ul>\n", f);
		}
		fprintf(f, "<li><a href=\"%s.html\">", c->id);
		put(f, str_of(t->cause[i].title));
		fputs("</a></li>\n", f);
	}
	fputs("</ul>\n</body>\n</html>\n", f);
	return close_page(s, t->lang, "index", f);
}

static bool
write_languages(const struct site *s)
{
	FILE *f = open_page(s, "", "index");
	const struct texts *first = s->only ? s->only : texts_english();

	if (!f)
		return false;
	begin(f, first->lang, str_of(first->say[SAY_PAGE_TITLE]));
	for (size_t i = 0; i < texts_count; i++) {
		const struct texts *t = &texts_all[i];
		if (s->only && t != s->only)
			continue;
		fprintf(f, "<p lang=\"%s\"><a href=\"%s/index.html\">", t->lang, t->lang);
		put(f, str_of(t->say[SAY_PAGE_TITLE]));
		fprintf(f, "</a> (%s)</p>\n", t->name);
	}
	fputs("</body>\n</html>\n", f);
	return close_page(s, "", "index", f);
}

static bool
write_language(const struct site *s, const struct texts *t, const struct cause_page *pages)
{
	bool ok = make_folder(path_of(s, "", t->lang, ""));

	for (enum cause_id i = 0; ok && i < CAUSE_COUNT; i++)
		ok = write_cause(s, t, &pages[i]);
	return ok && write_index(s, t);
}

int
causes_html(const char *dir, const struct texts *only, struct arena *a,
	const struct bounce_rules *rules)
{
	const struct site s = {dir, only, a, rules};
	struct cause_page *pages = arena_calloc(a, CAUSE_COUNT, sizeof(*pages));

	if (!make_folder(dir))
		return EX_CANTCREAT;
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++)
		cause_page_make(a, rules, i, &pages[i]);
	for (size_t i = 0; i < texts_count; i++)
		if (!only || only == &texts_all[i])
			if (!write_language(&s, &texts_all[i], pages))
				return EX_CANTCREAT;
	return write_languages(&s) ? EX_OK : EX_CANTCREAT;
}
