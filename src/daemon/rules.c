/* daemon/rules: see rules.h. */
#include <assert.h>

#include "daemon/rules.h"

#include "base/clock.h"
#include "base/hash.h"
#include "core/exempt_value.h"
#include "core/mailbox_value.h"

#define ARENA_FIRST ((size_t)4 << 10)
#define ARENA_LIMIT ((size_t)1 << 30)  /* nobody asks: the image is bounded */
#define LEFT_MAX_S  (INT64_C(1) << 40) /* for ever, as far as anybody here can tell */
#define STEP	    16		       /* records between two looks at the clock */

/* A record as it was read. */
struct was_read {
	struct str key;
	uint64_t hash;	   /* of its value */
	const void *entry; /* struct exemption or mailbox; NULL: it cannot be read */
};

struct rules {
	unsigned refs;
	struct arena arena;
	struct exempts *exempts; /* one of the two */
	struct mailboxes *mailboxes;
	struct was_read *read; /* of each record, sorted by key as the image is */
	size_t n, unread;
	struct str unread_key;
};

struct rules_reading {
	enum store_table table;
	const struct store_image *image;
	struct check_set checks;
	struct rules *before, *rules;
	size_t at, before_at;
	uint64_t now_ms;
};

struct rules *
rules_ref(struct rules *r)
{
	if (r)
		r->refs++;
	return r;
}

void
rules_unref(struct rules *r)
{
	if (!r || --r->refs > 0)
		return;
	arena_done(&r->arena);
	heap_free(r->read);
	heap_free(r);
}

const struct exempts *
rules_exempts(const struct rules *r)
{
	return r ? r->exempts : NULL;
}

const struct mailboxes *
rules_mailboxes(const struct rules *r)
{
	return r ? r->mailboxes : NULL;
}

size_t
rules_count(const struct rules *r)
{
	return r ? r->n - r->unread : 0;
}

size_t
rules_unread(const struct rules *r)
{
	return r ? r->unread : 0;
}

struct str
rules_unread_key(const struct rules *r)
{
	return r ? r->unread_key : STR("");
}

/* An image is no larger; but if it were, nothing should break. */
static size_t
records(const struct store_image *image)
{
	static_assert(MAILBOXES_MAX == EXEMPTS_MAX && EXEMPTS_MAX >= STORE_IMAGE_MAX, "one limit");
	return image->n < EXEMPTS_MAX ? image->n : EXEMPTS_MAX;
}

struct rules_reading *
rules_reading_new(enum store_table table, const struct store_image *image,
	const struct check_set *checks, struct rules *before)
{
	struct rules_reading *r = heap_calloc(1, sizeof(*r));
	struct rules *rules = heap_calloc(1, sizeof(*rules));
	size_t n = records(image);

	must(table == STORE_EXEMPT || table == STORE_MAILBOX);
	rules->refs = 1;
	arena_init(&rules->arena, ARENA_FIRST, ARENA_LIMIT);
	if (table == STORE_EXEMPT)
		rules->exempts = exempts_new(&rules->arena, n);
	else
		rules->mailboxes = mailboxes_new(&rules->arena, n);
	rules->read = heap_calloc(n + 1, sizeof(*rules->read));
	*r = (struct rules_reading){.table = table,
		.image = image,
		.checks = {.n = checks->n, .check = checks->check},
		.before = rules_ref(before),
		.rules = rules,
		.now_ms = clock_ms()};
	return r;
}

/* The same record of the image before, if its value is the same. */
static const struct was_read *
unchanged(struct rules_reading *r, const struct store_record *record, uint64_t hash)
{
	const struct rules *b = r->before;

	while (b && r->before_at < b->n) {
		const struct was_read *s = &b->read[r->before_at];
		int c = str_cmp(s->key, record->key);
		if (c == 0 && s->hash == hash)
			return s;
		if (c >= 0)
			return NULL;
		r->before_at++;
	}
	return NULL;
}

/* From its key and JSON, or as it was; false: it cannot be read. */
static bool
read_exemption(struct rules_reading *r, const struct store_record *record,
	const struct exemption *was, struct exemption *out)
{
	struct arena *a = &r->rules->arena;
	struct exempt_value v;
	struct errbuf e = {0};

	if (was) {
		*out = *was;
		out->what = arena_str(a, was->what);
		out->reason = arena_str(a, was->reason);
	} else {
		/* A key in another form would be an entry that nobody can remove. */
		if (!exemption_parse(a, record->key, out, &e) || !str_eq(out->what, record->key) ||
			!exempt_value_parse(a, record->value, &r->checks, &v))
			return false;
		out->checks = v.checks;
		out->reason = v.reason;
	}
	exemption_describe(a, out);
	out->stored = true;
	out->until_ms = 0;
	if (record->left_s > 0)
		out->until_ms = r->now_ms +
			1000 *
				(uint64_t)(record->left_s < LEFT_MAX_S ? record->left_s
								       : LEFT_MAX_S);
	return true;
}

static const void *
exemption_entry(struct rules_reading *r, const struct store_record *record, const void *was)
{
	struct exemption *x = arena_new(&r->rules->arena, struct exemption);

	if (!read_exemption(r, record, was, x))
		return NULL;
	exempts_add(r->rules->exempts, x);
	return x;
}

static bool
read_mailbox(struct rules_reading *r, const struct store_record *record, const struct mailbox *was,
	struct mailbox *out)
{
	char room[MAILBOX_WHO_MAX + MAILBOX_TEXT_MAX];
	struct buf b = BUF(room);

	if (was) {
		*out = *was;
		out->text = arena_str(&r->rules->arena, was->text);
	} else {
		if (!mailbox_canonical(record->key, &b) || !str_eq(buf_str(&b), record->key) ||
			!mailbox_value_parse(record->value, &r->checks, &out->switches))
			return false;
		buf_putc(&b, ' ');
		switches_print(&out->switches, &r->checks, &b);
		out->text = arena_str(&r->rules->arena, buf_str(&b));
	}
	out->who = str_slice(out->text, 0, record->key.n);
	return true;
}

static const void *
mailbox_entry(struct rules_reading *r, const struct store_record *record, const void *was)
{
	struct mailbox *m = arena_new(&r->rules->arena, struct mailbox);

	if (!read_mailbox(r, record, was, m))
		return NULL;
	mailboxes_add(r->rules->mailboxes, m);
	return m;
}

static void
read_one(struct rules_reading *r, const struct store_record *record)
{
	struct rules *rules = r->rules;
	struct was_read *s = &rules->read[rules->n++];

	s->key = arena_str(&rules->arena, record->key);
	s->hash = hash_str(record->value);
	const struct was_read *same = unchanged(r, record, s->hash);
	if (!same || same->entry)
		s->entry = (r->table == STORE_EXEMPT ? exemption_entry : mailbox_entry)(
			r, record, same ? same->entry : NULL);
	if (!s->entry && rules->unread++ == 0)
		rules->unread_key = s->key;
}

bool
rules_reading_step(struct rules_reading *r, uint64_t max_us)
{
	uint64_t until = clock_us() + max_us;
	size_t n = records(r->image);

	do {
		for (size_t i = 0; i < STEP && r->at < n; i++)
			read_one(r, r->image->record[r->at++]);
	} while (r->at < n && clock_us() < until);
	return r->at < n;
}

struct rules *
rules_reading_done(struct rules_reading *r)
{
	struct rules *rules = r->rules;

	r->rules = NULL;
	rules_reading_free(r);
	return rules;
}

void
rules_reading_free(struct rules_reading *r)
{
	if (!r)
		return;
	rules_unref(r->before);
	rules_unref(r->rules);
	heap_free(r);
}

struct rules *
rules_read(enum store_table table, const struct store_image *image, const struct check_set *checks)
{
	struct rules_reading *r = rules_reading_new(table, image, checks, NULL);

	while (rules_reading_step(r, 1000000))
		continue;
	return rules_reading_done(r);
}

/* --- generations --- */

struct with_rules {
	struct generation generation; /* first */
	struct generation *base;
	struct rules *exempt, *mailbox;
};

static void
release(struct generation *g)
{
	struct with_rules *w = (struct with_rules *)g;

	rules_unref(w->exempt);
	rules_unref(w->mailbox);
	generation_unref(w->base);
	heap_free(w);
}

struct generation *
rules_generation(struct generation *base, const struct rules_now *now)
{
	struct with_rules *w = heap_calloc(1, sizeof(*w));
	struct policy *p = &w->generation.policy;

	w->generation = *base;
	w->generation.refs = 1;
	w->generation.release = release;
	w->base = generation_ref(base);
	w->exempt = rules_ref(now->exempt);
	w->mailbox = rules_ref(now->mailbox);
	p->exempts.table[EXEMPTS_STORED] = rules_exempts(now->exempt);
	p->mailboxes = rules_mailboxes(now->mailbox);
	p->rules_unknown = now->unknown;
	return &w->generation;
}
