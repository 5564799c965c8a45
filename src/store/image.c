/* store/image: see image.h. */
#include <stdlib.h>

#include "store/image.h"
#include "store/store_private.h"

void
images_init(struct store *s)
{
	for (size_t i = 0; i < STORE_TABLES; i++)
		s->image[i].shown.status = STORE_FAIL;
}

void
images_done(struct store *s)
{
	for (size_t i = 0; i < STORE_TABLES; i++) {
		arena_done(&s->image[i].arena);
		heap_free(s->image[i].list);
	}
}

struct loading {
	struct arena arena;
	struct store_record **list;
	size_t n, room;
	int64_t now;
	bool cut;
};

static struct store_record *
copied(struct arena *a, const struct store_record *r)
{
	struct store_record *copy = arena_new(a, struct store_record);

	*copy = *r;
	copy->key = arena_str(a, r->key);
	copy->value = arena_str(a, r->value);
	for (size_t i = 0; i < r->n_words; i++)
		copy->word[i] = arena_str(a, r->word[i]);
	return copy;
}

static bool
load_one(void *ctx, struct rested *r)
{
	struct loading *l = ctx;

	if (rested_is_over(r, l->now))
		return true;
	if (l->n == STORE_IMAGE_MAX || arena_is_over(&l->arena)) {
		l->cut = true;
		return false;
	}
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->list = heap_realloc(l->list, l->room * sizeof(*l->list));
	}
	rested_age(r, l->now);
	l->list[l->n++] = copied(&l->arena, &r->r);
	return true;
}

bool
image_put_again(struct store *s, const struct store_record *r, struct store_op *out)
{
	int64_t left = r->left_s - (store_now(s) - s->image[r->table].loaded);

	*out = (struct store_op){.op = STORE_PUT,
		.table = r->table,
		.key = r->key,
		.value = r->value,
		.kind = r->kind,
		.keep_s = r->left_s ? left : 0,
		.n_words = r->n_words};
	memcpy(out->word, r->word, sizeof(out->word));
	return (!r->left_s || left > 0) && store_op_is_valid(out);
}

static int
by_key(const void *a, const void *b)
{
	const struct store_record *const *x = a, *const *y = b;

	return str_cmp((*x)->key, (*y)->key);
}

static enum store_status
load(struct store *s, enum store_table table)
{
	struct image *image = &s->image[table];
	struct loading l = {.now = store_now(s)};
	const struct store_query q = {.table = table};

	arena_init(&l.arena, 4096, STORE_IMAGE_BYTES_MAX);
	enum store_status status = s->back->find(s, &q, load_one, &l);
	if (status != STORE_OK) {
		arena_done(&l.arena);
		heap_free(l.list);
		return status;
	}
	if (l.n)
		qsort(l.list, l.n, sizeof(*l.list), by_key);
	if (l.cut && !image->shown.cut)
		store_say(s, STORE_SAY_ERROR,
			"table %s of the store is too large: only %zu records "
			"of it are in force",
			store_tables[table].name, l.n);
	arena_done(&image->arena);
	heap_free(image->list);
	image->list = l.list;
	image->arena = l.arena;
	image->loaded = l.now;
	image->shown = (struct store_image){.generation = image->shown.generation + 1,
		.status = STORE_OK,
		.cut = l.cut,
		.n = l.n,
		.record = (const struct store_record *const *)l.list};
	return STORE_OK;
}

enum store_status
images_load(struct store *s)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; i < STORE_TABLES && status == STORE_OK; i++)
		if (store_tables[i].hot)
			status = load(s, (enum store_table)i);
	return status;
}

const struct store_image *
store_image(const struct store *s, enum store_table table)
{
	must((unsigned)table < STORE_TABLES && store_tables[table].hot);
	return &s->image[table].shown;
}

const struct store_record *
store_image_find(const struct store_image *image, struct str key)
{
	size_t from = 0, to = image->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int c = str_cmp(key, image->record[middle]->key);
		if (c == 0)
			return image->record[middle];
		if (c < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}
