/* wire/callout: see callout.h. */
#include "wire/callout.h"

#include "base/cursor.h"

enum { ASK = 1, ANSWER = 2 };

enum callout_frame_status
callout_frame_read(struct str bytes, struct callout_frame *out, size_t *used_out)
{
	struct cursor c = cursor_on(bytes);
	size_t n = cursor_u16(&c);

	if (!cursor_ok(&c))
		return CALLOUT_FRAME_MORE;
	if (n + 2 > CALLOUT_FRAME_MAX)
		return CALLOUT_FRAME_BAD;
	if (cursor_left(&c) < n)
		return CALLOUT_FRAME_MORE;
	c = cursor_on(str_slice(bytes, 2, n + 2));
	uint8_t type = cursor_u8(&c);
	struct callout_frame f = {.is_answer = type == ANSWER, .id = cursor_u32(&c)};
	if (f.is_answer)
		f.hold_s = cursor_u32(&c);
	f.body = cursor_rest(&c);
	if (!cursor_ok(&c) || (type != ASK && type != ANSWER))
		return CALLOUT_FRAME_BAD;
	*out = f;
	*used_out = n + 2;
	return CALLOUT_FRAME_OK;
}

void
callout_frame_put(const struct callout_frame *f, struct buf *out)
{
	size_t n = 1 + 4 + (f->is_answer ? 4u : 0u) + f->body.n;

	if (n + 2 > CALLOUT_FRAME_MAX || out->max - out->n < n + 2)
		return;
	buf_put16(out, (uint16_t)n);
	buf_putc(out, f->is_answer ? ANSWER : ASK);
	buf_put32(out, f->id);
	if (f->is_answer)
		buf_put32(out, f->hold_s);
	buf_put(out, f->body);
}
