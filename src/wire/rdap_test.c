/* Unit tests of what registries say of a domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/rdap.h"

#define NOW 1764000000 /* 2025-11-24T16:00:00Z */

static void
test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t time; /* -1: none */
	} cases[] = {
		{"1995-08-14T04:00:00Z", 808372800},
		{"2025-11-24T16:00:00Z", NOW},
		{"2025-11-24T17:30:00+01:30", NOW},
		{"2025-11-24T08:00:00-0800", NOW},
		{"2025-11-24t16:00:00.123456z", NOW},
		{"2025-11-24 16:00:00", NOW},
		{"2025-11-24T16:00:00", NOW},
		{"2025-11-24", NOW - 16 * 3600},
		{"1970-01-01", 0},
		{"2000-02-29", 951782400},
		{"2000-03-01", 951868800},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"", -1},
		{"2025", -1},
		{"2025-13-01", -1},
		{"2025-00-01", -1},
		{"2025-11-32", -1},
		{"2025-11-24T24:00:00Z", -1},
		{"2025-11-24T16:00Z", -1},
		{"2025-11-24T16:00:00Zx", -1},
		{"2025-11-24T16:00:00+1", -1},
		{"24.11.2025", -1},
		{"+025-11-24", -1},
		{"before 1996", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t t = -1;
		bool ok = rdap_date_parse(str_of(cases[i].text), &t);
		if (ok != (cases[i].time >= 0) || (ok && t != cases[i].time))
			fail_msg("\"%s\": %d, %lld", cases[i].text, ok, (long long)t);
	}
}

#define EVENT(action, date) "{\"eventAction\":\"" action "\",\"eventDate\":\"" date "\"}"
#define DOMAIN(events)                                                                         \
	"{\"objectClassName\":\"domain\",\"ldhName\":\"SENDER.TEST\",\"events\":[" events "]," \
	"\"entities\":[{\"events\":[" EVENT("registration", "2001-01-01T00:00:00Z") "]}]}"

static void
test_answers(void **state)
{
	static const struct {
		const char *body;
		enum rdap_says says;
		int64_t date;
	} cases[] = {
		{DOMAIN(EVENT("registration", "2025-11-24T16:00:00Z")), RDAP_DATE, NOW},
		{DOMAIN(EVENT("expiration", "2026-11-24T16:00:00Z") "," EVENT(
			 "registration", "1995-08-14T04:00:00Z")),
			RDAP_DATE, 808372800},
		/* What comes after the registration does not make it younger, but for another. */
		{DOMAIN(EVENT("registration", "1995-08-14T04:00:00Z") "," EVENT(
			 "transfer", "2025-11-24T16:00:00Z")),
			RDAP_DATE, 808372800},
		{DOMAIN(EVENT("reregistration", "2025-11-24T16:00:00Z") "," EVENT(
			 "registration", "1995-08-14T04:00:00Z")),
			RDAP_DATE, NOW},
		{DOMAIN(EVENT("Registration", "2025-11-24T16:00:00Z")), RDAP_DATE, NOW},
		{DOMAIN(""), RDAP_NONE, 0},
		{DOMAIN("null,1,[],\"x\",{}"), RDAP_NONE, 0},
		{DOMAIN("{\"eventAction\":\"registration\",\"eventDate\":5}"), RDAP_NONE, 0},
		{DOMAIN(EVENT("last changed", "2025-11-24T16:00:00Z")), RDAP_NONE, 0},
		{DOMAIN(EVENT("registration", "some day")), RDAP_NONE, 0},
		{DOMAIN(EVENT("registration", "2030-01-01T00:00:00Z")), RDAP_NONE, 0},
		{DOMAIN(EVENT("registration", "0001-01-01T00:00:00Z")), RDAP_NONE, 0},
		{"{\"objectClassName\":\"domain\"}", RDAP_NONE, 0},
		{"{\"objectClassName\":\"domain\",\"ldhName\":\"sender.test.\"}", RDAP_NONE, 0},
		{"{\"objectClassName\":\"domain\",\"ldhName\":\"other.test\"}", RDAP_BAD, 0},
		{"{\"objectClassName\":\"nameserver\"}", RDAP_BAD, 0},
		{"{\"errorCode\":404,\"objectClassName\":\"domain\"}", RDAP_BAD, 0},
		{"{}", RDAP_BAD, 0},
		{"[]", RDAP_BAD, 0},
		{"", RDAP_BAD, 0},
		{"<html>", RDAP_BAD, 0},
		{DOMAIN("") "x", RDAP_BAD, 0},
	};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t date = 0;
		const char *why;
		enum rdap_says says =
			rdap_read(&a, str_of(cases[i].body), STR("sender.test"), NOW, &date, &why);
		if (says != cases[i].says || (says == RDAP_DATE && date != cases[i].date) ||
			(says == RDAP_BAD) != (why != NULL))
			fail_msg("%s: %d, %lld", cases[i].body, says, (long long)date);
	}
	arena_done(&a);
}

/* Nothing that is too large is even looked at. */
static void
test_too_long(void **state)
{
	char *body = malloc(RDAP_BODY_MAX + 1);
	struct arena a;
	int64_t date;
	const char *why;

	arena_init(&a, 4096, SIZE_MAX);
	memset(body, ' ', RDAP_BODY_MAX + 1);
	memcpy(body, DOMAIN(""), sizeof(DOMAIN("")) - 1);
	assert_int_equal(
		rdap_read(&a, str_from(body, RDAP_BODY_MAX), STR("sender.test"), NOW, &date, &why),
		RDAP_NONE);
	assert_int_equal(rdap_read(&a, str_from(body, RDAP_BODY_MAX + 1), STR("sender.test"), NOW,
				 &date, &why),
		RDAP_BAD);
	arena_done(&a);
	free(body);
}

static void
test_urls(void **state)
{
	static const struct {
		const char *url, *host, *path; /* host NULL: none */
		bool https;
		uint16_t port;
	} cases[] = {
		{"https://rdap.example/com/v1/", "rdap.example", "/com/v1/", true, 443},
		{"http://127.0.0.1:8080", "127.0.0.1", "/", false, 80 + 8000},
		{"https://[::1]:8443/x?y=z", "::1", "/x?y=z", true, 8443},
		{"https://[::1]/", "::1", "/", true, 443},
		{"https://rdap.example:0/", NULL, NULL, false, 0},
		{"https://rdap.example:65536/", NULL, NULL, false, 0},
		{"https://rdap.example:/", NULL, NULL, false, 0},
		{"https://user@rdap.example/", NULL, NULL, false, 0},
		{"https://user:pass@rdap.example/", NULL, NULL, false, 0},
		{"https://RDAP.example/", NULL, NULL, false, 0},
		{"https://rdap.example/a#b", NULL, NULL, false, 0},
		{"https://rdap.example/a b", NULL, NULL, false, 0},
		{"https://rdap.example/a\r\nb", NULL, NULL, false, 0},
		{"https://rdap.example\\@evil.example/", NULL, NULL, false, 0},
		{"https://::1/", NULL, NULL, false, 0},
		{"https://[rdap.example]/", NULL, NULL, false, 0},
		{"https://[::1]x/", NULL, NULL, false, 0},
		{"https://[::1", NULL, NULL, false, 0},
		{"https:///x", NULL, NULL, false, 0},
		{"ftp://rdap.example/", NULL, NULL, false, 0},
		{"file:///etc/passwd", NULL, NULL, false, 0},
		{"", NULL, NULL, false, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rdap_url u;
		bool ok = rdap_url_parse(str_of(cases[i].url), &u);
		if (ok != (cases[i].host != NULL))
			fail_msg("%s: %d", cases[i].url, ok);
		if (!ok)
			continue;
		assert_true(str_eq(u.host, str_of(cases[i].host)));
		assert_true(str_eq(u.path, str_of(cases[i].path)));
		assert_int_equal(u.https, cases[i].https);
		assert_int_equal(u.port, cases[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
