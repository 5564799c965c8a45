/* policy_request: the policy codec.  The same requests come out however the bytes are cut; what is
 * borrowed lies within the bytes. */
#include "base/must.h"
#include "wire/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_slices(struct policy_request *q, struct str bytes)
{
	const struct str *attr = (const struct str *)q;

	for (size_t i = 0; i < sizeof(*q) / sizeof(*attr); i++) {
		if (!attr[i].p)
			continue;
		must(attr[i].p > bytes.p && attr[i].p + attr[i].n < bytes.p + bytes.n);
		must(str_find(attr[i], '\n') == attr[i].n && str_find(attr[i], '\0') == attr[i].n);
	}
}

/* As a stream would show it: growing pieces, from a request's beginning on. */
static enum policy_status
read_in_pieces(struct str bytes, size_t step, struct policy_request *out, size_t *used_out)
{
	struct policy_reader r = {0};
	enum policy_status status = POLICY_MORE;

	for (size_t n = 0; status == POLICY_MORE && n < bytes.n;) {
		n = bytes.n - n > step ? n + step : bytes.n;
		status = policy_read(&r, str_slice(bytes, 0, n), out, used_out);
	}
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	size_t step = 1 + data[0] % 64;

	for (;;) {
		struct policy_reader r = {0};
		struct policy_request whole = {0}, pieces = {0};
		size_t used = 0, used_pieces = 0;
		enum policy_status status = policy_read(&r, bytes, &whole, &used);

		if (bytes.n > 0)
			must(read_in_pieces(bytes, step, &pieces, &used_pieces) == status);
		must(used == used_pieces);
		if (status != POLICY_REQUEST)
			return 0;
		must(used > 0 && used <= bytes.n && used <= POLICY_REQUEST_MAX);
		must(memcmp(&whole, &pieces, sizeof(whole)) == 0);
		check_slices(&whole, str_slice(bytes, 0, used));
		bytes = str_skip(bytes, used);
	}
}
