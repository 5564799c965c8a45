/* Unit tests of syslog_line: which forms of a log's lines are read, and what they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"
#include "mail/syslog_line.h"

#define TEXT "connect from a.example[192.0.2.1]"

static void
test_dates(void **state)
{
	static const struct {
		int64_t year, days;
		unsigned month, day;
	} cases[] = {
		{1970, 0, 1, 1},
		{1970, 58, 2, 28},
		{1970, 59, 3, 1},
		{1972, 789, 2, 29},
		{2000, 11016, 2, 29},
		{2000, 11017, 3, 1},
		{2026, 20454, 1, 1},
		{2026, 20818, 12, 31},
		{2100, 47540, 2, 28},
		{2100, 47541, 3, 1},
		{1969, -1, 12, 31},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
			days_of_date(cases[i].year, cases[i].month, cases[i].day), cases[i].days);
}

static void
test_forms(void **state)
{
	static const struct {
		const char *line, *host, *program, *pid;
		bool absolute;
		int64_t seconds;
		uint16_t year;
		uint8_t month, day;
	} cases[] = {
		{"Nov  6 01:02:03 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd", "123",
			false, 3723, 0, 11, 6},
		{"Nov 06 01:02:03 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd", "123",
			false, 3723, 0, 11, 6},
		{"Feb 29 23:59:60 mx.example.org postfix-out/smtpd[1]: " TEXT, "mx.example.org",
			"postfix-out/smtpd", "1", false, 86400, 0, 2, 29},
		{"Nov 06 01:02:03.123456 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd",
			"123", false, 3723, 0, 11, 6},
		{"2026-11-06T01:02:03+01:00 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd",
			"123", true, 1793923323, 2026, 11, 6},
		{"2026-11-06T01:02:03.999999-0930 mx postfix/smtpd[123]: " TEXT, "mx",
			"postfix/smtpd", "123", true, 1793961123, 2026, 11, 6},
		{"2026-11-06T00:02:03Z mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd", "123",
			true, 1793923323, 2026, 11, 6},
		{"2026-11-06 01:02:03 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd", "123",
			false, 3723, 2026, 11, 6},
		{"Fri 2026-11-06 00:02:03 UTC mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd",
			"123", true, 1793923323, 2026, 11, 6},
		{"Fri 2026-11-06 01:02:03 CET mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd",
			"123", false, 3723, 2026, 11, 6},
		{"1793923323.000001 mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd", "123",
			true, 1793923323, 0, 0, 0},
		{"<22>Nov  6 01:02:03 postfix/smtpd[123]: " TEXT, "", "postfix/smtpd", "123", false,
			3723, 0, 11, 6},
		{"Nov  6 01:02:03 <mail.info> mx postfix/smtpd[123]: " TEXT, "mx", "postfix/smtpd",
			"123", false, 3723, 0, 11, 6},
		{"Nov  6 01:02:03 mx postfix/smtpd[123]: message repeated 2 times: [ " TEXT "]",
			"mx", "postfix/smtpd", "123", false, 3723, 0, 11, 6},
		{"Nov  6 01:02:03 mx postfix/smtpd[123]:   " TEXT " \r", "mx", "postfix/smtpd",
			"123", false, 3723, 0, 11, 6},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct syslog_line l;
		if (!syslog_line_parse(str_of(cases[i].line), &l))
			fail_msg("not read: %s", cases[i].line);
		if (!str_eq(l.host, str_of(cases[i].host)) ||
			!str_eq(l.program, str_of(cases[i].program)) ||
			!str_eq(l.pid, str_of(cases[i].pid)) || !str_eq(l.text, STR(TEXT)) ||
			l.time.absolute != cases[i].absolute ||
			l.time.seconds != cases[i].seconds || l.time.year != cases[i].year ||
			l.time.month != cases[i].month || l.time.day != cases[i].day)
			fail_msg("%s: %.*s|%.*s|%.*s|%.*s %d %ld", cases[i].line, STR_ARG(l.host),
				STR_ARG(l.program), STR_ARG(l.pid), STR_ARG(l.text),
				l.time.absolute, (long)l.time.seconds);
	}
}

static void
test_other_lines(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		"Nov",
		"Nov  6 01:02:03",
		"Nov  6 01:02:03 mx",
		"Nov  6 01:02:03 mx kernel: something",
		"Nov  6 01:02 mx postfix/smtpd[1]: x",
		"Nov  0 01:02:03 mx postfix/smtpd[1]: x",
		"Nov 32 01:02:03 mx postfix/smtpd[1]: x",
		"Nov  6 24:02:03 mx postfix/smtpd[1]: x",
		"Nox  6 01:02:03 mx postfix/smtpd[1]: x",
		"Nov  6 01:02:03 mx postfix/smtpd[]: x",
		"Nov  6 01:02:03 mx postfix/smtpd[12x]: x",
		"Nov  6 01:02:03 mx postfix/smtpd[99999999999]: x",
		"Nov  6 01:02:03 mx [12]: x",
		"Nov  6 01:02:03 a b c d postfix/smtpd[12]: x",
		"2026-13-06T01:02:03Z mx postfix/smtpd[1]: x",
		"2026-00-06T01:02:03Z mx postfix/smtpd[1]: x",
		"2026-11-00T01:02:03Z mx postfix/smtpd[1]: x",
		"1026-11-06T01:02:03Z mx postfix/smtpd[1]: x",
		"2026-11-06T01:02:03+1 mx postfix/smtpd[1]: x",
		"2026-11-06T01:02:03",
		"1793923323 mx postfix/smtpd[1]: x",
		"<999>Nov  6 01:02:03 mx postfix/smtpd[1]: x",
		"<22 Nov  6 01:02:03 mx postfix/smtpd[1]: x",
		"-- Boot 1234 --",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct syslog_line l;
		if (syslog_line_parse(str_of(cases[i]), &l))
			fail_msg("read: %s", cases[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_other_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
