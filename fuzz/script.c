/* fuzz/script: see script.h. */
#include "script.h"

#define LINES_MAX   64
#define RECORDS_MAX 16

struct script {
	struct source source; /* first */
	struct config *config;
	const struct check *check;
	script_judge_fn *judge;
	struct lists_now lists;
	struct ip client;
	struct str helo, from;
	struct str line[LINES_MAX];
	size_t n_lines, used;
	/* What was asked, in order, and what was answered. */
	struct {
		struct str name;
		enum dns_type type;
		struct answer *answer;
	} given[FACTS_MAX];
	size_t n_given;
	bool at_once;
	struct fact *open[FACTS_MAX];
	size_t n_open;
	struct arena arena;
};

static bool
read_item(
	struct script *s, struct arena *a, enum dns_type type, struct str item, struct dns_rr *out)
{
	*out = (struct dns_rr){.text = STR("")};
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (str_eq(item, STR("c")))
			out->ip = s->client;
		else if (!ip_parse(item, &out->ip))
			return false;
		return (out->ip.len == 4) == (type == DNS_A);
	case DNS_TXT:
		out->text = arena_str(a, item);
		return true;
	case DNS_MX:
	case DNS_PTR:
	case DNS_NS:
	case DNS_CNAME:
	case DNS_SOA:
		break;
	}
	return dns_name_parse(a, item, &out->text);
}

static struct answer *
make_answer(struct script *s, enum dns_type type)
{
	struct answer *answer = answer_new();
	struct dns_answer *d = &answer->dns;
	struct str rest, item;

	if (s->n_lines == 0)
		return answer;
	rest = s->line[s->used++ % s->n_lines];
	char kind = rest.n ? rest.p[0] : 'f';
	if (kind == 'n' || kind == 'x') {
		d->status = DNS_NONE;
		d->nxdomain = kind == 'x';
		return answer;
	}
	if (kind != '=' && kind != 's')
		return answer;
	struct dns_rr *rr = arena_calloc(&answer->arena, RECORDS_MAX, sizeof(*rr));
	rest = str_skip(rest, 1);
	while (d->n < RECORDS_MAX && str_split(&rest, '|', &item))
		d->n += read_item(s, &answer->arena, type, item, &rr[d->n]);
	d->rr = rr;
	d->status = d->n == 0 ? DNS_NONE : kind == 's' ? DNS_STALE : DNS_OK;
	return answer;
}

static struct answer *
answer_to(struct script *s, struct str name, enum dns_type type)
{
	for (size_t i = 0; i < s->n_given; i++)
		if (s->given[i].type == type && str_eq(s->given[i].name, name))
			return answer_ref(s->given[i].answer);
	must(s->n_given < FACTS_MAX);
	s->given[s->n_given].name = arena_str(&s->arena, name);
	s->given[s->n_given].type = type;
	s->given[s->n_given].answer = make_answer(s, type);
	return answer_ref(s->given[s->n_given++].answer);
}

static struct answer *
lookup(struct source *source, struct str name, enum dns_type type, uint64_t hash)
{
	struct script *s = (struct script *)source;

	return s->at_once ? answer_to(s, name, type) : NULL;
}

static void
start(struct source *source, struct fact *f)
{
	struct script *s = (struct script *)source;

	s->open[s->n_open++] = f;
}

static void
cancel(struct source *source, struct fact *f)
{
}

/* Everything that the findings say. */
static struct str
play(struct script *s, bool at_once)
{
	const struct generation *g = config_generation(s->config);
	static char room[1 << 17];
	struct buf b = BUF(room);
	struct arena arena, scratch;

	arena_init(&arena, 8192, (size_t)1 << 20);
	arena_init(&scratch, 8192, (size_t)4 << 20);
	s->at_once = at_once;
	s->n_open = 0;
	uint64_t only = 0;
	for (size_t i = 0; i < g->checks.n; i++)
		if (g->checks.check[i] == s->check)
			only = (uint64_t)1 << i;
	struct transaction *t =
		transaction_begin(&(struct transaction_options){.checks = &g->checks,
					  .site = &g->site,
					  .source = &s->source,
					  .arena = &arena,
					  .scratch = &scratch,
					  .lists = s->lists,
					  .skip = ~only},
			&s->client);
	transaction_env(t, ENV_HELO, s->helo);
	transaction_env(t, ENV_MAIL_FROM, s->from);
	transaction_run(t);
	while (s->n_open) {
		struct fact *f = s->open[--s->n_open];
		transaction_answer(f, answer_to(s, f->name, f->type));
	}
	struct result r = transaction_result(t);
	s->judge(&r, t);
	for (size_t i = 0; i < r.n; i++) {
		buf_printf(&b, "%s %d", r.finding[i]->code->id, r.finding[i]->own.points);
		for (size_t k = 0; k < r.finding[i]->n; k++) {
			buf_putc(&b, '\n');
			buf_put(&b, r.finding[i]->evidence[k].value);
		}
	}
	buf_put(&b, r.spf_explanation);
	buf_printf(&b, "%d %d", r.spf_helo, r.spf_mailfrom);
	transaction_end(t);
	arena_done(&arena);
	arena_done(&scratch);
	return arena_str(&s->arena, buf_str(&b));
}

static void
read_script(struct script *s, struct str text)
{
	struct str head = STR(""), line, word = STR("");

	(void)str_split(&text, '\n', &head);
	(void)str_split(&head, ' ', &word);
	if (!ip_parse(word, &s->client))
		(void)ip_parse(STR("192.0.2.1"), &s->client);
	(void)str_split(&head, ' ', &s->helo);
	s->from = head.p ? head : STR("");
	while (s->n_lines < LINES_MAX && str_split(&text, '\n', &line))
		s->line[s->n_lines++] = line;
}

void
script_play(struct config *config, const struct check *check, struct lists_now lists,
	struct str text, script_judge_fn *judge)
{
	struct script s = {.source = {.lookup = lookup, .start = start, .cancel = cancel},
		.config = config,
		.check = check,
		.judge = judge,
		.lists = lists,
		.helo = STR("")};

	arena_init(&s.arena, 4096, (size_t)4 << 20);
	read_script(&s, text);
	struct str first = play(&s, true);
	must(str_eq(first, play(&s, false)));
	for (size_t i = 0; i < s.n_given; i++)
		answer_unref(s.given[i].answer);
	arena_done(&s.arena);
}
