/* store/client_image: see client_image.h. */
#include "base/arena.h"
#include "store/client_image.h"
#include "store/record.h"

/* Few enough bytes to be freed in some microseconds, and so many blocks in one turn of the loop. */
#define BLOCK_BYTES  ((size_t)128 << 10)
#define SWEEP_BLOCKS 8
/* The keeper keeps to STORE_IMAGE_BYTES_MAX; this is for one that does not. */
#define BYTES_MAX (2 * STORE_IMAGE_BYTES_MAX)

struct block {
	struct list link;
	struct arena arena;
};

struct picture {
	struct store_image image;
	const struct store_record **list;
	uint32_t room;	   /* of the list */
	uint64_t theirs;   /* the keeper's number for it */
	size_t bytes;	   /* of all blocks */
	struct list block; /* the last one is being filled */
};

static void
sweep(void *ctx)
{
	struct pictures *p = ctx;

	for (int i = 0; i < SWEEP_BLOCKS && !list_is_empty(&p->litter); i++) {
		struct block *b = LIST_ELEMENT(p->litter.next, struct block, link);
		list_remove(&b->link);
		arena_done(&b->arena);
		heap_free(b);
	}
	if (!list_is_empty(&p->litter))
		timer_set(p->sweep, 0);
}

static void
throw_away(struct pictures *p, struct picture *old)
{
	if (!old)
		return;
	while (!list_is_empty(&old->block)) {
		struct list *link = old->block.next;
		list_remove(link);
		list_add_last(&p->litter, link);
	}
	heap_free(old->list);
	heap_free(old);
	timer_set(p->sweep, 0);
}

void
pictures_init(struct pictures *p, struct loop *l)
{
	*p = (struct pictures){.sweep = timer_new(l, sweep, p)};
	list_init(&p->litter);
}

void
pictures_break(struct pictures *p)
{
	for (size_t t = 0; t < STORE_TABLES; t++) {
		throw_away(p, p->loading[t]);
		p->loading[t] = NULL;
	}
}

void
pictures_done(struct pictures *p)
{
	pictures_break(p);
	for (size_t t = 0; t < STORE_TABLES; t++)
		throw_away(p, p->shown[t]);
	while (!list_is_empty(&p->litter))
		sweep(p);
	timer_free(p->sweep);
}

static bool
begin(struct pictures *p, const struct store_frame *f)
{
	if (f->count > STORE_IMAGE_MAX)
		return false;
	throw_away(p, p->loading[f->table]);
	struct picture *x = heap_calloc(1, sizeof(*x));
	x->image = (struct store_image){.status = STORE_OK, .cut = f->cut};
	x->theirs = f->generation;
	x->room = f->count;
	x->list = heap_alloc((f->count + 1) * sizeof(*x->list));
	list_init(&x->block);
	p->loading[f->table] = x;
	return true;
}

static struct arena *
arena_for(struct picture *x)
{
	struct block *b;

	if (!list_is_empty(&x->block)) {
		b = LIST_ELEMENT(x->block.prev, struct block, link);
		if (b->arena.used < BLOCK_BYTES)
			return &b->arena;
		x->bytes += b->arena.used;
	}
	b = heap_calloc(1, sizeof(*b));
	arena_init(&b->arena, 4096, SIZE_MAX);
	list_add_last(&x->block, &b->link);
	return &b->arena;
}

static bool
add(struct picture *x, const struct store_frame *f)
{
	struct store_record r;

	if (x->image.n == x->room || x->bytes > BYTES_MAX ||
		!store_record_parse(f->blob, (enum store_table)f->table, f->key, &r) ||
		(x->image.n > 0 && str_cmp(x->list[x->image.n - 1]->key, f->key) >= 0))
		return false;
	struct arena *a = arena_for(x);
	struct store_record *copy = arena_alloc(a, sizeof(*copy));
	*copy = r;
	copy->key = arena_str(a, r.key);
	copy->value = arena_str(a, r.value);
	for (size_t i = 0; i < r.n_words; i++)
		copy->word[i] = arena_str(a, r.word[i]);
	x->list[x->image.n++] = copy;
	return true;
}

static bool
end(struct pictures *p, const struct store_frame *f)
{
	struct picture *x = p->loading[f->table];

	if (x->image.n != x->room || x->theirs != f->generation)
		return false;
	x->image.generation = ++p->generation;
	x->image.record = x->list;
	throw_away(p, p->shown[f->table]);
	p->shown[f->table] = x;
	p->loading[f->table] = NULL;
	return true;
}

bool
pictures_take(struct pictures *p, const struct store_frame *f, bool *whole)
{
	*whole = false;
	if (f->table >= STORE_TABLES || !store_tables[f->table].hot)
		return false;
	if (f->type == STORE_FRAME_BEGIN)
		return begin(p, f);
	if (!p->loading[f->table])
		return false;
	if (f->type == STORE_FRAME_RECORD)
		return add(p->loading[f->table], f);
	*whole = end(p, f);
	return *whole;
}

const struct store_image *
pictures_image(const struct pictures *p, enum store_table table)
{
	static const struct store_image none = {.status = STORE_FAIL};

	return p->shown[table] ? &p->shown[table]->image : &none;
}
