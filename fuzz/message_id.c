/* Fuzz target: Message-ID.  What is right stays right when put together again. */
#include <stdint.h>

#include "base/buf.h"
#include "mail/message_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(struct str part, struct str text)
{
	return part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[11000];
	struct buf b = BUF(room);
	struct str text = str_from((const char *)data, size);
	struct message_id m, again;

	if (size > 10000)
		return 0;
	message_id_parse(text, &m);
	must(is_inside(m.left, text) && is_inside(m.right, text));
	for (size_t i = 0; i < MESSAGE_ID_FAULTS; i++)
		must(m.at[i] <= size);
	if (m.faults)
		return 0;
	must(m.left.n && m.right.n);
	must(m.literal == (m.right.p[0] == '['));
	buf_printf(&b, "<%.*s@%.*s>", STR_ARG(m.left), STR_ARG(m.right));
	message_id_parse(buf_str(&b), &again);
	must(!again.faults && str_eq(again.left, m.left) && str_eq(again.right, m.right));
	return 0;
}
