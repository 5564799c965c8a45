/* Unit tests of what of a session is counted over sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fact/session.h"

static void
test_counts(void **state)
{
	static const struct {
		const char *name;
		struct session session;
		int64_t resets, commands, recipients, empty;
	} rows[] = {
		{"nobody tells", {.n = {[SESSION_RESETS] = 9, [SESSION_COMMANDS] = 9}}, 0, 0, 0, 0},
		{"connect and leave", {.known = true}, 0, 0, 0, 1},
		{"one message", {true, {NULL, 0}, {1, 1, 0, 0, 0, 1}}, 0, 0, 0, 0},
		{"one given up for each that is sent", {true, {NULL, 0}, {20, 10, 10, 0, 0, 30}}, 0,
			0, 0, 0},
		{"more are given up", {true, {NULL, 0}, {21, 10, 11, 0, 0, 0}}, 1, 0, 0, 0},
		{"three commands are free", {true, {NULL, 0}, {1, 0, 0, 3, 0, 0}}, 0, 0, 0, 0},
		{"commands", {true, {NULL, 0}, {0, 0, 0, 10, 0, 0}}, 0, 7, 0, 1},
		{"an old list", {true, {NULL, 0}, {1, 1, 0, 0, 40, 60}}, 0, 0, 0, 0},
		{"guesses", {true, {NULL, 0}, {1, 1, 0, 0, 40, 1}}, 0, 0, 39, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct session *s = &rows[i].session;
		print_message("%s\n", rows[i].name);
		assert_int_equal(session_count(s, HISTORY_RESETS), rows[i].resets);
		assert_int_equal(session_count(s, HISTORY_COMMANDS), rows[i].commands);
		assert_int_equal(session_count(s, HISTORY_RECIPIENTS), rows[i].recipients);
		assert_int_equal(session_count(s, HISTORY_EMPTY), rows[i].empty);
		assert_int_equal(session_count(s, HISTORY_CLIENT), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
