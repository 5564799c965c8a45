/* Unit tests of kept callouts: what is printed is read back, anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fact/callout.h"

static void
assert_text(struct str got, struct str want)
{
	if (!str_eq(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

static void
test_there_and_back(void **state)
{
	for (unsigned i = 0; i < CALLOUT_STATUSES; i++) {
		char room[CALLOUT_TEXT_MAX];
		struct buf b = BUF(room);
		struct callout c = {.status = (enum callout_status)i,
				       .code = i * 100,
				       .stage = STR("RCPT TO"),
				       .reason = i % 2 ? STR("time-out") : STR(""),
				       .said = STR("550 no"),
				       .mx = STR("mx.example.com"),
				       .transcript = STR("S: 220 hi\nC: EHLO x")},
			       read;
		if (i % 3)
			assert_true(ip_parse(STR("2001:db8::25"), &c.ip));
		callout_print(&c, &b);
		assert_false(buf_is_cut(&b));
		assert_true(callout_parse(buf_str(&b), &read));
		assert_int_equal(read.status, c.status);
		assert_int_equal(read.code, c.code);
		assert_text(read.stage, c.stage);
		assert_text(read.reason, c.reason);
		assert_text(read.said, c.said);
		assert_text(read.mx, c.mx);
		assert_true(read.ip.len == c.ip.len && (!c.ip.len || ip_eq(&read.ip, &c.ip)));
		assert_text(read.transcript, c.transcript);
	}
}

static void
test_the_longest_fits(void **state)
{
	static char text[10000];
	char room[CALLOUT_TEXT_MAX];
	struct buf b = BUF(room);
	struct callout c = {.status = CALLOUT_NULL_REFUSED, .code = 550}, read;

	memset(text, 'x', sizeof(text));
	c.stage = c.reason = c.said = c.mx = c.transcript = str_from(text, sizeof(text));
	assert_true(ip_parse(STR("2001:db8:1111:2222:3333:4444:5555:6666"), &c.ip));
	callout_print(&c, &b);
	assert_false(buf_is_cut(&b));
	assert_true(callout_parse(buf_str(&b), &read));
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {"", "1 ok 250", "1 ok 250\n\n\n\n\n",
		"2 ok 250\n\n\n\n\n\n", "1 fine 250\n\n\n\n\n\n", "1 ok 600\n\n\n\n\n\n",
		"1 ok\n\n\n\n\n\n", "1 ok x\n\n\n\n\n\n", "1 ok 250\n\n\n\n\n1.2.3\n",
		"1 ok 250\na\tb\n\n\n\n\n", "1 ok 250\n\n\n\n\n\nx\x1by"};
	struct callout c;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(callout_parse(str_of(bad[i]), &c));
	assert_true(callout_parse(STR("1 ok 250\n\n\n\n\n\n"), &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_the_longest_fits),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
