/* Unit tests of the control codec: requests whole and in pieces, answers that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/control.h"

static void
test_requests(void **state)
{
	static const struct {
		struct str bytes;
		enum control_request want;
		const char *line;
	} rows[] = {
		{STR_INIT("status\n"), CONTROL_STATUS, "status"},
		{STR_INIT("status\r\n"), CONTROL_STATUS, "status"},
		{STR_INIT(" status \n"), CONTROL_STATUS, "status"},
		{STR_INIT("status\nstop\n"), CONTROL_STATUS, "status"},
		{STR_INIT(""), CONTROL_MORE, NULL}, {STR_INIT("status"), CONTROL_MORE, NULL},
		{STR_INIT("\n"), CONTROL_UNKNOWN, ""},
		{STR_INIT("Status\n"), CONTROL_UNKNOWN, "Status"},
		{STR_INIT("status now\n"), CONTROL_UNKNOWN, "status now"},
		{STR_INIT("stat\nus\n"), CONTROL_UNKNOWN, "stat"},
		{STR_INIT("status\0\n"), CONTROL_UNKNOWN, NULL}, /* and not the command before it */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str line = {0};
		assert_int_equal(control_read(rows[i].bytes, &line), rows[i].want);
		if (rows[i].line && !str_eq(line, str_of(rows[i].line)))
			fail_msg("row %zu: line \"%.*s\"", i, STR_ARG(line));
		/* Every beginning is unfinished until the line end is there. */
		for (size_t n = 0; n < str_find(rows[i].bytes, '\n'); n++)
			assert_int_equal(
				control_read(str_slice(rows[i].bytes, 0, n), &line), CONTROL_MORE);
	}
}

static void
test_request_limit(void **state)
{
	char room[CONTROL_REQUEST_MAX + 1];
	struct str line;

	memset(room, 'x', sizeof(room));
	assert_int_equal(
		control_read(str_from(room, CONTROL_REQUEST_MAX - 1), &line), CONTROL_MORE);
	assert_int_equal(
		control_read(str_from(room, CONTROL_REQUEST_MAX), &line), CONTROL_TOO_LONG);
	room[CONTROL_REQUEST_MAX] = '\n';
	assert_int_equal(control_read(str_from(room, sizeof(room)), &line), CONTROL_TOO_LONG);
	room[CONTROL_REQUEST_MAX - 1] = '\n';
	assert_int_equal(control_read(str_from(room, sizeof(room)), &line), CONTROL_UNKNOWN);
	assert_int_equal(line.n, CONTROL_REQUEST_MAX - 1);
}

static void
test_request_round_trip(void **state)
{
	char room[CONTROL_REQUEST_MAX];
	struct buf b = BUF(room);
	struct str line;

	control_put_request(&b, CONTROL_STATUS);
	assert_int_equal(control_read(buf_str(&b), &line), CONTROL_STATUS);
	assert_int_equal(b.n, strlen("status\n"));
}

static void
test_answers(void **state)
{
	static char big[CONTROL_ANSWER_MAX + 1];
	static const struct {
		struct str bytes;
		bool ok;
	} rows[] = {
		{STR_INIT("{\"a\":1}\n"), true},
		{STR_INIT("{}\n"), true},
		{STR_INIT(""), false},
		{STR_INIT("{}"), false},		/* cut */
		{STR_INIT("{}\n{}\n"), false},		/* two */
		{STR_INIT("{\"\033[2J\":1}\n"), false}, /* would clear a screen */
		{STR_INIT("{\"\x9b\":1}\n"), false},
		{STR_INIT("{\"\x7f\":1}\n"), false},
		{STR_INIT("{\"\0\":1}\n"), false},
		{STR_INIT("{}\r\n"), false},
	};
	struct str line;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (control_answer(rows[i].bytes, &line) != rows[i].ok)
			fail_msg("row %zu", i);
		if (rows[i].ok)
			assert_int_equal(line.n, rows[i].bytes.n - 1);
	}
	memset(big, ' ', sizeof(big));
	big[CONTROL_ANSWER_MAX - 1] = '\n';
	assert_true(control_answer(str_from(big, CONTROL_ANSWER_MAX), &line));
	big[CONTROL_ANSWER_MAX - 1] = ' ';
	big[CONTROL_ANSWER_MAX] = '\n';
	assert_false(control_answer(str_from(big, sizeof(big)), &line));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_request_limit),
		cmocka_unit_test(test_request_round_trip),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests_name("wire/control", tests, NULL, NULL);
}
