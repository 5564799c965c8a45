/* Unit tests of mail/date: what real programs write, what is impossible, and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"
#include "mail/date.h"

#define F(f) (1u << DATE_##f)

static struct mail_date
parse(const char *text)
{
	struct mail_date d;

	mail_date_parse(str_of(text), &d);
	return d;
}

static void
assert_date(const char *text, const char *time, uint32_t faults)
{
	struct mail_date d = parse(text);
	char room[CLOCK_TEXT_MAX];
	const char *got = d.known ? clock_text(d.time, room) : "";

	if (strcmp(got, time) != 0 || d.faults != faults)
		fail_msg("\"%s\": got %s, faults %#x; want %s, %#x", text, got, d.faults, time,
			faults);
}

static void
test_right(void **state)
{
	static const struct {
		const char *text, *time;
		int32_t zone;
	} cases[] = {
		{"Thu, 22 Aug 2002 12:36:23 +0100", "2002-08-22T11:36:23Z", 60},
		{"22 Aug 2002 12:36:23 +0100", "2002-08-22T11:36:23Z", 60},
		{"Thu, 22 Aug 2002 07:36:16 -0400 (EDT)", "2002-08-22T11:36:16Z", -240},
		{"Thu, 22 Aug 2002 12:36 GMT", "2002-08-22T12:36:00Z", 0},
		{"THU, 22 AUG 2002 12:36:23 +0000", "2002-08-22T12:36:23Z", 0},
		{"Thu,\n\t22 Aug 2002\r\n 12:36:23 -0000", "2002-08-22T12:36:23Z", 0},
		{" Thu , 22 Aug 02 12 : 36 : 23 EST ", "2002-08-22T17:36:23Z", -300},
		{"Thu(day), 22 (of (the) month)Aug 2002(year) 12(h):36(m):23 PDT",
			"2002-08-22T19:36:23Z", -420},
		{"1 Jan 00 00:00 UT", "2000-01-01T00:00:00Z", 0},
		{"31 Dec 99 23:59:60 GMT", "2000-01-01T00:00:00Z", 0},
		{"1 Jan 49 00:00 GMT", "2049-01-01T00:00:00Z", 0},
		{"1 Jan 50 00:00 GMT", "1950-01-01T00:00:00Z", 0},
		{"1 Jan 102 00:00 GMT", "2002-01-01T00:00:00Z", 0},
		{"1 Jan 1900 00:00 GMT", "1900-01-01T00:00:00Z", 0},
		{"29 Feb 2000 00:00 GMT", "2000-02-29T00:00:00Z", 0},
		{"29 Feb 2024 00:00 +1400", "2024-02-28T10:00:00Z", 840},
		{"Thu, 1 Jan 1970 00:00:00 -1200", "1970-01-01T12:00:00Z", -720},
		{"Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59Z", 0},
		{"31 Dec 9999 00:00:00 +0000", "9999-12-31T00:00:00Z", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_date d = parse(cases[i].text);
		assert_date(cases[i].text, cases[i].time, 0);
		assert_true(d.zone_known);
		assert_int_equal(d.zone, cases[i].zone);
	}
}

/* RFC 5322 4.3: the military zones mean nothing certain, and stand for -0000. */
static void
test_zone_unknown(void **state)
{
	assert_date("22 Aug 2002 12:36:23 R", "2002-08-22T12:36:23Z", 0);
	assert_false(parse("22 Aug 2002 12:36:23 R").zone_known);
	assert_date("22 Aug 2002 12:36:23 J", "2002-08-22T12:36:23Z", F(ZONE_NAME));
	assert_date("22 Aug 2002 12:36:23 XYZT", "2002-08-22T12:36:23Z", F(ZONE_NAME));
	assert_false(parse("22 Aug 2002 12:36:23 XYZT").zone_known);
	assert_date("22 Aug 2002 12:36:23 CEST", "2002-08-22T10:36:23Z", F(ZONE_NAME));
	assert_true(parse("22 Aug 2002 12:36:23 CEST").zone_known);
	assert_date("22 Aug 2002 12:36:23", "2002-08-22T12:36:23Z", F(NO_ZONE));
	assert_date("22 Aug 2002 12:36:23 (GMT)", "2002-08-22T12:36:23Z", F(NO_ZONE));
}

/* Each impossible part is named, and all of them are. */
static void
test_impossible(void **state)
{
	static const struct {
		const char *text;
		uint32_t faults;
		size_t at;
	} cases[] = {
		{"31 Apr 2002 12:00:00 +0000", F(DAY), 0},
		{"31 Jun 2002 12:00:00 +0000", F(DAY), 0},
		{"29 Feb 2002 12:00:00 +0000", F(DAY), 0},
		{"29 Feb 1900 12:00:00 +0000", F(DAY), 0},
		{"0 Aug 2002 12:00:00 +0000", F(DAY), 0},
		{"32 Aug 2002 12:00:00 +0000", F(DAY), 0},
		{"22 Aug 2002 24:00:00 +0000", F(HOUR), 12},
		{"22 Aug 2002 23:60:00 +0000", F(MINUTE), 15},
		{"22 Aug 2002 23:59:61 +0000", F(SECOND), 18},
		{"22 Foo 2002 23:59:59 +0000", F(MONTH), 3},
		{"22 Aug 1899 23:59:59 +0000", F(YEAR), 7},
		{"22 Aug 20022 23:59:59 +0000", F(YEAR), 7},
		{"22 Aug 99999999999 23:59:59 +0000", F(YEAR), 7},
		{"Fri, 22 Aug 2002", F(WEEKDAY) | F(NO_TIME), 16},
		{"22 Aug 2002", F(NO_TIME), 11},
		{"22 Aug 12:00:00 +0000", F(NO_YEAR) | F(FORM), 21},
		{"Aug 2002 12:00:00 +0000", F(NO_DAY) | F(FORM), 23},
		{"22 2002 12:00:00 +0000", F(NO_MONTH) | F(FORM), 22},
		{"8/22/2002 12:00:00 +0000", F(NO_MONTH) | F(FORM), 24},
		{"", F(EMPTY), 0},
		{" (nothing) ", F(EMPTY), 0},
		{"22 Aug 2002 12:00:00 +0000 (", F(UNREADABLE), 27},
		{"22 Aug 2002\r12:00:00 +0000", F(UNREADABLE) | F(NO_TIME), 11},
		{"22 Aug 2002\n12:00:00 +0000", F(UNREADABLE) | F(NO_TIME), 11},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_date d = parse(cases[i].text);
		assert_date(cases[i].text, "", cases[i].faults);
		for (size_t f = 0; f < DATE_FAULTS; f++)
			if (d.faults & 1u << f) { /* the first named is the one that is replied */
				if (d.at[f] != cases[i].at)
					fail_msg("\"%s\": %s at %zu", cases[i].text,
						date_fault_text((enum date_fault)f), d.at[f]);
				break;
			}
	}
	assert_date("Mon, 31 Feb 2002 24:60:61 +9999", "",
		F(DAY) | F(HOUR) | F(MINUTE) | F(SECOND) | F(ZONE));
}

/* Wrong, but plain. */
static void
test_plain(void **state)
{
	static const struct {
		const char *text, *time;
		uint32_t faults;
	} cases[] = {
		{"Fri, 22 Aug 2002 12:36:23 +0000", "2002-08-22T12:36:23Z", F(WEEKDAY)},
		{"Do, 22 Aug 2002 12:36:23 +0000", "2002-08-22T12:36:23Z", F(WEEKDAY_NAME)},
		{"Thursday, 22 August 2002 12:36:23 +0000", "2002-08-22T12:36:23Z", F(FORM)},
		{"Thu 22 Aug 2002 12:36:23 +0000", "2002-08-22T12:36:23Z", F(FORM)},
		{"Thu, 22-Aug-2002 12:36:23 +0000", "2002-08-22T12:36:23Z", F(FORM)},
		{"Thu Aug 22 12:36:23 2002", "2002-08-22T12:36:23Z", F(FORM) | F(NO_ZONE)},
		{"Thu Aug 22 12:36:23 EDT 2002", "2002-08-22T16:36:23Z", F(FORM)},
		{"2002-08-22T12:36:23Z", "2002-08-22T12:36:23Z", F(FORM)},
		{"2002-08-22 12:36:23.5+02:00", "2002-08-22T10:36:23Z", F(FORM) | F(ZONE_FORM)},
		{"22 Aug 2002 12:36:23 GMT+0100 (CET)", "2002-08-22T11:36:23Z", F(ZONE_FORM)},
		{"22 Aug 2002 12:36:23 GMT+1", "2002-08-22T11:36:23Z", F(ZONE_FORM)},
		{"22 Aug 2002 12:36:23 +0100 CET", "2002-08-22T11:36:23Z", F(FORM)},
		{"22 Aug 2002 12:36:23+0100", "2002-08-22T11:36:23Z", F(FORM)},
		{"22 Aug 2002 12:36:23 +100", "2002-08-22T11:36:23Z", F(ZONE_FORM)},
		{"22 Aug 2002 12:36:23 -0", "2002-08-22T12:36:23Z", F(ZONE_FORM)},
		{"22 Aug 2002 9:36:23 +0100", "2002-08-22T08:36:23Z", F(DIGITS)},
		{"22 Aug 2002 12.36.23 +0100", "2002-08-22T11:36:23Z", F(FORM)},
		{"22 Aug 2002 03:36:23 PM +0100", "2002-08-22T14:36:23Z", F(FORM)},
		{"22 Aug 2002 12:36:23 AM +0100", "2002-08-21T23:36:23Z", F(FORM)},
		{"Tue, 23 Jul 0102 03:26:35 +1000", "2002-07-22T17:26:35Z", F(YEAR)},
		{"22 Aug 2002 12:36:23 -1900", "2002-08-22T12:36:23Z", F(ZONE)},
		{"22 Aug 2002 12:36:23 +0160", "2002-08-22T12:36:23Z", F(ZONE)},
		{"22 Aug 2002 12:36:23 +9999", "2002-08-22T12:36:23Z", F(ZONE)},
		{"22 Aug 2002 12:36:23 +14000", "2002-08-22T12:36:23Z", F(ZONE) | F(ZONE_FORM)},
		{"22 Aug 2002 12:36:23 +0000 !!! 1 2 3 4 5 6 7 8 9", "2002-08-22T12:36:23Z",
			F(FORM)},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_date(cases[i].text, cases[i].time, cases[i].faults);
	assert_false(parse("22 Aug 2002 12:36:23 -1900").zone_known);
}

/* Whatever is sent, it ends soon. */
static void
test_long(void **state)
{
	static char text[256 << 10];
	struct mail_date d;
	uint64_t began = clock_ms();

	for (const char *c = "(1:x+, \""; *c; c++) {
		memset(text, *c, sizeof(text));
		mail_date_parse(str_from(text, sizeof(text)), &d);
		assert_true(d.faults && !d.known);
	}
	assert_true(clock_ms() - began < 5000);
}

static void
test_every_fault_has_words(void **state)
{
	for (size_t i = 0; i < DATE_FAULTS; i++)
		assert_non_null(date_fault_text((enum date_fault)i));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_zone_unknown),
		cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_every_fault_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
