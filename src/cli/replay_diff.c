/* cli/replay_diff: see replay_diff.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/replay_diff.h"

#define BUCKETS	 4096
#define SHOWN	 20 /* names for people */
#define TEXT_MAX 128

enum kind { BY_FINDING, BY_DOMAIN, KINDS };

struct sample {
	struct sample *next;
	enum verdict_kind before, after;
	struct str case_id, from, rcpt;
	bool has_from;
	struct ip client;
};

struct name {
	struct name *next; /* of the bucket */
	enum kind kind;
	struct str name;
	uint64_t n, newly_refused;
	unsigned n_samples;
	struct sample *samples, **last;
};

struct diff {
	struct arena arena;
	unsigned samples;
	uint64_t changes[VERDICT_KINDS][VERDICT_KINDS];
	uint64_t n, newly_refused, untold, others[KINDS];
	size_t n_names[KINDS], n_samples;
	struct name *bucket[BUCKETS];
};

struct diff *
diff_new(unsigned samples)
{
	struct diff *d = heap_calloc(1, sizeof(*d));

	arena_init(&d->arena, 64 << 10, SIZE_MAX);
	d->samples = samples;
	return d;
}

void
diff_free(struct diff *d)
{
	if (!d)
		return;
	arena_done(&d->arena);
	heap_free(d);
}

static struct name *
get_name(struct diff *d, enum kind kind, struct str text)
{
	struct name **p = &d->bucket[hash_str_with(text, kind) % BUCKETS];

	while (*p && !((*p)->kind == kind && str_eq((*p)->name, text)))
		p = &(*p)->next;
	if (*p || d->n_names[kind] == DIFF_NAMES)
		return *p;
	struct name *n = arena_new(&d->arena, struct name);
	n->kind = kind;
	n->name = arena_str(&d->arena, text);
	n->last = &n->samples;
	d->n_names[kind]++;
	return *p = n;
}

static void
add_sample(struct diff *d, struct name *n, const struct changed *c)
{
	if (n->n_samples == d->samples || d->n_samples == DIFF_SAMPLES)
		return;
	struct sample *s = arena_new(&d->arena, struct sample);
	*s = (struct sample){.before = c->before,
		.after = c->after,
		.case_id = arena_str(&d->arena, str_slice(c->case_id, 0, TEXT_MAX)),
		.from = arena_str(&d->arena, str_slice(c->from, 0, TEXT_MAX)),
		.rcpt = arena_str(&d->arena, str_slice(c->rcpt, 0, TEXT_MAX)),
		.has_from = c->has_from,
		.client = *c->client};
	*n->last = s;
	n->last = &s->next;
	n->n_samples++;
	d->n_samples++;
}

static void
count(struct diff *d, enum kind kind, struct str text, const struct changed *c)
{
	struct name *n = get_name(d, kind, text);

	if (!n) {
		d->others[kind]++;
		return;
	}
	n->n++;
	n->newly_refused += !verdict_refuses(c->before) && verdict_refuses(c->after);
	add_sample(d, n, c);
}

void
diff_add(struct diff *d, const struct changed *c)
{
	char room[TEXT_MAX];
	struct buf domain = BUF(room);
	struct str behind = str_skip(c->from, str_rfind(c->from, '@') + 1);

	d->n++;
	d->changes[c->before][c->after]++;
	d->newly_refused += !verdict_refuses(c->before) && verdict_refuses(c->after);
	for (size_t i = 0; i < behind.n; i++)
		buf_putc(&domain, chr_lower(behind.p[i]));
	count(d, BY_FINDING, c->finding.n ? c->finding : STR("-"), c);
	count(d, BY_DOMAIN, !c->from.n ? STR("<>") : domain.n ? buf_str(&domain) : c->from, c);
}

void
diff_add_untold(struct diff *d)
{
	d->untold++;
}

uint64_t
diff_count(const struct diff *d)
{
	return d->n;
}

uint64_t
diff_newly_refused(const struct diff *d)
{
	return d->newly_refused;
}

/* --- showing --- */

/* What was accepted and would be refused first, then by number. */
static int
compare(const void *a, const void *b)
{
	const struct name *x = *(const struct name *const *)a, *y = *(const struct name *const *)b;

	if (x->newly_refused != y->newly_refused)
		return x->newly_refused > y->newly_refused ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return str_cmp(x->name, y->name);
}

/* In the order in which they are shown; in d's arena. */
static struct name **
sorted(struct diff *d, enum kind kind)
{
	size_t k = 0;
	struct name **list = heap_calloc(d->n_names[kind] + 1, sizeof(struct name *));

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct name *n = d->bucket[i]; n; n = n->next)
			if (n->kind == kind)
				list[k++] = n;
	must(k == d->n_names[kind]);
	qsort(list, k, sizeof(struct name *), compare);
	return list;
}

static void
show_sample(const struct page *p, const struct sample *s)
{
	char ip[IP_TEXT_MAX];

	fputs("            ", p->out);
	page_put(p, NULL, s->case_id);
	fprintf(p->out, "  %s -> %s  %s  ", verdict_name(s->before), verdict_name(s->after),
		ip_text(&s->client, ip));
	page_put(p, NULL, s->from.n ? s->from : s->has_from ? STR("<>") : STR("-"));
	if (s->rcpt.n) {
		fputs(" > ", p->out);
		page_put(p, NULL, s->rcpt);
	}
	fputc('\n', p->out);
}

static void
show_names(const struct page *p, struct diff *d, enum kind kind, const char *heading)
{
	struct name **list = sorted(d, kind);
	uint64_t more = d->others[kind];

	fprintf(p->out, "\n%s\n", heading);
	for (size_t i = 0; i < d->n_names[kind]; i++) {
		if (i >= SHOWN) {
			more += list[i]->n;
			continue;
		}
		fprintf(p->out, "%10" PRIu64 "  ", list[i]->n);
		page_put(p, "1", list[i]->name);
		if (list[i]->newly_refused && list[i]->newly_refused < list[i]->n)
			fprintf(p->out, ", %" PRIu64 " of them newly refused",
				list[i]->newly_refused);
		fputc('\n', p->out);
		for (const struct sample *s = list[i]->samples; s; s = s->next)
			show_sample(p, s);
	}
	if (more)
		fprintf(p->out, "%10" PRIu64 "  others\n", more);
	heap_free(list);
}

static void
show_scope(const struct page *p, const struct diff *d, const struct diff_scope *s)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	if (s->interrupted)
		fputs("interrupted: this is what is known so far\n", p->out);
	fprintf(p->out, "%" PRIu64 " case%s", s->cases, s->cases == 1 ? "" : "s");
	if (s->last)
		fprintf(p->out, " of %.10s to %.10s", clock_text(s->first, first),
			clock_text(s->last, last));
	fprintf(p->out, ", %" PRIu64 " recipient%s\n", s->rcpts, s->rcpts == 1 ? "" : "s");
	if (s->unreadable)
		fprintf(p->out, "%" PRIu64 " more could not be read\n", s->unreadable);
	fprintf(p->out,
		"%" PRIu64 " decision%s change, %" PRIu64
		" of them from accepted to refused or put off\n",
		d->n, d->n == 1 ? "" : "s", d->newly_refused);
}

void
diff_show(const struct page *p, struct diff *d, const struct diff_scope *s)
{
	show_scope(p, d, s);
	for (int b = VERDICT_ACCEPT; b <= VERDICT_REJECT; b++)
		for (int a = VERDICT_ACCEPT; a <= VERDICT_REJECT; a++)
			if (d->changes[b][a])
				fprintf(p->out, "%10" PRIu64 "  %s -> %s\n", d->changes[b][a],
					verdict_name((enum verdict_kind)b),
					verdict_name((enum verdict_kind)a));
	if (d->untold)
		fprintf(p->out,
			"%10" PRIu64 "  cannot be told: the new settings ask what was not asked "
			"then\n",
			d->untold);
	if (!d->n)
		return;
	show_names(p, d, BY_FINDING, "by finding");
	show_names(p, d, BY_DOMAIN, "by sender's domain");
}

static json_t *
number_of(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
json_samples(const struct name *n)
{
	json_t *list = json_array();
	char ip[IP_TEXT_MAX];

	for (const struct sample *s = n->samples; s; s = s->next) {
		json_t *o = json_object();
		json_object_set_new(o, "id", report_str(s->case_id));
		json_object_set_new(o, "before", json_string(verdict_name(s->before)));
		json_object_set_new(o, "after", json_string(verdict_name(s->after)));
		json_object_set_new(o, "client", json_string(ip_text(&s->client, ip)));
		if (s->has_from)
			json_object_set_new(o, "from", report_str(s->from));
		json_object_set_new(o, "rcpt", report_str(s->rcpt));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
json_names(struct diff *d, enum kind kind, const char *key)
{
	json_t *all = json_array();
	struct name **list = sorted(d, kind);

	for (size_t i = 0; i < d->n_names[kind]; i++) {
		json_t *o = json_object();
		json_object_set_new(o, key, report_str(list[i]->name));
		json_object_set_new(o, "changed", number_of(list[i]->n));
		json_object_set_new(o, "newly_refused", number_of(list[i]->newly_refused));
		json_object_set_new(o, "samples", json_samples(list[i]));
		json_array_append_new(all, o);
	}
	heap_free(list);
	return all;
}

void
diff_show_json(FILE *out, struct diff *d, const struct diff_scope *s)
{
	json_t *o = json_object(), *changes = json_array();

	for (int b = VERDICT_ACCEPT; b <= VERDICT_REJECT; b++) {
		for (int a = VERDICT_ACCEPT; a <= VERDICT_REJECT; a++) {
			if (!d->changes[b][a])
				continue;
			json_t *c = json_object();
			json_object_set_new(
				c, "before", json_string(verdict_name((enum verdict_kind)b)));
			json_object_set_new(
				c, "after", json_string(verdict_name((enum verdict_kind)a)));
			json_object_set_new(c, "n", number_of(d->changes[b][a]));
			json_array_append_new(changes, c);
		}
	}
	json_object_set_new(o, "cases", number_of(s->cases));
	json_object_set_new(o, "recipients", number_of(s->rcpts));
	json_object_set_new(o, "unreadable", number_of(s->unreadable));
	json_object_set_new(o, "first", json_integer(s->first));
	json_object_set_new(o, "last", json_integer(s->last));
	json_object_set_new(o, "interrupted", json_boolean(s->interrupted));
	json_object_set_new(o, "changed", number_of(d->n));
	json_object_set_new(o, "newly_refused", number_of(d->newly_refused));
	json_object_set_new(o, "untold", number_of(d->untold));
	json_object_set_new(o, "changes", changes);
	json_object_set_new(o, "findings", json_names(d, BY_FINDING, "finding"));
	json_object_set_new(o, "domains", json_names(d, BY_DOMAIN, "domain"));
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}
