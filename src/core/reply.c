/*
 * core/reply: see reply.h.
 *
 * The pieces, in order of worth: the sentence with its remedy, the itemised score, where to read
 * more.  Each is a line of a multi-line reply; on the one line that a policy server has, a piece
 * that does not fit is left out whole, since half a sentence helps nobody.
 *
 * What somebody else says about it (the sender's domain, in its SPF record) comes last, and fills
 * what room is left.  Nothing of ours stands behind it, so that it cannot end its own words and go
 * on in our name; where it takes two lines, each says whose it is.
 */
#include "core/reply.h"

/* How many bytes of s go into max octets. */
static size_t
bytes_in(struct str s, size_t max)
{
	size_t i = 0;

	if (str_find(s, '%') == s.n)
		return s.n < max ? s.n : max;
	for (size_t octets = 0; i < s.n; i++) {
		octets += s.p[i] == '%' ? 2 : 1;
		if (octets > max)
			break;
	}
	return i;
}

/* 451 instead of 550, 4.7.25 instead of 5.7.25. */
static void
set_codes(const struct finding *main, struct arena *a, struct verdict *v)
{
	const struct finding_code *c = main ? main->code : NULL;
	struct str enhanced = str_of(c && c->enhanced ? c->enhanced : "5.7.1");
	bool defer = v->kind == VERDICT_DEFER;

	if (main && main->reply.code && main->reply.code / 100 == (defer ? 4 : 5)) {
		v->code = main->reply.code;
		v->enhanced = arena_str(a, main->reply.enhanced);
		return;
	}
	v->code = defer ? 451 : c && c->code ? c->code : 550;
	v->enhanced = arena_printf(a, "%c%.*s", defer ? '4' : '5', STR_ARG(str_skip(enhanced, 1)));
}

static void
put_capital(struct buf *b, struct str s)
{
	if (s.n && s.p[0] >= 'a' && s.p[0] <= 'z')
		buf_putc(b, (char)(s.p[0] - 32));
	else
		buf_put(b, str_slice(s, 0, 1));
	buf_put(b, str_skip(s, 1));
}

#define SENTENCE_MAX 2048 /* longer than a line, so that it can be cut behind a word */

/* "203.0.113.5 has no reverse name: ask ... to ...".  What was seen is worth more than the advice:
 * where both do not fit, the advice goes. */
static struct str
sentence(const struct finding *f, const struct verdict *v, struct arena *a)
{
	UNSET char room[SENTENCE_MAX], fix_room[REPLY_LINE_MAX];
	struct buf b = BUF(room), fix = BUF(fix_room);

	if (f->reply.text.n) {
		buf_put(&b, f->reply.text); /* the administrator's: he has said all he wants to */
		return arena_str(a, buf_str(&b));
	}
	finding_fill(f, f->code->text, &b);
	if (f->code->fix) {
		buf_puts(&fix, ": ");
		finding_fill(f, f->code->fix, &fix);
	}
	if (f->code->temporary && v->kind == VERDICT_DEFER) {
		buf_reset(&fix);
		buf_puts(&fix, ": please try again later");
	}
	size_t seen = b.n;
	buf_put(&b, buf_str(&fix));
	if (buf_is_cut(&fix) || bytes_in(buf_str(&b), REPLY_LINE_MAX) < b.n)
		b.n = seen;
	return arena_str(a, buf_str(&b));
}

/* "Score 9: no reverse name +4, HELO is a bare address +3, good thing -2". */
static struct str
itemised(const struct tally *t, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);
	bool first = true;

	buf_puts(&b, "Score ");
	points_print(t->score, false, &b);
	for (size_t i = 0; i < t->n; i++) {
		const struct tally_item *it = &t->item[i];
		if (it->action.kind != ACTION_SCORE || it->action.points == 0)
			continue;
		buf_puts(&b, first ? ": " : ", ");
		buf_puts(&b, it->finding->code->label);
		buf_putc(&b, ' ');
		points_print(it->action.points, true, &b);
		first = false;
	}
	return first || buf_is_cut(&b) ? STR("") : arena_str(a, buf_str(&b));
}

/* "Case 7Q2K-M8RT-9FBC", or nothing. */
static struct str
case_words(const struct judgement *j, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);

	if (!j->case_id.n)
		return STR("");
	buf_puts(&b, "Case ");
	buf_put_escaped(&b, j->case_id, 64);
	return arena_str(a, buf_str(&b));
}

/* The page about what is wrong, of those that `mxward causes --html` writes. */
static const char *
page_name(const struct verdict *v)
{
	bool known = v->main && !v->main->code->temporary;

	return known ? cause_get(v->main->code->cause)->id : "index";
}

/* The help page with %c and %i replaced, or the bare case id.  The id stands there in any case: it
 * is what the sender can name on the telephone. */
static struct str
pointer(const struct judgement *j, const struct verdict *v, struct str bare, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);
	struct str url = j->policy->help_url;
	bool named = !bare.n;

	if (!url.n)
		return bare;
	for (size_t i = 0; i < url.n; i++) {
		char next = url.p[i] == '%' && i + 1 < url.n ? url.p[i + 1] : 0;
		if (next == 'c') {
			buf_put_escaped(&b, j->case_id, 64);
			named = true;
		} else if (next == 'i') {
			buf_puts(&b, page_name(v));
		} else {
			buf_putc(&b, url.p[i]);
			continue;
		}
		i++;
	}
	if (!named) {
		buf_puts(&b, " (case ");
		buf_put_escaped(&b, j->case_id, 64);
		buf_putc(&b, ')');
	}
	return buf_is_cut(&b) ? bare : arena_str(a, buf_str(&b));
}

/* Without evidence: what is wrong, in a word or two for each finding. */
static struct str
terse(const struct tally *t, const struct verdict *v, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);

	if (v->main)
		put_capital(&b, str_of(v->main->code->label));
	for (size_t i = 0; i < t->n; i++) {
		const struct tally_item *it = &t->item[i];
		if (it->finding == v->main || it->finding->code->good ||
			it->action.kind == ACTION_TAG || it->action.kind == ACTION_QUARANTINE)
			continue;
		size_t before = b.n;
		buf_puts(&b, ", ");
		buf_puts(&b, it->finding->code->label);
		if (buf_is_cut(&b)) {
			b.n = before;
			break;
		}
	}
	return arena_str(a, buf_str(&b));
}

static void
add_line(struct verdict *v, struct str s, struct arena *a)
{
	char room[REPLY_LINE_MAX];
	struct buf b = BUF(room);

	if (!s.n || v->n_lines == REPLY_LINES)
		return;
	buf_put_excerpt(&b, s, bytes_in(s, sizeof(room)));
	v->line[v->n_lines++] = arena_str(a, buf_str(&b));
}

/* Somebody's words, escaped, and what is to stand before them. */
struct said {
	struct str heading, words;
};

#define SAID_MIN 24 /* bytes: less of it is not worth the heading */

static struct said
said(const struct finding *f, struct arena *a)
{
	char heading_room[REPLY_LINE_MAX - SAID_MIN], escaped_room[4 * REPLY_WORDS_MAX + 3];
	char words_room[REPLY_WORDS_MAX];
	struct buf heading = BUF(heading_room), escaped = BUF(escaped_room);
	struct buf words = BUF(words_room);

	if (f->code->words)
		buf_put_escaped(&escaped, finding_get(f, f->code->words), REPLY_WORDS_MAX);
	if (!escaped.n)
		return (struct said){STR(""), STR("")};
	buf_put_excerpt(&words, buf_str(&escaped), sizeof(words_room));
	buf_put_escaped(&heading, finding_get(f, f->code->whose), 255);
	buf_puts(&heading, " says: ");
	if (buf_is_cut(&heading))
		return (struct said){STR(""), STR("")};
	return (struct said){arena_str(a, buf_str(&heading)), arena_str(a, buf_str(&words))};
}

/* In as many lines as there are left. */
static void
add_said(struct verdict *v, struct said said, struct arena *a)
{
	while (said.words.n && v->n_lines < REPLY_LINES) {
		char room[REPLY_LINE_MAX];
		struct buf b = BUF(room);
		size_t n = bytes_in(said.words, sizeof(room) - said.heading.n);
		size_t blank = str_rfind(str_slice(said.words, 0, n), ' ');
		bool last = n == said.words.n || blank == n || v->n_lines + 1 == REPLY_LINES;
		buf_put(&b, said.heading);
		if (last)
			buf_put_excerpt(&b, said.words, n);
		else
			buf_put(&b, str_slice(said.words, 0, blank));
		said.words = last ? STR("") : str_trim(str_skip(said.words, blank));
		add_line(v, buf_str(&b), a);
	}
}

/* Lines and somebody's words as one.  The line `where` says where to read more; where it does not
 * fit behind the sentence, the bare id does, and what lies between has room only behind both. */
static struct str
join(const struct verdict *v, struct str where, struct str bare, struct said said, struct arena *a)
{
	char room[REPLY_MAX];
	struct buf b = BUF(room);

	if (v->n_lines)
		buf_put(&b, v->line[0]);
	if (b.n + 2 + where.n > sizeof(room))
		where = bare;
	for (size_t i = 1; i < v->n_lines; i++) {
		struct str s = v->line[i];
		bool last = i + 1 == v->n_lines;
		if (where.n && last)
			s = where;
		if (b.n + 2 + s.n + (where.n && !last ? 2 + where.n : 0) > sizeof(room))
			continue;
		buf_puts(&b, ". ");
		buf_put(&b, s);
	}
	size_t needed = said.words.n < SAID_MIN ? said.words.n : SAID_MIN;
	if (said.words.n && b.n + 2 + said.heading.n + needed <= sizeof(room)) {
		buf_puts(&b, ". ");
		buf_put(&b, said.heading);
		buf_put_excerpt(&b, said.words, sizeof(room));
	}
	return arena_str(a, buf_str(&b));
}

void
reply_make(const struct judgement *j, const struct tally *t, struct arena *a, struct verdict *v)
{
	const struct policy *p = j->policy;
	struct said words = {STR(""), STR("")};

	set_codes(v->main, a, v);
	v->n_lines = 0;
	if (!v->main || (p->terse && !v->main->reply.text.n))
		add_line(v, terse(t, v, a), a);
	else
		add_line(v, sentence(v->main, v, a), a);
	if (p->show_score && !p->terse && !v->temporary && t->score >= p->reject_at && !t->reject)
		add_line(v, itemised(t, a), a);
	struct str bare = case_words(j, a), where = pointer(j, v, bare, a);
	add_line(v, where, a);
	if (!v->n_lines)
		add_line(v, STR("refused by policy"), a);
	if (v->main && !p->terse)
		words = said(v->main, a);
	v->one_line = join(v, where, bare, words, a);
	add_said(v, words, a);
}

void
reply_make_broken(const struct judgement *j, struct arena *a, struct verdict *v)
{
	struct str said = STR("internal error of this mail filter: please try again later");
	struct str where = case_words(j, a);

	v->main = NULL;
	v->code = 451;
	v->enhanced = STR("4.3.0");
	v->n_lines = 0;
	add_line(v, said, a);
	add_line(v, where, a);
	v->one_line = where.n ? arena_printf(a, "%.*s. %.*s", STR_ARG(said), STR_ARG(where)) : said;
}
