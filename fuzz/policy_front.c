/*
 * policy_front: a whole connection of the policy front, with a made-up gate and stream.
 *
 * The first byte is the length of pieces; bytes 0x01 in the rest are not sent, but give the verdict
 * that is pending; 0x02 makes the verdicts that follow wait or not.  Whatever comes in whatever
 * pieces, each request gets exactly one answer, each in one write, in the end.
 */
#include "front/fake_gate.h"
#include "base/must.h"
#include "fake_stream.h"
#include "front/policy.h"
#include "reply_check.h"
#include "wire/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t answers;

static void
on_write(struct str bytes)
{
	answers++;
	check_policy_answer(bytes);
}

static void
answer_one(void)
{
	if (fake_gate_answer())
		fake_stream_turn();
}

static size_t
requests_in(struct str bytes, bool *bad)
{
	struct policy_request q;
	size_t n = 0, used;

	for (;; n++) {
		struct policy_reader r = {0};
		enum policy_status status = policy_read(&r, bytes, &q, &used);
		*bad = status == POLICY_BAD;
		if (status != POLICY_REQUEST)
			return n;
		bytes = str_skip(bytes, used);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char sent_room[1 << 20];
	struct buf sent = BUF(sent_room);
	size_t at = 0;

	if (size < 1 || size >= sizeof(sent_room))
		return 0;
	answers = 0;
	fake_gate_reset();
	fake_gate_stamp.results = STR("mx.example;\n\tiprev=pass");
	fake_gate_stamp.received_spf = STR("none");
	fake_stream_reset();
	fake_stream_on_write = on_write;
	struct front *f = front_policy_new(NULL, NULL, &FRONT_LIMITS_DEFAULT);
	front_accept(f, -1);
	for (size_t i = 1; i < size; i++) {
		if (data[i] == 1)
			answer_one();
		else if (data[i] == 2)
			fake_gate_later = !fake_gate_later;
		else
			buf_putc(&sent, (char)data[i]);
		if (sent.n - at == 1u + data[0] || (i + 1 == size && sent.n > at)) {
			fake_stream_say(str_slice(buf_str(&sent), at, sent.n));
			at = sent.n;
		}
	}
	if (sent.n > at)
		fake_stream_say(str_slice(buf_str(&sent), at, sent.n));
	while (fake_gate_answer())
		fake_stream_turn();
	bool bad;
	must(answers == requests_in(buf_str(&sent), &bad));
	must(bad == fake_stream_is_closed());
	fake_stream_end();
	must(fake_gate_open() == 0);
	front_free(f);
	return 0;
}
