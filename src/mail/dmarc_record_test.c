/* Unit tests of mail/dmarc_record: what a record says, what makes it void, what is merely odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/dmarc_record.h"

static struct arena a;

static struct dmarc_record
parsed(const char *text)
{
	struct dmarc_record out = {.n_remarks = 0};
	struct str problem = STR("");

	assert_true(dmarc_record_is(str_of(text)));
	if (!dmarc_record_parse(&a, str_of(text), &out, &problem))
		fail_msg("%s: %.*s", text, STR_ARG(problem));
	return out;
}

static void
test_is(void **state)
{
	assert_true(dmarc_record_is(STR("v=DMARC1")));
	assert_true(dmarc_record_is(STR(" v = DMARC1 ;p=none")));
	assert_false(dmarc_record_is(STR("v=DMARC2; p=none")));
	assert_false(dmarc_record_is(STR("v=dmarc1; p=none")));
	assert_false(dmarc_record_is(STR("p=none; v=DMARC1")));
	assert_false(dmarc_record_is(STR("v=spf1 -all")));
	assert_false(dmarc_record_is(STR("")));
}

static void
test_says(void **state)
{
	struct dmarc_record r =
		parsed("v=DMARC1; p=Reject; sp=quarantine; np=none; adkim=s; aspf=r;"
		       " t=y; psd=y; rua=mailto:a@example.org,mailto:b@example.org!10m;"
		       " ruf=mailto:c@example.org; fo=1; pct=100");

	assert_int_equal(r.policy, DMARC_REJECT);
	assert_int_equal(r.subdomains, DMARC_QUARANTINE);
	assert_int_equal(r.missing, DMARC_NONE);
	assert_true(r.strict_dkim && !r.strict_spf && r.testing && r.public_suffix);
	assert_true(str_eq(r.reports, STR("mailto:a@example.org,mailto:b@example.org!10m")));
	assert_int_equal(r.n_remarks, 0);
	r = parsed("v=DMARC1; p=none");
	assert_int_equal(r.policy, DMARC_NONE);
	assert_int_equal(r.subdomains, DMARC_UNSAID);
	assert_int_equal(r.reports.n, 0);
}

static void
test_odd(void **state)
{
	static const struct {
		const char *text, *remark;
	} cases[] = {
		{"v=DMARC1; p=none; polici=none", "there is no tag \"polici\""},
		{"v=DMARC1; p=none; p=reject", "\"p\" stands there twice"},
		{"v=DMARC1; p=none; adkim=x", "\"adkim\" has a value that it cannot have"},
		{"v=DMARC1; p=none; rua=a@example.org",
			"\"a@example.org\" is no address for reports (mailto:...)"},
		{"v=DMARC1; p=none oops; rua=mailto:a@example.org",
			"there is no policy \"none oops\""},
		{"v=DMARC1; rua=mailto:a@example.org", "it has no policy (p), which is as none"},
		{"v=DMARC1; p=none; \033", "\"\\027\" is no \"tag=value\""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dmarc_record r = parsed(cases[i].text);
		assert_int_equal(r.policy, DMARC_NONE);
		assert_int_equal(r.n_remarks, 1);
		if (!str_eq(r.remark[0], str_of(cases[i].remark)))
			fail_msg("%s: %.*s", cases[i].text, STR_ARG(r.remark[0]));
	}
}

static void
test_void(void **state)
{
	struct dmarc_record r;
	struct str problem;

	assert_false(dmarc_record_parse(&a, STR("v=DMARC1"), &r, &problem));
	assert_true(str_eq(problem, STR("it has no policy (p)")));
	assert_false(dmarc_record_parse(&a, STR("v=DMARC1; p=refuse"), &r, &problem));
	assert_true(str_eq(problem, STR("its policy (p) is none that there is")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_is), cmocka_unit_test(test_says),
		cmocka_unit_test(test_odd), cmocka_unit_test(test_void)};

	arena_init(&a, 4096, 1 << 20);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&a);
	return failed;
}
