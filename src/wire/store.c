/* wire/store: see store.h. */
#include "base/cursor.h"
#include "base/must.h"

#include "wire/store.h"

#define LENGTH 4

static void
put64(struct buf *b, uint64_t v)
{
	buf_put32(b, (uint32_t)(v >> 32));
	buf_put32(b, (uint32_t)v);
}

static uint64_t
get64(struct cursor *c)
{
	uint64_t high = cursor_u32(c);

	return high << 32 | cursor_u32(c);
}

static bool
get_bool(struct cursor *c)
{
	uint8_t v = cursor_u8(c);

	if (v > 1)
		cursor_fail(c);
	return v == 1;
}

/* --- reading --- */

static void
read_state(struct cursor *c, struct store_frame_state *s)
{
	s->usable = get_bool(c);
	s->pid = get64(c);
	s->size = get64(c);
	s->queued = get64(c);
	s->written = get64(c);
	s->dropped = get64(c);
	s->failed = get64(c);
	s->damaged = get64(c);
	s->forgotten = get64(c);
	s->put_aside = get64(c);
}

static void
read_body(struct cursor *c, struct store_frame *f)
{
	switch (f->type) {
	case STORE_FRAME_CHANGE:
		f->blob = cursor_rest(c);
		return;
	case STORE_FRAME_ASK:
		f->id = cursor_u32(c);
		f->table = cursor_u8(c);
		f->key = cursor_rest(c);
		return;
	case STORE_FRAME_WATCH:
		return;
	case STORE_FRAME_STATE:
		read_state(c, &f->state);
		return;
	case STORE_FRAME_DONE:
		f->written = cursor_u32(c);
		f->dropped = cursor_u32(c);
		return;
	case STORE_FRAME_ANSWER:
		f->id = cursor_u32(c);
		f->status = cursor_u8(c);
		f->blob = cursor_rest(c);
		return;
	case STORE_FRAME_BEGIN:
		f->table = cursor_u8(c);
		f->cut = get_bool(c);
		f->generation = get64(c);
		f->count = cursor_u32(c);
		return;
	case STORE_FRAME_RECORD:
		f->table = cursor_u8(c);
		f->key = cursor_bytes(c, cursor_u16(c));
		f->blob = cursor_rest(c);
		return;
	case STORE_FRAME_END:
		f->table = cursor_u8(c);
		f->generation = get64(c);
		return;
	}
	cursor_fail(c);
}

enum store_frame_read
store_frame_read(struct str bytes, struct store_frame *out, size_t *used)
{
	struct cursor c = cursor_on(bytes);
	uint32_t n = cursor_u32(&c);

	if (!cursor_ok(&c))
		return FRAME_MORE;
	if (n < 1 || n > STORE_FRAME_MAX - LENGTH)
		return FRAME_BAD;
	if (cursor_left(&c) < n)
		return FRAME_MORE;
	c = cursor_on(cursor_bytes(&c, n));
	*out = (struct store_frame){.type = (enum store_frame_type)cursor_u8(&c)};
	read_body(&c, out);
	if (!cursor_ok(&c) || cursor_left(&c) != 0)
		return FRAME_BAD;
	*used = LENGTH + n;
	return FRAME_OK;
}

/* --- printing --- */

static void
print_state(const struct store_frame_state *s, struct buf *out)
{
	buf_putc(out, s->usable);
	put64(out, s->pid);
	put64(out, s->size);
	put64(out, s->queued);
	put64(out, s->written);
	put64(out, s->dropped);
	put64(out, s->failed);
	put64(out, s->damaged);
	put64(out, s->forgotten);
	put64(out, s->put_aside);
}

static void
print_body(const struct store_frame *f, struct buf *out)
{
	switch (f->type) {
	case STORE_FRAME_CHANGE:
	case STORE_FRAME_WATCH:
		break;
	case STORE_FRAME_ASK:
		buf_put32(out, f->id);
		buf_putc(out, (char)f->table);
		buf_put(out, f->key);
		break;
	case STORE_FRAME_STATE:
		print_state(&f->state, out);
		break;
	case STORE_FRAME_DONE:
		buf_put32(out, f->written);
		buf_put32(out, f->dropped);
		break;
	case STORE_FRAME_ANSWER:
		buf_put32(out, f->id);
		buf_putc(out, (char)f->status);
		break;
	case STORE_FRAME_BEGIN:
		buf_putc(out, (char)f->table);
		buf_putc(out, f->cut);
		put64(out, f->generation);
		buf_put32(out, f->count);
		break;
	case STORE_FRAME_RECORD:
		buf_putc(out, (char)f->table);
		buf_put16(out, (uint16_t)f->key.n);
		buf_put(out, f->key);
		break;
	case STORE_FRAME_END:
		buf_putc(out, (char)f->table);
		put64(out, f->generation);
		break;
	}
}

size_t
store_frame_begin(const struct store_frame *f, struct buf *out)
{
	size_t at = out->n;

	must(f->key.n <= UINT16_MAX);
	buf_put32(out, 0); /* the length comes last */
	buf_putc(out, (char)f->type);
	print_body(f, out);
	return at;
}

void
store_frame_end(struct buf *out, size_t at)
{
	if (buf_is_cut(out))
		return;
	struct buf length = buf_on(out->p + at, LENGTH);
	size_t n = out->n - at;
	must(n >= STORE_FRAME_HEAD && n <= STORE_FRAME_MAX);
	buf_put32(&length, (uint32_t)(n - LENGTH));
}

void
store_frame_print(const struct store_frame *f, struct buf *out)
{
	size_t at = store_frame_begin(f, out);

	buf_put(out, f->blob);
	store_frame_end(out, at);
}

size_t
store_frame_size(struct str bytes)
{
	struct cursor c = cursor_on(bytes);
	size_t n = LENGTH + cursor_u32(&c);

	must(cursor_ok(&c) && n <= bytes.n);
	return n;
}
