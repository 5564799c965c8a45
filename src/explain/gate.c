/* explain/gate: see gate.h. */
#include "explain/gate.h"

#define RUNS_MAX  400
#define RUN_MIN	  3
#define RUN_MAX	  24
#define DEPTH_MAX 20

/* Runs of which one has to be there; n 0: no such thing is known. */
struct runs {
	size_t n, shortest;
	struct str *run;
};

struct parser {
	struct arena *a;
	struct str s;
	size_t at;
	unsigned depth;
	bool failed; /* something that is not understood */
};

static struct runs parse_choice(struct parser *p);

static uint16_t
group_of(const char *p)
{
	uint32_t h = (uint32_t)(unsigned char)p[0] * 0x9e3779b1u ^
		(uint32_t)(unsigned char)p[1] * 0x85ebca6bu ^
		(uint32_t)(unsigned char)p[2] * 0xc2b2ae35u;

	return (uint16_t)((h ^ h >> 15) % GATE_BITS);
}

void
gate_text_init(struct gate_text *t, struct str text)
{
	*t = (struct gate_text){0};
	for (size_t i = 0; i + 3 <= text.n; i++) {
		uint16_t g = group_of(text.p + i);
		t->bits[g / 64] |= 1ull << (g % 64);
	}
}

static bool
is_better(const struct runs *a, const struct runs *b)
{
	return a->n && (!b->n || a->shortest > b->shortest);
}

/* Least number of times that what stands before is there; *p moves behind the quantifier. */
static size_t
quantifier(struct parser *p, bool *any)
{
	char c = p->at < p->s.n ? p->s.p[p->at] : 0;
	size_t least = 1;

	*any = c == '?' || c == '*' || c == '+' || c == '{';
	if (!*any)
		return 1;
	p->at++;
	if (c == '?' || c == '*')
		least = 0;
	if (c == '{') {
		least = p->at < p->s.n && p->s.p[p->at] == '0' ? 0 : 1;
		p->at += str_find(str_skip(p->s, p->at), '}') + 1;
	}
	if (p->at < p->s.n && (p->s.p[p->at] == '?' || p->s.p[p->at] == '+'))
		p->at++;
	return least;
}

/* [...]: any of several bytes.  Where [:alpha:] or \Q..\E may hide its end: not understood. */
static void
skip_class(struct parser *p)
{
	p->at++;
	if (p->at < p->s.n && p->s.p[p->at] == '^')
		p->at++;
	if (p->at < p->s.n && p->s.p[p->at] == ']')
		p->at++;
	while (p->at < p->s.n && p->s.p[p->at] != ']') {
		struct str rest = str_skip(p->s, p->at);
		p->failed = p->failed || str_has_prefix(rest, STR("[:")) ||
			str_has_prefix(rest, STR("\\Q"));
		p->at += rest.p[0] == '\\' ? 2 : 1;
	}
	p->at++;
}

/* A group, behind its '('.  *width0: it only looks around. */
static struct runs
parse_group(struct parser *p, bool *width0)
{
	struct str rest = str_skip(p->s, p->at);
	struct runs none = {0};

	*width0 = false;
	if (str_has_prefix(rest, STR("?!")) || str_has_prefix(rest, STR("?=")) ||
		str_has_prefix(rest, STR("?<!")) || str_has_prefix(rest, STR("?<="))) {
		*width0 = true;
		p->at += rest.p[1] == '<' ? 3 : 2;
	} else if (str_has_prefix(rest, STR("?<"))) {
		p->at += str_find(rest, '>') + 1;
	} else if (str_has_prefix(rest, STR("?:"))) {
		p->at += 2;
	} else if (str_has_prefix(rest, STR("?")) || str_has_prefix(rest, STR("*"))) {
		p->failed = true;
		return none;
	}
	struct runs r = parse_choice(p);
	if (p->at >= p->s.n || p->s.p[p->at] != ')')
		p->failed = true;
	p->at++;
	return *width0 ? none : r;
}

/* The literal byte at hand, if it is one; else 0, with *width0 for what is no byte at all. */
static char
literal(struct parser *p, bool *width0)
{
	char c = p->s.p[p->at++];

	*width0 = c == '^' || c == '$';
	if (c == '.' || c == '^' || c == '$')
		return 0;
	if (c != '\\')
		return c;
	c = p->at < p->s.n ? p->s.p[p->at++] : 0;
	*width0 = c == 'b' || c == 'B' || c == 'K' || c == 'A' || c == 'z';
	if (!chr_is_alnum(c))
		return c;
	/* \S, \w and the like; what has a number behind it is not understood. */
	p->failed = p->failed || !strchr("bBKAzsSwWdDRhH", c);
	return 0;
}

struct sequence {
	struct runs best;
	char text[RUN_MAX];
	size_t n;
};

static void
end_run(struct parser *p, struct sequence *q)
{
	struct str run = str_from(q->text, q->n);

	q->n = 0;
	if (run.n < RUN_MIN)
		return;
	struct runs one = {.n = 1, .shortest = run.n};
	if (!is_better(&one, &q->best))
		return;
	one.run = arena_new(p->a, struct str);
	one.run[0] = arena_str(p->a, run);
	q->best = one;
}

static void
add_literal(struct parser *p, struct sequence *q, char c)
{
	bool any;
	size_t least = quantifier(p, &any);

	if (least == 0) {
		end_run(p, q);
		return;
	}
	if (q->n == RUN_MAX)
		end_run(p, q);
	q->text[q->n++] = c;
	if (any)
		end_run(p, q);
}

static void
add_group(struct parser *p, struct sequence *q)
{
	bool width0, any;

	p->at++;
	struct runs r = parse_group(p, &width0);
	size_t least = quantifier(p, &any);
	if (width0)
		return;
	end_run(p, q);
	if (least > 0 && is_better(&r, &q->best))
		q->best = r;
}

static struct runs
parse_sequence(struct parser *p)
{
	struct sequence q = {0};

	while (p->at < p->s.n && !p->failed && p->s.p[p->at] != '|' && p->s.p[p->at] != ')') {
		bool width0 = false, any;
		if (p->s.p[p->at] == '(') {
			add_group(p, &q);
			continue;
		}
		char c = 0;
		if (p->s.p[p->at] == '[')
			skip_class(p);
		else
			c = literal(p, &width0);
		if (c) {
			add_literal(p, &q, c);
		} else if (!width0) {
			end_run(p, &q);
			(void)quantifier(p, &any);
		}
	}
	end_run(p, &q);
	return q.best;
}

/* One of several sequences: each needs its runs, so all of them count. */
static struct runs
parse_choice(struct parser *p)
{
	struct runs all = {.shortest = SIZE_MAX};
	bool open = false;

	if (p->depth++ > DEPTH_MAX)
		p->failed = true;
	all.run = arena_calloc(p->a, RUNS_MAX, sizeof(*all.run));
	for (bool more = true; more && !p->failed;) {
		struct runs r = parse_sequence(p);
		open = open || r.n == 0 || all.n + r.n > RUNS_MAX;
		for (size_t i = 0; i < r.n && !open; i++)
			all.run[all.n++] = r.run[i];
		if (r.n && r.shortest < all.shortest)
			all.shortest = r.shortest;
		more = p->at < p->s.n && p->s.p[p->at] == '|';
		p->at += more;
	}
	p->depth--;
	return open || p->failed ? (struct runs){0} : all;
}

struct gate
gate_of_pattern(struct arena *a, struct str pattern)
{
	struct arena scratch;
	struct parser p = {.a = &scratch, .s = pattern};
	struct gate g = {0};

	arena_init(&scratch, 65536, SIZE_MAX);
	struct runs r = parse_choice(&p);
	if (!p.failed && p.at >= pattern.n && r.n) {
		struct gate_run *run = arena_calloc(a, r.n, sizeof(*run));
		for (size_t i = 0; i < r.n; i++) {
			const struct str *s = &r.run[i];
			run[i] = (struct gate_run){{group_of(s->p), group_of(s->p + (s->n - 3) / 2),
				group_of(s->p + s->n - 3)}};
		}
		g = (struct gate){r.n, run};
	}
	arena_done(&scratch);
	return g;
}
