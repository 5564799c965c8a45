/* Fuzz target: what a worker and the process that makes callouts say to each other, a stream of
 * frames, and the callouts in them.  A frame is not read before it is whole, and prints back to the
 * same bytes; what is a callout is a callout again when it is printed, with the same in it. */
#include "base/must.h"
#include "fact/callout.h"
#include "wire/callout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_callout(struct str text)
{
	char room[CALLOUT_TEXT_MAX];
	struct buf b = BUF(room);
	struct callout c, again;
	enum callout_status status;

	if (!callout_parse(text, &c))
		return;
	callout_print(&c, &b);
	must(!buf_is_cut(&b) && callout_parse(buf_str(&b), &again));
	must(c.status == again.status && c.code == again.code && c.code <= 599);
	must(str_eq(c.stage, again.stage) && str_eq(c.reason, again.reason));
	must(str_eq(c.said, again.said) && str_eq(c.mx, again.mx));
	must(c.ip.len == again.ip.len && (!c.ip.len || ip_eq(&c.ip, &again.ip)));
	must(str_eq(c.transcript, again.transcript));
	must(callout_status_parse(str_of(callout_status_name(c.status)), &status));
	must(status == c.status);
}

static void
check_frame(const struct callout_frame *f, struct str bytes)
{
	char room[CALLOUT_FRAME_MAX];
	struct buf b = BUF(room);
	struct callout_frame half;
	size_t n;

	must(callout_frame_read(str_slice(bytes, 0, bytes.n - 1), &half, &n) == CALLOUT_FRAME_MORE);
	callout_frame_put(f, &b);
	must(str_eq(buf_str(&b), bytes));
	if (f->is_answer)
		check_callout(f->body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_from((const char *)data, size);
	struct callout_frame f;
	size_t used;

	check_callout(bytes);
	while (callout_frame_read(bytes, &f, &used) == CALLOUT_FRAME_OK) {
		must(used <= bytes.n);
		check_frame(&f, str_slice(bytes, 0, used));
		bytes = str_skip(bytes, used);
	}
	return 0;
}
