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
advise_on(const struct explain_view *v, struct arena *a, const struct explained *x,
	struct advice *out)
{
	struct advice_list list;

	advise(a, v->texts, x, list_of(x, &list) ? &list : NULL, out);
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
	struct live live = live_check(a, v->texts, v->live, x);
	json_t *l = json_object();
	set(l, "state", json_string(live_name(live.state)));
	set(l, "text", text(live.text));
	set(o, "live", l);
}

/* What the receiver heard of the sender's own server. */
static json_t *
callout_or_null(const struct asked *asked)
{
	json_t *o;

	if (!asked->reply.n)
		return json_null();
	o = json_object();
	set(o, "sender", text_or_null(asked->sender));
	set(o, "server", text_or_null(asked->server));
	set(o, "command", text_or_null(asked->command));
	set(o, "reply", text(asked->reply));
	return o;
}

static void
set_case(const struct explain_view *v, struct arena *a, json_t *o, const struct explained *x)
{
	struct advice advice;
	char ip[IP_TEXT_MAX];
	json_t *steps = json_array();

	advise_on(v, a, x, &advice);
	set(o, "cause", json_string(cause_get(x->cause)->id));
	set(o, "title", json_string(v->texts->cause[x->cause].title));
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
	set(o, "callout", callout_or_null(&x->asked));
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
	/* json_dumpf() writes bit by bit, which is a good part of the work of a batch. */
	char *line = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(3));
	must(line);
	fputs(line, v->page.out);
	fputc('\n', v->page.out);
	free(line);
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

#define HEAD   12 /* columns of a heading */
#define MARGIN "            "
#define WIDTH  78

/* Words of ours behind a heading. */
static void
put_wrapped(const struct explain_view *v, const char *head, struct str s)
{
	char first[64];
	size_t columns = page_columns(str_of(head));

	snprintf(first, sizeof(first), "%s%*s", head, columns < HEAD ? (int)(HEAD - columns) : 0,
		"");
	page_put_wrapped(&v->page, first, MARGIN, s, WIDTH);
}

static void
put_line(const struct explain_view *v, enum saying head, struct str s)
{
	put_wrapped(v, v->texts->say[head], s);
}

/* What a stranger has written. */
static void
put_theirs(const struct explain_view *v, struct arena *a, enum saying head, struct str s)
{
	struct buf b = buf_on(arena_alloc(a, 4 * s.n + 4), 4 * s.n + 4);

	buf_put_escaped(&b, s, s.n);
	put_line(v, head, buf_str(&b));
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

static enum saying
sureness(unsigned sure)
{
	return sure >= 90    ? SAY_SURE_HIGH
		: sure >= 80 ? SAY_SURE_FAIRLY
		: sure >= 65 ? SAY_SURE_LIKELY
			     : SAY_SURE_GUESS;
}

static void
put_basis(const struct explain_view *v, struct arena *a, const struct explained *x)
{
	const struct texts *t = v->texts;
	struct str words = one_line(a, x->words, 240);
	char room[1500];
	struct buf b = BUF(room);

	if (!x->rule)
		return;
	const struct place places[] = {
		{"sureness", str_of(t->say[sureness(x->sure)]), .ours = true},
		{"percent", arena_printf(a, "%u", x->sure)}, {"words", words},
		{"code",
			arena_printf(
				a, "%u %.*s", x->failure->code, STR_ARG(x->failure->enhanced))}};
	(void)texts_fill(
		t->say[words.n ? SAY_SURE_WORDS : SAY_SURE_CODE], places, COUNT(places), &b);
	put_line(v, SAY_HEAD_SURE, buf_str(&b));
}

static void
put_live(const struct explain_view *v, struct arena *a, const struct explained *x)
{
	if (!v->live)
		return;
	struct live live = live_check(a, v->texts, v->live, x);
	put_line(v, SAY_HEAD_NOW,
		arena_printf(
			a, "%s: %.*s", v->texts->say[live_saying(live.state)], STR_ARG(live.text)));
}

static void
put_asked(const struct explain_view *v, struct arena *a, const struct asked *asked)
{
	char room[1500];
	struct buf b = BUF(room);

	if (!asked->reply.n)
		return;
	const struct place places[] = {
		{"server", asked->server.n ? one_line(a, asked->server, 200) : STR("?")},
		{"sender", one_line(a, asked->sender, 300)},
		{"command", one_line(a, asked->command, 330)},
		{"reply", one_line(a, asked->reply, 400)}};
	(void)texts_fill(v->texts->say[asked->command.n ? SAY_ASKED_COMMAND : SAY_ASKED], places,
		COUNT(places), &b);
	put_theirs(v, a, SAY_HEAD_ASKED, buf_str(&b));
}

static void
put_what(const struct explain_view *v, const struct advice *advice)
{
	const char *head = v->texts->say[SAY_HEAD_WHAT];
	const struct page *p = &v->page;

	fprintf(p->out, "%s%*s%s%.*s%s\n", head, HEAD - (int)page_columns(str_of(head)), "",
		p->colour ? "\033[1m" : "", STR_ARG(advice->what), p->colour ? "\033[0m" : "");
}

static void
put_steps(const struct explain_view *v, const struct advice *advice)
{
	for (size_t i = 0; i < advice->n; i++) {
		const char *head = i ? "" : v->texts->say[SAY_HEAD_STEPS];
		int blank = HEAD - 3 - (int)page_columns(str_of(head));
		char first[64];
		snprintf(
			first, sizeof(first), "%s%*s%2zu ", head, blank > 0 ? blank : 0, "", i + 1);
		page_put_wrapped(&v->page, first, MARGIN, advice->step[i], WIDTH);
	}
}

static void
show_case(const struct explain_view *v, struct arena *a, const struct explanation *e,
	const struct explained *x)
{
	const struct texts *t = v->texts;
	const struct bounce *b = &e->bounce;
	struct advice advice;

	advise_on(v, a, x, &advice);
	put_what(v, &advice);
	if (x->cause == CAUSE_NOT_BOUNCE) {
		put_line(v, SAY_HEAD_WHY, str_of(t->say[b->why]));
		return;
	}
	if (x->cause == CAUSE_UNKNOWN)
		put_wrapped(v, "", str_of(t->say[SAY_DONT_KNOW]));
	put_line(v, SAY_HEAD_MEANING, str_of(t->cause[x->cause].meaning));
	put_line(v, SAY_HEAD_WHO, str_of(t->fixer[advice.fixer]));
	put_steps(v, &advice);
	put_line(v, SAY_HEAD_RETRY, str_of(t->say[explain_retry_saying(x->retry)]));
	put_live(v, a, x);
	put_basis(v, a, x);
	struct str read = x->failure->reply.n ? x->failure->reply : b->text;
	put_theirs(v, a, SAY_HEAD_SAID, one_line(a, read, x->cause == CAUSE_UNKNOWN ? 1000 : 400));
	put_asked(v, a, &x->asked);
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
		put_theirs(v, a, SAY_HEAD_INPUT, str_of(json_string_value(id)));
	for (size_t i = 0; i < e->n && shown < PAGES_MAX; i++) {
		if (is_told(e, i))
			continue;
		if (shown++)
			fputc('\n', v->page.out);
		show_case(v, a, e, &e->item[i]);
		for (size_t k = i + 1; k < e->n; k++)
			if (is_same(&e->item[i], &e->item[k]) && e->item[k].recipient.n)
				put_theirs(v, a, SAY_HEAD_LIKEWISE, e->item[k].recipient);
	}
	if (e->bounce.cut)
		put_line(v, SAY_HEAD_NOTE, str_of(v->texts->say[SAY_INPUT_CUT]));
	fputc('\n', v->page.out);
}
