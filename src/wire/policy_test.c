/* Unit tests of the policy delegation codec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/policy.h"

/* What Postfix 3.7 sends at RCPT. */
#define POSTFIX_REQUEST                                                    \
	"request=smtpd_access_policy\nprotocol_state=RCPT\n"               \
	"protocol_name=ESMTP\nclient_address=203.0.113.5\n"                \
	"client_name=unknown\nclient_port=52011\n"                         \
	"reverse_client_name=a.example\nserver_address=192.0.2.25\n"       \
	"server_port=25\nhelo_name=mail.example\nsender=ann@example.com\n" \
	"recipient=bob@example.org\nrecipient_count=0\nqueue_id=\n"        \
	"instance=5f2c.65a1.0\nsize=1024\netrn_domain=\nstress=\n"         \
	"sasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\n"     \
	"ccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"   \
	"encryption_protocol=TLSv1.3\nencryption_cipher=AES\n"             \
	"encryption_keysize=256\npolicy_context=inbound\n\n"

static void
assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

static enum policy_status
read_all(struct str bytes, struct policy_request *q, size_t *used)
{
	struct policy_reader r = {0};

	return policy_read(&r, bytes, q, used);
}

static void
test_postfix_request(void **state)
{
	struct policy_request q;
	size_t used;

	assert_int_equal(read_all(STR(POSTFIX_REQUEST "request=x"), &q, &used), POLICY_REQUEST);
	assert_int_equal(used, sizeof(POSTFIX_REQUEST) - 1);
	assert_str(q.request, "smtpd_access_policy");
	assert_str(q.protocol_state, "RCPT");
	assert_str(q.protocol_name, "ESMTP");
	assert_str(q.client_address, "203.0.113.5");
	assert_str(q.client_name, "unknown");
	assert_str(q.client_port, "52011");
	assert_str(q.reverse_client_name, "a.example");
	assert_str(q.server_address, "192.0.2.25");
	assert_str(q.server_port, "25");
	assert_str(q.helo_name, "mail.example");
	assert_str(q.sender, "ann@example.com");
	assert_str(q.recipient, "bob@example.org");
	assert_str(q.recipient_count, "0");
	assert_str(q.queue_id, "");
	assert_str(q.instance, "5f2c.65a1.0");
	assert_str(q.sasl_method, "");
	assert_str(q.sasl_username, "");
	assert_str(q.encryption_protocol, "TLSv1.3");
	assert_str(q.policy_context, "inbound");
}

/* Each name finds its own place, and no two names share one. */
static void
test_attribute_names(void **state)
{
	static const char *const names[] = {"request", "protocol_state", "protocol_name",
		"helo_name", "queue_id", "sender", "recipient", "recipient_count", "client_address",
		"client_name", "reverse_client_name", "client_port", "instance", "sasl_username",
		"sasl_method", "server_address", "server_port", "policy_context",
		"encryption_protocol"};
	struct policy_request q = {0};

	assert_int_equal(sizeof(q), COUNT(names) * sizeof(struct str));
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str *place = policy_attribute(&q, str_of(names[i]));
		if (!place || place->p)
			fail_msg("%s has no place of its own", names[i]);
		*place = str_of(names[i]);
	}
	assert_null(policy_attribute(&q, STR("")));
	assert_null(policy_attribute(&q, STR("Sender")));
	assert_null(policy_attribute(&q, STR("size")));
	assert_null(policy_attribute(&q, STR("etrn_domain")));
	assert_null(policy_attribute(&q, STR("sasl_sender")));
}

static void
test_outcomes(void **state)
{
	static const struct {
		struct str bytes;
		enum policy_status status;
		const char *sender; /* of a request */
		size_t used;
	} rows[] = {
		{STR_INIT("sender=a\n\n"), POLICY_REQUEST, "a", 10},
		{STR_INIT("sender=a\nsender=b\n\n"), POLICY_REQUEST, "b", 19},
		{STR_INIT("sender=a\nsender=\n\n"), POLICY_REQUEST, "", 18},
		{STR_INIT("sender=a=b\n\n"), POLICY_REQUEST, "a=b", 12},
		{STR_INIT("sender= a \n\n"), POLICY_REQUEST, " a ", 12},
		{STR_INIT("=x\nsender=a\n\n"), POLICY_REQUEST, "a", 13},
		{STR_INIT("invented_later=x\n\n"), POLICY_REQUEST, "", 18},
		{STR_INIT("\n"), POLICY_REQUEST, "", 1},
		{STR_INIT("sender=a\n\nsender=b\n\n"), POLICY_REQUEST, "a", 10},
		{STR_INIT("sender=a\n"), POLICY_MORE, NULL, 0},
		{STR_INIT("sender=a"), POLICY_MORE, NULL, 0},
		{STR_INIT("sender"), POLICY_MORE, NULL, 0},
		{STR_INIT(""), POLICY_MORE, NULL, 0},
		{STR_INIT("sender\n"), POLICY_BAD, NULL, 0},
		{STR_INIT("sender=a\r\n\r\n"), POLICY_BAD, NULL, 0},
		{STR_INIT("sender=a\0b\n\n"), POLICY_BAD, NULL, 0},
		{STR_INIT("size=\0\n\n"), POLICY_BAD, NULL, 0},
		{STR_INIT("GET / HTTP/1.1\n"), POLICY_BAD, NULL, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy_request q = {0};
		size_t used = 0;
		enum policy_status got = read_all(rows[i].bytes, &q, &used);
		if (got != rows[i].status || used != rows[i].used)
			fail_msg("row %zu: status %d, used %zu", i, (int)got, used);
		if (rows[i].sender)
			assert_str(q.sender, rows[i].sender);
	}
}

/* However the bytes are cut, the same request comes out, and not before its last byte. */
static void
test_any_splitting(void **state)
{
	struct str all = STR(POSTFIX_REQUEST);

	for (size_t first = 0; first <= all.n; first++) {
		for (size_t second = first; second <= all.n; second += 1 + second % 37) {
			struct policy_reader r = {0};
			struct policy_request q;
			size_t used;
			enum policy_status s = POLICY_MORE;
			size_t cuts[] = {first, second, all.n};
			for (size_t i = 0; i < COUNT(cuts) && s == POLICY_MORE; i++) {
				s = policy_read(&r, str_slice(all, 0, cuts[i]), &q, &used);
				assert_int_equal(
					s, cuts[i] == all.n ? POLICY_REQUEST : POLICY_MORE);
			}
			assert_int_equal(used, all.n);
			assert_str(q.instance, "5f2c.65a1.0");
			assert_int_equal(r.seen, 0);
		}
	}
}

static void
test_limits(void **state)
{
	static char bytes[POLICY_REQUEST_MAX + 2];
	struct policy_request q;
	size_t used;

	/* A line of just the limit, then one byte more: refused before its end has come. */
	memset(bytes, 'x', sizeof(bytes));
	bytes[0] = '=';
	assert_int_equal(read_all(str_from(bytes, POLICY_LINE_MAX), &q, &used), POLICY_MORE);
	assert_int_equal(read_all(str_from(bytes, POLICY_LINE_MAX + 1), &q, &used), POLICY_BAD);
	bytes[POLICY_LINE_MAX] = bytes[POLICY_LINE_MAX + 1] = '\n';
	assert_int_equal(read_all(str_from(bytes, POLICY_LINE_MAX + 2), &q, &used), POLICY_REQUEST);

	/* A request of just the limit, one that would need a byte more. */
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 2 ? '\n' : '=';
	bytes[POLICY_REQUEST_MAX - 3] = 'x';
	bytes[POLICY_REQUEST_MAX - 2] = bytes[POLICY_REQUEST_MAX - 1] = '\n';
	assert_int_equal(read_all(str_from(bytes, POLICY_REQUEST_MAX), &q, &used), POLICY_REQUEST);
	assert_int_equal(used, POLICY_REQUEST_MAX);
	bytes[POLICY_REQUEST_MAX - 1] = '=';
	assert_int_equal(read_all(str_from(bytes, POLICY_REQUEST_MAX), &q, &used), POLICY_BAD);
}

static void
test_states(void **state)
{
	static const struct {
		const char *name;
		enum policy_state state;
	} rows[] = {
		{"CONNECT", POLICY_CONNECT},
		{"HELO", POLICY_HELO},
		{"EHLO", POLICY_HELO},
		{"MAIL", POLICY_MAIL},
		{"RCPT", POLICY_RCPT},
		{"DATA", POLICY_DATA},
		{"END-OF-MESSAGE", POLICY_EOM},
		{"VRFY", POLICY_OTHER},
		{"ETRN", POLICY_OTHER},
		{"rcpt", POLICY_OTHER},
		{"", POLICY_OTHER},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(policy_state_of(str_of(rows[i].name)), rows[i].state);
}

static void
test_answers(void **state)
{
	char room[POLICY_ANSWER_MAX];
	struct buf b = BUF(room);

	policy_put_dunno(&b);
	assert_str(buf_str(&b), "action=DUNNO\n\n");
	buf_reset(&b);
	policy_put_reply(&b, 550, STR("5.7.25"), STR("no reverse\nname 100%"));
	assert_str(buf_str(&b), "action=550 5.7.25 no reverse?name 100%\n\n");
	buf_reset(&b);
	policy_put_reply(&b, 451, STR("5.7.25"), STR("later"));
	assert_str(buf_str(&b), "action=451 4.7.1 later\n\n");
	buf_reset(&b);
	policy_put_prepend(&b, STR("X-Mxward"), STR("score=4.0\n\nX: y"));
	assert_str(buf_str(&b), "action=PREPEND X-Mxward: score=4.0??X: y\n\n");
	buf_reset(&b);
	policy_put_hold(&b, STR("no name\n\naction=OK"));
	assert_str(buf_str(&b), "action=HOLD no name??action=OK\n\n");
}

/* The longest answers fit the room that is promised, and Postfix's idea of a line. */
static void
test_long_answers(void **state)
{
	static char text[2000];
	char room[POLICY_ANSWER_MAX];
	struct buf b = BUF(room);

	memset(text, 'x', sizeof(text));
	policy_put_reply(&b, 550, STR("5.123.456"), str_from(text, sizeof(text)));
	assert_false(buf_is_cut(&b));
	assert_true(str_has_suffix(buf_str(&b), STR("x\n\n")));
	assert_int_equal(b.n, 7 + 14 + POLICY_TEXT_MAX + 2);
	buf_reset(&b);
	policy_put_prepend(&b, STR("X-Mxward"), str_from(text, sizeof(text)));
	assert_false(buf_is_cut(&b));
	assert_true(str_has_suffix(buf_str(&b), STR("x\n\n")));
	assert_int_equal(b.n, 15 + POLICY_HEADER_MAX + 2);
	buf_reset(&b);
	policy_put_hold(&b, str_from(text, sizeof(text)));
	assert_false(buf_is_cut(&b));
	assert_true(str_has_suffix(buf_str(&b), STR("x\n\n")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix_request),
		cmocka_unit_test(test_attribute_names),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_any_splitting),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_long_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
