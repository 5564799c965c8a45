/* Unit tests of keys in questions: put in where they belong and nowhere else, taken out of answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/dns_keys.h"

static const struct dns_key all[] = {
	{STR_INIT("mxward-key.zen.example"), STR_INIT("s3cretkey")},
	{STR_INIT("combined.mxward-key.list.example"), STR_INIT("other")},
};
static const struct dns_keys keys = {COUNT(all), all};

static void
test_expand(void **state)
{
	static const struct {
		const char *name, *want, *key;
	} cases[] = {
		{"2.0.0.127.mxward-key.zen.example", "2.0.0.127.s3cretkey.zen.example",
			"s3cretkey"},
		{"mxward-key.zen.example", "s3cretkey.zen.example", "s3cretkey"},
		{"a.combined.mxward-key.list.example", "a.combined.other.list.example", "other"},
		/* Anybody may write the label into a name: it means nothing there. */
		{"mxward-key.evil.example", "mxward-key.evil.example", ""},
		{"mxward-key.zen.example.evil.example", "mxward-key.zen.example.evil.example", ""},
		{"xmxward-key.zen.example", "xmxward-key.zen.example", ""},
		{"zen.example", "zen.example", ""},
		/* Behind it nothing is put in twice. */
		{"mxward-key.mxward-key.zen.example", "mxward-key.s3cretkey.zen.example",
			"s3cretkey"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a;
		struct str key;
		arena_init(&a, 256, SIZE_MAX);
		struct str got = dns_keys_expand(&keys, &a, str_of(cases[i].name), &key);
		if (!str_eq(got, str_of(cases[i].want)) || !str_eq(key, str_of(cases[i].key)))
			fail_msg("%s: %.*s, %.*s", cases[i].name, STR_ARG(got), STR_ARG(key));
		arena_done(&a);
	}
}

static void
test_scrub(void **state)
{
	struct answer *a = answer_new();
	const struct dns_rr rr[] = {
		{.text = STR_INIT("see https://x/?k=S3CRETKEY&l=s3cretkey")},
		{.text = STR_INIT("nothing here")},
		{.text = STR_INIT("")},
	};

	a->dns = (struct dns_answer){
		.status = DNS_OK, .alias = STR("a.s3cretkey.zen.example"), .n = 3, .rr = rr};
	dns_keys_scrub(a, STR("s3cretkey"));
	assert_true(str_eq(a->dns.alias, STR("a.xxxxxxxxx.zen.example")));
	assert_true(str_eq(a->dns.rr[0].text, STR("see https://x/?k=xxxxxxxxx&l=xxxxxxxxx")));
	assert_true(str_eq(a->dns.rr[1].text, STR("nothing here")));
	assert_int_equal(a->dns.rr[2].text.n, 0);
	answer_unref(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_scrub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
