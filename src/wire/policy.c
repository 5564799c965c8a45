/*
 * policy: see policy.h.
 *
 * This is the hot path: a whole request is one walk over its lines with memchr(), and names are
 * told apart by length first, so that most of them cost one comparison of a few bytes.
 */
#include "wire/policy.h"

#include "base/must.h"
#include "wire/reply.h"

#define IS(literal) (memcmp(name.p, literal, sizeof(literal) - 1) == 0)

struct str *
policy_attribute(struct policy_request *q, struct str name)
{
	switch (name.n) {
	case 6:
		return IS("sender") ? &q->sender : NULL;
	case 7:
		return IS("request") ? &q->request : NULL;
	case 8:
		return IS("instance") ? &q->instance : IS("queue_id") ? &q->queue_id : NULL;
	case 9:
		return IS("helo_name") ? &q->helo_name : IS("recipient") ? &q->recipient : NULL;
	case 11:
		return IS("client_name")    ? &q->client_name
			: IS("client_port") ? &q->client_port
			: IS("sasl_method") ? &q->sasl_method
			: IS("server_port") ? &q->server_port
					    : NULL;
	case 13:
		return IS("sasl_username")    ? &q->sasl_username
			: IS("protocol_name") ? &q->protocol_name
					      : NULL;
	case 14:
		return IS("client_address")    ? &q->client_address
			: IS("protocol_state") ? &q->protocol_state
			: IS("policy_context") ? &q->policy_context
			: IS("server_address") ? &q->server_address
					       : NULL;
	case 15:
		return IS("recipient_count") ? &q->recipient_count : NULL;
	case 19:
		return IS("reverse_client_name")    ? &q->reverse_client_name
			: IS("encryption_protocol") ? &q->encryption_protocol
						    : NULL;
	default:
		return NULL;
	}
}

enum policy_state
policy_state_of(struct str s)
{
	static const struct {
		struct str name;
		enum policy_state state;
	} states[] = {
		{STR_INIT("RCPT"), POLICY_RCPT},
		{STR_INIT("DATA"), POLICY_DATA},
		{STR_INIT("END-OF-MESSAGE"), POLICY_EOM},
		{STR_INIT("MAIL"), POLICY_MAIL},
		{STR_INIT("EHLO"), POLICY_HELO},
		{STR_INIT("HELO"), POLICY_HELO},
		{STR_INIT("CONNECT"), POLICY_CONNECT},
	};

	for (size_t i = 0; i < COUNT(states); i++)
		if (str_eq(s, states[i].name))
			return states[i].state;
	return POLICY_OTHER;
}

/* Walk the whole lines behind *at up to the empty line that ends the request; *at follows.  With
 * out NULL the lines are only looked at. */
static enum policy_status
walk(struct str bytes, size_t *at, struct policy_request *out)
{
	for (;;) {
		struct str line = str_skip(bytes, *at);
		size_t n = str_find(line, '\n');
		if (n > POLICY_LINE_MAX || *at + n >= POLICY_REQUEST_MAX)
			return POLICY_BAD;
		if (n == line.n)
			return POLICY_MORE;
		line.n = n;
		*at += n + 1;
		if (n == 0)
			return POLICY_REQUEST;
		size_t eq = str_find(line, '=');
		if (eq == n)
			return POLICY_BAD;
		struct str *value = out ? policy_attribute(out, str_slice(line, 0, eq)) : NULL;
		if (value)
			*value = str_skip(line, eq + 1);
	}
}

enum policy_status
policy_read(struct policy_reader *r, struct str bytes, struct policy_request *out, size_t *used_out)
{
	enum policy_status status;

	if (r->seen > 0) {
		status = walk(bytes, &r->seen, NULL);
		if (status != POLICY_REQUEST)
			return status;
		r->seen = 0;
	}
	struct policy_request q = {0};
	status = walk(bytes, &r->seen, &q);
	if (status != POLICY_REQUEST)
		return status;
	/* The slices of q were taken from these very bytes: one search for NUL serves them all. */
	size_t used = r->seen;
	if (str_find(str_slice(bytes, 0, used), '\0') != used)
		return POLICY_BAD;
	r->seen = 0;
	*used_out = used;
	*out = q;
	return POLICY_REQUEST;
}

void
policy_put_dunno(struct buf *b)
{
	buf_put(b, STR("action=DUNNO\n\n"));
}

void
policy_put_reply(struct buf *b, unsigned code, struct str enhanced, struct str text)
{
	buf_put(b, STR("action="));
	reply_put_codes(b, code, ' ', enhanced);
	buf_putc(b, ' ');
	reply_put_text(b, text, POLICY_TEXT_MAX);
	buf_put(b, STR("\n\n"));
}

void
policy_put_prepend(struct buf *b, struct str name, struct str value)
{
	buf_put(b, STR("action=PREPEND "));
	buf_put(b, name);
	buf_put(b, STR(": "));
	reply_put_text(b, value, POLICY_HEADER_MAX - 2 - name.n);
	buf_put(b, STR("\n\n"));
}

void
policy_put_hold(struct buf *b, struct str reason)
{
	buf_put(b, STR("action=HOLD "));
	reply_put_text(b, reason, POLICY_TEXT_MAX);
	buf_put(b, STR("\n\n"));
}
