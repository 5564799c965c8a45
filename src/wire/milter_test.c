/* Unit tests of the milter codec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/milter.h"

static void
assert_str(struct str got, struct str want)
{
	if (!str_eq(got, want)) {
		char room[1024];
		struct buf b = BUF(room);
		buf_put_escaped(&b, got, 200);
		buf_puts(&b, " instead of ");
		buf_put_escaped(&b, want, 200);
		fail_msg("%.*s", STR_ARG(buf_str(&b)));
	}
}

static void
test_frames(void **state)
{
	static const struct {
		struct str bytes;
		enum milter_status status;
		char command;
		size_t used, data;
	} rows[] = {
		{STR_INIT("\0\0\0\1A"), MILTER_FRAME, 'A', 5, 0},
		{STR_INIT("\0\0\0\3Hx\0more"), MILTER_FRAME, 'H', 7, 2},
		{STR_INIT("\0\0\0\1\0"), MILTER_FRAME, '\0', 5, 0},
		{STR_INIT(""), MILTER_MORE, 0, 0, 0},
		{STR_INIT("\0\0\0"), MILTER_MORE, 0, 0, 0},
		{STR_INIT("\0\0\0\1"), MILTER_MORE, 0, 0, 0},
		{STR_INIT("\0\0\0\2A"), MILTER_MORE, 0, 0, 0},
		{STR_INIT("\0\x10\0\0H"), MILTER_MORE, 0, 0, 0},
		/* These are refused at once, not when so much has come. */
		{STR_INIT("\0\0\0\0"), MILTER_BAD, 0, 0, 0},
		{STR_INIT("\0\x10\0\1"), MILTER_BAD, 0, 0, 0},
		{STR_INIT("\x7f\xff\xff\xff"), MILTER_BAD, 0, 0, 0},
		{STR_INIT("\xff\xff\xff\xff"), MILTER_BAD, 0, 0, 0},
		{STR_INIT("GET / HTTP/1.1"), MILTER_BAD, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_frame f = {0};
		size_t used = 0;
		enum milter_status got = milter_read(rows[i].bytes, &f, &used);
		if (got != rows[i].status || used != rows[i].used || f.command != rows[i].command ||
			f.data.n != rows[i].data)
			fail_msg("row %zu: status %d, used %zu", i, (int)got, used);
	}
}

static void
test_negotiate(void **state)
{
	static const struct {
		struct str data;
		bool ok;
		struct milter_terms want; /* where the header is to come */
	} rows[] = {
		/* Postfix 3.7, Sendmail 8.17. */
		{STR_INIT("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"), true, {6, 0x131, 0xf4a90}},
		/* A later version than ours. */
		{STR_INIT("\0\0\0\7\0\0\1\xff\0\x1f\xff\xff"), true, {6, 0x131, 0xf4a90}},
		/* The older ones, with what existed then. */
		{STR_INIT("\0\0\0\2\0\0\0\x3f\0\0\0\x7f"), true, {2, 0x31, 0x10}},
		{STR_INIT("\0\0\0\3\0\0\0\x3f\0\0\1\x7f"), true, {3, 0x31, 0x10}},
		{STR_INIT("\0\0\0\4\0\0\0\x3f\0\0\3\x7f"), true, {4, 0x31, 0x210}},
		/* Nothing offered, nothing wanted. */
		{STR_INIT("\0\0\0\6\0\0\0\0\0\0\0\0"), true, {6, 0, 0}},
		/* More behind it is none of our business. */
		{STR_INIT("\0\0\0\6\0\0\0\1\0\0\0\0more"), true, {6, 1, 0}},
		{STR_INIT("\0\0\0\1\0\0\0\x3f\0\0\0\x7f"), false, {0}},
		{STR_INIT("\0\0\0\0\0\0\0\x3f\0\0\0\x7f"), false, {0}},
		{STR_INIT("\0\0\0\6\0\0\0\x3f\0\0\0"), false, {0}},
		{STR_INIT(""), false, {0}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_terms t = {0};
		bool ok = milter_negotiate(rows[i].data, true, &t);
		if (ok != rows[i].ok || t.version != rows[i].want.version ||
			t.actions != rows[i].want.actions || t.protocol != rows[i].want.protocol)
			fail_msg("row %zu: %d, version %u, actions %x, protocol %x", i, ok,
				t.version, t.actions, t.protocol);
	}
	/* Nobody wants the header: those that can are told to keep it. */
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t offered =
			str_eq(str_slice(rows[i].data, 8, 12), STR("\0\0\0\0")) ? 0 : 0x60;
		struct milter_terms t = {0};
		if (milter_negotiate(rows[i].data, false, &t))
			assert_int_equal(t.protocol, rows[i].want.protocol | offered);
	}
}

static void
test_put_terms(void **state)
{
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);
	struct milter_terms plain = {4, 0x21, 0x210}, lists = {6, 0x121, 0xf4a90};

	milter_put_terms(&b, &plain);
	assert_str(buf_str(&b), STR("\0\0\0\x0dO\0\0\0\4\0\0\0\x21\0\0\2\x10"));

	buf_reset(&b);
	milter_put_terms(&b, &lists);
	struct milter_frame f;
	size_t used;
	assert_int_equal(milter_read(buf_str(&b), &f, &used), MILTER_FRAME);
	assert_int_equal(used, b.n);
	struct cursor c = cursor_on(f.data);
	assert_int_equal(cursor_u32(&c), 6);
	assert_int_equal(cursor_u32(&c), 0x121);
	assert_int_equal(cursor_u32(&c), 0xf4a90);
	assert_int_equal(cursor_u32(&c), 1);
	assert_str(cursor_z(&c), STR("{tls_version}"));
	assert_int_equal(cursor_u32(&c), 2);
	assert_str(cursor_z(&c), STR("i {auth_type} {auth_authen}"));
	assert_int_equal(cursor_u32(&c), 3);
	assert_true(str_contains(cursor_z(&c), STR("{rcpt_mailer}")));
	assert_int_equal(cursor_u32(&c), 5);
	assert_str(cursor_z(&c), STR("i"));
	assert_true(cursor_ok(&c));
	assert_int_equal(cursor_left(&c), 0);
}

static void
test_connect(void **state)
{
	static const struct {
		struct str data;
		bool ok;
		char family;
		uint16_t port;
		const char *ip; /* "": none */
	} rows[] = {
		{STR_INIT("mx.example\0"
			  "4\xc3\x50"
			  "192.0.2.1\0"),
			true, '4', 50000, "192.0.2.1"},
		{STR_INIT("[192.0.2.1]\0"
			  "4\0\x19"
			  "192.0.2.1\0"),
			true, '4', 25, "192.0.2.1"},
		{STR_INIT("mx.example\0"
			  "6\0\0"
			  "2001:db8::1\0"),
			true, '6', 0, "2001:db8::1"},
		{STR_INIT("mx.example\0"
			  "6\0\0IPv6:2001:db8::1\0"),
			true, '6', 0, "2001:db8::1"},
		{STR_INIT("mx.example\0"
			  "6\0\0ipV6:2001:DB8::1\0"),
			true, '6', 0, "2001:db8::1"},
		/* IPv4-mapped is IPv4. */
		{STR_INIT("mx.example\0"
			  "6\0\0IPv6:::ffff:192.0.2.1\0"),
			true, '6', 0, "192.0.2.1"},
		{STR_INIT("localhost\0L\0\0/run/smtp\0"), true, 'L', 0, ""},
		{STR_INIT("localhost\0L\0\0"
			  "192.0.2.1\0"),
			true, 'L', 0, ""},
		{STR_INIT("unknown\0U"), true, 'U', 0, ""},
		{STR_INIT("unknown\0U\0"), true, 'U', 0, ""},
		{STR_INIT("\0U"), true, 'U', 0, ""},
		{STR_INIT("x\0"
			  "4\0\x19unknown\0"),
			true, '4', 25, ""},
		{STR_INIT("x\0"
			  "4\0\x19\0"),
			true, '4', 25, ""},
		{STR_INIT("x\0Z\0\x19"
			  "192.0.2.1\0"),
			true, 'Z', 25, "192.0.2.1"},
		{STR_INIT("x\0"
			  "4\0\x19"
			  "192.0.2.1"),
			false, 0, 0, ""},
		{STR_INIT("x\0"
			  "4\0\x19"),
			false, 0, 0, ""},
		{STR_INIT("x\0"
			  "4\0"),
			false, 0, 0, ""},
		{STR_INIT("x\0"), false, 0, 0, ""},
		{STR_INIT("x"), false, 0, 0, ""},
		{STR_INIT(""), false, 0, 0, ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_connect m = {0};
		char text[IP_TEXT_MAX] = "";
		bool ok = milter_connect_parse(rows[i].data, &m);
		if (m.ip.len)
			ip_text(&m.ip, text);
		if (ok != rows[i].ok || m.family != rows[i].family || m.port != rows[i].port ||
			strcmp(text, rows[i].ip) != 0)
			fail_msg("row %zu: %d %c %u %s", i, ok, m.family, m.port, text);
	}
}

static void
test_helo_and_paths(void **state)
{
	static const struct {
		struct str data;
		bool ok;
		struct str address, args;
	} rows[] = {
		{STR_INIT("<a@b.example>\0"), true, STR_INIT("a@b.example"), STR_INIT("")},
		{STR_INIT("<>\0"), true, STR_INIT(""), STR_INIT("")},
		{STR_INIT("\0"), true, STR_INIT(""), STR_INIT("")},
		{STR_INIT("<\0"), true, STR_INIT("<"), STR_INIT("")},
		{STR_INIT("a@b\0"), true, STR_INIT("a@b"), STR_INIT("")},
		{STR_INIT("<a@b\0"), true, STR_INIT("<a@b"), STR_INIT("")},
		{STR_INIT("<a@b>\0SIZE=1\0BODY=8BITMIME\0"), true, STR_INIT("a@b"),
			STR_INIT("SIZE=1\0BODY=8BITMIME\0")},
		{STR_INIT("<a@b>"), false, STR_INIT(""), STR_INIT("")},
		{STR_INIT(""), false, STR_INIT(""), STR_INIT("")},
	};
	struct str name;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_path p = {0};
		assert_int_equal(milter_path_parse(rows[i].data, &p), rows[i].ok);
		assert_str(p.address, rows[i].address);
		assert_str(p.args, rows[i].args);
	}
	assert_true(milter_helo_parse(STR("mail.example\0"), &name));
	assert_str(name, STR("mail.example"));
	assert_true(milter_helo_parse(STR("\0"), &name));
	assert_str(name, STR(""));
	assert_false(milter_helo_parse(STR("mail.example"), &name));
	assert_false(milter_helo_parse(STR(""), &name));
}

static void
test_path_arguments(void **state)
{
	static const struct {
		struct str data;
		bool has;
	} rows[] = {
		{STR_INIT("<a@b>\0SIZE=1\0SMTPUTF8\0BODY=8BITMIME\0"), true},
		{STR_INIT("<a@b>\0smtputf8\0"), true},
		{STR_INIT("<a@b>\0SMTPUTF8=1\0"), false},
		{STR_INIT("<SMTPUTF8>\0SIZE=1\0"), false},
		{STR_INIT("<a@b>\0XSMTPUTF8\0"), false},
		{STR_INIT("<a@b>\0"), false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_path p;
		assert_true(milter_path_parse(rows[i].data, &p));
		assert_int_equal(milter_path_has(&p, STR("SMTPUTF8")), rows[i].has);
	}
}

static void
test_headers(void **state)
{
	static const struct {
		struct str data;
		bool ok;
		struct str name, value;
	} rows[] = {
		{STR_INIT("Subject\0a\n\tb\0"), true, STR_INIT("Subject"), STR_INIT("a\n\tb")},
		{STR_INIT("X\0\0"), true, STR_INIT("X"), STR_INIT("")},
		{STR_INIT("\0\0"), true, STR_INIT(""), STR_INIT("")},
		{STR_INIT("X\0a\0b\0"), true, STR_INIT("X"), STR_INIT("a\0b")},
		{STR_INIT("X\0a"), false, STR_INIT(""), STR_INIT("")},
		{STR_INIT("X\0"), false, STR_INIT(""), STR_INIT("")},
		{STR_INIT("X"), false, STR_INIT(""), STR_INIT("")},
		{STR_INIT(""), false, STR_INIT(""), STR_INIT("")},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str name = STR(""), value = STR("");
		assert_int_equal(milter_header_parse(rows[i].data, &name, &value), rows[i].ok);
		assert_str(name, rows[i].name);
		assert_str(value, rows[i].value);
	}
}

static void
test_macros(void **state)
{
	struct cursor c;
	struct str name, value;
	char command;

	assert_false(milter_macros_parse(STR(""), &command, &c));

	assert_true(
		milter_macros_parse(STR("M{auth_type}\0PLAIN\0i\0\0{cut}\0rest"), &command, &c));
	assert_int_equal(command, 'M');
	assert_true(milter_macro_next(&c, &name, &value));
	assert_str(name, STR("{auth_type}"));
	assert_str(value, STR("PLAIN"));
	assert_true(milter_macro_next(&c, &name, &value));
	assert_str(name, STR("i"));
	assert_str(value, STR(""));
	assert_false(milter_macro_next(&c, &name, &value));
	assert_false(milter_macro_next(&c, &name, &value));

	assert_true(milter_macros_parse(STR("C"), &command, &c));
	assert_false(milter_macro_next(&c, &name, &value));
}

static void
test_plain_replies(void **state)
{
	char room[64];
	struct buf b = BUF(room);

	milter_put(&b, MILTER_CONTINUE);
	milter_put(&b, MILTER_ACCEPT);
	milter_put(&b, MILTER_REJECT);
	milter_put(&b, MILTER_TEMPFAIL);
	milter_put(&b, MILTER_PROGRESS);
	assert_str(buf_str(&b), STR("\0\0\0\1c\0\0\0\1a\0\0\0\1r\0\0\0\1t\0\0\0\1p"));
}

static void
test_replycode(void **state)
{
	static const struct str lines[] = {STR_INIT("100% of it\r\nis wrong"), STR_INIT("second"),
		STR_INIT(""), STR_INIT("see https://x.example/%25")};
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);

	milter_put_replycode(&b, 550, STR("5.7.25"), lines, 1);
	assert_str(buf_str(&b), STR("\0\0\0\x22y550 5.7.25 100%% of it??is wrong\0"));
	buf_reset(&b);
	milter_put_replycode(&b, 451, STR("5.7.25"), lines, 4);
	assert_str(str_skip(buf_str(&b), 4),
		STR("y451-4.7.1 100%% of it??is wrong\r\n451-4.7.1 second\r\n"
		    "451-4.7.1 \r\n451 4.7.1 see https://x.example/%%25\0"));
	assert_int_equal(b.p[3], b.n - 4);
}

static void
test_longest_replies(void **state)
{
	static char text[5000];
	struct str lines[MILTER_LINES_MAX];
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);
	struct milter_frame f;
	size_t used;

	memset(text, '%', sizeof(text));
	for (size_t i = 0; i < MILTER_LINES_MAX; i++)
		lines[i] = str_from(text, sizeof(text));
	milter_put_replycode(&b, 550, STR("5.123.456"), lines, MILTER_LINES_MAX);
	assert_int_equal(milter_read(buf_str(&b), &f, &used), MILTER_FRAME);
	assert_int_equal(used, b.n);
	assert_int_equal(f.data.n,
		MILTER_LINES_MAX * (14 + MILTER_LINE_MAX) + (MILTER_LINES_MAX - 1) * 2 + 1);

	buf_reset(&b);
	milter_put_addheader(&b, STR("X-Mxward"), str_from(text, sizeof(text)));
	assert_int_equal(milter_read(buf_str(&b), &f, &used), MILTER_FRAME);
	assert_int_equal(used, b.n);
	assert_int_equal(f.data.n, MILTER_HEADER_MAX + 2);

	buf_reset(&b);
	milter_put_insheader(&b, STR("X-Mxward"), str_from(text, sizeof(text)));
	assert_int_equal(milter_read(buf_str(&b), &f, &used), MILTER_FRAME);
	assert_int_equal(used, b.n);
	assert_int_equal(f.data.n, 4 + MILTER_HEADER_MAX + 2);

	buf_reset(&b);
	milter_put_quarantine(&b, str_from(text, sizeof(text)));
	assert_int_equal(milter_read(buf_str(&b), &f, &used), MILTER_FRAME);
	assert_int_equal(f.data.n, MILTER_LINE_MAX + 1);
}

static void
test_addheader(void **state)
{
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);

	milter_put_addheader(&b, STR("X-Mxward"), STR("score=4 100%\n\0X: y"));
	assert_str(buf_str(&b), STR("\0\0\0\x1dhX-Mxward\0score=4 100%??X: y\0"));
}

/* A line end stays where it folds, and nowhere else. */
static void
test_insheader(void **state)
{
	static const struct {
		struct str value, want;
	} cases[] = {{STR_INIT("a;\n\tb"), STR_INIT("i\0\0\0\0X-A\0a;\n\tb\0")},
		{STR_INIT("a\tb\nc"), STR_INIT("i\0\0\0\0X-A\0a?b?c\0")},
		{STR_INIT("a\n\t\t\n"), STR_INIT("i\0\0\0\0X-A\0a\n\t??\0")},
		{STR_INIT("\r\n b\0"), STR_INIT("i\0\0\0\0X-A\0?? b?\0")},
		{STR_INIT(""), STR_INIT("i\0\0\0\0X-A\0\0")}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[MILTER_OUT_MAX];
		struct buf b = BUF(room);
		struct str want = cases[i].want;
		milter_put_insheader(&b, STR("X-A"), cases[i].value);
		assert_int_equal(b.n, 4 + want.n);
		assert_int_equal((unsigned char)b.p[3], want.n);
		assert_memory_equal(b.p + 4, want.p, want.n);
	}
}

static void
test_other_changes(void **state)
{
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);

	milter_put_delheader(&b, 258, STR("X-A"));
	assert_str(buf_str(&b), STR("\0\0\0\x0am\0\0\1\2X-A\0\0"));
	assert_int_equal(b.n, MILTER_DELHEADER_SIZE(3));
	buf_reset(&b);
	milter_put_quarantine(&b, STR("spam\r\nX"));
	assert_str(buf_str(&b), STR("\0\0\0\x09qspam??X\0"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_negotiate),
		cmocka_unit_test(test_put_terms),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_helo_and_paths),
		cmocka_unit_test(test_path_arguments),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_plain_replies),
		cmocka_unit_test(test_replycode),
		cmocka_unit_test(test_longest_replies),
		cmocka_unit_test(test_addheader),
		cmocka_unit_test(test_insheader),
		cmocka_unit_test(test_other_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
