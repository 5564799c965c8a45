/* Unit tests of enhanced status codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"
#include "mail/enhanced.h"

static void
test_codes(void **state)
{
	static const char *const good[] = {"5.7.1", "5.0.0", "5.123.999"};
	static const char *const bad[] = {"", "5", "5.7", "5.7.", "5..1", ".7.1", "5.7.1.",
		"5.7.1.2", "4.7.1", "55.7.1", "5.7.1000", "5.7.x", "5.-7.1", "5.7.1 ", " 5.7.1"};

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(mail_enhanced_is_of(str_of(good[i]), '5'));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (mail_enhanced_is_of(str_of(bad[i]), '5'))
			fail_msg("\"%s\"", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
