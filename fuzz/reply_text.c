/* reply_text: whatever text a reply is made from, it is well-formed.  The first two bytes choose
 * the code; lines of the rest are enhanced code, then text. */
#include "base/must.h"
#include "reply_check.h"
#include "wire/milter.h"
#include "wire/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct milter_frame
frame_of(const struct buf *b)
{
	struct milter_frame f;
	size_t used;

	must(!buf_is_cut(b));
	must(milter_read(buf_str(b), &f, &used) == MILTER_FRAME && used == b->n);
	return f;
}

/* Name and value; a line end stands only where a tab follows. */
static void
check_field(struct str data)
{
	struct str name, value;

	must(str_split(&data, '\0', &name) && str_split(&data, '\0', &value));
	must(data.p && data.n == 0);
	for (size_t i = 0; i < value.n; i++) {
		bool fold = value.p[i] == '\n' && i + 1 < value.n && value.p[i + 1] == '\t';
		must(fold || (value.p[i] >= ' ' && value.p[i] <= '~'));
		i += fold;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char room[MILTER_OUT_MAX], answer[POLICY_ANSWER_MAX];
	struct buf b = BUF(room), a = BUF(answer);
	struct str line[MILTER_LINES_MAX], enhanced;
	size_t n = 0;

	if (size < 2)
		return 0;
	unsigned code = 400 + (unsigned)(data[0] << 8 | data[1]) % 200;
	struct str rest = {(const char *)data + 2, size - 2};
	(void)str_split(&rest, '\n', &enhanced);
	while (n < COUNT(line) && str_split(&rest, '\n', &line[n]))
		n++;
	if (n == 0)
		line[n++] = STR("");

	milter_put_replycode(&b, code, enhanced, line, n);
	struct milter_frame f = frame_of(&b);
	must(f.command == 'y');
	check_replycode(f.data);

	buf_reset(&b);
	milter_put_addheader(&b, STR("X-Mxward"), line[0]);
	f = frame_of(&b);
	must(f.command == 'h');
	check_field(f.data);
	buf_reset(&b);
	milter_put_insheader(&b, STR("X-Mxward"), (struct str){(const char *)data, size});
	f = frame_of(&b);
	must(f.command == 'i');
	check_field(str_skip(f.data, 4));
	buf_reset(&b);
	milter_put_quarantine(&b, line[0]);
	f = frame_of(&b);
	must(f.command == 'q' && str_find(f.data, '\0') == f.data.n - 1);

	policy_put_reply(&a, code, enhanced, line[0]);
	must(!buf_is_cut(&a));
	check_policy_answer(buf_str(&a));
	buf_reset(&a);
	policy_put_hold(&a, line[0]);
	must(!buf_is_cut(&a));
	check_policy_answer(buf_str(&a));
	buf_reset(&a);
	policy_put_prepend(&a, STR("X-Mxward"), line[0].n ? line[0] : STR("x"));
	must(!buf_is_cut(&a));
	check_policy_answer(buf_str(&a));
	return 0;
}
