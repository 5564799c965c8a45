/* Unit tests of mail/received: who took it and when, in the forms that real servers write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"
#include "mail/received.h"

static void
test_cases(void **state)
{
	static const struct {
		const char *text, *by, *time;
	} cases[] = {
		{"from a.example (a.example [192.0.2.1])\n\tby mx.example.net (Postfix) with ESMTP "
		 "id "
		 "X\n\tfor <a@example.net>; Thu, 22 Aug 2002 12:36:23 +0100",
			"mx.example.net", " Thu, 22 Aug 2002 12:36:23 +0100"},
		{"(from mail@localhost) by int.example (8.11.6/8.11.6)\n id g7; 1 Jan 2002 00:00 "
		 "GMT",
			"int.example", " 1 Jan 2002 00:00 GMT"},
		{"(qmail 1 invoked by uid 0); 1 Jan 2002 00:00 GMT", "", " 1 Jan 2002 00:00 GMT"},
		{"by [192.0.2.7] with SMTP; x", "[192.0.2.7]", " x"},
		{"from x BY Mx.Example; a; b", "Mx.Example", " b"},
		{"from by.example by mx (a; b)", "mx", ""},
		{"by", "", ""},
		{"by (nobody)", "", ""},
		{"", "", ""},
		{"from a by b (c; 1 Jan 2002 00:00 GMT", "b", ""},
		{"from \"a;b\" by c;", "c", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct received r = received_parse(str_of(cases[i].text));
		if (!str_eq(r.by, str_of(cases[i].by)) || !str_eq(r.time, str_of(cases[i].time)))
			fail_msg("\"%s\": by \"%.*s\", time \"%.*s\"", cases[i].text, STR_ARG(r.by),
				STR_ARG(r.time));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
