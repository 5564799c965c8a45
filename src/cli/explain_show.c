/* cli/explain: an explanation as JSON and as a page for people. */
#include "cli/explain.h"
#include "lists/known.h"

/* Of how many recipients a page tells all. */
#define PAGES_MAX 20

/* What is known of the list by which somebody was refused. */
static bool
list_of(const struct explained *x, struct advice_list *out)
{
	const struct known_list *l = x->list.n ? known_list_find(x->list) : NULL;

	if (!l)
		return false;
	*out = (struct advice_list){.zone = l->zone,
		.title = l->title,
		.owner = l->owner,
		.lookup = l->lookup,
		.removal = l->removal,
		.note = l->note,
		.since = l->since,
		.dead = l->state == LIST_DEAD,
		.policy = str_has_prefix(str_of(l->zone), STR("pbl.")) ||
			str_has_prefix(str_of(l->zone), STR("dyn"))};
	return true;
}

static void
advise_on(struct arena *a, const struct explained *x, struct advice *out)
{
	struct advice_list list;

	advise(a, x, list_of(x, &list) ? &list : NULL, out);
}

/* --- JSON --- */

/* Bytes that are no UTF-8 become '?'. */
static json_t *
text(struct str s)
{
	json_t *o = json_stringn(s.n ? s.p : "", s.n);

	if (o)
		return o;
	char *copy = heap_alloc(s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		copy[i] = (unsigned char)s.p[i] < 0x80 ? s.p[i] : '?';
	o = json_stringn_nocheck(copy, s.n);
	heap_free(copy);
	return o;
}

static json_t *
text_or_null(struct str s)
{
	return s.n ? text(s) : json_null();
}

static void
set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new_nocheck(o, key, value);
}

static void
set_live(const struct explain_view *v, struct arena *a, json_t *o, const struct explained *x)
{
	if (!v->live)
		return;
	struct live live = live_check(a, v->live, x);
	json_t *l = json_object();
	set(l, "state", json_string(live_name(live.state)));
	set(l, "text", text(live.text));
	set(o, "live", l);
}

static void
set_case(const struct explain_view *v, struct arena *a, json_t *o, const struct explained *x)
{
	struct advice advice;
	char ip[IP_TEXT_MAX];
	json_t *steps = json_array();

	advise_on(a, x, &advice);
	set(o, "cause", json_string(cause_get(x->cause)->id));
	set(o, "title", json_string(cause_get(x->cause)->title));
	set(o, "fixer", json_string(fixer_name(advice.fixer)));
	set(o, "permanent", x->permanent < 0 ? json_null() : json_boolean(x->permanent));
	set(o, "retry", json_string(explain_retry_name(x->retry)));
	set(o, "confidence", json_real(x->sure / 100.0));
	set(o, "reply", text_or_null(x->failure->reply));
	set(o, "code", x->failure->code ? json_integer(x->failure->code) : json_null());
	set(o, "enhanced", text_or_null(x->failure->enhanced));
	set(o, "provider", x->provider ? text(x->provider->name) : json_null());
	set(o, "client", x->client.len ? json_string(ip_text(&x->client, ip)) : json_null());
	set(o, "host", text_or_null(x->failure->host));
	set(o, "list", text_or_null(x->list));
	set(o, "lookup", text_or_null(advice.lookup));
	set(o, "rule", x->rule ? text(x->rule->name) : json_null());
	set(o, "words", text_or_null(x->words));
	for (size_t i = 0; i < advice.n; i++)
		json_array_append_new(steps, text(advice.step[i]));
	set(o, "steps", steps);
	set_live(v, a, o, x);
}

/* Recipients with the same reply and cause are one case. */
static bool
is_same(const struct explained *a, const struct explained *b)
{
	return a->cause == b->cause && a->failure->code == b->failure->code &&
		str_eq(a->failure->enhanced, b->failure->enhanced);
}

static bool
is_told(const struct explanation *e, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_same(&e->item[k], &e->item[i]))
			return true;
	return false;
}

static json_t *
recipients_of(const struct explanation *e, size_t first)
{
	json_t *all = json_array();

	for (size_t i = first; i < e->n; i++)
		if (is_same(&e->item[first], &e->item[i]) && e->item[i].recipient.n)
			json_array_append_new(all, text(e->item[i].recipient));
	return all;
}

static void
show_json(const struct explain_view *v, struct arena *a, json_t *id, const struct explanation *e)
{
	json_t *o = json_object(), *others = json_array();

	json_object_set(o, "id", id ? id : json_null());
	set_case(v, a, o, &e->item[0]);
	set(o, "recipients", recipients_of(e, 0));
	set(o, "kind", json_string(bounce_kind_name(e->bounce.kind)));
	for (size_t i = 1; i < e->n; i++) {
		if (is_told(e, i))
			continue;
		json_t *other = json_object();
		set_case(v, a, other, &e->item[i]);
		set(other, "recipients", recipients_of(e, i));
		json_array_append_new(others, other);
	}
	set(o, "others", others);
	json_dumpf(o, v->page.out, JSON_COMPACT | JSON_REAL_PRECISION(3));
	fputc('\n', v->page.out);
	json_decref(o);
}

void
explain_show_error(const struct explain_view *v, json_t *id, const char *why)
{
	json_t *o = json_object();

	json_object_set(o, "id", id ? id : json_null());
	set(o, "error", json_string(why));
	json_dumpf(o, v->page.out, JSON_COMPACT);
	fputc('\n', v->page.out);
	json_decref(o);
}

/* --- for people --- */

/* Words, on lines of at most 78 columns, under a heading of 12. */
static void
put_wrapped(const struct page *p, struct str s)
{
	struct str word;
	size_t column = 12;

	for (bool first = true; str_word(&s, &word); first = false) {
		if (!first && column + 1 + word.n > 78) {
			fputs("\n            ", p->out);
			column = 12;
		} else if (!first) {
			fputc(' ', p->out);
			column++;
		}
		page_put(p, NULL, word);
		column += word.n;
	}
	fputc('\n', p->out);
}

static void
put_line(const struct page *p, const char *head, struct str s)
{
	fprintf(p->out, "%-12s", head);
	put_wrapped(p, s);
}

/* One line of what was read, line ends as blanks. */
static struct str
one_line(struct arena *a, struct str s, size_t max)
{
	struct buf b = buf_on(arena_alloc(a, max + 1), max + 1);

	for (size_t i = 0; i < s.n && b.n < max; i++) {
		char c = (unsigned char)s.p[i] <= ' ' ? ' ' : s.p[i];
		if (c != ' ' || (b.n && b.p[b.n - 1] != ' '))
			buf_putc(&b, c);
	}
	return buf_str(&b);
}

static const char *
sureness(unsigned sure)
{
	return sure >= 90 ? "sure" : sure >= 80 ? "fairly sure" : sure >= 65 ? "likely" : "a guess";
}

static void
put_basis(const struct page *p, struct arena *a, const struct explained *x)
{
	struct str words = one_line(a, x->words, 240);

	if (!x->rule)
		return;
	if (words.n)
		put_line(p, "how sure",
			arena_printf(a, "%s (%u %%), by the words: \"%.*s\"", sureness(x->sure),
				x->sure, STR_ARG(words)));
	else
		put_line(p, "how sure",
			arena_printf(a, "%s (%u %%), by the code alone: %u %.*s", sureness(x->sure),
				x->sure, x->failure->code, STR_ARG(x->failure->enhanced)));
}

static void
put_live(const struct explain_view *v, struct arena *a, const struct explained *x)
{
	if (!v->live)
		return;
	struct live live = live_check(a, v->live, x);
	put_line(&v->page, "now",
		arena_printf(a, "%s: %.*s", live_words(live.state), STR_ARG(live.text)));
}

static void
show_case(const struct explain_view *v, struct arena *a, const struct explanation *e,
	const struct explained *x)
{
	const struct page *p = &v->page;
	struct advice advice;
	const struct bounce *b = &e->bounce;

	advise_on(a, x, &advice);
	fprintf(p->out, "%-12s", "what");
	page_put(p, "1", advice.what);
	fputc('\n', p->out);
	if (x->cause == CAUSE_NOT_BOUNCE) {
		put_line(p, "why", str_of(b->why ? b->why : ""));
		return;
	}
	if (x->cause == CAUSE_UNKNOWN)
		put_line(p, "",
			STR("I don't know why: the text does not say it, or not in words "
			    "that are known here."));
	put_line(p, "meaning", str_of(cause_get(x->cause)->meaning));
	put_line(p, "who", str_of(fixer_text(advice.fixer)));
	for (size_t i = 0; i < advice.n; i++) {
		fprintf(p->out, "%-9s%2zu ", i ? "" : "steps", i + 1);
		put_wrapped(p, advice.step[i]);
	}
	put_line(p, "try again", str_of(explain_retry_text(x->retry)));
	put_live(v, a, x);
	put_basis(p, a, x);
	struct str read = x->failure->reply.n ? x->failure->reply : b->text;
	put_line(p, "it said", one_line(a, read, x->cause == CAUSE_UNKNOWN ? 1000 : 400));
}

void
explain_show(const struct explain_view *v, struct arena *a, json_t *id, const struct explanation *e)
{
	size_t shown = 0;

	if (v->json) {
		show_json(v, a, id, e);
		return;
	}
	if (json_is_string(id) && strcmp(json_string_value(id), "-") != 0)
		put_line(&v->page, "input", str_of(json_string_value(id)));
	for (size_t i = 0; i < e->n && shown < PAGES_MAX; i++) {
		if (is_told(e, i))
			continue;
		if (shown++)
			fputc('\n', v->page.out);
		show_case(v, a, e, &e->item[i]);
		for (size_t k = i + 1; k < e->n; k++)
			if (is_same(&e->item[i], &e->item[k]) && e->item[k].recipient.n)
				put_line(&v->page, "likewise", e->item[k].recipient);
	}
	if (e->bounce.cut)
		put_line(&v->page, "note", STR("The input was longer; its first part was read."));
	fputc('\n', v->page.out);
}
