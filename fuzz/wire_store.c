/* Fuzz target: what a worker and the process that owns the store say to each other.  The input is
 * a stream of frames; of what can be read, changes and records are read as well.  Everything that
 * can be read prints back to the same bytes, and a frame is not read before it is whole.  The same
 * stream goes to what a worker makes of images. */
#include "store/client_image.h"
#include "store/record.h"
#include "wire/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char room[STORE_FRAME_MAX];

static void
check_change(struct str blob)
{
	struct store_op op;
	struct buf b = BUF(room);

	if (!store_op_parse(blob, &op))
		return;
	must(store_op_is_valid(&op));
	store_op_print(&op, &b);
	must(!buf_is_cut(&b) && str_eq(buf_str(&b), blob));
}

static void
check_record(const struct store_frame *f, struct str key)
{
	struct store_record r, again;
	struct buf b = BUF(room);
	enum store_table table = (enum store_table)(f->table % STORE_TABLES);

	if (!store_record_parse(f->blob, table, key, &r))
		return;
	must(r.age_s >= 0 && r.idle_s >= 0 && r.left_s >= 0);
	must(r.n_words <= STORE_WORDS_MAX && r.value.n <= STORE_VALUE_MAX);
	store_record_print(&r, &b);
	must(!buf_is_cut(&b));
	/* Times after the present count as the present, so bytes may differ where the record does
	 * not. */
	must(store_record_parse(buf_str(&b), table, key, &again));
	must(again.age_s == r.age_s && again.idle_s == r.idle_s && again.left_s == r.left_s &&
		again.score == r.score && again.kind == r.kind && again.n_words == r.n_words &&
		str_eq(again.value, r.value));
	must(memcmp(again.number, r.number, sizeof(r.number)) == 0);
}

static void
check_image(const struct store_image *image)
{
	for (size_t i = 0; i < image->n; i++) {
		must(i == 0 || str_cmp(image->record[i - 1]->key, image->record[i]->key) < 0);
		must(store_image_find(image, image->record[i]->key) == image->record[i]);
	}
}

static void
check_frame(const struct store_frame *f, struct str bytes)
{
	struct buf b = BUF(room);

	store_frame_print(f, &b);
	must(!buf_is_cut(&b) && str_eq(buf_str(&b), bytes));
	must(store_frame_size(bytes) == bytes.n);
	if (f->type == STORE_FRAME_CHANGE)
		check_change(f->blob);
	if (f->type == STORE_FRAME_ANSWER)
		check_record(f, STR("key"));
	if (f->type == STORE_FRAME_RECORD)
		check_record(f, f->key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct loop *loop;
	struct str bytes = str_from((const char *)data, size);
	struct pictures pictures;
	struct store_frame f;
	size_t used;
	bool whole, sane = true;

	if (size > 65536)
		return 0;
	if (!loop)
		loop = loop_new();
	pictures_init(&pictures, loop);
	while (store_frame_read(bytes, &f, &used) == FRAME_OK) {
		struct store_frame half;
		size_t n;
		must(used <= bytes.n &&
			store_frame_read(str_slice(bytes, 0, used - 1), &half, &n) == FRAME_MORE);
		check_frame(&f, str_slice(bytes, 0, used));
		if (sane && f.type >= STORE_FRAME_BEGIN && f.type <= STORE_FRAME_END) {
			sane = pictures_take(&pictures, &f, &whole);
			if (sane && whole)
				check_image(pictures_image(&pictures, (enum store_table)f.table));
		}
		bytes = str_skip(bytes, used);
	}
	pictures_done(&pictures);
	return 0;
}
