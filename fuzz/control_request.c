/* control_request: the control codec, both sides.  The same request comes out however the bytes are
 * cut, what is borrowed lies within the bytes, and no answer that passes can command a terminal. */
#include "base/must.h"
#include "wire/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(struct str part, struct str whole)
{
	must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

/* As a stream would show it: growing pieces. */
static enum control_request
read_in_pieces(struct str bytes, size_t step, struct str *line_out)
{
	enum control_request request = CONTROL_MORE;

	for (size_t n = 0; request == CONTROL_MORE && n < bytes.n;) {
		n = bytes.n - n > step ? n + step : bytes.n;
		request = control_read(str_slice(bytes, 0, n), line_out);
	}
	return request;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	struct str whole = {0}, pieces = {0}, answer = {0};
	enum control_request request = control_read(bytes, &whole);

	must(read_in_pieces(bytes, 1 + data[0] % 64, &pieces) == request);
	must(str_eq(whole, pieces));
	must(request != CONTROL_MORE || bytes.n < CONTROL_REQUEST_MAX);
	must(whole.n < CONTROL_REQUEST_MAX && str_find(whole, '\n') == whole.n);
	check_inside(whole, bytes);
	if (!control_answer(bytes, &answer))
		return 0;
	check_inside(answer, bytes);
	must(answer.n + 1 == bytes.n && answer.n < CONTROL_ANSWER_MAX);
	for (size_t i = 0; i < answer.n; i++)
		must(chr_is_print(answer.p[i]));
	return 0;
}
